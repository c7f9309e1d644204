/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A streaming JSON writer into a fixed buffer: no allocation per line. */
#ifndef RPCSENTRY_BASE_JSON_H
#define RPCSENTRY_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One line in the making. The buffer is the caller's; `full` once something did not fit. */
struct rpcs_json {
	char *buf;
	size_t size;
	size_t len;
	bool full;
	bool comma; /* the next item wants one before it */
};

void rpcs_json_init(struct rpcs_json *json, char *buf, size_t size);

/* `key` is a literal of the project's own: written unescaped; NULL inside arrays. */
void rpcs_json_open(struct rpcs_json *json, const char *key, char bracket); /* '{' or '[' */
void rpcs_json_close(struct rpcs_json *json, char bracket);		    /* '}' or ']' */
void rpcs_json_uint(struct rpcs_json *json, const char *key, uint64_t value);
void rpcs_json_bool(struct rpcs_json *json, const char *key, bool value);
void rpcs_json_string(struct rpcs_json *json, const char *key, const char *text);

/**
 * Bytes from the wire: each becomes the character of its value (Latin-1),
 * printable ASCII as it is, the rest \u00XX; quote and backslash escaped.
 */
void rpcs_json_bytes(struct rpcs_json *json, const char *key, const uint8_t *bytes, size_t len);

/** Ends the line with '\n'; returns its length, or 0 when it did not fit. */
size_t rpcs_json_end(struct rpcs_json *json);

#endif

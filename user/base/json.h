/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A streaming JSON writer into a fixed buffer: no allocation per line. */
#ifndef RPCSENTRY_BASE_JSON_H
#define RPCSENTRY_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** One line in the making. The buffer is the caller's; `full` once something did not fit. */
struct rpcs_json {
	char *buf;
	size_t size;
	size_t len;
	bool full;
	bool comma; /* the next item wants one before it */
};

void rpcs_json_init(struct rpcs_json *json, char *buf, size_t size);

/** A key of the project's own, written unescaped, with its length; NULL and 0 inside arrays. */
struct rpcs_json_key {
	const char *text;
	size_t len;
};

/** In an inline function the compiler knows the length of a literal. */
static inline struct rpcs_json_key rpcs_json_key(const char *key)
{
	return (struct rpcs_json_key){ key, key ? strlen(key) : 0 };
}

void rpcs_json_put_open(struct rpcs_json *json, struct rpcs_json_key key, char bracket);
void rpcs_json_put_uint(struct rpcs_json *json, struct rpcs_json_key key, uint64_t value);
void rpcs_json_put_bool(struct rpcs_json *json, struct rpcs_json_key key, bool value);
void rpcs_json_put_string(struct rpcs_json *json, struct rpcs_json_key key, const char *text,
			  size_t len);
void rpcs_json_put_bytes(struct rpcs_json *json, struct rpcs_json_key key, const uint8_t *bytes,
			 size_t len);

/* `key` is a literal, or NULL inside arrays. */

/** '{' or '['. */
static inline void rpcs_json_open(struct rpcs_json *json, const char *key, char bracket)
{
	rpcs_json_put_open(json, rpcs_json_key(key), bracket);
}

/** '}' or ']'. */
void rpcs_json_close(struct rpcs_json *json, char bracket);

static inline void rpcs_json_uint(struct rpcs_json *json, const char *key, uint64_t value)
{
	rpcs_json_put_uint(json, rpcs_json_key(key), value);
}

static inline void rpcs_json_bool(struct rpcs_json *json, const char *key, bool value)
{
	rpcs_json_put_bool(json, rpcs_json_key(key), value);
}

/** UTF-8 leaves as \uXXXX, what is none as its bytes' characters. */
static inline void rpcs_json_string(struct rpcs_json *json, const char *key, const char *text)
{
	rpcs_json_put_string(json, rpcs_json_key(key), text, strlen(text));
}

/**
 * Bytes from the wire: each becomes the character of its value (Latin-1),
 * printable ASCII as it is, the rest \u00XX; quote and backslash escaped.
 */
static inline void rpcs_json_bytes(struct rpcs_json *json, const char *key, const uint8_t *bytes,
				   size_t len)
{
	rpcs_json_put_bytes(json, rpcs_json_key(key), bytes, len);
}

/** Ends the line with '\n'; returns its length, or 0 when it did not fit. */
size_t rpcs_json_end(struct rpcs_json *json);

#endif

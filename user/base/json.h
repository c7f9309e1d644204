/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A streaming JSON writer into a fixed buffer: no allocation per line. */
#ifndef RPCSENTRY_BASE_JSON_H
#define RPCSENTRY_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "digits.h"

/** One line in the making. The buffer is the caller's; `full` once something did not fit. */
struct rpcs_json {
	char *buf;
	size_t size; /* `len` once it is full: nothing fits any more */
	size_t len;
	bool full;
	bool comma; /* the next item wants one before it */
};

enum { RPCS_JSON_KEY_EXTRA = 4 }; /* a comma, two quotes, a colon */

void rpcs_json_init(struct rpcs_json *json, char *buf, size_t size);

/** Nothing fits from now on. */
void rpcs_json_fill(struct rpcs_json *json);

void rpcs_json_put_string(struct rpcs_json *json, const char *key, size_t key_len, const char *text,
			  size_t len);
void rpcs_json_put_bytes(struct rpcs_json *json, const char *key, size_t key_len,
			 const uint8_t *bytes, size_t len);

/*
 * In line, since nearly all keys are literals: their lengths are known, and their bytes are part
 * of the code.
 */
#define RPCS_JSON_INLINE __attribute__((always_inline)) static inline

/** Comma and key before a value whose text takes at most `value_len`. NULL: no room. */
RPCS_JSON_INLINE char *rpcs_json_item(struct rpcs_json *json, const char *key, size_t key_len,
				      size_t value_len)
{
	char *p = json->buf + json->len;

	if (__builtin_expect(json->size - json->len < key_len + RPCS_JSON_KEY_EXTRA + value_len,
			     0)) {
		rpcs_json_fill(json);
		return NULL;
	}
	*p = ',';
	p += json->comma;
	json->comma = true;
	if (!key)
		return p;
	*p++ = '"';
	memcpy(p, key, key_len);
	p += key_len;
	*p++ = '"';
	*p++ = ':';
	return p;
}

/* `key` is a literal of the project's own, written unescaped, or NULL inside arrays. */
RPCS_JSON_INLINE size_t rpcs_json_key_len(const char *key)
{
	return key ? strlen(key) : 0;
}

/** '{' or '['. */
RPCS_JSON_INLINE void rpcs_json_open(struct rpcs_json *json, const char *key, char bracket)
{
	char *p = rpcs_json_item(json, key, rpcs_json_key_len(key), 1);

	if (!p)
		return;
	*p++ = bracket;
	json->len = (size_t)(p - json->buf);
	json->comma = false;
}

/** '}' or ']'. */
RPCS_JSON_INLINE void rpcs_json_close(struct rpcs_json *json, char bracket)
{
	if (json->len == json->size) {
		rpcs_json_fill(json);
		return;
	}
	json->buf[json->len++] = bracket;
	json->comma = true;
}

RPCS_JSON_INLINE void rpcs_json_uint(struct rpcs_json *json, const char *key, uint64_t value)
{
	char *p = rpcs_json_item(json, key, rpcs_json_key_len(key), RPCS_DIGITS_ROOM);

	if (p)
		json->len = (size_t)(rpcs_digits_put(p, value) - json->buf);
}

RPCS_JSON_INLINE void rpcs_json_bool(struct rpcs_json *json, const char *key, bool value)
{
	size_t len = value ? 4 : 5;
	char *p = rpcs_json_item(json, key, rpcs_json_key_len(key), len);

	if (!p)
		return;
	memcpy(p, value ? "true" : "false", len);
	json->len = (size_t)(p + len - json->buf);
}

/** A text of the project's own that needs no escapes: a name, an address, a time. */
RPCS_JSON_INLINE void rpcs_json_word(struct rpcs_json *json, const char *key, const char *text,
				     size_t len)
{
	char *p = rpcs_json_item(json, key, rpcs_json_key_len(key), len + 2);

	if (!p)
		return;
	*p++ = '"';
	memcpy(p, text, len);
	p[len] = '"';
	json->len = (size_t)(p + len + 1 - json->buf);
}

/** UTF-8 leaves as \uXXXX, what is none as its bytes' characters. */
RPCS_JSON_INLINE void rpcs_json_string(struct rpcs_json *json, const char *key, const char *text)
{
	rpcs_json_put_string(json, key, rpcs_json_key_len(key), text, strlen(text));
}

/**
 * Bytes from the wire: each becomes the character of its value (Latin-1),
 * printable ASCII as it is, the rest \u00XX; quote and backslash escaped.
 */
RPCS_JSON_INLINE void rpcs_json_bytes(struct rpcs_json *json, const char *key, const uint8_t *bytes,
				      size_t len)
{
	rpcs_json_put_bytes(json, key, rpcs_json_key_len(key), bytes, len);
}

/*
 * Several items at once, by who knows how much room they take at most: from `p` to what each of
 * these returns, their end.
 */

/** A literal as it is. */
#define RPCS_JSON_LITERAL(p, text) \
	((char *)memcpy((p), (text), sizeof(text) - 1) + sizeof(text) - 1)

/** A comma and a key, which is a literal too, before a value; then the quote before a text. */
#define RPCS_JSON_KEY(p, key) RPCS_JSON_LITERAL(p, ",\"" key "\":")
#define RPCS_JSON_TEXT_KEY(p, key) RPCS_JSON_LITERAL(p, ",\"" key "\":\"")

/** Is there room for so many bytes, from `buf` + `len` on? If not, there is none any more. */
RPCS_JSON_INLINE bool rpcs_json_fits(struct rpcs_json *json, size_t room)
{
	bool fits = json->size - json->len >= room;

	if (__builtin_expect(!fits, 0))
		rpcs_json_fill(json);
	return fits;
}

/** They are there, up to `end`. */
RPCS_JSON_INLINE void rpcs_json_wrote(struct rpcs_json *json, const char *end)
{
	json->len = (size_t)(end - json->buf);
	json->comma = true;
}

/** Ends the line with '\n'; returns its length, or 0 when it did not fit. */
size_t rpcs_json_end(struct rpcs_json *json);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The JSON writer. What does not fit sets `full`; nothing is written after that. */
#include "json.h"

#include <endian.h>
#include <string.h>

enum {
	ESCAPE_LEN = 6,	   /* \u00XX */
	FIRST_ASCII = ' ', /* printable from here … */
	LAST_ASCII = '~',  /* … to here */
};

static const char hex_digits[16] = "0123456789abcdef";

void rpcs_json_init(struct rpcs_json *json, char *buf, size_t size)
{
	*json = (struct rpcs_json){ .buf = buf, .size = size };
}

void rpcs_json_fill(struct rpcs_json *json)
{
	json->full = true;
	json->size = json->len;
}

static char *json_unit(char *p, uint32_t unit)
{
	*p++ = '\\';
	*p++ = 'u';
	*p++ = hex_digits[unit >> 12 & 0xf];
	*p++ = hex_digits[unit >> 8 & 0xf];
	*p++ = hex_digits[unit >> 4 & 0xf];
	*p++ = hex_digits[unit & 0xf];
	return p;
}

static char *json_byte(char *p, uint8_t byte)
{
	if (byte < FIRST_ASCII || byte > LAST_ASCII)
		return json_unit(p, byte);
	if (byte == '"' || byte == '\\')
		*p++ = '\\';
	*p++ = byte;
	return p;
}

/* The exact length of the escaped bytes. */
static size_t json_escaped_len(const uint8_t *bytes, size_t len)
{
	size_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (bytes[i] < FIRST_ASCII || bytes[i] > LAST_ASCII)
			sum += ESCAPE_LEN;
		else
			sum += bytes[i] == '"' || bytes[i] == '\\' ? 2 : 1;
	}
	return sum;
}

/* Room for `len` bytes that may all need escaping: exact only where the worst does not fit. */
static char *json_quoted(struct rpcs_json *json, const char *key, size_t key_len,
			 const uint8_t *bytes, size_t len)
{
	size_t worst;

	if (len > json->size) { /* nor may the product below overflow */
		rpcs_json_fill(json);
		return NULL;
	}
	worst = len * ESCAPE_LEN + 2;
	if (json->size - json->len < worst + key_len + RPCS_JSON_KEY_EXTRA)
		worst = json_escaped_len(bytes, len) + 2;
	return rpcs_json_item(json, key, key_len, worst);
}

static void json_done(struct rpcs_json *json, const char *end)
{
	json->len = (size_t)(end - json->buf);
}

/* Eight of them: is any no printable ASCII, or a quote or backslash? */
static bool json_is_plain(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101ULL, tops = ones << 7;
	uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\', last = word ^ ones * 0x7f;
	uint64_t low = word - ones * FIRST_ASCII;

	/* Each byte's top bit, where the byte is less than what is taken off it, or zero. */
	return !((word | low | (quote - ones) | (slash - ones) | (last - ones)) & tops);
}

/* Copies the bytes up to the first that needs more than itself. Returns how many. */
static size_t json_plain(char *p, const uint8_t *bytes, size_t len)
{
	size_t i;
	uint64_t word;

	for (i = 0; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		if (!json_is_plain(word))
			break;
		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < len && bytes[i] >= FIRST_ASCII && bytes[i] <= LAST_ASCII && bytes[i] != '"' &&
	       bytes[i] != '\\';
	     i++)
		p[i] = (char)bytes[i];
	return i;
}

void rpcs_json_put_bytes(struct rpcs_json *json, const char *key, size_t key_len,
			 const uint8_t *bytes, size_t len)
{
	char *p = json_quoted(json, key, key_len, bytes, len);
	size_t i, plain;

	if (!p)
		return;
	*p++ = '"';
	for (i = 0; i < len; i++) {
		plain = json_plain(p, bytes + i, len - i);
		p += plain;
		i += plain;
		if (i < len)
			p = json_byte(p, bytes[i]);
	}
	*p++ = '"';
	json_done(json, p);
}

/*
 * The length of the well-formed UTF-8 sequence (RFC 3629 4) of two bytes or more
 * at `s`, with its character; 0 when there is none.
 */
static size_t json_utf8(const uint8_t *s, uint32_t *ret_character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t len, i;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	c = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) { /* the terminating zero stops this as well */
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_character = c;
	return len;
}

static char *json_character(char *p, uint32_t c)
{
	if (c < 0x10000)
		return json_unit(p, c);
	p = json_unit(p, 0xd800 + ((c - 0x10000) >> 10));
	return json_unit(p, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

void rpcs_json_put_string(struct rpcs_json *json, const char *key, size_t key_len, const char *text,
			  size_t len)
{
	const uint8_t *s = (const uint8_t *)text, *end = s + len;
	char *p = json_quoted(json, key, key_len, s, len);
	size_t plain, character;
	uint32_t c;

	if (!p)
		return;
	*p++ = '"';
	for (;;) {
		plain = json_plain(p, s, (size_t)(end - s));
		p += plain;
		s += plain;
		if (s == end)
			break;
		character = *s > LAST_ASCII ? json_utf8(s, &c) : 0;
		p = character ? json_character(p, c) : json_byte(p, *s);
		s += character ? character : 1;
	}
	*p++ = '"';
	json_done(json, p);
}

size_t rpcs_json_end(struct rpcs_json *json)
{
	if (json->len == json->size)
		rpcs_json_fill(json);
	if (json->full)
		return 0;
	json->buf[json->len++] = '\n';
	return json->len;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The JSON writer: what it writes, jansson reads back the same; what does not fit is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/json.h"

static json_t *parse(const struct rpcs_json *json)
{
	json_error_t error;
	json_t *value = json_loadb(json->buf, json->len,
				   JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY,
				   &error);

	if (!value)
		fail_msg("%s: %.*s", error.text, (int)json->len, json->buf);
	return value;
}

static void test_commas(void **state)
{
	static const char expected[] = "{\"a\":1,\"b\":[],\"c\":[{\"d\":true},{},2,\"x\"],"
				       "\"e\":{\"f\":false},\"g\":\"\",\"h\":\"of\"}\n";
	struct rpcs_json json;
	char buf[200];

	(void)state;
	rpcs_json_init(&json, buf, sizeof(buf));
	rpcs_json_open(&json, NULL, '{');
	rpcs_json_uint(&json, "a", 1);
	rpcs_json_open(&json, "b", '[');
	rpcs_json_close(&json, ']');
	rpcs_json_open(&json, "c", '[');
	rpcs_json_open(&json, NULL, '{');
	rpcs_json_bool(&json, "d", true);
	rpcs_json_close(&json, '}');
	rpcs_json_open(&json, NULL, '{');
	rpcs_json_close(&json, '}');
	rpcs_json_uint(&json, NULL, 2);
	rpcs_json_string(&json, NULL, "x");
	rpcs_json_close(&json, ']');
	rpcs_json_open(&json, "e", '{');
	rpcs_json_bool(&json, "f", false);
	rpcs_json_close(&json, '}');
	rpcs_json_bytes(&json, "g", NULL, 0);
	rpcs_json_word(&json, "h", "of two", 2);
	rpcs_json_close(&json, '}');
	assert_int_equal(rpcs_json_end(&json), sizeof(expected) - 1);
	assert_memory_equal(buf, expected, sizeof(expected) - 1);
}

static void check_uint(uint64_t value)
{
	struct rpcs_json json;
	char expected[32];
	char buf[64];
	int len = snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);

	rpcs_json_init(&json, buf, sizeof(buf));
	rpcs_json_uint(&json, NULL, value);
	assert_int_equal(json.len, len);
	assert_memory_equal(buf, expected, len);
}

static void test_uint(void **state)
{
	uint64_t power = 1;
	int digits;
	int i;

	(void)state;
	for (i = 0; i < 12000; i++)
		check_uint(i);
	for (digits = 1; digits < 20; digits++) {
		power *= 10;
		check_uint(power - 1);
		check_uint(power);
		check_uint(power + 1);
	}
	/* zeros in the midst */
	for (i = 0; i < 12000; i++) {
		check_uint(i * 10007ULL);
		check_uint(i * 1000000000007ULL);
		check_uint(UINT64_MAX / 12000 * i);
	}
	check_uint(UINT32_MAX);
	check_uint(UINT32_MAX + 1ULL);
	check_uint(UINT32_MAX * 100ULL + 99);
	check_uint(UINT32_MAX * 100ULL + 100);
	check_uint(UINT64_MAX);
}

/* Latin-1: the character has the byte's value, and the line is printable ASCII. */
static void test_every_byte(void **state)
{
	uint8_t bytes[512], back[512];
	struct rpcs_json json;
	char buf[4096];
	const char *text;
	json_t *value;
	size_t len, i, j;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	rpcs_json_init(&json, buf, sizeof(buf));
	rpcs_json_bytes(&json, NULL, bytes, sizeof(bytes));
	assert_false(json.full);
	for (i = 0; i < json.len; i++)
		assert_in_range((uint8_t)buf[i], ' ', '~');
	value = parse(&json);
	text = json_string_value(value);
	len = json_string_length(value);
	for (i = 0, j = 0; i < len; i++) {
		uint8_t c = text[i];

		assert_true(j < sizeof(back));
		if (c >= 0x80) /* two bytes of UTF-8 */
			c = (c & 0x03) << 6 | (text[++i] & 0x3f);
		back[j++] = c;
	}
	assert_int_equal(j, sizeof(bytes));
	assert_memory_equal(back, bytes, sizeof(bytes));
	json_decref(value);
}

static void test_escapes(void **state)
{
	static const uint8_t bytes[] = "a\"\\\n\x1b[31m\x7f\xff";
	static const char expected[] = "\"a\\\"\\\\\\u000a\\u001b[31m\\u007f\\u00ff\"";
	struct rpcs_json json;
	char buf[100];

	(void)state;
	rpcs_json_init(&json, buf, sizeof(buf));
	rpcs_json_bytes(&json, NULL, bytes, sizeof(bytes) - 1);
	assert_int_equal(json.len, sizeof(expected) - 1);
	assert_memory_equal(buf, expected, json.len);
}

static void escape(uint8_t c, char text[8])
{
	if (c == '"' || c == '\\')
		snprintf(text, 8, "\\%c", c);
	else if (c < ' ' || c > '~')
		snprintf(text, 8, "\\u%04x", c);
	else
		snprintf(text, 8, "%c", c);
}

/* What has to be escaped is, wherever it stands among what has not. */
static void test_every_place(void **state)
{
	char plain[] = "an address, a name; ~ and {}", buf[200], expected[200], escaped[8];
	struct rpcs_json json;
	int at, c;

	(void)state;
	for (at = 0; at < (int)sizeof(plain) - 1; at++) {
		for (c = 0; c < 256; c++) {
			char was = plain[at];

			escape((uint8_t)c, escaped);
			snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", at, plain, escaped,
				 plain + at + 1);
			plain[at] = (char)c;
			rpcs_json_init(&json, buf, sizeof(buf));
			rpcs_json_bytes(&json, NULL, (const uint8_t *)plain, sizeof(plain) - 1);
			plain[at] = was;
			assert_int_equal(json.len, strlen(expected));
			assert_memory_equal(buf, expected, json.len);
		}
	}
}

/* A sensor's name may be UTF-8; what is none is taken as bytes. */
static void test_utf8(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "caf\xc3\xa9", "\"caf\\u00e9\"" },
		{ "\xe2\x82\xac", "\"\\u20ac\"" },
		{ "\xf0\x9f\x94\x92", "\"\\ud83d\\udd12\"" },
		{ "\xc3", "\"\\u00c3\"" },			 /* cut */
		{ "\xe2\x82", "\"\\u00e2\\u0082\"" },		 /* cut */
		{ "\xc0\xaf", "\"\\u00c0\\u00af\"" },		 /* overlong */
		{ "\xe0\x80\xaf", "\"\\u00e0\\u0080\\u00af\"" }, /* overlong */
		{ "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"" },
	};
	struct rpcs_json json;
	char buf[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rpcs_json_init(&json, buf, sizeof(buf));
		rpcs_json_string(&json, NULL, cases[i].text);
		assert_false(json.full);
		buf[json.len] = '\0';
		assert_string_equal(buf, cases[i].expected);
		json_decref(parse(&json));
	}
}

static size_t write_all(struct rpcs_json *json)
{
	rpcs_json_open(json, NULL, '{');
	rpcs_json_uint(json, "number", UINT64_MAX);
	rpcs_json_string(json, "text", "plain");
	rpcs_json_bytes(json, "bytes", (const uint8_t *)"\x01\x02\"", 3);
	rpcs_json_bool(json, "flag", true);
	rpcs_json_word(json, "word", "as it is", 8);
	rpcs_json_open(json, "list", '[');
	rpcs_json_close(json, ']');
	rpcs_json_close(json, '}');
	return rpcs_json_end(json);
}

/* In every size too small: no end, and not a byte behind the buffer. */
static void test_overflow(void **state)
{
	struct rpcs_json json;
	char whole[512];
	size_t need, size, least = 0;

	(void)state;
	rpcs_json_init(&json, whole, sizeof(whole));
	need = write_all(&json);
	assert_true(need > 0);
	for (size = 0; size <= sizeof(whole) && !least; size++) {
		/* A block of its own, so that the sanitizer sees a byte too many. */
		char *buf = malloc(size ? size : 1);
		size_t len;

		rpcs_json_init(&json, buf, size);
		len = write_all(&json);
		assert_int_equal(json.full, len == 0);
		if (len) {
			assert_int_equal(len, need);
			assert_memory_equal(buf, whole, need);
			least = size;
		}
		free(buf);
	}
	/* Room is asked for the largest number, so some bytes more than needed may be wanted. */
	assert_in_range(least, need, need + 24);
}

/* A length that could not fit whatever it holds, as a hostile message may give. */
static void test_overflow_huge(void **state)
{
	static const uint8_t byte = 'x';
	struct rpcs_json json;
	char buf[64];

	(void)state;
	rpcs_json_init(&json, buf, sizeof(buf));
	rpcs_json_bytes(&json, "k", &byte, SIZE_MAX / 4);
	assert_true(json.full);
	assert_int_equal(json.len, 0);
	rpcs_json_uint(&json, "k", 1); /* nothing more is written */
	assert_int_equal(json.len, 0);
	assert_int_equal(rpcs_json_end(&json), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commas),	    cmocka_unit_test(test_uint),
		cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_every_place), cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_overflow),    cmocka_unit_test(test_overflow_huge),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}

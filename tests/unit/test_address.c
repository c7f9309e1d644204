// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses and prefixes: text both ways, classes, containment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"

static struct rpcs_address address(const char *text)
{
	struct rpcs_address parsed;

	assert_int_equal(rpcs_address_parse(text, &parsed), 0);
	return parsed;
}

static struct rpcs_prefix prefix(const char *text)
{
	struct rpcs_prefix parsed;

	assert_int_equal(rpcs_prefix_parse(text, &parsed), 0);
	return parsed;
}

/** RFC 5952 section 4, and the examples of its sections 1 and 2. */
static void format_is_canonical(void **state)
{
	static const char *const cases[][2] = {
		{ "10.0.0.1", "10.0.0.1" },
		{ "::ffff:10.0.0.1", "10.0.0.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:0db8::0001", "2001:db8::1" },
		{ "2001:DB8:0:0:0:0:2:1", "2001:db8::2:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "0:0:1:0:0:0:0:0", "0:0:1::" },
		{ "fe80:0:0:0:1:2:3:4", "fe80::1:2:3:4" },
		{ "0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "0:0:3:4:5:6:7:8", "::3:4:5:6:7:8" },
		{ "::ffff:0:0:0", "::ffff:0:0:0" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char text[RPCS_ADDRESS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_address parsed = address(cases[i][0]);

		assert_int_equal(rpcs_address_format(&parsed, text), strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
	}
}

static void no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"",	      "10.0.0",	   "10.0.0.256", "10.0.0.1.2", "1:2:3", "1:::2",
		"fe80::1%lo", "010.0.0.1", "home",	 "10.0.0.1 ",  " ::1",	"::ffff:300.0.0.1"
	};
	struct rpcs_address parsed = { { 1 } }, before = parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rpcs_address_parse(cases[i], &parsed), -EINVAL);
		assert_memory_equal(&parsed, &before, sizeof(before));
	}
}

/* Every octet, in every place. */
static void octets_have_no_zeros_before_them(void **state)
{
	char text[RPCS_ADDRESS_TEXT], expected[RPCS_ADDRESS_TEXT];
	struct rpcs_address address;
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		assert_int_equal(rpcs_address_parse("0.0.0.0", &address), 0);
		address.bytes[12] = (uint8_t)i;
		address.bytes[13] = (uint8_t)(i + 64);
		address.bytes[14] = (uint8_t)(i + 128);
		address.bytes[15] = (uint8_t)(i + 192);
		snprintf(expected, sizeof(expected), "%u.%u.%u.%u", i, (i + 64) % 256,
			 (i + 128) % 256, (i + 192) % 256);
		assert_int_equal(rpcs_address_format(&address, text), strlen(expected));
		assert_string_equal(text, expected);
	}
}

static void prefixes_parse_and_format(void **state)
{
	static const struct {
		const char *text, *formatted;
		uint8_t len;
	} cases[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", 104 },
		{ "10.1.2.3", "10.1.2.3", 128 },
		{ "10.1.2.3/32", "10.1.2.3", 128 },
		{ "0.0.0.0/0", "0.0.0.0/0", 96 },
		{ "fd00::/8", "fd00::/8", 8 },
		{ "::/0", "::/0", 0 },
		{ "2001:db8::1/128", "2001:db8::1", 128 },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", 104 },
	};
	char text[RPCS_PREFIX_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_prefix parsed = prefix(cases[i].text);

		assert_int_equal(parsed.len, cases[i].len);
		assert_int_equal(rpcs_prefix_format(&parsed, text), strlen(cases[i].formatted));
		assert_string_equal(text, cases[i].formatted);
	}
}

static void bad_prefixes_are_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "10.0.0.0/33", -EINVAL },
		{ "10.0.0.0/", -EINVAL },
		{ "10.0.0.0/-1", -EINVAL },
		{ "10.0.0.0/08", -EINVAL },
		{ "10.0.0.0/8x", -EINVAL },
		{ "fd00::/129", -EINVAL },
		{ "fd00::/1000", -EINVAL },
		{ "/8", -EINVAL },
		{ "10/8", -EINVAL },
		{ "10.0.0.1/8", -ERANGE },
		{ "fd00::1/64", -ERANGE },
		{ "10.0.0.128/24", -ERANGE },
		{ "home/8", -EINVAL },
		{ "10.0.0.0/8/8", -EINVAL },
		{ "", -EINVAL },
		{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8", -EINVAL },
	};
	struct rpcs_prefix parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rpcs_prefix_parse(cases[i].text, &parsed), cases[i].err);
}

static void containment_ends_at_the_bit(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool within;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/9", "10.127.255.255", true }, { "10.0.0.0/9", "10.128.0.0", false },
		{ "10.1.2.3", "10.1.2.3", true },	  { "10.1.2.3", "10.1.2.2", false },
		{ "0.0.0.0/0", "203.0.113.1", true },	  { "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "203.0.113.1", true },	  { "fd00::/8", "fdff::1", true },
		{ "fd00::/8", "fc00::1", false },	  { "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_prefix p = prefix(cases[i].prefix);
		struct rpcs_address a = address(cases[i].address);

		assert_int_equal(rpcs_prefix_contains(&p, &a), cases[i].within);
	}
}

static void classes_are_known(void **state)
{
	static const struct {
		const char *text;
		bool loopback, unspecified, link_local, multicast;
	} cases[] = {
		{ "127.0.0.1", true, false, false, false },
		{ "127.255.255.254", true, false, false, false },
		{ "128.0.0.1", false, false, false, false },
		{ "::1", true, false, false, false },
		{ "::2", false, false, false, false },
		{ "0.0.0.0", false, true, false, false },
		{ "::", false, true, false, false },
		{ "0.0.0.1", false, false, false, false },
		{ "169.254.1.1", false, false, true, false },
		{ "169.255.1.1", false, false, false, false },
		{ "fe80::1", false, false, true, false },
		{ "febf::1", false, false, true, false },
		{ "fec0::1", false, false, false, false },
		{ "224.0.2.2", false, false, false, true },
		{ "239.255.255.255", false, false, false, true },
		{ "240.0.0.1", false, false, false, false },
		{ "255.255.255.255", false, false, false, true },
		{ "255.255.255.254", false, false, false, false },
		{ "ff02::202", false, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_address a = address(cases[i].text);

		assert_int_equal(rpcs_address_is_loopback(&a), cases[i].loopback);
		assert_int_equal(rpcs_address_is_unspecified(&a), cases[i].unspecified);
		assert_int_equal(rpcs_address_is_link_local(&a), cases[i].link_local);
		assert_int_equal(rpcs_address_is_multicast(&a), cases[i].multicast);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_is_canonical),
		cmocka_unit_test(octets_have_no_zeros_before_them),
		cmocka_unit_test(no_address_is_refused),
		cmocka_unit_test(prefixes_parse_and_format),
		cmocka_unit_test(bad_prefixes_are_refused),
		cmocka_unit_test(containment_ends_at_the_bit),
		cmocka_unit_test(classes_are_known),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Decimal digits: of every length, against printf's, and never more bytes than said. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/digits.h"

enum { CANARY = '#' };

static void check(uint64_t value)
{
	char text[RPCS_DIGITS_ROOM + 4], expected[32];
	size_t len = (size_t)snprintf(expected, sizeof(expected), "%" PRIu64, value);
	size_t i;

	memset(text, CANARY, sizeof(text));
	assert_ptr_equal(rpcs_digits_put(text, value), text + len);
	assert_memory_equal(text, expected, len);
	if (value <= UINT16_MAX) {
		memset(text, CANARY, len);
		assert_ptr_equal(rpcs_digits_put_16(text, (uint16_t)value), text + len);
		assert_memory_equal(text, expected, len);
	}
	for (i = RPCS_DIGITS_ROOM; i < sizeof(text); i++)
		assert_int_equal(text[i], CANARY);
}

static void test_all_lengths(void **state)
{
	uint64_t power = 1, digits = 9;
	uint32_t i;

	(void)state;
	for (i = 0; i < 70000; i++) {
		check(i);
		check(i * 14287ULL);
		check(i * 142870014287ULL);
		check(UINT64_MAX - i * 263521029123457ULL);
	}
	for (i = 0; i < 19; i++, power *= 10, digits = digits * 10 + 9) {
		check(power - 1);
		check(power);
		check(power + 1);
		check(digits);
	}
	check(UINT64_MAX);
}

static void test_three(void **state)
{
	char text[4], expected[4];
	uint32_t i;

	(void)state;
	for (i = 0; i < RPCS_DIGITS_THREE; i++) {
		snprintf(expected, sizeof(expected), "%03u", i);
		assert_ptr_equal(rpcs_digits_put_three(text, i), text + 3);
		assert_memory_equal(text, expected, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_three),
	};

	return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The text of a time in several zones, and the clocks' offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void zone(const char *name)
{
	char text[RPCS_TIME_TEXT];

	setenv("TZ", name, 1);
	tzset();
	/* The text of a second is kept: ask for another one first. */
	rpcs_time_format(RPCS_NSEC_PER_SEC * 12345, text);
}

static void check(uint64_t time_ns, const char *expected)
{
	char text[RPCS_TIME_TEXT];

	memset(text, 'x', sizeof(text));
	assert_int_equal(rpcs_time_format(time_ns, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_utc(void **state)
{
	(void)state;
	zone("UTC0");
	check(0, "1970-01-01T00:00:00.000000+0000");
	check(1795310157123456789ULL, "2026-11-22T01:15:57.123456+0000");
	check(1795310157000000999ULL, "2026-11-22T01:15:57.000000+0000");
	check(1795310157999999999ULL, "2026-11-22T01:15:57.999999+0000");
	check(1795310158000001000ULL, "2026-11-22T01:15:58.000001+0000");
	/* Back again: the kept text must not stay. */
	check(1795310157000001000ULL, "2026-11-22T01:15:57.000001+0000");
	check(951782400ULL * RPCS_NSEC_PER_SEC, "2000-02-29T00:00:00.000000+0000");
	check(UINT64_MAX, "2554-07-21T23:34:33.709551+0000");
}

static void test_zones(void **state)
{
	(void)state;
	zone("EST5");
	check(1795310157123456789ULL, "2026-11-21T20:15:57.123456-0500");
	zone("<+0545>-5:45");
	check(1795310157123456789ULL, "2026-11-22T07:00:57.123456+0545");
}

/* Summer time changes between two seconds that follow each other. */
static void test_summer_time(void **state)
{
	(void)state;
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	check(1774745999ULL * RPCS_NSEC_PER_SEC, "2026-03-29T01:59:59.000000+0100");
	check(1774746000ULL * RPCS_NSEC_PER_SEC, "2026-03-29T03:00:00.000000+0200");
}

static void test_offset(void **state)
{
	uint64_t offset, mono, real;
	int64_t error;

	(void)state;
	offset = rpcs_clock_monotonic_offset();
	mono = rpcs_clock_monotonic();
	real = rpcs_clock_realtime();
	error = (int64_t)(mono + offset - real);
	/* A second is far more than a busy machine puts between the two readings. */
	assert_in_range(error + (int64_t)RPCS_NSEC_PER_SEC, 0, 2 * RPCS_NSEC_PER_SEC);
	assert_true(rpcs_clock_monotonic() >= mono);
}

static void test_time_is_up(void **state)
{
	(void)state;
	assert_false(rpcs_time_is_up(10, 5, 14));
	assert_true(rpcs_time_is_up(10, 5, 15));
	/* The clock went back: a little, or by more than the span. */
	assert_false(rpcs_time_is_up(15, 5, 10));
	assert_true(rpcs_time_is_up(16, 5, 10));
	/* Sums that would wrap. */
	assert_false(rpcs_time_is_up(UINT64_MAX - 1, 5, UINT64_MAX));
	assert_false(rpcs_time_is_up(UINT64_MAX, 5, UINT64_MAX - 1));
	assert_true(rpcs_time_is_up(0, 5, UINT64_MAX));
	assert_true(rpcs_time_is_up(UINT64_MAX, 5, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),	    cmocka_unit_test(test_zones),
		cmocka_unit_test(test_summer_time), cmocka_unit_test(test_offset),
		cmocka_unit_test(test_time_is_up),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How long the rings are left alone, by what lay in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/rest.h"

static void test_sleeps_when_nothing_comes(void **state)
{
	struct rpcs_rest rest = { 0 };
	int i;

	(void)state;
	for (i = 0; i < RPCS_REST_EMPTY_LOOKS; i++)
		assert_int_equal(rpcs_rest_next(&rest, false, false, 0), RPCS_REST_MAX_US);
	for (i = 0; i < 3; i++)
		assert_int_equal(rpcs_rest_next(&rest, false, false, 0), RPCS_REST_FOREVER);
	/* A record, and it begins anew. */
	assert_int_equal(rpcs_rest_next(&rest, false, true, 0), RPCS_REST_MAX_US);
	for (i = 0; i < RPCS_REST_EMPTY_LOOKS; i++)
		assert_int_equal(rpcs_rest_next(&rest, false, false, 0), RPCS_REST_MAX_US);
	assert_int_equal(rpcs_rest_next(&rest, false, false, 0), RPCS_REST_FOREVER);
}

/* Whatever went before: records are left, or a quarter of a ring came at once. */
static void test_never_rests_on_a_full_ring(void **state)
{
	struct rpcs_rest rest = { 0 };
	uint32_t fill, before;

	(void)state;
	for (fill = 0; fill <= 256; fill++) {
		for (before = 0; before < 8; before++)
			rpcs_rest_next(&rest, false, before & 1, before & 2 ? 0 : fill);
		assert_int_equal(rpcs_rest_next(&rest, true, true, fill), RPCS_REST_NONE);
		assert_int_equal(rpcs_rest_next(&rest, true, false, fill), RPCS_REST_NONE);
		if (fill >= 64)
			assert_int_equal(rpcs_rest_next(&rest, false, true, fill), RPCS_REST_NONE);
		else
			assert_in_range(rpcs_rest_next(&rest, false, true, fill), RPCS_REST_MIN_US,
					RPCS_REST_MAX_US);
	}
}

static void test_pause_follows_the_rate(void **state)
{
	struct rpcs_rest rest = { 0 };
	int pause = RPCS_REST_MAX_US, next, i;

	(void)state;
	/* More than an eighth in each pause: shorter ones, down to the least. */
	for (i = 0; i < 8; i++) {
		next = rpcs_rest_next(&rest, false, true, 40);
		assert_true(next < pause || next == RPCS_REST_MIN_US);
		pause = next;
	}
	assert_int_equal(pause, RPCS_REST_MIN_US);
	/* In between it stays. */
	assert_int_equal(rpcs_rest_next(&rest, false, true, 16), pause);
	for (i = 0; i < 8; i++) {
		next = rpcs_rest_next(&rest, false, true, 2);
		assert_true(next > pause || next == RPCS_REST_MAX_US);
		pause = next;
	}
	assert_int_equal(pause, RPCS_REST_MAX_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeps_when_nothing_comes),
		cmocka_unit_test(test_never_rests_on_a_full_ring),
		cmocka_unit_test(test_pause_follows_the_rate),
	};

	return cmocka_run_group_tests_name("agent/rest", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The set of interfaces whose incoming packets are seen: exact, whatever their numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "source/incoming.h"

static struct rpcs_incoming incoming;

static bool has(uint32_t ifindex)
{
	return rpcs_incoming_find(&incoming, ifindex) != NULL;
}

static void assert_empty(void)
{
	static const struct rpcs_incoming none;

	assert_memory_equal(&incoming, &none, sizeof(incoming));
}

static void test_one(void **state)
{
	(void)state;
	assert_false(has(7));
	assert_false(has(0));
	assert_int_equal(rpcs_incoming_add(&incoming, 7), 0);
	assert_int_equal(rpcs_incoming_add(&incoming, 7), 0);
	assert_true(has(7));
	assert_true(rpcs_incoming_is_first(&incoming, 7));
	assert_false(has(0));
	assert_false(has(7 + RPCS_INCOMING_SETS));
	assert_false(rpcs_incoming_is_first(&incoming, 7 + RPCS_INCOMING_SETS));
	assert_false(rpcs_incoming_is_first(&incoming, 0));
	rpcs_incoming_remove(&incoming, 8);
	rpcs_incoming_remove(&incoming, 7 + RPCS_INCOMING_SETS);
	assert_true(has(7));
	rpcs_incoming_remove(&incoming, 7);
	assert_empty();
}

/** Around the end, where the last set is followed by the first. */
static uint32_t alike(uint32_t i)
{
	return (i + 1) * RPCS_INCOMING_SETS - 2;
}

/** As many as there may be, all of whose numbers lead to one set; and then one too many. */
static void test_alike(void **state)
{
	const uint32_t fits = (RPCS_INCOMING_REACH + 1) * RPCS_INCOMING_OF_SET;
	uint32_t i, k;

	(void)state;
	assert_true(fits >= RPCS_INCOMING_MAX);
	for (i = 0; i < fits; i++)
		assert_int_equal(rpcs_incoming_add(&incoming, alike(i)), 0);
	assert_int_equal(rpcs_incoming_add(&incoming, alike(fits)), -ENOSPC);
	assert_false(has(alike(fits)));
	/* Those that were there first go first; the others are found all the same. */
	for (i = 0; i < fits; i++) {
		for (k = 0; k < fits; k++)
			assert_int_equal(has(alike(k)), k >= i);
		rpcs_incoming_remove(&incoming, alike(i));
	}
	assert_empty();
}

/** What stands in another one's set neither hides nor is lost when that one goes. */
static void test_neighbours(void **state)
{
	const uint32_t last = alike(RPCS_INCOMING_OF_SET), next = RPCS_INCOMING_SETS - 1;
	uint32_t i;

	(void)state;
	for (i = 0; i <= RPCS_INCOMING_OF_SET; i++)
		assert_int_equal(rpcs_incoming_add(&incoming, alike(i)), 0);
	assert_int_equal(rpcs_incoming_add(&incoming, next), 0);
	assert_false(rpcs_incoming_is_first(&incoming, next));
	assert_true(has(next));
	rpcs_incoming_remove(&incoming, alike(0));
	assert_true(has(last));
	assert_int_equal(rpcs_incoming_add(&incoming, alike(0)), 0);
	rpcs_incoming_remove(&incoming, last);
	assert_true(has(next));
	rpcs_incoming_remove(&incoming, next);
	for (i = 0; i < RPCS_INCOMING_OF_SET; i++)
		rpcs_incoming_remove(&incoming, alike(i));
	assert_empty();
}

/** Beside a list, while interfaces come and go; their numbers lie close and far. */
static void test_drawn(void **state)
{
	enum { NUMBERS = 512, STEPS = 20000 };
	bool there[NUMBERS] = { false };
	uint32_t seed = 1, count = 0, step, k;

	(void)state;
	for (step = 0; step < STEPS; step++) {
		uint32_t number, which;

		seed = seed * 1664525 + 1013904223;
		which = seed >> 23;
		number = 1 + (which & 7) + (which >> 3) * RPCS_INCOMING_SETS;
		if (there[which]) {
			rpcs_incoming_remove(&incoming, number);
			count--;
		} else if (count < RPCS_INCOMING_MAX) {
			assert_int_equal(rpcs_incoming_add(&incoming, number), 0);
			count++;
		} else {
			continue;
		}
		there[which] = !there[which];
		for (k = 0; k < NUMBERS; k += step % 61 ? 61 : 1) {
			which = (k + step) % NUMBERS;
			number = 1 + (which & 7) + (which >> 3) * RPCS_INCOMING_SETS;
			assert_int_equal(has(number), there[which]);
		}
	}
	for (k = 0; k < NUMBERS; k++)
		rpcs_incoming_remove(&incoming, 1 + (k & 7) + (k >> 3) * RPCS_INCOMING_SETS);
	assert_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_drawn),
	};

	return cmocka_run_group_tests_name("incoming", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that were answered: for how long, and how many of them, a reply that comes again finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "calls_case.h"

/* An answered call leaves at its own time, in whatever order the replies came. */
static void test_answered_leave(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message early = reply_message(1, "10.0.0.2", 111);
	struct rpcs_message late = reply_message(2, "10.0.0.2", 111);

	(void)state;
	add_xid(calls, 1, 100 * SECOND);
	add_xid(calls, 2, 110 * SECOND);
	answer(calls, &late, true);
	answer(calls, &early, true);
	early.seen.time_ns = late.seen.time_ns = 124 * SECOND;
	rpcs_calls_expire(calls, 124 * SECOND);
	assert_false(is_answered(calls, &early));
	assert_true(is_answered(calls, &late));
	late.seen.time_ns = 134 * SECOND;
	rpcs_calls_expire(calls, 134 * SECOND);
	assert_false(is_answered(calls, &late));
	assert_int_equal(left.count, 0);
}

/* There is room, but of those that were answered a quarter of it is kept, 4,096 at the least. */
static void test_answered_part(void **state)
{
	static const struct {
		uint32_t capacity, kept;
	} rows[] = { { 8192, 4096 }, { 20000, 5000 } };
	const struct rpcs_hash_seed seed = { 8, 9 };
	struct rpcs_message reply;
	struct rpcs_calls *calls;
	uint32_t i, xid;

	(void)state;
	for (i = 0; i < 2; i++) {
		calls = rpcs_calls_new(rows[i].capacity, 24 * SECOND, &seed, on_leave, &left);
		left.count = 0;
		add_xid(calls, 0, SECOND);
		for (xid = 1; xid <= rows[i].kept + 1; xid++) {
			add_xid(calls, xid, SECOND);
			reply = reply_message(xid, "10.0.0.2", 111);
			answer(calls, &reply, true);
			answer(calls, &reply, false);
		}
		reply.xid = 2;
		answer(calls, &reply, false);
		reply.xid = 1;
		assert_false(is_answered(calls, &reply));
		/* One that waits stays, however old it is. */
		reply.xid = 0;
		answer(calls, &reply, true);
		assert_int_equal(rpcs_calls_evicted(calls), 0);
		assert_int_equal(left.count, 0);
		rpcs_calls_free(&calls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_leave),
		cmocka_unit_test(test_answered_part),
	};

	return cmocka_run_group_tests_name("calls, answered", tests, NULL, NULL);
}

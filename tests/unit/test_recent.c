// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* user/detect/recent.c: what was noted, for how long, and who goes first when the table is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/recent.h"

static const struct rpcs_hash_seed seed = { 1, 2 };

struct key {
	uint32_t source;
	uint16_t port;
	uint16_t pad;
};

static void test_window(void **state)
{
	struct key key = { .source = 1, .port = 111 }, other = { .source = 1, .port = 112 };
	const struct rpcs_recent_note *note;
	uint64_t evictions = 0;
	struct rpcs_recent *recent = rpcs_recent_new(4, sizeof(key), &seed, &evictions);

	(void)state;
	assert_null(rpcs_recent_find(recent, &key, 1000, 100));
	rpcs_recent_note(recent, &key, 1000, 7);
	note = rpcs_recent_find(recent, &key, 1099, 100);
	assert_non_null(note);
	assert_int_equal(note->value, 7);
	assert_int_equal(note->time_ns, 1000);
	assert_null(rpcs_recent_find(recent, &key, 1100, 100));
	assert_null(rpcs_recent_find(recent, &other, 1000, 100));
	/* A packet from before: merged captures are not in order. */
	assert_non_null(rpcs_recent_find(recent, &key, 10, 100));
	rpcs_recent_note(recent, &key, 1100, 8);
	note = rpcs_recent_find(recent, &key, 1101, 100);
	assert_non_null(note);
	assert_int_equal(note->value, 8);
	rpcs_recent_free(&recent);
	assert_null(recent);
}

/* Asked and noted at once: what is noted is not moved on by asking. */
static void test_seen(void **state)
{
	uint64_t evictions = 0;
	struct rpcs_recent *recent = rpcs_recent_new(4, sizeof(struct key), &seed, &evictions);

	(void)state;
	assert_false(rpcs_recent_seen_by(recent, 7, 1000, 100));
	assert_true(rpcs_recent_seen_by(recent, 7, 1099, 100));
	assert_false(rpcs_recent_seen_by(recent, 7, 1100, 100));
	assert_true(rpcs_recent_seen_by(recent, 7, 1199, 100));
	assert_non_null(rpcs_recent_find_by(recent, 7, 1199, 100));
	assert_false(rpcs_recent_seen_by(recent, 8, 1199, 100));
	rpcs_recent_free(&recent);
}

static void test_full(void **state)
{
	uint64_t evictions = 0;
	struct rpcs_recent *recent = rpcs_recent_new(3, sizeof(struct key), &seed, &evictions);
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		rpcs_recent_note(recent, &(struct key){ .source = i }, i, i);
	rpcs_recent_note(recent, &(struct key){ .source = 0 }, 5, 0);
	/* 1 is now the one noted longest ago, and still wanted. */
	assert_non_null(rpcs_recent_find(recent, &(struct key){ .source = 1 }, 6, 100));
	rpcs_recent_note(recent, &(struct key){ .source = 9 }, 6, 9);
	assert_int_equal(evictions, 1);
	assert_null(rpcs_recent_find(recent, &(struct key){ .source = 1 }, 6, 100));
	assert_non_null(rpcs_recent_find(recent, &(struct key){ .source = 0 }, 6, 100));
	/* What is older than anybody asks for goes without a word. */
	assert_null(rpcs_recent_find(recent, &(struct key){ .source = 2 }, 1000, 100));
	rpcs_recent_note(recent, &(struct key){ .source = 10 }, 1000, 10);
	assert_int_equal(evictions, 1);
	rpcs_recent_free(&recent);
}

/* Many keys: none goes while there are as many as was promised, and then about the oldest. */
static void test_many(void **state)
{
	enum { PROMISED = 10000, KEYS = 20 * PROMISED, LAST = PROMISED / 2 };
	struct rpcs_recent *recent;
	uint64_t evictions = 0;
	uint32_t i, found = 0;

	(void)state;
	recent = rpcs_recent_new(PROMISED, sizeof(struct key), &seed, &evictions);
	assert_null(rpcs_recent_find(recent, &(struct key){ 0 }, 0, KEYS));
	for (i = 0; i < PROMISED; i++)
		rpcs_recent_note(recent, &(struct key){ .source = i }, i, i % 3);
	assert_int_equal(evictions, 0);
	for (i = 0; i < PROMISED; i++) {
		const struct key key = { .source = i };
		const struct rpcs_recent_note *note = rpcs_recent_find(recent, &key, i, KEYS);

		assert_non_null(note);
		assert_int_equal(note->time_ns, i);
		assert_int_equal(note->value, i % 3);
	}
	for (; i < KEYS; i++)
		rpcs_recent_note(recent, &(struct key){ .source = i }, i, 0);
	assert_in_range(evictions, KEYS - PROMISED * 3 / 2 - 10, KEYS - PROMISED);
	for (i = KEYS - LAST; i < KEYS; i++)
		found += rpcs_recent_find(recent, &(struct key){ .source = i }, i, KEYS) != NULL;
	assert_int_equal(found, LAST);
	rpcs_recent_free(&recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

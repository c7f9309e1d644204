// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* user/detect/distinct.c and tally.c: exact windows, what is taken back, and who goes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/distinct.h"

#define SEC 1000000000ULL
#define WHEN (1795310157ULL * SEC)

static const struct rpcs_hash_seed seed = { 1, 2 };
static struct rpcs_distinct *distinct;
static struct rpcs_distinct_rule rule;
static uint64_t evictions;

static void start(struct rpcs_distinct_window fast, struct rpcs_distinct_window slow, uint64_t keys,
		  uint64_t repeat_ns)
{
	rpcs_distinct_free(&distinct);
	rule = (struct rpcs_distinct_rule){ { fast, slow } };
	evictions = 0;
	distinct = rpcs_distinct_new(&rule, 1, keys, repeat_ns, &seed, &evictions);
	assert_non_null(distinct);
}

static void start_fast(uint64_t threshold, uint64_t keys)
{
	start((struct rpcs_distinct_window){ 60 * SEC, threshold },
	      (struct rpcs_distinct_window){ 0, 0 }, keys, 3600 * SEC);
}

static int teardown(void **state)
{
	(void)state;
	rpcs_distinct_free(&distinct);
	return 0;
}

static uint64_t id_of(uint32_t source)
{
	return rpcs_hash(&seed, &source, sizeof(source));
}

/* 0: nothing; else the number of the window that is full, from 1 on. */
static uint32_t note(uint32_t source, uint32_t thing, uint64_t now_ns)
{
	const struct rpcs_address what = rpcs_distinct_number(thing);
	uint32_t window = 99;

	return rpcs_distinct_note(distinct, &rule, id_of(source), &what, false, now_ns, &window)
		       ? window + 1
		       : 0;
}

static void forget(uint32_t source, uint32_t thing)
{
	const struct rpcs_address what = rpcs_distinct_number(thing);

	rpcs_distinct_forget(distinct, id_of(source), &what);
}

static void test_threshold(void **state)
{
	const struct rpcs_distinct_item *found;
	uint32_t i, count;

	(void)state;
	start_fast(30, 100);
	for (i = 0; i < 29; i++) {
		assert_int_equal(note(1, i, WHEN + i), 0);
		assert_int_equal(note(1, i, WHEN + i), 0);
		assert_int_equal(note(2, i, WHEN + i), 0);
	}
	assert_int_equal(note(1, 77, WHEN + i), 1);
	found = rpcs_distinct_found(distinct, &count);
	assert_int_equal(count, 30);
	for (i = 0; i < 29; i++)
		assert_int_equal(rpcs_distinct_number_of(&found[i]), i);
	assert_int_equal(rpcs_distinct_number_of(&found[29]), 77);
	assert_int_equal(evictions, 0);
}

static void test_windows(void **state)
{
	uint32_t i;

	(void)state;
	start((struct rpcs_distinct_window){ 10 * SEC, 3 },
	      (struct rpcs_distinct_window){ 100 * SEC, 5 }, 100, 3600 * SEC);
	/* What is as old as the window counts, what is older does not. */
	note(1, 1, WHEN);
	note(1, 2, WHEN + SEC);
	assert_int_equal(note(1, 3, WHEN + 10 * SEC), 1);
	note(2, 1, WHEN);
	note(2, 2, WHEN + SEC);
	assert_int_equal(note(2, 3, WHEN + 10 * SEC + 1), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(note(3, i, WHEN + i * 25 * SEC), 0);
	assert_int_equal(note(3, 4, WHEN + 100 * SEC), 2);
	for (i = 0; i < 4; i++)
		assert_int_equal(note(4, i, WHEN + i * 25 * SEC), 0);
	assert_int_equal(note(4, 4, WHEN + 100 * SEC + 1), 0);
	/* A thing that comes again is younger, and may fill a window. */
	assert_int_equal(note(4, 0, WHEN + 101 * SEC), 2);
}

static void test_repeat(void **state)
{
	uint32_t i;

	(void)state;
	start((struct rpcs_distinct_window){ 60 * SEC, 4 }, (struct rpcs_distinct_window){ 0, 0 },
	      100, 600 * SEC);
	for (i = 0; i < 3; i++)
		note(1, i, WHEN);
	assert_int_equal(note(1, 3, WHEN), 1);
	/* It goes on all the time: told again as soon as it may be. */
	for (i = 1; i < 600; i++)
		assert_int_equal(note(1, 100 + i, WHEN + i * SEC), 0);
	assert_int_equal(note(1, 5000, WHEN + 600 * SEC), 1);
}

static void test_time_back(void **state)
{
	(void)state;
	start_fast(3, 100);
	note(1, 1, WHEN + 100 * SEC);
	note(1, 1, WHEN); /* does not make it older */
	note(1, 2, WHEN + 30 * SEC);
	assert_int_equal(note(1, 3, WHEN + 80 * SEC), 1);
}

static void test_forget(void **state)
{
	const struct rpcs_address marked = rpcs_distinct_number(500);
	uint32_t count, i, window;

	(void)state;
	for (count = 1; count < 40; count++) {
		start_fast(64, 100);
		for (i = 0; i < count; i++)
			note(1, i, WHEN + i);
		/* Any of them may be the last one, or lie in the first chunk. */
		for (i = 0; i < count; i++)
			forget(1, i * 7 % 41 < count ? i * 7 % 41 : i);
		for (i = 0; i < count; i++)
			forget(1, i);
		for (i = 0; i < 63; i++)
			assert_int_equal(note(1, 1000 + i, WHEN + 100), 0);
		assert_int_equal(note(1, 2000, WHEN + 100), 1);
	}
	start_fast(2, 100);
	forget(9, 9); /* never seen */
	assert_false(rpcs_distinct_note(distinct, &rule, id_of(1), &marked, true, WHEN, &window));
	forget(1, 500);
	assert_int_equal(note(1, 1, WHEN), 1);
}

/* A model that keeps everything. */
enum { SOURCES = 7, THINGS = 40, STEPS = 200000 };

struct model {
	uint64_t last_ns[SOURCES][THINGS]; /* 0: never */
};

static uint32_t model_note(struct model *model, uint32_t source, uint32_t thing, uint64_t now_ns)
{
	uint64_t *last_ns = model->last_ns[source];
	uint32_t i, w, count;

	if (last_ns[thing] < now_ns)
		last_ns[thing] = now_ns;
	for (w = 0; w < RPCS_DISTINCT_WINDOWS; w++) {
		for (i = count = 0; i < THINGS; i++)
			count += last_ns[i] && (last_ns[i] >= now_ns ||
						now_ns - last_ns[i] <= rule.windows[w].length_ns);
		if (count >= rule.windows[w].threshold) {
			memset(last_ns, 0, sizeof(model->last_ns[source]));
			return w + 1;
		}
	}
	return 0;
}

static void test_random(void **state)
{
	static struct model model;
	uint64_t now_ns = WHEN;
	uint32_t i, source, thing, fired = 0, expected;

	(void)state;
	srand(1);
	start((struct rpcs_distinct_window){ 40 * SEC, 9 },
	      (struct rpcs_distinct_window){ 300 * SEC, 21 }, 100, 0);
	for (i = 0; i < STEPS; i++) {
		source = (uint32_t)rand() % SOURCES;
		thing = (uint32_t)rand() % THINGS;
		now_ns += (uint64_t)rand() % (source == 0 ? SEC / 2 : 4 * SEC);
		if (rand() % 8 == 0) {
			forget(source, thing);
			model.last_ns[source][thing] = 0;
			continue;
		}
		expected = model_note(&model, source, thing, now_ns);
		assert_int_equal(note(source, thing, now_ns), expected);
		fired += expected > 0;
	}
	assert_in_range(fired, 100, STEPS);
	assert_int_equal(evictions, 0);
}

/* Who has many things may not take the room of all others, nor lose count of its own. */
static void test_pool(void **state)
{
	uint32_t i, j;

	(void)state;
	start_fast(200, 64);
	for (j = 0; j < 100; j++)
		for (i = 0; i < 64; i++)
			assert_int_equal(note(i, j, WHEN + j), 0);
	assert_true(evictions > 0);
	for (j = 1000; j < 1199; j++)
		assert_int_equal(note(99, j, WHEN + j), 0);
	assert_int_equal(note(99, j, WHEN + j), 1);
}

static void test_room(void **state)
{
	uint32_t i;

	(void)state;
	start_fast(4, 3);
	/* What is out of its window goes unmissed, whatever it was. */
	note(1, 1, WHEN);
	note(1, 2, WHEN);
	note(1, 3, WHEN);
	for (i = 10; i < 20; i++)
		note(i, 1, WHEN + 61 * SEC);
	assert_int_equal(evictions, 10 - 3);
	assert_int_equal(note(1, 4, WHEN + 61 * SEC), 0);
}

/* Sources seen once, without end: one that had begun before goes on, and is found. */
static void test_flood(void **state)
{
	uint32_t i, touches = 2;

	(void)state;
	start_fast(16, 1000);
	note(7, 1, WHEN);
	note(7, 2, WHEN);
	for (i = 0; i < 1000000; i++) {
		note(1000000 + i, 1, WHEN + i);
		if (i % 50000 == 0 && touches < 16)
			assert_int_equal(note(7, 1000 + i, WHEN + i), ++touches == 16);
	}
	assert_int_equal(touches, 16);
	assert_int_equal(evictions, 1000001 - 1000);
}

/* The same, begun amid the flood: each touch may be the first again only while nobody knows it. */
static void test_flood_first(void **state)
{
	uint32_t i, touches = 0, fired = 0;

	(void)state;
	start_fast(16, 1000);
	for (i = 0; i < 300000 && !fired; i++) {
		note(1000000 + i, 1, WHEN + i);
		if (i > 10000 && i % 9000 == 0) {
			fired = note(7, i, WHEN + i);
			touches++;
		}
	}
	assert_int_equal(fired, 1);
	assert_in_range(touches, 16, 24);
}

/* A flood whose sources all come twice does not push out who is near. */
static void test_flood_twice(void **state)
{
	uint32_t i, fired = 0;

	(void)state;
	start_fast(16, 999);
	for (i = 0; i < 8; i++)
		note(7, i, WHEN);
	for (i = 0; i < 100000; i++) {
		note(1000000 + i, 1, WHEN + i);
		note(1000000 + i, 2, WHEN + i);
	}
	for (i = 8; i < 16; i++)
		fired = note(7, i, WHEN + 200000);
	assert_int_equal(fired, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_threshold, teardown),
		cmocka_unit_test_teardown(test_windows, teardown),
		cmocka_unit_test_teardown(test_repeat, teardown),
		cmocka_unit_test_teardown(test_time_back, teardown),
		cmocka_unit_test_teardown(test_forget, teardown),
		cmocka_unit_test_teardown(test_random, teardown),
		cmocka_unit_test_teardown(test_pool, teardown),
		cmocka_unit_test_teardown(test_room, teardown),
		cmocka_unit_test_teardown(test_flood, teardown),
		cmocka_unit_test_teardown(test_flood_first, teardown),
		cmocka_unit_test_teardown(test_flood_twice, teardown),
	};

	return cmocka_run_group_tests_name("distinct", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* user/detect/rate.c: what came by a key in a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/rate.h"

#define SEC 1000000000ULL
#define WHEN (1795310157ULL * SEC)

enum { EVENTS, BYTES, SERIES };

static const struct rpcs_hash_seed seed = { 1, 2 };
static struct rpcs_rate *rate;
static uint64_t evictions;

static int setup(void **state)
{
	(void)state;
	evictions = 0;
	rate = rpcs_rate_new(SEC, SERIES, 100, 10 * SEC, &seed, &evictions);
	return rate ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rpcs_rate_free(&rate);
	assert_null(rate);
	return 0;
}

static struct rpcs_rate_entry *entry_at(uint32_t source, uint64_t now_ns)
{
	return rpcs_rate_get(rate, rpcs_hash(&seed, &source, sizeof(source)), now_ns);
}

static uint64_t add(uint32_t source, uint64_t amount, uint64_t now_ns)
{
	struct rpcs_rate_entry *entry = entry_at(source, now_ns);

	rpcs_rate_add(rate, entry, EVENTS, amount);
	return rpcs_rate_sum(entry, EVENTS);
}

static void test_sums(void **state)
{
	struct rpcs_rate_entry *entry;
	uint32_t i;

	(void)state;
	/* After a pause a whole window is exact. */
	for (i = 0; i < 1000; i++)
		assert_int_equal(add(1, 1, WHEN + i * SEC / 1000), i + 1);
	assert_int_equal(add(2, 5, WHEN + SEC), 5);
	entry = entry_at(1, WHEN + SEC - 1);
	rpcs_rate_add(rate, entry, BYTES, 700);
	assert_int_equal(rpcs_rate_sum(entry, BYTES), 700);
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 1000);
	/* The first slot leaves with the window, and so do the others one after the other. */
	assert_int_equal(add(1, 0, WHEN + SEC), 875);
	assert_int_equal(add(1, 0, WHEN + SEC + SEC / 2), 375);
	/* A pause, and the window begins anew. */
	assert_int_equal(add(1, 1, WHEN + 3 * SEC + SEC / 16), 1);
	assert_int_equal(add(1, 1, WHEN + 4 * SEC + SEC / 16 - 1), 2);
}

/* Never more than what came, never less than what came in the window but one slot. */
static void test_random(void **state)
{
	static uint64_t times[4096];
	uint64_t now_ns = WHEN, sum;
	uint32_t i, first = 0, least = 0, most;

	(void)state;
	srand(1);
	for (i = 0; i < 4096; i++) {
		now_ns += (uint64_t)rand() % (rand() % 64 ? SEC / 30 : 2 * SEC);
		times[i] = now_ns;
		sum = add(1, 1, now_ns);
		while (now_ns - times[first] > SEC)
			first++;
		while (now_ns - times[least] > SEC - SEC / RPCS_RATE_SLOTS)
			least++;
		most = i - first + 1;
		assert_in_range(sum, i - least + 1, most);
	}
}

static void test_time_back(void **state)
{
	(void)state;
	assert_int_equal(add(1, 1, WHEN), 1);
	assert_int_equal(add(1, 1, WHEN + SEC / 2), 2);
	assert_int_equal(add(1, 1, WHEN - 5 * SEC), 3);
	assert_int_equal(add(1, 1, WHEN + SEC), 3);
}

static void test_take(void **state)
{
	struct rpcs_rate_entry *entry;

	(void)state;
	add(1, 3, WHEN);
	add(1, 3, WHEN + SEC / 2);
	entry = entry_at(1, WHEN + SEC / 2);
	rpcs_rate_take(rate, entry, EVENTS, 1, WHEN);
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 5);
	rpcs_rate_take(rate, entry, EVENTS, 9, WHEN); /* no more than there is */
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 3);
	rpcs_rate_take(rate, entry, EVENTS, 1, WHEN - 1);
	rpcs_rate_take(rate, entry, EVENTS, 1, WHEN + 2 * SEC);
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 3);
	/* What has left already. */
	entry = entry_at(1, WHEN + SEC + SEC / 4);
	rpcs_rate_take(rate, entry, EVENTS, 1, WHEN);
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 3);
}

static void test_full_slot(void **state)
{
	(void)state;
	add(1, UINT32_MAX - 1, WHEN);
	assert_int_equal(add(1, 5, WHEN), UINT32_MAX);
	assert_int_equal(add(1, 5ULL << 32, WHEN + SEC / 2), 2 * (uint64_t)UINT32_MAX);
}

static void test_tell(void **state)
{
	(void)state;
	assert_true(rpcs_rate_tell(rate, entry_at(1, WHEN), WHEN));
	assert_false(rpcs_rate_tell(rate, entry_at(1, WHEN), WHEN));
	assert_false(rpcs_rate_tell(rate, entry_at(1, WHEN), WHEN + 10 * SEC - 1));
	assert_true(rpcs_rate_tell(rate, entry_at(2, WHEN), WHEN + SEC));
	assert_true(rpcs_rate_tell(rate, entry_at(1, WHEN), WHEN + 10 * SEC));
}

/* Sources that come once go before one that does not, and are counted while they matter. */
static void test_room(void **state)
{
	struct rpcs_rate_entry *entry = entry_at(1, WHEN);
	uint32_t i;

	(void)state;
	rpcs_rate_add(rate, entry, EVENTS, 7);
	rpcs_rate_raise(rate, entry, WHEN);
	for (i = 10; i < 1010; i++)
		add(i, 1, WHEN + i);
	assert_int_equal(evictions, 1001 - 100);
	assert_int_equal(add(1, 1, WHEN + SEC / 2), 8);
	evictions = 0;
	for (i = 2000; i < 2099; i++)
		add(i, 1, WHEN + 5 * SEC);
	assert_int_equal(evictions, 0);
}

/* Slots of those that left go to others, who begin with none of what stood in them. */
static void test_reuse(void **state)
{
	uint32_t source, slot;

	(void)state;
	for (slot = 0; slot < 5; slot++)
		for (source = 0; source < 100; source++)
			assert_int_equal(add(source, 1000, WHEN + slot * SEC / 8),
					 1000 * (slot + 1));
	for (source = 1000; source < 3000; source++) {
		for (slot = 0; slot < 8; slot++)
			assert_int_equal(add(source, 1, WHEN + SEC + slot * SEC / 8), slot + 1);
		/* A pause gives them back, too. */
		if (source % 3 == 0)
			assert_int_equal(add(source, 7, WHEN + 4 * SEC), 7);
		else
			assert_int_equal(add(source, 7, WHEN + 2 * SEC + SEC / 8), 6 + 7);
	}
}

/* So many that their slots come to lie in huge pages: each keeps its own. */
static void test_many(void **state)
{
	enum { MANY = 60000 };
	uint32_t i;

	(void)state;
	rpcs_rate_free(&rate);
	rate = rpcs_rate_new(SEC, SERIES, MANY, 10 * SEC, &seed, &evictions);
	assert_non_null(rate);
	for (i = 0; i < MANY; i++)
		assert_int_equal(add(i, i + 1, WHEN), i + 1);
	for (i = 0; i < MANY; i++)
		assert_int_equal(add(i, 1, WHEN + SEC / 2), i + 2);
	for (i = 0; i < MANY; i++)
		assert_int_equal(add(i, 0, WHEN + SEC), 1);
	assert_int_equal(evictions, 0);
}

/* A place where an entry was is asked first, whoever has it now. */
static void test_place(void **state)
{
	struct rpcs_rate_entry *place = entry_at(1, WHEN), *entry;
	const uint64_t id = place->head.id, none = id + 1;
	uint32_t i;

	(void)state;
	rpcs_rate_add(rate, place, EVENTS, 7);
	assert_ptr_equal(rpcs_rate_get_at(rate, place, id, WHEN), place);
	assert_ptr_equal(rpcs_rate_get_at(rate, NULL, id, WHEN), place);
	assert_ptr_equal(rpcs_rate_find_at(rate, place, id), place);
	assert_null(rpcs_rate_find_at(rate, place, none));
	for (i = 10; i < 1010; i++)
		add(i, 1, WHEN + i);
	assert_null(rpcs_rate_find_at(rate, place, id));
	entry = rpcs_rate_get_at(rate, place, id, WHEN + 1010);
	assert_int_equal(entry->head.id, id);
	assert_int_equal(rpcs_rate_sum(entry, EVENTS), 0);
	assert_ptr_equal(rpcs_rate_find(rate, id), entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
	};

	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}

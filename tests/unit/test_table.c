// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The fixed table: its lanes, its order, and random work against a simple model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "table_case.h"

/* The key is the first member; `number` tells entries of one key apart. */
struct entry {
	uint32_t key;
	uint32_t number;
	uint8_t rest[21]; /* an odd size: the next entry must be aligned all the same */
};

static struct entry *add(struct rpcs_table *table, uint32_t key, uint32_t number)
{
	struct entry *entry = rpcs_table_add(table, &key);

	if (entry) {
		assert_int_equal((uintptr_t)entry % 8, 0);
		assert_int_equal(entry->key, key);
		assert_int_equal(entry->number, 0);
		entry->number = number;
	}
	return entry;
}

static struct entry *find(struct rpcs_table *table, uint32_t key)
{
	return rpcs_table_find(table, &key);
}

static void test_sizes(void **state)
{
	struct rpcs_table *none = NULL;

	(void)state;
	assert_null(rpcs_table_new(0, 4, 8, &seed));
	assert_null(rpcs_table_new((1U << 30) + 1, 4, 8, &seed));
	rpcs_table_free(&none);
	assert_null(none);
}

static void test_order(void **state)
{
	OWNED_TABLE *table = table_of(4);
	struct entry *a, *b, *c;

	(void)state;
	assert_null(rpcs_table_oldest(table, RPCS_LANE_FIRST));
	a = add(table, 1, 1);
	b = add(table, 2, 2);
	c = add(table, 3, 3);
	assert_ptr_equal(rpcs_table_oldest(table, RPCS_LANE_FIRST), a);
	assert_ptr_equal(rpcs_table_newer(table, a), b);
	assert_ptr_equal(rpcs_table_newer(table, b), c);
	assert_null(rpcs_table_newer(table, c));
	/* Used again: to the end. */
	rpcs_table_move(table, a, RPCS_LANE_FIRST);
	assert_ptr_equal(rpcs_table_oldest(table, RPCS_LANE_FIRST), b);
	assert_ptr_equal(rpcs_table_newer(table, c), a);
	/* It is there already. */
	rpcs_table_move(table, a, RPCS_LANE_FIRST);
	assert_ptr_equal(rpcs_table_newer(table, c), a);
	assert_null(rpcs_table_newer(table, a));
	/* From the middle into the other lane. */
	rpcs_table_move(table, c, RPCS_LANE_SECOND);
	assert_ptr_equal(rpcs_table_newer(table, b), a);
	assert_ptr_equal(rpcs_table_oldest(table, RPCS_LANE_SECOND), c);
	assert_null(rpcs_table_newer(table, c));
	rpcs_table_move(table, b, RPCS_LANE_SECOND);
	rpcs_table_remove(table, c);
	assert_ptr_equal(rpcs_table_oldest(table, RPCS_LANE_SECOND), b);
	rpcs_table_remove(table, b);
	assert_null(rpcs_table_oldest(table, RPCS_LANE_SECOND));
	assert_ptr_equal(rpcs_table_oldest(table, RPCS_LANE_FIRST), a);
	assert_int_equal(rpcs_table_count(table), 1);
}

static void test_equal_keys(void **state)
{
	OWNED_TABLE *table = table_of(4);
	struct entry *old = add(table, 7, 1), *mid = add(table, 7, 2), *new = add(table, 7, 3);

	(void)state;
	add(table, 8, 4);
	assert_ptr_equal(find(table, 7), new);
	assert_ptr_equal(rpcs_table_find_next(table, new), mid);
	assert_ptr_equal(rpcs_table_find_next(table, mid), old);
	assert_null(rpcs_table_find_next(table, old));
	rpcs_table_remove(table, mid);
	assert_ptr_equal(rpcs_table_find_next(table, new), old);
	rpcs_table_remove(table, new);
	assert_ptr_equal(find(table, 7), old);
	assert_int_equal(find(table, 8)->number, 4);
}

static void test_full(void **state)
{
	OWNED_TABLE *table = table_of(3);
	struct entry *gone;
	uint32_t i;

	(void)state;
	assert_null(rpcs_table_entry(table, 0));
	for (i = 0; i < 3; i++) {
		assert_false(rpcs_table_is_full(table));
		assert_non_null(add(table, i, i + 1));
	}
	assert_true(rpcs_table_is_full(table));
	assert_null(add(table, 9, 9));
	assert_int_equal(rpcs_table_count(table), 3);
	gone = find(table, 1);
	rpcs_table_remove(table, gone);
	assert_null(find(table, 1));
	/* The slot comes back zeroed: add() looks at it. */
	assert_ptr_equal(add(table, 9, 9), gone);
	assert_null(add(table, 10, 10));
	/* In the order of their slots, whoever was there first. */
	assert_ptr_equal(rpcs_table_entry(table, 0), find(table, 0));
	assert_ptr_equal(rpcs_table_entry(table, 1), gone);
	rpcs_table_remove(table, gone);
	assert_ptr_equal(rpcs_table_entry(table, 1), gone);
	assert_ptr_equal(rpcs_table_entry(table, 2), find(table, 2));
	assert_null(rpcs_table_entry(table, 3));
	assert_int_equal(find(table, 0)->number, 1);
	assert_int_equal(find(table, 2)->number, 3);
}

enum { CAPACITY = 37, KEYS = 20, STEPS = 50000 };

/* The lanes as arrays, oldest first, and each key's entries in the order of their making. */
struct model {
	struct entry *lane[RPCS_LANE__MAX][CAPACITY];
	uint32_t count[RPCS_LANE__MAX];
	uint32_t next_number;
};

static void model_take(struct model *model, int lane, uint32_t at)
{
	model->count[lane]--;
	memmove(&model->lane[lane][at], &model->lane[lane][at + 1],
		(model->count[lane] - at) * sizeof(model->lane[0][0]));
}

static void model_append(struct model *model, int lane, struct entry *entry)
{
	model->lane[lane][model->count[lane]++] = entry;
}

/* The entry of a key with the highest number below `below`. */
static struct entry *model_find(const struct model *model, uint32_t key, uint32_t below)
{
	struct entry *best = NULL, *entry;
	uint32_t lane, i;

	for (lane = 0; lane < RPCS_LANE__MAX; lane++) {
		for (i = 0; i < model->count[lane]; i++) {
			entry = model->lane[lane][i];
			if (entry->key == key && entry->number < below &&
			    (!best || entry->number > best->number))
				best = entry;
		}
	}
	return best;
}

static uint32_t model_total(const struct model *model)
{
	uint32_t total = 0, lane;

	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		total += model->count[lane];
	return total;
}

static void model_check(const struct model *model, struct rpcs_table *table)
{
	struct entry *entry;
	uint32_t lane, i, key;

	assert_int_equal(rpcs_table_count(table), model_total(model));
	for (lane = 0; lane < RPCS_LANE__MAX; lane++) {
		assert_int_equal(rpcs_table_lane_count(table, lane), model->count[lane]);
		entry = rpcs_table_oldest(table, lane);
		for (i = 0; i < model->count[lane]; i++) {
			assert_ptr_equal(entry, model->lane[lane][i]);
			assert_int_equal(rpcs_table_lane_of(entry), lane);
			entry = rpcs_table_newer(table, entry);
		}
		assert_null(entry);
	}
	for (key = 0; key < KEYS; key++) {
		entry = find(table, key);
		assert_ptr_equal(entry, model_find(model, key, UINT32_MAX));
		while (entry) {
			struct entry *next = rpcs_table_find_next(table, entry);

			assert_ptr_equal(next, model_find(model, key, entry->number));
			entry = next;
		}
	}
}

static void step(struct model *model, struct rpcs_table *table)
{
	uint32_t total = model_total(model), at;
	int what = rand() % 10, lane = 0, to;
	struct entry *entry;

	if (what < 5 || total == 0) {
		entry = add(table, (uint32_t)rand() % KEYS, ++model->next_number);
		assert_int_equal(entry == NULL, total == CAPACITY);
		if (entry)
			model_append(model, RPCS_LANE_FIRST, entry);
		return;
	}
	at = (uint32_t)rand() % total;
	while (at >= model->count[lane])
		at -= model->count[lane++];
	entry = model->lane[lane][at];
	model_take(model, lane, at);
	if (what < 8) {
		rpcs_table_remove(table, entry);
		return;
	}
	to = rand() % RPCS_LANE__MAX;
	rpcs_table_move(table, entry, (enum rpcs_table_lane)to);
	model_append(model, to, entry);
}

static void test_random(void **state)
{
	static struct model model;
	OWNED_TABLE *table = table_of(CAPACITY);
	int i;

	(void)state;
	srand(1);
	for (i = 0; i < STEPS; i++) {
		step(&model, table);
		if (i % 7 == 0)
			model_check(&model, table);
	}
	model_check(&model, table);
}

enum { MANY = 20000, MANY_KEYS = 30000 };

/* So many that words go past full buckets, and come and go there. */
static void test_many(void **state)
{
	static struct entry *there[MANY_KEYS];
	OWNED_TABLE *table = table_of(MANY);
	uint32_t key, count = 0, round;

	(void)state;
	srand(2);
	for (round = 0; round < 10 * MANY_KEYS; round++) {
		key = (uint32_t)rand() % MANY_KEYS;
		assert_ptr_equal(find(table, key), there[key]);
		if (there[key] && (count == MANY || rand() % 4 == 0)) {
			rpcs_table_remove(table, there[key]);
			there[key] = NULL;
			count--;
		} else if (!there[key] && count < MANY) {
			there[key] = add(table, key, round + 1);
			count++;
		}
	}
	for (key = 0; key < MANY_KEYS; key++)
		assert_ptr_equal(find(table, key), there[key]);
	assert_int_equal(rpcs_table_count(table), count);
	assert_true(count > MANY - 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	   cmocka_unit_test(test_order),
		cmocka_unit_test(test_equal_keys), cmocka_unit_test(test_full),
		cmocka_unit_test(test_random),	   cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}

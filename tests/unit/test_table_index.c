// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A table's index: hashes of the caller's, hashes that keys share, keys of every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "table_case.h"

struct entry {
	uint32_t key;
	uint32_t number;
};

enum { ROUNDS = 50000 };

/* Hashes of the caller's: as good as equal ones, so that only keys tell entries apart. */
static void test_by_hash(void **state)
{
	static const uint32_t hashes[] = { 0, 3, 0x80000000, UINT32_MAX };
	OWNED_TABLE *table = table_of(64);
	struct entry *entries[64];
	uint32_t key, hash;

	(void)state;
	for (key = 0; key < 64; key++) {
		hash = hashes[key % 4];
		rpcs_table_fetch_entry(table, hash);
		assert_null(rpcs_table_find_by(table, &key, hash));
		entries[key] = rpcs_table_add_by(table, &key, hash);
		assert_int_equal(entries[key]->key, key);
	}
	assert_null(rpcs_table_add_by(table, &key, 1));
	for (key = 0; key < 64; key += 3)
		rpcs_table_remove(table, entries[key]);
	for (key = 0; key < 64; key++) {
		hash = hashes[key % 4];
		rpcs_table_fetch_bucket(table, hash);
		rpcs_table_fetch_entry(table, hash);
		assert_ptr_equal(rpcs_table_find_by(table, &key, hash),
				 key % 3 ? entries[key] : NULL);
	}
	/* The table's own: the same entries either way. */
	key = 100;
	((struct entry *)rpcs_table_add(table, &key))->number = 7;
	hash = rpcs_table_hash(table, &key);
	rpcs_table_fetch_bucket(table, hash);
	rpcs_table_fetch_entry(table, hash);
	assert_int_equal(((struct entry *)rpcs_table_find_by(table, &key, hash))->number, 7);
}

/* What a search found to be absent is added without another one: of that hash, and only once. */
static void test_absent(void **state)
{
	enum { HASH = 4 << 2, OTHER = 5 << 2 };
	OWNED_TABLE *table = table_of(8);
	uint32_t one = 1, two = 2, three = 3;
	struct entry *a, *b, *again;

	(void)state;
	assert_null(rpcs_table_find_by(table, &one, HASH));
	a = rpcs_table_add_by(table, &one, HASH);
	b = rpcs_table_add_by(table, &two, HASH);
	assert_ptr_equal(rpcs_table_find_by(table, &one, HASH), a);
	assert_ptr_equal(rpcs_table_find_by(table, &two, HASH), b);
	/* The key is not there, but its hash is. */
	assert_null(rpcs_table_find_by(table, &three, HASH));
	assert_non_null(rpcs_table_add_by(table, &three, HASH));
	assert_ptr_equal(rpcs_table_find_by(table, &one, HASH), a);
	/* Another one is added in between, and one goes. */
	assert_null(rpcs_table_find_by(table, &one, OTHER));
	again = rpcs_table_add_by(table, &one, HASH);
	rpcs_table_remove(table, b);
	assert_non_null(rpcs_table_add_by(table, &one, OTHER));
	assert_ptr_equal(rpcs_table_find_by(table, &one, HASH), again);
	assert_ptr_equal(rpcs_table_find_next(table, again), a);
	assert_null(rpcs_table_find_next(table, a));
	assert_null(rpcs_table_find_by(table, &two, HASH));
}

/* Few hashes, which many keys share: each may be the first on its word, or not. */
static void test_few_hashes(void **state)
{
	enum { SHARED = 12, HASHES = 5 };
	struct entry *there[SHARED] = { NULL };
	OWNED_TABLE *table = table_of(SHARED);
	uint32_t key, hash, round;

	(void)state;
	srand(3);
	for (round = 0; round < ROUNDS; round++) {
		key = (uint32_t)rand() % SHARED;
		hash = (key % HASHES) << 2;
		if (rand() % 2)
			assert_ptr_equal(rpcs_table_find_by(table, &key, hash), there[key]);
		if (there[key]) {
			rpcs_table_remove(table, there[key]);
			there[key] = NULL;
		} else {
			there[key] = rpcs_table_add_by(table, &key, hash);
			assert_int_equal(there[key]->number, 0);
			there[key]->number = round + 1;
		}
	}
	for (key = 0; key < SHARED; key++)
		assert_ptr_equal(rpcs_table_find_by(table, &key, (key % HASHES) << 2), there[key]);
}

/* Keys of each length that is compared, copied and hashed in its own way, differing in one byte. */
static void test_key_lengths(void **state)
{
	static const uint32_t lengths[] = { 1, 4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 40, 64, 70 };
	uint8_t key[70], *entry;
	uint32_t i, at, length;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		OWNED_TABLE *table = NULL;

		length = lengths[i];
		table = rpcs_table_new(4, length, length + 1, &seed);
		for (at = 0; at < length; at++)
			key[at] = (uint8_t)(at + 1);
		/* One hash for all, so that only the key can tell. */
		entry = rpcs_table_add_by(table, key, 0);
		assert_memory_equal(entry, key, length);
		assert_int_equal(entry[length], 0);
		assert_ptr_equal(rpcs_table_find_by(table, key, 0), entry);
		for (at = 0; at < length; at++) {
			key[at] ^= 0x80;
			assert_null(rpcs_table_find_by(table, key, 0));
			assert_int_not_equal(rpcs_table_hash(table, key),
					     rpcs_table_hash(table, entry));
			key[at] ^= 0x80;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hash),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_few_hashes),
		cmocka_unit_test(test_key_lengths),
	};

	return cmocka_run_group_tests_name("table_index", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sets that hold a number: against a look at every prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/key_index.h"

enum { SETS = 64 };

static uint64_t dice = 1;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

/** The sets that the index finds for a number, as bits. */
static uint64_t sets_found(const struct rpcs_key_index *index, rpcs_key key)
{
	uint64_t found = 0;

	for (uint32_t at = rpcs_key_index_find(index, key); at != RPCS_KEY_NONE;
	     at = index->nodes[at].parent) {
		for (uint32_t i = 0; i < index->nodes[at].count; i++)
			found |= 1ULL << index->sets[index->nodes[at].first + i];
	}
	return found;
}

static uint64_t sets_scanned(const struct rpcs_key_entries *entries, rpcs_key key)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < entries->count; i++) {
		const struct rpcs_key_entry *entry = &entries->list[i];

		if (entry->len == 0 || ((entry->key ^ key) >> (128 - entry->len)) == 0)
			found |= 1ULL << entry->set;
	}
	return found;
}

static void nothing_holds_nothing(void **state)
{
	struct rpcs_key_entries entries = { 0 };
	struct rpcs_key_index index;

	(void)state;
	assert_int_equal(rpcs_key_index_build(&entries, &index), 0);
	assert_int_equal(rpcs_key_index_find(&index, 0), RPCS_KEY_NONE);
	assert_int_equal(rpcs_key_index_find(&index, ~(rpcs_key)0), RPCS_KEY_NONE);
	rpcs_key_index_clear(&index);
}

/** All prefixes of one number inside each other, and the ends of the numbers. */
static void a_number_in_129_prefixes(void **state)
{
	struct rpcs_key_entries entries = { 0 };
	struct rpcs_key_index index;
	uint32_t nodes = 0;

	(void)state;
	for (unsigned int len = 0; len <= 128; len++) {
		rpcs_key key = len ? ~(rpcs_key)0 << (128 - len) : 0;

		assert_int_equal(rpcs_key_entries_add(&entries, key, (uint8_t)len, len % SETS), 0);
	}
	assert_int_equal(rpcs_key_index_build(&entries, &index), 0);
	for (uint32_t at = rpcs_key_index_find(&index, ~(rpcs_key)0); at != RPCS_KEY_NONE;
	     at = index.nodes[at].parent)
		nodes++;
	assert_int_equal(nodes, 129);
	assert_int_equal(sets_found(&index, 0), 1);
	assert_int_equal(sets_found(&index, ~(rpcs_key)1), ~1ULL | 1);
	rpcs_key_index_clear(&index);
	free(entries.list);
}

/** A range that is no prefix is as many of them as it takes, and not more. */
static void ranges_become_prefixes(void **state)
{
	static const struct {
		uint8_t low, high;
		uint32_t prefixes;
	} cases[] = { { 0, 255, 1 }, { 0, 0, 1 }, { 1, 254, 14 }, { 3, 4, 2 }, { 255, 255, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_net_range range = { .low = cases[i].low, .high = cases[i].high };
		struct rpcs_netset nets = { .ranges = &range, .count = 1 };
		struct rpcs_key_entries entries = { 0 };

		assert_int_equal(rpcs_key_entries_add_nets(&entries, &nets, 5), 0);
		assert_int_equal(entries.count, cases[i].prefixes);
		for (unsigned int key = 0; key <= 256; key++)
			assert_int_equal(sets_scanned(&entries, key) != 0,
					 key >= cases[i].low && key <= cases[i].high);
		free(entries.list);
	}
}

static void the_whole_range_is_one_prefix(void **state)
{
	struct rpcs_net_range range = { .low = 0, .high = ~(rpcs_key)0 };
	struct rpcs_netset nets = { .ranges = &range, .count = 1 };
	struct rpcs_key_entries entries = { 0 };

	(void)state;
	assert_int_equal(rpcs_key_entries_add_nets(&entries, &nets, 0), 0);
	assert_int_equal(entries.count, 1);
	assert_int_equal(entries.list[0].len, 0);
	free(entries.list);
}

static void one_round(void)
{
	struct rpcs_key_entries entries = { 0 };
	struct rpcs_key_index index;
	uint32_t count = random_below(200);
	/* Few high bits in use, or all: prefixes that meet, and prefixes at the ends. */
	unsigned int shift = random_below(2) ? 0 : 112;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t len = (uint8_t)(random_below(17) + (shift ? 0 : 112));
		rpcs_key key = (rpcs_key)random_below(1 << 16) << shift;

		key = len ? key >> (128 - len) << (128 - len) : 0;
		assert_int_equal(rpcs_key_entries_add(&entries, key, len, random_below(SETS)), 0);
	}
	assert_int_equal(rpcs_key_index_build(&entries, &index), 0);
	for (unsigned int i = 0; i < 500; i++) {
		rpcs_key key = (rpcs_key)random_below(1 << 17) << shift;

		assert_int_equal(sets_found(&index, key), sets_scanned(&entries, key));
	}
	rpcs_key_index_clear(&index);
	free(entries.list);
}

static void as_a_scan_says(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++)
		one_round();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_holds_nothing),
		cmocka_unit_test(a_number_in_129_prefixes),
		cmocka_unit_test(ranges_become_prefixes),
		cmocka_unit_test(the_whole_range_is_one_prefix),
		cmocka_unit_test(as_a_scan_says),
	};

	return cmocka_run_group_tests_name("key index", tests, NULL, NULL);
}

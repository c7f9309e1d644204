// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counting what is too much to be kept: exact while it can be, and no worse than said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "detect/sketch.h"

static struct rpcs_variety variety;
static struct rpcs_heavy heavy;

/* Emptied, whatever stood in their room. */
static void clear(void)
{
	memset(&variety, 0xa5, sizeof(variety));
	memset(&heavy, 0xa5, sizeof(heavy));
	rpcs_variety_clear(&variety);
	rpcs_heavy_clear(&heavy);
}

static uint64_t hash_of(uint64_t number, uint64_t seed)
{
	const struct rpcs_hash_seed secret = { seed, 2 };

	return rpcs_hash(&secret, &number, sizeof(number));
}

static void distinct_is_exact_up_to_its_limit(void **state)
{
	uint32_t i, round;

	(void)state;
	clear();
	assert_int_equal(rpcs_variety_count(&variety), 0);
	for (round = 0; round < 3; round++)
		for (i = 0; i < RPCS_VARIETY_MAX; i++)
			assert_int_equal(rpcs_variety_add(&variety, hash_of(i, 1)), round == 0);
	assert_int_equal(rpcs_variety_count(&variety), RPCS_VARIETY_MAX);
	assert_false(variety.is_estimate);
	rpcs_variety_add(&variety, hash_of(RPCS_VARIETY_MAX, 1));
	assert_true(variety.is_estimate);
	for (i = 1; i < RPCS_VARIETY_MAX; i++)
		assert_true(variety.smallest[i - 1] < variety.smallest[i]);
}

/* Four standard errors (1 / sqrt(1022)) are 12.5 %; with fixed seeds it stays in them or not. */
static void distinct_estimates_a_million(void **state)
{
	static const uint32_t sizes[] = { 2000, 30000, 1000000 };
	uint64_t seed;
	uint32_t i, n;

	(void)state;
	for (n = 0; n < 3; n++) {
		for (seed = 1; seed <= 5; seed++) {
			clear();
			for (i = 0; i < sizes[n]; i++) {
				rpcs_variety_add(&variety, hash_of(i, seed));
				rpcs_variety_add(&variety, hash_of(i / 2, seed));
			}
			assert_true(variety.is_estimate);
			assert_in_range(rpcs_variety_count(&variety), sizes[n] / 8 * 7,
					sizes[n] / 8 * 9);
		}
	}
}

static void distinct_ends_at_its_largest_number(void **state)
{
	uint32_t i;

	(void)state;
	clear();
	for (i = 0; i < 2 * RPCS_VARIETY_MAX; i++)
		rpcs_variety_add(&variety, i);
	assert_int_equal(rpcs_variety_count(&variety), UINT32_MAX);
	rpcs_variety_add(&variety, UINT64_MAX);
	assert_int_equal(rpcs_variety_count(&variety), UINT32_MAX);
}

static void add(uint32_t network, uint32_t times)
{
	struct rpcs_address address = { .bytes = { [10] = 0xff, [11] = 0xff } };
	struct rpcs_prefix prefix;

	address.bytes[12] = (uint8_t)(network >> 16);
	address.bytes[13] = (uint8_t)(network >> 8);
	address.bytes[14] = (uint8_t)network;
	address.bytes[15] = 77;
	prefix = rpcs_heavy_prefix(&address);
	while (times--)
		rpcs_heavy_add(&heavy, &prefix.base, (uint32_t)hash_of(network, 1));
}

static void expect_hit(const struct rpcs_heavy_hit *hit, const char *prefix, uint32_t count,
		       bool is_least)
{
	char text[RPCS_PREFIX_TEXT];

	rpcs_prefix_format(&hit->prefix, text);
	assert_string_equal(text, prefix);
	assert_int_equal(hit->count, count);
	assert_int_equal(hit->is_least, is_least);
}

static void few_prefixes_are_exact_and_in_order(void **state)
{
	struct rpcs_heavy_hit hits[10];
	uint32_t i;

	(void)state;
	clear();
	assert_int_equal(rpcs_heavy_top(&heavy, hits, 10), 0);
	for (i = 1; i <= 12; i++)
		add(0x0a0000 + i, i);
	assert_int_equal(rpcs_heavy_top(&heavy, hits, 10), 10);
	expect_hit(&hits[0], "10.0.12.0/24", 12, false);
	expect_hit(&hits[9], "10.0.3.0/24", 3, false);
}

/* Two that are heavy, in a crowd of others that come once: found, with what is sure. */
static void heavy_ones_are_found_in_a_crowd(void **state)
{
	struct rpcs_heavy_hit hits[10];
	uint32_t i, found;

	(void)state;
	clear();
	for (i = 0; i < 100000; i++) {
		add(0x0b0000 + i, 1);
		if (i % 10 == 0)
			add(0xc0a801, 1);
		if (i % 20 == 0)
			add(0xc0a802, 1);
	}
	found = rpcs_heavy_top(&heavy, hits, 10);
	assert_in_range(found, 2, 10);
	assert_int_equal(hits[0].prefix.base.bytes[14], 1);
	assert_in_range(hits[0].count, 8000, 10000);
	assert_int_equal(hits[1].prefix.base.bytes[14], 2);
	assert_in_range(hits[1].count, 3000, 5000);
	for (i = 2; i < found; i++)
		assert_true(hits[i].is_least);
}

static void ipv6_is_counted_by_64(void **state)
{
	struct rpcs_address address;
	struct rpcs_prefix prefix;
	char text[RPCS_PREFIX_TEXT];

	(void)state;
	assert_int_equal(rpcs_address_parse("2001:db8:1:2:3::4", &address), 0);
	prefix = rpcs_heavy_prefix(&address);
	rpcs_prefix_format(&prefix, text);
	assert_string_equal(text, "2001:db8:1:2::/64");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinct_is_exact_up_to_its_limit),
		cmocka_unit_test(distinct_estimates_a_million),
		cmocka_unit_test(distinct_ends_at_its_largest_number),
		cmocka_unit_test(few_prefixes_are_exact_and_in_order),
		cmocka_unit_test(heavy_ones_are_found_in_a_crowd),
		cmocka_unit_test(ipv6_is_counted_by_64),
	};

	return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}

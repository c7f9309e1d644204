// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sieve ahead of the list of suppressed calls: whom it lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rpcsentry/cursor.h>

#include "base/cleanup.h"
#include "source/suppress_map.h"

static struct rpcs_suppress_sieve *sieve_new(void)
{
	struct rpcs_suppress_sieve *sieve = calloc(1, sizeof(*sieve));

	assert_non_null(sieve);
	return sieve;
}

static bool lets_through(const struct rpcs_suppress_sieve *sieve, const uint8_t client[16])
{
	return rpcs_sieve_lets_through(sieve, rpcs_load_be64(client), rpcs_load_be64(client + 8));
}

static void draw(uint8_t *bytes, uint32_t count)
{
	while (count--)
		*bytes++ = (uint8_t)(rand() >> 8);
}

/** An address under a prefix: behind its length anything. */
static void draw_under(const struct rpcs_suppress_key *prefix, uint8_t client[16])
{
	draw(client, 16);
	for (uint32_t bit = 0; bit < prefix->prefixlen; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit & 7));

		client[bit >> 3] =
			(uint8_t)((client[bit >> 3] & ~mask) | (prefix->client[bit >> 3] & mask));
	}
}

/** Of each length, also where bits of the prefix lie behind it, as the list's search allows. */
static void whoever_is_listed_passes(void **state)
{
	uint8_t client[16];

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 129 * 40; i++) {
		RPCS_OWNED_BLOCK struct rpcs_suppress_sieve *sieve = sieve_new();
		struct rpcs_suppress_key prefix = { .prefixlen = i % 129 };

		draw(prefix.client, 16);
		/* Of IPv4, or of its neighbourhood, every other time. */
		if (i & 1)
			memcpy(prefix.client, (const uint8_t[12]){ [10] = 0xff, 0xff }, 12);
		if ((i & 7) == 2)
			memset(prefix.client, 0, 10);
		rpcs_sieve_add(sieve, &prefix);
		for (int j = 0; j < 20; j++) {
			draw_under(&prefix, client);
			assert_true(lets_through(sieve, client));
		}
		/* And of IPv4, where that lies under it. */
		draw_under(&(struct rpcs_suppress_key){ 96, { [10] = 0xff, 0xff } }, client);
		if ((i & 1) && prefix.prefixlen <= 96)
			assert_true(lets_through(sieve, client));
	}
}

/** The first and the last address of nets that begin and end in the middle of everything. */
static void edges_of_nets(void **state)
{
	static const struct {
		uint32_t len;
		uint8_t net[4], last[4];
	} cases[] = {
		{ 0, { 0 }, { 255, 255, 255, 255 } },
		{ 7, { 10 }, { 11, 255, 255, 255 } },
		{ 15, { 10, 2 }, { 10, 3, 255, 255 } },
		{ 16, { 10, 3 }, { 10, 3, 255, 255 } },
		{ 23, { 10, 3, 2 }, { 10, 3, 3, 255 } },
		{ 24, { 10, 3, 3 }, { 10, 3, 3, 255 } },
		{ 31, { 10, 3, 3, 2 }, { 10, 3, 3, 3 } },
		{ 32, { 255, 255, 255, 255 }, { 255, 255, 255, 255 } },
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RPCS_OWNED_BLOCK struct rpcs_suppress_sieve *sieve = sieve_new();
		struct rpcs_suppress_key prefix = { 96 + cases[i].len, { [10] = 0xff, 0xff } };
		uint8_t client[16] = { [10] = 0xff, 0xff };

		memcpy(prefix.client + 12, cases[i].net, 4);
		rpcs_sieve_add(sieve, &prefix);
		assert_true(lets_through(sieve, prefix.client));
		memcpy(client + 12, cases[i].last, 4);
		assert_true(lets_through(sieve, client));
	}
}

/** What it is for: with a thousand hosts and a few nets in it, nearly all others are kept. */
static void others_are_kept(void **state)
{
	RPCS_OWNED_BLOCK struct rpcs_suppress_sieve *sieve = sieve_new();
	struct rpcs_suppress_key key = { 128, { [10] = 0xff, 0xff, 192, 168 } };
	uint8_t client[16];
	int passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		key.client[14] = (uint8_t)(i >> 8);
		key.client[15] = (uint8_t)i;
		rpcs_sieve_add(sieve, &key);
	}
	rpcs_sieve_add(sieve, &(struct rpcs_suppress_key){ 108, { [10] = 0xff, 0xff, 172, 16 } });
	rpcs_sieve_add(sieve, &(struct rpcs_suppress_key){ 8, { 0xfd } });
	srand(1);
	for (int i = 0; i < 10000; i++) {
		draw_under(&(struct rpcs_suppress_key){ 104, { [10] = 0xff, 0xff, 10 } }, client);
		passed += lets_through(sieve, client);
		draw_under(&(struct rpcs_suppress_key){ 16, { 0x20, 0x01 } }, client);
		passed += lets_through(sieve, client);
	}
	assert_in_range(passed, 0, 20000 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_listed_passes),
		cmocka_unit_test(edges_of_nets),
		cmocka_unit_test(others_are_kept),
	};

	return cmocka_run_group_tests_name("suppress_map", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map of few sets of flows in plain memory, and flows to put in. Include after cmocka.h. */
#ifndef TESTS_UNIT_FLOW_SET_CASE_H
#define TESTS_UNIT_FLOW_SET_CASE_H

#include <string.h>

#include "source/flow_map.h"
#include "source/set_map.h"

enum {
	SETS = 64,
	TICK = 1000,
};

static struct rpcs_flow_map map;

static int new_map(void **state)
{
	(void)state;
	map.sets = SETS;
	map.rooms = calloc(SETS + 1, sizeof(*map.rooms));
	assert_non_null(map.rooms);
	return rpcs_set_map_seed(-1, SETS, &map.rooms[SETS].seed);
}

static int free_map(void **state)
{
	(void)state;
	free(map.rooms);
	return 0;
}

static struct rpcs_flow_key key_of(uint32_t number)
{
	struct rpcs_flow_key key = { .src = { [10] = 0xff, 0xff, 10 },
				     .dst = { [10] = 0xff, 0xff, 10, 1 },
				     .sport = (uint16_t)number,
				     .dport = 111 };

	key.src[13] = (uint8_t)(number >> 16);
	key.src[14] = (uint8_t)(number >> 24);
	return key;
}

static struct rpcs_flow_set *set_of(const struct rpcs_flow_key *key, struct rpcs_flow_words *words,
				    uint64_t *hash)
{
	rpcs_flow_words_fill(words, key);
	*hash = rpcs_flow_hash(&map.rooms[map.sets].seed, words);
	return &map.rooms[rpcs_set_of(*hash, map.sets)].set;
}

static bool is_there(const struct rpcs_flow_key *key)
{
	struct rpcs_flow_value value;

	return rpcs_flow_map_get(&map, key, &value);
}

static uint64_t spoken(uint32_t born)
{
	return rpcs_flow_in_step(born + 100, 0, 0);
}

#define FLOW_TEST(function) cmocka_unit_test_setup_teardown(function, new_map, free_map)

#endif

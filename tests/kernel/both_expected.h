/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The replies that both engines await, held against each other. */
#ifndef TESTS_KERNEL_BOTH_EXPECTED_H
#define TESTS_KERNEL_BOTH_EXPECTED_H

#include <string.h>

#include "source/expect_map.h"
#include "source/state_private.h"

enum { BOTH_EXPECTED_MAX = 256 }; /* a script has 40 frames */

/**
 * The keys that the native engine has put in, and whether it has looked for them since: the
 * kernel's map has only hashes of them, and one that was answered may have made room.
 */
static struct {
	struct rpcs_expect_key keys[BOTH_EXPECTED_MAX];
	bool answered[BOTH_EXPECTED_MAX];
	uint32_t count;
	bool (*get)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    void *ret_value);
	void (*put)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    const void *value);
} both_expected;

/* Its place among the keys, or the next one. */
static uint32_t both_expected_place(const void *key)
{
	uint32_t i;

	for (i = 0; i < both_expected.count; i++)
		if (memcmp(&both_expected.keys[i], key, sizeof(struct rpcs_expect_key)) == 0)
			break;
	return i;
}

static bool both_expected_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
			      void *ret_value)
{
	if (kind == RPCS_STATE_EXPECTED)
		both_expected.answered[both_expected_place(key) % BOTH_EXPECTED_MAX] = true;
	return both_expected.get(state, kind, key, ret_value);
}

static void both_expected_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
			      const void *value)
{
	uint32_t i;

	both_expected.put(state, kind, key, value);
	if (kind != RPCS_STATE_EXPECTED)
		return;
	i = both_expected_place(key);
	/* Single frames without end are not held against each other that way. */
	if (i == BOTH_EXPECTED_MAX)
		return;
	memcpy(&both_expected.keys[i], key, sizeof(struct rpcs_expect_key));
	both_expected.answered[i] = false;
	both_expected.count += i == both_expected.count;
}

/** From here on; what the kernel awaits is forgotten. */
static void both_expected_begin(const struct rpcs_expect_map *map, struct rpcs_state *state)
{
	memset(map->rooms, 0, map->sets * sizeof(*map->rooms));
	both_expected.count = 0;
	both_expected.get = state->get;
	both_expected.put = state->put;
	state->get = both_expected_get;
	state->put = both_expected_put;
}

/** Does the kernel await other replies than the native engine, or for other reasons? */
static bool both_expected_differ(const struct rpcs_expect_map *map, struct rpcs_state *state)
{
	uint32_t i, way, count = 0, gone = 0, kind;

	assert_true(both_expected.count < BOTH_EXPECTED_MAX);
	for (i = 0; i < both_expected.count; i++) {
		enum rpcs_expect_kind there = rpcs_expect_map_get(map, &both_expected.keys[i]);

		if (!both_expected.get(state, RPCS_STATE_EXPECTED, &both_expected.keys[i], &kind))
			return true;
		if (there == RPCS_EXPECT_NOTHING && both_expected.answered[i])
			gone++;
		else if (there != kind)
			return true;
	}
	for (i = 0; i < map->sets; i++)
		for (way = 0; way < RPCS_SET_WAYS; way++)
			count += map->rooms[i].set.words[way] != 0;
	return count < both_expected.count - gone || count > both_expected.count;
}

#endif

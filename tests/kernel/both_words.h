/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both engines have in sets of words, held against each other: awaited replies, calls seen. */
#ifndef TESTS_KERNEL_BOTH_WORDS_H
#define TESTS_KERNEL_BOTH_WORDS_H

#include <string.h>

#include "source/dated_map.h"
#include "source/expect_map.h"
#include "source/state_private.h"

enum {
	BOTH_KEYS_MAX = 256, /* a script has 40 frames */
	BOTH_KEY_BYTES = sizeof(struct rpcs_first_key),
};

/**
 * The keys that the native engine has put in, since the kernel's maps have only hashes of them.
 * Of replies, whether it has looked for them since: one that was answered may have made room.
 */
struct both_keys {
	uint8_t key[BOTH_KEYS_MAX][BOTH_KEY_BYTES];
	bool answered[BOTH_KEYS_MAX];
	uint32_t count;
};

static struct {
	struct both_keys keys[RPCS_STATE_KINDS]; /* of EXPECTED, FIRSTS and SILENCED */
	bool (*get)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    void *ret_value);
	void (*put)(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		    const void *value);
} both_words;

static size_t both_key_len(enum rpcs_state_kind kind)
{
	return kind == RPCS_STATE_FIRSTS ? sizeof(struct rpcs_first_key)
					 : sizeof(struct rpcs_expect_key);
}

/* Its place among the keys, or the next one. */
static uint32_t both_key_place(enum rpcs_state_kind kind, const void *key)
{
	const struct both_keys *keys = &both_words.keys[kind];
	uint32_t i;

	for (i = 0; i < keys->count; i++)
		if (memcmp(keys->key[i], key, both_key_len(kind)) == 0)
			break;
	return i;
}

static bool both_words_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
			   void *ret_value)
{
	if (kind == RPCS_STATE_EXPECTED)
		both_words.keys[kind].answered[both_key_place(kind, key) % BOTH_KEYS_MAX] = true;
	return both_words.get(state, kind, key, ret_value);
}

static void both_words_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
			   const void *value)
{
	struct both_keys *keys = &both_words.keys[kind];
	uint32_t i;

	both_words.put(state, kind, key, value);
	if (kind != RPCS_STATE_EXPECTED && kind != RPCS_STATE_FIRSTS && kind != RPCS_STATE_SILENCED)
		return;
	i = both_key_place(kind, key);
	/* Single frames without end are not held against each other that way. */
	if (i == BOTH_KEYS_MAX)
		return;
	memcpy(keys->key[i], key, both_key_len(kind));
	keys->answered[i] = false;
	keys->count += i == keys->count;
}

/** From here on; the kernel's maps, by their kinds, are emptied. */
static void both_words_begin(const struct rpcs_word_map maps[RPCS_STATE_KINDS],
			     struct rpcs_state *state)
{
	int kind;

	for (kind = 0; kind < RPCS_STATE_KINDS; kind++) {
		if (maps[kind].rooms)
			memset(maps[kind].rooms, 0, maps[kind].sets * sizeof(*maps[kind].rooms));
		both_words.keys[kind].count = 0;
	}
	both_words.get = state->get;
	both_words.put = state->put;
	state->get = both_words_get;
	state->put = both_words_put;
}

static uint32_t both_words_count(const struct rpcs_word_map *map)
{
	uint32_t i, way, count = 0;

	for (i = 0; i < map->sets; i++)
		for (way = 0; way < RPCS_SET_WAYS; way++)
			count += map->rooms[i].set.words[way] != 0;
	return count;
}

/** Does the kernel await other replies than the native engine, or for other reasons? */
static bool both_expected_differ(const struct rpcs_word_map *map, struct rpcs_state *state)
{
	const struct both_keys *keys = &both_words.keys[RPCS_STATE_EXPECTED];
	uint32_t i, count = both_words_count(map), gone = 0, kind;
	struct rpcs_expect_key key;

	assert_true(keys->count < BOTH_KEYS_MAX);
	for (i = 0; i < keys->count; i++) {
		enum rpcs_expect_kind there;

		memcpy(&key, keys->key[i], sizeof(key));
		there = rpcs_expect_map_get(map, &key);
		if (!both_words.get(state, RPCS_STATE_EXPECTED, &key, &kind))
			return true;
		if (there == RPCS_EXPECT_NOTHING && keys->answered[i])
			gone++;
		else if (there != kind)
			return true;
	}
	return count < keys->count - gone || count > keys->count;
}

static uint64_t both_dated_hash(const struct rpcs_word_map *map, enum rpcs_state_kind kind,
				const uint8_t *bytes)
{
	struct rpcs_expect_key reply;
	struct rpcs_first_key call;

	if (kind == RPCS_STATE_FIRSTS) {
		memcpy(&call, bytes, sizeof(call));
		return rpcs_first_key_hash(rpcs_word_map_seed(map), &call);
	}
	memcpy(&reply, bytes, sizeof(reply));
	return rpcs_expect_key_hash(rpcs_word_map_seed(map), &reply);
}

/** Has the kernel seen, or suppressed, other calls than the native engine, or at other times? */
static bool both_dated_differ(const struct rpcs_word_map *map, struct rpcs_state *state,
			      enum rpcs_state_kind kind)
{
	const struct both_keys *keys = &both_words.keys[kind];
	uint32_t i, tick, there = 0;
	uint64_t ns;

	assert_true(keys->count < BOTH_KEYS_MAX);
	for (i = 0; i < keys->count; i++) {
		if (!both_words.get(state, kind, keys->key[i], &ns))
			return true;
		/* A silence that was taken back. */
		if (!ns && kind == RPCS_STATE_SILENCED)
			continue;
		there++;
		if (!rpcs_dated_map_get(map, both_dated_hash(map, kind, keys->key[i]), &tick) ||
		    tick != rpcs_dated_tick(ns))
			return true;
	}
	return both_words_count(map) != there;
}

#endif

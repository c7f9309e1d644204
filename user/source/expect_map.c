// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's hands on the replies that the kernel awaits. */
#include "expect_map.h"

enum {
	/* For each reply that is awaited: answered ones lie there too, and chance fills sets. */
	WAYS_EACH = 4,
	PUT_TRIES = 8,
};

uint32_t rpcs_expect_map_sets(uint64_t replies)
{
	return rpcs_word_map_sets(WAYS_EACH * replies);
}

static struct rpcs_word_set *set_of(const struct rpcs_word_map *map,
				    const struct rpcs_expect_key *key, uint64_t *ret_hash)
{
	*ret_hash = rpcs_expect_key_hash(rpcs_word_map_seed(map), key);
	return rpcs_word_map_set(map, *ret_hash);
}

enum rpcs_expect_kind rpcs_expect_map_get(const struct rpcs_word_map *map,
					  const struct rpcs_expect_key *key)
{
	uint64_t hash;
	struct rpcs_word_set *set = set_of(map, key, &hash);

	return rpcs_expect_take(set, rpcs_word_way_of(set, hash), hash, false);
}

/* What the kernel's clock says of a set: jiffies are not to be had here. */
static uint32_t last_tick(const struct rpcs_word_set *set)
{
	uint32_t last = 0, tick, i;
	bool any = false;
	uint64_t word;

	for (i = 0; i < RPCS_SET_WAYS; i++) {
		word = rpcs_word_at(set, i);
		tick = word >> RPCS_EXPECT_TICK_BIT & RPCS_EXPECT_TICKS;
		/* Ticks come round: younger is what is ahead by less than half of them. */
		if (word &&
		    (!any || ((tick - last) & RPCS_EXPECT_TICKS) <= RPCS_EXPECT_TICKS / 2)) {
			last = tick;
			any = true;
		}
	}
	return last;
}

/*
 * Judged and dated by one look, since the kernel's clock goes on meanwhile. Where others are
 * always faster the kernel knows less than the agent: a reply that is kept off the ring counts
 * as suppressed.
 */
void rpcs_expect_map_put(const struct rpcs_word_map *map, const struct rpcs_expect_key *key,
			 enum rpcs_expect_kind kind)
{
	uint64_t hash, word;
	struct rpcs_word_set *set = set_of(map, key, &hash), seen;
	uint32_t tick, way, i;

	for (i = 0; i < PUT_TRIES; i++) {
		for (way = 0; way < RPCS_SET_WAYS; way++)
			seen.words[way] = rpcs_word_at(set, way);
		tick = last_tick(&seen);
		way = rpcs_set_way(rpcs_expect_victim(&seen, hash, tick));
		word = rpcs_expect_word(hash, kind, tick);
		if (rpcs_word_swap(set, way, seen.words[way], word))
			return;
	}
}

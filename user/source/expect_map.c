// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's hands on the replies that the kernel awaits. */
#include "expect_map.h"

#include <errno.h>

#include "set_map.h"

enum {
	/* For each reply that is awaited: answered ones lie there too, and chance fills sets. */
	WAYS_EACH = 4,
	PUT_TRIES = 8,
};

uint32_t rpcs_expect_map_sets(uint64_t replies)
{
	return (uint32_t)((WAYS_EACH * replies + RPCS_SET_WAYS - 1) / RPCS_SET_WAYS);
}

int rpcs_expect_map_open(struct rpcs_expect_map *map, int fd)
{
	map->rooms = rpcs_set_map_open(fd, sizeof(*map->rooms), &map->sets);
	return map->rooms ? 0 : -errno;
}

void rpcs_expect_map_close(struct rpcs_expect_map *map)
{
	rpcs_set_map_close(map->rooms, sizeof(*map->rooms), map->sets);
	map->rooms = NULL;
}

static struct rpcs_expect_set *set_of(const struct rpcs_expect_map *map,
				      const struct rpcs_expect_key *key, uint64_t *ret_hash)
{
	*ret_hash = rpcs_expect_key_hash(&map->rooms[map->sets].seed, key);
	return &map->rooms[rpcs_set_of(*ret_hash, map->sets)].set;
}

enum rpcs_expect_kind rpcs_expect_map_get(const struct rpcs_expect_map *map,
					  const struct rpcs_expect_key *key)
{
	uint64_t hash;
	struct rpcs_expect_set *set = set_of(map, key, &hash);

	return rpcs_expect_take(set, rpcs_expect_way_of(set, hash), hash, false);
}

/* What the kernel's clock says of a set: jiffies are not to be had here. */
static uint32_t last_tick(const struct rpcs_expect_set *set)
{
	uint32_t last = 0, tick, i;
	bool any = false;
	uint64_t word;

	for (i = 0; i < RPCS_SET_WAYS; i++) {
		word = rpcs_expect_at(set, i);
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
void rpcs_expect_map_put(const struct rpcs_expect_map *map, const struct rpcs_expect_key *key,
			 enum rpcs_expect_kind kind)
{
	uint64_t hash, word;
	struct rpcs_expect_set *set = set_of(map, key, &hash), seen;
	uint32_t tick, way, i;

	for (i = 0; i < PUT_TRIES; i++) {
		for (way = 0; way < RPCS_SET_WAYS; way++)
			seen.words[way] = rpcs_expect_at(set, way);
		tick = last_tick(&seen);
		way = rpcs_set_way(rpcs_expect_victim(&seen, hash, tick));
		word = rpcs_expect_word(hash, kind, tick);
		if (__sync_bool_compare_and_swap(&set->words[way], seen.words[way], word))
			return;
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's hands on the kernel's flows. */
#include "flow_map.h"

#include <errno.h>

#include "set_map.h"

enum {
	/* To put a flow in while others take the places: packets come singly. */
	INSERT_TRIES = 8,
};

uint32_t rpcs_flow_map_sets(uint64_t flows)
{
	/* Half of the ways are spare: else chance would fill single sets long before. */
	return (uint32_t)((2 * flows + RPCS_SET_WAYS - 1) / RPCS_SET_WAYS);
}

int rpcs_flow_map_open(struct rpcs_flow_map *map, int fd)
{
	map->rooms = rpcs_set_map_open(fd, sizeof(*map->rooms), &map->sets);
	return map->rooms ? 0 : -errno;
}

void rpcs_flow_map_close(struct rpcs_flow_map *map)
{
	rpcs_set_map_close(map->rooms, sizeof(*map->rooms), map->sets);
	map->rooms = NULL;
}

/* The set that a flow belongs into, and its hash and words. */
static struct rpcs_flow_set *set_of(const struct rpcs_flow_map *map,
				    const struct rpcs_flow_key *key,
				    struct rpcs_flow_words *ret_words, uint64_t *ret_hash)
{
	rpcs_flow_words_fill(ret_words, key);
	*ret_hash = rpcs_flow_hash(&map->rooms[map->sets].seed, ret_words);
	return &map->rooms[rpcs_set_of(*ret_hash, map->sets)].set;
}

/* What the kernel's clock says of a set: jiffies are not to be had here. */
static uint32_t last_touched(const struct rpcs_flow_set *set)
{
	uint32_t last = set->touched[0], i;

	for (i = 1; i < RPCS_SET_WAYS; i++)
		if ((int32_t)(set->touched[i] - last) > 0)
			last = set->touched[i];
	return last;
}

/* A look from here touches nothing: it is the traffic that keeps a flow in the map. */
static struct rpcs_flow_slot *slot_in(struct rpcs_flow_set *set,
				      const struct rpcs_flow_words *words, uint64_t hash)
{
	uint32_t way = rpcs_flow_way_of(set, words, hash);

	return way < RPCS_SET_WAYS ? &set->slots[way] : NULL;
}

static struct rpcs_flow_slot *slot_of(const struct rpcs_flow_map *map,
				      const struct rpcs_flow_key *key)
{
	struct rpcs_flow_words words;
	struct rpcs_flow_set *set;
	uint64_t hash;

	set = set_of(map, key, &words, &hash);
	return slot_in(set, &words, hash);
}

bool rpcs_flow_map_get(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
		       struct rpcs_flow_value *ret_value)
{
	const struct rpcs_flow_slot *slot = slot_of(map, key);

	if (!slot)
		return false;
	rpcs_flow_slot_get(slot, ret_value);
	/* Another flow's by now? */
	return slot_of(map, key) == slot;
}

bool rpcs_flow_map_change(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
			  const struct rpcs_flow_value *old, const struct rpcs_flow_value *value)
{
	struct rpcs_flow_slot *slot = slot_of(map, key);

	if (!slot)
		return false;
	if (old->state != value->state &&
	    !__sync_bool_compare_and_swap(&slot->value.state, old->state, value->state))
		return false;
	slot->value.wanted = value->wanted;
	return true;
}

/*
 * Where others are always faster the kernel knows less than the agent: the flow stays with the
 * agent, which finds its records by what they look like.
 */
void rpcs_flow_map_put(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
		       const struct rpcs_flow_value *value)
{
	struct rpcs_flow_words words;
	struct rpcs_flow_slot *slot;
	struct rpcs_flow_set *set;
	uint64_t hash;
	int i;

	set = set_of(map, key, &words, &hash);
	for (i = 0; i < INSERT_TRIES; i++) {
		slot = slot_in(set, &words, hash);
		if (slot) {
			slot->value.wanted = value->wanted;
			rpcs_flow_slot_note(slot, value);
			__sync_lock_test_and_set(&slot->value.state, value->state);
			return;
		}
		if (rpcs_flow_slot_insert(set, &words, hash, value, last_touched(set)) !=
		    RPCS_FLOW_RACED)
			return;
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's hands on the kernel's flows. */
#include "flow_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "../base/hash.h"
#include "map_memory.h"

enum {
	/* To put a flow in while others take the places: packets come singly. */
	INSERT_TRIES = 8,
};

uint32_t rpcs_flow_map_sets(uint64_t flows)
{
	/* Half of the ways are spare: else chance would fill single sets long before. */
	return (uint32_t)((2 * flows + RPCS_FLOW_WAYS - 1) / RPCS_FLOW_WAYS);
}

static size_t map_bytes(uint32_t sets)
{
	return ((size_t)sets + 1) * sizeof(union rpcs_flow_room);
}

int rpcs_flow_map_open(struct rpcs_flow_map *map, int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	void *rooms;

	*map = (struct rpcs_flow_map){ 0 };
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.value_size != sizeof(*map->rooms) || info.max_entries < 2)
		return -EINVAL;
	rooms = rpcs_map_memory(fd, map_bytes(info.max_entries - 1));
	if (!rooms)
		return -errno;
	map->rooms = rooms;
	map->sets = info.max_entries - 1;
	return 0;
}

void rpcs_flow_map_close(struct rpcs_flow_map *map)
{
	if (map->rooms)
		munmap(map->rooms, map_bytes(map->sets));
	map->rooms = NULL;
}

int rpcs_flow_map_set_seed(int fd, uint32_t sets, const struct rpcs_flow_seed *seed)
{
	union rpcs_flow_room room = { .set = { { 0 } } };

	room.seed = *seed;
	return bpf_map_update_elem(fd, &sets, &room, BPF_ANY) ? -errno : 0;
}

int rpcs_flow_map_seed(int fd, uint32_t sets, struct rpcs_flow_seed *ret_seed)
{
	static const struct rpcs_flow_seed none;
	struct rpcs_hash_seed fresh[3];
	union rpcs_flow_room room;
	int i, err;

	if (fd >= 0) {
		if (bpf_map_lookup_elem(fd, &sets, &room))
			return -errno;
		*ret_seed = room.seed;
		if (memcmp(ret_seed, &none, sizeof(none)))
			return 0;
	}
	for (i = 0; i < 3; i++) {
		err = rpcs_hash_seed_random(&fresh[i]);
		if (err)
			return err;
	}
	memcpy(ret_seed, fresh, sizeof(*ret_seed));
	return 0;
}

/* The set that a flow belongs into, and its hash and words. */
static struct rpcs_flow_set *set_of(const struct rpcs_flow_map *map,
				    const struct rpcs_flow_key *key,
				    struct rpcs_flow_words *ret_words, uint64_t *ret_hash)
{
	rpcs_flow_words_fill(ret_words, key);
	*ret_hash = rpcs_flow_hash(&map->rooms[map->sets].seed, ret_words);
	return &map->rooms[rpcs_flow_set_of(*ret_hash, map->sets)].set;
}

/* What the kernel's clock says of a set: jiffies are not to be had here. */
static uint32_t last_touched(const struct rpcs_flow_set *set)
{
	uint32_t last = set->touched[0], i;

	for (i = 1; i < RPCS_FLOW_WAYS; i++)
		if ((int32_t)(set->touched[i] - last) > 0)
			last = set->touched[i];
	return last;
}

/* A look from here touches nothing: it is the traffic that keeps a flow in the map. */
static struct rpcs_flow_slot *slot_in(struct rpcs_flow_set *set,
				      const struct rpcs_flow_words *words, uint64_t hash)
{
	uint32_t way = rpcs_flow_way_of(set, words, hash);

	return way < RPCS_FLOW_WAYS ? &set->slots[way] : NULL;
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

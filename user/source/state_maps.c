// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel's programs remember, through their maps: no right but the descriptors. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "dated_map.h"
#include "expect_map.h"
#include "flow_map.h"
#include "map_memory.h"
#include "state_private.h"

struct maps {
	struct rpcs_state state;
	struct rpcs_flow_map flows;
	struct rpcs_word_map words[RPCS_STATE_KINDS]; /* of EXPECTED, FIRSTS and SILENCED */
	int fragments;				      /* the caller's */
};

static const size_t ports_bytes = sizeof(struct rpcs_ports);
static const size_t rules_bytes = RPCS_RULES_SHOWN_MAX * sizeof(struct rpcs_rule_hits);

/* The hash of a key of those two maps. */
static uint64_t dated_hash(const struct rpcs_word_map *map, enum rpcs_state_kind kind,
			   const void *key)
{
	const struct rpcs_set_seed *seed = rpcs_word_map_seed(map);

	return kind == RPCS_STATE_FIRSTS ? rpcs_first_key_hash(seed, key)
					 : rpcs_expect_key_hash(seed, key);
}

/* Nanoseconds of the kernel's coarse clock, to a tick; never 0. */
static bool dated_get(const struct rpcs_word_map *map, uint64_t hash, uint64_t *ret_ns)
{
	uint32_t tick = 0;
	bool known = rpcs_dated_map_get(map, hash, &tick);

	*ret_ns = ((uint64_t)tick << RPCS_DATED_TICK_SHIFT) + 1;
	return known;
}

static bool maps_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     void *ret_value)
{
	const struct maps *maps = (const struct maps *)state;
	const struct rpcs_word_map *map = &maps->words[kind];

	if (kind == RPCS_STATE_FLOWS)
		return rpcs_flow_map_get(&maps->flows, key, ret_value);
	if (kind == RPCS_STATE_FRAGMENTS)
		return !bpf_map_lookup_elem(maps->fragments, key, ret_value);
	if (!map->rooms)
		return false;
	if (kind != RPCS_STATE_EXPECTED)
		return dated_get(map, dated_hash(map, kind, key), ret_value);
	*(uint32_t *)ret_value = rpcs_expect_map_get(map, key);
	return true;
}

/*
 * An LRU map refuses only what it has no memory for at this moment, a set what others were faster
 * with. Then the kernel knows less than the agent.
 */
static void maps_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     const void *value)
{
	const struct maps *maps = (const struct maps *)state;
	const struct rpcs_word_map *map = &maps->words[kind];

	if (kind == RPCS_STATE_FLOWS)
		rpcs_flow_map_put(&maps->flows, key, value);
	else if (kind == RPCS_STATE_FRAGMENTS)
		bpf_map_update_elem(maps->fragments, key, value, BPF_ANY);
	else if (map->rooms && kind == RPCS_STATE_EXPECTED)
		rpcs_expect_map_put(map, key, *(const uint32_t *)value);
	else if (map->rooms)
		/* Of suppressed calls 0 is one taken back; a capture's clock may begin there. */
		rpcs_dated_map_put(map, dated_hash(map, kind, key),
				   *(const uint64_t *)value | (kind == RPCS_STATE_FIRSTS));
}

static bool maps_flow_change(struct rpcs_state *state, const struct rpcs_flow_key *key,
			     const struct rpcs_flow_value *old, const struct rpcs_flow_value *value)
{
	return rpcs_flow_map_change(&((struct maps *)state)->flows, key, old, value);
}

static void maps_release(struct rpcs_state *state)
{
	int i;

	if (state->ports)
		munmap(state->ports, ports_bytes);
	if (state->rules)
		munmap(state->rules, rules_bytes);
	rpcs_flow_map_close(&((struct maps *)state)->flows);
	for (i = 0; i < RPCS_STATE_KINDS; i++)
		rpcs_word_map_close(&((struct maps *)state)->words[i]);
	free(state);
}

struct rpcs_state *rpcs_state_maps(const struct rpcs_state_fds *fds)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	struct rpcs_state *state;
	int err;

	if (!maps)
		return NULL;
	*maps = (struct maps){
		.state = { .get = maps_get,
			   .put = maps_put,
			   .flow_change = maps_flow_change,
			   .release = maps_release },
		.fragments = fds->fragments,
	};
	state = &maps->state;
	state->ports = rpcs_map_memory(fds->ports, ports_bytes);
	if (state->ports)
		state->rules = rpcs_map_memory(fds->rules, rules_bytes);
	err = state->rules ? rpcs_flow_map_open(&maps->flows, fds->flows) : -errno;
	if (!err)
		err = rpcs_word_map_open(&maps->words[RPCS_STATE_EXPECTED], fds->expected);
	if (!err && fds->firsts >= 0)
		err = rpcs_word_map_open(&maps->words[RPCS_STATE_FIRSTS], fds->firsts);
	if (!err && fds->silenced >= 0)
		err = rpcs_word_map_open(&maps->words[RPCS_STATE_SILENCED], fds->silenced);
	if (err) {
		rpcs_state_free(&state);
		errno = -err;
	}
	return state;
}

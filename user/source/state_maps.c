// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel's programs remember, through their maps: no right but the descriptors. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "expect_map.h"
#include "flow_map.h"
#include "map_memory.h"
#include "state_private.h"

struct maps {
	struct rpcs_state state;
	struct rpcs_flow_map flows;
	struct rpcs_expect_map expected;
	int fd[RPCS_STATE_KINDS]; /* the caller's; of these two there is the memory */
};

static const size_t ports_bytes = sizeof(struct rpcs_ports);
static const size_t rules_bytes = RPCS_RULES_SHOWN_MAX * sizeof(struct rpcs_rule_hits);

static bool maps_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     void *ret_value)
{
	const struct maps *maps = (const struct maps *)state;

	if (kind == RPCS_STATE_FLOWS)
		return rpcs_flow_map_get(&maps->flows, key, ret_value);
	if (kind == RPCS_STATE_EXPECTED) {
		*(uint32_t *)ret_value = rpcs_expect_map_get(&maps->expected, key);
		return true;
	}
	return !bpf_map_lookup_elem(maps->fd[kind], key, ret_value);
}

/*
 * An LRU map refuses only what it has no memory for at this moment. Then the
 * kernel knows less than the agent.
 */
static void maps_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     const void *value)
{
	const struct maps *maps = (const struct maps *)state;

	if (kind == RPCS_STATE_FLOWS)
		rpcs_flow_map_put(&maps->flows, key, value);
	else if (kind == RPCS_STATE_EXPECTED)
		rpcs_expect_map_put(&maps->expected, key, *(const uint32_t *)value);
	else
		bpf_map_update_elem(maps->fd[kind], key, value, BPF_ANY);
}

static bool maps_flow_change(struct rpcs_state *state, const struct rpcs_flow_key *key,
			     const struct rpcs_flow_value *old, const struct rpcs_flow_value *value)
{
	return rpcs_flow_map_change(&((struct maps *)state)->flows, key, old, value);
}

static void maps_release(struct rpcs_state *state)
{
	if (state->ports)
		munmap(state->ports, ports_bytes);
	if (state->rules)
		munmap(state->rules, rules_bytes);
	rpcs_flow_map_close(&((struct maps *)state)->flows);
	rpcs_expect_map_close(&((struct maps *)state)->expected);
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
		.fd = { [RPCS_STATE_FRAGMENTS] = fds->fragments,
			[RPCS_STATE_FIRSTS] = fds->firsts,
			[RPCS_STATE_SILENCED] = fds->silenced },
	};
	state = &maps->state;
	state->ports = rpcs_map_memory(fds->ports, ports_bytes);
	if (state->ports)
		state->rules = rpcs_map_memory(fds->rules, rules_bytes);
	err = state->rules ? rpcs_flow_map_open(&maps->flows, fds->flows) : -errno;
	if (!err)
		err = rpcs_expect_map_open(&maps->expected, fds->expected);
	if (err) {
		rpcs_state_free(&state);
		errno = -err;
	}
	return state;
}

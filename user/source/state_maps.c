// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel's programs remember, through their maps: no right but the descriptors. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "state_private.h"

struct maps {
	struct rpcs_state state;
	int fd[RPCS_STATE_KINDS]; /* the caller's */
	size_t mapped;		  /* bytes at state.ports */
};

static bool maps_get(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     void *ret_value)
{
	return !bpf_map_lookup_elem(((struct maps *)state)->fd[kind], key, ret_value);
}

/*
 * An LRU map refuses only what it has no memory for at this moment. Then the
 * kernel knows less than the agent: a flow stays with the agent, a reply that is
 * kept off the ring counts as suppressed.
 */
static void maps_put(struct rpcs_state *state, enum rpcs_state_kind kind, const void *key,
		     const void *value)
{
	bpf_map_update_elem(((struct maps *)state)->fd[kind], key, value, BPF_ANY);
}

static void maps_release(struct rpcs_state *state)
{
	munmap(state->ports, ((struct maps *)state)->mapped);
	free(state);
}

struct rpcs_state *rpcs_state_maps(const struct rpcs_state_fds *fds)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	*maps = (struct maps){
		.state = { .get = maps_get, .put = maps_put, .release = maps_release },
		.fd = { [RPCS_STATE_FLOWS] = fds->flows,
			[RPCS_STATE_FRAGMENTS] = fds->fragments,
			[RPCS_STATE_FIRSTS] = fds->firsts,
			[RPCS_STATE_EXPECTED] = fds->expected },
		.mapped = (sizeof(struct rpcs_ports) + page - 1) / page * page,
	};
	maps->state.ports =
		mmap(NULL, maps->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fds->ports, 0);
	if (maps->state.ports == MAP_FAILED) {
		free(maps);
		return NULL;
	}
	return &maps->state;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flows of both engines, held against each other. */
#ifndef TESTS_KERNEL_BOTH_FLOWS_H
#define TESTS_KERNEL_BOTH_FLOWS_H

#include <string.h>

#include "source/flow_map.h"
#include "source/state.h"

/** Is each flow in the kernel's map as the native engine has it, and found there? */
static bool both_flows_differ(const struct rpcs_flow_map *flows, struct rpcs_state *state)
{
	struct rpcs_flow_value native, kernel;
	struct rpcs_flow_key key;
	uint32_t i, way;

	for (i = 0; i < flows->sets; i++)
		for (way = 0; way < RPCS_SET_WAYS; way++) {
			const struct rpcs_flow_set *set = &flows->rooms[i].set;

			if (!set->tags[way])
				continue;
			memcpy(key.src, set->slots[way].src, sizeof(key.src));
			memcpy(key.dst, set->slots[way].dst, sizeof(key.dst));
			key.sport = (uint16_t)(set->slots[way].value.ports >> 16);
			key.dport = (uint16_t)set->slots[way].value.ports;
			if (!rpcs_flow_map_get(flows, &key, &kernel) ||
			    !rpcs_state_flow_get(state, &key, &native) ||
			    memcmp(&native, &kernel, sizeof(native)))
				return true;
		}
	return false;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's map `flows` in this process's memory: see rpcsentry/flow_set.h. */
#ifndef RPCSENTRY_SOURCE_FLOW_MAP_H
#define RPCSENTRY_SOURCE_FLOW_MAP_H

#include <rpcsentry/flow_set.h>
#include <stdint.h>

struct rpcs_flow_map {
	union rpcs_flow_room *rooms; /* shared with the kernel; NULL: not mapped */
	uint32_t sets;		     /* the seed is behind them */
};

/** How many sets hold `flows` directions of flows, nearly all of them at once. */
uint32_t rpcs_flow_map_sets(uint64_t flows);

/** Maps it. 0 or -errno. */
int rpcs_flow_map_open(struct rpcs_flow_map *map, int fd);
void rpcs_flow_map_close(struct rpcs_flow_map *map);

/** False: nothing is known of it. */
bool rpcs_flow_map_get(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
		       struct rpcs_flow_value *ret_value);
/** Puts a flow in, whatever is known of it. */
void rpcs_flow_map_put(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
		       const struct rpcs_flow_value *value);
/** As flow_change() of struct rpcs_state. */
bool rpcs_flow_map_change(const struct rpcs_flow_map *map, const struct rpcs_flow_key *key,
			  const struct rpcs_flow_value *old, const struct rpcs_flow_value *value);

#endif

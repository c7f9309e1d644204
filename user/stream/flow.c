// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of flows: bounded, oldest out first. */
#include "flow.h"

#include <errno.h>
#include <string.h>

#include "tcp.h"

/* flow_id has 51 bits, so that it survives JSON readers that keep numbers as doubles. */
#define FLOW_ID_MASK ((1ULL << 51) - 1)

int rpcs_flow_table_init(struct rpcs_flow_table *flows, uint32_t capacity, uint64_t idle_ns,
			 uint64_t held_limit, const struct rpcs_hash_seed *seed)
{
	struct rpcs_table *table = rpcs_table_new(capacity, sizeof(struct rpcs_flow_ends),
						  sizeof(struct rpcs_flow), seed);

	if (!table)
		return -ENOMEM;
	*flows = (struct rpcs_flow_table){ .table = table,
					   .seed = *seed,
					   .idle_ns = idle_ns,
					   .held_limit = held_limit };
	return 0;
}

static void flow_release(struct rpcs_flow_table *flows, struct rpcs_flow *flow)
{
	rpcs_half_drop(flows, &flow->half[0]);
	rpcs_half_drop(flows, &flow->half[1]);
}

void rpcs_flow_table_free(struct rpcs_flow_table *flows)
{
	struct rpcs_flow *flow;

	if (!flows->table)
		return;
	while ((flow = rpcs_table_oldest(flows->table, RPCS_LANE_FIRST))) {
		flow_release(flows, flow);
		rpcs_table_remove(flows->table, flow);
	}
	rpcs_table_free(&flows->table);
}

/* The sender's place: the lower address, then the lower port, is 0. */
static int ends_fill(struct rpcs_flow_ends *ends, const struct rpcs_tuple *tuple)
{
	int order = memcmp(&tuple->src, &tuple->dst, sizeof(tuple->src));
	int side = order > 0 || (order == 0 && tuple->sport > tuple->dport);

	memset(ends, 0, sizeof(*ends));
	ends->address[side] = tuple->src;
	ends->address[!side] = tuple->dst;
	ends->port[side] = tuple->sport;
	ends->port[!side] = tuple->dport;
	ends->protocol = tuple->protocol;
	return side;
}

static void flow_start(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns)
{
	struct {
		struct rpcs_flow_ends ends;
		uint64_t number;
	} key = { .ends = flow->ends, .number = flows->started++ };

	flow_release(flows, flow);
	memset((uint8_t *)flow + sizeof(flow->ends), 0, sizeof(*flow) - sizeof(flow->ends));
	flow->id = rpcs_hash(&flows->seed, &key, sizeof(key)) & FLOW_ID_MASK;
	if (flow->id == 0)
		flow->id = 1;
	flow->start_ns = flow->last_ns = time_ns;
}

static bool flow_has_ended(const struct rpcs_flow_table *flows, const struct rpcs_flow *flow,
			   uint64_t time_ns, bool syn, uint32_t seq, int side)
{
	if (flow->ends.protocol == 17)
		return time_ns > flow->last_ns && time_ns - flow->last_ns > flows->idle_ns;
	if (!syn)
		return false;
	/* The same SYN again is a retransmission. */
	return flow->closed || !flow->syn_seen[side] || flow->syn_seq[side] != seq;
}

struct rpcs_flow *rpcs_flow_get(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
				uint64_t time_ns, bool syn, uint32_t seq, int *ret_side)
{
	struct rpcs_flow_ends ends;
	struct rpcs_flow *flow;
	int side = ends_fill(&ends, tuple);

	flow = rpcs_table_find(flows->table, &ends);
	if (!flow) {
		if (rpcs_table_is_full(flows->table)) {
			flow = rpcs_table_oldest(flows->table, RPCS_LANE_FIRST);
			flow_release(flows, flow);
			rpcs_table_remove(flows->table, flow);
			flows->evicted++;
		}
		flow = rpcs_table_add(flows->table, &ends);
		flow_start(flows, flow, time_ns);
		flow->midstream = tuple->protocol == 6 && !syn;
	} else {
		rpcs_table_move(flows->table, flow, RPCS_LANE_FIRST);
		if (flow_has_ended(flows, flow, time_ns, syn, seq, side))
			flow_start(flows, flow, time_ns);
	}
	flow->last_ns = time_ns;
	*ret_side = side;
	return flow;
}

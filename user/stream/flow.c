// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of flows: bounded, oldest out first. */
#include "flow.h"

#include <errno.h>
#include <string.h>

#include <rpcsentry/cursor.h>

#include "../base/join.h"
#include "tcp.h"

enum { UDP = 17 };

int rpcs_flow_table_init(struct rpcs_flow_table *flows, uint32_t capacity, uint64_t idle_ns,
			 uint64_t held_limit, const struct rpcs_hash_seed *seed)
{
	*flows = (struct rpcs_flow_table){
		.capacity = capacity, .seed = *seed, .idle_ns = idle_ns, .held_limit = held_limit
	};
	flows->table = rpcs_table_new(capacity, sizeof(struct rpcs_flow_ends),
				      sizeof(struct rpcs_flow), seed);
	flows->udp = rpcs_table_new(capacity, sizeof(struct rpcs_flow_ends),
				    sizeof(struct rpcs_udp_flow), seed);
	if (flows->table && flows->udp)
		return 0;
	rpcs_flow_table_free(flows);
	return -ENOMEM;
}

static void flow_release(struct rpcs_flow_table *flows, struct rpcs_flow *flow)
{
	rpcs_half_release(flows, &flow->half[0]);
	rpcs_half_release(flows, &flow->half[1]);
}

void rpcs_flow_table_free(struct rpcs_flow_table *flows)
{
	struct rpcs_flow *flow;
	int lane;

	for (lane = 0; flows->table && lane < RPCS_LANE__MAX; lane++) {
		while ((flow = rpcs_table_oldest(flows->table, lane))) {
			flow_release(flows, flow);
			rpcs_table_remove(flows->table, flow);
		}
	}
	rpcs_table_free(&flows->table);
	rpcs_table_free(&flows->udp);
	flows->kept = NULL;
}

/* Is the sender's address, then its port, the higher one? */
static bool is_higher(const struct rpcs_tuple *tuple)
{
	uint64_t src = rpcs_load_be64(tuple->src.bytes), dst = rpcs_load_be64(tuple->dst.bytes);

	if (src == dst) {
		src = rpcs_load_be64(tuple->src.bytes + 8);
		dst = rpcs_load_be64(tuple->dst.bytes + 8);
	}
	return src > dst || (src == dst && tuple->sport > tuple->dport);
}

/* Returns the sender's index: the lower address, then the lower port, is 0. */
static int ends_fill(struct rpcs_flow_ends *ends, const struct rpcs_tuple *tuple)
{
	int side = is_higher(tuple);
	const uint32_t ports = side ? rpcs_join_16(tuple->dport, tuple->sport)
				    : rpcs_join_16(tuple->sport, tuple->dport);

	ends->address[side] = tuple->src;
	ends->address[!side] = tuple->dst;
	ends->last = rpcs_join_32(ports, tuple->protocol);
	return side;
}

/* Where a run's ids begin is the first packet's: two captures, or two runs, seldom share one. */
static uint64_t id_before(const struct rpcs_flow_table *flows, const struct rpcs_flow_ends *ends,
			  uint64_t time_ns)
{
	struct {
		struct rpcs_flow_ends ends;
		uint64_t time_ns;
	} first = { .ends = *ends, .time_ns = time_ns };

	return rpcs_hash(&flows->seed, &first, sizeof(first));
}

/* Each of a run is another one. */
static uint64_t next_id(struct rpcs_flow_table *flows, const struct rpcs_flow_ends *ends,
			uint64_t time_ns)
{
	if (!flows->started++)
		flows->last_id = id_before(flows, ends, time_ns);
	do
		flows->last_id = (flows->last_id + RPCS_FLOW_ID_STEP) & RPCS_FLOW_ID_MASK;
	while (!flows->last_id);
	return flows->last_id;
}

void rpcs_flow_restart(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns)
{
	flow_release(flows, flow);
	memset((uint8_t *)flow + sizeof(flow->ends), 0, sizeof(*flow) - sizeof(flow->ends));
	flow->id = next_id(flows, &flow->ends, time_ns);
	flow->start_ns = flow->last_ns = time_ns;
	rpcs_table_move(flows->table, flow, RPCS_LANE_FIRST);
}

void rpcs_flow_settle(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns)
{
	bool waiting = flow->half[0].held || flow->half[1].held || flow->half[0].gaps ||
		       flow->half[1].gaps;

	if (waiting == flow->waiting)
		return;
	flow->waiting = waiting;
	flow->waiting_ns = time_ns;
	rpcs_table_move(flows->table, flow, waiting ? RPCS_LANE_SECOND : RPCS_LANE_FIRST);
}

void rpcs_flow_tuple(const struct rpcs_flow *flow, int side, struct rpcs_tuple *ret_tuple)
{
	*ret_tuple = (struct rpcs_tuple){ .src = flow->ends.address[side],
					  .dst = flow->ends.address[!side],
					  .sport = flow->ends.port[side],
					  .dport = flow->ends.port[!side],
					  .protocol = (uint8_t)flow->ends.protocol };
}

int rpcs_flow_side(const struct rpcs_flow *flow, const struct rpcs_tuple *tuple)
{
	return !rpcs_address_equal(&flow->ends.address[0], &tuple->src) ||
	       flow->ends.port[0] != tuple->sport;
}

/* A SYN on a live connection: the server only asks back (RFC 5961 4), so the stream goes on. */
static void note_again(struct rpcs_flow *flow, int side, uint32_t seq)
{
	flow->again = true;
	flow->again_side = (uint8_t)side;
	flow->again_seq = seq;
}

static bool is_under_way(const struct rpcs_half *half)
{
	return half->in_step || half->held;
}

static void take_syn(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns,
		     uint32_t seq, int side)
{
	const struct rpcs_half *half = &flow->half[side];

	/* The same SYN again is a retransmission, unless something has come since. */
	if (!flow->closed && flow->syn_seen[side] && flow->syn_seq[side] == seq &&
	    (!half->in_step || half->next == seq + 1))
		return;
	/* Both sides may open at once (RFC 9293 3.5). */
	if (!flow->closed && !flow->syn_seen[side] && flow->syn_seen[!side] &&
	    !flow->half[side].in_step)
		return;
	if (!flow->closed && (rpcs_flow_handshake(flow) || is_under_way(&flow->half[0]) ||
			      is_under_way(&flow->half[1]))) {
		note_again(flow, side, seq);
	} else {
		if (flows->leave)
			flows->leave(flows->leave_arg, flow);
		rpcs_flow_restart(flows, flow, time_ns);
	}
}

/* Makes room for one more: the flow without waiting segments goes that was used longest ago. */
static void make_room(struct rpcs_flow_table *flows)
{
	struct rpcs_udp_flow *udp;
	struct rpcs_flow *flow;

	if (rpcs_table_count(flows->table) + rpcs_table_count(flows->udp) < flows->capacity)
		return;
	flows->evicted++;
	udp = rpcs_table_oldest(flows->udp, RPCS_LANE_FIRST);
	flow = rpcs_table_oldest(flows->table, RPCS_LANE_FIRST);
	if (udp && (!flow || udp->last_ns <= flow->last_ns)) {
		rpcs_table_remove(flows->udp, udp);
		return;
	}
	if (!flow)
		flow = rpcs_table_oldest(flows->table, RPCS_LANE_SECOND);
	if (flows->leave)
		flows->leave(flows->leave_arg, flow);
	flow_release(flows, flow);
	rpcs_table_remove(flows->table, flow);
}

/* What stages behind have noted in the flow in hand. */
static void udp_put_back(struct rpcs_flow_table *flows)
{
	const struct rpcs_half *half = flows->in_hand.half;

	if (!flows->kept)
		return;
	flows->kept->word = flows->in_hand.id | half[0].rpc * RPCS_UDP_RPC |
			    half[0].caller * RPCS_UDP_CALLER | half[1].caller * 2 * RPCS_UDP_CALLER;
	flows->kept = NULL;
}

static struct rpcs_table *table_for(const struct rpcs_flow_table *flows, uint8_t protocol)
{
	return protocol == UDP ? flows->udp : flows->table;
}

static void place_fill(const struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
		       struct rpcs_flow_place *place)
{
	place->side = ends_fill(&place->ends, tuple);
	place->hash = rpcs_table_hash(table_for(flows, tuple->protocol), &place->ends);
}

/* As foreseen, if that was of this packet; else in `room`. */
static const struct rpcs_flow_place *place_of(const struct rpcs_flow_table *flows,
					      const struct rpcs_tuple *tuple,
					      struct rpcs_flow_place *room)
{
	if (flows->foreseen && rpcs_tuple_equal(&flows->foreseen->tuple, tuple))
		return flows->foreseen;
	place_fill(flows, tuple, room);
	return room;
}

static struct rpcs_flow *udp_get(struct rpcs_flow_table *flows, const struct rpcs_flow_place *place,
				 uint64_t time_ns)
{
	struct rpcs_flow *flow = &flows->in_hand;
	struct rpcs_udp_flow *udp;

	udp_put_back(flows);
	udp = rpcs_table_find_by(flows->udp, &place->ends, place->hash);
	if (!udp) {
		make_room(flows);
		udp = rpcs_table_add_by(flows->udp, &place->ends, place->hash);
	} else {
		rpcs_table_move(flows->udp, udp, RPCS_LANE_FIRST);
		if (time_ns > udp->last_ns && time_ns - udp->last_ns > flows->idle_ns)
			udp->word = 0;
	}
	if (!udp->word) {
		udp->word = next_id(flows, &place->ends, time_ns);
		udp->start_ns = time_ns;
	}
	udp->last_ns = time_ns;
	flow->ends = udp->ends;
	flow->id = udp->word & RPCS_FLOW_ID_MASK;
	flow->start_ns = udp->start_ns;
	flow->last_ns = time_ns;
	flow->half[0].rpc = flow->half[1].rpc = udp->word & RPCS_UDP_RPC;
	flow->half[0].caller = udp->word & RPCS_UDP_CALLER;
	flow->half[1].caller = udp->word & 2 * RPCS_UDP_CALLER;
	flows->kept = udp;
	return flow;
}

struct rpcs_flow *rpcs_flow_find(const struct rpcs_flow_table *flows,
				 const struct rpcs_tuple *tuple, int *ret_side)
{
	struct rpcs_flow_ends ends;

	*ret_side = ends_fill(&ends, tuple);
	return rpcs_table_find(flows->table, &ends);
}

void rpcs_flow_foresee(const struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
		       struct rpcs_foresight *foresight, struct rpcs_flow_place *ret_place)
{
	ret_place->tuple = *tuple;
	place_fill(flows, tuple, ret_place);
	ret_place->lookup =
		rpcs_foresee_by(foresight, table_for(flows, tuple->protocol), ret_place->hash);
}

uint64_t rpcs_flow_id_at(const void *entry, uint8_t protocol)
{
	const struct rpcs_udp_flow *udp = entry;
	const struct rpcs_flow *flow = entry;

	return protocol == UDP ? udp->word & RPCS_FLOW_ID_MASK : flow->id;
}

struct rpcs_flow *rpcs_flow_get(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
				uint64_t time_ns, bool syn, uint32_t seq, int *ret_side)
{
	struct rpcs_flow_place room;
	const struct rpcs_flow_place *place = place_of(flows, tuple, &room);
	struct rpcs_flow *flow;

	*ret_side = place->side;
	if (tuple->protocol == UDP)
		return udp_get(flows, place, time_ns);
	flow = rpcs_table_find_by(flows->table, &place->ends, place->hash);
	if (!flow) {
		make_room(flows);
		flow = rpcs_table_add_by(flows->table, &place->ends, place->hash);
		rpcs_flow_restart(flows, flow, time_ns);
		flow->midstream = tuple->protocol == 6 && !syn;
	} else if (syn) {
		take_syn(flows, flow, time_ns, seq, place->side);
	}
	/* A flow that waits keeps its place: the queue is by how long. */
	if (!flow->waiting)
		rpcs_table_move(flows->table, flow, RPCS_LANE_FIRST);
	flow->last_ns = time_ns;
	return flow;
}

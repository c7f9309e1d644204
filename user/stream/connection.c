// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Beginnings and ends of TCP connections, and what becomes of bytes that wait.
 * A control segment that does not fit the stream changes nothing: anybody can
 * send one, and hosts ignore it too.
 */
#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "decode.h"
#include "stream_private.h"

/* Several retransmission timeouts (RFC 6298: the first is 1 s): a hole this old was missed. */
#define HOLE_NS (3 * RPCS_NSEC_PER_SEC)

/* No more bytes will come on this flow: what its holes kept back is told. */
void rpcs_stream_take_rest(struct rpcs_stream *stream, struct rpcs_flow *flow)
{
	int side;

	for (side = 0; side < 2; side++) {
		stream->flow = flow;
		rpcs_flow_tuple(flow, side, &stream->tuple);
		rpcs_tcp_end(&stream->tcp, &flow->half[side]);
	}
}

/* The limit holds for all flows together: those that have waited longest give theirs up. */
void rpcs_stream_hold_limit(struct rpcs_stream *stream, uint64_t time_ns)
{
	struct rpcs_flow_table *flows = &stream->flows;
	struct rpcs_flow *flow;

	while (flows->held_bytes > flows->held_limit &&
	       (flow = rpcs_table_oldest(flows->table, RPCS_LANE_SECOND))) {
		rpcs_tcp_lose(&stream->tcp, &flow->half[0]);
		rpcs_tcp_lose(&stream->tcp, &flow->half[1]);
		rpcs_flow_settle(flows, flow, time_ns);
		flows->held_evicted++;
	}
}

/* Holes that a retransmission would have filled by now; a record that only comes slowly waits. */
void rpcs_stream_skip_holes(struct rpcs_stream *stream, uint64_t now_ns)
{
	struct rpcs_flow *flow;
	int side;

	while ((flow = rpcs_table_oldest(stream->flows.table, RPCS_LANE_SECOND)) &&
	       (flow->waiting_ns + HOLE_NS <= now_ns || flow->waiting_ns > now_ns + HOLE_NS)) {
		for (side = 0; side < 2; side++) {
			stream->flow = flow;
			rpcs_flow_tuple(flow, side, &stream->tuple);
			rpcs_tcp_skip_hole(&stream->tcp, &flow->half[side]);
		}
		/* To the end of the queue it belongs in. */
		flow->waiting = false;
		rpcs_table_move(stream->flows.table, flow, RPCS_LANE_FIRST);
		rpcs_flow_settle(&stream->flows, flow, now_ns);
	}
}

/* Its peer answers the SYN of another connection: that one is real. */
static void take_answer(struct rpcs_stream *stream, struct rpcs_flow *flow, int side, uint32_t ack,
			uint64_t time_ns)
{
	uint32_t seq = flow->again_seq;

	if (!flow->again || side == flow->again_side || ack != seq + 1)
		return;
	rpcs_stream_take_rest(stream, flow);
	rpcs_flow_restart(&stream->flows, flow, time_ns);
	flow->syn_seen[!side] = true;
	flow->syn_seq[!side] = seq;
	rpcs_tcp_begin(&stream->tcp, &flow->half[!side], seq + 1);
}

/* RST and FIN end a connection only where its stream is: anybody can send one elsewhere. */
static void take_end(struct rpcs_stream *stream, struct rpcs_flow *flow, int side, uint8_t flags,
		     uint32_t seq)
{
	const struct rpcs_half *half = &flow->half[side];

	if ((flags & RPCS_TCP_RST) && rpcs_tcp_fits(half, seq))
		flow->closed = true;
	/* A FIN's segment may have brought data, which was taken before it. */
	if ((flags & RPCS_TCP_FIN) &&
	    (rpcs_tcp_fits(half, seq) || half->next - seq < RPCS_PACKET_MAX))
		flow->fin_seen[side] = true;
	if (flow->fin_seen[0] && flow->fin_seen[1])
		flow->closed = true;
	if (flow->closed)
		rpcs_stream_take_rest(stream, flow);
}

void rpcs_stream_take_connection(struct rpcs_stream *stream,
				 const struct rpcs_record_connection *record, uint32_t len,
				 const struct rpcs_sighting *seen)
{
	struct rpcs_connection connection = { .seen = *seen };
	uint8_t flags = record->head.tcp_flags;
	bool opens = (flags & (RPCS_TCP_SYN | RPCS_TCP_ACK)) == RPCS_TCP_SYN;
	struct rpcs_flow *flow;
	int side;

	if (len < sizeof(*record)) {
		stream->counts.records_bad++;
		return;
	}
	rpcs_tuple_from_head(&connection.tuple, &record->head);
	connection.tcp_flags = flags;
	connection.seq = record->seq;
	connection.ack = record->ack;
	flow = rpcs_flow_get(&stream->flows, &connection.tuple, seen->time_ns, opens, record->seq,
			     &side);
	if ((flags & RPCS_TCP_SYN) && !opens)
		take_answer(stream, flow, side, record->ack, seen->time_ns);
	if ((flags & RPCS_TCP_SYN) && !flow->syn_seen[side] && !flow->half[side].in_step)
		rpcs_tcp_begin(&stream->tcp, &flow->half[side], record->seq + 1);
	if ((flags & RPCS_TCP_SYN) && !flow->syn_seen[side]) {
		flow->syn_seen[side] = true;
		flow->syn_seq[side] = record->seq;
	}
	if (flags & (RPCS_TCP_FIN | RPCS_TCP_RST))
		take_end(stream, flow, side, flags, record->seq);
	rpcs_flow_settle(&stream->flows, flow, seen->time_ns);
	stream->handler.connection(stream->handler.arg, &connection, flow);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Beginnings and ends of TCP connections, and what becomes of bytes that wait.
 * A control segment that does not fit the stream changes nothing: anybody can
 * send one, and hosts ignore it too.
 */
#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "decode.h"
#include "history.h"
#include "stream_private.h"

/* Several retransmission timeouts (RFC 6298: the first is 1 s): a hole this old was missed. */
#define HOLE_NS (3 * RPCS_NSEC_PER_SEC)

enum { CONTROL = RPCS_TCP_SYN | RPCS_TCP_ACK | RPCS_TCP_FIN | RPCS_TCP_RST };

/* No more bytes will come on this flow: what its holes kept back is told. */
void rpcs_stream_take_rest(struct rpcs_stream *stream, struct rpcs_flow *flow)
{
	const struct rpcs_sighting seen = { .time_ns = flow->last_ns };
	int side;

	for (side = 0; side < 2; side++) {
		stream->flow = flow;
		rpcs_flow_tuple(flow, side, &stream->tuple);
		rpcs_tcp_end(&stream->tcp, &flow->half[side]);
		rpcs_stream_settle(stream, flow, side, &seen);
	}
}

static bool is_over(const struct rpcs_flow_table *flows)
{
	return flows->held_bytes + flows->open_bytes + flows->history_bytes > flows->held_limit;
}

/* The limit holds for all flows together: those that have waited longest give theirs up. */
__attribute__((cold, noinline)) static void give_up(struct rpcs_stream *stream, uint64_t time_ns)
{
	struct rpcs_flow_table *flows = &stream->flows;
	struct rpcs_flow *flow;
	int side;

	while (is_over(flows) && rpcs_history_drop_oldest(flows))
		;
	/* Messages that stay open on purpose must not cost others their bytes. */
	while (is_over(flows) && flows->open_bytes > flows->held_limit / 2)
		rpcs_open_drop(flows, flows->open_oldest->half);
	while (is_over(flows) && (flow = rpcs_table_oldest(flows->table, RPCS_LANE_SECOND))) {
		for (side = 0; side < 2; side++) {
			rpcs_tcp_lose(&stream->tcp, &flow->half[side]);
			rpcs_tcp_lose_gaps(&stream->tcp, &flow->half[side]);
		}
		rpcs_flow_settle(flows, flow, time_ns);
		flows->held_evicted++;
	}
}

void rpcs_stream_hold_limit(struct rpcs_stream *stream, uint64_t time_ns)
{
	if (is_over(&stream->flows))
		give_up(stream, time_ns);
}

__attribute__((cold, noinline)) static void skip_hole(struct rpcs_stream *stream,
						      struct rpcs_flow *flow, uint64_t now_ns)
{
	const struct rpcs_sighting seen = { .time_ns = now_ns };
	int side;

	for (side = 0; side < 2; side++) {
		stream->flow = flow;
		rpcs_flow_tuple(flow, side, &stream->tuple);
		rpcs_tcp_skip_hole(&stream->tcp, &flow->half[side]);
	}
	/* To the end of the queue it belongs in. */
	flow->waiting = false;
	rpcs_table_move(stream->flows.table, flow, RPCS_LANE_FIRST);
	for (side = 0; side < 2; side++)
		rpcs_stream_settle(stream, flow, side, &seen);
}

/* Holes that a retransmission would have filled by now; a record that only comes slowly waits. */
void rpcs_stream_skip_holes(struct rpcs_stream *stream, uint64_t now_ns)
{
	struct rpcs_flow *flow;

	while ((flow = rpcs_table_oldest(stream->flows.table, RPCS_LANE_SECOND)) &&
	       rpcs_time_is_up(flow->waiting_ns, HOLE_NS, now_ns))
		skip_hole(stream, flow, now_ns);
}

/* Its peer answers the SYN of another connection: that one is real. */
static void take_answer(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			const struct rpcs_record_connection *record, uint64_t time_ns)
{
	uint32_t seq = flow->again_seq;

	if (!flow->again || side == flow->again_side || record->ack != seq + 1)
		return;
	/* Both numbers are those of the connection that is there: they were sent again. */
	if (flow->syn_seen[0] && flow->syn_seen[1] && flow->syn_seq[!side] == seq &&
	    flow->syn_seq[side] == record->seq)
		return;
	rpcs_stream_take_rest(stream, flow);
	rpcs_flow_restart(&stream->flows, flow, time_ns);
	flow->syn_seen[!side] = true;
	flow->syn_seq[!side] = seq;
	rpcs_tcp_begin(&stream->tcp, &flow->half[!side], seq + 1);
}

/*
 * The answer to a SYN that brought data: what it leaves out was not taken (RFC 7413 3),
 * and the stream begins with what comes in its place.
 */
static void take_refusal(struct rpcs_stream *stream, struct rpcs_flow *flow, int side, uint32_t ack)
{
	struct rpcs_half *half = &flow->half[!side];

	if (flow->syn_seen[side] || !flow->syn_seen[!side] || ack != flow->syn_seq[!side] + 1 ||
	    !half->in_step || half->next - ack > RPCS_PACKET_MAX)
		return;
	/* Of a record that is not whole only what came with the SYN is meant. */
	if (half->next == ack && !half->syn_data)
		return;
	rpcs_open_drop(&stream->flows, half);
	rpcs_history_drop(&stream->flows, half);
	rpcs_tcp_begin(&stream->tcp, half, ack);
}

/*
 * An RST or FIN counts where the stream is. Of other ports stage 3 alone may know where that
 * is, and says so: a forged one would make room for a forged SYN.
 */
static bool is_at_end(const struct rpcs_half *half, const struct rpcs_record_connection *record)
{
	return rpcs_tcp_fits(half, record->seq) &&
	       (half->portmapper || half->fallback || !half->in_step || record->seq == half->next ||
		(record->head.flags & RPCS_F_IN_STEP));
}

/* RST and FIN end a connection only where its stream is: anybody can send one elsewhere. */
static void take_end(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
		     const struct rpcs_record_connection *record)
{
	const struct rpcs_half *half = &flow->half[side];
	uint8_t flags = record->head.tcp_flags;
	uint32_t seq = record->seq;

	if ((flags & RPCS_TCP_RST) && is_at_end(half, record))
		flow->closed = true;
	/* A FIN's segment may have brought data, which was taken before it. */
	if ((flags & RPCS_TCP_FIN) &&
	    (is_at_end(half, record) || half->next - seq < RPCS_PACKET_MAX))
		flow->fin_seen[side] = true;
	if (flow->fin_seen[0] && flow->fin_seen[1])
		flow->closed = true;
	/* What lies before a FIN may still come, like what any other segment overtook. */
	if (flow->closed && (flags & RPCS_TCP_RST))
		rpcs_stream_take_rest(stream, flow);
}

/* An answer to the peer's SYN knows its number; a SYN before it, of which nothing came, did not. */
static bool is_corrected(const struct rpcs_flow *flow, int side,
			 const struct rpcs_record_connection *record)
{
	const struct rpcs_half *half = &flow->half[side];

	return (record->head.tcp_flags & RPCS_TCP_ACK) && flow->syn_seen[!side] &&
	       record->ack == flow->syn_seq[!side] + 1 && flow->syn_seq[side] != record->seq &&
	       half->next == flow->syn_seq[side] + 1 && !half->held;
}

/* A SYN: the stream begins with it, unless another one is under way. */
static void take_begin(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
		       const struct rpcs_record_connection *record)
{
	struct rpcs_half *half = &flow->half[side];
	uint32_t seq = record->seq;

	/* Stage 3 may follow it where it has forgotten the flow. */
	if (flow->again && flow->again_side == side && flow->again_seq == seq) {
		half->guess = true;
		return;
	}
	if (flow->syn_seen[side] && !is_corrected(flow, side, record))
		return;
	if (!half->in_step || flow->syn_seen[side])
		rpcs_tcp_begin(&stream->tcp, half, seq + 1);
	flow->syn_seen[side] = true;
	flow->syn_seq[side] = seq;
}

/* The third step: a scanner that only asks whether a port is open leaves it out. */
static void take_third_step(struct rpcs_flow *flow, int side, uint32_t ack)
{
	if (!flow->syn_seen[!side] || ack == flow->syn_seq[!side] + 1)
		flow->established = true;
}

static void fill(struct rpcs_connection *connection, const struct rpcs_record_connection *record,
		 const struct rpcs_sighting *seen)
{
	*connection = (struct rpcs_connection){ .seen = *seen,
						.tcp_flags = record->head.tcp_flags,
						.seq = record->seq,
						.ack = record->ack };
	rpcs_tuple_from_head(&connection->tuple, &record->head);
}

void rpcs_stream_take_connection(struct rpcs_stream *stream,
				 const struct rpcs_record_connection *record,
				 const struct rpcs_sighting *seen)
{
	uint8_t flags = record->head.tcp_flags;
	bool opens = (flags & (RPCS_TCP_SYN | RPCS_TCP_ACK)) == RPCS_TCP_SYN;
	struct rpcs_connection connection;
	struct rpcs_flow *flow;
	int side;

	fill(&connection, record, seen);
	flow = rpcs_flow_get(&stream->flows, &connection.tuple, seen->time_ns, opens, record->seq,
			     &side);
	if ((flags & RPCS_TCP_SYN) && !opens) {
		take_answer(stream, flow, side, record, seen->time_ns);
		take_refusal(stream, flow, side, record->ack);
	}
	flow->half[0].portmapper = flow->half[1].portmapper =
		rpcs_stream_is_portmapper(stream, &connection.tuple);
	if (record->turn)
		flow->half[side].turn = record->turn;
	if (flags & RPCS_TCP_SYN)
		take_begin(stream, flow, side, record);
	if ((flags & CONTROL) == RPCS_TCP_ACK)
		take_third_step(flow, side, record->ack);
	/* Nothing of the stream lies behind a FIN, where stage 3 says that it is its own. */
	if ((flags & RPCS_TCP_FIN) && (record->head.flags & RPCS_F_IN_STEP) &&
	    rpcs_open_reached(&flow->half[side], record->seq))
		rpcs_stream_deliver_open(stream, flow, side, seen);
	if (flags & (RPCS_TCP_FIN | RPCS_TCP_RST))
		take_end(stream, flow, side, record);
	rpcs_flow_settle(&stream->flows, flow, seen->time_ns);
	connection.open = rpcs_flow_is_open(flow);
	if (stream->handler.connection)
		stream->handler.connection(stream->handler.arg, &connection, flow);
}

void rpcs_stream_take_end(struct rpcs_stream *stream, const struct rpcs_record_connection *record,
			  const struct rpcs_sighting *seen)
{
	struct rpcs_flow *flow;
	struct rpcs_tuple tuple;
	int side;

	rpcs_tuple_from_head(&tuple, &record->head);
	flow = rpcs_flow_find(&stream->flows, &tuple, &side);
	if (!flow || flow->tls)
		return;
	if (rpcs_open_reached(&flow->half[side], record->seq))
		rpcs_stream_deliver_open(stream, flow, side, seen);
	stream->flow = flow;
	stream->tuple = tuple;
	rpcs_stream_tell_data(stream, flow, side, seen);
	rpcs_tcp_adopt(&stream->tcp, &flow->half[side], record->seq, record->seq, 0);
	rpcs_stream_settle(stream, flow, side, seen);
}

void rpcs_stream_take_probe(struct rpcs_stream *stream, const struct rpcs_record_connection *record,
			    const struct rpcs_sighting *seen)
{
	struct rpcs_connection connection;
	int side;

	fill(&connection, record, seen);
	if ((connection.tcp_flags & (RPCS_TCP_FIN | RPCS_TCP_RST)) &&
	    rpcs_flow_find(&stream->flows, &connection.tuple, &side)) {
		rpcs_stream_take_connection(stream, record, seen);
		return;
	}
	stream->counts.probes++;
	connection.probe = true;
	if (stream->handler.probe)
		stream->handler.probe(stream->handler.arg, &connection);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of which only the headers count: beginnings and ends of TCP flows, probes. */
#ifndef RPCSENTRY_INSPECT_CONTROL_H
#define RPCSENTRY_INSPECT_CONTROL_H

#include "inspect_message.h"

enum { RPCS_TCP_CONTROL = RPCS_TCP_SYN | RPCS_TCP_FIN | RPCS_TCP_RST };

/** A record of which only headers count: rpcs_engine_connection() is the way to it. */
RPCS_INLINE void rpcs_inspect_connection(struct rpcs_engine *eng, enum rpcs_record_kind kind,
					 __u32 seq)
{
	struct rpcs_record_connection *conn = eng->connection;

	conn->head = *eng->head;
	conn->head.kind = kind;
	conn->seq = seq;
	conn->ack = eng->packet->ack;
	conn->turn = eng->work->turn;
	if (kind == RPCS_RECORD_CONNECTION)
		eng->counters->connections += 1;
	else if (kind == RPCS_RECORD_END)
		eng->counters->ends += 1;
	else
		eng->counters->probes += 1;
	rpcs_engine_emit(eng, conn, sizeof(*conn));
}

/** Has nothing come since this SYN, which then only repeats itself? */
RPCS_INLINE bool rpcs_tcp_is_at_syn(const struct rpcs_flow_value *flow, __u32 seq)
{
	return flow->born == seq && rpcs_flow_step_of(flow->state) == RPCS_STEP_IN_STEP &&
	       rpcs_flow_next(flow->state) == seq + 1;
}

/**
 * A SYN begins a flow. On one that is under way it may be forged, or begin another one
 * with the same number: the agent decides.
 */
RPCS_INLINE void rpcs_tcp_open(struct rpcs_engine *eng, struct rpcs_flow_value *flow, bool known)
{
	const struct rpcs_packet *pkt = eng->packet;
	bool again = known && rpcs_tcp_is_at_syn(flow, pkt->seq);
	__u32 flags = (pkt->tcp_flags & RPCS_TCP_ACK) ? 0 : RPCS_FLOW_NEW;

	eng->work->turn = ++flow->turn;
	rpcs_engine_connection(eng, RPCS_RECORD_CONNECTION, pkt->seq);
	if (again)
		return;
	if (known && rpcs_flow_step_of(flow->state) != RPCS_STEP_UNKNOWN)
		flow->state = RPCS_STEP_FALLBACK;
	else
		flow->state = rpcs_flow_in_step(pkt->seq + 1, 0, flags);
	flow->born = pkt->seq;
}

/** What is known of the other direction of the flow; eng->keys has its key and value then. */
RPCS_INLINE bool rpcs_tcp_other_way(struct rpcs_engine *eng)
{
	struct rpcs_flow_key *key = &eng->keys->flow;
	const struct rpcs_record_head *head = eng->head;

	RPCS_COPY(key->src, head->dst, sizeof(key->src));
	RPCS_COPY(key->dst, head->src, sizeof(key->dst));
	key->sport = head->dport;
	key->dport = head->sport;
	return rpcs_engine_flow_get(eng, key, &eng->keys->other);
}

/**
 * A SYN's answer. Data that came with the SYN and that it leaves out was not taken (RFC
 * 7413 3: most servers never do), and what comes in its place is no repetition.
 */
RPCS_INLINE void rpcs_tcp_take_answer(struct rpcs_engine *eng)
{
	struct rpcs_flow_value *value = &eng->keys->other;
	__u32 ack = eng->packet->ack;
	__u64 other;

	if (!rpcs_tcp_other_way(eng) || value->born + 1 != ack ||
	    rpcs_flow_step_of(value->state) != RPCS_STEP_IN_STEP ||
	    rpcs_flow_next(value->state) - ack - 1 >= RPCS_PACKET_MAX)
		return;
	value->state = rpcs_flow_in_step(ack, 0, 0);
	/* Another CPU that has data of the flow in hand knows more. */
	rpcs_engine_flow_put(eng, &eng->keys->flow, value, &other);
}

/** Is the other direction of a flow known? A refusal is all that a closed port sends. */
RPCS_INLINE bool rpcs_tcp_is_answer(struct rpcs_engine *eng)
{
	struct rpcs_flow_key *key = &eng->keys->flow;
	bool known = rpcs_tcp_other_way(eng);

	/* flow_put() will be of the packet's own direction. */
	rpcs_flow_key_fill(key, eng->head);
	rpcs_engine_flow_get(eng, key, &eng->keys->other);
	return known;
}

/** A FIN or RST: the end of the flow where it lies where its stream is. */
RPCS_INLINE void rpcs_tcp_close(struct rpcs_engine *eng, struct rpcs_flow_value *flow, bool known)
{
	const struct rpcs_packet *pkt = eng->packet;
	__u32 end = pkt->seq;

	if (!known && !rpcs_tcp_is_answer(eng)) {
		rpcs_engine_connection(eng, RPCS_RECORD_PROBE, pkt->seq);
		return;
	}
	if (!(pkt->tcp_flags & RPCS_TCP_RST))
		end += pkt->payload_len;
	/* One that does not fit is forged, or old: it must not make the flow forgotten. */
	if (rpcs_flow_step_of(flow->state) == RPCS_STEP_IN_STEP &&
	    rpcs_flow_next(flow->state) == end) {
		flow->state = RPCS_STEP_UNKNOWN;
		flow->born = 0;
		eng->head->flags |= RPCS_F_IN_STEP;
	}
	rpcs_engine_connection(eng, RPCS_RECORD_CONNECTION, pkt->seq);
}

/** Neither data nor SYN, FIN, RST. True: the flow's value has changed. */
RPCS_INLINE bool rpcs_tcp_empty(struct rpcs_engine *eng, struct rpcs_flow_value *flow, bool known)
{
	const struct rpcs_packet *pkt = eng->packet;

	if (!known && !rpcs_tcp_is_answer(eng)) {
		rpcs_engine_connection(eng, RPCS_RECORD_PROBE, pkt->seq);
		/* An acknowledgement may be of a flow that was there before the sensor. */
		return pkt->tcp_flags & RPCS_TCP_ACK;
	}
	if ((flow->state & RPCS_FLOW_NEW) && (pkt->tcp_flags & RPCS_TCP_ACK) &&
	    rpcs_flow_next(flow->state) == pkt->seq) {
		flow->state &= ~(__u64)RPCS_FLOW_NEW;
		rpcs_engine_connection(eng, RPCS_RECORD_CONNECTION, pkt->seq);
		return true;
	}
	eng->counters->tcp_empty += 1;
	return false;
}

#endif

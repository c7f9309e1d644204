/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage 3: where in its stream of records a TCP segment lies. What cannot be placed
 * goes to the agent with its bytes, and so does the flow, until the agent says where
 * the next record begins.
 */
#ifndef RPCSENTRY_INSPECT_TCP_H
#define RPCSENTRY_INSPECT_TCP_H

#include "gate.h"
#include "inspect_control.h"
#include "inspect_count.h"
#include "inspect_record.h"

enum {
	/* How far back a segment may lie and still be a repetition (RFC 7323 2.3). */
	RPCS_TCP_REACH = 1 << 30,
	/* Tries to keep a flow's state while other CPUs change it. */
	RPCS_RACES_MAX = 3,
};

/** May the flow send the agent this packet's bytes? So many a second; the rest is lost. */
RPCS_INLINE bool rpcs_tcp_may_fall_back(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	__u32 second = rpcs_engine_now(eng) >> 30;

	if (flow->second != second) {
		flow->second = second;
		flow->fallback = 0;
	}
	if (flow->fallback > RPCS_FALLBACK_BYTES_MAX) {
		eng->counters->rpc_seen += 1;
		eng->counters->records_lost += 1;
		eng->counters->fallbacks_capped += 1;
		return false;
	}
	flow->fallback += eng->packet->network_len;
	eng->work->turn = ++flow->turn;
	return true;
}

/** Sends the packet's bytes to the agent, for work->reason. */
RPCS_INLINE void rpcs_tcp_fall_back(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	if (!rpcs_tcp_may_fall_back(eng, flow))
		return;
	eng->counters->fallbacks += 1;
	rpcs_inspect_count_fallback(eng->counters, eng->work->reason);
	rpcs_engine_emit_packet(eng, eng->work->reason);
}

/** Does the segment lie before all that was seen of the flow, or where the agent waits for some? */
RPCS_INLINE bool rpcs_tcp_is_early(const struct rpcs_engine *eng,
				   const struct rpcs_flow_value *flow)
{
	__u32 seq = eng->work->seq;

	return flow->born - seq - 1 < RPCS_TCP_REACH ||
	       (flow->wanted && flow->wanted - seq - 1 < RPCS_TCP_REACH);
}

/** Where does the next record begin? True: at work->at, or the segment was stepped over. */
RPCS_INLINE bool rpcs_tcp_find_boundary(struct rpcs_engine *eng, struct rpcs_flow_value *flow,
					bool *ret_over)
{
	struct rpcs_work *work = eng->work;
	__u32 next = rpcs_flow_next(flow->state), left = rpcs_flow_left(flow->state);
	__u32 len = eng->packet->payload_len, flags = flow->state & RPCS_FLOW_OPEN;
	__u32 at = next + left - work->seq;

	work->in_step = true;
	work->next = next;
	work->boundary = next + left;
	work->at = at;
	if (work->seq != next &&
	    (flags || left == 0 || rpcs_is_portmapper(eng) || rpcs_tcp_is_early(eng, flow)))
		return false;
	/* Inside a record that nobody waits for the order of segments is nothing to us. */
	if (work->seq != next && at > RPCS_TCP_REACH)
		return false;
	*ret_over = at >= len;
	if (*ret_over && work->seq == next) {
		if (at == len && flags) {
			rpcs_engine_connection(eng, RPCS_RECORD_END, work->boundary);
			flags = 0;
		}
		flow->state = rpcs_flow_in_step(next + len, at - len, flags);
	}
	if (*ret_over)
		eng->counters->tcp_skipped += 1;
	else if (flags)
		rpcs_engine_connection(eng, RPCS_RECORD_END, work->boundary);
	return true;
}

/**
 * All bytes lie before those that come next: the sender repeats itself. What lies before
 * the flow's SYN was never sent on it: that SYN was a decoy. And what lies before the first
 * byte that was seen of it, without a SYN, came in another order.
 */
RPCS_INLINE bool rpcs_tcp_is_repeated(const struct rpcs_engine *eng,
				      const struct rpcs_flow_value *flow)
{
	__u32 behind = rpcs_flow_next(flow->state) - eng->work->seq;

	return behind >= eng->packet->payload_len && behind <= RPCS_TCP_REACH &&
	       !rpcs_tcp_is_early(eng, flow);
}

/**
 * Does the agent look whether a repetition says the same again? Always on a portmapper port.
 * A flow of another port may be one of bulk data that loses much: a little in each second.
 */
RPCS_INLINE bool rpcs_tcp_may_compare(struct rpcs_engine *eng, const struct rpcs_flow_value *flow)
{
	__u32 behind = rpcs_flow_next(flow->state) - eng->work->seq;
	__u32 second = rpcs_engine_now(eng) >> 30;

	if (rpcs_is_portmapper(eng))
		return true;
	/* The last byte alone is a keep-alive (RFC 1122 4.2.3.6). */
	return behind > 1 && behind <= RPCS_REPEAT_REACH &&
	       (flow->second != second || flow->fallback <= RPCS_REPEAT_BYTES_MAX);
}

/** Takes the segment's records, and sends the packet on where that did not do. */
RPCS_INLINE void rpcs_tcp_take_records(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	struct rpcs_work *work = eng->work;
	__u32 len = eng->packet->payload_len;
	int more = rpcs_engine_step(eng);

	/* Most segments have one record. */
	if (more)
		more = rpcs_engine_steps(eng);
	if (more)
		rpcs_tcp_lose_step(work, RPCS_FALLBACK_stream);
	if (work->reason != RPCS_FALLBACK_NONE)
		rpcs_tcp_fall_back(eng, flow);
	eng->counters->tcp_strange += work->strange;
	if (work->lost)
		flow->state = RPCS_STEP_FALLBACK;
	else if (work->strange)
		flow->state = RPCS_FLOW_STRANGE;
	else
		flow->state = rpcs_flow_in_step(work->seq + len, work->at - len,
						work->open ? RPCS_FLOW_OPEN : 0);
}

/** A segment with data of a flow that is in step. */
RPCS_INLINE void rpcs_tcp_in_step(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	bool over = false;

	if (rpcs_tcp_find_boundary(eng, flow, &over)) {
		if (!over)
			rpcs_tcp_take_records(eng, flow);
		return;
	}
	if (rpcs_tcp_is_repeated(eng, flow)) {
		eng->counters->tcp_repeated += 1;
		if (!rpcs_tcp_may_compare(eng, flow))
			return;
	} else {
		flow->state = RPCS_STEP_FALLBACK;
	}
	eng->work->reason = RPCS_FALLBACK_stream;
	rpcs_tcp_fall_back(eng, flow);
}

/** A segment with data of a flow whose records are not known: its own header may tell. */
RPCS_INLINE void rpcs_tcp_unknown(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	bool is_call;

	if (rpcs_gate_record(eng, eng->packet, &is_call)) {
		eng->work->at = 0;
		rpcs_tcp_take_records(eng, flow);
	} else if (rpcs_is_portmapper(eng) || !(flow->state & RPCS_FLOW_STRANGE)) {
		eng->work->reason = RPCS_FALLBACK_stream;
		flow->state = RPCS_STEP_FALLBACK;
		rpcs_tcp_fall_back(eng, flow);
	} else {
		eng->counters->tcp_strange += 1;
	}
}

RPCS_INLINE void rpcs_tcp_data(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	enum rpcs_flow_step step = rpcs_flow_step_of(flow->state);

	if (flow->born == 0)
		flow->born = eng->work->seq;
	eng->work->born = flow->born;
	if (step == RPCS_STEP_STOPPED) {
		eng->counters->tcp_stopped += 1;
	} else if (eng->packet->flags & RPCS_F_TRUNCATED) {
		eng->work->reason = RPCS_FALLBACK_truncated;
		flow->state = RPCS_STEP_FALLBACK;
		rpcs_tcp_fall_back(eng, flow);
	} else if (step == RPCS_STEP_FALLBACK) {
		eng->work->reason = RPCS_FALLBACK_stream;
		rpcs_tcp_fall_back(eng, flow);
	} else if (step == RPCS_STEP_IN_STEP) {
		rpcs_tcp_in_step(eng, flow);
	} else {
		rpcs_tcp_unknown(eng, flow);
	}
}

/**
 * A record's time, once the flow's state has been read: what another CPU told before it left
 * that state is earlier, and so the agent has it first.
 */
RPCS_INLINE void rpcs_tcp_stamp(struct rpcs_engine *eng)
{
	eng->head->time_ns = rpcs_engine_stamp(eng);
}

/** Where its records begin should be known and is not. */
RPCS_INLINE bool rpcs_tcp_is_unknown(const struct rpcs_flow_value *flow)
{
	return rpcs_flow_step_of(flow->state) == RPCS_STEP_UNKNOWN &&
	       !(flow->state & RPCS_FLOW_STRANGE);
}

/** Where the flow is in its stream, for the agent to begin with. */
RPCS_INLINE void rpcs_tcp_tell_step(struct rpcs_work *work, __u64 state)
{
	work->in_step = rpcs_flow_step_of(state) == RPCS_STEP_IN_STEP;
	work->next = rpcs_flow_next(state);
	work->boundary = work->next + rpcs_flow_left(state);
}

/**
 * Keeps the flow's value. Where another CPU has put one in between, each of the two decided by a
 * state that the other has changed, and what that one stepped over may be missing here: the
 * packet goes to the agent as well, with what is known now, and so does the flow.
 */
RPCS_INLINE void rpcs_tcp_keep(struct rpcs_engine *eng, struct rpcs_flow_value *flow)
{
	const struct rpcs_packet *pkt = eng->packet;
	struct rpcs_work *work = eng->work;
	__u64 other;
	int i;

	for (i = 0; i < RPCS_RACES_MAX; i++) {
		if (rpcs_engine_flow_put(eng, &eng->keys->flow, flow, &other))
			return;
		/* An acknowledgement only clears RPCS_FLOW_NEW, which the other one did as well. */
		if (rpcs_flow_step_of(other) == RPCS_STEP_STOPPED ||
		    (pkt->payload_len == 0 && !(pkt->tcp_flags & RPCS_TCP_CONTROL)))
			return;
		flow->state = RPCS_STEP_FALLBACK;
		if (pkt->payload_len == 0 || (pkt->tcp_flags & RPCS_TCP_RST))
			continue;
		rpcs_tcp_stamp(eng);
		rpcs_tcp_tell_step(work, other);
		work->reason = RPCS_FALLBACK_stream;
		rpcs_tcp_fall_back(eng, flow);
	}
}

/**
 * The first IP fragment of a segment: nobody here sees its data, so from here on the flow
 * is the agent's. One that nobody knows is begun only where its port is watched.
 */
RPCS_INLINE void rpcs_tcp_take_fragment(struct rpcs_engine *eng, bool port_is_watched)
{
	struct rpcs_flow_value flow = {};
	__u64 other;
	int i;

	rpcs_flow_key_fill(&eng->keys->flow, eng->head);
	if (!rpcs_engine_flow_get(eng, &eng->keys->flow, &flow) && !port_is_watched)
		return;
	rpcs_tcp_stamp(eng);
	rpcs_tcp_tell_step(eng->work, flow.state);
	other = flow.state;
	flow.state = RPCS_STEP_FALLBACK;
	eng->work->turn = ++flow.turn;
	for (i = 0; i < RPCS_RACES_MAX && rpcs_flow_step_of(other) != RPCS_STEP_STOPPED; i++)
		if (rpcs_engine_flow_put(eng, &eng->keys->flow, &flow, &other))
			return;
}

RPCS_INLINE void rpcs_inspect_tcp(struct rpcs_engine *eng)
{
	const struct rpcs_packet *pkt = eng->packet;
	__u8 control = pkt->tcp_flags & RPCS_TCP_CONTROL;
	struct rpcs_flow_value *flow = &eng->keys->value;
	struct rpcs_flow_key *key = &eng->keys->flow;
	bool known, changed = true;

	if ((pkt->tcp_flags & (RPCS_TCP_SYN | RPCS_TCP_ACK)) == (RPCS_TCP_SYN | RPCS_TCP_ACK))
		rpcs_tcp_take_answer(eng);
	rpcs_flow_key_fill(key, eng->head);
	RPCS_ZERO(flow);
	known = rpcs_engine_flow_get(eng, key, flow);
	rpcs_tcp_stamp(eng);
	eng->work->seq = pkt->seq + !!(control & RPCS_TCP_SYN);
	if (control & RPCS_TCP_SYN)
		rpcs_tcp_open(eng, flow, known);
	else if (!control && pkt->payload_len == 0)
		changed = rpcs_tcp_empty(eng, flow, known);
	/* What an RST carries is a diagnosis for people (RFC 9293 3.5.3), not stream data. */
	if (pkt->payload_len > 0 && !(control & RPCS_TCP_RST)) {
		eng->counters->flow_unknown += rpcs_tcp_is_unknown(flow);
		rpcs_tcp_data(eng, flow);
	}
	if (control && !(control & RPCS_TCP_SYN))
		rpcs_tcp_close(eng, flow, known);
	if (changed && (known || flow->state || !control))
		rpcs_tcp_keep(eng, flow);
}

#endif

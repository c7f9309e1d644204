/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From record to record through one TCP segment (RFC 5531 11): what can be taken
 * here, what the agent has to put together, and what is no RPC at all.
 */
#ifndef RPCSENTRY_INSPECT_RECORD_H
#define RPCSENTRY_INSPECT_RECORD_H

#include "inspect_message.h"

/** The agent is to take the packet's bytes, from the record at work->at on. */
RPCS_INLINE void rpcs_tcp_hand_over(struct rpcs_work *work, enum rpcs_fallback reason)
{
	if (work->reason == RPCS_FALLBACK_NONE) {
		work->reason = reason;
		/* Records of this packet may have been reported already. */
		if (work->in_step) {
			work->boundary = work->seq + work->at;
			work->next = work->boundary;
		}
	}
	work->silent = true;
}

/** The same, and from here on only the agent knows where records begin. */
RPCS_INLINE int rpcs_tcp_lose_step(struct rpcs_work *work, enum rpcs_fallback reason)
{
	rpcs_tcp_hand_over(work, reason);
	work->lost = true;
	return 0;
}

/** Over the record in hand. 1: another one begins in this segment. */
RPCS_INLINE int rpcs_tcp_step_over(struct rpcs_engine *eng)
{
	struct rpcs_work *work = eng->work;

	work->at += RPCS_MARK_BYTES + work->len;
	return work->at < eng->packet->payload_len;
}

/** Another port's record that is no RPC: this flow was not what it looked like. */
RPCS_INLINE bool rpcs_tcp_is_strange(const struct rpcs_engine *eng, enum rpcs_fallback reason)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	if (rpcs_is_portmapper(eng))
		return false;
	if (rec->head.kind == RPCS_RECORD_NONE)
		return reason == RPCS_FALLBACK_not_rpc || reason == RPCS_FALLBACK_short;
	return rec->head.kind == RPCS_RECORD_CALL && reason != RPCS_FALLBACK_short &&
	       reason != RPCS_FALLBACK_scattered && rec->call.rpc_version != RPCS_RPC_VERSION;
}

/** A wanted record whose message has been decoded whole. 1: another one begins in this segment. */
RPCS_INLINE int rpcs_tcp_report(struct rpcs_engine *eng)
{
	struct rpcs_work *work = eng->work;
	struct rpcs_record_rpc *rec = &eng->record->rpc;
	bool open = work->have < work->len;

	rec->seq = work->seq + work->at;
	if (work->in_step)
		rec->head.flags |= RPCS_F_IN_STEP;
	if (open) {
		rec->head.flags |= RPCS_F_OPEN;
		rec->head.have = work->have < 0xffff ? work->have : 0xffff;
	}
	rpcs_inspect_emit(eng, RPCS_MARK_BYTES);
	work->open = open;
	work->in_step = true;
	if (rec->head.kind == RPCS_RECORD_CALL && rec->cred_flavor == RPCS_AUTH_TLS && !open) {
		/* What follows may be no RPC any more (RFC 9289): the agent finds out. */
		work->at += RPCS_MARK_BYTES + work->len;
		return rpcs_tcp_lose_step(work, RPCS_FALLBACK_stream);
	}
	return rpcs_tcp_step_over(eng);
}

/** Takes the record mark at work->at. False: what it says cannot be followed here. */
RPCS_INLINE bool rpcs_tcp_take_mark(struct rpcs_engine *eng)
{
	__u32 rest = eng->packet->payload_len - eng->work->at, mark;
	const __u8 *bytes;

	if (rest < RPCS_MARK_BYTES)
		return false;
	bytes = rpcs_engine_window(eng, eng->packet->payload_offset + eng->work->at,
				   RPCS_MARK_BYTES);
	if (!bytes)
		return false;
	mark = rpcs_load_be32(bytes);
	if (!(mark & RPCS_MARK_LAST))
		return false;
	eng->work->len = mark & ~RPCS_MARK_LAST;
	eng->work->have = rest - RPCS_MARK_BYTES;
	if (eng->work->have > eng->work->len)
		eng->work->have = eng->work->len;
	return eng->work->len > 0 && eng->work->len < RPCS_STEP_MAX;
}

/** Can the bytes at work->at be the beginning of a record of RPC, as far as they go? */
RPCS_INLINE bool rpcs_tcp_is_plausible(struct rpcs_engine *eng)
{
	__u32 rest = eng->packet->payload_len - eng->work->at, mark, len;
	const __u8 *bytes;

	if (rest > RPCS_MARK_BYTES + RPCS_REPLY_BYTES)
		rest = RPCS_MARK_BYTES + RPCS_REPLY_BYTES;
	bytes = rpcs_engine_window(eng, eng->packet->payload_offset + eng->work->at, rest);
	if (!bytes)
		return true;
	if (rest < RPCS_MARK_BYTES)
		return (bytes[0] & 0x7f) < RPCS_STEP_MAX >> 24;
	mark = rpcs_load_be32(bytes);
	len = mark & ~RPCS_MARK_LAST;
	/* A header in several small fragments is for the agent; so is a record without bytes. */
	if ((!(mark & RPCS_MARK_LAST) && len < RPCS_REPLY_BYTES) || len == 0)
		return true;
	/* Where one is due, a mark that nobody can follow may be meant to break the server. */
	if (len < RPCS_REPLY_BYTES || (len >= RPCS_STEP_MAX && !eng->work->in_step))
		return false;
	if (rest >= 12 && rpcs_load_be32(bytes + 8) > RPCS_MSG_REPLY)
		return false;
	return rest < 16 || rpcs_load_be32(bytes + 12) <= RPCS_RPC_VERSION;
}

/** Stage 3 cannot take what begins at work->at: the agent may, unless it is no RPC at all. */
RPCS_INLINE int rpcs_tcp_give_up(struct rpcs_engine *eng)
{
	if (rpcs_is_portmapper(eng) || eng->work->silent || rpcs_tcp_is_plausible(eng))
		return rpcs_tcp_lose_step(eng->work, RPCS_FALLBACK_stream);
	eng->work->strange = true;
	return 0;
}

/**
 * One record, at work->at. 1: another one begins behind it in this segment. 0:
 * the segment is through, or work->reason, lost, strange say what stands in the way.
 */
RPCS_INLINE int rpcs_inspect_step(struct rpcs_engine *eng)
{
	struct rpcs_work *work = eng->work;
	enum rpcs_fallback reason;

	if (work->at >= eng->packet->payload_len)
		return 0;
	if (!rpcs_tcp_take_mark(eng))
		return rpcs_tcp_give_up(eng);
	if (work->have < work->len && (work->silent || rpcs_is_portmapper(eng)))
		return rpcs_tcp_lose_step(work, RPCS_FALLBACK_stream);
	if (work->silent)
		return rpcs_tcp_step_over(eng);
	reason = rpcs_inspect_decode(eng, RPCS_MARK_BYTES);
	if (rpcs_tcp_is_strange(eng, reason)) {
		/* A sound mark where one was due: one record of junk does not end the stream. */
		if (work->in_step) {
			eng->counters->tcp_strange += 1;
			return rpcs_tcp_step_over(eng);
		}
		work->strange = true;
		return 0;
	}
	/* Of a header that goes on in the next segment too little is known to decide. */
	if (reason != RPCS_FALLBACK_scattered &&
	    ((!rpcs_inspect_wanted(eng) && !rpcs_rpc_is_odd(&eng->record->rpc, reason)) ||
	     rpcs_engine_known(eng, reason, RPCS_MARK_BYTES) ||
	     rpcs_engine_over_budget(eng, reason))) {
		rpcs_inspect_suppress(eng);
		work->in_step = true;
		return rpcs_tcp_step_over(eng);
	}
	if (reason == RPCS_FALLBACK_NONE)
		return rpcs_tcp_report(eng);
	if (work->have < work->len)
		return rpcs_tcp_lose_step(work, RPCS_FALLBACK_stream);
	/* The record's end is known all the same: the flow stays in step. */
	rpcs_tcp_hand_over(work, reason);
	return rpcs_tcp_step_over(eng);
}

/** The records behind a segment's first one. 1: there are more than can be taken here. */
RPCS_INLINE int rpcs_inspect_steps(struct rpcs_engine *eng)
{
	int more = 1, i;

	for (i = 1; i < RPCS_SEGMENT_RECORDS_MAX && more; i++)
		more = rpcs_engine_step(eng);
	return more;
}

#endif

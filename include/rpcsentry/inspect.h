/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 1 to 4 for a packet whose ports are known: gate, RPC header, TCP
 * record boundary, and what to report. One text for the kernel's programs and
 * the native engine; each defines `struct rpcs_engine` with the members
 *
 *	struct rpcs_counters *counters;
 *	const __u8 *data, *end;		 the frame's bytes that may be touched
 *	struct rpcs_record_buffer *record;	  room for one
 *	struct rpcs_record_connection *connection;  likewise
 *	__u32 ifindex; __u8 hook;
 *
 * and these functions, then includes this header:
 *
 *	__u64 rpcs_engine_flow_get(eng, key)	 the flow's state, 0 for none
 *	void rpcs_engine_flow_set(eng, key, state)  0 forgets the flow
 *	enum rpcs_fragment_verdict rpcs_engine_fragment_get(eng, key)
 *	void rpcs_engine_fragment_set(eng, key, verdict)
 *	__u64 rpcs_engine_now(eng)		 time for a record, nanoseconds
 *	void rpcs_engine_count_call(eng, version, procedure)
 *	void rpcs_engine_emit(eng, record, len)	 counts rpc_seen, sent, lost
 *	void rpcs_engine_emit_rpc(eng, machine_offset, buf)  with the machine name from
 *				that offset of the frame, where it has been checked to lie
 *	void rpcs_engine_emit_packet(eng, pkt, head, reason)  its bytes, in pieces
 */
#ifndef RPCSENTRY_INSPECT_H
#define RPCSENTRY_INSPECT_H

#include "config.h"
#include "counters.h"
#include "flow.h"
#include "fragment.h"
#include "packet.h"
#include "rpc.h"

enum {
	RPCS_TCP_CONTROL = RPCS_TCP_SYN | RPCS_TCP_FIN | RPCS_TCP_RST,
};

/** Adds one to the counter of a packet result that has one. */
RPCS_INLINE void rpcs_inspect_count_packet(struct rpcs_counters *c, enum rpcs_packet_result result)
{
	switch (result) {
#define X(name, help)                  \
	case RPCS_PACKET_##name:       \
		c->packet_##name += 1; \
		break;
		RPCS_PACKET_RESULTS(X)
#undef X
	default:
		break;
	}
}

/** Adds one to the counter of a fallback reason. */
RPCS_INLINE void rpcs_inspect_count_fallback(struct rpcs_counters *c, enum rpcs_fallback reason)
{
	switch (reason) {
#define X(name, help)                    \
	case RPCS_FALLBACK_##name:       \
		c->fallback_##name += 1; \
		break;
		RPCS_FALLBACKS(X)
#undef X
	default:
		break;
	}
}

/** Fills a record's head from the packet; kind stays as it is. False: out of reach. */
RPCS_INLINE bool rpcs_inspect_head(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				   struct rpcs_record_head *head)
{
	bool ip6 = pkt->flags & RPCS_F_IP6;
	const __u8 *ip = rpcs_at(eng->data, pkt->network_offset, RPCS_NETWORK_OFFSET_MAX);

	if (!ip)
		return false;
	head->flags = pkt->flags;
	if (pkt->network_offset) {
		if (RPCS_BEYOND(eng->data, 14, eng->end))
			return false;
		head->flags |= rpcs_packet_link_flags(eng->data);
	}
	if (RPCS_BEYOND(ip, ip6 ? 40 : 20, eng->end))
		return false;
	rpcs_packet_addresses(ip, ip6, head->src, head->dst);
	head->abi = RPCS_RECORD_ABI;
	head->hook = (pkt->flags & RPCS_F_OUTBOUND) ? RPCS_HOOK_TC_EGRESS : eng->hook;
	head->protocol = pkt->protocol;
	head->ifindex = eng->ifindex;
	head->time_ns = rpcs_engine_now(eng);
	head->sport = pkt->sport;
	head->dport = pkt->dport;
	head->vlan[0] = pkt->vlan[0];
	head->vlan[1] = pkt->vlan[1];
	head->vlan_count = pkt->vlan_count;
	head->tcp_flags = pkt->tcp_flags;
	head->ttl = pkt->ttl;
	return true;
}

RPCS_INLINE void rpcs_inspect_fallback(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				       struct rpcs_record_head *head, enum rpcs_fallback reason)
{
	eng->counters->fallbacks += 1;
	rpcs_inspect_count_fallback(eng->counters, reason);
	head->kind = RPCS_RECORD_PIECE;
	rpcs_engine_emit_packet(eng, pkt, head, reason);
}

/** Decodes the payload from its `skip`th byte on as one message; counts a call's procedure. */
RPCS_INLINE enum rpcs_fallback rpcs_inspect_message(struct rpcs_engine *eng,
						    const struct rpcs_packet *pkt, __u32 skip,
						    struct rpcs_record_buffer *buf)
{
	struct rpcs_cursor cur = {
		.end = eng->end,
		.left = pkt->payload_len - skip,
	};
	enum rpcs_fallback reason;

	cur.pos = rpcs_at(eng->data, pkt->payload_offset, RPCS_PAYLOAD_OFFSET_MAX);
	if (!cur.pos)
		return RPCS_FALLBACK_scattered;
	cur.pos += skip;
	reason = rpcs_rpc_decode(&cur, buf);
	if (buf->rpc.head.kind == RPCS_RECORD_CALL && reason != RPCS_FALLBACK_short &&
	    buf->rpc.call.program == RPCS_PORTMAP_PROGRAM)
		rpcs_engine_count_call(eng, buf->rpc.call.version, buf->rpc.call.procedure);
	return reason;
}

/** Sends the record of the message that begins at the payload's `skip`th byte. */
RPCS_INLINE void rpcs_inspect_emit(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				   __u32 skip, struct rpcs_record_buffer *buf)
{
	if (buf->rpc.head.kind == RPCS_RECORD_CALL)
		eng->counters->calls += 1;
	else
		eng->counters->replies += 1;
	rpcs_engine_emit_rpc(eng, pkt->payload_offset + skip + buf->machine_offset, buf);
}

RPCS_INLINE void rpcs_inspect_udp(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				  struct rpcs_record_buffer *buf)
{
	enum rpcs_fallback reason;

	if (pkt->flags & RPCS_F_TRUNCATED)
		reason = RPCS_FALLBACK_truncated;
	else
		reason = rpcs_inspect_message(eng, pkt, 0, buf);
	if (reason == RPCS_FALLBACK_NONE)
		rpcs_inspect_emit(eng, pkt, 0, buf);
	else
		rpcs_inspect_fallback(eng, pkt, &buf->rpc.head, reason);
}

RPCS_INLINE void rpcs_inspect_connection(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
					 const struct rpcs_record_head *head)
{
	struct rpcs_record_connection *conn = eng->connection;

	conn->head = *head;
	conn->head.kind = RPCS_RECORD_CONNECTION;
	conn->seq = pkt->seq;
	conn->ack = pkt->ack;
	eng->counters->connections += 1;
	rpcs_engine_emit(eng, conn, sizeof(*conn));
}

/** Is the segment one whole record, its mark included (RFC 5531 11)? */
RPCS_INLINE bool rpcs_inspect_whole_record(struct rpcs_engine *eng, const struct rpcs_packet *pkt)
{
	const __u8 *payload = rpcs_at(eng->data, pkt->payload_offset, RPCS_PAYLOAD_OFFSET_MAX);
	__u32 mark;

	if (pkt->payload_len <= RPCS_MARK_BYTES || !payload)
		return false;
	if (RPCS_BEYOND(payload, RPCS_MARK_BYTES, eng->end))
		return false;
	mark = rpcs_load_be32(payload);
	return mark == (RPCS_MARK_LAST | (pkt->payload_len - RPCS_MARK_BYTES));
}

/** A segment with data. Returns the flow's new state. */
RPCS_INLINE __u64 rpcs_inspect_segment(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				       __u64 state, struct rpcs_record_buffer *buf)
{
	enum rpcs_fallback reason = RPCS_FALLBACK_stream;

	if (pkt->flags & RPCS_F_TRUNCATED)
		reason = RPCS_FALLBACK_truncated;
	else if (rpcs_flow_at_boundary(state, pkt->seq) && !(pkt->tcp_flags & RPCS_TCP_SYN) &&
		 rpcs_inspect_whole_record(eng, pkt))
		reason = rpcs_inspect_message(eng, pkt, RPCS_MARK_BYTES, buf);
	if (reason == RPCS_FALLBACK_NONE) {
		buf->rpc.seq = pkt->seq;
		rpcs_inspect_emit(eng, pkt, RPCS_MARK_BYTES, buf);
		return rpcs_flow_in_step(pkt->seq + pkt->payload_len);
	}
	rpcs_inspect_fallback(eng, pkt, &buf->rpc.head, reason);
	/*
	 * A whole record with too long a body leaves the flow at a boundary all the
	 * same: only what the kernel could not place sends the flow to the fallback.
	 */
	if (reason == RPCS_FALLBACK_body || reason == RPCS_FALLBACK_auth_sys)
		return rpcs_flow_in_step(pkt->seq + pkt->payload_len);
	return RPCS_FLOW_FALLBACK;
}

RPCS_INLINE void rpcs_inspect_tcp(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				  struct rpcs_record_buffer *buf)
{
	__u8 control = pkt->tcp_flags & RPCS_TCP_CONTROL;
	struct rpcs_flow_key key = {};
	__u64 state = 0;

	rpcs_flow_key_fill(&key, &buf->rpc.head);
	if (control & RPCS_TCP_SYN) {
		rpcs_inspect_connection(eng, pkt, &buf->rpc.head);
		state = rpcs_flow_in_step(pkt->seq + 1);
	} else {
		state = rpcs_engine_flow_get(eng, &key);
	}
	/* What an RST carries is a diagnosis for people (RFC 9293 3.5.3), not stream data. */
	if (pkt->payload_len > 0 && !(control & RPCS_TCP_RST))
		state = rpcs_inspect_segment(eng, pkt, state, buf);
	if (control && !(control & RPCS_TCP_SYN)) {
		rpcs_inspect_connection(eng, pkt, &buf->rpc.head);
		/* One that does not fit is forged, or old: it must not make the flow forgotten. */
		if (state == rpcs_flow_in_step(pkt->seq + pkt->payload_len))
			state = 0;
	}
	rpcs_engine_flow_set(eng, &key, state);
}

/**
 * An IP fragment. `watched`: its ports are a portmapper's, or it is too short to
 * have any; a later fragment (`result` says so) asks what the first one was.
 */
RPCS_INLINE void rpcs_inspect_fragment(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				       enum rpcs_packet_result result, bool watched)
{
	struct rpcs_record_buffer *buf = eng->record;
	struct rpcs_fragment_key key = {};

	if (!rpcs_fragment_may_matter(pkt) ||
	    !rpcs_fragment_key_fill(&key, pkt, eng->data, eng->end))
		return;
	if (result == RPCS_PACKET_fragment_later)
		watched = rpcs_engine_fragment_get(eng, &key) != RPCS_FRAGMENT_OTHERS;
	else
		rpcs_engine_fragment_set(eng, &key,
					 watched ? RPCS_FRAGMENT_WATCHED : RPCS_FRAGMENT_OTHERS);
	if (!watched)
		return;
	eng->counters->packets_watched += 1;
	RPCS_ZERO(buf);
	if (rpcs_inspect_head(eng, pkt, &buf->rpc.head))
		rpcs_inspect_fallback(eng, pkt, &buf->rpc.head, RPCS_FALLBACK_fragment);
	else
		eng->counters->packets_unread += 1;
}

/** Is this fragment's first part, or the lack of one, for rpcs_inspect_fragment()? */
RPCS_INLINE bool rpcs_inspect_is_fragment(const struct rpcs_packet *pkt,
					  enum rpcs_packet_result result)
{
	return (pkt->flags & RPCS_F_FRAGMENT) &&
	       (result == RPCS_PACKET_OK || result == RPCS_PACKET_fragment_later ||
		result == RPCS_PACKET_transport_short);
}

/** Reports a packet of a portmapper port. */
RPCS_INLINE void rpcs_inspect(struct rpcs_engine *eng, const struct rpcs_packet *pkt)
{
	struct rpcs_record_buffer *buf = eng->record;

	eng->counters->packets_watched += 1;
	if (pkt->protocol == RPCS_IP_TCP && pkt->payload_len == 0 &&
	    !(pkt->tcp_flags & RPCS_TCP_CONTROL)) {
		eng->counters->tcp_empty += 1;
		return;
	}
	RPCS_ZERO(buf);
	if (!rpcs_inspect_head(eng, pkt, &buf->rpc.head))
		eng->counters->packets_unread += 1;
	else if (pkt->protocol == RPCS_IP_TCP)
		rpcs_inspect_tcp(eng, pkt, buf);
	else
		rpcs_inspect_udp(eng, pkt, buf);
}

#endif

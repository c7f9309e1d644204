/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One RPC message: decoded, held against any_port, reported. */
#ifndef RPCSENTRY_INSPECT_MESSAGE_H
#define RPCSENTRY_INSPECT_MESSAGE_H

#include "engine.h"
#include "gate.h"

RPCS_INLINE bool rpcs_is_portmapper(const struct rpcs_engine *eng)
{
	return eng->work->port_class == RPCS_PORT_PORTMAPPER;
}

/** The key of the replies to the call in eng->record, or of this reply. */
RPCS_INLINE const struct rpcs_expect_key *rpcs_expect_key(struct rpcs_engine *eng)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;
	struct rpcs_expect_key *key = &eng->keys->expect;
	bool is_call = rec->head.kind == RPCS_RECORD_CALL;

	RPCS_ZERO(key);
	if (is_call)
		RPCS_COPY(key->client, rec->head.src, sizeof(key->client));
	else
		RPCS_COPY(key->client, rec->head.dst, sizeof(key->client));
	key->port = is_call ? rec->head.sport : rec->head.dport;
	key->protocol = rec->head.protocol;
	key->xid = rec->xid;
	return key;
}

/** Will others than the one who was called answer, from ports of their own? */
RPCS_INLINE bool rpcs_is_relayed(const struct rpcs_record_rpc *rec)
{
	if (rec->head.protocol != RPCS_IP_UDP)
		return false;
	if (rec->head.flags & RPCS_F_GROUP)
		return true;
	return rec->call.program == RPCS_PORTMAP_PROGRAM &&
	       (rec->call.procedure == RPCS_PORTMAP_CALLIT ||
		rec->call.procedure == RPCS_PORTMAP_INDIRECT);
}

/** Has the replies to the call in eng->record let through on other ports. */
RPCS_INLINE void rpcs_inspect_expect(struct rpcs_engine *eng)
{
	rpcs_engine_expect(eng, rpcs_expect_key(eng),
			   rpcs_expect_kind_of(eng->record->rpc.call.program));
}

/**
 * The same for the replies that are not all let through. One may have passed already, where
 * call and reply come in on two interfaces or CPUs: it is gone, but not without a count.
 */
RPCS_INLINE void rpcs_inspect_await(struct rpcs_engine *eng)
{
	const struct rpcs_early *lately = rpcs_engine_early(eng);

	rpcs_inspect_expect(eng);
	if (lately && rpcs_early_find(lately, &eng->keys->expect, rpcs_engine_now(eng)))
		eng->counters->replies_early += 1;
}

/** Is the reply in eng->record awaited? Its call may be in another CPU's hand just now. */
RPCS_INLINE bool rpcs_inspect_is_awaited(struct rpcs_engine *eng)
{
	struct rpcs_early *lately = rpcs_engine_early(eng);

	if (rpcs_engine_expected(eng, rpcs_expect_key(eng)))
		return true;
	if (lately)
		rpcs_early_add(lately, &eng->keys->expect, rpcs_engine_now(eng));
	return rpcs_engine_expected(eng, &eng->keys->expect);
}

RPCS_INLINE bool rpcs_inspect_is_first(struct rpcs_engine *eng, const struct rpcs_record_rpc *rec)
{
	struct rpcs_first_key *key = &eng->keys->first;

	RPCS_ZERO(key);
	RPCS_COPY(key->src, rec->head.src, sizeof(key->src));
	RPCS_COPY(key->dst, rec->head.dst, sizeof(key->dst));
	key->sport = rec->head.sport;
	key->dport = rec->head.dport;
	key->born = eng->work->born;
	key->program = rec->call.program;
	key->procedure = rec->call.procedure;
	key->protocol = rec->head.protocol;
	return rpcs_engine_is_first(eng, key);
}

/** The call's arguments by its own lengths; 0 where they contradict each other. */
RPCS_INLINE __u32 rpcs_rpc_arguments(const struct rpcs_record_rpc *rec)
{
	__u32 header = 40 + rpcs_xdr_padded(rec->cred_len) + rpcs_xdr_padded(rec->verf_len);

	return rec->message_len > header ? rec->message_len - header : 0;
}

/** policy.md, any_port: is this call to another port to be sent? */
RPCS_INLINE bool rpcs_inspect_call_wanted(struct rpcs_engine *eng,
					  const struct rpcs_record_rpc *rec)
{
	/* What comes of AUTH_TLS decides whether the stream can be read any more. */
	if (rpcs_any_port(eng) == RPCS_ANY_PORT_ALL ||
	    (rec->cred_flavor == RPCS_AUTH_TLS && rec->head.protocol == RPCS_IP_TCP))
		return true;
	if (rec->call.program != RPCS_NFS_PROGRAM &&
	    (rpcs_rpc_arguments(rec) > RPCS_LARGE_ARGUMENTS ||
	     rpcs_engine_is_sensitive(eng, rec->call.program)))
		return true;
	return rpcs_inspect_is_first(eng, rec);
}

/** Is this a question for a TCP port, as the portmapper of version 2 has it (RFC 1833 3.2)? */
RPCS_INLINE bool rpcs_is_getport(const struct rpcs_record_rpc *rec)
{
	return rec->call.program == RPCS_PORTMAP_PROGRAM && rec->call.version == 2 &&
	       rec->call.procedure == RPCS_PORTMAP_GETPORT && rec->body[2] == RPCS_IP_TCP;
}

/**
 * Of a message of a portmapper port, with any_port: what it says of other ports. The agent
 * learns ports from it too, from all procedures, but the connection may be faster than the agent.
 */
RPCS_INLINE void rpcs_inspect_learn(struct rpcs_engine *eng)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	if (rec->head.kind == RPCS_RECORD_CALL) {
		if (rpcs_is_getport(rec))
			rpcs_engine_expect(eng, rpcs_expect_key(eng), RPCS_EXPECT_PORT);
		else if (rpcs_is_relayed(rec))
			rpcs_inspect_expect(eng);
		return;
	}
	if (rec->reply.reply_stat == RPCS_REPLY_ACCEPTED &&
	    rec->reply.stat == RPCS_ACCEPT_SUCCESS && rec->body[0] - 1 < 0xffff &&
	    rpcs_engine_expected(eng, rpcs_expect_key(eng)) == RPCS_EXPECT_PORT)
		rpcs_port_mark(eng->ports, rec->body[0], RPCS_PORT_RPC);
}

/** Is the message in eng->record to be sent? Those of the portmapper ports all are. */
RPCS_INLINE bool rpcs_inspect_wanted(struct rpcs_engine *eng)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	/* detections.md, 1110045: of any kind. */
	if (rec->message_len > RPCS_RECORD_HUGE)
		return true;
	if (rpcs_is_portmapper(eng)) {
		if (rpcs_any_port(eng) != RPCS_ANY_PORT_OFF)
			rpcs_inspect_learn(eng);
		return true;
	}
	if (rec->head.kind == RPCS_RECORD_CALL) {
		if (!rpcs_inspect_call_wanted(eng, rec))
			return false;
		/* With `all`, only whose replies' bodies count needs to be known. */
		if (rpcs_any_port(eng) == RPCS_ANY_PORT_FIRST)
			rpcs_inspect_await(eng);
		else if (rec->call.program == RPCS_PORTMAP_PROGRAM)
			rpcs_inspect_expect(eng);
		return true;
	}
	if (rpcs_any_port(eng) == RPCS_ANY_PORT_ALL)
		return true;
	return rpcs_inspect_is_awaited(eng);
}

/** May the body of the message in eng->record be cut to what the record has of it? */
RPCS_INLINE bool rpcs_inspect_may_cut(struct rpcs_engine *eng)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	if (rpcs_is_portmapper(eng))
		return false;
	if (rec->head.kind == RPCS_RECORD_CALL)
		return rpcs_rpc_body_may_be_cut(rec);
	return rpcs_engine_expected(eng, rpcs_expect_key(eng)) != RPCS_EXPECT_PORTMAPPER;
}

/**
 * Decodes what lies `skip` bytes behind work->at as a message of work->len bytes,
 * of which the packet has work->have, into eng->record. NONE: it says all.
 */
RPCS_INLINE enum rpcs_fallback rpcs_inspect_decode(struct rpcs_engine *eng, __u32 skip)
{
	struct rpcs_record_buffer *buf = eng->record;
	struct rpcs_cursor cur = { .left = eng->work->len };
	__u32 cap = eng->work->have;
	enum rpcs_fallback reason;

	/* Not the machine name: as much as the record has of it is copied there. */
	buf->rpc.head = *eng->head;
	__builtin_memset((__u8 *)&buf->rpc + sizeof(buf->rpc.head), 0,
			 sizeof(buf->rpc) - sizeof(buf->rpc.head));
	buf->machine_offset = 0;
	if (cap > RPCS_WINDOW_BYTES)
		cap = RPCS_WINDOW_BYTES;
	/* The mark alone: the message begins in the next segment. */
	if (cap == 0)
		return RPCS_FALLBACK_scattered;
	cur.pos = rpcs_engine_window(eng, eng->packet->payload_offset + eng->work->at + skip, cap);
	if (!cur.pos)
		return RPCS_FALLBACK_scattered;
	cur.end = cur.pos + cap;
	reason = rpcs_rpc_decode(&cur, buf);
	if (buf->rpc.head.kind == RPCS_RECORD_CALL && reason != RPCS_FALLBACK_short &&
	    buf->rpc.call.program == RPCS_PORTMAP_PROGRAM)
		rpcs_engine_count_call(eng, buf->rpc.call.version, buf->rpc.call.procedure);
	if (reason == RPCS_FALLBACK_body && rpcs_inspect_may_cut(eng))
		reason = RPCS_FALLBACK_NONE;
	return reason;
}

/** Sends the record in hand, whose message lies `skip` bytes behind work->at. */
RPCS_INLINE void rpcs_inspect_emit(struct rpcs_engine *eng, __u32 skip)
{
	struct rpcs_record_buffer *buf = eng->record;

	if (buf->rpc.head.kind == RPCS_RECORD_CALL)
		eng->counters->calls += 1;
	else
		eng->counters->replies += 1;
	rpcs_engine_emit_rpc(
		eng, eng->packet->payload_offset + eng->work->at + skip + buf->machine_offset, buf);
}

/** A record that the policy keeps off the ring. */
RPCS_INLINE void rpcs_inspect_suppress(struct rpcs_engine *eng)
{
	eng->counters->rpc_seen += 1;
	eng->counters->records_suppressed += 1;
	if (eng->record->rpc.head.kind == RPCS_RECORD_CALL)
		eng->counters->calls_suppressed += 1;
	else if (eng->record->rpc.head.kind == RPCS_RECORD_REPLY)
		eng->counters->replies_suppressed += 1;
}

/**
 * The message of a datagram, decoded and reported. NONE, or why the packet takes
 * the fallback. Of a first fragment's nothing is reported: NONE, it is not to be waited for.
 */
RPCS_INLINE enum rpcs_fallback rpcs_inspect_message(struct rpcs_engine *eng)
{
	enum rpcs_fallback reason = rpcs_inspect_decode(eng, 0);
	bool wanted;

	/* What the gate took for a header of another port was none. */
	if (!rpcs_is_portmapper(eng) && eng->record->rpc.head.kind == RPCS_RECORD_NONE)
		return RPCS_FALLBACK_NONE;
	/* What breaks a limit is never kept back, however often the call was seen. */
	wanted = rpcs_inspect_wanted(eng) || rpcs_rpc_is_odd(&eng->record->rpc, reason);
	if (wanted && eng->work->first)
		return RPCS_FALLBACK_fragment;
	if (!wanted || rpcs_engine_known(eng, reason, 0) || rpcs_engine_over_budget(eng, reason))
		rpcs_inspect_suppress(eng);
	else if (reason == RPCS_FALLBACK_NONE)
		rpcs_inspect_emit(eng, 0);
	else
		return reason;
	return RPCS_FALLBACK_NONE;
}

#endif

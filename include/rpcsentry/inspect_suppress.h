/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that the policy keeps from becoming a record (policy.md, `suppress`), and
 * their replies. Everything that is not plain goes to the agent: other than sound
 * arguments, groups, forged sources, TLS; over TCP what no compact record holds.
 */
#ifndef RPCSENTRY_INSPECT_SUPPRESS_H
#define RPCSENTRY_INSPECT_SUPPRESS_H

#include "inspect_message.h"

RPCS_INLINE bool rpcs_suppress_is_self(const struct rpcs_record_head *head)
{
	__u64 src[2], dst[2];

	RPCS_COPY(src, head->src, sizeof(src));
	RPCS_COPY(dst, head->dst, sizeof(dst));
	return src[0] == dst[0] && src[1] == dst[1];
}

/** A word of the arguments, `offset` bytes into the message at work->at + skip. */
RPCS_INLINE bool rpcs_suppress_word(struct rpcs_engine *eng, __u32 skip, __u32 offset,
				    __u32 *ret_word)
{
	const __u8 *bytes = rpcs_engine_window(
		eng, eng->packet->payload_offset + eng->work->at + skip + offset, 4);

	if (!bytes)
		return false;
	*ret_word = rpcs_load_be32(bytes);
	return true;
}

/** Are the arguments program, version and three strings that end where the message does? */
RPCS_INLINE bool rpcs_suppress_is_rpcb(struct rpcs_engine *eng, __u32 skip)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;
	__u32 left = rpcs_rpc_arguments(rec), offset = rec->message_len - left, len = 0;
	int i;

	if (left < 8 || left > RPCS_LARGE_ARGUMENTS)
		return false;
	left -= 8;
	offset += 8;
	RPCS_UNROLL
	for (i = 0; i < 3; i++) {
		if (left < 4 || !rpcs_suppress_word(eng, skip, offset, &len))
			return false;
		left -= 4;
		if (len > left || rpcs_xdr_padded(len) > left)
			return false;
		left -= rpcs_xdr_padded(len);
		offset += 4 + rpcs_xdr_padded(len);
	}
	return left == 0;
}

/** Are the call's arguments right for its procedure? */
RPCS_INLINE bool rpcs_suppress_is_sound(struct rpcs_engine *eng, __u32 kind, __u32 skip)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;
	__u32 arguments = rpcs_rpc_arguments(rec);

	switch (kind) {
	case RPCS_CALL_NULL:
	case RPCS_CALL_DUMP:
	case RPCS_CALL_GETTIME:
	case RPCS_CALL_GETSTAT:
		return arguments == 0;
	case RPCS_CALL_GETPORT:
		return arguments == 16 && rec->body[3] <= 0xffff;
	case RPCS_CALL_GETADDR:
	case RPCS_CALL_GETVERSADDR:
	case RPCS_CALL_GETADDRLIST:
		return rpcs_suppress_is_rpcb(eng, skip);
	case RPCS_CALL_OTHER:
	case RPCS_CALL_DIRECT:
		return true; /* nobody decodes them */
	default:
		return false;
	}
}

RPCS_INLINE __u32 rpcs_suppress_kind(const struct rpcs_engine *eng)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	if (rec->call.program == RPCS_PORTMAP_PROGRAM)
		return rpcs_policy_call_kind(rec->call.version, rec->call.procedure);
	return rpcs_is_portmapper(eng) ? RPCS_CALL_OTHER : RPCS_CALL_DIRECT;
}

/** Is the call one that the list of suppressed ones may be asked about at all? */
RPCS_INLINE bool rpcs_suppress_is_plain(const struct rpcs_engine *eng, enum rpcs_fallback reason)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;
	bool udp = rec->head.protocol == RPCS_IP_UDP;

	if (reason != RPCS_FALLBACK_NONE && !(udp && reason == RPCS_FALLBACK_body))
		return false;
	return rec->call.rpc_version == RPCS_RPC_VERSION && rec->message_len % 4 == 0 &&
	       eng->work->have == eng->work->len && rec->cred_flavor != RPCS_AUTH_TLS &&
	       !(rec->head.flags & (RPCS_F_GROUP | RPCS_F_FRAGMENT | RPCS_F_TRUNCATED)) &&
	       !rpcs_suppress_is_self(&rec->head);
}

/** Does the policy suppress the call in eng->record? Its reply is then waited for. */
RPCS_INLINE bool rpcs_suppress_call(struct rpcs_engine *eng, enum rpcs_fallback reason, __u32 skip)
{
	const struct rpcs_suppress_value *value = rpcs_engine_suppress(eng);
	__u32 kind = rpcs_suppress_kind(eng);
	bool suppressed;

	if (!value || kind >= RPCS_CALL__MAX)
		return false;
	suppressed = (value->calls >> kind & 1) && rpcs_suppress_is_plain(eng, reason) &&
		     rpcs_suppress_is_sound(eng, kind, skip);
	/* Kernel 6.1's verifier has forgotten by now how large it is. */
	RPCS_OPAQUE(kind);
	if (suppressed && kind < RPCS_CALL__MAX)
		rpcs_engine_suppress_count(eng, value->rules[kind]);
	rpcs_engine_silence(eng, rpcs_expect_key(eng), suppressed);
	return suppressed;
}

/**
 * Is the message in eng->record, decoded with `reason`, kept from becoming a record?
 * Only for one that would become one: that costs the look-up.
 */
RPCS_INLINE bool rpcs_inspect_is_known(struct rpcs_engine *eng, enum rpcs_fallback reason,
				       __u32 skip)
{
	const struct rpcs_record_rpc *rec = &eng->record->rpc;

	if (rec->head.kind == RPCS_RECORD_CALL)
		return rpcs_suppress_call(eng, reason, skip);
	if (rec->head.kind != RPCS_RECORD_REPLY ||
	    (reason != RPCS_FALLBACK_NONE && reason != RPCS_FALLBACK_body) ||
	    eng->work->have != eng->work->len)
		return false;
	return rpcs_engine_silenced(eng, rpcs_expect_key(eng));
}

#endif

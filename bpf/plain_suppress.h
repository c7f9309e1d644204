/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The plain way (plain.h) of what the policy suppresses: inspect_suppress.h for plain messages. */
#ifndef RPCSENTRY_BPF_PLAIN_SUPPRESS_H
#define RPCSENTRY_BPF_PLAIN_SUPPRESS_H

#include "plain_parse.h"

/** What the policy says of a message; or a number: the rule that suppresses it. */
enum rpcs_plain_known {
	RPCS_PLAIN_KNOWN_NOT = -1,
	RPCS_PLAIN_KNOWN_PERHAPS = -2, /* its client is in the list: the long way decides */
};

/** As rpcs_policy_call_kind(), of the kinds whose plain calls are sound; RPCS_CALL__MAX: others. */
RPCS_INLINE __u32 rpcs_plain_kind(const __u8 *rpc, __u32 len, const __u8 *end)
{
	__u32 kind;

	if (rpcs_load_be32(rpc + 12) != RPCS_PORTMAP_PROGRAM)
		return RPCS_CALL_OTHER;
	kind = rpcs_policy_call_kind(rpcs_load_be32(rpc + 16), rpcs_load_be32(rpc + 20));
	if (kind == RPCS_CALL_GETPORT)
		return len == RPCS_PLAIN_CALL4 && !RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, end) &&
				       rpcs_load_be32(rpc + 52) <= 0xffff
			       ? kind
			       : (__u32)RPCS_CALL__MAX;
	if (kind == RPCS_CALL_OTHER)
		return kind;
	return len == RPCS_PLAIN_CALL && (kind == RPCS_CALL_NULL || kind == RPCS_CALL_DUMP ||
					  kind == RPCS_CALL_GETTIME || kind == RPCS_CALL_GETSTAT)
		       ? kind
		       : (__u32)RPCS_CALL__MAX;
}

/** As rpcs_suppress_call(), before it leaves a trace. */
RPCS_INLINE int rpcs_plain_listed(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len,
				  bool ip6)
{
	struct rpcs_suppress_key key = { .prefixlen = 8 * sizeof(key.client) };
	const struct rpcs_suppress_value *value;
	__u64 src[2], dst[2];
	__u32 kind;

	rpcs_plain_words(plain, ip6, true, src);
	rpcs_plain_words(plain, ip6, false, dst);
	RPCS_COPY(key.client, src, sizeof(key.client));
	value = bpf_map_lookup_elem(&suppress, &key);
	if (!value)
		return RPCS_PLAIN_KNOWN_NOT;
	kind = rpcs_plain_kind(rpc, len, plain->end);
	RPCS_OPAQUE(kind);
	if (kind >= RPCS_CALL__MAX || !(value->calls >> kind & 1) ||
	    rpcs_load_be32(rpc + 8) != RPCS_RPC_VERSION || !((src[0] ^ dst[0]) | (src[1] ^ dst[1])))
		return RPCS_PLAIN_KNOWN_PERHAPS;
	return value->rules[kind] & 0x7fffffff;
}

enum { RPCS_PLAIN_SUPPRESS_IP6 = 1 << 16 /* above the length */ };

/* Global functions, for those that the sieve lets through. `where`: the message's offset. */
RPCS_INLINE int rpcs_plain_listed_at(const struct rpcs_plain *plain, __u32 where, __u32 what)
{
	const __u8 *rpc = rpcs_at(plain->data, where, RPCS_PLAIN_RPC_MAX);

	if (!rpc || RPCS_BEYOND(plain->data, 14 + 40, plain->end) ||
	    RPCS_BEYOND(rpc, RPCS_PLAIN_CALL, plain->end))
		return RPCS_PLAIN_KNOWN_PERHAPS;
	return rpcs_plain_listed(plain, rpc, what & 0xffff, what & RPCS_PLAIN_SUPPRESS_IP6);
}

__noinline int rpcs_xdp_listed(struct xdp_md *ctx, __u32 where, __u32 what)
{
	const struct rpcs_plain plain = rpcs_xdp_plain(ctx);

	return rpcs_plain_listed_at(&plain, where, what);
}

__noinline int rpcs_tc_listed(struct __sk_buff *skb, __u32 where, __u32 what)
{
	const struct rpcs_plain plain = rpcs_tc_plain(skb, false);

	return rpcs_plain_listed_at(&plain, where, what);
}

/** What the policy says of the message: a rule, or enum rpcs_plain_known. `where`: its offset. */
RPCS_INLINE int rpcs_plain_known(const struct rpcs_plain *plain, const __u8 *l4, const __u8 *rpc,
				 __u32 where, __u32 len, __u8 protocol, bool ip6, bool is_call)
{
	__u64 high, low;

	if (!rpcs_config.suppress)
		return RPCS_PLAIN_KNOWN_NOT;
	rpcs_plain_address(plain, ip6, is_call, &high, &low);
	if (!rpcs_sieve_here(high, low))
		return RPCS_PLAIN_KNOWN_NOT;
	if (!is_call)
		return rpcs_silenced_find(rpcs_plain_expect_hash(plain, RPCS_SETS_SILENCED, l4, rpc,
								 protocol, ip6, false))
			       ? 0
			       : RPCS_PLAIN_KNOWN_NOT;
	len |= ip6 ? RPCS_PLAIN_SUPPRESS_IP6 : 0;
	return plain->hook == RPCS_HOOK_XDP ? rpcs_xdp_listed(plain->ctx, where, len)
					    : rpcs_tc_listed(plain->ctx, where, len);
}

/** Counts a message that is suppressed: a call by its rule, and its reply is silenced. */
RPCS_INLINE void rpcs_plain_suppress(const struct rpcs_plain *plain, struct rpcs_counters *c,
				     const __u8 *l4, const __u8 *rpc, __u8 protocol, bool ip6,
				     bool is_call, __u32 rule)
{
	if (is_call) {
		rpcs_engine_suppress_count(NULL, rule);
		rpcs_silenced_set(rpcs_plain_expect_hash(plain, RPCS_SETS_SILENCED, l4, rpc,
							 protocol, ip6, true),
				  true);
	}
	rpcs_plain_count_suppressed(c, is_call);
}

#endif

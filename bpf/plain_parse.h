/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The plain way (plain.h): is a packet one that it takes? */
#ifndef RPCSENTRY_BPF_PLAIN_PARSE_H
#define RPCSENTRY_BPF_PLAIN_PARSE_H

#include "vmlinux.h"
#include <bpf/bpf_endian.h>

#include "suppress.h"

#include <rpcsentry/glance.h>

/** Where and how a packet came. */
struct rpcs_plain {
	void *ctx;
	const __u8 *data, *end;
	__u32 ifindex;
	__u16 flags; /* OUTBOUND */
	__u8 hook;
};

RPCS_INLINE struct rpcs_plain rpcs_xdp_plain(struct xdp_md *ctx)
{
	return (struct rpcs_plain){
		.ctx = ctx,
		.data = (const __u8 *)(long)ctx->data,
		.end = (const __u8 *)(long)ctx->data_end,
		.ifindex = ctx->ingress_ifindex,
		.hook = RPCS_HOOK_XDP,
	};
}

RPCS_INLINE struct rpcs_plain rpcs_tc_plain(struct __sk_buff *skb, bool egress)
{
	return (struct rpcs_plain){
		.ctx = skb,
		.data = (const __u8 *)(long)skb->data,
		.end = (const __u8 *)(long)skb->data_end,
		.ifindex = skb->ifindex,
		.flags = egress ? RPCS_F_OUTBOUND : 0,
		.hook = egress ? RPCS_HOOK_TC_EGRESS : RPCS_HOOK_TC_INGRESS,
	};
}

/** The packet's source, or its destination, as two numbers in host order. */
RPCS_INLINE void rpcs_plain_address(const struct rpcs_plain *plain, bool ip6, bool source,
				    __u64 *ret_high, __u64 *ret_low)
{
	const __u8 *ip = plain->data + 14;

	if (ip6) {
		*ret_high = rpcs_load_be64(ip + (source ? 8 : 24));
		*ret_low = rpcs_load_be64(ip + (source ? 16 : 32));
		return;
	}
	*ret_high = 0;
	*ret_low = rpcs_budget_low4(rpcs_load_be32(ip + (source ? 12 : 16)));
}

/** The same in the order of memory. */
RPCS_INLINE void rpcs_plain_words(const struct rpcs_plain *plain, bool ip6, bool source,
				  __u64 ret_words[2])
{
	__u64 high, low;

	rpcs_plain_address(plain, ip6, source, &high, &low);
	ret_words[0] = bpf_cpu_to_be64(high);
	ret_words[1] = bpf_cpu_to_be64(low);
}

/**
 * Copies it into a record or a key, 8 bytes at once: a look-up reads its key by words, and
 * waits for each that was written in smaller ones.
 */
RPCS_INLINE void rpcs_plain_copy_address(const struct rpcs_plain *plain, bool ip6, bool source,
					 __u8 to[16])
{
	rpcs_plain_words(plain, ip6, source, (__u64 *)to);
}

/** Where the header behind IP lies in the packet. */
RPCS_INLINE __u32 rpcs_plain_l4_offset(bool ip6)
{
	return ip6 ? 54 : 34;
}

/** The words of the packet's flow, whose ports are at `l4`. */
RPCS_INLINE void rpcs_plain_flow(const struct rpcs_plain *plain, const __u8 *l4, bool ip6,
				 struct rpcs_flow_words *ret_words)
{
	rpcs_plain_words(plain, ip6, true, ret_words->src);
	rpcs_plain_words(plain, ip6, false, ret_words->dst);
	ret_words->ports = rpcs_load_be32(l4);
}

/** As rpcs_inspect_suppress(). */
RPCS_INLINE void rpcs_plain_count_suppressed(struct rpcs_counters *c, bool is_call)
{
	c->rpc_seen += 1;
	c->records_suppressed += 1;
	c->calls_suppressed += is_call;
	c->replies_suppressed += !is_call;
}

enum {
	RPCS_PLAIN_L4_MAX = 54,
	RPCS_PLAIN_RPC_MAX = RPCS_PLAIN_L4_MAX + 60 + RPCS_MARK_BYTES,
	RPCS_PLAIN_CALL = 40,	/* a header with AUTH_NONE both, no arguments */
	RPCS_PLAIN_CALL4 = 56,	/* and four units: SET, UNSET, GETPORT */
	RPCS_PLAIN_REPLY = 24,	/* accepted, empty verifier, no results */
	RPCS_PLAIN_REPLY1 = 28, /* and one unit: a port, a boolean */
};

/** Is the message of `len` bytes at `rpc` a call that this way takes? */
RPCS_INLINE bool rpcs_plain_is_call(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	__u32 procedure;
	__u64 cred, verf;

	if ((len != RPCS_PLAIN_CALL && len != RPCS_PLAIN_CALL4) ||
	    RPCS_BEYOND(rpc, RPCS_PLAIN_CALL, plain->end) ||
	    (len == RPCS_PLAIN_CALL4 && RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, plain->end)))
		return false;
	RPCS_FETCH(&cred, rpc + 24, sizeof(cred));
	RPCS_FETCH(&verf, rpc + 32, sizeof(verf));
	if (cred | verf)
		return false;
	/* Replies to calls that are passed on come from other ports: the long way expects them. */
	procedure = rpcs_load_be32(rpc + 20);
	return procedure != RPCS_PORTMAP_CALLIT && procedure != RPCS_PORTMAP_INDIRECT &&
	       !(plain->data[0] & 1);
}

/** The same of a reply: accepted, with an empty verifier. */
RPCS_INLINE bool rpcs_plain_is_reply(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	__u64 verf;

	if ((len != RPCS_PLAIN_REPLY && len != RPCS_PLAIN_REPLY1) ||
	    RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY, plain->end) ||
	    (len == RPCS_PLAIN_REPLY1 && RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, plain->end)))
		return false;
	RPCS_FETCH(&verf, rpc + 12, sizeof(verf));
	return verf == 0 && rpcs_load_be32(rpc + 8) == RPCS_REPLY_ACCEPTED;
}

/** As rpcs_is_getport(): the reply to this call will tell a TCP port. */
RPCS_INLINE bool rpcs_plain_asks_port(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	return len == RPCS_PLAIN_CALL4 && !RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, plain->end) &&
	       rpcs_load_be32(rpc + 48) == RPCS_IP_TCP &&
	       rpcs_load_be32(rpc + 20) == RPCS_PORTMAP_GETPORT && rpcs_load_be32(rpc + 16) == 2 &&
	       rpcs_load_be32(rpc + 12) == RPCS_PORTMAP_PROGRAM;
}

/** Is the message of `len` bytes at `rpc` one that this way takes? The shortest reply is there. */
RPCS_INLINE bool rpcs_plain_is_message(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len,
				       bool *ret_is_call)
{
	__u32 type = rpcs_load_be32(rpc + 4);

	*ret_is_call = type == RPCS_MSG_CALL;
	if (*ret_is_call)
		return rpcs_plain_is_call(plain, rpc, len);
	return type == RPCS_MSG_REPLY && rpcs_plain_is_reply(plain, rpc, len);
}

/**
 * As rpcs_expect_key(). Not on the stack, which the functions of the long way need. NULL
 * cannot happen but to the verifier.
 */
RPCS_INLINE const struct rpcs_expect_key *rpcs_plain_expect_key(const struct rpcs_plain *plain,
								const __u8 *l4, const __u8 *rpc,
								__u8 protocol, bool ip6,
								bool is_call)
{
	struct rpcs_expect_key *key;
	struct rpcs_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return NULL;
	key = &s->keys.expect;
	rpcs_plain_copy_address(plain, ip6, is_call, key->client);
	key->port = rpcs_load_be16(l4 + (is_call ? 0 : 2));
	key->protocol = protocol;
	key->xid = rpcs_load_be32(rpc);
	return key;
}

/** The port that a reply to a lookup tells; 0: it tells none. */
RPCS_INLINE __u32 rpcs_plain_told_port(const struct rpcs_plain *plain, const __u8 *rpc, __u32 len)
{
	__u32 port;

	if (len != RPCS_PLAIN_REPLY1 || RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, plain->end) ||
	    rpcs_load_be32(rpc + 20) != RPCS_ACCEPT_SUCCESS)
		return 0;
	port = rpcs_load_be32(rpc + 24);
	return port - 1 < 0xffff ? port : 0;
}

/** As rpcs_expect_key_hash(), by the secret of one of the maps of sets. */
RPCS_INLINE __u64 rpcs_plain_expect_hash(const struct rpcs_plain *plain, enum rpcs_sets sets,
					 const __u8 *l4, const __u8 *rpc, __u8 protocol, bool ip6,
					 bool is_call)
{
	__u64 client[2];

	rpcs_plain_words(plain, ip6, is_call, client);
	return rpcs_expect_keyed(&rpcs_config.sets[sets].seed, client,
				 rpcs_load_be16(l4 + (is_call ? 0 : 2)), protocol,
				 rpcs_load_be32(rpc));
}

/** As rpcs_inspect_learn(). */
RPCS_INLINE void rpcs_plain_learn(const struct rpcs_plain *plain, const __u8 *l4, const __u8 *rpc,
				  __u32 len, __u8 protocol, bool ip6, bool is_call)
{
	__u32 port = 0;
	__u64 hash;

	if (is_call ? !rpcs_plain_asks_port(plain, rpc, len)
		    : !(port = rpcs_plain_told_port(plain, rpc, len)))
		return;
	hash = rpcs_plain_expect_hash(plain, RPCS_SETS_EXPECTED, l4, rpc, protocol, ip6, is_call);
	if (is_call) {
		rpcs_expected_put(hash, RPCS_EXPECT_PORT);
		return;
	}
	if (rpcs_expected_find(hash) != RPCS_EXPECT_PORT)
		return;
	/* Kernel 6.1's verifier has forgotten by now how large it is: cut once more. */
	RPCS_OPAQUE(port);
	rpcs_port_mark(&rpcs_ports, (__u16)port, RPCS_PORT_RPC);
}

#endif

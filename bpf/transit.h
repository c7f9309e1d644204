/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RPC of other ports that leaves no record, with any_port's `first`: the bulk of NFS on a busy
 * gateway. Calls that were seen before, replies that nobody awaits, the insides of large records,
 * acknowledgements and what is no RPC any more are counted and passed over, behind a plain Ethernet
 * and IP header and in TCP where the flow is in step. As plain.h this changes how fast an answer
 * comes and never which.
 */
#ifndef RPCSENTRY_BPF_TRANSIT_H
#define RPCSENTRY_BPF_TRANSIT_H

#include "plain_parse.h"

#include <rpcsentry/flow.h>

/** A packet that may take this way, and the message that it begins with. */
struct rpcs_transit {
	const __u8 *l4; /* 20 bytes of it are there */
	__u32 len;	/* from there on, by the IP header */
	__u8 protocol;
	bool ip6;
	const __u8 *rpc; /* 24 bytes of it are there */
	__u32 message_len;
	__u32 have; /* bytes of the message in the packet, not all in its linear part */
	__u32 born; /* of the flow */
};

enum {
	RPCS_TRANSIT_IS_IP6 = 1 << 16, /* above the length */
	RPCS_TRANSIT_IS_TCP = 1 << 17,
	RPCS_TRANSIT_HEADER_MAX = 40 + 2 * RPCS_AUTH_BODY_MAX,
	RPCS_TRANSIT_MACHINE = 40, /* the offset of an AUTH_SYS credential's machine name */
};

/** Are a message's header, of `header` bytes, and what a record has behind it in the packet? */
RPCS_INLINE bool rpcs_transit_is_whole(const struct rpcs_transit *t, __u32 header)
{
	__u32 body = RPCS_RECORD_WORDS * 4;

	_Static_assert(RPCS_TRANSIT_HEADER_MAX + RPCS_RECORD_WORDS * 4 <= RPCS_WINDOW_BYTES,
		       "the long way sees all of them");
	if (header > t->message_len || t->message_len > RPCS_RECORD_HUGE)
		return false;
	if (body > t->message_len - header)
		body = t->message_len - header;
	return header + body <= t->have;
}

/** As rpcs_rpc_auth_sys(): a sound credential of `cred_len` bytes at rpc + 32. */
RPCS_INLINE bool rpcs_transit_auth_sys(const struct rpcs_plain *plain, const __u8 *rpc,
				       __u32 cred_len)
{
	__u32 machine_len, gids;
	const __u8 *at;

	if (RPCS_BEYOND(rpc, RPCS_TRANSIT_MACHINE, plain->end))
		return false;
	machine_len = rpcs_load_be32(rpc + RPCS_TRANSIT_MACHINE - 4);
	/* Beyond what a record has room for the long way does not look at the verifier. */
	if (machine_len > RPCS_RECORD_MACHINE_MAX)
		return false;
	machine_len = rpcs_xdr_padded(machine_len);
	at = rpcs_at(rpc, RPCS_TRANSIT_MACHINE + machine_len,
		     RPCS_TRANSIT_MACHINE + RPCS_RECORD_MACHINE_MAX);
	if (!at || RPCS_BEYOND(at, 12, plain->end))
		return false;
	gids = rpcs_load_be32(at + 8);
	return gids <= RPCS_GIDS_MAX && cred_len >= 8 + machine_len + 12 + gids * 4;
}

/** As rpcs_inspect_call_wanted(), but for `first`. */
RPCS_INLINE bool rpcs_transit_wants(const struct rpcs_transit *t, __u32 program, __u32 header)
{
	if (program == RPCS_NFS_PROGRAM)
		return false;
	/* What is counted by its procedure too. */
	if (program == RPCS_PORTMAP_PROGRAM)
		return true;
	return t->message_len - header > RPCS_LARGE_ARGUMENTS ||
	       bpf_map_lookup_elem(&sensitive, &program);
}

/** Was the call seen before on its flow? Then it is so once more. */
RPCS_INLINE bool rpcs_transit_was_seen(const struct rpcs_plain *plain, const struct rpcs_transit *t,
				       __u32 program)
{
	__u64 src[2], dst[2], hash, procedure = rpcs_load_be32(t->rpc + 20);
	struct rpcs_word_set *set;

	rpcs_plain_words(plain, t->ip6, true, src);
	rpcs_plain_words(plain, t->ip6, false, dst);
	hash = rpcs_first_keyed(&rpcs_config.sets[RPCS_SETS_FIRSTS].seed, src, dst,
				rpcs_load_be32(t->l4), t->born, (__u64)program << 32 | procedure,
				t->protocol);
	set = rpcs_firsts_set(hash);
	return set && rpcs_dated_renew(set, hash, rpcs_dated_tick_now(),
				       rpcs_first_most(t->protocol, rpcs_config.flow_timeout_ns));
}

RPCS_INLINE bool rpcs_transit_is_call(const struct rpcs_plain *plain, const struct rpcs_transit *t)
{
	const __u8 *rpc = t->rpc, *verf;
	__u32 flavor, cred_len, verf_len, program, header;

	if (RPCS_BEYOND(rpc, 32, plain->end) || rpcs_load_be32(rpc + 8) != RPCS_RPC_VERSION)
		return false;
	program = rpcs_load_be32(rpc + 12);
	flavor = rpcs_load_be32(rpc + 24);
	cred_len = rpcs_load_be32(rpc + 28);
	if (cred_len > RPCS_AUTH_BODY_MAX || flavor == RPCS_AUTH_TLS ||
	    (flavor == RPCS_AUTH_SYS && !rpcs_transit_auth_sys(plain, rpc, cred_len)))
		return false;
	header = 32 + rpcs_xdr_padded(cred_len);
	verf = rpcs_at(rpc, header, 32 + RPCS_AUTH_BODY_MAX);
	if (!verf || RPCS_BEYOND(verf, 8, plain->end))
		return false;
	verf_len = rpcs_load_be32(verf + 4);
	if (verf_len > RPCS_AUTH_BODY_MAX)
		return false;
	header += 8 + rpcs_xdr_padded(verf_len);
	return rpcs_transit_is_whole(t, header) && !rpcs_transit_wants(t, program, header) &&
	       rpcs_transit_was_seen(plain, t, program);
}

/** As rpcs_inspect_is_awaited(), and not so. */
RPCS_INLINE bool rpcs_transit_is_reply(const struct rpcs_plain *plain, const struct rpcs_transit *t)
{
	const struct rpcs_expect_key *key;
	struct rpcs_early *lately;
	__u32 header = 16, verf_len, stat = rpcs_load_be32(t->rpc + 8), zero = 0;
	__u64 hash;

	if (stat == RPCS_REPLY_ACCEPTED) {
		verf_len = rpcs_load_be32(t->rpc + 16);
		if (verf_len > RPCS_AUTH_BODY_MAX)
			return false;
		header = 24 + rpcs_xdr_padded(verf_len);
	}
	if (stat > RPCS_REPLY_DENIED || !rpcs_transit_is_whole(t, header))
		return false;
	key = rpcs_plain_expect_key(plain, t->l4, t->rpc, t->protocol, t->ip6, false);
	lately = bpf_map_lookup_elem(&early, &zero);
	if (!key || !lately)
		return false;
	hash = rpcs_expect_key_hash(&rpcs_config.sets[RPCS_SETS_EXPECTED].seed, key);
	if (rpcs_expected_find(hash))
		return false;
	rpcs_early_add(lately, key, rpcs_dated_now());
	return !rpcs_expected_find(hash);
}

RPCS_INLINE bool rpcs_transit_is_message(const struct rpcs_plain *plain,
					 const struct rpcs_transit *t, bool *ret_is_call)
{
	__u32 type = rpcs_load_be32(t->rpc + 4);

	*ret_is_call = type == RPCS_MSG_CALL;
	if (*ret_is_call)
		return rpcs_transit_is_call(plain, t);
	return type == RPCS_MSG_REPLY && rpcs_transit_is_reply(plain, t);
}

RPCS_INLINE void rpcs_transit_count(struct rpcs_counters *c, bool is_call)
{
	c->packets_watched += 1;
	rpcs_plain_count_suppressed(c, is_call);
}

RPCS_INLINE bool rpcs_transit_udp(const struct rpcs_plain *plain, struct rpcs_counters *c,
				  struct rpcs_transit *t)
{
	bool is_call;

	t->rpc = t->l4 + 8;
	if (rpcs_load_be16(t->l4 + 4) != t->len || RPCS_BEYOND(t->rpc, 24, plain->end) ||
	    rpcs_port_class(&rpcs_ports, rpcs_load_be16(t->l4 + 2)) == RPCS_PORT_VXLAN)
		return false;
	t->message_len = t->have = t->len - 8;
	if (!rpcs_transit_is_message(plain, t, &is_call))
		return false;
	rpcs_transit_count(c, is_call);
	return true;
}

/** The record that a segment begins with, and no other behind it. */
RPCS_INLINE bool rpcs_transit_record(const struct rpcs_plain *plain, struct rpcs_counters *c,
				     struct rpcs_transit *t, const __u8 *mark, __u32 payload,
				     struct rpcs_flow_slot *flow, __u64 here)
{
	bool is_call;
	__u64 there;

	t->rpc = mark + RPCS_MARK_BYTES;
	if (RPCS_BEYOND(mark, RPCS_MARK_BYTES + 24, plain->end))
		return false;
	/* Of a fragment that is not the last one it is over the largest. */
	t->message_len = rpcs_load_be32(mark) ^ RPCS_MARK_LAST;
	t->have = payload - RPCS_MARK_BYTES;
	t->born = flow->value.born;
	if (t->message_len < t->have)
		return false;
	there = rpcs_flow_in_step(rpcs_flow_next(here) + payload, t->message_len - t->have, 0);
	if (!rpcs_transit_is_message(plain, t, &is_call) ||
	    __sync_val_compare_and_swap(&flow->value.state, here, there) != here)
		return false;
	rpcs_transit_count(c, is_call);
	return true;
}

/** Bytes inside a record: nobody waits for them. */
RPCS_INLINE bool rpcs_transit_inside(struct rpcs_counters *c, __u32 payload,
				     struct rpcs_flow_slot *flow, __u64 here)
{
	__u32 open = here & RPCS_FLOW_OPEN, left = rpcs_flow_left(here);
	__u64 there = rpcs_flow_in_step(rpcs_flow_next(here) + payload, left - payload, open);

	/* The end of an open one is told. */
	if (left < payload || (left == payload && open) ||
	    __sync_val_compare_and_swap(&flow->value.state, here, there) != here)
		return false;
	c->packets_watched += 1;
	c->tcp_skipped += 1;
	return true;
}

/**
 * Data of a flow that was no RPC: it may begin with a record even so, which is for the long way,
 * as rpcs_gate_record() tells.
 */
RPCS_INLINE bool rpcs_transit_strange(const struct rpcs_plain *plain, struct rpcs_counters *c,
				      const __u8 *data, __u32 offset, __u32 payload)
{
	__u64 words = 0;

	if (payload >= RPCS_MARK_BYTES + RPCS_REPLY_BYTES) {
		if (!RPCS_BEYOND(data, 16, plain->end))
			RPCS_FETCH(&words, data + 8, sizeof(words));
		else if (plain->hook == RPCS_HOOK_XDP ||
			 bpf_skb_load_bytes(plain->ctx, offset + 8, &words, sizeof(words)))
			return false;
		if (rpcs_glance_is_message(words, true))
			return false;
	}
	c->packets_watched += 1;
	c->tcp_strange += 1;
	return true;
}

RPCS_INLINE bool rpcs_transit_tcp(const struct rpcs_plain *plain, struct rpcs_counters *c,
				  struct rpcs_transit *t, __u32 offset)
{
	__u32 header = (t->l4[12] >> 4) * 4, seq = rpcs_load_be32(t->l4 + 4), payload;
	struct rpcs_flow_words words;
	struct rpcs_flow_slot *flow;
	__u64 here;

	if (header < 20 || header > t->len ||
	    (t->l4[13] & (RPCS_TCP_SYN | RPCS_TCP_FIN | RPCS_TCP_RST)))
		return false;
	payload = t->len - header;
	rpcs_plain_flow(plain, t->l4, t->ip6, &words);
	flow = rpcs_flows_find_plain(&words);
	if (!flow)
		return false;
	here = *(volatile __u64 *)&flow->value.state;
	/* Another flow's by now? */
	RPCS_FORGET();
	if (!rpcs_flow_is(flow, &words))
		return false;
	if (payload == 0) {
		if (here & RPCS_FLOW_NEW)
			return false;
		c->packets_watched += 1;
		c->tcp_empty += 1;
		return true;
	}
	if (!flow->value.born)
		return false;
	/* AUTH_TLS. */
	if (rpcs_flow_step_of(here) == RPCS_STEP_STOPPED) {
		c->packets_watched += 1;
		c->tcp_stopped += 1;
		return true;
	}
	if (here == RPCS_FLOW_STRANGE)
		return rpcs_transit_strange(plain, c, t->l4 + header, offset + header, payload);
	if (rpcs_flow_step_of(here) != RPCS_STEP_IN_STEP || rpcs_flow_next(here) != seq)
		return false;
	if (rpcs_flow_left(here))
		return rpcs_transit_inside(c, payload, flow, here);
	if (here & RPCS_FLOW_OPEN)
		return false;
	return rpcs_transit_record(plain, c, t, t->l4 + header, payload, flow, here);
}

/** `what`: the length behind the IP header, and RPCS_TRANSIT_IS_*. 1: passed over. */
RPCS_INLINE int rpcs_transit(const struct rpcs_plain *plain, __u32 what, __u32 frame_len)
{
	__u32 offset = rpcs_plain_l4_offset(what & RPCS_TRANSIT_IS_IP6), zero = 0;
	struct rpcs_transit t = {
		.l4 = rpcs_at(plain->data, offset, RPCS_PLAIN_L4_MAX),
		.len = what & 0xffff,
		.protocol = what & RPCS_TRANSIT_IS_TCP ? RPCS_IP_TCP : RPCS_IP_UDP,
		.ip6 = what & RPCS_TRANSIT_IS_IP6,
	};
	struct rpcs_counters *c = bpf_map_lookup_elem(&counters, &zero);

	if (!c || !t.l4 || rpcs_ports.any_port != RPCS_ANY_PORT_FIRST ||
	    frame_len < offset + t.len || RPCS_BEYOND(plain->data, 54, plain->end) ||
	    RPCS_BEYOND(t.l4, 20, plain->end))
		return 0;
	return t.protocol == RPCS_IP_TCP ? rpcs_transit_tcp(plain, c, &t, offset)
					 : rpcs_transit_udp(plain, c, &t);
}

/* Global functions, verified once. */
__noinline int rpcs_xdp_transit(struct xdp_md *ctx, __u32 what)
{
	const struct rpcs_plain plain = rpcs_xdp_plain(ctx);

	return rpcs_transit(&plain, what, ctx->data_end - ctx->data);
}

__noinline int rpcs_tc_transit(struct __sk_buff *skb, __u32 what)
{
	const struct rpcs_plain plain = rpcs_tc_plain(skb, false);

	return rpcs_transit(&plain, what, skb->len);
}

/** Is the packet, as a glance saw it, one of those? Counted then. */
RPCS_INLINE bool rpcs_transit_take(const struct rpcs_plain *plain, const struct rpcs_glance *glance)
{
	__u32 what = glance->len;

	if (glance->protocol == RPCS_IP_TCP) {
		/* What begins on a port that is none of RPC yet the gate has to mark. */
		if (!glance->watched)
			return false;
		what |= RPCS_TRANSIT_IS_TCP;
	}
	if (glance->ip6)
		what |= RPCS_TRANSIT_IS_IP6;
	if (plain->hook == RPCS_HOOK_XDP)
		return rpcs_xdp_transit(plain->ctx, what);
	return rpcs_tc_transit(plain->ctx, what);
}

#endif

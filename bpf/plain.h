/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 2 to 4 at one go for what a portmapper sees most: a datagram with one call or
 * reply, AUTH_NONE, arguments of none or four units, results of none or one, behind a
 * plain Ethernet and IP header. All lies where it always lies, so the record is written
 * from the packet straight into the ring. As glance.h this changes how fast an answer
 * comes and never which: anything else takes the long way, and the differential tests
 * hold this one against the native build, which has no other.
 *
 * A function call costs as much here as all of the parsing (7 ns on a kernel with return
 * thunks): everything is inlined into the programs.
 */
#ifndef RPCSENTRY_BPF_PLAIN_H
#define RPCSENTRY_BPF_PLAIN_H

#include "plain_suppress.h"

RPCS_INLINE void rpcs_plain_head(const struct rpcs_plain *plain, const __u8 *l4, __u8 protocol,
				 bool ip6, __u64 now, struct rpcs_record_head *head)
{
	const __u8 *ip = plain->data + 14;

	rpcs_plain_copy_address(plain, ip6, true, head->src);
	rpcs_plain_copy_address(plain, ip6, false, head->dst);
	head->abi = RPCS_RECORD_ABI;
	head->hook = plain->hook;
	head->protocol = protocol;
	head->ifindex = plain->ifindex;
	head->time_ns = now;
	head->sport = rpcs_load_be16(l4);
	head->dport = rpcs_load_be16(l4 + 2);
	head->flags = plain->flags | (ip6 ? RPCS_F_IP6 : 0) | rpcs_packet_link_flags(plain->data);
	head->vlan[0] = head->vlan[1] = 0;
	head->vlan_count = head->tcp_flags = head->text_len = 0;
	head->ttl = ip6 ? ip[7] : ip[8];
	head->have = 0;
}

RPCS_INLINE void rpcs_plain_call(const __u8 *rpc, __u32 len, const __u8 *end,
				 struct rpcs_record_rpc *rec)
{
	rec->head.kind = RPCS_RECORD_CALL;
	rec->call.rpc_version = rpcs_load_be32(rpc + 8);
	rec->call.program = rpcs_load_be32(rpc + 12);
	rec->call.version = rpcs_load_be32(rpc + 16);
	rec->call.procedure = rpcs_load_be32(rpc + 20);
	if (len != RPCS_PLAIN_CALL4 || RPCS_BEYOND(rpc, RPCS_PLAIN_CALL4, end)) {
		RPCS_ZERO(&rec->body);
		return;
	}
	rec->body[0] = rpcs_load_be32(rpc + 40);
	rec->body[1] = rpcs_load_be32(rpc + 44);
	rec->body[2] = rpcs_load_be32(rpc + 48);
	rec->body[3] = rpcs_load_be32(rpc + 52);
}

RPCS_INLINE void rpcs_plain_reply(const __u8 *rpc, __u32 len, const __u8 *end,
				  struct rpcs_record_rpc *rec)
{
	rec->head.kind = RPCS_RECORD_REPLY;
	RPCS_ZERO(&rec->reply);
	RPCS_ZERO(&rec->body);
	rec->reply.stat = rpcs_load_be32(rpc + 20);
	if (len == RPCS_PLAIN_REPLY1 && !RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY1, end))
		rec->body[0] = rpcs_load_be32(rpc + 24);
}

/** Writes each byte once: zeroing all of it before is a tenth of the whole way. */
RPCS_INLINE void rpcs_plain_record(const struct rpcs_plain *plain, const __u8 *l4, const __u8 *rpc,
				   __u32 len, __u8 protocol, bool ip6, bool is_call, __u64 now,
				   struct rpcs_record_rpc *rec)
{
	rpcs_plain_head(plain, l4, protocol, ip6, now, &rec->head);
	rec->seq = 0;
	if (protocol == RPCS_IP_TCP) {
		rec->head.flags |= RPCS_F_IN_STEP;
		rec->head.tcp_flags = l4[13];
		rec->seq = rpcs_load_be32(l4 + 4);
	}
	rec->message_len = len;
	rec->cred_len = rec->verf_len = 0;
	rec->cred_flavor = rec->verf_flavor = rec->uid = rec->gid = 0;
	rec->xid = rpcs_load_be32(rpc);
	if (is_call)
		rpcs_plain_call(rpc, len, plain->end, rec);
	else
		rpcs_plain_reply(rpc, len, plain->end, rec);
}

/** What the budget of the message's source says at a glance. */
RPCS_INLINE int rpcs_plain_glance(const struct rpcs_plain *plain, const __u8 *l4, const __u8 *rpc,
				  __u8 protocol, bool ip6, bool is_call, __u64 now)
{
	struct rpcs_budget_who who = { .is_reply = !is_call };
	__u64 high, low;

	rpcs_plain_address(plain, ip6, is_call, &high, &low);
	who.second = rpcs_budget_second(rpcs_budget_now(now));
	who.client = rpcs_budget_hash(rpcs_config.seed, high, low);
	return rpcs_budget_glance(&rpcs_ports, &who, rpcs_load_be16(l4 + 2), protocol,
				  rpcs_load_be32(rpc));
}

/** What one number tells a function of its own of a message that this way takes. */
enum {
	RPCS_PLAIN_IS_IP6 = 1 << 16, /* above the length */
	RPCS_PLAIN_IS_TCP = 1 << 17,
	RPCS_PLAIN_IS_CALL = 1 << 18,
	RPCS_PLAIN_IS_OUT = 1 << 19, /* TC: on its way out */
};

/**
 * Counts a message whose source may have used up its budget, or sends it by way of the
 * scratch memory. `where`: the offset of the header behind IP, and of the message above it.
 */
RPCS_INLINE int rpcs_plain_judge(const struct rpcs_plain *plain, __u32 where, __u32 what, int said,
				 __u64 now)
{
	const __u8 *l4 = rpcs_at(plain->data, where & 0xffff, RPCS_PLAIN_L4_MAX);
	const __u8 *rpc = rpcs_at(plain->data, where >> 16, RPCS_PLAIN_RPC_MAX);
	bool is_call = what & RPCS_PLAIN_IS_CALL;
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s || !l4 || !rpc || RPCS_BEYOND(plain->data, 14 + 40, plain->end) ||
	    RPCS_BEYOND(l4, 20, plain->end) ||
	    RPCS_BEYOND(rpc, is_call ? RPCS_PLAIN_CALL : RPCS_PLAIN_REPLY, plain->end))
		return 0;
	rpcs_plain_record(plain, l4, rpc, what & 0xffff,
			  what & RPCS_PLAIN_IS_TCP ? RPCS_IP_TCP : RPCS_IP_UDP,
			  what & RPCS_PLAIN_IS_IP6, is_call, now, &s->record.rpc);
	if (!rpcs_budget_over(RPCS_FALLBACK_NONE, said)) {
		c->calls += is_call;
		c->replies += !is_call;
		rpcs_send_copy(c, &s->record, sizeof(s->record.rpc));
		return 0;
	}
	rpcs_plain_count_suppressed(c, is_call);
	return 0;
}

/* Global functions: the entries' verification has no part in them. */
__noinline int rpcs_xdp_judge(struct xdp_md *ctx, __u32 where, __u32 what, int said, __u64 now)
{
	const struct rpcs_plain plain = rpcs_xdp_plain(ctx);

	return rpcs_plain_judge(&plain, where, what, said, now);
}

__noinline int rpcs_tc_judge(struct __sk_buff *skb, __u32 where, __u32 what, int said, __u64 now)
{
	const struct rpcs_plain plain = rpcs_tc_plain(skb, what & RPCS_PLAIN_IS_OUT);

	return rpcs_plain_judge(&plain, where, what, said, now);
}

/** Writes the record into the ring; counted once, sent or lost. TCP: of a flow in step. */
RPCS_INLINE void rpcs_plain_emit(const struct rpcs_plain *plain, struct rpcs_counters *c,
				 const __u8 *l4, const __u8 *rpc, __u32 len, __u8 protocol,
				 bool ip6, bool is_call, __u64 now)
{
	struct rpcs_record_rpc *rec;
	struct rpcs_send send;
	int said = 0;

	if (rpcs_config.budget)
		said = rpcs_plain_glance(plain, l4, rpc, protocol, ip6, is_call, now);
	if (said != RPCS_BUDGET_FINE) {
		__u32 where = rpcs_plain_l4_offset(ip6) | rpcs_plain_l4_offset(ip6) << 16;
		__u32 what = len;

		if (protocol == RPCS_IP_UDP)
			where += 8 << 16;
		else
			where += ((l4[12] >> 4) * 4 + RPCS_MARK_BYTES) << 16;
		what |= (ip6 ? RPCS_PLAIN_IS_IP6 : 0) | (is_call ? RPCS_PLAIN_IS_CALL : 0) |
			(protocol == RPCS_IP_TCP ? RPCS_PLAIN_IS_TCP : 0) |
			(plain->flags & RPCS_F_OUTBOUND ? RPCS_PLAIN_IS_OUT : 0);
		if (plain->hook == RPCS_HOOK_XDP)
			rpcs_xdp_judge(plain->ctx, where, what, said, now);
		else
			rpcs_tc_judge(plain->ctx, where, what, said, now);
		return;
	}
	c->calls += is_call;
	c->replies += !is_call;
	rec = rpcs_send_reserve(&send, c);
	if (!rec)
		return;
	rpcs_plain_record(plain, l4, rpc, len, protocol, ip6, is_call, now, rec);
	rpcs_send_submit(&send, c, rec);
}

RPCS_INLINE void rpcs_plain_count(struct rpcs_counters *c, const __u8 *rpc, bool is_call)
{
	c->packets_watched += 1;
	if (is_call && rpcs_load_be32(rpc + 12) == RPCS_PORTMAP_PROGRAM)
		rpcs_engine_count_call(NULL, rpcs_load_be32(rpc + 16), rpcs_load_be32(rpc + 20));
}

/** Reports the datagram, if it is one of those; false: it takes the long way. */
RPCS_INLINE bool rpcs_plain_take_udp(const struct rpcs_plain *plain, struct rpcs_counters *c,
				     bool any_port, const struct rpcs_glance *glance)
{
	const __u8 *udp = glance->l4, *rpc = udp + 8;
	bool is_call;
	__u32 len;
	int known;

	if (RPCS_BEYOND(udp, 8 + RPCS_PLAIN_REPLY, plain->end) ||
	    rpcs_load_be16(udp + 4) != glance->len)
		return false;
	len = glance->len - 8;
	if (!rpcs_plain_is_message(plain, rpc, len, &is_call))
		return false;
	known = rpcs_plain_known(plain, udp, rpc, rpcs_plain_l4_offset(glance->ip6) + 8, len,
				 RPCS_IP_UDP, glance->ip6, is_call);
	if (known == RPCS_PLAIN_KNOWN_PERHAPS)
		return false;
	if (any_port)
		rpcs_plain_learn(plain, udp, rpc, len, RPCS_IP_UDP, glance->ip6, is_call);
	rpcs_plain_count(c, rpc, is_call);
	if (known != RPCS_PLAIN_KNOWN_NOT) {
		rpcs_plain_suppress(plain, c, udp, rpc, RPCS_IP_UDP, glance->ip6, is_call, known);
		return true;
	}
	rpcs_plain_emit(plain, c, udp, rpc, len, RPCS_IP_UDP, glance->ip6, is_call,
			rpcs_engine_stamp(NULL));
	return true;
}

#endif

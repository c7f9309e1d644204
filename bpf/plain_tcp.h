/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The plain way of TCP (plain.h): a segment of a flow that is in step just there, between two
 * records, which brings one such call or reply and nothing else. The flow's state is moved
 * first: where another CPU was faster, nothing has been said and the long way sees to it.
 */
#ifndef RPCSENTRY_BPF_PLAIN_TCP_H
#define RPCSENTRY_BPF_PLAIN_TCP_H

#include "plain.h"

#include <rpcsentry/flow.h>

/** The message behind the record mark of a segment of `len` bytes that holds nothing else. */
RPCS_INLINE const __u8 *rpcs_plain_tcp_message(const struct rpcs_plain *plain, const __u8 *tcp,
					       __u32 len, __u32 *ret_len)
{
	__u32 header = (tcp[12] >> 4) * 4;
	const __u8 *mark = tcp + header;

	if (header < 20 || (tcp[13] & (RPCS_TCP_SYN | RPCS_TCP_FIN | RPCS_TCP_RST)) ||
	    RPCS_BEYOND(mark, RPCS_MARK_BYTES + RPCS_PLAIN_REPLY, plain->end))
		return NULL;
	len -= header + RPCS_MARK_BYTES;
	if (rpcs_load_be32(mark) != (RPCS_MARK_LAST | len))
		return NULL;
	*ret_len = len;
	return mark + RPCS_MARK_BYTES;
}

/**
 * Moves the flow from here over the message of `len` bytes; false: it is elsewhere. *ret_now: a
 * time before that, so that who finds the flow there has a later one.
 */
RPCS_INLINE bool rpcs_plain_tcp_step(const struct rpcs_plain *plain, const __u8 *tcp, bool ip6,
				     __u32 len, __u64 *ret_now)
{
	__u32 seq = rpcs_load_be32(tcp + 4);
	__u64 here = rpcs_flow_in_step(seq, 0, 0);
	__u64 there = rpcs_flow_in_step(seq + RPCS_MARK_BYTES + len, 0, 0);
	struct rpcs_flow_words words;
	struct rpcs_flow_slot *flow;

	rpcs_plain_flow(plain, tcp, ip6, &words);
	flow = rpcs_flows_find_plain(&words);
	if (!flow || !flow->value.born || flow->value.state != here)
		return false;
	*ret_now = rpcs_engine_stamp(NULL);
	return __sync_val_compare_and_swap(&flow->value.state, here, there) == here;
}

/** As rpcs_plain_take_udp(). */
RPCS_INLINE bool rpcs_plain_take_tcp(const struct rpcs_plain *plain, struct rpcs_counters *c,
				     bool any_port, const struct rpcs_glance *glance)
{
	const __u8 *tcp = glance->l4, *rpc;
	bool is_call;
	__u32 len;
	__u64 now;
	int known;

	rpc = rpcs_plain_tcp_message(plain, tcp, glance->len, &len);
	if (!rpc || RPCS_BEYOND(rpc, RPCS_PLAIN_REPLY, plain->end))
		return false;
	if (!rpcs_plain_is_message(plain, rpc, len, &is_call))
		return false;
	known = rpcs_plain_known(plain, tcp, rpc,
				 rpcs_plain_l4_offset(glance->ip6) + (tcp[12] >> 4) * 4 +
					 RPCS_MARK_BYTES,
				 len, RPCS_IP_TCP, glance->ip6, is_call);
	if (known == RPCS_PLAIN_KNOWN_PERHAPS ||
	    !rpcs_plain_tcp_step(plain, tcp, glance->ip6, len, &now))
		return false;
	if (any_port)
		rpcs_plain_learn(plain, tcp, rpc, len, RPCS_IP_TCP, glance->ip6, is_call);
	rpcs_plain_count(c, rpc, is_call);
	if (known != RPCS_PLAIN_KNOWN_NOT) {
		rpcs_plain_suppress(plain, c, tcp, rpc, RPCS_IP_TCP, glance->ip6, is_call, known);
		return true;
	}
	rpcs_plain_emit(plain, c, tcp, rpc, len, RPCS_IP_TCP, glance->ip6, is_call, now);
	return true;
}

/** Reports the packet, if it is one of those; false: it takes the long way. */
RPCS_INLINE bool rpcs_plain_take(const struct rpcs_plain *plain, struct rpcs_counters *c,
				 bool any_port, const struct rpcs_glance *glance)
{
	if (glance->protocol == RPCS_IP_UDP)
		return rpcs_plain_take_udp(plain, c, any_port, glance);
	return rpcs_plain_take_tcp(plain, c, any_port, glance);
}

#endif

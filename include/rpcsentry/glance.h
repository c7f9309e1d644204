/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Other people's packets, told at a glance: nearly all are plain IP over plain
 * Ethernet, and two ports, with any_port two words more, say that they are none of
 * ours. What is out of the ordinary takes the whole way through packet.h, so this
 * changes how fast an answer comes and never which.
 */
#ifndef RPCSENTRY_GLANCE_H
#define RPCSENTRY_GLANCE_H

#include "gate.h"

/** What a glance saw of a packet that is none of others'. */
struct rpcs_glance {
	/*
	 * Where the 8 bytes are that decide, if they lie behind the linear part, as payload of skbs
	 * mostly does: offset in the packet, 0 for none that would decide. `replies`: those count.
	 */
	__u32 far;
	bool replies;
	/* Of plain IP in one piece, to or from a port that is watched or with what may be RPC's
	   header; NULL: of nothing else. */
	const __u8 *l4; /* behind the IP header, 20 bytes of it at the least */
	__u32 len;	/* bytes from there on, by the IP header's own word */
	__u8 protocol;
	bool ip6;
	bool watched;	 /* one of the ports is other than OTHER */
	bool portmapper; /* one of them is a portmapper's */
};

/** Are these, as they lie in the packet, type and RPC version, or reply_stat, of a message? */
RPCS_INLINE bool rpcs_glance_is_message(__u64 words, bool replies)
{
	words = __builtin_bswap64(words);
	return words == RPCS_GATE_CALL || (replies && rpcs_gate_is_reply(words));
}

/** May there be an RPC header, whose type is at `at`? Out of reach: perhaps. */
RPCS_INLINE bool rpcs_glance_is_header(const __u8 *data, const __u8 *at, const __u8 *end,
				       bool replies, struct rpcs_glance *glance)
{
	__u64 words;

	if (RPCS_BEYOND(at, 8, end)) {
		glance->far = (__u32)(at - data);
		glance->replies = replies;
		return true;
	}
	RPCS_FETCH(&words, at, sizeof(words));
	return rpcs_glance_is_message(words, replies);
}

/** Is what UDP or TCP brings at glance->l4 certainly other people's? If not, it may stay there. */
RPCS_INLINE bool rpcs_glance_transport(const struct rpcs_ports *table, bool any_port,
				       const __u8 *data, const __u8 *end,
				       struct rpcs_glance *glance)
{
	const __u8 *l4 = glance->l4;
	enum rpcs_port_class from, to;
	__u32 header_len;

	glance->l4 = NULL;
	if (RPCS_BEYOND(l4, 20, end))
		return false;
	from = rpcs_port_class(table, rpcs_load_be16(l4));
	to = rpcs_port_class(table, rpcs_load_be16(l4 + 2));
	glance->l4 = l4;
	glance->watched = from | to;
	glance->portmapper = from == RPCS_PORT_PORTMAPPER || to == RPCS_PORT_PORTMAPPER;
	if (glance->watched)
		return false;
	if (glance->protocol == RPCS_IP_UDP) {
		header_len = rpcs_load_be16(l4 + 4);
		if (header_len <= 8)
			return false;
		return !any_port || header_len < 8 + RPCS_REPLY_BYTES ||
		       !rpcs_glance_is_header(data, l4 + 12, end, true, glance);
	}
	header_len = (l4[12] >> 4) * 4;
	if (header_len < 20 || header_len > glance->len)
		return false;
	/* As in the gate, a call whose header goes on in the next segment is one too. */
	return !any_port || glance->len - header_len < RPCS_MARK_BYTES + RPCS_REPLY_BYTES ||
	       !rpcs_glance_is_header(data, l4 + header_len + 8, end, false, glance);
}

/**
 * True: a sound packet that is none of ours. False: perhaps it is, or it has to be counted; but if
 * glance->far says where, and rpcs_glance_is_message() of what is there says no, it is none either.
 */
RPCS_INLINE bool rpcs_glance_is_others(const struct rpcs_ports *table, bool any_port,
				       const __u8 *data, const __u8 *end,
				       struct rpcs_glance *glance)
{
	__u16 type;

	glance->far = 0;
	glance->l4 = NULL;
	if (RPCS_BEYOND(data, 14 + 40, end))
		return false;
	type = rpcs_load_be16(data + 12);
	if (type == RPCS_ETH_IP4) {
		glance->len = rpcs_load_be16(data + 16) - 20;
		glance->protocol = data[23];
		glance->ip6 = false;
		if (data[14] != 0x45 || (rpcs_load_be16(data + 20) & 0x3fff) ||
		    (__s32)glance->len < 8 ||
		    (glance->protocol != RPCS_IP_UDP && glance->protocol != RPCS_IP_TCP))
			return false;
		glance->l4 = data + 34;
		return rpcs_glance_transport(table, any_port, data, end, glance);
	}
	if (type == RPCS_ETH_IP6) {
		glance->len = rpcs_load_be16(data + 18);
		glance->protocol = data[20];
		glance->ip6 = true;
		if (data[14] >> 4 != 6 || glance->len < 8 ||
		    (glance->protocol != RPCS_IP_UDP && glance->protocol != RPCS_IP_TCP))
			return false;
		glance->l4 = data + 54;
		return rpcs_glance_transport(table, any_port, data, end, glance);
	}
	return type == RPCS_ETH_ARP;
}

#endif

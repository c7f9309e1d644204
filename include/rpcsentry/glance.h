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

/**
 * Where a packet has the 8 bytes that decide, if they lie behind its linear part: payload of
 * skbs mostly does. `at`: offset in the packet, 0 for none that would decide.
 */
struct rpcs_glance_far {
	__u32 at;
	bool replies;
};

/** Are these, as they lie in the packet, type and RPC version, or reply_stat, of a message? */
RPCS_INLINE bool rpcs_glance_is_message(__u64 words, bool replies)
{
	words = __builtin_bswap64(words);
	return words == RPCS_GATE_CALL || (replies && rpcs_gate_is_reply(words));
}

/** May there be an RPC header, whose type is at `at`? Out of reach: perhaps. */
RPCS_INLINE bool rpcs_glance_is_header(const __u8 *data, const __u8 *at, const __u8 *end,
				       bool replies, struct rpcs_glance_far *ret_far)
{
	__u64 words;

	if (RPCS_BEYOND(at, 8, end)) {
		ret_far->at = (__u32)(at - data);
		ret_far->replies = replies;
		return true;
	}
	RPCS_FETCH(&words, at, sizeof(words));
	return rpcs_glance_is_message(words, replies);
}

/** Is what UDP or TCP brings at `l4`, by `len` bytes, certainly other people's? */
RPCS_INLINE bool rpcs_glance_transport(const struct rpcs_ports *table, bool any_port,
				       const __u8 *data, const __u8 *l4, const __u8 *end, __u32 len,
				       __u8 protocol, struct rpcs_glance_far *ret_far)
{
	__u32 header_len;

	if (RPCS_BEYOND(l4, 20, end) ||
	    rpcs_port_class(table, rpcs_load_be16(l4)) != RPCS_PORT_OTHER ||
	    rpcs_port_class(table, rpcs_load_be16(l4 + 2)) != RPCS_PORT_OTHER)
		return false;
	if (protocol == RPCS_IP_UDP) {
		header_len = rpcs_load_be16(l4 + 4);
		if (header_len <= 8)
			return false;
		return !any_port || header_len < 8 + RPCS_REPLY_BYTES ||
		       !rpcs_glance_is_header(data, l4 + 12, end, true, ret_far);
	}
	header_len = (l4[12] >> 4) * 4;
	if (header_len < 20 || header_len > len)
		return false;
	/* As in the gate, a call whose header goes on in the next segment is one too. */
	return !any_port || len - header_len < RPCS_MARK_BYTES + RPCS_REPLY_BYTES ||
	       !rpcs_glance_is_header(data, l4 + header_len + 8, end, false, ret_far);
}

/**
 * True: a sound packet that is none of ours. False: perhaps it is, or it has to be counted; but if
 * *ret_far says where, and rpcs_glance_is_message() of what is there says no, it is none either.
 */
RPCS_INLINE bool rpcs_glance_is_others(const struct rpcs_ports *table, bool any_port,
				       const __u8 *data, const __u8 *end,
				       struct rpcs_glance_far *ret_far)
{
	__u32 len;
	__u16 type;

	ret_far->at = 0;
	if (RPCS_BEYOND(data, 14 + 40, end))
		return false;
	type = rpcs_load_be16(data + 12);
	if (type == RPCS_ETH_IP4) {
		len = rpcs_load_be16(data + 16);
		if (data[14] != 0x45 || (rpcs_load_be16(data + 20) & 0x3fff) || len < 28 ||
		    (data[23] != RPCS_IP_UDP && data[23] != RPCS_IP_TCP))
			return false;
		return rpcs_glance_transport(table, any_port, data, data + 34, end, len - 20,
					     data[23], ret_far);
	}
	if (type == RPCS_ETH_IP6) {
		len = rpcs_load_be16(data + 18);
		if (data[14] >> 4 != 6 || len < 8 ||
		    (data[20] != RPCS_IP_UDP && data[20] != RPCS_IP_TCP))
			return false;
		return rpcs_glance_transport(table, any_port, data, data + 54, end, len, data[20],
					     ret_far);
	}
	return type == RPCS_ETH_ARP;
}

#endif

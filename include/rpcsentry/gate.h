/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage 1: is a packet worth a look? Its ports tell, or the constants of an RPC
 * header (RFC 5531 9): message type and RPC version or reply_stat are 64 bits that
 * lie side by side. An engine (engine.h) gives
 *
 *	bool rpcs_engine_words(eng, offset, ret_words)
 *
 * the 8 bytes at an offset of the frame, in host order; false: they are not there.
 */
#ifndef RPCSENTRY_GATE_H
#define RPCSENTRY_GATE_H

#include "packet.h"
#include "ports.h"
#include "rpc.h"

/* Message type and what follows it, as one number. */
#define RPCS_GATE_CALL ((__u64)RPCS_MSG_CALL << 32 | RPCS_RPC_VERSION)
#define RPCS_GATE_REPLY ((__u64)RPCS_MSG_REPLY << 32 | RPCS_REPLY_ACCEPTED)

RPCS_INLINE bool rpcs_gate_is_reply(__u64 words)
{
	return (words & ~1ULL) == RPCS_GATE_REPLY;
}

/** enum rpcs_any_port: what the policy says now. Compiled out where it said `off` at load. */
RPCS_INLINE __u32 rpcs_any_port(const struct rpcs_engine *eng)
{
	return eng->config->any_port == RPCS_ANY_PORT_OFF ? (__u32)RPCS_ANY_PORT_OFF
							  : eng->ports->any_port;
}

/** Is the payload an RPC message by its length and constants? */
RPCS_INLINE bool rpcs_gate_message(struct rpcs_engine *eng, const struct rpcs_packet *pkt)
{
	__u64 words;

	if (pkt->payload_len < RPCS_REPLY_BYTES ||
	    !rpcs_engine_words(eng, pkt->payload_offset + 4, &words))
		return false;
	if (words == RPCS_GATE_CALL)
		return pkt->payload_len >= RPCS_CALL_BYTES;
	return rpcs_gate_is_reply(words);
}

/** Does the payload begin with a record mark and an RPC header? *ret_call: a call's. */
RPCS_INLINE bool rpcs_gate_record(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
				  bool *ret_call)
{
	__u64 words, head;
	__u32 len;

	if (pkt->payload_len < RPCS_MARK_BYTES + RPCS_REPLY_BYTES ||
	    !rpcs_engine_words(eng, pkt->payload_offset + 8, &words))
		return false;
	*ret_call = words == RPCS_GATE_CALL;
	if (!*ret_call && !rpcs_gate_is_reply(words))
		return false;
	if (!rpcs_engine_words(eng, pkt->payload_offset, &head))
		return false;
	len = (head >> 32) & ~RPCS_MARK_LAST;
	return len >= (*ret_call ? RPCS_CALL_BYTES : RPCS_REPLY_BYTES) && len < RPCS_STEP_MAX;
}

/** The class of the port that counts. */
RPCS_INLINE enum rpcs_port_class rpcs_gate_ports(const struct rpcs_ports *table,
						 const struct rpcs_packet *pkt)
{
	enum rpcs_port_class a = rpcs_port_class(table, pkt->sport);
	enum rpcs_port_class b = rpcs_port_class(table, pkt->dport);

	if (a == RPCS_PORT_PORTMAPPER || b == RPCS_PORT_PORTMAPPER)
		return RPCS_PORT_PORTMAPPER;
	return a > b ? a : b;
}

/** Does the packet go to VXLAN's port (RFC 7348 5)? It may come from any but the portmapper's. */
RPCS_INLINE bool rpcs_gate_to_vxlan(const struct rpcs_ports *table, const struct rpcs_packet *pkt,
				    enum rpcs_port_class class)
{
	return RPCS_UNLIKELY(class == RPCS_PORT_VXLAN) && pkt->protocol == RPCS_IP_UDP &&
	       rpcs_port_class(table, pkt->dport) == RPCS_PORT_VXLAN;
}

/**
 * VXLAN may have an RPC header's constants (VNI 0, a MAC address of 00:00:00:02), and
 * RPC the port. The frame inside has its EtherType where a call has the upper half of
 * its procedure, and a reply that of its status.
 */
RPCS_INLINE bool rpcs_gate_has_frame(struct rpcs_engine *eng, const struct rpcs_packet *pkt)
{
	__u64 words;

	return rpcs_engine_words(eng, pkt->payload_offset + 16, &words) && (words >> 16 & 0xffff);
}

/** rpcs_gate() for a datagram of no portmapper port. */
RPCS_INLINE enum rpcs_port_class
rpcs_gate_udp(struct rpcs_engine *eng, const struct rpcs_packet *pkt, enum rpcs_port_class class)
{
	bool vxlan = rpcs_gate_to_vxlan(eng->ports, pkt, class);

	if (pkt->payload_len == 0)
		return RPCS_PORT_RPC;
	if (rpcs_gate_message(eng, pkt) && !(vxlan && rpcs_gate_has_frame(eng, pkt)))
		return RPCS_PORT_RPC;
	return vxlan ? RPCS_PORT_VXLAN : RPCS_PORT_OTHER;
}

/**
 * What a packet with ports is to the sensor: PORTMAPPER, RPC for one of another
 * port that is worth a look, VXLAN, OTHER for other people's. A call over TCP marks its
 * port, so that the segments that follow are looked at too.
 */
RPCS_INLINE enum rpcs_port_class rpcs_gate(struct rpcs_engine *eng, const struct rpcs_packet *pkt)
{
	enum rpcs_port_class class = rpcs_gate_ports(eng->ports, pkt);
	bool is_call;

	if (class == RPCS_PORT_PORTMAPPER)
		return class;
	if (rpcs_any_port(eng) == RPCS_ANY_PORT_OFF)
		return rpcs_gate_to_vxlan(eng->ports, pkt, class) ? class : RPCS_PORT_OTHER;
	if (pkt->protocol == RPCS_IP_UDP)
		return rpcs_gate_udp(eng, pkt, class);
	/* In TCP the number is any other: RPC may have it. */
	if (class != RPCS_PORT_OTHER)
		return RPCS_PORT_RPC;
	if (!rpcs_gate_record(eng, pkt, &is_call) || !is_call)
		return RPCS_PORT_OTHER;
	rpcs_port_mark(eng->ports, pkt->dport, RPCS_PORT_RPC);
	return RPCS_PORT_RPC;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 1 to 4 for a packet that the gate let in: by transport to RPC messages,
 * probes and fragments, and what to report. engine.h says what an engine brings.
 */
#ifndef RPCSENTRY_INSPECT_H
#define RPCSENTRY_INSPECT_H

#include "inspect_suppress.h"
#include "inspect_tcp.h"
#include "tunnel.h"

/** Fills a record's head from the packet; kind stays 0. False: out of reach. */
RPCS_INLINE bool rpcs_inspect_head(struct rpcs_engine *eng)
{
	const struct rpcs_packet *pkt = eng->packet;
	struct rpcs_record_head *head = eng->head;
	bool ip6 = pkt->flags & RPCS_F_IP6;
	const __u8 *ip = rpcs_at(eng->data, pkt->network_offset, RPCS_NETWORK_OFFSET_MAX);

	RPCS_ZERO(head);
	if (!ip)
		return false;
	head->flags = pkt->flags;
	if (pkt->network_offset && !(pkt->flags & RPCS_F_TUNNEL)) {
		if (RPCS_BEYOND(eng->data, 14, eng->end))
			return false;
		head->flags |= rpcs_packet_link_flags(eng->data);
	}
	if (RPCS_BEYOND(ip, ip6 ? 40 : 20, eng->end))
		return false;
	rpcs_packet_addresses(ip, ip6, head->src, head->dst);
	head->abi = RPCS_RECORD_ABI;
	head->hook = (pkt->flags & RPCS_F_OUTBOUND) ? RPCS_HOOK_TC_EGRESS : eng->hook;
	head->protocol = pkt->protocol;
	head->ifindex = eng->ifindex;
	/* A segment's comes with its flow's state. */
	if (pkt->protocol != RPCS_IP_TCP || (pkt->flags & RPCS_F_FRAGMENT))
		head->time_ns = rpcs_engine_stamp(eng);
	head->sport = pkt->sport;
	head->dport = pkt->dport;
	head->vlan[0] = pkt->vlan[0];
	head->vlan[1] = pkt->vlan[1];
	head->vlan_count = pkt->vlan_count;
	head->tcp_flags = pkt->tcp_flags;
	head->ttl = pkt->ttl;
	return true;
}

RPCS_INLINE void rpcs_inspect_fallback(struct rpcs_engine *eng, enum rpcs_fallback reason)
{
	eng->counters->fallbacks += 1;
	rpcs_inspect_count_fallback(eng->counters, reason);
	rpcs_engine_emit_packet(eng, reason);
}

RPCS_INLINE void rpcs_inspect_udp(struct rpcs_engine *eng)
{
	const struct rpcs_packet *pkt = eng->packet;
	enum rpcs_fallback reason = RPCS_FALLBACK_truncated;

	if (pkt->payload_len == 0) {
		rpcs_engine_connection(eng, RPCS_RECORD_PROBE, 0);
		return;
	}
	if (!(pkt->flags & RPCS_F_TRUNCATED)) {
		eng->work->at = 0;
		eng->work->len = eng->work->have = pkt->payload_len;
		reason = rpcs_engine_message(eng);
	}
	if (reason != RPCS_FALLBACK_NONE)
		rpcs_inspect_fallback(eng, reason);
}

/** Begins with a packet that the gate gave `class`. False: its headers moved away. */
RPCS_INLINE bool rpcs_inspect_begin(struct rpcs_engine *eng, enum rpcs_port_class class)
{
	eng->counters->packets_watched += 1;
	RPCS_ZERO(eng->work);
	eng->work->port_class = class;
	if (rpcs_inspect_head(eng))
		return true;
	eng->counters->packets_unread += 1;
	return false;
}

/** A first fragment in which an RPC header's constants cannot lie. */
RPCS_INLINE bool rpcs_inspect_is_tiny(const struct rpcs_engine *eng, enum rpcs_packet_result result)
{
	const struct rpcs_packet *pkt = eng->packet;
	__u32 header = RPCS_REPLY_BYTES;

	if (pkt->protocol == RPCS_IP_TCP)
		header += RPCS_MARK_BYTES;
	return result == RPCS_PACKET_OK && rpcs_any_port(eng) != RPCS_ANY_PORT_OFF &&
	       pkt->network_offset + pkt->network_len < (__u32)pkt->payload_offset + header;
}

/** Is a first fragment's message of another port one to wait for? */
RPCS_INLINE bool rpcs_inspect_first_fragment(struct rpcs_engine *eng)
{
	const struct rpcs_packet *pkt = eng->packet;

	if (pkt->protocol != RPCS_IP_UDP || rpcs_is_portmapper(eng))
		return true;
	eng->work->len = pkt->payload_len;
	/* The datagram's length is that of all fragments. */
	eng->work->have = pkt->network_offset + pkt->network_len - pkt->payload_offset;
	eng->work->first = true;
	return rpcs_engine_message(eng) != RPCS_FALLBACK_NONE;
}

/**
 * What the packet's next fragments share. A verdict against it ends with its last one:
 * what comes then with the same id, in whatever order, is another packet.
 */
RPCS_INLINE void rpcs_inspect_fragment_keep(struct rpcs_engine *eng, bool later, bool watched,
					    enum rpcs_fragment_verdict before)
{
	enum rpcs_fragment_verdict verdict = RPCS_FRAGMENT_WATCHED;

	if (later) {
		if (!eng->packet->last || before == RPCS_FRAGMENT_WATCHED)
			return;
		verdict = before == RPCS_FRAGMENT_OTHERS ? RPCS_FRAGMENT_UNKNOWN
							 : RPCS_FRAGMENT_LAST;
	} else if (!watched) {
		verdict = before == RPCS_FRAGMENT_LAST ? RPCS_FRAGMENT_UNKNOWN
						       : RPCS_FRAGMENT_OTHERS;
	}
	rpcs_engine_fragment_set(eng, &eng->keys->fragment, verdict);
}

/**
 * An IP fragment. `class` is what the gate said of its ports; a fragment that is
 * too short to have any counts as a portmapper's, and a later one (`result` says
 * so) asks what the first one was.
 */
RPCS_INLINE void rpcs_inspect_fragment(struct rpcs_engine *eng, enum rpcs_packet_result result,
				       enum rpcs_port_class class)
{
	const struct rpcs_packet *pkt = eng->packet;
	struct rpcs_fragment_key *key = &eng->keys->fragment;
	bool tiny = rpcs_inspect_is_tiny(eng, result);
	bool watched = tiny || class != RPCS_PORT_OTHER;
	bool names_flow = pkt->protocol == RPCS_IP_TCP && result != RPCS_PACKET_fragment_later &&
			  (pkt->sport || pkt->dport);
	enum rpcs_fragment_verdict before;

	RPCS_ZERO(key);
	if (!rpcs_fragment_may_matter(pkt) ||
	    !rpcs_fragment_key_fill(key, pkt, eng->data, eng->end))
		return;
	before = rpcs_engine_fragment_get(eng, key);
	if (result == RPCS_PACKET_fragment_later)
		watched = before != RPCS_FRAGMENT_OTHERS;
	/* A second first fragment, repeated or forged, takes nothing back. */
	watched |= before == RPCS_FRAGMENT_WATCHED;
	if (watched) {
		if (!rpcs_inspect_begin(eng, class))
			return;
		if (result == RPCS_PACKET_OK && !tiny && before != RPCS_FRAGMENT_WATCHED)
			watched = rpcs_inspect_first_fragment(eng);
		if (names_flow)
			rpcs_tcp_take_fragment(eng,
					       rpcs_gate_ports(eng->ports, pkt) != RPCS_PORT_OTHER);
	}
	rpcs_inspect_fragment_keep(eng, result == RPCS_PACKET_fragment_later, watched, before);
	if (watched)
		rpcs_inspect_fallback(eng, RPCS_FALLBACK_fragment);
}

/** Is this fragment's first part, or the lack of one, for rpcs_inspect_fragment()? */
RPCS_INLINE bool rpcs_inspect_is_fragment(const struct rpcs_packet *pkt,
					  enum rpcs_packet_result result)
{
	return (pkt->flags & RPCS_F_FRAGMENT) &&
	       (result == RPCS_PACKET_OK || result == RPCS_PACKET_fragment_later ||
		result == RPCS_PACKET_transport_short);
}

/**
 * Takes the tunnels off that the packet is in: it then is the one inside, and so are the
 * result and *class, what the gate says of it (PORTMAPPER where it has no ports). A
 * fragment stays as it is: its first one has just a part of the packet inside.
 */
RPCS_INLINE enum rpcs_packet_result rpcs_inspect_tunnels(struct rpcs_engine *eng,
							 enum rpcs_packet_result result,
							 enum rpcs_port_class *class)
{
	enum rpcs_tunnel kind;
	int i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_TUNNELS_MAX; i++) {
		RPCS_FORGET();
		kind = rpcs_tunnel_kind(eng->packet, result, *class);
		if (kind == RPCS_TUNNEL_NONE)
			break;
		if (eng->packet->flags & RPCS_F_FRAGMENT) {
			eng->counters->tunnel_fragments += 1;
			*class = RPCS_PORT_OTHER;
			break;
		}
		result = rpcs_engine_decapsulate(eng, kind);
		*class = RPCS_PORT_PORTMAPPER;
		if (result == RPCS_PACKET_OK)
			*class = rpcs_gate(eng, eng->packet);
	}
	if (i == RPCS_TUNNELS_MAX && rpcs_tunnel_kind(eng->packet, result, *class))
		return RPCS_PACKET_tunnel_deep;
	return result;
}

/** Reports a packet that the gate gave `class`. */
RPCS_INLINE void rpcs_inspect(struct rpcs_engine *eng, enum rpcs_port_class class)
{
	if (!rpcs_inspect_begin(eng, class))
		return;
	if (eng->packet->protocol == RPCS_IP_TCP)
		rpcs_inspect_tcp(eng);
	else
		rpcs_inspect_udp(eng);
}

#endif

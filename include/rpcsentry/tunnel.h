/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a packet that a tunnel carries to the IP packet inside: IP in IP (RFC 2003,
 * 2473, 4213), GRE (RFC 2784, 2890), VXLAN (RFC 7348), PPPoE (RFC 2516) and MPLS
 * (RFC 3032). What the ends of a tunnel may ignore is ignored: a host that takes a
 * packet with odd bits set must not be the only one that reads it.
 */
#ifndef RPCSENTRY_TUNNEL_H
#define RPCSENTRY_TUNNEL_H

#include "packet.h"
#include "ports.h"

enum {
	RPCS_IP_IP4 = 4,
	RPCS_IP_IP6 = 41,
	RPCS_IP_GRE = 47,

	RPCS_ETH_BRIDGED = 0x6558, /* a whole Ethernet frame */
	RPCS_ETH_MPLS = 0x8847,
	RPCS_ETH_MPLS_UPSTREAM = 0x8848,
	RPCS_ETH_PPPOE = 0x8864, /* its sessions; 0x8863 finds the peer */

	RPCS_GRE_ROUTING = 0x4000, /* RFC 1701: of a length that only its parts tell */
	RPCS_GRE_VERSION = 0x0007,
	RPCS_PPP_IP4 = 0x21,
	RPCS_PPP_IP6 = 0x57,
	RPCS_VXLAN_HAS_VNI = 0x08,
};

/** Kinds of tunnels, as they stand in RPCS_F_TUNNEL. */
#define RPCS_TUNNELS(X) X(ip) X(gre) X(vxlan) X(pppoe) X(mpls)

enum rpcs_tunnel {
	RPCS_TUNNEL_NONE,
#define X(name) RPCS_TUNNEL_##name,
	RPCS_TUNNELS(X)
#undef X
		RPCS_TUNNEL__MAX
};

enum { RPCS_TUNNEL_SHIFT = 8 };

_Static_assert(RPCS_F_TUNNEL == 7 << RPCS_TUNNEL_SHIFT && RPCS_TUNNEL__MAX <= 8,
	       "the flags have room for every kind");

/** The kind of the outermost tunnel, from a packet's or a record's flags. */
RPCS_INLINE enum rpcs_tunnel rpcs_tunnel_of_flags(__u16 flags)
{
	return (enum rpcs_tunnel)((flags & RPCS_F_TUNNEL) >> RPCS_TUNNEL_SHIFT);
}

/** Has the packet been taken out of a tunnel? */
RPCS_INLINE bool rpcs_was_tunnelled(const struct rpcs_packet *pkt)
{
	return pkt->flags & RPCS_F_TUNNEL;
}

/** What tunnel a packet may be in, by what the parser and the gate made of it. */
RPCS_INLINE enum rpcs_tunnel rpcs_tunnel_kind(const struct rpcs_packet *pkt,
					      enum rpcs_packet_result result,
					      enum rpcs_port_class class)
{
	if (result == RPCS_PACKET_OK)
		return class == RPCS_PORT_VXLAN ? RPCS_TUNNEL_vxlan : RPCS_TUNNEL_NONE;
	if (result == RPCS_PACKET_NOT_TRANSPORT) {
		if (pkt->protocol == RPCS_IP_GRE)
			return RPCS_TUNNEL_gre;
		if (pkt->protocol == RPCS_IP_IP4 || pkt->protocol == RPCS_IP_IP6)
			return RPCS_TUNNEL_ip;
	}
	if (result == RPCS_PACKET_NOT_IP) {
		if (pkt->type == RPCS_ETH_PPPOE)
			return RPCS_TUNNEL_pppoe;
		if (pkt->type == RPCS_ETH_MPLS || pkt->type == RPCS_ETH_MPLS_UPSTREAM)
			return RPCS_TUNNEL_mpls;
	}
	return RPCS_TUNNEL_NONE;
}

/** Are `len` bytes there, by the headers as well? */
RPCS_INLINE bool rpcs_tunnel_has(const struct rpcs_cursor *cur, __u32 len)
{
	return cur->left >= len && !RPCS_BEYOND(cur->pos, len, cur->end);
}

/** A GRE header; *type becomes the EtherType of what follows. */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_gre(struct rpcs_cursor *cur, __u16 *type)
{
	__u32 flags;

	if (!rpcs_tunnel_has(cur, 4))
		return RPCS_PACKET_tunnel_short;
	flags = rpcs_load_be16(cur->pos);
	*type = rpcs_load_be16(cur->pos + 2);
	if (flags & (RPCS_GRE_ROUTING | RPCS_GRE_VERSION))
		return RPCS_PACKET_tunnel_bad;
	/* Checksum, key and sequence number: four bytes for each bit that is set. */
	if (!rpcs_skip(cur, 4 + (flags >> 13 & 4) + (flags >> 11 & 4) + (flags >> 10 & 4)))
		return RPCS_PACKET_tunnel_short;
	return RPCS_PACKET_OK;
}

/** A VXLAN header. NOT_IP: it is none, the port has another user. */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_vxlan(struct rpcs_cursor *cur, __u16 *type)
{
	if (!rpcs_tunnel_has(cur, 8))
		return RPCS_PACKET_tunnel_short;
	if (!(cur->pos[0] & RPCS_VXLAN_HAS_VNI))
		return RPCS_PACKET_NOT_IP;
	*type = RPCS_ETH_BRIDGED;
	return rpcs_skip(cur, 8) ? RPCS_PACKET_OK : RPCS_PACKET_tunnel_short;
}

/** PPPoE and PPP headers; the protocol may be compressed to a byte (RFC 1661 6.5). */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_pppoe(struct rpcs_cursor *cur, __u16 *type)
{
	__u32 len, protocol;

	if (!rpcs_tunnel_has(cur, 8))
		return RPCS_PACKET_tunnel_short;
	len = rpcs_load_be16(cur->pos + 4);
	protocol = cur->pos[6];
	if (!rpcs_skip(cur, 6))
		return RPCS_PACKET_tunnel_short;
	if (cur->left > len)
		cur->left = len;
	if (protocol & 1) {
		len = 1;
	} else {
		protocol = protocol << 8 | cur->pos[1];
		len = 2;
	}
	if (!rpcs_skip(cur, len))
		return RPCS_PACKET_tunnel_short;
	if (protocol != RPCS_PPP_IP4 && protocol != RPCS_PPP_IP6)
		return RPCS_PACKET_NOT_IP;
	*type = protocol == RPCS_PPP_IP4 ? RPCS_ETH_IP4 : RPCS_ETH_IP6;
	return RPCS_PACKET_OK;
}

/** Labels down to the bottom of the stack; then the first four bits tell (RFC 4928 2). */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_mpls(struct rpcs_cursor *cur, __u16 *type)
{
	int i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_LABELS_MAX; i++) {
		if (!rpcs_tunnel_has(cur, 4))
			return RPCS_PACKET_tunnel_short;
		cur->pos += 4;
		cur->left -= 4;
		if (cur->pos[-2] & 1)
			break;
	}
	if (i == RPCS_LABELS_MAX)
		return RPCS_PACKET_tunnel_deep;
	if (!rpcs_tunnel_has(cur, 1))
		return RPCS_PACKET_tunnel_short;
	/* Anything else is a pseudowire's: not looked into. */
	if (cur->pos[0] >> 4 != 4 && cur->pos[0] >> 4 != 6)
		return RPCS_PACKET_NOT_IP;
	*type = cur->pos[0] >> 4 == 4 ? RPCS_ETH_IP4 : RPCS_ETH_IP6;
	return RPCS_PACKET_OK;
}

/** The header of a tunnel; *type becomes the EtherType of what it carries. */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_header(const struct rpcs_packet *pkt,
						       struct rpcs_cursor *cur,
						       enum rpcs_tunnel kind, __u16 *type)
{
	switch (kind) {
	case RPCS_TUNNEL_ip:
		*type = pkt->protocol == RPCS_IP_IP4 ? RPCS_ETH_IP4 : RPCS_ETH_IP6;
		return RPCS_PACKET_OK;
	case RPCS_TUNNEL_gre:
		return rpcs_tunnel_gre(cur, type);
	case RPCS_TUNNEL_vxlan:
		return rpcs_tunnel_vxlan(cur, type);
	case RPCS_TUNNEL_pppoe:
		return rpcs_tunnel_pppoe(cur, type);
	case RPCS_TUNNEL_mpls:
		return rpcs_tunnel_mpls(cur, type);
	default:
		return RPCS_PACKET_NOT_IP;
	}
}

/** An Ethernet header inside. Of its tags a record has those that the outer ones leave room for. */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_ethernet(struct rpcs_packet *pkt,
							 struct rpcs_cursor *cur, __u16 *type)
{
	int i;

	if (!rpcs_tunnel_has(cur, 14))
		return RPCS_PACKET_tunnel_short;
	/* The frame's own receiver counts, not the tunnel's. */
	pkt->flags &= (__u16)~RPCS_F_GROUP;
	if (cur->pos[0] & 1)
		pkt->flags |= RPCS_F_GROUP;
	*type = rpcs_load_be16(cur->pos + 12);
	cur->pos += 14;
	cur->left -= 14;
	RPCS_UNROLL
	for (i = 0; i < RPCS_VLANS_MAX; i++) {
		if (*type != RPCS_ETH_VLAN && *type != RPCS_ETH_QINQ && *type != RPCS_ETH_QINQ9)
			return RPCS_PACKET_OK;
		if (!rpcs_tunnel_has(cur, 4))
			return RPCS_PACKET_tunnel_short;
		if (pkt->vlan_count == 0)
			pkt->vlan[0] = rpcs_load_be16(cur->pos) & 0x0fff;
		else if (pkt->vlan_count == 1)
			pkt->vlan[1] = rpcs_load_be16(cur->pos) & 0x0fff;
		if (pkt->vlan_count < RPCS_VLANS_MAX)
			pkt->vlan_count++;
		*type = rpcs_load_be16(cur->pos + 2);
		cur->pos += 4;
		cur->left -= 4;
	}
	if (*type == RPCS_ETH_VLAN || *type == RPCS_ETH_QINQ || *type == RPCS_ETH_QINQ9)
		return RPCS_PACKET_vlan_deep;
	return RPCS_PACKET_OK;
}

/** Forgets the packet that carried the one inside, but for its VLAN tags and the link's flags. */
RPCS_INLINE void rpcs_tunnel_forget_outer(struct rpcs_packet *pkt, const __u8 *data,
					  enum rpcs_tunnel kind)
{
	__u16 flags = pkt->flags & (RPCS_F_TUNNEL | RPCS_F_LOCAL | RPCS_F_GROUP);

	if (!flags)
		flags = pkt->network_offset ? rpcs_packet_link_flags(data) : 0;
	if (!(flags & RPCS_F_TUNNEL))
		flags |= kind << RPCS_TUNNEL_SHIFT;
	pkt->flags = flags;
	pkt->sport = 0;
	pkt->dport = 0;
}

/**
 * One tunnel of `kind` off a packet that is whole: `pkt` then describes the packet
 * inside, up to its IP header; the frame's bytes are as in rpcs_packet_network().
 */
RPCS_INLINE enum rpcs_packet_result rpcs_tunnel_enter(struct rpcs_packet *pkt, const __u8 *data,
						      const __u8 *end, __u32 frame_len,
						      enum rpcs_tunnel kind)
{
	struct rpcs_cursor cur = { .end = end, .left = pkt->payload_len };
	enum rpcs_packet_result result;
	__u16 type = 0;

	pkt->type = 0;
	cur.pos = rpcs_at(data, pkt->payload_offset, RPCS_NETWORK_OFFSET_MAX);
	if (!cur.pos)
		return RPCS_PACKET_tunnel_deep;
	if (frame_len < pkt->payload_offset || RPCS_BEYOND(data, 14, end))
		return RPCS_PACKET_tunnel_short;
	if (cur.left > frame_len - pkt->payload_offset)
		cur.left = frame_len - pkt->payload_offset;
	result = rpcs_tunnel_header(pkt, &cur, kind, &type);
	if (result != RPCS_PACKET_OK)
		return result;
	rpcs_tunnel_forget_outer(pkt, data, kind);
	if (type == RPCS_ETH_BRIDGED) {
		result = rpcs_tunnel_ethernet(pkt, &cur, &type);
		if (result != RPCS_PACKET_OK)
			return result;
	}
	pkt->network_offset = cur.pos - data;
	if (pkt->network_offset > RPCS_NETWORK_OFFSET_MAX)
		return RPCS_PACKET_tunnel_deep;
	/* The frame may go on behind the outer packet's end. */
	if ((type == RPCS_ETH_IP4 && cur.left < 20) || (type == RPCS_ETH_IP6 && cur.left < 40))
		return RPCS_PACKET_ip_short;
	return rpcs_packet_ip(pkt, &cur, type);
}

#endif

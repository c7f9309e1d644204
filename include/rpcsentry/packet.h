/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to its ports: Ethernet, VLAN tags, IPv4, IPv6, UDP and TCP.
 *
 * Nothing is copied that the gate does not need: most packets are other
 * people's and leave after the port test.
 */
#ifndef RPCSENTRY_PACKET_H
#define RPCSENTRY_PACKET_H

#include "cursor.h"
#include "limits.h"
#include "protocols.h"

enum {
	/* IP at its largest, extension headers, TCP. */
	RPCS_TRANSPORT_OFFSET_MAX = RPCS_NETWORK_OFFSET_MAX + 60 + RPCS_IP6_EXTENSIONS_MAX * 2048,
	RPCS_PAYLOAD_OFFSET_MAX = RPCS_TRANSPORT_OFFSET_MAX + 60,
};

/*
 * What became of a frame on its way to the ports. "Short" is too few bytes to
 * tell, "bad" can never be valid. NOT_IP, NOT_TRANSPORT and OK have no counter:
 * they are other people's packets, or ours and counted further on.
 */
#define RPCS_PACKET_RESULTS(X)                                                         \
	X(link_short, "frames that end inside the Ethernet header or its tags")        \
	X(vlan_deep, "frames with more than two VLAN tags, not looked into")           \
	X(ip_short, "packets that end inside the IP header")                           \
	X(ip_bad, "packets whose IP header can't be valid (version, IHL, length)")     \
	X(ip6_deep, "IPv6 packets with more than twelve extension headers")            \
	X(fragment_later, "IP fragments that are not the first one of their packet")   \
	X(transport_short, "packets that end inside the UDP or TCP header")            \
	X(transport_bad, "packets whose UDP length or TCP data offset can't be valid") \
	X(tunnel_short, "packets that end inside a tunnel's header")                   \
	X(tunnel_bad, "GRE of another version than 0, or with RFC 1701's routing")     \
	X(tunnel_deep, "packets in more than two tunnels or under over eight labels")

/** Result of rpcs_packet_parse(). */
enum rpcs_packet_result {
	RPCS_PACKET_OK,
	RPCS_PACKET_NOT_IP,
	RPCS_PACKET_NOT_TRANSPORT,
#define X(name, help) RPCS_PACKET_##name,
	RPCS_PACKET_RESULTS(X)
#undef X
		RPCS_PACKET__MAX
};

/** Facts about a packet, as bits of rpcs_packet.flags and rpcs_record_head.flags. */
enum rpcs_packet_flag {
	RPCS_F_LOCAL = 1 << 0,	   /* never was on a wire: both Ethernet addresses are zero */
	RPCS_F_GROUP = 1 << 1,	   /* Ethernet destination with the group bit */
	RPCS_F_FRAGMENT = 1 << 2,  /* an IP fragment; only the first one has ports */
	RPCS_F_TRUNCATED = 1 << 3, /* a length lies beyond the bytes that are there */
	RPCS_F_IP6 = 1 << 4,
	RPCS_F_OUTBOUND = 1 << 5,    /* seen by a TC egress program */
	RPCS_F_IN_STEP = 1 << 6,     /* TCP: the kernel knew that a record begins there */
	RPCS_F_OPEN = 1 << 7,	     /* TCP: the record goes on; an END record will follow */
	RPCS_F_TUNNEL = 7 << 8,	     /* came in a tunnel: enum rpcs_tunnel of the outermost */
	RPCS_F_STAMP_ZERO = 1 << 11, /* a call whose AUTH_SYS credential has the stamp 0 */
};

/**
 * A frame taken apart as far as its ports; integers in host order. Offsets, not
 * pointers: they survive a helper that moves the packet and a hand-over through
 * a map, where the verifier would forget what it knew of a pointer.
 */
struct rpcs_packet {
	__u32 network_offset; /* of the IP header in the frame; 0: no Ethernet header */
	__u32 network_len;    /* the IP packet's length, by its own header */
	__u32 payload_offset; /* of what UDP or TCP carries */
	__u32 payload_len;    /* by the headers; may exceed what is there (TRUNCATED) */
	__u32 seq, ack;	      /* TCP only */
	__u32 fragment_id;    /* of an IP fragment */
	__u16 sport, dport;
	__u16 vlan[RPCS_VLANS_MAX]; /* VLAN ids, outermost first */
	__u16 flags; /* enum rpcs_packet_flag; LOCAL and GROUP only of what a tunnel brought */
	__u16 type;  /* NOT_IP: the EtherType of what lies at payload_offset */
	__u8 vlan_count;
	__u8 protocol; /* RPCS_IP_UDP or RPCS_IP_TCP */
	__u8 ttl;
	__u8 tcp_flags;
	__u8 last; /* of a fragment_later: the packet has none behind it */
	__u8 pad[3];
};

/** IPv4 (RFC 791). Sets the network part, and payload_* to what follows the IP header. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_ip4(struct rpcs_packet *pkt,
						    const struct rpcs_cursor *cur)
{
	const __u8 *ip = cur->pos;
	__u32 header_len, total_len, fragment;

	if (RPCS_BEYOND(ip, 20, cur->end))
		return RPCS_PACKET_ip_short;
	header_len = (ip[0] & 0x0f) * 4;
	total_len = rpcs_load_be16(ip + 2);
	fragment = rpcs_load_be16(ip + 6);
	/* Segmentation offload leaves 0 in buffers over 64 KiB: then the frame's end counts. */
	if (total_len == 0)
		total_len = cur->left;
	if ((ip[0] >> 4) != 4 || header_len < 20 || total_len < header_len)
		return RPCS_PACKET_ip_bad;
	pkt->network_len = total_len;
	pkt->protocol = ip[9];
	pkt->ttl = ip[8];
	if (total_len > cur->left)
		pkt->flags |= RPCS_F_TRUNCATED;
	pkt->payload_offset = pkt->network_offset + header_len;
	pkt->payload_len = total_len - header_len;
	if (!(fragment & 0x3fff))
		return RPCS_PACKET_OK;
	pkt->flags |= RPCS_F_FRAGMENT;
	pkt->fragment_id = rpcs_load_be16(ip + 4);
	pkt->last = !(fragment & 0x2000);
	return (fragment & 0x1fff) ? RPCS_PACKET_fragment_later : RPCS_PACKET_OK;
}

/** IPv6 (RFC 8200), its fixed header. As rpcs_packet_ip4(). */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_ip6(struct rpcs_packet *pkt,
						    const struct rpcs_cursor *cur)
{
	const __u8 *ip = cur->pos;

	if (RPCS_BEYOND(ip, 40, cur->end))
		return RPCS_PACKET_ip_short;
	if ((ip[0] >> 4) != 6)
		return RPCS_PACKET_ip_bad;
	pkt->payload_len = rpcs_load_be16(ip + 4);
	/* 0: a jumbogram (RFC 2675) or an offload buffer over 64 KiB. */
	if (pkt->payload_len == 0 && cur->left >= 40)
		pkt->payload_len = cur->left - 40;
	pkt->network_len = 40 + pkt->payload_len;
	pkt->protocol = ip[6];
	pkt->ttl = ip[7];
	pkt->flags |= RPCS_F_IP6;
	if (pkt->network_len > cur->left)
		pkt->flags |= RPCS_F_TRUNCATED;
	pkt->payload_offset = pkt->network_offset + 40;
	return RPCS_PACKET_OK;
}

/** Is `protocol` an extension header that may stand before UDP and TCP (RFC 8200 4)? */
RPCS_INLINE bool rpcs_packet_is_extension(__u8 protocol)
{
	return protocol == RPCS_IP_HOP_BY_HOP || protocol == RPCS_IP_ROUTING ||
	       protocol == RPCS_IP_FRAGMENT || protocol == RPCS_IP_DESTINATION ||
	       protocol == RPCS_IP_AUTH;
}

/** Steps over one IPv6 extension header: payload_* and protocol become its successor's. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_extension(struct rpcs_packet *pkt, const __u8 *data,
							  const __u8 *end)
{
	const __u8 *ext = rpcs_at(data, pkt->payload_offset, RPCS_TRANSPORT_OFFSET_MAX);
	bool first = pkt->flags & RPCS_F_FRAGMENT;
	__u32 len, fragment;

	if (!ext)
		return RPCS_PACKET_ip6_deep;
	/* Hosts take the rest of the headers from a later fragment, whatever RFC 7112 says. */
	if (first && pkt->payload_len < 8)
		return RPCS_PACKET_transport_short;
	if (RPCS_BEYOND(ext, 8, end))
		return RPCS_PACKET_ip_short;
	len = (ext[1] + 1U) * 8;
	if (pkt->protocol == RPCS_IP_AUTH)
		len = (ext[1] + 2U) * 4;
	if (pkt->protocol == RPCS_IP_FRAGMENT) {
		len = 8;
		fragment = rpcs_load_be16(ext + 2);
		/* Neither offset nor more: an atomic fragment (RFC 6946) is a whole packet. */
		if (fragment & 0xfff9) {
			pkt->flags |= RPCS_F_FRAGMENT;
			pkt->fragment_id = rpcs_load_be32(ext + 4);
		}
		if (fragment & 0xfff8) {
			pkt->protocol = ext[0];
			pkt->last = !(fragment & 1);
			return RPCS_PACKET_fragment_later;
		}
	}
	if (pkt->payload_len < len)
		return first ? RPCS_PACKET_transport_short : RPCS_PACKET_ip_bad;
	pkt->protocol = ext[0];
	pkt->payload_len -= len;
	pkt->payload_offset += len;
	return RPCS_PACKET_OK;
}

/** Steps over the extension headers of an IPv6 packet, if it has any. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_extensions(struct rpcs_packet *pkt,
							   const __u8 *data, const __u8 *end)
{
	enum rpcs_packet_result result;
	int i;

	if (!(pkt->flags & RPCS_F_IP6))
		return RPCS_PACKET_OK;
	RPCS_UNROLL
	for (i = 0; i < RPCS_IP6_EXTENSIONS_MAX; i++) {
		RPCS_FORGET();
		if (!rpcs_packet_is_extension(pkt->protocol))
			return RPCS_PACKET_OK;
		result = rpcs_packet_extension(pkt, data, end);
		if (result != RPCS_PACKET_OK)
			return result;
	}
	RPCS_FORGET();
	return rpcs_packet_is_extension(pkt->protocol) ? RPCS_PACKET_ip6_deep : RPCS_PACKET_OK;
}

/** UDP (RFC 768) at payload_*, which become the datagram's. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_udp(struct rpcs_packet *pkt, const __u8 *udp,
						    const __u8 *end)
{
	__u32 udp_len;

	if (pkt->payload_len < 8 || RPCS_BEYOND(udp, 8, end))
		return RPCS_PACKET_transport_short;
	pkt->sport = rpcs_load_be16(udp);
	pkt->dport = rpcs_load_be16(udp + 2);
	udp_len = rpcs_load_be16(udp + 4);
	if (udp_len == 0)
		udp_len = pkt->payload_len;
	if (udp_len < 8)
		return RPCS_PACKET_transport_bad;
	/* A first fragment holds less than the datagram; otherwise the length lies. */
	if (udp_len > pkt->payload_len && !(pkt->flags & RPCS_F_FRAGMENT))
		pkt->flags |= RPCS_F_TRUNCATED;
	pkt->payload_offset += 8;
	pkt->payload_len = udp_len - 8;
	return RPCS_PACKET_OK;
}

/** TCP (RFC 9293) at payload_*, which become the segment's. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_tcp(struct rpcs_packet *pkt, const __u8 *tcp,
						    const __u8 *end)
{
	__u32 header_len;

	/* A first fragment has 8 bytes at least (RFC 791 3.2): they name the flow. */
	if (pkt->payload_len < 8 || RPCS_BEYOND(tcp, 8, end))
		return RPCS_PACKET_transport_short;
	pkt->sport = rpcs_load_be16(tcp);
	pkt->dport = rpcs_load_be16(tcp + 2);
	if (pkt->payload_len < 20 || RPCS_BEYOND(tcp, 20, end))
		return RPCS_PACKET_transport_short;
	header_len = (tcp[12] >> 4) * 4;
	if (header_len < 20)
		return RPCS_PACKET_transport_bad;
	/* A first fragment may end inside the options. */
	if (header_len > pkt->payload_len)
		return (pkt->flags & RPCS_F_FRAGMENT) ? RPCS_PACKET_transport_short
						      : RPCS_PACKET_transport_bad;
	pkt->seq = rpcs_load_be32(tcp + 4);
	pkt->ack = rpcs_load_be32(tcp + 8);
	pkt->tcp_flags = tcp[13];
	pkt->payload_offset += header_len;
	pkt->payload_len -= header_len;
	return RPCS_PACKET_OK;
}

/** UDP or TCP behind the IP headers. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_transport(struct rpcs_packet *pkt, const __u8 *data,
							  const __u8 *end)
{
	const __u8 *transport = rpcs_at(data, pkt->payload_offset, RPCS_TRANSPORT_OFFSET_MAX);

	if (!transport)
		return RPCS_PACKET_ip6_deep;
	if (pkt->protocol == RPCS_IP_UDP)
		return rpcs_packet_udp(pkt, transport, end);
	if (pkt->protocol == RPCS_IP_TCP)
		return rpcs_packet_tcp(pkt, transport, end);
	return RPCS_PACKET_NOT_TRANSPORT;
}

/** Takes the VLAN tags off; `type` becomes the EtherType behind them. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_vlan(struct rpcs_packet *pkt,
						     struct rpcs_cursor *cur, __u16 *type)
{
	int i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_VLANS_MAX; i++) {
		if (*type != RPCS_ETH_VLAN && *type != RPCS_ETH_QINQ && *type != RPCS_ETH_QINQ9)
			return RPCS_PACKET_OK;
		if (pkt->vlan_count >= RPCS_VLANS_MAX)
			return RPCS_PACKET_vlan_deep;
		if (RPCS_BEYOND(cur->pos, 4, cur->end))
			return RPCS_PACKET_link_short;
		/* TC may have put the outer tag of the skb's metadata in [0] already. */
		if (pkt->vlan_count == 0)
			pkt->vlan[0] = rpcs_load_be16(cur->pos) & 0x0fff;
		else
			pkt->vlan[1] = rpcs_load_be16(cur->pos) & 0x0fff;
		pkt->vlan_count++;
		*type = rpcs_load_be16(cur->pos + 2);
		cur->pos += 4;
	}
	if (*type == RPCS_ETH_VLAN || *type == RPCS_ETH_QINQ || *type == RPCS_ETH_QINQ9)
		return RPCS_PACKET_vlan_deep;
	return RPCS_PACKET_OK;
}

/** What lies at `cur`, which is network_offset of the frame, by its EtherType. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_ip(struct rpcs_packet *pkt,
						   const struct rpcs_cursor *cur, __u16 type)
{
	if (type == RPCS_ETH_IP4)
		return rpcs_packet_ip4(pkt, cur);
	if (type == RPCS_ETH_IP6)
		return rpcs_packet_ip6(pkt, cur);
	pkt->type = type;
	pkt->payload_offset = pkt->network_offset;
	pkt->payload_len = cur->left;
	return RPCS_PACKET_NOT_IP;
}

/**
 * Takes the link and IP headers of the frame [data, end) off. `frame_len` counts
 * the bytes the frame really has, which may be more than lie before `end` (a
 * non-linear skb, an XDP buffer with frags). With `l3_type` not 0 the frame
 * begins with the IP header of that EtherType. `pkt` must be zeroed; TC may have
 * put one VLAN tag from the skb's metadata there.
 */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_network(struct rpcs_packet *pkt, const __u8 *data,
							const __u8 *end, __u32 frame_len,
							__u16 l3_type)
{
	struct rpcs_cursor cur = { .pos = data, .end = end };
	enum rpcs_packet_result result;

	if (l3_type == 0) {
		if (RPCS_BEYOND(data, 14, end))
			return RPCS_PACKET_link_short;
		l3_type = rpcs_load_be16(data + 12);
		cur.pos += 14;
		result = rpcs_packet_vlan(pkt, &cur, &l3_type);
		if (result != RPCS_PACKET_OK)
			return result;
	}
	pkt->network_offset = cur.pos - data;
	if (frame_len < pkt->network_offset)
		return RPCS_PACKET_link_short;
	cur.left = frame_len - pkt->network_offset;
	return rpcs_packet_ip(pkt, &cur, l3_type);
}

/** rpcs_packet_network(), extension headers and transport in one. */
RPCS_INLINE enum rpcs_packet_result rpcs_packet_parse(struct rpcs_packet *pkt, const __u8 *data,
						      const __u8 *end, __u32 frame_len,
						      __u16 l3_type)
{
	enum rpcs_packet_result result = rpcs_packet_network(pkt, data, end, frame_len, l3_type);

	if (result == RPCS_PACKET_OK)
		result = rpcs_packet_extensions(pkt, data, end);
	if (result == RPCS_PACKET_OK)
		result = rpcs_packet_transport(pkt, data, end);
	return result;
}

/** LOCAL and GROUP of an Ethernet header whose 14 bytes have been checked; see detections.md. */
RPCS_INLINE __u16 rpcs_packet_link_flags(const __u8 *eth)
{
	__u64 head;
	__u32 tail;

	RPCS_FETCH(&head, eth, sizeof(head));
	RPCS_FETCH(&tail, eth + 8, sizeof(tail));
	if ((head | tail) == 0)
		return RPCS_F_LOCAL;
	return (eth[0] & 1) ? RPCS_F_GROUP : 0;
}

/** Copies the addresses, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), of a checked IP header. */
RPCS_INLINE void rpcs_packet_addresses(const __u8 *ip, bool ip6, __u8 src[16], __u8 dst[16])
{
	const __u32 mapped = __builtin_bswap32(0xffff);
	__u32 from[4] = { 0, 0, mapped }, to[4] = { 0, 0, mapped };

	if (ip6) {
		RPCS_FETCH(from, ip + 8, 16);
		RPCS_FETCH(to, ip + 24, 16);
	} else {
		RPCS_FETCH(&from[3], ip + 12, 4);
		RPCS_FETCH(&to[3], ip + 16, 4);
	}
	RPCS_STORE_FOUR(src, from);
	RPCS_STORE_FOUR(dst, to);
}

#endif

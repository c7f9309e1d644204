/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Builds frames with tunnels in them, layer by layer; on top of packets.h. */
#ifndef RPCSENTRY_TESTS_TUNNEL_FRAMES_H
#define RPCSENTRY_TESTS_TUNNEL_FRAMES_H

#include <rpcsentry/tunnel.h>

#include "packets.h"

enum { OUTER_MAX = 4, VXLAN_PORT = 4789 };

/** A frame, and where the headers of tunnels lie whose lengths tunnel_end() fills in. */
struct tunnel_frame {
	struct test_frame f;
	uint32_t ip4[OUTER_MAX], ip6[OUTER_MAX], udp[OUTER_MAX], pppoe[OUTER_MAX];
	int ip4s, ip6s, udps, pppoes;
	uint32_t inner; /* of the IP header that the call is in */
};

static inline void tunnel_begin(struct tunnel_frame *t, uint16_t type)
{
	memset(t, 0, sizeof(*t));
	frame_eth(&t->f, type);
}

/** An outer header: from 192.0.2.1 to 192.0.2.2. */
static inline void tunnel_ip4(struct tunnel_frame *t, uint8_t protocol)
{
	static const uint8_t addresses[8] = { 192, 0, 2, 1, 192, 0, 2, 2 };

	frame_ip4(&t->f, protocol, 0);
	memcpy(t->f.bytes + t->f.ip + 12, addresses, sizeof(addresses));
	t->ip4[t->ip4s++] = t->f.ip;
}

static inline void tunnel_ip6(struct tunnel_frame *t, uint8_t next)
{
	frame_ip6(&t->f, next);
	t->f.bytes[t->f.ip + 8] = 0xfc;
	t->ip6[t->ip6s++] = t->f.ip;
}

static inline void tunnel_gre(struct tunnel_frame *t, uint16_t flags, uint16_t type)
{
	put16(&t->f, flags);
	put16(&t->f, type);
	for (int bit = 15; bit >= 12; bit--)
		if (bit != 14 && (flags >> bit & 1))
			put32(&t->f, 0x01020304);
}

static inline void tunnel_udp(struct tunnel_frame *t, uint16_t sport, uint16_t dport)
{
	frame_udp(&t->f, sport, dport);
	t->udp[t->udps++] = t->f.udp;
}

static inline void tunnel_vxlan(struct tunnel_frame *t, uint16_t sport, uint32_t vni)
{
	tunnel_udp(t, sport, VXLAN_PORT);
	put32(&t->f, 0x08000000);
	put32(&t->f, vni << 8);
}

/** An Ethernet header inside, to 02:00:00:00:00:09. */
static inline void tunnel_eth(struct tunnel_frame *t, uint16_t type)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8 };

	put_bytes(&t->f, macs, sizeof(macs));
	put16(&t->f, type);
}

static inline void tunnel_pppoe(struct tunnel_frame *t, uint16_t protocol, bool compressed)
{
	t->pppoe[t->pppoes++] = t->f.len;
	put32(&t->f, 0x11000007);
	put16(&t->f, 0);
	if (compressed)
		put8(&t->f, (uint8_t)protocol);
	else
		put16(&t->f, protocol);
}

static inline void tunnel_mpls(struct tunnel_frame *t, int labels, bool bottom)
{
	for (int i = 1; i <= labels; i++)
		put32(&t->f, (uint32_t)i << 12 | (i == labels && bottom) << 8 | 64);
}

/** GETPORT from 10.0.0.1, port 800, to 10.0.0.2, port 111. */
static inline void tunnel_getport(struct tunnel_frame *t)
{
	t->inner = t->f.len;
	frame_ip4(&t->f, RPCS_IP_UDP, 0);
	frame_udp(&t->f, 800, 111);
	frame_call(&t->f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&t->f, 100005, 3, 17, 0);
	frame_end(&t->f);
}

/** The same from fd00::1 to fd00::2, behind an extension header. */
static inline void tunnel_getport6(struct tunnel_frame *t)
{
	t->inner = t->f.len;
	frame_ip6(&t->f, RPCS_IP_DESTINATION);
	frame_ip6_ext(&t->f, RPCS_IP_UDP, 1);
	frame_udp(&t->f, 800, 111);
	frame_call(&t->f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&t->f, 100005, 3, 17, 0);
	frame_end(&t->f);
}

static inline void tunnel_end(struct tunnel_frame *t)
{
	int i;

	for (i = 0; i < t->udps; i++)
		set16(&t->f, t->udp[i] + 4, t->f.len - t->udp[i]);
	for (i = 0; i < t->ip4s; i++)
		set16(&t->f, t->ip4[i] + 2, t->f.len - t->ip4[i]);
	for (i = 0; i < t->ip6s; i++)
		set16(&t->f, t->ip6[i] + 4, t->f.len - t->ip6[i] - 40);
	for (i = 0; i < t->pppoes; i++)
		set16(&t->f, t->pppoe[i] + 4, t->f.len - t->pppoe[i] - 6);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packets of bench_packet: other people's, and calls. */
#ifndef RPCSENTRY_TESTS_PACKET_KINDS_H
#define RPCSENTRY_TESTS_PACKET_KINDS_H

#include "packets.h"

/** A kind of packet that all programs get. */
struct packet {
	const char *name;
	void (*build)(struct test_frame *f);
	bool record;	 /* leaves one */
	uint32_t stream; /* bytes by which each run is further in its stream; 0: none */
	bool ours;	 /* in units of the bare record, not nanoseconds alone */
};

static void arp(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_ARP);
	put_zeros(f, 46);
}

static void udp_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 5353, 443);
	put_zeros(f, 56);
	frame_end(f);
}

static void tcp_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_TCP, 0);
	frame_tcp(f, 50000, 443, 1000, RPCS_TCP_ACK, 3);
	put_zeros(f, 1400);
	frame_end(f);
}

static void udp6_others(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_UDP);
	frame_udp(f, 5353, 443);
	put_zeros(f, 56);
	frame_end(f);
}

static void udp_call(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

/* Its reply tells a port that is watched from then on, unless any_port is off. */
static void udp_call_for_tcp(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, 100003, 3, RPCS_IP_TCP, 0);
	frame_end(f);
}

static void tcp_call(struct test_frame *f)
{
	frame_tcp4(f, 1000, RPCS_TCP_ACK | 8);
	frame_mark(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(f, 100003, 3, RPCS_IP_UDP, 0);
	frame_end(f);
}

enum { TCP_CALL_BYTES = 60, TCP_SEQ = 14 + 20 + 4 };

static const struct packet packets[] = {
	{ "ARP", arp, false, 0, false },
	{ "UDP of others", udp_others, false, 0, false },
	{ "TCP data of others", tcp_others, false, 0, false },
	{ "IPv6 UDP of others", udp6_others, false, 0, false },
	{ "UDP GETPORT", udp_call, true, 0, true },
	{ "UDP GETPORT, TCP", udp_call_for_tcp, true, 0, true },
	{ "TCP GETPORT in step", tcp_call, true, TCP_CALL_BYTES, true },
};

#endif

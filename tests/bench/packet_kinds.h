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

/* NFS on its way through: all but the first of these was seen before, or is awaited by nobody. */
enum {
	NFS_PORT = 2049,
	NFS_PROGRAM = 100003,
	NFS_SEGMENT = 1400,
	NFS_RECORD_SEGMENTS = 600, /* a WRITE of 820 KB, more than any client's */
	NFS_CALL_BYTES = 120,
	NFS_REPLY_BYTES = 116,
};

static void nfs_call(struct test_frame *f, uint32_t procedure)
{
	frame_call(f, 7, NFS_PROGRAM, 3, procedure);
	f->len -= 16;
	frame_auth_sys(f, "client-7", 3);
	put_zeros(f, 36);
}

static void nfs_udp(struct test_frame *f, uint16_t sport, uint16_t dport)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, sport, dport);
}

static void nfs_tcp(struct test_frame *f, uint16_t sport, uint16_t dport)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_TCP, 0);
	frame_tcp(f, sport, dport, 1000, RPCS_TCP_ACK, 3);
}

static void nfs_udp_call(struct test_frame *f)
{
	nfs_udp(f, 800, NFS_PORT);
	nfs_call(f, 1);
	frame_end(f);
}

static void nfs_udp_reply(struct test_frame *f)
{
	nfs_udp(f, NFS_PORT, 700);
	frame_accepted(f, 99, 0);
	put_zeros(f, 88);
	frame_end(f);
}

static void nfs_tcp_call(struct test_frame *f)
{
	nfs_tcp(f, 901, NFS_PORT);
	frame_mark(f);
	nfs_call(f, 1);
	frame_end(f);
}

static void nfs_tcp_reply(struct test_frame *f)
{
	nfs_tcp(f, NFS_PORT, 902);
	frame_mark(f);
	frame_accepted(f, 99, 0);
	put_zeros(f, 88);
	frame_end(f);
}

/* Each NFS_RECORD_SEGMENTS-th segment's header is one: the others lie inside its record. */
static void nfs_tcp_data(struct test_frame *f)
{
	uint32_t mark, len = NFS_SEGMENT * NFS_RECORD_SEGMENTS - 4;

	nfs_tcp(f, 903, NFS_PORT);
	mark = f->len;
	put32(f, 0);
	nfs_call(f, 7);
	put_zeros(f, NFS_SEGMENT - (f->len - mark));
	set16(f, mark, 0x8000 | len >> 16);
	set16(f, mark + 2, len);
	frame_end(f);
}

/* Of the connection before. */
static void nfs_tcp_ack(struct test_frame *f)
{
	nfs_tcp(f, 903, NFS_PORT);
	frame_end(f);
}

enum { TCP_CALL_BYTES = 60, TCP_SEQ = 14 + 20 + 4 };

static const struct packet packets[] = {
	{ "ARP", arp, false, 0, false },
	{ "UDP of others", udp_others, false, 0, false },
	{ "TCP data of others", tcp_others, false, 0, false },
	{ "IPv6 UDP of others", udp6_others, false, 0, false },
	{ "NFS call by UDP", nfs_udp_call, false, 0, false },
	{ "NFS reply by UDP", nfs_udp_reply, false, 0, false },
	{ "NFS call by TCP", nfs_tcp_call, false, NFS_CALL_BYTES, false },
	{ "NFS reply by TCP", nfs_tcp_reply, false, NFS_REPLY_BYTES, false },
	{ "NFS data by TCP", nfs_tcp_data, false, NFS_SEGMENT, false },
	{ "NFS ACK", nfs_tcp_ack, false, 0, false },
	{ "UDP GETPORT", udp_call, true, 0, true },
	{ "UDP GETPORT, TCP", udp_call_for_tcp, true, 0, true },
	{ "TCP GETPORT in step", tcp_call, true, TCP_CALL_BYTES, true },
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of flows, and the streams of records that they carry. */
#ifndef RPCSENTRY_TESTS_SEGMENTS_H
#define RPCSENTRY_TESTS_SEGMENTS_H

#include <rpcsentry/flow.h>

#include "packets.h"

enum { TEST_SENSITIVE = 100021, TEST_PLAIN = 200001, CALL_HEADER = 40, REPLY_HEADER = 24 };

/** A flow from host 1 to host 2 of a network. */
struct test_flow {
	uint16_t sport, dport;
	uint8_t net;
	uint8_t vlans;	    /* 0 to 2 */
	uint8_t extensions; /* IPv6: headers before UDP or TCP, 0 to 2 */
	bool ip6;
};

/** Link and IP headers of a packet of a flow, or of one the other way. */
static inline void frame_of_flow(struct test_frame *f, const struct test_flow *flow, bool back,
				 uint8_t protocol)
{
	frame_eth(f, flow->ip6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4);
	if (flow->vlans > 1)
		frame_vlan(f, RPCS_ETH_QINQ, 300);
	if (flow->vlans > 0)
		frame_vlan(f, RPCS_ETH_VLAN, 7);
	if (!flow->ip6) {
		frame_ip4(f, protocol, 0);
		f->bytes[f->ip + 14] = f->bytes[f->ip + 18] = flow->net;
		f->bytes[f->ip + 15] = back ? 2 : 1;
		f->bytes[f->ip + 19] = back ? 1 : 2;
		return;
	}
	frame_ip6(f, flow->extensions ? RPCS_IP_DESTINATION : protocol);
	f->bytes[f->ip + 22] = f->bytes[f->ip + 38] = flow->net;
	f->bytes[f->ip + 23] = back ? 2 : 1;
	f->bytes[f->ip + 39] = back ? 1 : 2;
	if (flow->extensions > 1)
		frame_ip6_ext(f, RPCS_IP_ROUTING, 1);
	if (flow->extensions > 0)
		frame_ip6_ext(f, protocol, 0);
}

static inline void frame_segment(struct test_frame *f, const struct test_flow *flow, bool back,
				 uint32_t seq, uint8_t flags, const void *payload, uint32_t len)
{
	frame_of_flow(f, flow, back, RPCS_IP_TCP);
	frame_tcp(f, back ? flow->dport : flow->sport, back ? flow->sport : flow->dport, seq, flags,
		  3);
	put_bytes(f, payload, len);
	frame_end(f);
}

static inline void frame_datagram(struct test_frame *f, const struct test_flow *flow, bool back,
				  const void *payload, uint32_t len)
{
	frame_of_flow(f, flow, back, RPCS_IP_UDP);
	frame_udp(f, back ? flow->dport : flow->sport, back ? flow->sport : flow->dport);
	put_bytes(f, payload, len);
	frame_end(f);
}

/**
 * The part of a packet's payload from `from` on, `len` bytes, as an IP fragment;
 * `from` must be a multiple of 8. IPv6 extension headers are cut like the rest.
 */
static inline void frame_fragment(struct test_frame *f, const struct test_frame *whole,
				  uint32_t from, uint32_t len, uint32_t id)
{
	uint32_t head = whole->ip6 ? 40 : 20, all = whole->len - whole->ip - head;
	uint32_t transport = whole->ip + head, moved = transport + (whole->ip6 ? 8 : 0);
	bool more = from + len < all;

	memcpy(f, whole, sizeof(*f));
	f->len = f->ip + head;
	if (f->ip6) {
		f->bytes[f->ip + 6] = RPCS_IP_FRAGMENT;
		put8(f, whole->bytes[whole->ip + 6]);
		put8(f, 0);
		put16(f, (uint16_t)(from | more));
		put32(f, id);
	} else {
		set16(f, f->ip + 4, id);
		set16(f, f->ip + 6, from / 8 | (more ? 0x2000 : 0));
	}
	put_bytes(f, whole->bytes + whole->ip + head + from, len);
	f->udp = 0; /* its length is the whole packet's */
	frame_end(f);
	f->udp = whole->udp == transport && from == 0 ? moved : 0;
	f->tcp = whole->tcp == transport && from == 0 && len >= 20 ? moved : 0;
}

/** The key of one direction of a TCP flow. */
static inline struct rpcs_flow_key flow_key(const struct test_flow *flow, bool back)
{
	struct rpcs_record_head head;
	struct rpcs_flow_key key;
	struct test_frame f;

	frame_of_flow(&f, flow, back, RPCS_IP_TCP);
	rpcs_packet_addresses(f.bytes + f.ip, flow->ip6, head.src, head.dst);
	head.sport = back ? flow->dport : flow->sport;
	head.dport = back ? flow->sport : flow->dport;
	rpcs_flow_key_fill(&key, &head);
	return key;
}

/* A stream in the making: `bytes` of a frame without headers. */

/** A call with `arguments` bytes behind its header, AUTH_NONE both. */
static inline void put_call(struct test_frame *s, uint32_t xid, uint32_t program,
			    uint32_t procedure, uint32_t arguments)
{
	frame_call(s, xid, program, 2, procedure);
	put_zeros(s, arguments);
}

static inline void put_reply(struct test_frame *s, uint32_t xid, uint32_t results)
{
	frame_accepted(s, xid, RPCS_ACCEPT_SUCCESS);
	put_zeros(s, results);
}

/** A record mark for the bytes behind `at`, or for `len` bytes that are not there yet. */
static inline void set_mark(struct test_frame *s, uint32_t at, uint32_t len)
{
	uint32_t mark = len ? len : s->len - at - 4;

	mark |= RPCS_MARK_LAST;
	set16(s, at, mark >> 16);
	set16(s, at + 2, mark);
}

static inline void put_record_call(struct test_frame *s, uint32_t xid, uint32_t program,
				   uint32_t procedure, uint32_t arguments)
{
	uint32_t at = s->len;

	put32(s, 0);
	put_call(s, xid, program, procedure, arguments);
	set_mark(s, at, 0);
}

static inline void put_record_reply(struct test_frame *s, uint32_t xid, uint32_t results)
{
	uint32_t at = s->len;

	put32(s, 0);
	put_reply(s, xid, results);
	set_mark(s, at, 0);
}

#endif

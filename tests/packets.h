/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds frames for tests, layer by layer, and the cases that the native build
 * and both of the kernel's programs must agree on.
 */
#ifndef RPCSENTRY_TESTS_PACKETS_H
#define RPCSENTRY_TESTS_PACKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

enum {
	FRAME_MAX = 4096,
	/* A turn of the agent's that no flow of a test has come to (source/state.h). */
	TEST_TURN = 0x7fffffff,
};

/** A frame in the making; offsets of the headers whose lengths frame_end() fills in. */
struct test_frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
	uint32_t ip, udp, tcp, mark; /* offsets; 0 for none */
	bool ip6;
};

static inline void put8(struct test_frame *f, uint8_t v)
{
	f->bytes[f->len++] = v;
}

static inline void put16(struct test_frame *f, uint16_t v)
{
	put8(f, (uint8_t)(v >> 8));
	put8(f, (uint8_t)v);
}

static inline void put32(struct test_frame *f, uint32_t v)
{
	put16(f, (uint16_t)(v >> 16));
	put16(f, (uint16_t)v);
}

static inline void put_bytes(struct test_frame *f, const void *bytes, uint32_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static inline void put_zeros(struct test_frame *f, uint32_t len)
{
	memset(f->bytes + f->len, 0, len);
	f->len += len;
}

static inline void set16(struct test_frame *f, uint32_t at, uint32_t v)
{
	f->bytes[at] = (uint8_t)(v >> 8);
	f->bytes[at + 1] = (uint8_t)v;
}

static inline void frame_eth(struct test_frame *f, uint16_t type)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memset(f, 0, sizeof(*f));
	put_bytes(f, macs, sizeof(macs));
	put16(f, type);
}

static inline void frame_vlan(struct test_frame *f, uint16_t outer_type, uint16_t vid)
{
	uint16_t type = (uint16_t)(f->bytes[f->len - 2] << 8 | f->bytes[f->len - 1]);

	set16(f, f->len - 2, outer_type);
	put16(f, vid);
	put16(f, type);
}

static inline void frame_ip4(struct test_frame *f, uint8_t protocol, uint32_t option_words)
{
	f->ip = f->len;
	put8(f, (uint8_t)(0x45 + option_words));
	put8(f, 0);
	put16(f, 0);
	put32(f, 0x12340000); /* id, no fragment */
	put8(f, 64);
	put8(f, protocol);
	put16(f, 0);
	put32(f, 0x0a000001);
	put32(f, 0x0a000002);
	put_zeros(f, option_words * 4);
}

static inline void frame_ip6(struct test_frame *f, uint8_t next)
{
	static const uint8_t addresses[32] = { 0xfd, [15] = 1, 0xfd, [31] = 2 };

	f->ip = f->len;
	f->ip6 = true;
	put32(f, 0x60000000);
	put16(f, 0);
	put8(f, next);
	put8(f, 64);
	put_bytes(f, addresses, sizeof(addresses));
}

static inline void frame_ip6_ext(struct test_frame *f, uint8_t next, uint32_t words8)
{
	put8(f, next);
	put8(f, (uint8_t)words8);
	put_zeros(f, 6 + words8 * 8);
}

static inline void frame_udp(struct test_frame *f, uint16_t sport, uint16_t dport)
{
	f->udp = f->len;
	put16(f, sport);
	put16(f, dport);
	put32(f, 0);
}

static inline void frame_tcp(struct test_frame *f, uint16_t sport, uint16_t dport, uint32_t seq,
			     uint8_t flags, uint32_t option_words)
{
	f->tcp = f->len;
	put16(f, sport);
	put16(f, dport);
	put32(f, seq);
	put32(f, 0);
	put8(f, (uint8_t)((5 + option_words) << 4));
	put8(f, flags);
	put16(f, 1000);
	put32(f, 0);
	put_zeros(f, option_words * 4);
}

static inline void frame_mark(struct test_frame *f)
{
	f->mark = f->len;
	put32(f, 0);
}

/** A call header with AUTH_NONE both. */
static inline void frame_call(struct test_frame *f, uint32_t xid, uint32_t program,
			      uint32_t version, uint32_t procedure)
{
	put32(f, xid);
	put32(f, RPCS_MSG_CALL);
	put32(f, RPCS_RPC_VERSION);
	put32(f, program);
	put32(f, version);
	put32(f, procedure);
	put_zeros(f, 16);
}

/** A call header up to the credential's flavor. */
static inline void frame_call_open(struct test_frame *f, uint32_t xid, uint32_t procedure)
{
	frame_call(f, xid, RPCS_PORTMAP_PROGRAM, 2, procedure);
	f->len -= 16;
}

/** An AUTH_SYS credential and an empty verifier. */
static inline void frame_auth_sys(struct test_frame *f, const char *machine, uint32_t gids)
{
	uint32_t len = (uint32_t)strlen(machine), i;

	put32(f, RPCS_AUTH_SYS);
	put32(f, 20 + rpcs_xdr_padded(len) + gids * 4);
	put32(f, 0x11223344);
	put32(f, len);
	put_bytes(f, machine, len);
	put_zeros(f, rpcs_xdr_padded(len) - len);
	put32(f, 1000);
	put32(f, 100);
	put32(f, gids);
	for (i = 0; i < gids; i++)
		put32(f, i);
	put_zeros(f, 8);
}

static inline void frame_mapping(struct test_frame *f, uint32_t program, uint32_t version,
				 uint32_t protocol, uint32_t port)
{
	put32(f, program);
	put32(f, version);
	put32(f, protocol);
	put32(f, port);
}

static inline void frame_accepted(struct test_frame *f, uint32_t xid, uint32_t stat)
{
	put32(f, xid);
	put32(f, RPCS_MSG_REPLY);
	put32(f, RPCS_REPLY_ACCEPTED);
	put_zeros(f, 8);
	put32(f, stat);
}

/** Fills in the lengths of IP, UDP and the record mark. */
static inline void frame_end(struct test_frame *f)
{
	if (f->mark) {
		uint32_t len = f->len - f->mark - 4;

		set16(f, f->mark, 0x8000 | len >> 16);
		set16(f, f->mark + 2, len);
	}
	if (f->udp)
		set16(f, f->udp + 4, f->len - f->udp);
	if (f->ip && f->ip6)
		set16(f, f->ip + 4, f->len - f->ip - 40);
	else if (f->ip)
		set16(f, f->ip + 2, f->len - f->ip);
}

/** A UDP datagram over IPv4 from port 800 to 111, up to its payload. */
static inline void frame_udp4(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
}

static inline void frame_tcp4(struct test_frame *f, uint32_t seq, uint8_t flags)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_TCP, 0);
	frame_tcp(f, 900, 111, seq, flags, 3);
}

/** What a frame must come to: `records` of them, the last with these properties. */
struct packet_case {
	const char *name;
	void (*build)(struct test_frame *f);
	int records;
	enum rpcs_record_kind kind;
	enum rpcs_fallback reason; /* of a PIECE */
	uint32_t procedure;	   /* of a CALL */
	uint32_t body0;		   /* of a CALL or REPLY */
	const char *machine;
	int vlans;
	uint16_t flags; /* that must be set */
	bool after_syn; /* with number 99, of the same flow */
};

extern const struct packet_case packet_cases[];
extern const int packet_case_count;

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes the captures that bench_read reads, the same each time:
 *
 *	traffic mix FILE [PACKETS]	what a gateway sees: two packets in five are other
 *					people's, the rest is portmapper traffic of all kinds
 *	traffic flood FILE [PACKETS]	GETPORT calls from 65,536 sources to one server
 *	traffic sources FILE [PACKETS]	the same, each from a source of its own
 *
 * Prints the number of calls in it. Default: 1,000,000 packets.
 */
#include <inttypes.h>

#include "bench/traffic_store.h"

enum {
	CLIENTS = 4096,
	SERVERS = 200,
	FLOWS = 2000,
	NS_A_PACKET = 10000, /* 100,000 packets a second */
	DATA_MAX = 1346,
};

static const uint32_t programs[] = { 100003, 100005, 100021, 100024, 100004, 100007, 100001,
				     100002, 100008, 100011, 100083, 100068, 300019, 390109 };

struct ends {
	uint32_t client, server;
	uint16_t cport, sport;
};

/** A TCP connection of other people. */
struct stream {
	struct ends ends;
	uint32_t seq[2]; /* of the client, of the server */
	int stage;
};

static uint64_t calls;

static uint32_t draw_program(void)
{
	return programs[draw(sizeof(programs) / sizeof(programs[0]))];
}

static struct ends draw_ends(uint16_t sport)
{
	return (struct ends){ .client = 0x0a140000 + draw(CLIENTS),
			      .server = 0x0a1e0001 + draw(SERVERS),
			      .cport = (uint16_t)(1024 + draw(64000)),
			      .sport = sport };
}

static uint64_t draw_time(void)
{
	return ((uint64_t)draw(limit) * NS_A_PACKET) + draw(NS_A_PACKET);
}

/** A frame up to its transport header; `back`: from the server. */
static void begin(struct test_frame *f, const struct ends *ends, uint8_t protocol, bool back)
{
	static uint16_t id;
	uint32_t src = back ? ends->server : ends->client;
	uint32_t dst = back ? ends->client : ends->server;

	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, protocol, 0);
	set16(f, f->ip + 4, id++);
	set16(f, f->ip + 12, src >> 16);
	set16(f, f->ip + 14, src);
	set16(f, f->ip + 16, dst >> 16);
	set16(f, f->ip + 18, dst);
}

static void begin_udp(struct test_frame *f, const struct ends *ends, bool back)
{
	begin(f, ends, RPCS_IP_UDP, back);
	frame_udp(f, back ? ends->sport : ends->cport, back ? ends->cport : ends->sport);
}

static void begin_tcp(struct test_frame *f, const struct ends *ends, bool back, uint32_t seq,
		      uint32_t ack, uint8_t flags)
{
	begin(f, ends, RPCS_IP_TCP, back);
	frame_tcp(f, back ? ends->sport : ends->cport, back ? ends->cport : ends->sport, seq, flags,
		  0);
	set16(f, f->tcp + 8, ack >> 16);
	set16(f, f->tcp + 10, ack);
}

static void finish(struct test_frame *f, uint64_t time_ns)
{
	frame_end(f);
	keep(f, time_ns);
}

static void put_string(struct test_frame *f, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	put32(f, len);
	put_bytes(f, text, len);
	put_zeros(f, rpcs_xdr_padded(len) - len);
}

static void put_noise(struct test_frame *f, uint32_t len)
{
	while (len--)
		put8(f, (uint8_t)draw(256));
}

/* Other people's: streams in order, and datagrams. */
static void others(struct stream *streams, uint64_t time_ns)
{
	struct stream *s = &streams[draw(FLOWS)];
	struct test_frame f;
	uint32_t len;
	int side;

	if (draw(10) < 4) {
		struct ends ends = draw_ends(draw(2) ? 443 : (uint16_t)(40000 + draw(9999)));

		begin_udp(&f, &ends, draw(2));
		put8(&f, 0x40 | (uint8_t)draw(64));
		put_noise(&f, 21 + draw(1336));
		finish(&f, time_ns);
		return;
	}
	side = s->stage == 1 || (s->stage > 2 && draw(3));
	len = s->stage > 2 && draw(4) ? 10 + draw(DATA_MAX - 10) : 0;
	begin_tcp(&f, &s->ends, side, s->seq[side], s->seq[!side],
		  s->stage == 0	  ? RPCS_TCP_SYN
		  : s->stage == 1 ? RPCS_TCP_SYN | RPCS_TCP_ACK
				  : RPCS_TCP_ACK);
	put_noise(&f, len);
	finish(&f, time_ns);
	s->seq[side] += len + (s->stage < 2);
	s->stage += s->stage < 3;
}

static void put_call(struct test_frame *f, uint32_t xid, uint32_t version, uint32_t procedure)
{
	frame_call(f, xid, RPCS_PORTMAP_PROGRAM, version, procedure);
	calls++;
}

static void put_mapping(struct test_frame *f, uint32_t port)
{
	frame_mapping(f, draw_program(), 1 + draw(4), draw(2) ? RPCS_IP_UDP : RPCS_IP_TCP, port);
}

/** A version 2 call with a mapping, and its one-word reply. */
static void exchange(uint32_t procedure, uint32_t port, uint32_t result)
{
	struct ends ends = draw_ends(111);
	uint64_t time_ns = draw_time();
	uint32_t xid = draw(UINT32_MAX);
	struct test_frame f;

	begin_udp(&f, &ends, false);
	put_call(&f, xid, 2, procedure);
	if (procedure != 0)
		put_mapping(&f, port);
	finish(&f, time_ns);
	begin_udp(&f, &ends, true);
	frame_accepted(&f, xid, RPCS_ACCEPT_SUCCESS);
	if (procedure != 0)
		put32(&f, result);
	finish(&f, time_ns + 150000 + draw(100000));
}

static void dump(void)
{
	struct ends ends = draw_ends(111);
	uint64_t time_ns = draw_time();
	uint32_t xid = draw(UINT32_MAX), entries = 6 + draw(28);
	struct test_frame f;

	begin_udp(&f, &ends, false);
	put_call(&f, xid, 2, 4);
	finish(&f, time_ns);
	begin_udp(&f, &ends, true);
	frame_accepted(&f, xid, RPCS_ACCEPT_SUCCESS);
	while (entries--) {
		put32(&f, 1);
		put_mapping(&f, 600 + draw(400));
	}
	put32(&f, 0);
	finish(&f, time_ns + 200000 + draw(100000));
}

static void callit(void)
{
	struct ends ends = draw_ends(111);
	uint32_t len = 4 * draw(16);
	struct test_frame f;

	begin_udp(&f, &ends, false);
	put_call(&f, draw(UINT32_MAX), 2, 5);
	put32(&f, draw_program());
	put32(&f, 1);
	put32(&f, draw(6));
	put32(&f, len);
	put_noise(&f, len);
	finish(&f, draw_time());
}

static void getaddr(void)
{
	struct ends ends = draw_ends(111);
	uint64_t time_ns = draw_time();
	uint32_t xid = draw(UINT32_MAX);
	struct test_frame f;

	begin_udp(&f, &ends, false);
	put_call(&f, xid, 3 + draw(2), 3);
	put32(&f, draw_program());
	put32(&f, 3);
	put_string(&f, draw(2) ? "udp" : "tcp");
	put_string(&f, "10.30.0.1.0.111");
	put_string(&f, "unknown");
	finish(&f, time_ns);
	begin_udp(&f, &ends, true);
	frame_accepted(&f, xid, RPCS_ACCEPT_SUCCESS);
	put_string(&f, "10.30.0.1.3.97");
	finish(&f, time_ns + 150000);
}

/** A connection with one GETPORT: ten packets. */
static void over_tcp(void)
{
	static const struct {
		bool back, call, reply;
		uint8_t flags;
	} steps[] = {
		{ false, false, false, RPCS_TCP_SYN },
		{ true, false, false, RPCS_TCP_SYN | RPCS_TCP_ACK },
		{ false, false, false, RPCS_TCP_ACK },
		{ false, true, false, RPCS_TCP_ACK },
		{ true, false, false, RPCS_TCP_ACK },
		{ true, false, true, RPCS_TCP_ACK },
		{ false, false, false, RPCS_TCP_ACK },
		{ false, false, false, RPCS_TCP_FIN | RPCS_TCP_ACK },
		{ true, false, false, RPCS_TCP_FIN | RPCS_TCP_ACK },
		{ false, false, false, RPCS_TCP_ACK },
	};
	struct ends ends = draw_ends(111);
	uint32_t seq[2] = { draw(UINT32_MAX), draw(UINT32_MAX) }, xid = draw(UINT32_MAX), before;
	uint64_t time_ns = draw_time();
	struct test_frame f;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bool back = steps[i].back;

		begin_tcp(&f, &ends, back, seq[back], seq[!back], steps[i].flags);
		before = f.len;
		if (steps[i].call || steps[i].reply)
			frame_mark(&f);
		if (steps[i].call) {
			put_call(&f, xid, 2, 3);
			put_mapping(&f, 0);
		} else if (steps[i].reply) {
			frame_accepted(&f, xid, RPCS_ACCEPT_SUCCESS);
			put32(&f, 600 + draw(400));
		}
		seq[back] += f.len - before + !!(steps[i].flags & (RPCS_TCP_SYN | RPCS_TCP_FIN));
		finish(&f, time_ns + i * 100000);
	}
}

static void garbage(void)
{
	struct ends ends = draw_ends(111);
	struct test_frame f;

	begin_udp(&f, &ends, false);
	put_noise(&f, 1 + draw(80));
	/* Not a call by chance: no type begins with this. */
	if (f.len > f.udp + 8 + 4)
		f.bytes[f.udp + 8 + 4] = 0xff;
	finish(&f, draw_time());
}

static void mix(void)
{
	struct stream *streams = calloc(FLOWS, sizeof(*streams));
	uint32_t i, n = limit;

	if (!streams)
		exit(1);
	for (i = 0; i < FLOWS; i++)
		streams[i] = (struct stream){ .ends = draw_ends(draw(3) ? 443 : 22),
					      .seq = { draw(UINT32_MAX), draw(UINT32_MAX) } };
	for (i = 0; i < n / 5 * 2; i++)
		others(streams, (uint64_t)i * NS_A_PACKET * 5 / 2 + draw(1000));
	for (i = 0; i < n / 100 * 15; i++)
		exchange(3, 0, draw(5) ? 600 + draw(400) : 0);
	for (i = 0; i < n / 20; i++)
		dump();
	for (i = 0; i < n / 100; i++)
		over_tcp();
	for (i = 0; i < n / 40; i++)
		callit();
	for (i = 0; i < n / 1000 * 15; i++)
		exchange(1, 600 + draw(400), 1);
	for (i = 0; i < n / 100; i++)
		exchange(2, 0, 1);
	for (i = 0; i < n / 200; i++)
		exchange(0, 0, 0);
	for (i = 0; i < n / 200; i++)
		getaddr();
	while (count < limit)
		garbage();
	free(streams);
}

static void flood(uint32_t sources)
{
	struct ends ends = { .server = 0x0a1e0001, .sport = 111 };
	struct test_frame f;
	uint32_t i;

	for (i = 0; i < limit; i++) {
		ends.client = 0x0a400000 + (sources ? draw(sources) : i);
		ends.cport = (uint16_t)(1024 + draw(64000));
		begin_udp(&f, &ends, false);
		put_call(&f, draw(UINT32_MAX), 2, 3);
		put_mapping(&f, 0);
		finish(&f, (uint64_t)i * 1000);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: traffic mix|flood|sources FILE [PACKETS]\n");
		return 2;
	}
	limit = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1000000;
	packets = grow(NULL, (limit + 1UL) * sizeof(*packets));
	if (strcmp(argv[1], "mix") == 0)
		mix();
	else
		flood(strcmp(argv[1], "flood") == 0 ? 65536 : 0);
	qsort(packets, count, sizeof(*packets), compare);
	printf("%" PRIu64 "\n", calls);
	return write_file(argv[2]);
}

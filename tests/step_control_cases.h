/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Beginnings and ends of TCP flows, and packets that belong to none. */
#ifndef RPCSENTRY_TESTS_STEP_CONTROL_CASES_H
#define RPCSENTRY_TESTS_STEP_CONTROL_CASES_H

#include "step_portmap_cases.h"

enum { XMAS = RPCS_TCP_FIN | RPCS_TCP_PSH | 0x20 };

static void s_handshake(struct bench *b)
{
	bench_syn(b, &portmap);
	SEGMENT(b, &portmap, true, 499, RPCS_TCP_SYN | RPCS_TCP_ACK, "", 0, "connection SA @499");
	/* No acknowledgement, and one of something else. */
	BARE(b, &portmap, 100, 0, "");
	BARE(b, &portmap, 101, RPCS_TCP_ACK, "");
	assert_int_equal(b->counters.tcp_empty, 2);
	/* Data from before the first byte is none of this connection. */
	DATA(b, &portmap, 99, "x", 1, "piece stream next 100 boundary 100");
	BARE(b, &portmap, 100, RPCS_TCP_ACK, "connection A @100");
	BARE(b, &portmap, 100, RPCS_TCP_ACK, "");
	SEGMENT(b, &portmap, true, 500, RPCS_TCP_ACK, "", 0, "");
	assert_int_equal(b->counters.tcp_empty, 4);
	assert_int_equal(b->counters.connections, 3);
}

/* The client's data is its acknowledgement too. */
static void s_handshake_with_data(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	BARE(b, &portmap, 160, RPCS_TCP_ACK, "");
	assert_int_equal(b->counters.tcp_empty, 1);
}

static void s_syn_with_data(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	SEGMENT(b, &portmap, false, 99, RPCS_TCP_SYN, s.bytes, s.len,
		"connection S @99; call 1 @100 len 56 in-step");
	/* The whole of it once more. */
	SEGMENT(b, &portmap, false, 99, RPCS_TCP_SYN, s.bytes, s.len,
		"connection S @99; piece stream");
	bench_back(b, &portmap, 160);
	DATA(b, &portmap, 160, s.bytes, s.len, "call 1 @160 len 56 in-step");
}

/* From server to client: a SYN that acknowledges so much. */
static void answer(struct bench *b, const struct test_flow *flow, uint32_t ack)
{
	struct test_frame f;

	frame_segment(&f, flow, true, 499, RPCS_TCP_SYN | RPCS_TCP_ACK, "", 0);
	set16(&f, f.tcp + 8, ack >> 16);
	set16(&f, f.tcp + 10, ack);
	bench_frame(b, &f);
	EXPECT(b, "connection SA @499");
}

/* The server tells whether it took what the SYN brought: if not, other bytes come there. */
static void syn_data_answered(struct bench *b, const struct test_flow *flow)
{
	struct test_frame s = { .len = 0 }, other = { .len = 0 };

	getport(&s, 1);
	getport(&other, 2);
	b->fresh(b);
	SEGMENT(b, flow, false, 99, RPCS_TCP_SYN, s.bytes, s.len,
		"connection S @99; call 1 @100 len 56 in-step");
	answer(b, flow, 98); /* none to this SYN */
	assert_int_equal(rpcs_flow_next(bench_flow(b, flow, false).state), 160);
	answer(b, flow, 100);
	DATA(b, flow, 100, other.bytes, other.len, "call 2 @100 len 56 in-step");
	b->fresh(b);
	SEGMENT(b, flow, false, 99, RPCS_TCP_SYN, s.bytes, s.len,
		"connection S @99; call 1 @100 len 56 in-step");
	answer(b, flow, 160);
	DATA(b, flow, 160, other.bytes, other.len, "call 2 @160 len 56 in-step");
}

static void s_syn_data_answered(struct bench *b)
{
	const struct test_flow nfs = { .sport = 900, .dport = 2049 };

	syn_data_answered(b, &portmap);
	if (b->settings.any_port)
		syn_data_answered(b, &nfs);
}

static void scans(struct bench *b, const struct test_flow *flow)
{
	BARE(b, flow, 1, 0, "probe - @1");
	BARE(b, flow, 1, 0, "probe - @1");
	BARE(b, flow, 2, RPCS_TCP_FIN, "probe F @2");
	BARE(b, flow, 3, XMAS, "probe FPU @3");
	BARE(b, flow, 4, RPCS_TCP_RST, "probe R @4");
	BARE(b, flow, 5, RPCS_TCP_FIN | RPCS_TCP_ACK, "probe FA @5");
	BARE(b, flow, 6, RPCS_TCP_ACK, "probe A @6");
	/* The answer of one who knows of no connection. */
	SEGMENT(b, flow, true, 0, RPCS_TCP_RST, "", 0, "connection R @0");
	/* Once is enough, should it be a connection from before the sensor. */
	BARE(b, flow, 6, RPCS_TCP_ACK, "");
	BARE(b, flow, 6, XMAS, "connection FPU @6");
}

static void s_scans(struct bench *b)
{
	const struct test_flow nfs = { .sport = 900, .dport = 2049 };
	const struct test_flow far = { .sport = 900, .dport = 32810, .ip6 = true };

	scans(b, &portmap);
	scans(b, &nfs);
	scans(b, &far);
	assert_int_equal(b->counters.probes, 3 * 7);
}

/* Nobody's port; and without any_port only the portmapper's is anybody's. */
static void s_scans_elsewhere(struct bench *b)
{
	const struct test_flow nfs = { .sport = 900, .dport = 2049 };
	const struct test_flow web = { .sport = 900, .dport = 80 };
	struct test_frame f;

	BARE(b, b->settings.any_port ? &web : &nfs, 1, RPCS_TCP_ACK, "");
	BARE(b, b->settings.any_port ? &web : &nfs, 1, RPCS_TCP_SYN, "");
	frame_datagram(&f, &portmap, false, "", 0);
	bench_frame(b, &f);
	EXPECT(b, "probe udp");
	frame_datagram(&f, &web, false, "", 0);
	bench_frame(b, &f);
	EXPECT(b, b->settings.any_port ? "probe udp" : "");
	assert_int_equal(b->counters.packets_watched, b->settings.any_port ? 2 : 1);
}

/* A closed port's answer has no flow of its own, but belongs to one. */
static void s_refused(struct bench *b)
{
	bench_syn(b, &portmap);
	SEGMENT(b, &portmap, true, 0, RPCS_TCP_RST | RPCS_TCP_ACK, "", 0, "connection RA @0");
	assert_int_equal(b->counters.probes, 0);
	/* It leaves nothing behind. */
	SEGMENT(b, &portmap, true, 0, RPCS_TCP_RST | RPCS_TCP_ACK, "", 0, "connection RA @0");
}

/* An end where the stream is frees the ports; one elsewhere changes nothing. */
static void ends(struct bench *b, uint8_t flags, const char *diagnosis)
{
	struct test_frame s = { .len = 0 };
	uint32_t len = (uint32_t)strlen(diagnosis);
	const char *letter = flags & RPCS_TCP_RST ? "R" : "F";

	b->fresh(b);
	getport(&s, 1);
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	SEGMENT(b, &portmap, false, 161, flags, "", 0, text("connection %s @161", letter));
	bench_step_is(b, &portmap, RPCS_STEP_IN_STEP);
	SEGMENT(b, &portmap, false, 160 - len, flags, diagnosis, len,
		len ? "connection R @153" : text("connection %s @160 in-step", letter));
	bench_step_is(b, &portmap, len ? RPCS_STEP_IN_STEP : RPCS_STEP_UNKNOWN);
	SEGMENT(b, &portmap, false, 160, flags, diagnosis, len,
		text("connection %s @160%s", letter, len ? " in-step" : ""));
	bench_step_is(b, &portmap, RPCS_STEP_UNKNOWN);
	BARE(b, &portmap, 999, RPCS_TCP_SYN, "connection S @999");
	DATA(b, &portmap, 1000, s.bytes, s.len, "call 1 @1000 len 56 in-step");
}

static void s_ends(struct bench *b)
{
	ends(b, RPCS_TCP_FIN, "");
	ends(b, RPCS_TCP_RST, "");
	ends(b, RPCS_TCP_RST, "go away");
}

static void s_fin_with_data(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &portmap);
	SEGMENT(b, &portmap, false, 100, RPCS_TCP_FIN | RPCS_TCP_ACK, s.bytes, s.len,
		"call 1 @100 len 56 in-step; connection FA @100 in-step");
	bench_step_is(b, &portmap, RPCS_STEP_UNKNOWN);
}

/* A SYN on a live flow may be forged: the agent decides what the bytes belong to. */
static void s_ports_again(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &portmap);
	bench_syn(b, &portmap); /* its repetition */
	DATA(b, &portmap, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	BARE(b, &portmap, 999, RPCS_TCP_SYN, "connection S @999");
	bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
	DATA(b, &portmap, 1000, s.bytes, s.len, "piece stream");
	assert_int_equal(bench_flow(b, &portmap, false).born, 999);
}

/* The same ports with the same first number, of which one end alone has told an end. */
static void s_number_again(struct bench *b)
{
	const struct test_flow nfs = { .sport = 900, .dport = 2049 };
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	SEGMENT(b, &nfs, true, 500, RPCS_TCP_RST, "", 0, "connection R @500");
	bench_syn(b, &nfs);
	bench_step_is(b, &nfs, RPCS_STEP_FALLBACK);
	DATA(b, &nfs, 100, s.bytes, s.len, "piece stream");
	/* An end in its place: nothing is left that could be taken for a repetition. */
	b->fresh(b);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	BARE(b, &nfs, 160, RPCS_TCP_FIN, "connection F @160 in-step");
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
}

/* A stopped flow's ports, used again with the same first number. */
static void s_stopped_again(struct bench *b)
{
	const struct rpcs_flow_key key = flow_key(&portmap, false);
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &portmap);
	rpcs_state_flow_lost(rpcs_native_state(b->native), &key, TEST_TURN, true);
	b->follow(b, &key);
	DATA(b, &portmap, 100, s.bytes, s.len, "");
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len, "piece stream");
}

/* A forged end and a forged SYN far ahead: what the client goes on with is no repetition. */
static void s_decoy_syn(struct bench *b)
{
	const struct test_flow nfs = { .sport = 900, .dport = 2049 };
	const uint32_t far = 1 << 29;
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	BARE(b, &nfs, 160, RPCS_TCP_FIN, "connection F @160 in-step");
	BARE(b, &nfs, far, RPCS_TCP_SYN, text("connection S @%u", far));
	/* A keep-alive has the SYN's number. */
	DATA(b, &nfs, far, "x", 1, "");
	assert_int_equal(b->counters.tcp_repeated, 1);
	DATA(b, &nfs, 160, s.bytes, s.len,
	     text("piece stream next %u boundary %u", far + 1, far + 1));
}

#endif

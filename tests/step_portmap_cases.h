/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Streams on a portmapper port: from record to record, and out of step and back. */
#ifndef RPCSENTRY_TESTS_STEP_PORTMAP_CASES_H
#define RPCSENTRY_TESTS_STEP_PORTMAP_CASES_H

#include "bench.h"

static const struct test_flow portmap = { .sport = 900, .dport = 111 };

/* Expectations with numbers in them. */
static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
	static char buffer[RENDER_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	return buffer;
}

/* One GETPORT call with its mark: 60 bytes. */
enum { GETPORT_RECORD = 60, NULL_RECORD = 44 };

static void getport(struct test_frame *s, uint32_t xid)
{
	put_record_call(s, xid, RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_GETPORT, 16);
}

static void many_records(struct bench *b, const struct test_flow *flow, uint32_t count)
{
	struct test_frame s = { .len = 0 };
	struct render expected = { .len = 0 };
	uint32_t i, whole = count < RPCS_SEGMENT_RECORDS_MAX ? count : RPCS_SEGMENT_RECORDS_MAX;
	uint32_t end = 100 + NULL_RECORD * whole;

	b->fresh(b);
	bench_syn(b, flow);
	for (i = 0; i < count; i++)
		put_record_call(&s, i, RPCS_PORTMAP_PROGRAM, 0, 0);
	for (i = 0; i < whole; i++)
		render_add(&expected, "%scall %u @%u len 40 in-step", i ? "; " : "", i,
			   100 + NULL_RECORD * i);
	if (count > whole)
		render_add(&expected,
			   "; piece stream next %u boundary %u; piece stream next %u boundary %u "
			   "+2048",
			   end, end, end, end);
	DATA(b, flow, 100, s.bytes, s.len, expected.text);
	bench_step_is(b, flow, count > whole ? RPCS_STEP_FALLBACK : RPCS_STEP_IN_STEP);
	assert_int_equal(b->counters.calls, whole);
	assert_int_equal(b->counters.fallback_stream, count > whole);
}

static void s_many_records(struct bench *b)
{
	static const struct test_flow flows[] = {
		{ .sport = 900, .dport = 111 },
		{ .sport = 900, .dport = 111, .vlans = 2 },
		{ .sport = 900, .dport = 111, .ip6 = true, .vlans = 1, .extensions = 2 },
	};
	static const uint32_t counts[] = { 1, 2, 5, 64, 65 };
	size_t i, j;

	for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		for (j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			many_records(b, &flows[i], counts[j]);
}

/* The second of two records goes on in the next segment, from each of its bytes on. */
static void s_split_record(struct bench *b)
{
	struct test_frame s = { .len = 0 };
	uint32_t at;

	getport(&s, 1);
	getport(&s, 2);
	getport(&s, 3);
	for (at = 1; at < GETPORT_RECORD; at++) {
		b->fresh(b);
		bench_syn(b, &portmap);
		DATA(b, &portmap, 100, s.bytes, GETPORT_RECORD + at,
		     "call 1 @100 len 56 in-step; piece stream next 160 boundary 160");
		bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
		DATA(b, &portmap, 160 + at, s.bytes + GETPORT_RECORD + at, GETPORT_RECORD - at,
		     "piece stream");
		bench_back(b, &portmap, 220);
		DATA(b, &portmap, 220, s.bytes + 2 * GETPORT_RECORD, GETPORT_RECORD,
		     "call 3 @220 len 56 in-step");
		assert_int_equal(b->counters.fallback_stream, 2);
	}
}

/* Marks that cannot be followed: a fragment, none, one of 128 MiB. */
static void s_odd_marks(struct bench *b)
{
	static const uint32_t marks[] = { 56, 0x80000000, 0, 0x80000000 | RPCS_STEP_MAX,
					  0xffffffff };
	struct test_frame s;
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		s.len = 0;
		getport(&s, 1);
		set16(&s, 0, marks[i] >> 16);
		set16(&s, 2, marks[i]);
		b->fresh(b);
		bench_syn(b, &portmap);
		DATA(b, &portmap, 100, s.bytes, s.len, "piece stream next 100 boundary 100");
		bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
	}
}

/* A message that no compact record holds: its bytes, and the flow stays in step. */
static void s_long_reply(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_reply(&s, 1, 20);
	put_record_reply(&s, 2, 4);
	SEGMENT(b, &portmap, true, 99, RPCS_TCP_SYN | RPCS_TCP_ACK, "", 0, "connection SA @99");
	SEGMENT(b, &portmap, true, 100, RPCS_TCP_ACK, s.bytes, s.len,
		"piece body next 100 boundary 100");
	assert_int_equal(b->counters.fallback_body, 1);
	SEGMENT(b, &portmap, true, 100 + s.len, RPCS_TCP_ACK, s.bytes + 48, 32,
		"reply 2 @180 len 28 in-step");
}

/* Here the agent wants all of a record, however much its beginning says. */
static void s_long_call(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_CALLIT, 40);
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len - 1, "piece stream next 100 boundary 100");
	bench_back(b, &portmap, 184);
	/* The inner arguments too: only with them is a call told from another of its XID. */
	DATA(b, &portmap, 184, s.bytes, s.len, "piece body next 184 boundary 184");
	DATA(b, &portmap, 268, s.bytes, s.len, "piece body next 268 boundary 268");
}

static void s_repeated(struct bench *b)
{
	struct rpcs_flow_value before;
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	getport(&s, 2);
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, GETPORT_RECORD, "call 1 @100 len 56 in-step");
	before = bench_flow(b, &portmap, false);
	DATA(b, &portmap, 100, s.bytes, GETPORT_RECORD, "piece stream next 160 boundary 160");
	assert_int_equal(bench_flow(b, &portmap, false).state, before.state);
	DATA(b, &portmap, 159, s.bytes, 1, "piece stream next 160 boundary 160");
	assert_int_equal(b->counters.tcp_repeated, 2);
	DATA(b, &portmap, 160, s.bytes + GETPORT_RECORD, GETPORT_RECORD,
	     "call 2 @160 len 56 in-step");
	/* Old and new bytes in one: the agent compares. */
	DATA(b, &portmap, 160, s.bytes, 2 * GETPORT_RECORD, "piece stream next 220 boundary 220");
	assert_int_equal(b->counters.tcp_repeated, 2);
	bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
}

static void s_hole(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len, "call 1 @100 len 56 in-step");
	DATA(b, &portmap, 220, s.bytes, s.len, "piece stream next 160 boundary 160");
	bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
	/* What fills it is the agent's as well. */
	DATA(b, &portmap, 160, s.bytes, s.len, "piece stream");
	bench_back(b, &portmap, 280);
	DATA(b, &portmap, 280, s.bytes, s.len, "call 1 @280 len 56 in-step");
}

/* Across the end of the sequence numbers. */
static void s_wrap(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	getport(&s, 1);
	getport(&s, 2);
	BARE(b, &portmap, 0xffffffdf, RPCS_TCP_SYN, "connection S @4294967263");
	DATA(b, &portmap, 0xffffffe0, s.bytes, s.len,
	     "call 1 @4294967264 len 56 in-step; call 2 @28 len 56 in-step");
	DATA(b, &portmap, 88, s.bytes, GETPORT_RECORD, "call 1 @88 len 56 in-step");
	DATA(b, &portmap, 0xffffffe0, s.bytes, s.len, "piece stream next 148 boundary 148");
	assert_int_equal(b->counters.tcp_repeated, 1);
}

/* What follows a call for TLS may be none of ours. */
static void s_tls(struct bench *b)
{
	const struct rpcs_flow_key key = flow_key(&portmap, false);
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, RPCS_PORTMAP_PROGRAM, 0, 0);
	s.bytes[4 + 24 + 3] = RPCS_AUTH_TLS;
	bench_syn(b, &portmap);
	DATA(b, &portmap, 100, s.bytes, s.len,
	     "call 1 @100 len 40 in-step; piece stream next 144 boundary 144");
	bench_step_is(b, &portmap, RPCS_STEP_FALLBACK);
	rpcs_state_flow_lost(rpcs_native_state(b->native), &key, TEST_TURN, true);
	b->follow(b, &key);
	DATA(b, &portmap, 144, s.bytes, s.len, "");
	assert_int_equal(b->counters.tcp_stopped, 1);
	BARE(b, &portmap, 999, RPCS_TCP_SYN, "connection S @999");
	DATA(b, &portmap, 1000, s.bytes, s.len, "piece stream");
}

/* Bytes of a flow that nobody can place: so many a second, then they are lost, each counted. */
static void s_fallback_cap(struct bench *b)
{
	const struct test_flow other = { .sport = 901, .dport = 111 };
	uint8_t junk[3000] = { 0 };
	uint32_t sent = RPCS_FALLBACK_BYTES_MAX / (20 + 32 + sizeof(junk)) + 1, i;

	b->time_ns = 5ULL << 30;
	for (i = 0; i < sent; i++)
		DATA(b, &portmap, 100 + i, junk, sizeof(junk), "piece stream; piece stream +2048");
	assert_int_equal(b->counters.records_lost, 0);
	for (i = 0; i < 3; i++)
		DATA(b, &portmap, 100, junk, sizeof(junk), "");
	assert_int_equal(b->counters.records_lost, 3);
	assert_int_equal(b->counters.fallbacks_capped, 3);
	assert_int_equal(b->counters.fallbacks, sent);
	DATA(b, &other, 100, junk, sizeof(junk), "piece stream; piece stream +2048");
	b->time_ns = 6ULL << 30;
	DATA(b, &portmap, 100, junk, sizeof(junk), "piece stream; piece stream +2048");
	assert_int_equal(b->counters.records_lost, 3);
}

#endif

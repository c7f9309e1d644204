/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Streams on other ports: long records are told at once, and stepped over. */
#ifndef RPCSENTRY_TESTS_STEP_PORT_CASES_H
#define RPCSENTRY_TESTS_STEP_PORT_CASES_H

#include "step_control_cases.h"

static const struct test_flow nfs = { .sport = 900, .dport = 2049 };

/*
 * A call with 200 bytes of arguments in two segments, parted at each of its bytes:
 * with header and first words in the first one it is told at once.
 */
static void s_port_split(struct bench *b)
{
	enum { KNOWN = 4 + CALL_HEADER + 4 * RPCS_RECORD_WORDS };
	struct test_frame s = { .len = 0 };
	uint32_t at;

	put_record_call(&s, 1, TEST_PLAIN, 1, 200);
	for (at = 1; at < s.len; at++) {
		b->fresh(b);
		bench_syn(b, &nfs);
		DATA(b, &nfs, 100, s.bytes, at,
		     at < KNOWN ? "piece stream next 100 boundary 100"
				: "call 1 @100 len 240 in-step open");
		DATA(b, &nfs, 100 + at, s.bytes + at, s.len - at,
		     at < KNOWN ? "piece stream" : "end @344");
		if (at < KNOWN)
			bench_back(b, &nfs, 344);
		DATA(b, &nfs, 344, s.bytes, s.len, "call 1 @344 len 240 in-step");
		assert_int_equal(b->counters.ends, at >= KNOWN);
		assert_int_equal(b->counters.fallback_stream, at < KNOWN ? 2 : 0);
	}
}

/* Records without bytes before the first message do not make the flow somebody else's. */
static void s_port_empty(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, "\x80\0\0\0\x80\0\0\0", 8, "piece stream next 100 boundary 100");
	bench_back(b, &nfs, 108);
	DATA(b, &nfs, 108, s.bytes, s.len, "call 1 @108 len 40 in-step");
}

/* An RST where the stream is says so; the agent may know less of other ports than stage 3. */
static void s_port_reset(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 40 in-step");
	BARE(b, &nfs, 100 + 5000, RPCS_TCP_RST, "connection R @5100");
	BARE(b, &nfs, 144, RPCS_TCP_RST, "connection R @144 in-step");
}

/*
 * Met under way: what comes late and lies before the first byte that was seen is the agent's,
 * in the middle of a record that is stepped over too. The rest is repetition.
 */
static void s_port_early(struct bench *b)
{
	struct test_frame s = { .len = 0 }, large = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	DATA(b, &nfs, 1000, s.bytes, s.len, "call 1 @1000 len 40");
	DATA(b, &nfs, 1000, s.bytes, s.len, "piece stream next 1044 boundary 1044");
	assert_int_equal(b->counters.tcp_repeated, 1);
	DATA(b, &nfs, 990, s.bytes, 10, "piece stream next 1044 boundary 1044");
	bench_back(b, &nfs, 1044);
	put_record_call(&large, 1, TEST_PLAIN, 1, 956);
	set_mark(&large, 0, 6996);
	DATA(b, &nfs, 1044, large.bytes, 1000, "call 1 @1044 len 6996 in-step open");
	DATA(b, &nfs, 2044, large.bytes, 1000, "");
	DATA(b, &nfs, 900, s.bytes, 20, "piece stream next 3044 boundary 8044");
}

/* The agent waits for something that was passed over. */
static void s_port_wanted(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 40 in-step");
	DATA(b, &nfs, 188, s.bytes, s.len, "piece stream next 144 boundary 144");
	bench_back(b, &nfs, 232);
	bench_want(b, &nfs, 188);
	DATA(b, &nfs, 188, s.bytes, s.len, "piece stream next 232 boundary 232");
	assert_int_equal(b->counters.tcp_repeated, 1);
	DATA(b, &nfs, 144, s.bytes, s.len, "piece stream next 232 boundary 232");
	bench_back(b, &nfs, 232);
	bench_want(b, &nfs, 0);
	DATA(b, &nfs, 144, s.bytes, s.len, "piece stream next 232 boundary 232");
	assert_int_equal(b->counters.tcp_repeated, 2);
}

/* A large record: nothing of its middle crosses; the next one begins where it ends. */
static void s_bulk(struct bench *b)
{
	struct test_frame s = { .len = 0 }, next = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 956);
	set_mark(&s, 0, 6996);
	put_zeros(&next, 500);
	put_record_call(&next, 2, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 1000, "call 1 @100 len 6996 in-step open");
	DATA(b, &nfs, 1100, s.bytes, 3000, "");
	DATA(b, &nfs, 4100, s.bytes, 2500, "");
	assert_int_equal(b->counters.tcp_skipped, 2);
	/* The last 500 bytes, with another record behind them. */
	DATA(b, &nfs, 6600, next.bytes, next.len, "end @7100; call 2 @7100 len 40 in-step");
	DATA(b, &nfs, 7144, s.bytes, 1000, "call 1 @7144 len 6996 in-step open");
	DATA(b, &nfs, 8144, s.bytes, 3000, "");
	DATA(b, &nfs, 11144, s.bytes, 3000, "end @14144");
	assert_int_equal(b->counters.ends, 2);
	/* Once more: no second end, and whether it says the same the agent sees. */
	DATA(b, &nfs, 13144, s.bytes, 1000, "piece stream next 14144 boundary 14144");
	assert_int_equal(b->counters.tcp_repeated, 1);
	DATA(b, &nfs, 14144, next.bytes + 500, NULL_RECORD, "call 2 @14144 len 40 in-step");
}

/* Whose end is to be told must come in order. */
static void s_bulk_hole(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 956);
	set_mark(&s, 0, 6996);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 1000, "call 1 @100 len 6996 in-step open");
	DATA(b, &nfs, 1100, s.bytes, 100, "");
	DATA(b, &nfs, 100, s.bytes, 1000, "piece stream next 1200 boundary 7100");
	assert_int_equal(b->counters.tcp_repeated, 1);
	DATA(b, &nfs, 1300, s.bytes, 100, "piece stream next 1200 boundary 7100");
	bench_step_is(b, &nfs, RPCS_STEP_FALLBACK);
	bench_back(b, &nfs, 7100);
	DATA(b, &nfs, 7100, s.bytes, 1000, "call 1 @7100 len 6996 in-step open");
}

/* Inside a record that was kept off the ring, order does not count. */
static void s_bulk_suppressed(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, RPCS_NFS_PROGRAM, 7, 956);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 1000, "call 1 @100 len 996 in-step");
	set_mark(&s, 0, 6996);
	DATA(b, &nfs, 1100, s.bytes, 1000, "");
	assert_int_equal(b->counters.calls_suppressed, 1);
	DATA(b, &nfs, 3100, s.bytes, 1000, "");
	DATA(b, &nfs, 2100, s.bytes, 1000, "");
	DATA(b, &nfs, 1100, s.bytes, 1000, "");
	assert_int_equal(b->counters.tcp_skipped, 3);
	/* Over what is missing, from the boundary on. */
	s.len = 0;
	put_zeros(&s, 1000);
	put_record_call(&s, 2, RPCS_NFS_PROGRAM, 8, 0);
	DATA(b, &nfs, 7100, s.bytes, s.len, "call 2 @8100 len 40 in-step");
	assert_int_equal(b->counters.ends, 0);
	DATA(b, &nfs, 8144, s.bytes + 1000, NULL_RECORD, "");
	assert_int_equal(b->counters.calls_suppressed, 2);
}

/* But behind its end it does: a record may have begun in what is missing. */
static void s_bulk_overrun(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, RPCS_NFS_PROGRAM, 7, 956);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 1000, "call 1 @100 len 996 in-step");
	set_mark(&s, 0, 6996);
	DATA(b, &nfs, 1100, s.bytes, 1000, "");
	DATA(b, &nfs, 8101, s.bytes, 1000, "piece stream next 2100 boundary 8100");
	bench_step_is(b, &nfs, RPCS_STEP_FALLBACK);
}

static void s_port_repeated(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put_record_call(&s, 2, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len,
	     "call 1 @100 len 40 in-step; call 2 @144 len 40 in-step");
	/* The agent knows whether it says the same again. */
	DATA(b, &nfs, 100, s.bytes, s.len, "piece stream next 188 boundary 188");
	DATA(b, &nfs, 144, s.bytes, NULL_RECORD, "piece stream next 188 boundary 188");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	/* A keep-alive. */
	DATA(b, &nfs, 187, "x", 1, "");
	assert_int_equal(b->counters.tcp_repeated, 3);
	/* A hole between records. */
	DATA(b, &nfs, 232, s.bytes, s.len, "piece stream next 188 boundary 188");
}

/* The largest record that is stepped over, and the first that is not. */
static void s_port_marks(struct bench *b)
{
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 956);
	set_mark(&s, 0, RPCS_STEP_MAX - 1);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 134217727 in-step open");
	assert_int_equal(rpcs_flow_left(bench_flow(b, &nfs, false).state),
			 RPCS_STEP_MAX - 1 + 4 - s.len);
	b->fresh(b);
	/* No server of RPC takes one so large: an attack, which the agent tells of... */
	set_mark(&s, 0, RPCS_STEP_MAX);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "piece stream next 100 boundary 100");
	bench_step_is(b, &nfs, RPCS_STEP_FALLBACK);
	/* ... or another protocol's. */
	b->fresh(b);
	s.bytes[11] = 2; /* neither call nor reply */
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "");
	bench_step_is(b, &nfs, RPCS_STEP_UNKNOWN);
	s.bytes[11] = 0;
	b->fresh(b);
	set_mark(&s, 0, 0);
	s.bytes[0] = 0; /* a fragment, and more to come */
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "piece stream next 100 boundary 100");
}

/* Bytes of another protocol are let go; an RPC header brings the flow back. */
static void s_strange(struct bench *b)
{
	struct test_frame s = { .len = 0 }, junk = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put32(&junk, RPCS_MARK_LAST | 20);
	put_bytes(&junk, "GET / HTTP/1.1\r\n\r\n..", 20);
	bench_syn(b, &nfs);
	/* Behind a sound mark it is one record of junk, */
	DATA(b, &nfs, 100, junk.bytes, junk.len, "");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	assert_int_equal(b->counters.tcp_strange, 1);
	/* and behind none no stream of records. */
	DATA(b, &nfs, 124, junk.bytes + 4, 20, "");
	assert_int_equal(b->counters.tcp_strange, 2);
	bench_step_is(b, &nfs, RPCS_STEP_UNKNOWN);
	/* It is known to be none of ours. */
	assert_int_equal(b->counters.flow_unknown, 0);
	DATA(b, &nfs, 144, s.bytes, s.len, "call 1 @144 len 40");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	/* A call of RPC version 3 is none either. */
	s.bytes[15] = 3;
	DATA(b, &nfs, 188, s.bytes, s.len, "");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	assert_int_equal(b->counters.tcp_strange, 3);
	/* Nor does it hide a header that comes in two segments. */
	s.bytes[15] = 2;
	DATA(b, &nfs, 232, s.bytes, 20, "piece stream next 232 boundary 232");
}

/* A call shows what a port is; from then on its flows are followed from the SYN on. */
static void s_port_marking(struct bench *b)
{
	const struct test_flow flow = { .sport = 900, .dport = 5000 };
	const struct rpcs_ports *ports = rpcs_state_ports(rpcs_native_state(b->native));
	struct test_frame s = { .len = 0 }, r = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put_record_reply(&r, 1, 4);
	BARE(b, &flow, 99, RPCS_TCP_SYN, "");
	DATA(b, &flow, 100, s.bytes, 15, "");		 /* without the second constant */
	DATA(b, &flow, 100, r.bytes, r.len, "");	 /* a reply */
	DATA(b, &flow, 100, s.bytes + 4, s.len - 4, ""); /* no mark */
	assert_int_equal(rpcs_port_class(ports, 5000), RPCS_PORT_OTHER);
	assert_int_equal(b->counters.packets_watched, 0);
	DATA(b, &flow, 100, s.bytes, s.len, "call 1 @100 len 40");
	assert_int_equal(b->counters.flow_unknown, 1);
	assert_int_equal(rpcs_port_class(ports, 5000), RPCS_PORT_RPC);
	assert_int_equal(rpcs_port_class(ports, 900), RPCS_PORT_OTHER);
	SEGMENT(b, &flow, true, 500, RPCS_TCP_ACK, r.bytes, r.len, "reply 1 @500 len 28");
	BARE(b, &flow, 144, RPCS_TCP_FIN | RPCS_TCP_ACK, "connection FA @144 in-step");
	BARE(b, &flow, 999, RPCS_TCP_SYN, "connection S @999");
	DATA(b, &flow, 1000, s.bytes, s.len, "call 1 @1000 len 40 in-step");
}

#endif

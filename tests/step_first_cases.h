/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* any_port's `first`: what is new, what is sensitive, what is large, and its replies. */
#ifndef RPCSENTRY_TESTS_STEP_FIRST_CASES_H
#define RPCSENTRY_TESTS_STEP_FIRST_CASES_H

#include <rpcsentry/dated_set.h>

#include "step_port_cases.h"

static const struct test_flow mount = { .sport = 800, .dport = 40000 };

static void udp(struct bench *b, const struct test_flow *flow, bool back,
		const struct test_frame *message, const char *expected, const char *file, int line)
{
	struct test_frame f;

	frame_datagram(&f, flow, back, message->bytes, message->len);
	bench_frame(b, &f);
	bench_expect_at(b, expected, file, line);
}

/* A call, or the reply to one, over UDP. */
#define UDP_CALL(b, flow, xid, program, procedure, arguments, expected)       \
	do {                                                                  \
		struct test_frame message_ = { .len = 0 };                    \
		put_call(&message_, xid, program, procedure, arguments);      \
		udp(b, flow, false, &message_, expected, __FILE__, __LINE__); \
	} while (0)
#define UDP_REPLY(b, flow, xid, results, expected)                           \
	do {                                                                 \
		struct test_frame message_ = { .len = 0 };                   \
		put_reply(&message_, xid, results);                          \
		udp(b, flow, true, &message_, expected, __FILE__, __LINE__); \
	} while (0)

static void s_first_udp(struct bench *b)
{
	const struct test_flow again = { .sport = 801, .dport = 40000 };

	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	UDP_CALL(b, &mount, 2, TEST_PLAIN, 1, 0, "");
	UDP_CALL(b, &mount, 3, TEST_PLAIN, 2, 0, "call 3 len 40");
	UDP_CALL(b, &mount, 4, TEST_PLAIN + 1, 1, 0, "call 4 len 40");
	UDP_CALL(b, &again, 5, TEST_PLAIN, 1, 0, "call 5 len 40");
	UDP_REPLY(b, &mount, 1, 60, "reply 1 len 84");
	UDP_REPLY(b, &mount, 2, 60, "");
	UDP_REPLY(b, &again, 5, 0, "reply 5 len 24");
	UDP_REPLY(b, &again, 1, 0, "");
	assert_int_equal(b->counters.calls_suppressed, 1);
	assert_int_equal(b->counters.replies_suppressed, 2);
	assert_int_equal(b->counters.records_suppressed, 3);
}

static void s_first_exceptions(struct bench *b)
{
	uint32_t i;

	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	UDP_CALL(b, &mount, 2, RPCS_NFS_PROGRAM, 1, 0, "call 2 len 40");
	for (i = 3; i < 5; i++) {
		UDP_CALL(b, &mount, i, TEST_SENSITIVE, 1, 0, text("call %u len 40", i));
		UDP_REPLY(b, &mount, i, 0, text("reply %u len 24", i));
		UDP_CALL(b, &mount, i, TEST_PLAIN, 1, 256, "");
		UDP_CALL(b, &mount, i, TEST_PLAIN, 1, 260, text("call %u len 300", i));
		/* Busy, and sensitive: only what is new of it. */
		UDP_CALL(b, &mount, i, RPCS_NFS_PROGRAM, 1, 1000, "");
	}
	assert_int_equal(b->counters.calls_suppressed, 4);
}

static void s_first_again(struct bench *b)
{
	b->time_ns = 1;
	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	b->time_ns += BENCH_TIMEOUT_NS;
	UDP_CALL(b, &mount, 2, TEST_PLAIN, 1, 0, "");
	b->time_ns += BENCH_TIMEOUT_NS + (1 << RPCS_DATED_TICK_SHIFT);
	UDP_CALL(b, &mount, 3, TEST_PLAIN, 1, 0, "call 3 len 40");
	UDP_CALL(b, &mount, 4, TEST_PLAIN, 1, 0, "");
}

/* Seen before, but this time with a verifier, or credential, over its limit: never kept back. */
static void s_first_odd(struct bench *b)
{
	struct test_frame message = { .len = 0 };
	uint32_t i;

	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	UDP_CALL(b, &mount, 2, TEST_PLAIN, 1, 0, "");
	put_call(&message, 3, TEST_PLAIN, 1, 600);
	set16(&message, 38, RPCS_AUTH_BODY_MAX);
	udp(b, &mount, false, &message, "", __FILE__, __LINE__);
	set16(&message, 38, RPCS_AUTH_BODY_MAX + 1);
	for (i = 0; i < 2; i++)
		udp(b, &mount, false, &message, "piece verifier", __FILE__, __LINE__);
	set16(&message, 38, 0);
	set16(&message, 30, RPCS_AUTH_BODY_MAX + 1);
	udp(b, &mount, false, &message, "piece credential", __FILE__, __LINE__);
	/* One that comes round to nothing with its padding. */
	set16(&message, 28, 0xffff);
	set16(&message, 30, 0xffff);
	udp(b, &mount, false, &message, "piece credential", __FILE__, __LINE__);
	set16(&message, 28, 0);
	set16(&message, 30, 0);
	set16(&message, 36, 0xffff);
	set16(&message, 38, 0xffff);
	udp(b, &mount, false, &message, "piece verifier", __FILE__, __LINE__);
	assert_int_equal(b->counters.calls_suppressed, 2);
}

/* A name that no record has room for ends the look at the header: what lies behind may be much. */
static void s_first_name_and_verifier(struct bench *b)
{
	char name[66] = "";
	struct test_frame message = { .len = 0 };

	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	memset(name, 'n', sizeof(name) - 1);
	frame_call(&message, 2, TEST_PLAIN, 2, 1);
	message.len -= 16;
	frame_auth_sys(&message, name, 0);
	set16(&message, message.len - 2, 200);
	put_zeros(&message, 200 + 100);
	udp(b, &mount, false, &message, "piece auth_sys", __FILE__, __LINE__);
	assert_int_equal(b->counters.calls_suppressed, 0);
}

/* Over TCP it is the connection that makes a call new, however long it is silent. */
static void s_first_tcp(struct bench *b)
{
	struct test_frame s = { .len = 0 }, r = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put_record_call(&s, 2, TEST_PLAIN, 1, 0);
	put_record_call(&s, 3, TEST_PLAIN, 2, 0);
	put_record_reply(&r, 2, 0);
	put_record_reply(&r, 3, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len,
	     "call 1 @100 len 40 in-step; call 3 @188 len 40 in-step");
	/* The first reply lies where none was known before; with it the second one's place is. */
	SEGMENT(b, &nfs, true, 500, RPCS_TCP_ACK, r.bytes, r.len, "reply 3 @528 len 24 in-step");
	b->time_ns += 10ULL * BENCH_TIMEOUT_NS;
	DATA(b, &nfs, 232, s.bytes, NULL_RECORD, "");
	BARE(b, &nfs, 276, RPCS_TCP_FIN | RPCS_TCP_ACK, "connection FA @276 in-step");
	BARE(b, &nfs, 999, RPCS_TCP_SYN, "connection S @999");
	DATA(b, &nfs, 1000, s.bytes, s.len,
	     "call 1 @1000 len 40 in-step; call 3 @1088 len 40 in-step");
	assert_int_equal(b->counters.calls_suppressed, 3);
	assert_int_equal(b->counters.replies_suppressed, 1);
}

/* A call that no compact record holds is new only once as well. */
static void s_first_long_name(struct bench *b)
{
	static const char name[] =
		"01234567890123456789012345678901234567890123456789012345678901234";
	struct test_frame s = { .len = 0 }, r = { .len = 0 };
	struct test_frame message = { .len = 0 };

	put32(&s, 0);
	frame_call(&s, 1, TEST_PLAIN, 2, 1);
	s.len -= 16;
	frame_auth_sys(&s, name, 0);
	set_mark(&s, 0, 0);
	put_record_reply(&r, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "piece auth_sys next 100 boundary 100");
	SEGMENT(b, &nfs, true, 500, RPCS_TCP_ACK, r.bytes, r.len, "reply 1 @500 len 24");
	DATA(b, &nfs, 100 + s.len, s.bytes, s.len, "");
	/* Nor is the rest of one that is not whole anybody's business. */
	set_mark(&s, 0, 300);
	DATA(b, &nfs, 100 + 2 * s.len, s.bytes, s.len, "");
	assert_int_equal(b->counters.calls_suppressed, 2);
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	put_bytes(&message, s.bytes + 4, s.len - 4);
	udp(b, &mount, false, &message, "piece auth_sys", __FILE__, __LINE__);
	udp(b, &mount, false, &message, "", __FILE__, __LINE__);
}

/* Whom a relayed call reaches answers from a port, and an address, of its own. */
static void s_relayed(struct bench *b)
{
	const struct test_flow portmapper = { .sport = 800, .dport = 111 };
	const struct test_flow answer = { .sport = 800, .dport = 40001 };
	struct test_frame message = { .len = 0 }, f;
	bool first = b->settings.any_port == RPCS_ANY_PORT_FIRST;

	UDP_CALL(b, &portmapper, 1, RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_CALLIT, 40, "piece body");
	UDP_CALL(b, &portmapper, 2, RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_DUMP, 0, "call 2 len 40");
	put_reply(&message, 1, 20);
	frame_datagram(&f, &answer, true, message.bytes, message.len);
	f.bytes[f.ip + 15] = 77;
	bench_frame(b, &f);
	/* Its results are to be decoded: they must not be cut. */
	EXPECT(b, "piece body");
	UDP_REPLY(b, &answer, 1, 8, "reply 1 len 32");
	UDP_REPLY(b, &answer, 2, 20, first ? "" : "reply 2 len 44");
	UDP_REPLY(b, &answer, 3, 20, first ? "" : "reply 3 len 44");
}

static void s_off(struct bench *b)
{
	const struct test_flow portmapper = { .sport = 800, .dport = 111 };
	struct test_frame s = { .len = 0 };

	put_record_call(&s, 1, TEST_SENSITIVE, 1, 0);
	UDP_CALL(b, &mount, 1, TEST_SENSITIVE, 1, 0, "");
	BARE(b, &nfs, 99, RPCS_TCP_SYN, "");
	DATA(b, &nfs, 100, s.bytes, s.len, "");
	assert_int_equal(b->counters.packets_watched, 0);
	/* On a portmapper port every program's calls count, each of them. */
	UDP_CALL(b, &portmapper, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	UDP_CALL(b, &portmapper, 2, TEST_PLAIN, 1, 0, "call 2 len 40");
}

/* What only looks like a header by its two constants, and what is too short for one. */
static void s_udp_gate(struct bench *b)
{
	bool all = b->settings.any_port == RPCS_ANY_PORT_ALL;
	struct test_frame message = { .len = 0 };

	put_call(&message, 1, TEST_PLAIN, 1, 0);
	message.len = RPCS_CALL_BYTES - 4;
	udp(b, &mount, false, &message, "", __FILE__, __LINE__);
	assert_int_equal(b->counters.packets_watched, 0);
	message.len = RPCS_CALL_BYTES;
	udp(b, &mount, false, &message, "piece credential", __FILE__, __LINE__);
	message.bytes[11] = 3; /* RPC version */
	udp(b, &mount, false, &message, "", __FILE__, __LINE__);
	message.bytes[7] = 1;
	message.bytes[11] = 1; /* a reply that denies, without all that belongs to it */
	message.len = RPCS_REPLY_BYTES;
	udp(b, &mount, true, &message, "piece status", __FILE__, __LINE__);
	message.bytes[3] = 2; /* to a call that nobody made */
	udp(b, &mount, true, &message, all ? "piece status" : "", __FILE__, __LINE__);
	message.len--;
	udp(b, &mount, true, &message, "", __FILE__, __LINE__);
	assert_int_equal(b->counters.packets_watched, 3);
}

#endif

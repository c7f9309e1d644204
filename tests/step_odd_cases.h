/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other ports: what breaks a limit is never kept off the ring, nor is what is judged whole. */
#ifndef RPCSENTRY_TESTS_STEP_ODD_CASES_H
#define RPCSENTRY_TESTS_STEP_ODD_CASES_H

#include "step_fragment_cases.h"

/* A call with a machine name of `name` bytes and so many groups. */
static void put_sys_call(struct test_frame *s, uint32_t xid, uint32_t name, uint32_t gids)
{
	char machine[300];

	memset(machine, 'm', name);
	machine[name] = '\0';
	frame_call(s, xid, TEST_PLAIN, 2, 1);
	s->len -= 16;
	frame_auth_sys(s, machine, gids);
}

static void udp_sys_call(struct bench *b, uint32_t name, uint32_t gids, const char *expected,
			 const char *file, int line)
{
	struct test_frame message = { .len = 0 };

	put_sys_call(&message, 9, name, gids);
	udp(b, &mount, false, &message, expected, file, line);
}

#define UDP_SYS_CALL(b, name, gids, expected) \
	udp_sys_call(b, name, gids, expected, __FILE__, __LINE__)

/* Once it has been seen, a call is only sent again for what is wrong with it. */
static void s_odd_credential(struct bench *b)
{
	struct test_frame message = { .len = 0 };

	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	UDP_SYS_CALL(b, 64, 16, "");
	UDP_SYS_CALL(b, 65, 16, "");
	UDP_SYS_CALL(b, 255, 16, "");
	assert_int_equal(b->counters.calls_suppressed, 3);
	UDP_SYS_CALL(b, 64, 17, "piece credential");
	UDP_SYS_CALL(b, 256, 0, "piece credential");
	put_call(&message, 9, TEST_PLAIN, 1, 0);
	message.bytes[35] = 1; /* a verifier that is not there */
	message.bytes[39] = 4;
	udp(b, &mount, false, &message, "piece verifier", __FILE__, __LINE__);
	assert_int_equal(b->counters.calls_suppressed, 3);
	assert_int_equal(b->counters.fallback_credential, 2);
	/* A reply that nobody asked for is none of our business, one that was asked for is. */
	message.len = 0;
	put_reply(&message, 1, 0);
	set16(&message, 18, 401);
	udp(b, &mount, true, &message, "piece verifier", __FILE__, __LINE__);
	message.bytes[3] = 77;
	udp(b, &mount, true, &message, "", __FILE__, __LINE__);
}

/* In a stream too, which stays in step. */
static void s_odd_credential_tcp(struct bench *b)
{
	struct test_frame s = { .len = 0 }, odd = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put32(&odd, 0);
	put_sys_call(&odd, 2, 8, 17);
	set_mark(&odd, 0, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, s.len, "call 1 @100 len 40 in-step");
	DATA(b, &nfs, 144, odd.bytes, odd.len, "piece credential next 144 boundary 144");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	DATA(b, &nfs, 144 + odd.len, s.bytes, s.len, "");
}

/* Names go to the agent whole; bulk data, and what nobody has a layout of, is cut. */
static void s_names(struct bench *b)
{
	enum { LOOKUP = 4, WRITE = 8, REMOVE = 10 };
	const uint32_t most = RPCS_NFS_NAMES_MAX - CALL_HEADER;

	UDP_CALL(b, &mount, 1, RPCS_NFS_PROGRAM, LOOKUP, 16, "call 1 len 56");
	UDP_CALL(b, &mount, 2, RPCS_NFS_PROGRAM, LOOKUP, 20, "piece body");
	UDP_CALL(b, &mount, 3, RPCS_NFS_PROGRAM, REMOVE, most, "piece body");
	UDP_CALL(b, &mount, 4, RPCS_NFS_PROGRAM, REMOVE, most + 4,
		 text("call 4 len %u", RPCS_NFS_NAMES_MAX + 4));
	UDP_CALL(b, &mount, 5, RPCS_NFS_PROGRAM, WRITE, 100, "call 5 len 140");
	UDP_CALL(b, &mount, 6, TEST_SENSITIVE, 1, 20, "piece body");
	UDP_CALL(b, &mount, 7, TEST_PLAIN, 1, 20, "call 7 len 60");
}

/* A record over any limit is told of, though its kind was seen before. */
static void s_huge_record(struct bench *b)
{
	struct test_frame s = { .len = 0 };
	uint32_t seq = 100;

	put_record_call(&s, 1, RPCS_NFS_PROGRAM, 7, 956);
	bench_syn(b, &nfs);
	DATA(b, &nfs, seq, s.bytes, s.len, "call 1 @100 len 996 in-step");
	seq += s.len;
	set_mark(&s, 0, RPCS_RECORD_HUGE);
	DATA(b, &nfs, seq, s.bytes, s.len, "");
	seq += 4 + RPCS_RECORD_HUGE;
	set_mark(&s, 0, RPCS_RECORD_HUGE + 1);
	DATA(b, &nfs, seq, s.bytes, s.len,
	     text("call 1 @%u len %u in-step open", seq, RPCS_RECORD_HUGE + 1));
	assert_int_equal(b->counters.calls_suppressed, 1);
}

/* So much of what a flow repeats is looked at in a second, and only what was said lately. */
static void s_repeated_budget(struct bench *b)
{
	const uint32_t bytes = 40 + 12 + 1000; /* TCP options as every segment here has them */
	struct test_frame s = { .len = 0 };
	uint32_t sent = 0, seq;
	uint8_t zeros[3000] = { 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 956);
	b->time_ns = 5ULL << 30;
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 1000, "call 1 @100 len 996 in-step");
	for (; sent * bytes <= RPCS_REPEAT_BYTES_MAX; sent++)
		DATA(b, &nfs, 100, s.bytes, 1000, "piece stream next 1100 boundary 1100");
	DATA(b, &nfs, 100, s.bytes, 1000, "");
	assert_int_equal(b->counters.tcp_repeated, sent + 1);
	assert_int_equal(b->counters.records_lost, 0);
	b->time_ns = 6ULL << 30;
	DATA(b, &nfs, 100, s.bytes, 1000, "piece stream next 1100 boundary 1100");
	set_mark(&s, 0, 90000);
	DATA(b, &nfs, 1100, s.bytes, 1000, "call 1 @1100 len 90000 in-step open");
	for (seq = 2100; seq - 100 <= RPCS_REPEAT_REACH; seq += sizeof(zeros))
		DATA(b, &nfs, seq, zeros, sizeof(zeros), "");
	DATA(b, &nfs, 100, s.bytes, 1000, "");
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
}

#endif

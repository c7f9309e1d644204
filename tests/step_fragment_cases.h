/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IP fragments of other ports: all of a datagram's, or none. */
#ifndef RPCSENTRY_TESTS_STEP_FRAGMENT_CASES_H
#define RPCSENTRY_TESTS_STEP_FRAGMENT_CASES_H

#include "step_first_cases.h"

enum { FRAGMENT_FIRST = 512, FRAGMENT_LAST = 216 }; /* of a call with 680 bytes of arguments */

static void fragment(struct bench *b, const struct test_frame *whole, uint32_t from, uint32_t len,
		     uint32_t id, const char *expected, const char *file, int line)
{
	struct test_frame f;

	frame_fragment(&f, whole, from, len, id);
	bench_frame(b, &f);
	bench_expect_at(b, expected, file, line);
}

#define FIRST(b, whole, id, expected) \
	fragment(b, whole, 0, FRAGMENT_FIRST, id, expected, __FILE__, __LINE__)
/* Of the later ones the last, and one that is not. */
#define LATER(b, whole, id, expected) \
	fragment(b, whole, FRAGMENT_FIRST, FRAGMENT_LAST, id, expected, __FILE__, __LINE__)
#define MIDDLE(b, whole, id, expected) \
	fragment(b, whole, FRAGMENT_FIRST, 104, id, expected, __FILE__, __LINE__)

/* A datagram of 728 bytes, with its header: a call of nfs, which only counts when it is new. */
static void fragmented(struct test_frame *whole, const struct test_flow *flow, uint32_t rpc_version)
{
	struct test_frame message = { .len = 0 };

	put_call(&message, 1, RPCS_NFS_PROGRAM, 7, 680);
	message.bytes[11] = (uint8_t)rpc_version;
	frame_datagram(whole, flow, false, message.bytes, message.len);
}

static void fragments(struct bench *b, bool ip6)
{
	const struct test_flow call = { .sport = 800, .dport = 40000, .ip6 = ip6 };
	const struct test_flow web = { .sport = 800, .dport = 443, .ip6 = ip6 };
	struct test_frame whole, other;

	b->fresh(b);
	fragmented(&whole, &call, 2);
	fragmented(&other, &web, 9);
	FIRST(b, &whole, 1, "piece fragment");
	LATER(b, &whole, 1, "piece fragment");
	/* Repeated, the first one takes nothing back; nor does one of other ports. */
	FIRST(b, &whole, 1, "piece fragment");
	FIRST(b, &other, 1, "piece fragment");
	LATER(b, &whole, 1, "piece fragment");
	assert_int_equal(b->counters.calls_suppressed, 0);
	/* The same call again is not new. */
	FIRST(b, &whole, 2, "");
	LATER(b, &whole, 2, "");
	assert_int_equal(b->counters.calls_suppressed, 1);
	/* Nobody can tell yet. */
	LATER(b, &whole, 3, "piece fragment");
	FIRST(b, &whole, 3, "");
	/* The packet has had its last one: this may be another's. */
	LATER(b, &whole, 3, "piece fragment");
	/* Other people's, by the bytes in the header's place. */
	FIRST(b, &other, 4, "");
	MIDDLE(b, &other, 4, "");
	assert_int_equal(b->counters.fallback_fragment, 7);
	/* So long after, the same number is another packet. */
	b->time_ns += RPCS_FRAGMENT_VERDICT_NS + 1;
	MIDDLE(b, &other, 4, "piece fragment");
	/* And behind the last one, whichever comes first. */
	FIRST(b, &other, 5, "");
	MIDDLE(b, &other, 5, "");
	LATER(b, &other, 5, "");
	LATER(b, &whole, 5, "piece fragment");
	FIRST(b, &whole, 5, "piece fragment");
	MIDDLE(b, &whole, 5, "piece fragment");
	/* The same where the last one came before the first. */
	b->time_ns += RPCS_FRAGMENT_VERDICT_NS + 1;
	LATER(b, &other, 6, "piece fragment");
	FIRST(b, &other, 6, "");
	LATER(b, &whole, 6, "piece fragment");
	FIRST(b, &whole, 6, "piece fragment");
}

static void s_fragments(struct bench *b)
{
	fragments(b, false);
	fragments(b, true);
}

/* A first fragment that ends before the constants is sent: nobody can tell. */
static void s_tiny_fragment(struct bench *b)
{
	const struct test_flow call = { .sport = 800, .dport = 40000 };
	struct test_frame whole, f;

	fragmented(&whole, &call, 2);
	frame_fragment(&f, &whole, 0, 16, 5);
	bench_frame(b, &f);
	EXPECT(b, "piece fragment");
	frame_fragment(&f, &whole, 16, 712, 5);
	bench_frame(b, &f);
	EXPECT(b, "piece fragment");
	frame_fragment(&f, &whole, 0, 24, 6);
	bench_frame(b, &f);
	EXPECT(b, "piece fragment");
	fragmented(&whole, &call, 9);
	frame_fragment(&f, &whole, 0, 24, 7);
	bench_frame(b, &f);
	EXPECT(b, "");
}

/* A first fragment of a stream on a known port, which no header has to begin. */
static void s_tcp_fragment(struct bench *b)
{
	struct test_frame whole, f;
	uint8_t junk[600] = { 0 };

	frame_segment(&whole, &nfs, false, 100, RPCS_TCP_ACK, junk, sizeof(junk));
	frame_fragment(&f, &whole, 0, 320, 9);
	bench_frame(b, &f);
	EXPECT(b, "piece fragment");
	frame_fragment(&f, &whole, 320, 312, 9);
	bench_frame(b, &f);
	EXPECT(b, "piece fragment");
}

#endif

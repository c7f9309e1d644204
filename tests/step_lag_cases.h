/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 3 and an agent that lags behind it: who follows a flow, and whose word counts. */
#ifndef RPCSENTRY_TESTS_STEP_LAG_CASES_H
#define RPCSENTRY_TESTS_STEP_LAG_CASES_H

#include "step_fragment_cases.h"

/** The agent says where the client's next record begins, by what it knew at that turn. */
static void back_at(struct bench *b, const struct test_flow *flow, uint32_t turn, uint32_t next)
{
	const struct rpcs_flow_key key = flow_key(flow, false);

	rpcs_state_flow_back(rpcs_native_state(b->native), &key, turn, next);
	b->follow(b, &key);
}

static void stopped_at(struct bench *b, const struct test_flow *flow, uint32_t turn)
{
	const struct rpcs_flow_key key = flow_key(flow, false);

	rpcs_state_flow_lost(rpcs_native_state(b->native), &key, turn, true);
	b->follow(b, &key);
}

static uint32_t piece_turn(const struct bench *b)
{
	const struct rpcs_record_piece *piece = (const void *)b->got->bytes[b->got->count - 1];

	assert_int_equal(piece->head.kind, RPCS_RECORD_PIECE);
	return piece->turn;
}

/* What the agent found before stage 3 sent more is no place to go on at. */
static void s_stale_word(struct bench *b)
{
	struct test_frame s = { .len = 0 };
	uint32_t first, last;

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	bench_syn(b, &nfs);
	DATA(b, &nfs, 100, s.bytes, 10, "piece stream next 100 boundary 100");
	first = piece_turn(b);
	DATA(b, &nfs, 110, s.bytes + 10, s.len - 10, "piece stream");
	last = piece_turn(b);
	assert_int_equal(last, first + 1);
	back_at(b, &nfs, first, 110);
	bench_step_is(b, &nfs, RPCS_STEP_FALLBACK);
	back_at(b, &nfs, last, 144);
	bench_step_is(b, &nfs, RPCS_STEP_IN_STEP);
	DATA(b, &nfs, 144, s.bytes, s.len, "call 1 @144 len 40 in-step");
}

/*
 * A connection's ports used again while the agent still reads what came before: its place in
 * the old stream would make the new one's data a repetition, and its end would close the new one.
 */
static void s_stale_connection(struct bench *b)
{
	const struct rpcs_record_connection *conn = (const void *)b->got->bytes[0];
	struct test_frame s = { .len = 0 };
	uint32_t turn;

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	BARE(b, &nfs, 9999, RPCS_TCP_SYN, "connection S @9999");
	DATA(b, &nfs, 10000, s.bytes, 10, "piece stream next 10000 boundary 10000");
	turn = piece_turn(b);
	BARE(b, &nfs, 4999, RPCS_TCP_SYN, "connection S @4999");
	assert_int_equal(conn->turn, turn + 1);
	back_at(b, &nfs, turn, 10010);
	stopped_at(b, &nfs, turn);
	DATA(b, &nfs, 5000, s.bytes, s.len, "piece stream");
	assert_int_equal(b->counters.tcp_repeated, 0);
	assert_int_equal(b->counters.tcp_stopped, 0);
	stopped_at(b, &nfs, piece_turn(b));
	DATA(b, &nfs, 5044, s.bytes, s.len, "");
	assert_int_equal(b->counters.tcp_stopped, 1);
}

static void lag_fragment(struct bench *b, const struct test_frame *whole, uint32_t from,
			 uint32_t len, const char *expected)
{
	struct test_frame f;

	frame_fragment(&f, whole, from, len, 77);
	bench_frame(b, &f);
	EXPECT(b, expected);
}

/* Of a segment in IP fragments stage 3 sees no data: the flow is the agent's from the first on. */
static void tcp_fragments(struct bench *b, const struct test_flow *flow, uint32_t first)
{
	struct test_frame s = { .len = 0 }, whole;

	b->fresh(b);
	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	bench_syn(b, flow);
	DATA(b, flow, 100, s.bytes, s.len, "call 1 @100 len 40 in-step");
	frame_segment(&whole, flow, false, 144, RPCS_TCP_ACK, s.bytes, s.len);
	lag_fragment(b, &whole, first, 76 - first, "piece fragment");
	bench_step_is(b, flow, RPCS_STEP_IN_STEP);
	lag_fragment(b, &whole, 0, first, "piece fragment next 144 boundary 144");
	bench_step_is(b, flow, RPCS_STEP_FALLBACK);
	/* The next one goes with it, and the agent's word on what came before is stale. */
	back_at(b, flow, 1, 144);
	DATA(b, flow, 188, s.bytes, s.len, "piece stream");
	back_at(b, flow, piece_turn(b), 232);
	DATA(b, flow, 232, s.bytes, s.len, "call 1 @232 len 40 in-step");
}

static void s_tcp_fragments(struct bench *b)
{
	const struct test_flow six = { .sport = 900, .dport = 2049, .ip6 = true };

	tcp_fragments(b, &nfs, 40);
	/* The ports are in the first eight bytes, the rest of the header is not. */
	tcp_fragments(b, &nfs, 8);
	tcp_fragments(b, &six, 40);
	tcp_fragments(b, &six, 8);
}

/* Of a port that nobody knows: looked at where an RPC header may yet come, and kept nowhere. */
static void s_tcp_tiny_fragment(struct bench *b)
{
	const struct test_flow unknown = { .sport = 900, .dport = 5000 };
	const struct rpcs_flow_key key = flow_key(&unknown, false);
	struct rpcs_flow_value value;
	struct test_frame s = { .len = 0 }, whole, f;

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	frame_segment(&whole, &unknown, false, 100, RPCS_TCP_ACK, s.bytes, s.len);
	lag_fragment(b, &whole, 0, 40, "piece fragment");
	lag_fragment(b, &whole, 40, 36, "piece fragment");
	assert_false(rpcs_state_flow_get(rpcs_native_state(b->native), &key, &value));
	s.bytes[11] = 9;
	frame_segment(&whole, &unknown, false, 100, RPCS_TCP_ACK, s.bytes, s.len);
	frame_fragment(&f, &whole, 0, 48, 78);
	bench_frame(b, &f);
	EXPECT(b, "");
}

/* Hosts take the rest of IPv6's extension headers, and the ports, from later fragments. */
static void s_late_headers(struct bench *b)
{
	const struct test_flow flow = { .sport = 800, .dport = 111, .ip6 = true, .extensions = 2 };
	struct test_frame message = { .len = 0 }, whole;
	uint32_t first;

	put_call(&message, 1, RPCS_PORTMAP_PROGRAM, 4, 0);
	frame_datagram(&whole, &flow, false, message.bytes, message.len);
	for (first = 8; first <= 32; first += 8) {
		b->fresh(b);
		lag_fragment(b, &whole, 0, first, "piece fragment");
		lag_fragment(b, &whole, first, 72 - first, "piece fragment");
		assert_int_equal(b->counters.fallback_fragment, 2);
		assert_int_equal(b->counters.packet_ip_bad, 0);
	}
}

/* A portmapper's answer makes the port known at once, not when the agent comes to it. */
static void s_told_port(struct bench *b)
{
	const struct test_flow asker = { .sport = 800, .dport = 111 };
	const struct test_flow told = { .sport = 901, .dport = 40123 };
	const struct test_flow other = { .sport = 901, .dport = 40124 };
	struct test_frame s = { .len = 0 }, ask = { .len = 0 }, answer = { .len = 0 };

	put_record_call(&s, 1, TEST_PLAIN, 1, 0);
	put_call(&ask, 5, RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_GETPORT, 16);
	ask.bytes[CALL_HEADER + 11] = RPCS_IP_TCP;
	put_reply(&answer, 6, 4);
	answer.bytes[REPLY_HEADER + 2] = 40123 >> 8;
	answer.bytes[REPLY_HEADER + 3] = (uint8_t)40123;
	udp(b, &asker, true, &answer, "reply 6 len 28", __FILE__, __LINE__);
	DATA(b, &told, 100, s.bytes, 10, "");
	udp(b, &asker, false, &ask, "call 5 len 56", __FILE__, __LINE__);
	answer.bytes[3] = 5;
	udp(b, &asker, true, &answer, "reply 5 len 28", __FILE__, __LINE__);
	DATA(b, &told, 100, s.bytes, 10, "piece stream");
	DATA(b, &other, 100, s.bytes, 10, "");
}

/* A reply that came in by another way than its call, and faster: gone, and counted. */
static void s_early_reply(struct bench *b)
{
	b->time_ns = 5ULL << 30;
	UDP_REPLY(b, &mount, 1, 0, "");
	UDP_REPLY(b, &mount, 2, 0, "");
	assert_int_equal(b->counters.replies_suppressed, 2);
	UDP_CALL(b, &mount, 1, TEST_PLAIN, 1, 0, "call 1 len 40");
	assert_int_equal(b->counters.replies_early, 1);
	UDP_REPLY(b, &mount, 1, 0, "reply 1 len 24");
	/* A call that is kept off the ring waits for none. */
	UDP_CALL(b, &mount, 2, TEST_PLAIN, 1, 0, "");
	UDP_REPLY(b, &mount, 3, 0, "");
	b->time_ns = 7ULL << 30;
	UDP_CALL(b, &mount, 3, TEST_PLAIN, 2, 0, "call 3 len 40");
	assert_int_equal(b->counters.replies_early, 1);
}

/* AUTH_TLS on another port, also where the policy would keep the call off the ring. */
static void s_port_tls(struct bench *b)
{
	struct test_frame s = { .len = 0 };
	const struct test_flow *flow = &nfs;
	bool back;

	put_record_call(&s, 1, RPCS_NFS_PROGRAM, 0, 0);
	bench_syn(b, flow);
	SEGMENT(b, flow, true, 499, RPCS_TCP_SYN | RPCS_TCP_ACK, "", 0, "connection SA @499");
	DATA(b, flow, 100, s.bytes, s.len, "call 1 @100 len 40 in-step");
	s.bytes[4 + 24 + 3] = RPCS_AUTH_TLS;
	DATA(b, flow, 144, s.bytes, s.len,
	     "call 1 @144 len 40 in-step; piece stream next 188 boundary 188");
	bench_step_is(b, flow, RPCS_STEP_FALLBACK);
	DATA(b, flow, 188, "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11, "piece stream");
	for (back = false;; back = true) {
		const struct rpcs_flow_key key = flow_key(flow, back);

		rpcs_state_flow_lost(rpcs_native_state(b->native), &key, TEST_TURN, true);
		b->follow(b, &key);
		if (back)
			break;
	}
	DATA(b, flow, 199, s.bytes, s.len, "");
	SEGMENT(b, flow, true, 500, RPCS_TCP_ACK, s.bytes, s.len, "");
	assert_int_equal(b->counters.tcp_stopped, 2);
	assert_int_equal(b->counters.calls_suppressed, 0);
}

#endif

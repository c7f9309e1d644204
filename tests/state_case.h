/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent tells stages 1 to 4 through struct rpcs_state, and what it finds
 * there: the same cases for the native engine's tables and the kernel's maps.
 * Include after cmocka.h and define sut_open(), sut_run() and sut_close() first.
 */
#ifndef RPCSENTRY_TESTS_STATE_CASE_H
#define RPCSENTRY_TESTS_STATE_CASE_H

#include <rpcsentry/counters.h>

#include "packets.h"
#include "source/state.h"

enum { CLIENT_PORT = 900, OTHER_PORT = 3000, CALL_BYTES = 44 /* with its record mark */ };

/** An engine, as test programs make it. */
struct sut {
	struct rpcs_state *state;
	void *engine;
};

static void sut_open(struct sut *sut, enum rpcs_any_port any_port);
static void sut_run(struct sut *sut, const struct test_frame *f);
static struct rpcs_counters sut_counters(struct sut *sut);
static void sut_close(struct sut *sut);

/** As the frames of packets.h have them: 10.0.0.1 to 10.0.0.2. */
static const uint8_t first_host[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
static const uint8_t second_host[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };

static struct rpcs_flow_key flow_key(void)
{
	struct rpcs_flow_key key = { .sport = CLIENT_PORT, .dport = 111 };

	memcpy(key.src, first_host, sizeof(key.src));
	memcpy(key.dst, second_host, sizeof(key.dst));
	return key;
}

/** A segment of the portmapper flow with a whole NULL call, or the first `len` bytes of one. */
static void run_call(struct sut *sut, uint32_t seq, uint32_t len)
{
	struct test_frame f;

	frame_tcp4(&f, seq, RPCS_TCP_ACK);
	frame_mark(&f);
	frame_call(&f, seq, RPCS_PORTMAP_PROGRAM, 2, 0);
	set16(&f, f.mark, 0x8000);
	set16(&f, f.mark + 2, CALL_BYTES - 4);
	f.len -= CALL_BYTES - len;
	f.mark = 0;
	frame_end(&f);
	sut_run(sut, &f);
}

/** A flow that lost its step: begun at 101, one call at 101, half of one at 145. */
static void fall_back(struct sut *sut)
{
	struct test_frame f;

	frame_tcp4(&f, 100, RPCS_TCP_SYN);
	frame_end(&f);
	sut_run(sut, &f);
	run_call(sut, 101, CALL_BYTES);
	assert_int_equal(sut_counters(sut).calls, 1);
	run_call(sut, 145, CALL_BYTES / 2);
	assert_int_equal(sut_counters(sut).fallback_stream, 1);
	/* Whatever comes is the agent's from here on, however well it looks. */
	run_call(sut, 189, CALL_BYTES);
	assert_int_equal(sut_counters(sut).fallback_stream, 2);
	assert_int_equal(sut_counters(sut).calls, 1);
}

static void test_flow_back(void **state)
{
	const struct rpcs_flow_key key = flow_key();
	struct rpcs_flow_value before, after;
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	fall_back(&sut);
	rpcs_state_flow_back(sut.state, &key, TEST_TURN, 233);
	run_call(&sut, 233, CALL_BYTES);
	assert_int_equal(sut_counters(&sut).calls, 2);
	assert_int_equal(sut_counters(&sut).fallback_stream, 2);
	/* A flow in step is nobody's to move. */
	assert_true(rpcs_state_flow_get(sut.state, &key, &before));
	rpcs_state_flow_back(sut.state, &key, TEST_TURN, 1000);
	rpcs_state_flow_lost(sut.state, &key, TEST_TURN, false);
	assert_true(rpcs_state_flow_get(sut.state, &key, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(rpcs_flow_step_of(after.state), RPCS_STEP_IN_STEP);
	assert_int_equal(rpcs_flow_next(after.state), 233 + CALL_BYTES);
	assert_int_equal(after.born, 100);
	sut_close(&sut);
}

static void test_flow_lost(void **state)
{
	const struct rpcs_flow_key key = flow_key();
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	fall_back(&sut);
	rpcs_state_flow_lost(sut.state, &key, TEST_TURN, false);
	run_call(&sut, 7777, CALL_BYTES);
	assert_int_equal(sut_counters(&sut).calls, 2);
	assert_int_equal(sut_counters(&sut).fallback_stream, 2);
	sut_close(&sut);
}

static void test_flow_stopped(void **state)
{
	const struct rpcs_flow_key key = flow_key();
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	fall_back(&sut);
	rpcs_state_flow_lost(sut.state, &key, TEST_TURN, true);
	run_call(&sut, 233, CALL_BYTES);
	assert_int_equal(sut_counters(&sut).calls, 1);
	assert_int_equal(sut_counters(&sut).fallback_stream, 2);
	assert_int_equal(sut_counters(&sut).tcp_stopped, 1);
	sut_close(&sut);
}

/** Of a flow that nobody knows nothing is told, and nothing is made up. */
static void test_flow_unknown(void **state)
{
	const struct rpcs_flow_key key = flow_key();
	struct rpcs_flow_value value;
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	rpcs_state_flow_back(sut.state, &key, TEST_TURN, 1);
	rpcs_state_flow_lost(sut.state, &key, TEST_TURN, true);
	assert_false(rpcs_state_flow_get(sut.state, &key, &value));
	sut_close(&sut);
}

/** A segment without an RPC header to a port: looked at only where the port is known. */
static void run_bulk(struct sut *sut)
{
	struct test_frame f;

	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_TCP, 0);
	frame_tcp(&f, CLIENT_PORT, OTHER_PORT, 1, RPCS_TCP_ACK, 0);
	put_zeros(&f, 100);
	frame_end(&f);
	sut_run(sut, &f);
}

static void test_port_marked(void **state)
{
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_ALL);
	run_bulk(&sut);
	assert_int_equal(sut_counters(&sut).packets_watched, 0);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), 111), RPCS_PORT_PORTMAPPER);
	rpcs_port_mark(rpcs_state_ports(sut.state), OTHER_PORT, RPCS_PORT_RPC);
	run_bulk(&sut);
	assert_int_equal(sut_counters(&sut).packets_watched, 1);
	sut_close(&sut);
}

/** A call to another port over TCP marks it: that is to be seen here as well. */
static void test_port_found(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_ALL);
	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_TCP, 0);
	frame_tcp(&f, CLIENT_PORT, OTHER_PORT, 1, RPCS_TCP_ACK, 0);
	frame_mark(&f);
	frame_call(&f, 1, 100005, 3, 0);
	frame_end(&f);
	sut_run(&sut, &f);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), OTHER_PORT), RPCS_PORT_RPC);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), CLIENT_PORT),
			 RPCS_PORT_OTHER);
	sut_close(&sut);
}

static void frame_udp_other(struct test_frame *f, uint16_t sport, uint16_t dport)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, sport, dport);
}

static void run_reply(struct sut *sut, uint32_t xid)
{
	struct test_frame f;

	frame_udp_other(&f, OTHER_PORT, CLIENT_PORT);
	frame_accepted(&f, xid, 0);
	frame_end(&f);
	sut_run(sut, &f);
}

/** A portmapper's reply to the first host with a port. */
static void run_port_reply(struct sut *sut, uint32_t xid)
{
	struct test_frame f;

	frame_udp_other(&f, 111, CLIENT_PORT);
	memcpy(f.bytes + f.ip + 12, second_host + 12, 4);
	memcpy(f.bytes + f.ip + 16, first_host + 12, 4);
	frame_accepted(&f, xid, 0);
	put32(&f, OTHER_PORT);
	frame_end(&f);
	sut_run(sut, &f);
}

static struct rpcs_expect_key expect_key(const uint8_t client[16], uint32_t xid)
{
	struct rpcs_expect_key key = { .port = CLIENT_PORT, .protocol = RPCS_IP_UDP, .xid = xid };

	memcpy(key.client, client, sizeof(key.client));
	return key;
}

static void test_reply_let_through(void **state)
{
	struct rpcs_expect_key key = expect_key(second_host, 5);
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_FIRST);
	run_reply(&sut, 5);
	assert_int_equal(sut_counters(&sut).replies, 0);
	assert_int_equal(sut_counters(&sut).replies_suppressed, 1);
	rpcs_state_expect_put(sut.state, &key, RPCS_EXPECT_REPLY);
	run_reply(&sut, 5);
	run_reply(&sut, 6);
	assert_int_equal(sut_counters(&sut).replies, 1);
	assert_int_equal(sut_counters(&sut).replies_suppressed, 2);
	assert_int_equal(sut_counters(&sut).records_sent, 1);
	sut_close(&sut);
}

/** What the engine puts down is found by the same keys. */
static void test_call_remembered(void **state)
{
	struct rpcs_first_key first = { .sport = CLIENT_PORT,
					.dport = OTHER_PORT,
					.program = 100005,
					.procedure = 3,
					.protocol = RPCS_IP_UDP };
	struct rpcs_expect_key key = expect_key(first_host, 9);
	struct test_frame f;
	uint64_t ns = 0;
	struct sut sut;

	(void)state;
	memcpy(first.src, first_host, sizeof(first.src));
	memcpy(first.dst, second_host, sizeof(first.dst));
	sut_open(&sut, RPCS_ANY_PORT_FIRST);
	assert_false(rpcs_state_first_get(sut.state, &first, &ns));
	assert_int_equal(rpcs_state_expect_get(sut.state, &key), RPCS_EXPECT_NOTHING);
	frame_udp_other(&f, CLIENT_PORT, OTHER_PORT);
	frame_call(&f, 9, 100005, 3, 3);
	frame_end(&f);
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).calls, 1);
	assert_true(rpcs_state_first_get(sut.state, &first, &ns));
	assert_true(ns > 0);
	assert_int_equal(rpcs_state_expect_get(sut.state, &key), RPCS_EXPECT_REPLY);
	/* The other way: what is put down here is known there. */
	first.procedure = 4;
	rpcs_state_first_put(sut.state, &first, ns);
	set16(&f, f.len - 18, 4);
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).calls, 1);
	assert_int_equal(sut_counters(&sut).calls_suppressed, 1);
	sut_close(&sut);
}

/** A portmapper's call and reply, both plain: the reply tells the TCP port that was asked for. */
static void test_port_told(void **state)
{
	struct rpcs_expect_key key = expect_key(first_host, 9);
	struct test_frame f;
	struct sut sut;

	(void)state;
	sut_open(&sut, RPCS_ANY_PORT_FIRST);
	frame_udp_other(&f, CLIENT_PORT, 111);
	frame_call(&f, 9, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	put32(&f, 100005);
	put32(&f, 3);
	put32(&f, RPCS_IP_TCP);
	put32(&f, 0);
	frame_end(&f);
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).calls, 1);
	assert_int_equal(rpcs_state_expect_get(sut.state, &key), RPCS_EXPECT_PORT);
	/* To another call: it tells nothing. */
	run_port_reply(&sut, 10);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), OTHER_PORT), RPCS_PORT_OTHER);
	run_port_reply(&sut, 9);
	assert_int_equal(rpcs_port_class(rpcs_state_ports(sut.state), OTHER_PORT), RPCS_PORT_RPC);
	assert_int_equal(sut_counters(&sut).replies, 2);
	sut_close(&sut);
}

/** The verdict on a fragmented datagram of somebody else's. */
static void test_fragment_verdict(void **state)
{
	struct rpcs_fragment_key key = { .id = 0x1234, .protocol = RPCS_IP_UDP };
	struct rpcs_fragment_value value;
	struct test_frame f;
	struct sut sut;

	(void)state;
	memcpy(key.src, first_host, sizeof(key.src));
	memcpy(key.dst, second_host, sizeof(key.dst));
	sut_open(&sut, RPCS_ANY_PORT_OFF);
	assert_false(rpcs_state_fragment_get(sut.state, &key, &value));
	frame_udp_other(&f, CLIENT_PORT, OTHER_PORT);
	put_zeros(&f, 64);
	frame_end(&f);
	set16(&f, f.ip + 6, 0x2000); /* more fragments */
	sut_run(&sut, &f);
	assert_true(rpcs_state_fragment_get(sut.state, &key, &value));
	assert_int_equal(value.verdict, RPCS_FRAGMENT_OTHERS);
	set16(&f, f.ip + 6, 9); /* 72 bytes on */
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).fallback_fragment, 0);
	value.verdict = RPCS_FRAGMENT_WATCHED;
	rpcs_state_fragment_put(sut.state, &key, &value);
	sut_run(&sut, &f);
	assert_int_equal(sut_counters(&sut).fallback_fragment, 1);
	sut_close(&sut);
}

#define STATE_TESTS                                                                               \
	cmocka_unit_test(test_flow_back), cmocka_unit_test(test_flow_lost),                       \
		cmocka_unit_test(test_flow_stopped), cmocka_unit_test(test_flow_unknown),         \
		cmocka_unit_test(test_port_marked), cmocka_unit_test(test_port_found),            \
		cmocka_unit_test(test_reply_let_through), cmocka_unit_test(test_call_remembered), \
		cmocka_unit_test(test_port_told), cmocka_unit_test(test_fragment_verdict)

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Segments that a host ignores must not blind the sensor, bytes that it missed
 * must cost no message behind them, and other flows must not pay for either.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream_rig.h"

enum { CLIENT, SERVER, DUMP_BYTES = 44 };

static uint64_t now_ns;

/** Sends a segment as it is seen `now_ns`. */
static void segment(int side, uint16_t client_port, uint32_t seq, uint32_t ack, uint8_t flags,
		    const uint8_t *bytes, uint32_t len)
{
	struct rpcs_frame frame;
	struct test_frame f;
	int i;

	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_TCP, 0);
	f.bytes[f.ip + 15] = side == CLIENT ? 1 : 2;
	f.bytes[f.ip + 19] = side == CLIENT ? 2 : 1;
	frame_tcp(&f, side == CLIENT ? client_port : 111, side == CLIENT ? 111 : client_port, seq,
		  flags, 0);
	set16(&f, f.tcp + 8, ack >> 16);
	set16(&f, f.tcp + 10, ack & 0xffff);
	if (len)
		put_bytes(&f, bytes, len);
	frame_end(&f);
	frame = (struct rpcs_frame){ .bytes = f.bytes, .len = f.len, .number = ++rig.frame };
	rig.records.count = 0;
	rpcs_native_frame(rig.native, &frame);
	for (i = 0; i < rig.records.count; i++)
		rpcs_stream_record(rig.stream, rig.records.bytes[i], rig.records.len[i], now_ns,
				   rig.frame);
}

static void handshake(uint16_t port, uint32_t isn)
{
	segment(CLIENT, port, isn, 0, RPCS_TCP_SYN, NULL, 0);
	segment(SERVER, port, 500, isn + 1, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
}

static void data(uint16_t port, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	segment(CLIENT, port, seq, 501, RPCS_TCP_ACK, bytes, len);
}

/* A record-marked call without arguments. */
static void call(uint8_t bytes[DUMP_BYTES], uint32_t xid, uint32_t procedure)
{
	struct test_frame f = { 0 };

	frame_mark(&f);
	f.bytes[0] = 0x80;
	f.bytes[3] = 40;
	frame_call(&f, xid, RPCS_PORTMAP_PROGRAM, 2, procedure);
	memcpy(bytes, f.bytes, DUMP_BYTES);
}

static void whole(uint16_t port, uint32_t seq, uint32_t xid)
{
	uint8_t bytes[DUMP_BYTES];

	call(bytes, xid, PROC_DUMP);
	data(port, seq, bytes, DUMP_BYTES);
}

static int reset(void **state)
{
	now_ns = 1000000000000ULL;
	return setup(state);
}

static void test_forged_syn(void **state)
{
	(void)state;
	handshake(900, 100);
	segment(CLIENT, 900, 9999999, 0, RPCS_TCP_SYN, NULL, 0);
	whole(900, 101, 1);
	assert_int_equal(rig.count, 1);
	/* Nor does an answer that is to something else. */
	segment(SERVER, 900, 700, 4242, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(900, 101 + DUMP_BYTES, 2);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[0].flow_id, rig.told[1].flow_id);
}

static void test_real_reuse(void **state)
{
	(void)state;
	handshake(900, 100);
	whole(900, 101, 1);
	handshake(900, 5000);
	whole(900, 5001, 1);
	assert_int_equal(rig.count, 2);
	assert_int_not_equal(rig.told[0].flow_id, rig.told[1].flow_id);
}

/* With the client's number again, which it may choose: the server's tells. */
static void test_real_reuse_same_number(void **state)
{
	(void)state;
	handshake(900, 100);
	whole(900, 101, 1);
	handshake(900, 100); /* again, late: it begins nothing */
	whole(900, 101, 1);
	assert_int_equal(rig.count, 1);
	segment(CLIENT, 900, 100, 0, RPCS_TCP_SYN, NULL, 0);
	segment(SERVER, 900, 90000, 101, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(900, 101, 2);
	assert_int_equal(rig.count, 2);
	assert_int_not_equal(rig.told[0].flow_id, rig.told[1].flow_id);
}

/* A server that takes no data with a SYN says so, and gets other bytes in their place. */
static void test_syn_data(void **state)
{
	uint8_t bytes[DUMP_BYTES];

	(void)state;
	call(bytes, 1, PROC_DUMP);
	segment(CLIENT, 900, 100, 0, RPCS_TCP_SYN, bytes, DUMP_BYTES);
	segment(SERVER, 900, 500, 101, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(900, 101, 2);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[1].message.xid, 2);
	/* From here on it is as any other. */
	segment(SERVER, 900, 500, 101, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(900, 101, 2);
	assert_int_equal(rig.count, 2);
	/* One that takes it. */
	segment(CLIENT, 901, 100, 0, RPCS_TCP_SYN, bytes, DUMP_BYTES);
	segment(SERVER, 901, 500, 101 + DUMP_BYTES, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(901, 101, 1);
	assert_int_equal(rig.count, 3);
	whole(901, 101 + DUMP_BYTES, 3);
	assert_int_equal(rig.count, 4);
}

/* The same of data that makes no whole record: other bytes in its place are not its rest. */
static void test_syn_data_in_part(void **state)
{
	uint8_t bytes[DUMP_BYTES];

	(void)state;
	call(bytes, 1, PROC_DUMP);
	segment(CLIENT, 900, 100, 0, RPCS_TCP_SYN, bytes, 30);
	segment(SERVER, 900, 500, 101, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	whole(900, 101, 2);
	assert_int_equal(rig.told[0].message.xid, 2);
	/* Taken, they are. */
	segment(CLIENT, 901, 100, 0, RPCS_TCP_SYN, bytes, 30);
	segment(SERVER, 901, 500, 131, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	data(901, 131, bytes + 30, DUMP_BYTES - 30);
	assert_int_equal(rig.count, 2);
	/* Data that was seen before the answer, and came without the SYN, stays. */
	segment(CLIENT, 902, 100, 0, RPCS_TCP_SYN, NULL, 0);
	data(902, 101, bytes, 30);
	segment(SERVER, 902, 500, 101, RPCS_TCP_SYN | RPCS_TCP_ACK, NULL, 0);
	data(902, 131, bytes + 30, DUMP_BYTES - 30);
	assert_int_equal(rig.count, 3);
}

static void test_forged_rst(void **state)
{
	uint8_t bytes[DUMP_BYTES];

	(void)state;
	call(bytes, 1, PROC_DUMP);
	handshake(900, 100);
	data(900, 101, bytes, 20);
	segment(CLIENT, 900, 77777, 0, RPCS_TCP_RST, NULL, 0);
	data(900, 121, bytes + 20, DUMP_BYTES - 20);
	assert_int_equal(rig.count, 1);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* A record far ahead, after a forged reset, and after one that only the sensor saw. */
static void test_decoy_ahead(void **state)
{
	(void)state;
	handshake(900, 100);
	segment(CLIENT, 900, 90001, 0, RPCS_TCP_RST, NULL, 0);
	whole(900, 101 + (1 << 29), 1);
	whole(900, 101, 2);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, 2);
	handshake(901, 100);
	segment(CLIENT, 901, 101, 0, RPCS_TCP_RST, NULL, 0);
	whole(901, 101 + (1 << 29), 3);
	whole(901, 101, 4);
	assert_int_equal(rig.count, 3);
	assert_int_equal(rig.told[2].message.xid, 4);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.count, 4);
}

/* A reused 5-tuple whose SYN was missed, with lower numbers. */
static void test_reuse_after_close(void **state)
{
	(void)state;
	handshake(900, 0x70000000);
	whole(900, 0x70000001, 1);
	segment(CLIENT, 900, 0x70000001 + DUMP_BYTES, 0, RPCS_TCP_RST, NULL, 0);
	whole(900, 1000, 2);
	assert_int_equal(rig.count, 2);
	assert_int_not_equal(rig.told[0].flow_id, rig.told[1].flow_id);
}

static void test_hole(void **state)
{
	(void)state;
	handshake(900, 100);
	/* 101 to 144 is lost; two calls follow. */
	whole(900, 145, 2);
	whole(900, 189, 3);
	assert_int_equal(rig.count, 0);
	now_ns += 2000000000ULL;
	rpcs_stream_tick(rig.stream, now_ns);
	assert_int_equal(rig.count, 0);
	now_ns += 1000000000ULL;
	rpcs_stream_tick(rig.stream, now_ns);
	assert_int_equal(rig.count, 2);
	assert_int_equal(counts().tcp_unplaced, DUMP_BYTES);
	whole(900, 233, 4);
	assert_int_equal(rig.count, 3);
}

/* A record that comes slowly is no hole: it may take as long as it wants. */
static void test_slow(void **state)
{
	uint8_t bytes[DUMP_BYTES];
	uint32_t i;

	(void)state;
	call(bytes, 1, PROC_DUMP);
	handshake(900, 100);
	for (i = 0; i < DUMP_BYTES; i++) {
		now_ns += 2000000000ULL;
		data(900, 101 + i, bytes + i, 1);
	}
	assert_int_equal(rig.count, 1);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* A reply with nothing but its header. */
static void reply(uint16_t port, uint32_t seq, uint32_t xid)
{
	uint8_t bytes[28] = { 0x80, 0, 0, 24 };

	bytes[7] = (uint8_t)xid;
	bytes[11] = RPCS_MSG_REPLY;
	segment(SERVER, port, seq, 0, RPCS_TCP_ACK, bytes, sizeof(bytes));
}

/* A call behind a hole is told before its reply, and not again when the hole is filled. */
static void test_answered_behind_hole(void **state)
{
	static const uint32_t expected[] = { 2, 3, 3, 5, 5, 1, 4 };
	uint8_t bytes[5 * DUMP_BYTES];
	uint32_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		call(bytes + i * DUMP_BYTES, i + 1, PROC_DUMP);
	handshake(900, 100);
	data(900, 101, bytes, 20);
	/* Two holes, in the first call and in the fourth. */
	data(900, 131, bytes + 30, 80);
	data(900, 211, bytes + 110, 40);
	data(900, 261, bytes + 160, 60);
	assert_int_equal(rig.count, 0);
	/* Whose call is nowhere changes nothing. */
	reply(900, 501, 9);
	assert_int_equal(rig.count, 1);
	rig.count = 0;
	reply(900, 529, 3);
	reply(900, 557, 5);
	assert_int_equal(rig.count, 5);
	assert_int_equal(rig.told[0].message.seen.frame, 4);
	assert_int_equal(rig.told[1].message.seen.frame, 5);
	assert_int_equal(rig.told[3].message.seen.frame, 6);
	data(900, 121, bytes + 20, 10);
	assert_int_equal(rig.count, 6);
	data(900, 251, bytes + 150, 10);
	assert_int_equal(rig.count, 7);
	for (i = 0; i < 7; i++)
		assert_int_equal(rig.told[i].message.xid, expected[i]);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* A segment that a FIN overtook is still taken; another connection's SYN ends the wait. */
static void test_overtaken_by_fin(void **state)
{
	uint8_t bytes[2 * DUMP_BYTES];

	(void)state;
	call(bytes, 1, PROC_DUMP);
	call(bytes + DUMP_BYTES, 2, PROC_DUMP);
	handshake(900, 100);
	segment(SERVER, 900, 501, 101, RPCS_TCP_FIN | RPCS_TCP_ACK, NULL, 0);
	segment(CLIENT, 900, 111, 502, RPCS_TCP_FIN | RPCS_TCP_ACK, bytes + 10, DUMP_BYTES - 10);
	data(900, 101, bytes, 10);
	assert_int_equal(rig.count, 1);
	handshake(901, 100);
	segment(SERVER, 901, 501, 101, RPCS_TCP_FIN | RPCS_TCP_ACK, NULL, 0);
	segment(CLIENT, 901, 111, 502, RPCS_TCP_FIN | RPCS_TCP_ACK, bytes + 10,
		2 * DUMP_BYTES - 10);
	assert_int_equal(rig.count, 1);
	handshake(901, 70000);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[1].message.xid, 2);
}

static void test_finish(void **state)
{
	(void)state;
	handshake(900, 100);
	whole(900, 145, 2);
	assert_int_equal(rig.count, 0);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.count, 1);
}

/* A flow that a full table pushes out tells what it kept. */
static void test_evicted(void **state)
{
	uint16_t port;

	(void)state;
	handshake(900, 100);
	whole(900, 145, 2);
	for (port = 1000; port < 1000 + 40; port++)
		segment(CLIENT, port, 100, 0, RPCS_TCP_SYN | RPCS_TCP_FIN, NULL, 0);
	assert_int_equal(rig.count, 0);
	/* One that waits is the last to go. */
	assert_true(counts().flows_evicted > 0);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.count, 1);
}

/* Others fill the limit for all flows: those that waited longest lose, not the one at work. */
static void test_limit(void **state)
{
	static uint8_t filler[1400];
	uint8_t bytes[DUMP_BYTES];
	uint16_t port;
	uint32_t i;

	(void)state;
	rig.connection_count = 0;
	for (port = 1000; port < 1008; port++) {
		rig.connection_count = 0;
		handshake(port, 100);
		for (i = 0; i < 150; i++)
			data(port, 5000 + i * 1400, filler, sizeof(filler));
	}
	assert_true(counts().tcp_evicted > 0);
	assert_true(counts().tcp_unplaced > 0);
	rig.connection_count = 0;
	call(bytes, 7, PROC_DUMP);
	handshake(900, 100);
	data(900, 101, bytes, 30);
	data(900, 131, bytes + 30, DUMP_BYTES - 30);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, 7);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, reset, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_forged_syn),
		CASE(test_real_reuse),
		CASE(test_real_reuse_same_number),
		CASE(test_forged_rst),
		CASE(test_decoy_ahead),
		CASE(test_reuse_after_close),
		CASE(test_hole),
		CASE(test_slow),
		CASE(test_answered_behind_hole),
		CASE(test_overtaken_by_fin),
		CASE(test_finish),
		CASE(test_evicted),
		CASE(test_limit),
		CASE(test_syn_data),
		CASE(test_syn_data_in_part),
	};

	return cmocka_run_group_tests_name("stream evasion", tests, NULL, NULL);
}

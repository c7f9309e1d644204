// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where stage 3 and the agent do not see a stream in the same order: segments that came in
 * IP fragments, two CPUs with one flow, and an agent that answers late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream_rig.h"
#include "stream_made.h"

enum {
	OPEN = RPCS_F_OPEN | RPCS_F_IN_STEP,
	STEP = RPCS_F_IN_STEP,
	LEN = 3000,
	HAVE = 1396,
	END = 101 + 4 + LEN,
	CUT = 16, /* bytes of a TCP header in a first fragment */
};

static const uint8_t bulk[2000];

/** The compact record of a long call at 101, whose first segment had 4 + HAVE bytes. */
static void open_call(void)
{
	struct rpcs_record_rpc record = {
		.seq = 101,
		.message_len = LEN,
		.xid = 1,
		.call = { 2, 100003, 3, 7 },
	};

	made_head(&record.head, RPCS_RECORD_CALL, CLIENT, OPEN);
	record.head.have = HAVE;
	made_send(&record, sizeof(record));
}

static void expect_call(uint32_t xid)
{
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, xid);
	assert_int_equal(counts().messages_incomplete, 0);
	rig.count = 0;
}

/* All that the record goes on with overtook it: another CPU had it in hand. */
static void test_overtaken(void **state)
{
	(void)state;
	made_handshake(100);
	made_piece(CLIENT, 101 + 4 + HAVE, bulk, LEN - HAVE, STEP, 101, 101);
	open_call();
	expect_call(1);
}

/* A part of it did; what is missing comes later, and stage 3 says where it was. */
static void test_overtaken_in_part(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 2);
	made_handshake(100);
	made_piece(CLIENT, 2501, bulk, END - 2501, STEP, 101, 101);
	open_call();
	assert_int_equal(rig.count, 0);
	made_piece(CLIENT, END, bytes, CALL_BYTES, STEP, 101 + 4 + HAVE, END);
	expect_call(2);
	made_piece(CLIENT, 101 + 4 + HAVE, bulk, 1000, 0, 0, 0);
	expect_call(1);
}

/* Stage 3 had all up to what overtook the record, which the next segment's word shows. */
static void test_overtaken_and_followed(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 2);
	made_handshake(100);
	made_piece(CLIENT, 2501, bulk, END - 2501, STEP, 101, 101);
	open_call();
	made_piece(CLIENT, END, bytes, CALL_BYTES, STEP, 2501, END);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[0].message.xid, 1);
	assert_int_equal(rig.told[1].message.xid, 2);
}

/** A segment's first IP fragment, or its second one. */
static void made_fragment(uint32_t seq, uint8_t tcp_flags, const uint8_t *bytes, uint32_t len,
			  bool first, uint16_t flags, uint32_t next)
{
	struct {
		struct rpcs_record_piece piece;
		uint8_t bytes[256];
	} record = { 0 };
	struct test_frame f = { 0 };
	uint32_t from = first ? 0 : CUT, part = first ? CUT : 20 + len - CUT;

	frame_ip4(&f, RPCS_IP_TCP, 0);
	set16(&f, 2, 20 + part);
	set16(&f, 4, seq);
	set16(&f, 6, first ? 0x2000 : CUT / 8);
	frame_tcp(&f, CLIENT_PORT, server_port, seq, tcp_flags, 0);
	put_bytes(&f, bytes, len);
	record.piece = (struct rpcs_record_piece){ .packet_len = 20 + part,
						   .wire_len = 20 + part,
						   .piece_len = (uint16_t)(20 + part),
						   .next = next,
						   .boundary = next };
	made_head(&record.piece.head, RPCS_RECORD_PIECE, CLIENT, flags | RPCS_F_FRAGMENT);
	memcpy(record.bytes, f.bytes, 20);
	memcpy(record.bytes + 20, f.bytes + 20 + from, part);
	made_send(&record, sizeof(record.piece) + 20 + part);
}

/* What the policy kept off the ring lies before: stage 3 says so with the first fragment. */
static void test_fragment_in_step(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	made_call(101, 100, 1, STEP);
	expect_call(1);
	call_bytes(bytes, 2);
	made_fragment(9001, RPCS_TCP_ACK, bytes, CALL_BYTES, false, 0, 0);
	made_fragment(9001, RPCS_TCP_ACK, bytes, CALL_BYTES, true, STEP, 9001);
	expect_call(2);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* A SYN in fragments, on a port that is looked at: what comes before the stream's begin waits. */
static void test_fragmented_syn(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 2);
	made_fragment(100, RPCS_TCP_SYN, bytes, 0, true, 0, 0);
	made_fragment(100, RPCS_TCP_SYN, bytes, 0, false, 0, 0);
	assert_int_equal(rig.connection_count, 1);
	made_control(RPCS_RECORD_CONNECTION, SERVER, RPCS_TCP_SYN | RPCS_TCP_ACK, 500, 101);
	made_piece(CLIENT, 101 + CALL_BYTES, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 0);
	call_bytes(bytes, 1);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 2);
}

static void set_turn(uint32_t turn)
{
	const struct rpcs_flow_value value = { .state = RPCS_STEP_FALLBACK, .turn = turn };
	struct rpcs_flow_key key;

	flow_key(&key, CLIENT);
	rpcs_state_flow_put(rpcs_native_state(rig.native), &key, &value);
}

/* Stage 3 has sent more since than the agent has: it is not called back. */
static void test_late_answer(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	set_turn(2);
	made_turn = 1;
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	expect_call(1);
	assert_true(step_state(CLIENT) == RPCS_STEP_FALLBACK);
	made_turn = 2;
	call_bytes(bytes, 2);
	made_piece(CLIENT, 101 + CALL_BYTES, bytes, CALL_BYTES, 0, 0, 0);
	expect_call(2);
	assert_true(step_state(CLIENT) == rpcs_flow_in_step(101 + 2 * CALL_BYTES, 0, 0));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, made_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_overtaken),
		CASE(test_overtaken_in_part),
		CASE(test_overtaken_and_followed),
		CASE(test_fragment_in_step),
		CASE(test_fragmented_syn),
		CASE(test_late_answer),
	};

	return cmocka_run_group_tests_name("stream lag", tests, NULL, NULL);
}

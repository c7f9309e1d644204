// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Messages that stage 3 reported before their last byte came, and what the agent and
 * stage 3 tell each other of where a stream is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/open.h"
#include "stream_rig.h"
#include "stream_made.h"

enum {
	OPEN = RPCS_F_OPEN | RPCS_F_IN_STEP,
	STEP = RPCS_F_IN_STEP,
	LEN = 5000,
	END = 101 + 4 + LEN
};

static const uint8_t bulk[1400];

static void expect_open(uint64_t frame)
{
	const struct rpcs_message *message = &rig.told[0].message;

	assert_int_equal(rig.count, 1);
	assert_int_equal(message->xid, 1);
	assert_int_equal(message->seen.frame, frame);
	assert_int_equal(message->length, LEN);
	assert_int_equal(message->auth.uid, 7);
	assert_int_equal(message->body_available, 16);
	assert_int_equal(counts().messages_incomplete, 0);
	rig.count = 0;
}

/* rig.told keeps pointers only: texts are looked at while they live. */
static void check_texts(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	on_message(arg, message, flow);
	assert_memory_equal(message->auth.machine.bytes, "host", 4);
	assert_memory_equal(message->body, "\0\0\0\v\0\0\0\x16", 8);
}

static void begin(void)
{
	made_handshake(100);
	made_call(101, LEN, 1, OPEN);
	assert_int_equal(rig.count, 0);
}

static void test_end(void **state)
{
	const struct rpcs_stream_handler handler = { .message = check_texts, .arg = &rig };
	const struct rpcs_hash_seed seed = { 1, 1 };

	(void)state;
	rpcs_stream_free(&rig.stream);
	rig.stream = rpcs_stream_new(&settings, &seed, &handler);
	begin();
	made_control(RPCS_RECORD_END, SERVER, RPCS_TCP_ACK, END, 0);
	assert_int_equal(rig.count, 0);
	made_control(RPCS_RECORD_END, CLIENT, RPCS_TCP_ACK, END - 1, 0);
	assert_int_equal(rig.count, 0);
	made_control(RPCS_RECORD_END, CLIENT, RPCS_TCP_ACK, END, 0);
	expect_open(6);
	made_control(RPCS_RECORD_END, CLIENT, RPCS_TCP_ACK, END, 0);
	assert_int_equal(rig.count, 0);
}

/* The END was lost: whatever lies behind the record shows that it was passed. */
static void test_end_lost(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	begin();
	made_call(END + 1000, 100, 2, STEP);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[1].message.xid, 2);
	rig.count = 1;
	expect_open(4);
	made_call(END + 1104, LEN, 1, OPEN);
	call_bytes(bytes, 3);
	made_piece(CLIENT, END + 1104 + 4 + LEN, bytes, CALL_BYTES, STEP, END + 1104 + 4 + LEN,
		   END + 1104 + 4 + LEN);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[1].message.xid, 3);
	rig.count = 1;
	expect_open(6);
	made_call(END + 20000, LEN, 1, OPEN);
	/* A FIN that stage 3 does not know the place of may be anybody's. */
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_FIN, END + 20000 + 4 + LEN, 0);
	assert_int_equal(rig.count, 0);
	made_fin(END + 20000 + 4 + LEN);
	expect_open(9);
}

/* The flow fell back: the segments' lengths tell, in any order; what lies behind goes on. */
static void test_follow(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	begin();
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	call_bytes(bytes, 2);
	made_piece(CLIENT, 3501, bulk, 1400, STEP, 1501, END);
	made_piece(CLIENT, END, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, 2);
	rig.count = 0;
	made_piece(CLIENT, 4801, bulk, END - 4801, 0, 0, 0);
	made_piece(CLIENT, 2401, bulk, 1200, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
	made_piece(CLIENT, 1401, bulk, 1000, 0, 0, 0);
	expect_open(8);
	assert_true(step_state(CLIENT) == rpcs_flow_in_step(END + CALL_BYTES, 0, 0));
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* Stage 3 lost the place without a word: the first segment tells what was seen. */
static void test_follow_unsaid(void **state)
{
	(void)state;
	begin();
	made_piece(CLIENT, 1501, bulk, 1400, 0, 0, 0);
	made_piece(CLIENT, 4301, bulk, END - 4301, 0, 0, 0);
	assert_int_equal(rig.count, 0);
	made_piece(CLIENT, 2901, bulk, 1400, 0, 0, 0);
	expect_open(6);
}

/* More holes than there is room for: the last byte must do; it is never lost. */
static void test_crowded(void **state)
{
	uint32_t at;

	(void)state;
	begin();
	made_piece(CLIENT, 1003, bulk, 1, STEP, 1001, END);
	for (at = 1005; at + 2 < END; at += 2)
		made_piece(CLIENT, at, bulk, 1, 0, 0, 0);
	assert_int_equal(rig.count, 0);
	made_piece(CLIENT, END - 1, bulk, 1, 0, 0, 0);
	assert_int_equal(rig.count, 1);
}

/* What never becomes whole is counted, and no forged RST makes it so. */
static void test_incomplete(void **state)
{
	(void)state;
	begin();
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 2000, 0);
	made_control(RPCS_RECORD_END, CLIENT, RPCS_TCP_ACK, END, 0);
	expect_open(5);
	made_call(END, LEN, 2, OPEN);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.count, 0);
	assert_int_equal(counts().messages_incomplete, 1);
	/* A byte of it was missed: stage 3 does not wait for it for ever. */
	made_call(END + 4 + LEN, LEN, 3, OPEN);
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	made_piece(CLIENT, END + 4 + LEN + 2000, bulk, 1400, STEP, END + 4 + LEN + 1000,
		   END + 2 * (4 + LEN));
	made_piece(CLIENT, END + 2 * (4 + LEN) - 1400, bulk, 1400, 0, 0, 0);
	made_call(END, LEN, 9, 0); /* repeated */
	made_piece(CLIENT, END + 2 * (4 + LEN), bulk, 1, 0, 0, 0);
	made_ns += 4000000000ULL;
	made_piece(CLIENT, END + 2 * (4 + LEN), bulk, 1, 0, 0, 0);
	assert_int_equal(counts().messages_incomplete, 2);
	assert_int_equal(rig.count, 0);
}

/* Many flows with one each: memory has its limit. */
static void test_bounded(void **state)
{
	const struct rpcs_stream_handler handler = { .message = on_message, .arg = &rig };
	const struct rpcs_hash_seed seed = { 1, 1 };
	uint32_t i;

	(void)state;
	settings.limit_reassembly = 4 * sizeof(struct rpcs_open);
	rpcs_stream_free(&rig.stream);
	rig.stream = rpcs_stream_new(&settings, &seed, &handler);
	settings.limit_reassembly = 1 << 20;
	for (i = 0; i < 14; i++) {
		server_port = (uint16_t)(3000 + i);
		made_call(101, LEN, i, OPEN);
	}
	assert_int_equal(counts().messages_incomplete, 10);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(counts().messages_incomplete, 14);
	assert_int_equal(rig.count, 0);
}

/* Calls that the policy kept off the ring lie between: no hole, nothing waits. */
static void test_suppressed(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	made_call(101, 100, 1, STEP);
	made_call(90101, 100, 2, STEP);
	call_bytes(bytes, 3);
	made_piece(CLIENT, 190101, bytes, CALL_BYTES, STEP, 190101, 190101);
	assert_int_equal(rig.count, 3);
	/* Behind what the agent knows: stage 3 has not heard yet. */
	made_piece(CLIENT, 190101 + CALL_BYTES, bytes, CALL_BYTES, STEP, 190101, 190101);
	assert_int_equal(rig.count, 4);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* A forged SYN, then a guess, moved stage 3: what the agent holds is not touched. */
static void test_wrong_step(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, 20, 0, 0, 0);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_SYN, 2000, 0);
	made_piece(CLIENT, 121, bytes + 20, 14, STEP, 2001, 2001);
	made_call(2001, 100, 7, STEP); /* the decoy */
	rig.count = 0;
	made_piece(CLIENT, 135, bytes + 34, CALL_BYTES - 34, STEP, 2105, 2105);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, 1);
	/* A record by its looks, then others behind it, which stage 3 is sure of. */
	made_call(3001, 100, 8, 0);
	made_call(3105, 100, 9, STEP);
	rig.count = 0;
	call_bytes(bytes, 2);
	made_piece(CLIENT, 145, bytes, CALL_BYTES, STEP, 3209, 3209);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.xid, 2);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/*
 * A forged RST, then a forged SYN: of other ports the agent does not know where the
 * stream is, and believes an RST only where stage 3 does.
 */
static void test_forged_reset(void **state)
{
	(void)state;
	made_handshake(100);
	made_call(101, 100, 1, STEP);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 9000, 0);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_SYN, 700000, 0);
	made_call(205, 100, 2, 0);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[0].flow_id, rig.told[1].flow_id);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 309, 0);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_SYN, 700000, 0);
	made_call(700001, 100, 3, STEP);
	assert_int_equal(rig.count, 3);
	assert_int_not_equal(rig.told[0].flow_id, rig.told[2].flow_id);
}

/* While the agent reads a direction itself it knows where that is: a record in hand stays. */
static void test_forged_reset_inside(void **state)
{
	uint8_t bytes[CALL_BYTES];
	uint32_t i;

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	for (i = 0; i < 3; i++) {
		made_piece(CLIENT, 101 + 10 * i, bytes + 10 * i, 10, 0, 0, 0);
		made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 9000 << i, 0);
	}
	made_piece(CLIENT, 131, bytes + 30, CALL_BYTES - 30, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(counts().tcp_unplaced, 0);
	/* One where the stream is ends it, and the record that will never be whole. */
	made_piece(CLIENT, 101 + CALL_BYTES, bytes, 10, 0, 0, 0);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 111 + CALL_BYTES, 0);
	assert_int_equal(counts().tcp_unplaced, CALL_BYTES);
}

/*
 * On a port that is no portmapper's stage 3 looks for records again by itself, once the
 * largest record that the stream may have begun in is over.
 */
static void test_lost(void **state)
{
	uint8_t junk[1024];
	uint32_t seq = 101;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	made_handshake(100);
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	for (; seq < 101 + (1 << 20); seq += sizeof(junk))
		made_piece(CLIENT, seq, junk, sizeof(junk), 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
	for (; seq < 101 + (1 << 20) + (1 << 16); seq += sizeof(junk))
		made_piece(CLIENT, seq, junk, sizeof(junk), 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_UNKNOWN);
	/* Once for each time. */
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	rpcs_stream_tick(rig.stream, made_ns + 10000000000ULL);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_ACK, 117, 501);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
	server_port = 111;
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	made_piece(CLIENT, 101, "GET / HTTP/1.1\r\n", 16, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
}

/* The agent has bytes in hand that may be a header: stage 3 hears once they are or are not. */
static void test_split_header(void **state)
{
	static const uint8_t mark[] = { 0x80, 0, 0, 40 };
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	set_step(CLIENT, RPCS_STEP_FALLBACK);
	made_piece(CLIENT, 1000, bytes, 4, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
	made_piece(CLIENT, 1004, bytes + 4, CALL_BYTES - 4, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_true(step_state(CLIENT) == rpcs_flow_in_step(1000 + CALL_BYTES, 0, 0));
	/* They are not; and what would tell never comes. Stage 3 waits for the next record. */
	set_step(SERVER, RPCS_STEP_FALLBACK);
	made_piece(SERVER, 2000, mark, 4, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	made_piece(SERVER, 2004, "GET / HTTP/1.1\r\n", 16, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	set_step(SERVER, RPCS_STEP_FALLBACK);
	made_piece(SERVER, 3000, mark, 4, 0, 0, 0);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	rpcs_stream_tick(rig.stream, made_ns + 10000000000ULL);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	assert_int_equal(counts().tcp_unplaced, 24);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, made_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_end),
		CASE(test_end_lost),
		CASE(test_follow),
		CASE(test_follow_unsaid),
		CASE(test_crowded),
		CASE(test_incomplete),
		CASE(test_bounded),
		CASE(test_suppressed),
		cmocka_unit_test_setup_teardown(test_wrong_step, made_setup_portmapper, teardown),
		CASE(test_forged_reset),
		CASE(test_forged_reset_inside),
		CASE(test_lost),
		CASE(test_split_header),
	};

	return cmocka_run_group_tests_name("stream open", tests, NULL, NULL);
}

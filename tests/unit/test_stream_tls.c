// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TLS on a stream of RPC (RFC 9289): when it has begun, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/stream_private.h"
#include "stream_rig.h"
#include "stream_made.h"

static const uint8_t hello[] = { 0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 };

/** A NULL call of a flavor. */
static void null_call(uint8_t bytes[CALL_BYTES], uint32_t flavor)
{
	call_bytes(bytes, 1);
	bytes[27] = 0;
	bytes[31] = (uint8_t)flavor;
}

static void server_agrees(void)
{
	uint8_t bytes[AGREE_BYTES];

	agree_bytes(bytes, 1);
	made_piece(SERVER, 501, bytes, AGREE_BYTES, 0, 0, 0);
}

static void test_tls(void **state)
{
	uint8_t bytes[CALL_BYTES];
	uint32_t i;

	(void)state;
	made_handshake(100);
	null_call(bytes, RPCS_AUTH_TLS);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	/* Stage 3 is not to judge what follows. */
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_FALLBACK);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	server_agrees();
	assert_int_equal(rig.count, 2);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_FALLBACK);
	set_step(SERVER, rpcs_flow_in_step(501, 0, 0));
	/* In single bytes: the last of these shows what it is. */
	for (i = 0; i < sizeof(hello) - 1; i++) {
		assert_int_equal(rig.encrypted_count, 0);
		made_piece(CLIENT, 145 + i, hello + i, 1, 0, 0, 0);
	}
	assert_int_equal(rig.encrypted_count, 1);
	assert_int_equal(rig.encrypted_frame, 14);
	assert_int_equal(rig.encrypted_flow, rig.told[0].flow_id);
	assert_int_equal(rpcs_flow_step_of(step_state(CLIENT)), RPCS_STEP_STOPPED);
	assert_int_equal(rpcs_flow_step_of(step_state(SERVER)), RPCS_STEP_STOPPED);
	/* Nothing more comes of it, whatever it looks like. */
	made_piece(SERVER, 501, bytes, CALL_BYTES, 0, 0, 0);
	made_call(155, 100, 5, RPCS_F_IN_STEP);
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.encrypted_count, 1);
	assert_int_equal(counts().tcp_tls, 3);
	assert_int_equal(counts().tcp_unplaced, 0);
	/* Until the next connection. */
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 155, 0);
	made_handshake(9000);
	made_piece(CLIENT, 9001, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 3);
}

static void test_tls_server(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	null_call(bytes, RPCS_AUTH_TLS);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	server_agrees();
	made_piece(SERVER, 501 + AGREE_BYTES, hello, sizeof(hello), 0, 0, 0);
	assert_int_equal(rig.encrypted_count, 1);
}

/* A hello waits for the server's word; its refusal shows that it was none. */
static void test_tls_waits(void **state)
{
	uint8_t bytes[CALL_BYTES], agrees[AGREE_BYTES];
	uint32_t round;

	(void)state;
	for (round = 0; round < 3; round++) {
		made_handshake(100);
		null_call(bytes, RPCS_AUTH_TLS);
		made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
		made_piece(CLIENT, 145, hello, sizeof(hello), 0, 0, 0);
		null_call(bytes, RPCS_AUTH_NONE);
		made_piece(CLIENT, 145 + sizeof(hello), bytes, CALL_BYTES, 0, 0, 0);
		assert_int_equal(rig.count, 1);
		assert_int_equal(rig.encrypted_count, round == 2);
		agree_bytes(agrees, round == 0 ? 1 : 2);
		agrees[23] = round == 0 ? 4 : 8; /* the verifier's length */
		if (round == 0) {
			agrees[4 + 7] = 1;
			made_piece(SERVER, 501, agrees, AGREE_BYTES, 0, 0, 0);
			assert_int_equal(rig.count, 3);
		} else if (round == 1) {
			/* Another call's: it comes to nothing, until time has passed. */
			made_piece(SERVER, 501, agrees, AGREE_BYTES, 0, 0, 0);
			made_ns += 4000000000ULL;
			rpcs_stream_tick(rig.stream, made_ns);
			assert_int_equal(rig.encrypted_count, 1);
			assert_int_equal(rig.count, 2);
		} else {
			rpcs_stream_finish(rig.stream);
			assert_int_equal(rig.encrypted_count, 2);
			assert_int_equal(rig.count, 1);
		}
		assert_int_equal(rig.stream->flows.held_bytes, 0);
		made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST,
			     145 + sizeof(hello) + (round == 0 ? CALL_BYTES : 0), 0);
		server_port++;
		rig.count = 0;
	}
}

/* A hole before it: given up when no more bytes come. */
static void test_tls_behind_hole(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	null_call(bytes, RPCS_AUTH_TLS);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	made_piece(CLIENT, 145, bytes, 20, 0, 0, 0);
	made_piece(CLIENT, 189, hello, sizeof(hello), 0, 0, 0);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.encrypted_count, 1);
	assert_int_equal(rig.stream->flows.held_bytes, 0);
}

/* A record whose mark looks like TLS, and whose XID like a hello's first bytes. */
static void test_tls_mark(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	null_call(bytes, RPCS_AUTH_TLS);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	memcpy(bytes, hello, 8);
	made_piece(CLIENT, 145, bytes, CALL_BYTES, 0, 0, 0);
	null_call(bytes, RPCS_AUTH_NONE);
	made_piece(CLIENT, 189, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.encrypted_count, 0);
	assert_int_equal(rig.count, 2);
}

/* Refused: the client goes on as ever, and what looks like TLS then is none. */
static void test_tls_refused(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	made_handshake(100);
	null_call(bytes, RPCS_AUTH_TLS);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	null_call(bytes, RPCS_AUTH_NONE);
	made_piece(CLIENT, 145, bytes, CALL_BYTES, 0, 0, 0);
	made_piece(CLIENT, 189, hello, sizeof(hello), 0, 0, 0);
	made_piece(CLIENT, 189 + sizeof(hello), bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.encrypted_count, 0);
	assert_int_equal(rig.count, 3);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, made_setup_portmapper, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_tls),	      CASE(test_tls_server),
		CASE(test_tls_waits), CASE(test_tls_behind_hole),
		CASE(test_tls_mark),  CASE(test_tls_refused),
	};

	return cmocka_run_group_tests_name("stream tls", tests, NULL, NULL);
}

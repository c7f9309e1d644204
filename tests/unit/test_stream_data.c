// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stage 6 tells of a portmapper flow's bytes as they come, and whether the flow is open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/stream_private.h"
#include "stream_rig.h"
#include "stream_made.h"

static bool last_is_open(void)
{
	assert_true(rig.connection_count > 0);
	return rig.connections[rig.connection_count - 1].open;
}

static void third_step(uint32_t seq, uint32_t ack)
{
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_ACK, seq, ack);
}

static void test_open(void **state)
{
	(void)state;
	made_handshake(100);
	assert_false(last_is_open());
	/* A forged third step does not know the server's number. */
	third_step(101, 77);
	assert_false(last_is_open());
	third_step(101, 501);
	assert_true(last_is_open());
	/* An RST outside of the stream ends nothing. */
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 999999, 0);
	assert_true(last_is_open());
	made_control(RPCS_RECORD_CONNECTION, SERVER, RPCS_TCP_FIN | RPCS_TCP_ACK, 501, 101);
	assert_false(last_is_open());
	assert_int_equal(rig.data_count, 0);
}

static void test_reset(void **state)
{
	(void)state;
	made_handshake(100);
	third_step(101, 501);
	assert_true(last_is_open());
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 101, 0);
	assert_false(last_is_open());
}

static void test_bytes(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	third_step(101, 501);
	/* Half a record mark is no message, and data all the same. */
	made_piece(CLIENT, 101, bytes, 2, 0, 0, 0);
	assert_int_equal(rig.data_count, 1);
	assert_int_equal(rig.count, 0);
	assert_true(rig.data_open);
	assert_int_equal(rig.data_tuple.dport, 111);
	made_piece(CLIENT, 103, bytes + 2, CALL_BYTES - 2, 0, 0, 0);
	assert_int_equal(rig.data_count, 2);
	assert_int_equal(rig.count, 1);
	/* A compact record, and one whose last bytes come later. */
	made_call(101 + CALL_BYTES, 100, 5, RPCS_F_IN_STEP);
	assert_int_equal(rig.data_count, 3);
	made_call(101 + CALL_BYTES + 104, 900, 6, RPCS_F_IN_STEP | RPCS_F_OPEN);
	assert_int_equal(rig.data_count, 4);
	made_control(RPCS_RECORD_END, CLIENT, RPCS_TCP_ACK, 101 + CALL_BYTES + 104 + 904, 501);
	assert_int_equal(rig.data_count, 5);
	/* The server's bytes too. */
	made_piece(SERVER, 501, bytes, 1, 0, 0, 0);
	assert_int_equal(rig.data_count, 6);
	assert_int_equal(rig.data_tuple.sport, 111);
}

/* Data without a third step before it: the acknowledgement that it brings is one. */
static void test_data_opens(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.data_count, 1);
	assert_false(rig.data_open); /* nothing is known of its beginning */
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_RST, 101 + CALL_BYTES, 0);
	made_handshake(9000);
	made_piece(CLIENT, 9001, bytes, CALL_BYTES, 0, 0, 0);
	assert_true(rig.data_open);
}

static void test_tls(void **state)
{
	static const uint8_t hello[] = { 0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 };
	uint8_t bytes[CALL_BYTES], agrees[AGREE_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	bytes[27] = 0;
	bytes[31] = RPCS_AUTH_TLS;
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_true(rig.data_open);
	agree_bytes(agrees, 1);
	made_piece(SERVER, 501, agrees, AGREE_BYTES, 0, 0, 0);
	made_piece(CLIENT, 101 + CALL_BYTES, hello, sizeof(hello), 0, 0, 0);
	assert_int_equal(rig.encrypted_count, 1);
	/* No word will come of its bytes any more, so it must not look silent. */
	assert_false(rig.data_open);
}

static void test_other_port(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.data_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, made_setup_portmapper, teardown),
		cmocka_unit_test_setup_teardown(test_reset, made_setup_portmapper, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, made_setup_portmapper, teardown),
		cmocka_unit_test_setup_teardown(test_data_opens, made_setup_portmapper, teardown),
		cmocka_unit_test_setup_teardown(test_tls, made_setup_portmapper, teardown),
		cmocka_unit_test_setup_teardown(test_other_port, made_setup, teardown),
	};

	return cmocka_run_group_tests_name("stream data", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records of a stage 3 that says anything: nothing breaks, waits for ever, or grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/stream_private.h"
#include "stream_rig.h"
#include "stream_made.h"

static uint32_t below(uint32_t limit)
{
	return (uint32_t)rand() % limit;
}

/* Mostly near each other, and now and then anywhere. */
static uint32_t any_seq(void)
{
	return below(20) ? 101 + below(4000) : (uint32_t)rand() * 3;
}

/* A segment of calls, cut anywhere, with a few bits changed. */
static void any_piece(int side)
{
	uint8_t bytes[CALL_BYTES * 8];
	uint32_t i, skip = below(3) ? 0 : below(CALL_BYTES), len;

	for (i = 0; i < 8; i++)
		call_bytes(bytes + (size_t)i * CALL_BYTES, i);
	for (i = below(4); i > 0; i--)
		bytes[below(sizeof(bytes))] ^= (uint8_t)(1 << below(8));
	if (below(10) == 0)
		bytes[31] = RPCS_AUTH_TLS;
	if (below(10) == 0)
		memcpy(bytes + CALL_BYTES, "\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03", 11);
	len = 1 + below((uint32_t)sizeof(bytes) - skip);
	made_piece(side, 101 + below(90) * CALL_BYTES, bytes + skip, len,
		   below(2) ? RPCS_F_IN_STEP : 0, any_seq(), any_seq());
}

/* A connection of which only the client can be seen goes over to TLS. */
static void any_tls(void)
{
	uint8_t bytes[CALL_BYTES];

	server_port = (uint16_t)(3000 + below(100));
	call_bytes(bytes, 1);
	bytes[31] = RPCS_AUTH_TLS;
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	made_piece(CLIENT, 101 + CALL_BYTES, "\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03", 11, 0, 0, 0);
}

static void any_record(void)
{
	static const uint8_t flags[] = { RPCS_TCP_SYN, RPCS_TCP_SYN | RPCS_TCP_ACK, RPCS_TCP_ACK,
					 RPCS_TCP_FIN, RPCS_TCP_RST };
	int side = (int)below(2);

	made_ns += below(200000000);
	server_port = below(2) ? 111 : 2049;
	if (below(3))
		any_piece(side);
	else if (below(2))
		made_call(any_seq(), 64 + below(below(2) ? 100 : 200000), below(9),
			  (uint16_t)(below(2) * RPCS_F_OPEN + below(2) * RPCS_F_IN_STEP));
	else if (below(2))
		made_control(RPCS_RECORD_END, side, RPCS_TCP_ACK, any_seq(), 0);
	else
		made_control(below(2) ? RPCS_RECORD_CONNECTION : RPCS_RECORD_PROBE, side,
			     flags[below(below(9) ? 3 : 5)], any_seq(), any_seq());
}

static void test_random(void **state)
{
	const struct rpcs_flow_table *flows = &rig.stream->flows;
	uint32_t i;

	(void)state;
	srand(11);
	for (i = 0; i < 60000; i++) {
		any_record();
		if (below(100) == 0)
			any_tls();
		rig.count = rig.connection_count = rig.probe_count = 0;
		assert_true(flows->held_bytes + flows->history_bytes + flows->open_bytes <=
			    settings.limit_reassembly + sizeof(struct rpcs_open));
		if (below(500) == 0)
			rpcs_stream_finish(rig.stream);
	}
	rpcs_stream_finish(rig.stream);
	assert_int_equal(flows->held_bytes, 0);
	assert_int_equal(flows->open_bytes, 0);
	assert_true(counts().tcp_overlaps > 0);
	assert_true(counts().tcp_tls > 0);
	assert_true(counts().messages_incomplete > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, made_setup, teardown),
	};

	return cmocka_run_group_tests_name("stream random", tests, NULL, NULL);
}

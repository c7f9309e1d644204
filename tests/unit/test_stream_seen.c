// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What stage 6 tells besides messages: bytes that differ when they come again,
 * probes, handshakes; and what other ports than the portmapper's get.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream/stream_private.h"
#include "stream_rig.h"
#include "stream_made.h"

/* Held bytes, and bytes that were handed on: the same again is nothing, others are told. */
static void test_overlap(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	call_bytes(bytes, 1);
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, 30, 0, 0, 0);
	made_piece(CLIENT, 111, bytes + 10, 20, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 0);
	bytes[20] ^= 0xff;
	bytes[27] = 9;
	made_piece(CLIENT, 111, bytes + 10, CALL_BYTES - 10, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.procedure, PROC_DUMP); /* the first bytes won */
	assert_int_equal(rig.overlap_count, 1);
	assert_int_equal(rig.overlap.bytes, 2);
	assert_int_equal(rig.overlap.seq, 121);
	assert_int_equal(rig.overlap.shown, 8);
	assert_int_equal(rig.overlap.was[0], (uint8_t)~bytes[20]);
	assert_int_equal(rig.overlap.is[0], bytes[20]);
	assert_int_equal(rig.overlap.was[7], PROC_DUMP);
	assert_int_equal(rig.overlap.is[7], 9);
	assert_int_equal(rig.overlap.seen.frame, 5);
	assert_int_equal(rig.overlap.tuple.sport, CLIENT_PORT);
	/* A keep-alive's byte is anybody's (RFC 1122 4.2.3.6). */
	made_piece(CLIENT, 101 + CALL_BYTES - 1, "\x55", 1, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 1);
	made_piece(CLIENT, 101, "\x55", 1, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 2);
	assert_int_equal(counts().tcp_overlaps, 2);
	assert_int_equal(rig.overlap.shown, 1);
}

/* A record that stage 3 reported: what it says of its bytes is known, and no more. */
static void test_overlap_compact(void **state)
{
	struct test_frame f = { 0 };

	(void)state;
	put32(&f, RPCS_MARK_LAST | 100);
	frame_call(&f, 1, 100003, 3, 7);
	f.len -= 16;
	put32(&f, RPCS_AUTH_SYS);
	put32(&f, 24);
	put32(&f, 0x99999999); /* the stamp is not in the record */
	put32(&f, 4);
	put_bytes(&f, "host", 4);
	put32(&f, 7);
	put32(&f, 0);
	put32(&f, 3); /* nor are the groups */
	put_zeros(&f, 8);
	put32(&f, 11);
	put32(&f, 22);
	put32(&f, 33);
	put32(&f, 44);
	put32(&f, 0x77777777); /* nor what follows */
	made_handshake(100);
	made_call(101, 100, 1, RPCS_F_IN_STEP);
	made_piece(CLIENT, 101, f.bytes, f.len, RPCS_F_IN_STEP, 205, 205);
	assert_int_equal(rig.overlap_count, 0);
	f.bytes[27] = 8; /* the procedure */
	made_piece(CLIENT, 101, f.bytes, f.len, RPCS_F_IN_STEP, 205, 205);
	assert_int_equal(rig.overlap_count, 1);
	assert_int_equal(rig.overlap.seq, 128);
	f.bytes[27] = 7;
	f.bytes[44] = 'g';
	made_piece(CLIENT, 101, f.bytes, f.len, RPCS_F_IN_STEP, 205, 205);
	assert_int_equal(rig.overlap_count, 2);
	/* The whole record again, with other arguments. */
	made_call(101, 100, 2, 0);
	assert_int_equal(rig.overlap_count, 3);
	assert_int_equal(rig.count, 1);
}

/* On another port what was said before is kept once RPC was read there. */
static void test_overlap_ports(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	server_port = 2049;
	call_bytes(bytes, 1);
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 0);
	bytes[7] = 2;
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 1);
	assert_int_equal(rig.overlap.bytes, 1);
	assert_int_equal(rig.overlap.seq, 108);
	assert_int_equal(rig.count, 1);
}

/* The same of a record that the kernel reported. */
static void test_overlap_reported(void **state)
{
	server_port = 2049;
	test_overlap_compact(state);
}

/* Where none was read nothing is. */
static void test_overlap_strange(void **state)
{
	uint8_t bytes[CALL_BYTES] = { 0x80, 0, 0, CALL_BYTES - 4, 1, 2, 3, 4, 9, 9, 9, 9 };

	(void)state;
	server_port = 2049;
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	bytes[5] = 1;
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.overlap_count, 0);
	assert_int_equal(rig.count, 0);
}

static void test_probes(void **state)
{
	(void)state;
	made_control(RPCS_RECORD_PROBE, CLIENT, RPCS_TCP_FIN, 7, 0);
	made_control(RPCS_RECORD_PROBE, CLIENT, 0, 7, 0);
	made_control(RPCS_RECORD_PROBE, CLIENT, RPCS_TCP_ACK, 7, 9);
	assert_int_equal(rig.probe_count, 3);
	assert_int_equal(rig.probes[2].ack, 9);
	assert_int_equal(rig.probes[0].tuple.dport, 111);
	assert_int_equal(counts().probes, 3);
	assert_int_equal(counts().flows, 0);
	/* Stage 3 forgot the flow, the agent did not. */
	made_handshake(100);
	made_control(RPCS_RECORD_PROBE, SERVER, RPCS_TCP_RST, 501, 0);
	made_control(RPCS_RECORD_PROBE, CLIENT, RPCS_TCP_ACK, 101, 501);
	assert_int_equal(rig.connection_count, 3);
	assert_int_equal(rig.connections[2].tcp_flags, RPCS_TCP_RST);
	assert_int_equal(rig.connection_flow[2], rig.connection_flow[0]);
	assert_int_equal(counts().probes, 4);
}

static void test_third_step(void **state)
{
	(void)state;
	made_handshake(100);
	assert_false(rig.established);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_ACK, 101, 77);
	assert_false(rig.established);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_ACK, 101, 501);
	assert_true(rig.established);
	/* Where the server's part was not seen any number will do. */
	server_port = 112;
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_SYN, 100, 0);
	assert_false(rig.established);
	made_control(RPCS_RECORD_CONNECTION, CLIENT, RPCS_TCP_ACK, 101, 77);
	assert_true(rig.established);
}

static bool is_expected(uint32_t xid)
{
	struct rpcs_record_head head;
	struct rpcs_expect_key key = { .port = CLIENT_PORT, .protocol = RPCS_IP_TCP, .xid = xid };

	made_head(&head, 0, CLIENT, 0);
	memcpy(key.client, head.src, sizeof(key.client));
	return rpcs_state_expect_get(rpcs_native_state(rig.native), &key) != RPCS_EXPECT_NOTHING;
}

/* On another port the version tells a call; the reply to one is let through. */
static void test_other_port(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	server_port = 2049;
	made_handshake(100);
	call_bytes(bytes, 1);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_true(is_expected(1));
	call_bytes(bytes, 2);
	bytes[15] = 3;
	made_piece(CLIENT, 145, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(counts().messages_junk, 1);
	assert_false(is_expected(2));
	server_port = 111;
	made_handshake(100);
	made_piece(CLIENT, 101, bytes, CALL_BYTES, 0, 0, 0);
	assert_int_equal(rig.count, 2);
	assert_false(is_expected(2));
}

/* A datagram to `dport` in two fragments, the second one first: stage 1 knows no ports then. */
static void fragments(uint16_t dport, uint16_t id, bool rpc)
{
	struct test_frame f;
	int part;

	for (part = 1; part >= 0; part--) {
		frame_eth(&f, RPCS_ETH_IP4);
		frame_ip4(&f, RPCS_IP_UDP, 0);
		set16(&f, f.ip + 4, id);
		set16(&f, f.ip + 6, part ? 48 / 8 : 0x2000);
		if (part) {
			put_zeros(&f, 40);
		} else {
			frame_udp(&f, 800, dport);
			frame_call(&f, id, 100003, rpc ? 3 : 9, 0);
			if (!rpc)
				f.bytes[f.len - 29] = 3; /* RPC version */
		}
		set16(&f, f.ip + 2, f.len - f.ip);
		if (f.udp)
			set16(&f, f.udp + 4, 88);
		f.udp = 0;
		frame(&f);
	}
}

static void test_fragments(void **state)
{
	(void)state;
	fragments(2049, 1, true);
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.told[0].message.tuple.dport, 2049);
	assert_int_equal(rig.told[0].message.program, 100003);
	fragments(2049, 2, false);
	assert_int_equal(rig.count, 1);
	fragments(111, 3, false);
	assert_int_equal(rig.count, 2);
	settings.any_port = RPCS_ANY_PORT_OFF;
	fragments(2049, 4, true);
	assert_int_equal(rig.count, 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, made_setup_portmapper, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_overlap),	     CASE(test_overlap_compact), CASE(test_overlap_ports),
		CASE(test_overlap_reported), CASE(test_overlap_strange), CASE(test_probes),
		CASE(test_third_step),	     CASE(test_other_port),	 CASE(test_fragments),
	};

	return cmocka_run_group_tests_name("stream seen", tests, NULL, NULL);
}

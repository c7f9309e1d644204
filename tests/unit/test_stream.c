// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records of the native engine in, messages out: the seam between stages 4 and 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stream_rig.h"

static void test_udp(void **state)
{
	struct test_frame f;

	(void)state;
	b_vlan(&f);
	frame(&f);
	b_getaddr(&f); /* too much for a compact record */
	frame(&f);
	b_truncated(&f);
	frame(&f);
	b_not_rpc(&f);
	frame(&f);
	b_short_call(&f);
	frame(&f);
	b_reply_port(&f);
	f.bytes[f.ip + 15] = 2; /* from 10.0.0.2 to 10.0.0.1 */
	f.bytes[f.ip + 19] = 1;
	frame(&f);
	assert_int_equal(rig.count, 4);
	assert_false(rig.told[0].message.reassembled);
	assert_int_equal(rig.told[0].message.seen.vlan[0], 100);
	assert_int_equal(rig.told[0].message.seen.frame, 1);
	assert_int_equal(rig.told[0].message.seen.time_ns, 1000);
	assert_int_equal(rig.told[0].message.tuple.dport, 111);
	assert_true(rig.told[1].message.reassembled);
	assert_int_equal(rig.told[1].message.version, 4);
	assert_int_equal(rig.told[1].message.seen.frame, 2);
	assert_true(rig.told[2].message.truncated);
	assert_null(rig.told[2].message.malformed);
	assert_int_equal(rig.told[3].message.tuple.sport, 111);
	/* One flow, in both directions and through both ways. */
	assert_int_equal(rig.told[1].flow_id, rig.told[0].flow_id);
	assert_int_equal(rig.told[3].flow_id, rig.told[0].flow_id);
	assert_int_equal(counts().messages_junk, 2);
	assert_int_equal(counts().flows, 1);
	assert_int_equal(counts().records_bad, 0);
}

/* A TCP call of `parts` bytes a segment, after a SYN with that number. */
static void tcp_call(uint32_t seq, uint32_t part)
{
	struct test_frame whole, f;
	uint32_t at, len;

	b_tcp_call(&whole);
	for (at = whole.mark; at < whole.len; at += len) {
		len = whole.len - at < part ? whole.len - at : part;
		frame_tcp4(&f, seq + at - whole.mark, RPCS_TCP_ACK);
		put_bytes(&f, whole.bytes + at, len);
		frame_end(&f);
		frame(&f);
	}
}

static void syn(uint32_t seq)
{
	struct test_frame f;

	frame_tcp4(&f, seq, RPCS_TCP_SYN);
	frame_end(&f);
	frame(&f);
}

static void test_tcp(void **state)
{
	(void)state;
	syn(99);
	tcp_call(100, 60); /* frame 2, compact */
	tcp_call(160, 7);  /* frames 3 to 11, reassembled */
	tcp_call(160, 60); /* a retransmission */
	tcp_call(220, 60); /* the flow is in the kernel's hands again */
	assert_int_equal(rig.connection_count, 1);
	assert_int_equal(rig.count, 3);
	assert_false(rig.told[0].message.reassembled);
	assert_int_equal(rig.told[0].message.seen.frame, 2);
	assert_true(rig.told[1].message.reassembled);
	assert_int_equal(rig.told[1].message.seen.frame, 11);
	assert_int_equal(rig.told[1].message.length, 56);
	assert_int_equal(rig.told[2].message.seen.frame, 13);
	assert_false(rig.told[2].message.reassembled);
	assert_int_equal(rig.told[2].flow_id, rig.told[0].flow_id);
	assert_int_equal(rig.overlap_count, 0);
	assert_int_equal(counts().tcp_segments, 10);
	assert_int_equal(counts().tcp_unplaced, 0);
}

/* The flow's end, and the same ports again. */
static void test_tcp_ends(void **state)
{
	struct test_frame f;

	(void)state;
	syn(99);
	tcp_call(100, 60);
	frame_tcp4(&f, 160, RPCS_TCP_RST);
	put_bytes(&f, "go away", 7);
	frame_end(&f);
	frame(&f);
	syn(99);
	tcp_call(100, 60);
	b_tcp_call_fin(&f);
	set16(&f, f.tcp + 6, 160);
	frame(&f);
	assert_int_equal(rig.connection_count, 4);
	assert_int_equal(rig.connections[1].tcp_flags, RPCS_TCP_RST);
	assert_int_equal(rig.connections[1].seq, 160);
	assert_int_equal(rig.connection_flow[1], rig.connection_flow[0]);
	assert_int_not_equal(rig.connection_flow[2], rig.connection_flow[0]);
	assert_int_equal(rig.count, 3);
	assert_int_equal(rig.told[0].flow_id, rig.connection_flow[0]);
	assert_int_equal(rig.told[1].flow_id, rig.connection_flow[2]);
	assert_int_equal(rig.told[2].flow_id, rig.connection_flow[3]);
}

/* A segment that the sensor missed: what came behind it is told at the latest with the end. */
static void test_tcp_hole(void **state)
{
	struct test_frame f;

	(void)state;
	syn(99);
	tcp_call(100, 60);
	tcp_call(220, 60); /* 160 to 219 are missing */
	tcp_call(280, 30);
	assert_int_equal(rig.count, 1);
	frame_tcp4(&f, 340, RPCS_TCP_RST | RPCS_TCP_ACK);
	f.bytes[f.ip + 15] = 2; /* by the server */
	f.bytes[f.ip + 19] = 1;
	set16(&f, f.tcp, 111);
	set16(&f, f.tcp + 2, 900);
	frame_end(&f);
	frame(&f);
	assert_int_equal(rig.count, 3);
	assert_int_equal(rig.told[1].message.seen.frame, 3);
	assert_int_equal(rig.told[2].message.seen.frame, 5);
	assert_int_equal(rig.told[2].message.tuple.dport, 111);
	assert_int_equal(rig.told[2].message.tuple.sport, 900);
	assert_int_equal(rig.told[2].message.tuple.src.bytes[15], 1);
	assert_int_equal(rig.told[2].flow_id, rig.told[0].flow_id);
}

/* A large packet: a v4 GETADDR whose owner fills the frame. */
static int large(struct test_frame *f, uint32_t xid)
{
	frame_udp4(f);
	frame_call(f, xid, RPCS_PORTMAP_PROGRAM, 4, 3);
	put32(f, 100005);
	put32(f, 3);
	put32(f, 0);
	put32(f, 0);
	put32(f, 3700);
	put_zeros(f, 3700);
	frame_end(f);
	return records_of(f);
}

static struct rpcs_record_piece *piece(struct collected *records, int i)
{
	return (void *)records->bytes[i];
}

static void test_pieces_interleaved(void **state)
{
	static struct collected other;
	struct test_frame f;
	int i;

	(void)state;
	assert_int_equal(large(&f, 1), 2);
	other = rig.records;
	assert_int_equal(large(&f, 2), 2);
	for (i = 0; i < 2; i++) {
		piece(&other, i)->cpu = 7;
		piece(&other, i)->packet_id = piece(&rig.records, i)->packet_id;
		record(other.bytes[i], other.len[i]);
		assert_int_equal(rig.count, i);
		record(rig.records.bytes[i], rig.records.len[i]);
	}
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.told[0].message.xid, 1);
	assert_int_equal(rig.told[1].message.xid, 2);
	assert_int_equal(rig.told[1].message.length, 40 + 20 + 3700);
	assert_int_equal(counts().packets_incomplete, 0);
}

/* Either piece lost: nothing comes out, the packet is counted once, the next one is whole. */
static void test_pieces_lost(void **state)
{
	struct test_frame f;
	uint32_t round;

	(void)state;
	for (round = 0; round < 4; round++) {
		large(&f, round);
		/* the second one missing, the first one, ... */
		record(rig.records.bytes[round % 2], rig.records.len[round % 2]);
		large(&f, 100 + round);
		record(rig.records.bytes[0], rig.records.len[0]);
		record(rig.records.bytes[1], rig.records.len[1]);
		assert_int_equal(rig.count, round + 1);
		assert_int_equal(rig.told[round].message.xid, 100 + round);
		assert_int_equal(counts().packets_incomplete, round + 1);
	}
	/* Of two packets with one half each: both. */
	large(&f, 7);
	record(rig.records.bytes[0], rig.records.len[0]);
	large(&f, 8);
	record(rig.records.bytes[1], rig.records.len[1]);
	assert_int_equal(rig.count, 4);
	assert_int_equal(counts().packets_incomplete, 6);
}

/* The last packet of a run, of which a piece or a fragment is missing. */
static void test_pieces_end(void **state)
{
	struct test_frame f;

	(void)state;
	b_fragment(&f);
	frame(&f);
	large(&f, 1);
	record(rig.records.bytes[0], rig.records.len[0]);
	assert_int_equal(counts().packets_incomplete, 0);
	assert_int_equal(counts().ip_expired, 0);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(counts().packets_incomplete, 1);
	assert_int_equal(counts().ip_expired, 1);
	/* Its rest, after all: counted once. */
	record(rig.records.bytes[1], rig.records.len[1]);
	rpcs_stream_finish(rig.stream);
	assert_int_equal(rig.count, 0);
	assert_int_equal(counts().packets_incomplete, 1);
}

static void test_garbage(void **state)
{
	static uint8_t bytes[RPCS_RECORD_BYTES_MAX] __attribute__((aligned(8)));
	struct rpcs_record_head *head = (void *)bytes;
	struct rpcs_record_piece *p = (void *)bytes;
	uint64_t bad = 0;
	uint32_t kind, len;

	(void)state;
	record(bytes, 0);
	record(bytes, sizeof(*head) - 1);
	record(bytes, sizeof(*head)); /* another ABI */
	bad += 3;
	head->abi = RPCS_RECORD_ABI;
	for (kind = 0; kind < 256; kind++) {
		head->kind = (uint8_t)kind;
		for (len = sizeof(*head); len < 72; len++, bad++)
			record(bytes, len);
	}
	assert_int_equal(counts().records_bad, bad);
	/* Pieces that do not fit their packet. */
	memset(bytes, 0, sizeof(bytes));
	head->abi = RPCS_RECORD_ABI;
	head->kind = RPCS_RECORD_PIECE;
	p->packet_len = 100;
	p->piece_len = 51;
	p->offset = 50;
	record(bytes, sizeof(*p) + 51);
	p->piece_len = 50;
	record(bytes, sizeof(*p) + 49);
	p->packet_len = RPCS_PACKET_MAX + 1;
	record(bytes, sizeof(*p) + 50);
	p->packet_len = 40;
	record(bytes, sizeof(*p) + 50);
	assert_int_equal(counts().records_bad, bad + 4);
	p->packet_len = p->piece_len = 40; /* a packet of zeros */
	p->offset = 0;
	record(bytes, sizeof(*p) + 40);
	assert_int_equal(counts().records_bad, bad + 4);
	assert_int_equal(counts().packets_bad, 1);
	assert_int_equal(rig.count, 0);
}

/* Random changes in real records: nothing is read or written out of bounds. */
static void test_mutated(void **state)
{
	struct test_frame f;
	int i, j, round;

	(void)state;
	srand(3);
	for (round = 0; round < 40; round++) {
		for (i = 0; i < packet_case_count; i++) {
			packet_cases[i].build(&f);
			records_of(&f);
			for (j = 0; j < rig.records.count; j++) {
				uint32_t len = rig.records.len[j];
				uint8_t *exact = malloc(len);

				assert_non_null(exact);
				memcpy(exact, rig.records.bytes[j], len);
				exact[(uint32_t)rand() % len] ^= (uint8_t)(1 << rand() % 8);
				record(exact, len - (uint32_t)(rand() % 3 == 0));
				free(exact);
				rig.count = rig.connection_count = 0;
			}
		}
	}
}

static void test_fragment(void **state)
{
	struct test_frame f;

	(void)state;
	b_fragment(&f);
	frame(&f);
	assert_int_equal(rig.count, 0);
	assert_int_equal(counts().ip_fragments, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_udp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_hole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces_interleaved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mutated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fragment, setup, teardown),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}

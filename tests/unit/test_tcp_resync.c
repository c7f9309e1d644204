// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records found again: behind holes whose end is known or not, inside segments, on
 * connections already under way; and large ones, of which only the beginning is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stream/tcp_private.h"
#include "tcp_rig.h"

enum { MSS = 1400 };

static void build(struct rig *rig, uint32_t first, uint32_t count)
{
	uint32_t i;

	rig_start(rig, 0xfffff000, true);
	rig_record(rig, &first, 1);
	for (i = 1; i < count; i++)
		rig_record(rig, &(uint32_t){ 40 + i }, 1);
}

/* The record's end lies inside a segment: what begins there is not lost. */
static void test_end_known(void **state)
{
	struct rig *rig = *state;

	build(rig, 2000, 6);
	feed(rig, 1, 0, 500);
	feed(rig, 2, 900, rig->size - 900);
	assert_int_equal(rig->got, 0);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->got, 5);
	assert_int_equal(rig->taken[0].len, 41);
	assert_int_equal(rig->tcp.unplaced, 400);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, 2004);
	/* The hole reaches to the end exactly, and nothing behind it has come so far. */
	build(rig, 2000, 2);
	feed(rig, 1, 0, 500);
	feed(rig, 2, 600, 1404);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_true(rig->half.in_step);
	feed(rig, 3, 2004, 45);
	assert_int_equal(rig->got, 1);
}

/* A hole in one fragment of several: the others are of no use, the next record is. */
static void test_fragment_end_known(void **state)
{
	static const uint32_t lens[] = { 600, 300, 200 };
	struct rig *rig = *state;

	rig_start(rig, 7, true);
	rig_record(rig, lens, 3);
	rig_record(rig, &(uint32_t){ 44 }, 1);
	feed(rig, 1, 0, 100);
	feed(rig, 2, 200, rig->size - 200);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->got, 1);
	assert_int_equal(rig->last.len, 44);
}

/* The mark itself is missing: the next record is found inside a segment. */
static void test_end_unknown(void **state)
{
	struct rig *rig = *state;
	uint32_t at;

	build(rig, 40, 6);
	at = rig->records[1].start;
	feed(rig, 1, 0, at);
	assert_int_equal(rig->got, 1);
	feed(rig, 2, at + 10, rig->size - at - 10);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->got, 5);
	assert_int_equal(rig->taken[1].len, 42);
	assert_int_equal(rig->half.held_bytes, 0);
}

/* Behind the hole stands a mark alone, on another port: what it marks is not lost. */
static void test_mark_behind_hole(void **state)
{
	struct rig *rig = *state;
	uint32_t at;

	build(rig, 40, 3);
	rig->half.portmapper = false;
	at = rig->records[2].start;
	feed(rig, 1, 0, rig->records[1].start);
	feed(rig, 2, at, RPCS_MARK_BYTES);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_false(rig->half.in_step);
	feed(rig, 3, at + RPCS_MARK_BYTES, rig->size - at - RPCS_MARK_BYTES);
	assert_int_equal(rig->got, 2);
	assert_int_equal(rig->taken[1].len, 42);
}

/* A hole over the end of a record and the mark of the next is one, and given up at once. */
static void test_over_an_end(void **state)
{
	struct rig *rig = *state;
	uint32_t end;

	build(rig, 40, 4);
	end = rig->records[0].end;
	feed(rig, 1, 0, end - 5);
	feed(rig, 2, end + 5, rig->size - end - 5);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->got, 2);
	assert_int_equal(rig->taken[0].len, 42);
}

/* Under way: cut anywhere, in pieces of any size, all records behind the first one come out. */
static void test_midstream_inside(void **state)
{
	static const uint32_t sizes[] = { 1, 3, 17, 100, 5000 };
	struct rig *rig = *state;
	uint32_t from, at, i, len;

	/* On a portmapper's port, then on another one. */
	for (i = 0; i < 10; i++) {
		for (from = 1; from < 44; from += i % 5 ? 1 : 7) {
			build(rig, 40, 6);
			rig->half.in_step = false;
			rig->half.portmapper = i < 5;
			for (at = from; at < rig->size; at += len) {
				len = rig->size - at < sizes[i % 5] ? rig->size - at : sizes[i % 5];
				feed(rig, at, at, len);
			}
			assert_int_equal(rig->got, 5);
			assert_int_equal(rig->taken[0].len, 41);
			rig_lose_gaps(rig);
			assert_int_equal(rig->tcp.unplaced, 44 - from);
		}
	}
}

/* A header of the largest length, a byte a segment: it is kept until it can be told. */
static void test_midstream_long_header(void **state)
{
	enum { BODY = 400, MESSAGE = 40 + 2 * BODY };
	struct rig *rig = *state;
	uint32_t at, round;

	for (round = 0; round < 2; round++) {
		build(rig, MESSAGE, 2);
		/* AUTH_SYS, and a verifier of RPCSEC_GSS, each with so many bytes. */
		rig->stream[RPCS_MARK_BYTES + 27] = 1;
		rig->stream[RPCS_MARK_BYTES + 30] = BODY >> 8;
		rig->stream[RPCS_MARK_BYTES + 31] = BODY & 0xff;
		memset(rig->stream + RPCS_MARK_BYTES + 32 + BODY, 0, 8);
		rig->stream[RPCS_MARK_BYTES + 32 + BODY + 3] = 6;
		rig->stream[RPCS_MARK_BYTES + 32 + BODY + 6] = BODY >> 8;
		rig->stream[RPCS_MARK_BYTES + 32 + BODY + 7] = BODY & 0xff;
		rig->half.in_step = false;
		rig->half.portmapper = round == 0;
		for (at = 0; at < rig->size; at++)
			feed(rig, at + 1, at, 1);
		check_all(rig);
		assert_int_equal(rig->tcp.unplaced, 0);
	}
}

/* What is no RPC is kept for a while as well: it may be the rest of a record that comes late. */
static void test_midstream_other_port(void **state)
{
	static const uint8_t mark[] = { 0x80, 0, 0, 40 };
	struct rig *rig = *state;

	build(rig, 1000, 2);
	rig->half.in_step = false;
	rig->half.portmapper = false;
	memset(rig->stream, 0x55, 500);
	feed(rig, 1, 0, 200);
	memcpy(rig->stream + 496, mark, sizeof(mark));
	feed(rig, 2, 200, 300);
	/* It was none. */
	memset(rig->stream + 500, 0x55, 504);
	feed(rig, 3, 500, 100);
	assert_false(rig->half.in_step);
	/* A hole; the mark alone, then what it stands before. */
	feed(rig, 4, 1004, 4);
	assert_int_equal(rig->got, 0);
	feed(rig, 5, 1008, rig->size - 1008);
	assert_int_equal(rig->got, 1);
	assert_int_equal(rig->last.len, 41);
	assert_int_equal(rig->tcp.unplaced, 0);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, 600);
}

/* The segments come in another order: what was not understood at first is kept. */
static void test_midstream_reordered(void **state)
{
	struct rig *rig = *state;

	build(rig, 3000, 3);
	rig->half.in_step = false;
	feed(rig, 1, 1400, 1400);
	feed(rig, 2, 0, 1400);
	assert_int_equal(rig->got, 0);
	feed(rig, 3, 2800, rig->size - 2800);
	check_all(rig);
	assert_int_equal(rig->tcp.unplaced, 0);
}

/* Bytes without records are kept for a while, never many. */
static void test_midstream_bounded(void **state)
{
	struct rig *rig = *state;
	uint32_t i;

	rig_start(rig, 5, false);
	rig->size = 200000;
	memset(rig->stream, 0x55, rig->size);
	for (i = 0; i + 100 < rig->size; i += 100) {
		feed(rig, i + 1, i, 100);
		assert_true(rig->half.held_bytes <= RPCS_TCP_SEEK_MAX);
	}
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_true(rig->half.held_bytes < 1200);
	rpcs_tcp_end(&rig->tcp, &rig->half);
	assert_int_equal(rig->flows.held_bytes, 0);
	assert_int_equal(rig->tcp.unplaced, i);
	/* Another place altogether: what was kept is given up. */
	feed(rig, 1, 100, 100);
	rpcs_tcp_segment(&rig->tcp, &rig->half, 0x50000000, rig->stream, 100, 100,
			 &(struct rpcs_sighting){ 0 });
	assert_int_equal(rig->half.held_bytes, 100);
}

/* Of a record on another port only the beginning is kept, in whichever order it comes. */
static void test_left_out(void **state)
{
	enum { LARGE = 1000000, REST = LARGE + 4 };
	struct rig *rig = *state;
	uint32_t at, len, order;

	for (order = 0; order < 2; order++) {
		build(rig, LARGE, 3);
		rig->half.portmapper = false;
		feed(rig, 1, 0, MSS);
		for (at = MSS; at + MSS < REST; at += MSS) {
			/* Every other one late: two changes of place. */
			len = at / MSS % 2 == order ? MSS : 0;
			if (len)
				feed(rig, 2, at, len);
		}
		for (at = MSS; at + MSS < REST; at += MSS)
			if (at / MSS % 2 != order)
				feed(rig, 3, at, MSS);
		assert_true(rig->flows.held_bytes <
			    RPCS_TCP_KEPT_MAX + 2 * MSS +
				    rig->half.held_segments * sizeof(struct rpcs_segment));
		feed(rig, 4, at, rig->size - at);
		assert_int_equal(rig->got, 3);
		assert_int_equal(rig->taken[0].len, LARGE);
		assert_int_equal(rig->taken[0].available, RPCS_TCP_KEPT_MAX - 4);
		assert_int_equal(rig->taken[0].frame, 4);
		assert_int_equal(rig->taken[2].len, 42);
		assert_int_equal(rig->flows.held_bytes, 0);
	}
}

/* Many small segments of what is not kept cost one. */
static void test_left_out_joined(void **state)
{
	struct rig *rig = *state;
	uint32_t at;

	build(rig, 1000000, 1);
	rig->half.portmapper = false;
	feed(rig, 1, 0, 70000);
	for (at = 70000; at < 120000; at++)
		feed(rig, at, at, 1);
	assert_true(rig->half.held_segments < 8);
	assert_true(rig->half.in_step);
}

static enum rpcs_looks looks(const uint32_t *words, uint32_t count)
{
	uint8_t bytes[200];
	struct rpcs_found found;
	uint32_t i, word;

	for (i = 0; i < count; i++) {
		word = __builtin_bswap32(words[i]);
		memcpy(bytes + i * 4, &word, 4);
	}
	return rpcs_looks_recognised(bytes, count * 4, &found);
}

#define LOOKS(...)                               \
	looks((const uint32_t[]){ __VA_ARGS__ }, \
	      (uint32_t)(sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)))

/* What passes for a record in the middle of anything. */
static void test_looks(void **state)
{
	const uint32_t last = RPCS_MARK_LAST;

	(void)state;
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0), RPCS_LOOKS_SHORT);
	assert_int_equal(LOOKS(last | 400, 9, 0, 2, 100003, 3, 7, 0, 0, 0, 0), RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 40, 9, 0, 3, 100000, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 7, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 4, 0, 0), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 99, 0, 0, 0), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 36, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_NO);
	/* Behind it must stand another one, or nothing. */
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0, 1 << 30),
			 RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0, last | 24, 1, 1, 0),
			 RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 28, 9, 1, 0, 0, 0, 0, 111), RPCS_LOOKS_YES);
	/* In fragments: the header may be cut, and there may be more of them. */
	assert_int_equal(LOOKS(28, 9, 1, 0, 0, 0, 0, 111), RPCS_LOOKS_LATER);
	assert_int_equal(LOOKS(28, 9, 1, 0, 0, 0, 0, 111, last | 4, 1), RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(28, 9, 1, 0, 0, 0, 0, 111, 1 << 30), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(8, 9, 0, 8, 2, 100000, last | 24, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(8, 9, 0, 8, 3, 100000, last | 24, 2, 4, 0, 0, 0, 0), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(8, 9, 0, 8, 2, 100000), RPCS_LOOKS_SHORT);
	assert_int_equal(LOOKS(4, 9, 4, 1, 0, 4, 0, last | 16, 0, 0, 0, 111), RPCS_LOOKS_YES);
	/* Without bytes, or with too few, a record may stand behind another one. */
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0, last, last | 4, 5),
			 RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0, 0, 4, 5, 4, 0),
			 RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 40, 9, 0, 2, 100000, 2, 4, 0, 0, 0, 0, 4, 5, 4, 2, 4, 2),
			 RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 28, 9, 1, 0, 0, 0, 0, 111, 1 << 30), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 32, 9, 1, 0, 0, 0, 0, 111), RPCS_LOOKS_LATER);
	assert_int_equal(LOOKS(last | 28, 9, 1, 0, 0, 0, 6, 111), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(last | 20, 9, 1, 1, 1, 5), RPCS_LOOKS_YES);
	assert_int_equal(LOOKS(last | 20, 9, 1, 1, 2, 5), RPCS_LOOKS_NO);
	assert_int_equal(LOOKS(0, 0, 0, 0, 0, 0, 0, 0), RPCS_LOOKS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_known),
		cmocka_unit_test(test_fragment_end_known),
		cmocka_unit_test(test_end_unknown),
		cmocka_unit_test(test_mark_behind_hole),
		cmocka_unit_test(test_over_an_end),
		cmocka_unit_test(test_midstream_inside),
		cmocka_unit_test(test_midstream_long_header),
		cmocka_unit_test(test_midstream_other_port),
		cmocka_unit_test(test_midstream_reordered),
		cmocka_unit_test(test_midstream_bounded),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_left_out_joined),
		cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests_name("tcp resync", tests, rig_setup, rig_teardown);
}

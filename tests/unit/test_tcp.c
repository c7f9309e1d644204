// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP streams of records, cut and mixed in every way. What comes out is held
 * against a plain account of which frame brought each byte first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tcp_rig.h"

/* Three records of one, two and four fragments (one of them empty, one of one byte). */
static void build(struct rig *rig, uint32_t isn)
{
	static const uint32_t one[] = { 56 }, two[] = { 40, 13 }, four[] = { 24, 0, 1, 31 };

	rig_start(rig, isn, true);
	rig_record(rig, one, 1);
	rig_record(rig, two, 2);
	rig_record(rig, four, 4);
}

static void test_every_cut(void **state)
{
	struct rig *rig = *state;
	uint32_t a, b;

	build(rig, 1000);
	for (a = 1; a < rig->size; a++) {
		build(rig, 1000);
		feed(rig, 1, 0, a);
		feed(rig, 2, a, rig->size - a);
		check_all(rig);
	}
	for (a = 1; a < rig->size; a += 3) {
		for (b = a + 1; b < rig->size; b += 2) {
			build(rig, 1000);
			feed(rig, 1, b, rig->size - b);
			feed(rig, 2, 0, a);
			feed(rig, 3, a, b - a);
			check_all(rig);
		}
	}
}

/* One byte a segment, forwards and backwards, also over the sequence number's wrap. */
static void test_single_bytes(void **state)
{
	static const uint32_t isns[] = { 7, UINT32_MAX - 100, 0x7fffffff - 100 };
	struct rig *rig = *state;
	uint32_t i, n;

	for (n = 0; n < 3; n++) {
		build(rig, isns[n]);
		for (i = 0; i < rig->size; i++)
			feed(rig, i + 1, i, 1);
		check_all(rig);
		build(rig, isns[n]);
		for (i = rig->size; i > 0; i--)
			feed(rig, rig->size - i + 1, i - 1, 1);
		check_all(rig);
	}
}

/*
 * Random pieces with overlaps: what was fed before comes again with other bytes,
 * and must not count.
 */
static void test_random_overlaps(void **state)
{
	struct rig *rig = *state;
	uint32_t frame, at, len;
	int round;

	srand(7);
	for (round = 0; round < 800; round++) {
		build(rig, (uint32_t)rand() * 3);
		for (frame = 1; !rig_is_fed(rig); frame++) {
			at = (uint32_t)rand() % rig->size;
			len = 1 + (uint32_t)rand() % 40;
			if (at + len > rig->size)
				len = rig->size - at;
			feed(rig, frame, at, len);
		}
		check_all(rig);
	}
}

/* An earlier hole that is filled late does not date the records behind it. */
static void test_dating(void **state)
{
	struct rig *rig = *state;
	uint32_t second;

	build(rig, 5);
	second = rig->records[1].start;
	feed(rig, 1, 0, 20);
	feed(rig, 2, second, rig->size - second);
	assert_int_equal(rig->got, 0);
	feed(rig, 9, 20, second - 20);
	check_all(rig);
	assert_int_equal(rig->records[0].frame, 9);
	assert_int_equal(rig->records[1].frame, 2);
	/* The mark belongs to the record: it comes last here. */
	build(rig, 5);
	feed(rig, 3, 4, rig->size - 4);
	feed(rig, 4, 0, 4);
	check_all(rig);
	assert_int_equal(rig->records[0].frame, 4);
	assert_int_equal(rig->records[2].frame, 3);
}

static void test_only_empty_fragments(void **state)
{
	static const uint32_t empty[] = { 0, 0, 0 }, one[] = { 40 };
	struct rig *rig = *state;

	rig_start(rig, 1, true);
	rig_record(rig, empty, 3); /* nothing to tell */
	rig->count = 0;
	rig_record(rig, one, 1);
	feed(rig, 1, 0, rig->size);
	check_all(rig);
}

/* The capture has only the first `there` bytes of a segment. */
static void test_cut_by_capture(void **state)
{
	static const uint32_t one[] = { 100 }, two[] = { 60, 60 };
	struct rig *rig = *state;

	rig_start(rig, 1, true);
	rig_record(rig, one, 1);
	rig_record(rig, two, 2);
	rig_record(rig, one, 1);
	feed_cut(rig, 1, 0, 104, 44);
	assert_int_equal(rig->got, 1);
	assert_int_equal(rig->last.len, 100);
	assert_int_equal(rig->last.available, 40);
	/* The first fragment is cut; the second one's mark is there all the same. */
	feed_cut(rig, 2, 104, 64, 30);
	feed(rig, 3, 168, 64);
	assert_int_equal(rig->got, 2);
	assert_int_equal(rig->last.len, 120);
	assert_int_equal(rig->last.available, 26);
	assert_int_equal(rig->last.fragments, 2);
	feed(rig, 4, 232, 104);
	assert_int_equal(rig->got, 3);
	assert_int_equal(rig->last.available, 100);
	assert_int_equal(rig->tcp.unplaced, 0);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* Where a mark itself was cut the next record has to be found again. */
static void test_cut_mark(void **state)
{
	static const uint32_t one[] = { 100 };
	struct rig *rig = *state;
	int i;

	rig_start(rig, 1, true);
	for (i = 0; i < 4; i++)
		rig_record(rig, one, 1);
	feed_cut(rig, 1, 0, 208, 50);
	assert_int_equal(rig->got, 1);
	feed(rig, 2, 208, 104);
	feed(rig, 3, 312, 104);
	assert_int_equal(rig->got, 3);
	assert_int_equal(rig->last.frame, 3);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, 104);
	assert_int_equal(rig->flows.held_bytes, 0);
}

static void test_midstream(void **state)
{
	struct rig *rig = *state;
	uint32_t second;

	build(rig, 99);
	rig->half.in_step = false;
	second = rig->records[1].start;
	feed(rig, 1, 20, second - 20); /* the rest of a record */
	assert_int_equal(rig->got, 0);
	feed(rig, 2, second, rig->size - second);
	assert_int_equal(rig->got, 2);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, second - 20);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* What is no RPC loses the step; the next record that is one finds it. */
static void test_junk(void **state)
{
	static const char text[] = "GET / HTTP/1.0\r\n\r\n";
	struct rig *rig = *state;
	uint32_t len = sizeof(text) - 1;

	rig_start(rig, 1, true);
	memcpy(rig->stream, text, len);
	rig->size = len;
	rig_record(rig, &(uint32_t){ 40 }, 1);
	feed(rig, 1, 0, len);
	assert_false(rig->half.in_step);
	feed(rig, 2, len, 44);
	assert_int_equal(rig->got, 1);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, len);
	check_bounds(rig);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* The kernel reported records itself; bytes of the same place are retransmissions. */
static void test_pass(void **state)
{
	struct rig *rig = *state;
	uint32_t first;

	build(rig, 1);
	first = rig->records[1].start;
	rig->half.in_step = false;
	assert_true(rig_pass(rig, 1, 0, first, 0));
	assert_false(rig_pass(rig, 1, 0, first, 0));
	feed(rig, 2, 0, first);
	assert_int_equal(rig->got, 0);
	feed(rig, 3, first, 10);
	assert_true(rig->flows.held_bytes > 0);
	assert_true(rig_pass(rig, 2, first, rig->size - first, 0));
	assert_int_equal(rig->flows.held_bytes, 0);
	assert_int_equal(rig->half.held_bytes, 0);
	assert_int_equal(rig->got, 0);
	assert_int_equal(rig->tcp.unplaced, 0);
}

/* A record that the kernel reports ahead of a hole: what fills the hole is still told. */
static void test_pass_ahead(void **state)
{
	struct rig *rig = *state;
	uint32_t first;

	build(rig, 1);
	first = rig->records[1].start;
	assert_true(rig_pass(rig, 2, first, rig->size - first, 0));
	assert_int_equal(rig->got, 0);
	feed(rig, 3, 0, first);
	assert_int_equal(rig->got, 1);
	assert_int_equal(rig->half.next, rig->isn + rig->size);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* Far from the window in either direction: dropped, never in the way of what follows. */
static void test_out_of_window(void **state)
{
	static const uint32_t far[] = { 0x80000000, 0x7fffffff, 0x7fffff00,
					0x40000001, 0x80000001, 0xffff0000 };
	struct rpcs_sighting seen = { .frame = 1 };
	struct rig *rig = *state;
	uint8_t junk[200] = { 0 };
	uint32_t i;

	for (i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		build(rig, 0xfffffff0);
		rpcs_tcp_segment(&rig->tcp, &rig->half, rig->isn + far[i], junk, sizeof(junk),
				 sizeof(junk), &seen);
		feed(rig, 2, 0, rig->size);
		rig_lose_gaps(rig);
		check_all(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_random_overlaps),
		cmocka_unit_test(test_dating),
		cmocka_unit_test(test_only_empty_fragments),
		cmocka_unit_test(test_cut_by_capture),
		cmocka_unit_test(test_cut_mark),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_pass_ahead),
		cmocka_unit_test(test_out_of_window),
	};

	return cmocka_run_group_tests_name("tcp", tests, rig_setup, rig_teardown);
}

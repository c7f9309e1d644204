// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Holes in TCP streams that nothing fills: what may be held, and how the step comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tcp_rig.h"

enum { MSS = 1400 };

/* Feeds [at, end) in segments, the bounds checked after each. */
static void feed_range(struct rig *rig, uint32_t at, uint32_t end, uint32_t mss)
{
	uint32_t len;

	for (; at < end; at += len) {
		len = end - at < mss ? end - at : mss;
		feed(rig, at + 1, at, len);
		check_bounds(rig);
	}
}

/* A large record each, so that a stream gets long with few of them. */
static void records_of(struct rig *rig, uint32_t len, uint32_t count)
{
	uint32_t i;

	rig_start(rig, 0xfff00000, true);
	for (i = 0; i < count; i++)
		rig_record(rig, &len, 1);
}

/* The hole lies before all that is held. */
static void test_hole_first(void **state)
{
	struct rig *rig = *state;

	records_of(rig, MSS - 4, 8);
	feed(rig, 1, 0, MSS);
	assert_int_equal(rig->got, 1);
	feed(rig, 2, 2 * MSS, MSS);
	assert_int_equal(rig->got, 1);
	feed_range(rig, 3 * MSS, 8 * MSS, MSS);
	assert_int_equal(rig->got, 1);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->got, 7);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* The hole lies inside a record whose beginning is held: that record is lost, not the rest. */
static void test_hole_inside(void **state)
{
	struct rig *rig = *state;

	records_of(rig, 200 * MSS - 4, 12);
	feed_range(rig, 0, 5 * MSS, MSS);
	feed_range(rig, 6 * MSS, rig->size, MSS);
	assert_int_equal(rig->got, 0);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	/* The mark told its end. */
	assert_int_equal(rig->got, 11);
	assert_int_equal(rig->last.frame, rig->size - MSS + 1);
	rig_lose_gaps(rig);
	assert_int_equal(rig->tcp.unplaced, 200 * MSS);
	assert_int_equal(rig->flows.held_bytes, 0);
	/* Nobody gives it up: the limit does. */
	records_of(rig, 300 * MSS - 4, 12);
	feed_range(rig, 0, 5 * MSS, MSS);
	feed_range(rig, 6 * MSS, rig->size, MSS);
	assert_int_equal(rig->got, 11);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* Holes without end: never more than the limits, and nothing stays. */
static void test_many_holes(void **state)
{
	struct rig *rig = *state;
	uint32_t at;

	records_of(rig, 1000, 40);
	rig->size = RIG_STREAM_MAX - 2 * MSS;
	for (at = 0; at + MSS < rig->size; at += MSS + 1) {
		feed(rig, at + 1, at, MSS);
		check_bounds(rig);
	}
	rpcs_half_drop(&rig->flows, &rig->half);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* A byte a segment costs more than a byte: that counts as well. */
static void test_small_segments(void **state)
{
	struct rig *rig = *state;
	uint32_t i;

	records_of(rig, 100000, 1);
	for (i = 1; i < 90000; i++) {
		feed(rig, i, i, 1);
		if (i % 1000 == 0 || rig->half.held_segments == RPCS_TCP_SEGMENTS_MAX)
			check_bounds(rig);
	}
	records_of(rig, 100000, 1);
	rig->flows.held_limit = 2000;
	for (i = 1; i < 3000; i++) {
		feed(rig, i, 6000 - 2 * i, 1);
		check_bounds(rig);
	}
	rig->flows.held_limit = RIG_HELD_LIMIT;
}

/* The largest record that is put together, whole and in fragments; one byte more is not. */
static void test_largest_record(void **state)
{
	static const uint32_t halves[] = { RPCS_TCP_RECORD_MAX / 2, 0, RPCS_TCP_RECORD_MAX / 2 };
	static const uint32_t small[] = { 40 };
	struct rig *rig = *state;

	records_of(rig, RPCS_TCP_RECORD_MAX, 1);
	feed_range(rig, 0, rig->size, MSS);
	check_all(rig);
	rig_start(rig, 1, true);
	rig_record(rig, halves, 3);
	rig_record(rig, small, 1);
	feed_range(rig, 0, rig->size, MSS);
	check_all(rig);
	records_of(rig, RPCS_TCP_RECORD_MAX + 1, 1);
	rig_record(rig, small, 1);
	feed_range(rig, 0, rig->records[1].start, MSS);
	feed(rig, rig->size, rig->records[1].start, 44);
	assert_int_equal(rig->got, 1);
	assert_int_equal(rig->last.len, 40);
	assert_int_equal(rig->tcp.unplaced, 0);
	assert_int_equal(rig->tcp.oversize, 1);
}

/* A record of very many fragments, each of one byte: right, whole, and in one go. */
static void test_many_fragments(void **state)
{
	enum { MANY = 100000 };
	static uint32_t lens[MANY];
	struct rig *rig = *state;
	uint32_t i;

	for (i = 0; i < MANY; i++)
		lens[i] = 1;
	rig_start(rig, UINT32_MAX - 1000, true);
	rig_record(rig, lens, MANY);
	rig_record(rig, lens, 40);
	for (i = 0; i < rig->size; i += 301)
		feed(rig, i + 1, i, rig->size - i < 301 ? rig->size - i : 301);
	check_all(rig);
}

/* The order in which a byte a segment comes. */
enum order { IN_ORDER, BACKWARDS, AFTER_LAST, MIXED };

static uint32_t place_in(enum order order, uint32_t i, uint32_t count)
{
	switch (order) {
	case BACKWARDS:
		return count - 1 - i;
	case AFTER_LAST: /* each lies just before the end of what is held */
		return i == 0 ? count - 1 : i - 1;
	case MIXED:
		/* A prime, so that every place comes once. */
		return (uint32_t)((uint64_t)(i + 1) * 40503 % (count + 1)) - 1;
	default:
		return i;
	}
}

/* A record in so many segments as may be held, in any order: it comes out whole and dated. */
static void test_byte_a_segment(void **state)
{
	enum { COUNT = 65536 }; /* and one more is a prime */
	const uint32_t len = COUNT - RPCS_MARK_BYTES;
	struct rig *rig = *state;
	enum order order;
	uint32_t i;

	for (order = IN_ORDER; order <= MIXED; order++) {
		records_of(rig, len, 1);
		for (i = 0; i < COUNT; i++) {
			feed(rig, i + 1, place_in(order, i, COUNT), 1);
			if (i % 8192 == 0)
				check_bounds(rig);
			/* Without them each search would be a walk over half of the list. */
			if (i == COUNT / 2)
				assert_non_null(rig->half.skip[RPCS_SEGMENT_SKIPS - 1]);
		}
		check_all(rig);
		check_bounds(rig);
	}
}

/* A hole, and a record's length of bytes behind it: the ones before it are not walked over anew. */
static void test_hole_late(void **state)
{
	enum { LEN = 30000 };
	struct rig *rig = *state;
	uint32_t i;

	records_of(rig, LEN, 3);
	for (i = 0; i < 60000; i++)
		if (i != LEN - 10)
			feed(rig, i + 1, i, 1);
	check_bounds(rig);
	assert_int_equal(rig->got, 0);
	/* It knows how far it got: no more than the bytes before the hole. */
	assert_int_equal(rig->half.reached, LEN - 10);
	feed(rig, i + 1, LEN - 10, 1);
	assert_int_equal(rig->got, 1);
	feed(rig, i + 2, i, rig->size - i);
	check_all(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hole_first),     cmocka_unit_test(test_hole_inside),
		cmocka_unit_test(test_many_holes),     cmocka_unit_test(test_small_segments),
		cmocka_unit_test(test_largest_record), cmocka_unit_test(test_many_fragments),
		cmocka_unit_test(test_byte_a_segment), cmocka_unit_test(test_hole_late),
	};

	return cmocka_run_group_tests_name("tcp limits", tests, rig_setup, rig_teardown);
}

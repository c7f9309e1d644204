// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a stream passed over and what comes late for it: before the first record that
 * could be recognised, and in holes that were given up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tcp_rig.h"

/* Six calls of 44 to 49 bytes; the isn lets numbers wrap in the middle. */
static void build(struct rig *rig, bool in_step)
{
	uint32_t i;

	rig_start(rig, 0xffffff80, in_step);
	for (i = 0; i < 6; i++)
		rig_record(rig, &(uint32_t){ 40 + i }, 1);
}

static uint32_t start_of(const struct rig *rig, uint32_t record)
{
	return rig->records[record].start;
}

/* [from, to) in segments of `size`, the last one first. */
static void feed_backwards(struct rig *rig, uint32_t from, uint32_t to, uint32_t size)
{
	uint32_t at = to;

	while (at > from) {
		size = at - from < size ? at - from : size;
		at -= size;
		feed(rig, rig->size - at, at, size);
		check_bounds(rig);
	}
}

/* Under way: the first segments come in any order, and no record between them is lost. */
static void test_backwards(void **state)
{
	static const uint32_t sizes[] = { 1, 7, 30, 60, 100 };
	struct rig *rig = *state;
	uint32_t i, from;

	for (i = 0; i < 10; i++) {
		for (from = 0; from < 44; from += 3) {
			build(rig, false);
			rig->half.portmapper = i < 5;
			feed_backwards(rig, from, rig->size, sizes[i % 5]);
			assert_int_equal(rig->got, from ? 5 : 6);
			rig_lose_gaps(rig);
			assert_int_equal(rig->tcp.unplaced, from ? 44 - from : 0);
			assert_int_equal(rig->flows.held_bytes, 0);
		}
	}
}

/* A record over two segments, of which the later one came first and had another behind it. */
static void test_straddles(void **state)
{
	struct rig *rig = *state;
	uint32_t cut;

	build(rig, false);
	cut = start_of(rig, 2) + 20;
	feed(rig, 1, cut, rig->size - cut);
	assert_int_equal(rig->got, 3);
	feed(rig, 2, 10, cut - 10);
	assert_int_equal(rig->got, 5);
	assert_int_equal(rig->last.frame, 2);
	/* The same again is no news, and neither is what the kernel reports of it. */
	feed(rig, 3, 10, cut - 10);
	assert_false(rig_pass(rig, 4, start_of(rig, 2), 46, 0));
	assert_int_equal(rig->got, 5);
	/* The beginning is: now nothing is missing. */
	feed(rig, 5, 0, 10);
	assert_int_equal(rig->got, 6);
	assert_int_equal(rig->last.frame, 5);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/* The kernel reports a record that lies before all that was seen. */
static void test_pass_early(void **state)
{
	struct rig *rig = *state;
	uint32_t third;

	build(rig, false);
	third = start_of(rig, 2);
	feed(rig, 1, third, rig->size - third);
	assert_int_equal(rig->got, 4);
	assert_true(rig_pass(rig, 2, start_of(rig, 1), 45, 0));
	assert_false(rig_pass(rig, 3, start_of(rig, 1), 45, 0));
	feed(rig, 4, 0, third);
	assert_int_equal(rig->got, 5);
	assert_int_equal(rig->last.len, 40);
	assert_int_equal(rig->flows.held_bytes, 0);
}

/*
 * A decoy lies ahead, and nothing comes for so long that the hole before it is given up:
 * what the sender goes on with is told all the same. So is a record that had begun.
 */
static void test_decoy_ahead(void **state)
{
	struct rig *rig = *state;
	uint32_t begun;

	for (begun = 0; begun < 40; begun += 13) {
		build(rig, true);
		feed(rig, 1, 0, 44 + begun);
		feed(rig, 2, start_of(rig, 4), 48);
		assert_int_equal(rig->got, 1);
		rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
		assert_int_equal(rig->got, 2);
		feed(rig, 3, 44 + begun, 10);
		check_bounds(rig);
		rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
		rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
		feed(rig, 4, 54 + begun, start_of(rig, 4) - 54 - begun);
		assert_int_equal(rig->got, 5);
		assert_int_equal(rig->last.len, 43);
		feed(rig, 5, start_of(rig, 5), 49);
		assert_int_equal(rig->got, 6);
		assert_int_equal(rig->flows.held_bytes, 0);
	}
}

/* The direction is in step where the decoy led it: that is what it waits for in vain. */
static void test_decoy_first(void **state)
{
	struct rig *rig = *state;

	build(rig, false);
	feed(rig, 1, start_of(rig, 5), 49);
	assert_int_equal(rig->got, 1);
	feed(rig, 2, 0, start_of(rig, 1));
	feed(rig, 3, start_of(rig, 1), 45);
	feed(rig, 4, start_of(rig, 2), 46);
	assert_int_equal(rig->got, 4);
	assert_int_equal(rig->last.len, 42);
	assert_int_equal(rig->last.frame, 4);
}

/* A reply keeps what lies inside of it from being taken for a record, until it is decided. */
static void test_reply_waits(void **state)
{
	/* accepted, AUTH_NONE, success */
	static const uint8_t head[28] = { 0x80, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 1 };
	struct rig *rig = *state;
	uint32_t round;

	for (round = 0; round < 2; round++) {
		build(rig, false);
		/* The rest of another record, then the reply of 256 bytes, which holds calls. */
		memmove(rig->stream + 40, rig->stream, 263);
		memset(rig->stream, 0x55, 40);
		memmove(rig->stream + 68, rig->stream + 40, 232);
		memcpy(rig->stream + 40, head, sizeof(head));
		rig->size = 300;
		rig_record(rig, &(uint32_t){ 50 }, 1);
		if (round == 1) /* what follows says that it was none */
			memset(rig->stream + 300, 0x55, 54);
		feed(rig, 1, 0, 100);
		feed(rig, 2, 100, 170);
		assert_int_equal(rig->got, 0);
		assert_true(rig->half.seeking);
		feed(rig, 3, 270, rig->size - 270);
		if (round == 0) {
			assert_int_equal(rig->got, 2);
			assert_int_equal(rig->taken[0].len, 256);
			assert_int_equal(rig->taken[0].frame, 3);
		} else {
			assert_true(rig->got >= 4);
			assert_int_equal(rig->taken[0].len, 40);
		}
		rpcs_tcp_end(&rig->tcp, &rig->half);
		assert_int_equal(rig->flows.held_bytes, 0);
	}
}

/* It is not waited for without end: time passes, and nothing fills the hole in it. */
static void test_reply_with_hole(void **state)
{
	static const uint8_t head[28] = { 0x80, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 1 };
	struct rig *rig = *state;

	build(rig, false);
	memmove(rig->stream + 100, rig->stream, 263);
	memset(rig->stream, 0x55, 100);
	memcpy(rig->stream + 50, head, sizeof(head));
	rig->size = 363;
	feed(rig, 1, 0, 90);
	feed(rig, 2, 110, 160);
	assert_int_equal(rig->got, 0);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_true(rig->got >= 2);
	assert_int_equal(rig->taken[0].len, 41);
}

/* Of the stream before it nothing more is kept than the limits say, and not for ever. */
static void test_bounded(void **state)
{
	struct rig *rig = *state;
	uint32_t i;

	build(rig, true);
	feed(rig, 1, 0, rig->size);
	assert_int_equal(rig->got, 6);
	for (i = 0; i < 3000; i++) {
		uint8_t junk[100];

		memset(junk, 0x55, sizeof(junk));
		rpcs_tcp_segment(&rig->tcp, &rig->half, rig->isn - 200000 + i * 61 % 1999 * 100,
				 junk, sizeof(junk), sizeof(junk), &(struct rpcs_sighting){ 0 });
		check_bounds(rig);
		assert_true(rig->flows.held_bytes < 1 << 16);
	}
	for (i = 0; i < RPCS_GAP_ROUNDS_SEEK; i++)
		rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rig->flows.held_bytes, 0);
	assert_int_equal(rig->got, 6);
}

/* Stage 3 is told where a repetition may be none. */
static void test_wants(void **state)
{
	struct rig *rig = *state;

	build(rig, true);
	feed(rig, 1, 0, 44);
	assert_int_equal(rpcs_tcp_wants(&rig->half), 0);
	feed(rig, 2, start_of(rig, 2), 46);
	rpcs_tcp_skip_hole(&rig->tcp, &rig->half);
	assert_int_equal(rpcs_tcp_wants(&rig->half), rig->isn + start_of(rig, 2));
	feed(rig, 3, 44, 45);
	assert_int_equal(rig->got, 3);
	assert_int_equal(rpcs_tcp_wants(&rig->half), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backwards),   cmocka_unit_test(test_straddles),
		cmocka_unit_test(test_pass_early),  cmocka_unit_test(test_decoy_ahead),
		cmocka_unit_test(test_decoy_first), cmocka_unit_test(test_reply_waits),
		cmocka_unit_test(test_bounded),	    cmocka_unit_test(test_reply_with_hole),
		cmocka_unit_test(test_wants),
	};

	return cmocka_run_group_tests_name("tcp gaps", tests, rig_setup, rig_teardown);
}

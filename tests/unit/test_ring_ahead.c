// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is told ahead of a ring's records: each in its turn, and nothing of what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ring_fake.h"
#include "source/ring.h"

#define OWNED_RING RPCS_CLEANUP(rpcs_ring_free) struct rpcs_ring

enum { RINGS = 2, LEN = sizeof(struct rpcs_record_head) };

/* What a slot has of its record. */
struct note {
	uint64_t time_ns;
	uint32_t len;
	bool near;
};

static struct fake_ring fakes[RINGS];
static struct rpcs_bell bells[RINGS];
static struct {
	const struct note *turn; /* of the next record */
	bool has_turn;
	uint32_t foreseen, taken, unforeseen, near;
} told;

static void foresee(void *arg, const void *record, uint32_t len, void *slot)
{
	const struct rpcs_record_head *head = record;
	struct note *note = slot;

	assert_ptr_equal(arg, &told);
	*note = (struct note){ .time_ns = head->time_ns, .len = len };
	told.foreseen++;
}

static void near(void *arg, void *slot)
{
	assert_ptr_equal(arg, &told);
	((struct note *)slot)->near = true;
	told.near++;
}

static void turn(void *arg, const void *slot)
{
	assert_ptr_equal(arg, &told);
	told.turn = slot;
	told.has_turn = true;
}

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_head *head = record;

	(void)arg;
	(void)frame;
	assert_true(told.has_turn);
	told.has_turn = false;
	told.taken++;
	told.unforeseen += !told.turn;
	if (!told.turn)
		return;
	assert_int_equal(told.turn->time_ns, head->time_ns);
	assert_int_equal(told.turn->len, len);
}

static const struct rpcs_lookout lookout = { .slot_bytes = sizeof(struct note),
					     .foresee = foresee,
					     .near = near,
					     .turn = turn,
					     .arg = &told };

static struct rpcs_ring *open_rings(uint32_t count)
{
	struct rpcs_ring_memory memories[RINGS];
	struct rpcs_ring *ring = NULL;
	uint32_t i;

	for (i = 0; i < count; i++)
		memories[i] = fake_memory(&fakes[i]);
	assert_int_equal(rpcs_ring_over(memories, count, bells, take, NULL, &ring), 0);
	assert_int_equal(rpcs_ring_look_out(ring, &lookout), 0);
	return ring;
}

static int set_up(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < RINGS; i++)
		fake_open(&fakes[i]);
	memset(&told, 0, sizeof(told));
	return 0;
}

static int tear_down(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < RINGS; i++)
		fake_close(&fakes[i]);
	return 0;
}

static void consume(struct rpcs_ring *ring, uint32_t limit)
{
	bool more;

	assert_int_equal(rpcs_ring_consume(ring, limit, &more), 0);
}

/* All but the first, however they are taken, over the ring's end and over what was taken back. */
static void test_each_in_its_turn(void **state)
{
	OWNED_RING *ring = open_rings(1);
	uint32_t i, round;

	(void)state;
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 100; i++) {
			assert_true(fake_put(&fakes[0], round * 100 + i + 1, LEN + i));
			if (i % 7 == 3)
				fake_discard(&fakes[0], LEN);
		}
		for (i = 0; i < 10; i++)
			consume(ring, 10);
	}
	assert_int_equal(told.taken, 4000);
	assert_int_equal(told.unforeseen, 40);
	assert_int_equal(told.foreseen, 4000 - 40);
	assert_int_equal(told.near, 4000 - 40 * RPCS_AHEAD_NEAR);
}

/* One alone is told of by nobody, and what is being written is not read. */
static void test_alone(void **state)
{
	OWNED_RING *ring = open_rings(1);
	uint32_t i;
	void *room;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_true(fake_put(&fakes[0], i + 1, LEN));
		room = fake_reserve(&fakes[0], LEN);
		assert_non_null(room);
		consume(ring, 10);
		assert_int_equal(told.taken, i + 1);
		fake_commit(room, LEN | BPF_RINGBUF_DISCARD_BIT);
	}
	assert_int_equal(told.foreseen, 0);
	assert_int_equal(told.unforeseen, 5);
}

/* Two rings by the times of their records: each has its own ones ahead. */
static void test_two_rings(void **state)
{
	OWNED_RING *ring = open_rings(2);
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_true(fake_put(&fakes[i % 3 == 0], i + 1, LEN + i % 5));
	consume(ring, 200);
	assert_int_equal(told.taken, 100);
	assert_int_equal(told.unforeseen, 2);
}

/* Where somebody else has read meanwhile, nothing that was foreseen holds. */
static void test_two_readers(void **state)
{
	OWNED_RING *ring = open_rings(1);
	OWNED_RING *other = open_rings(1);
	uint32_t i;

	(void)state;
	for (i = 0; i < 60; i++)
		assert_true(fake_put(&fakes[0], i + 1, LEN));
	for (i = 0; i < 6; i++)
		consume(i % 2 ? other : ring, 10);
	assert_int_equal(told.taken, 60);
	assert_int_equal(told.unforeseen, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_in_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_rings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_readers, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("ring_ahead", tests, NULL, NULL);
}

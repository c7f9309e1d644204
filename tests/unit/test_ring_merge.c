// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Several rings as one: the order, who holds whom up, and who wakes whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "ring_fake.h"
#include "source/ring.h"

enum { RINGS = 3, TAKEN_MAX = 4096, LEN = 128, ANSWERS = 20000 };

static struct fake_ring fakes[RINGS];
static struct rpcs_bell bells[RINGS];
static struct rpcs_ring *ring;
static struct {
	uint32_t count;
	uint64_t times[TAKEN_MAX];
	uint64_t last, disorder;
} taken;

static void take(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	const struct rpcs_record_head *head = record;

	(void)arg;
	assert_null(frame);
	assert_int_equal(len, LEN);
	if (taken.count < TAKEN_MAX)
		taken.times[taken.count] = head->time_ns;
	taken.count++;
	taken.disorder += head->time_ns < taken.last;
	taken.last = head->time_ns;
}

static void open_rings(uint32_t count)
{
	struct rpcs_ring_memory memories[RINGS];
	uint32_t i;

	for (i = 0; i < RINGS; i++) {
		fake_open(&fakes[i]);
		memories[i] = fake_memory(&fakes[i]);
	}
	memset(&taken, 0, sizeof(taken));
	memset(bells, 0, sizeof(bells));
	assert_int_equal(rpcs_ring_over(memories, count, bells, take, NULL, &ring), 0);
}

static int set_up(void **state)
{
	(void)state;
	open_rings(RINGS);
	return 0;
}

static int set_up_one(void **state)
{
	(void)state;
	open_rings(1);
	return 0;
}

static int tear_down(void **state)
{
	uint32_t i;

	(void)state;
	rpcs_ring_free(&ring);
	for (i = 0; i < RINGS; i++)
		fake_close(&fakes[i]);
	return 0;
}

static void put(uint32_t number, uint64_t time_ns)
{
	assert_true(fake_put(&fakes[number], time_ns, LEN));
}

/** Takes at most `limit`; were there more? */
static bool consume(uint32_t limit)
{
	bool more = false;

	assert_int_equal(rpcs_ring_consume(ring, limit, &more), 0);
	return more;
}

static void expect(const uint64_t *times, uint32_t count)
{
	assert_int_equal(taken.count, count);
	assert_memory_equal(taken.times, times, count * sizeof(*times));
}

static void test_earliest_first(void **state)
{
	static const uint64_t wanted[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

	(void)state;
	put(0, 1);
	put(1, 2);
	put(1, 3);
	put(2, 4);
	put(0, 5);
	put(2, 6);
	put(1, 7);
	put(1, 8);
	put(0, 9);
	assert_false(consume(100));
	expect(wanted, 9);
	assert_true(rpcs_ring_found(ring));
	assert_false(consume(100));
	assert_false(rpcs_ring_found(ring));
	assert_int_equal(taken.count, 9);
}

static void test_limit(void **state)
{
	static const uint64_t wanted[] = { 1, 2, 3, 4, 5 };

	(void)state;
	put(0, 1);
	put(0, 2);
	put(1, 3);
	put(1, 4);
	put(0, 5);
	assert_true(consume(3));
	assert_int_equal(taken.count, 3);
	/* What was taken is given back, no more. */
	assert_int_equal(fakes[0].writer - fakes[0].reader, LEN + 8);
	assert_int_equal(fakes[1].writer - fakes[1].reader, LEN + 8);
	assert_false(consume(3));
	expect(wanted, 5);
	assert_int_equal(rpcs_ring_consume(ring, 0, NULL), -EINVAL);
}

/* The pieces of a packet have its time, and must not be torn apart. */
static void test_equal_times_stay_together(void **state)
{
	struct rpcs_record_head *room;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		room = fake_reserve(&fakes[0], LEN);
		room->time_ns = 5;
		fake_commit(room, LEN);
		put(1, 5);
	}
	assert_true(consume(3));
	assert_int_equal(fakes[0].reader, fakes[0].writer);
	assert_int_equal(fakes[1].reader, FAKE_BEGIN);
	assert_false(consume(100));
	assert_int_equal(taken.count, 6);
}

/* A clock may be coarse. */
static void test_replies_come_last(void **state)
{
	struct rpcs_record_head *room;

	(void)state;
	room = fake_reserve(&fakes[0], LEN);
	room->time_ns = 5;
	room->kind = RPCS_RECORD_REPLY;
	fake_commit(room, LEN);
	put(1, 5);
	put(2, 5);
	assert_true(consume(2));
	assert_int_equal(fakes[0].reader, FAKE_BEGIN);
	assert_false(consume(100));
	assert_int_equal(taken.count, 3);
}

static void test_quiet_rings_hold_nothing_up(void **state)
{
	static const uint64_t wanted[] = { 1000, 5 };

	(void)state;
	put(2, 1000);
	assert_false(consume(100));
	assert_int_equal(taken.count, 1);
	/* Late, and not in order: nobody could have known. */
	put(0, 5);
	assert_false(consume(100));
	expect(wanted, 2);
}

static void test_busy_holds_up(void **state)
{
	static const uint64_t wanted[] = { 1, 2, 3 };
	struct rpcs_record_head *room;

	(void)state;
	room = fake_reserve(&fakes[0], LEN);
	put(0, 3);
	put(1, 2);
	assert_true(consume(100));
	assert_int_equal(taken.count, 0);
	room->time_ns = 1;
	fake_commit(room, LEN);
	assert_false(consume(100));
	expect(wanted, 3);
}

static void test_busy_not_for_long(void **state)
{
	static const uint64_t wanted[] = { 2, 3, 1 };
	uint64_t begin = rpcs_clock_monotonic(), end;
	struct rpcs_record_head *room;

	(void)state;
	room = fake_reserve(&fakes[0], LEN);
	put(1, 2);
	put(2, 3);
	while (consume(100))
		;
	end = rpcs_clock_monotonic();
	assert_true(end - begin >= RPCS_NSEC_PER_MSEC);
	assert_int_equal(taken.count, 2);
	/* Its writer will look at the bell: one may sleep meanwhile. */
	assert_true(rpcs_ring_arm(ring));
	rpcs_ring_disarm(ring);
	room->time_ns = 1;
	fake_commit(room, LEN);
	assert_false(consume(100));
	expect(wanted, 3);
}

static void test_one_ring(void **state)
{
	static const uint64_t wanted[] = { 5, 4, 6 };
	struct rpcs_record_head *room;

	(void)state;
	/* In the order that it has: CPUs that share it take their time before their room. */
	put(0, 5);
	put(0, 4);
	room = fake_reserve(&fakes[0], LEN);
	room->time_ns = 6;
	assert_false(consume(100));
	assert_int_equal(taken.count, 2);
	fake_commit(room, LEN);
	assert_false(consume(100));
	expect(wanted, 3);
}

static void test_fill(void **state)
{
	uint32_t i;

	(void)state;
	consume(100);
	assert_int_equal(rpcs_ring_fill(ring), 0);
	for (i = 0; i < FAKE_BYTES / 4 / (LEN + 8); i++)
		put(1, i);
	put(0, 1);
	consume(1000);
	/* As it was found, and of the fullest. */
	assert_in_range(rpcs_ring_fill(ring), 62, 64);
	consume(1000);
	assert_int_equal(rpcs_ring_fill(ring), 0);
}

static void expect_bells(uint32_t wanted)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		assert_int_equal(bells[i].wanted, wanted);
}

static void test_arm(void **state)
{
	(void)state;
	assert_true(rpcs_ring_arm(ring));
	expect_bells(1);
	rpcs_ring_disarm(ring);
	expect_bells(0);
	put(2, 1);
	assert_false(rpcs_ring_arm(ring));
	expect_bells(0);
	consume(1);
	/* What a wake-up leaves is nothing to wake for. */
	fake_discard(&fakes[1], 8);
	assert_true(rpcs_ring_arm(ring));
	assert_int_equal(fakes[1].reader, fakes[1].writer);
	rpcs_ring_disarm(ring);
}

static atomic_ulong turn;

/** Each answers what the other has put into its ring: number after number. */
static void *answer(void *arg)
{
	uint64_t me = (uintptr_t)arg, now;

	for (now = me; now < ANSWERS; now += 2) {
		while (turn != now)
			sched_yield();
		while (!fake_put(&fakes[me], now + 1, LEN))
			sched_yield();
		turn = now + 1;
	}
	return NULL;
}

/* A record whose cause lies in another ring never comes first, whenever one looks. */
static void test_answers_come_behind(void **state)
{
	pthread_t threads[2];
	uintptr_t i;

	(void)state;
	turn = 0;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, answer, (void *)i), 0);
	while (taken.count < ANSWERS)
		consume(64);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken.count, ANSWERS);
	assert_int_equal(taken.disorder, 0);
}

static void test_refused(void **state)
{
	struct rpcs_ring_memory memory = { 0 };
	struct rpcs_ring *other = NULL;

	(void)state;
	assert_int_equal(rpcs_ring_over(&memory, 0, bells, take, NULL, &other), -EINVAL);
	assert_int_equal(rpcs_ring_over(&memory, RPCS_RINGS_MAX + 1, bells, take, NULL, &other),
			 -EINVAL);
	assert_null(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_earliest_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_equal_times_stay_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replies_come_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quiet_rings_hold_nothing_up, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_busy_holds_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy_not_for_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_ring, set_up_one, tear_down),
		cmocka_unit_test_setup_teardown(test_fill, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answers_come_behind, set_up, tear_down),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

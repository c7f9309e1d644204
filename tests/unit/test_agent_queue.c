// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The queue before the journal writer: bounded, in order, every loss counted, never blocking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/ipc.h"
#include "agent/queue.h"
#include "base/cleanup.h"

enum { SLOTS = 8, SLOT_SIZE = 64 };

static void test_sends_in_order_round_the_ring(void **state)
{
	RPCS_CLEANUP(rpcs_queue_free)
	struct rpcs_queue *queue = rpcs_queue_new(SLOTS, SLOT_SIZE);
	char text[SLOT_SIZE], got[SLOT_SIZE];
	int fds[2], round, i, next = 0, expected = 0;

	(void)state;
	assert_non_null(queue);
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	for (round = 0; round < 10; round++) {
		/* 5 of 8 slots: the ring's end falls everywhere. */
		for (i = 0; i < 5; i++) {
			int len = snprintf(text, sizeof(text), "entry %d", next++);

			assert_int_equal(rpcs_queue_add(queue, text, (size_t)len + 1), 0);
		}
		assert_int_equal(rpcs_queue_counts(queue).waiting, 5);
		assert_int_equal(rpcs_queue_send(queue, fds[0]), 0);
		for (i = 0; i < 5; i++) {
			snprintf(text, sizeof(text), "entry %d", expected++);
			assert_int_equal(recv(fds[1], got, sizeof(got), 0), strlen(text) + 1);
			assert_string_equal(got, text);
		}
	}
	assert_int_equal(rpcs_queue_counts(queue).sent, 50);
	assert_int_equal(rpcs_queue_counts(queue).dropped, 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_full_queue_drops_the_newest_and_counts(void **state)
{
	RPCS_CLEANUP(rpcs_queue_free)
	struct rpcs_queue *queue = rpcs_queue_new(SLOTS, SLOT_SIZE);
	char got[SLOT_SIZE];
	int fds[2], i;

	(void)state;
	assert_non_null(queue);
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	for (i = 0; i < SLOTS + 3; i++)
		assert_int_equal(rpcs_queue_add(queue, &i, sizeof(i)), i < SLOTS ? 0 : -ENOBUFS);
	assert_int_equal(rpcs_queue_counts(queue).waiting, SLOTS);
	assert_int_equal(rpcs_queue_counts(queue).dropped, 3);

	assert_int_equal(rpcs_queue_send(queue, fds[0]), 0);
	for (i = 0; i < SLOTS; i++) {
		int number;

		assert_int_equal(recv(fds[1], got, sizeof(got), 0), sizeof(number));
		memcpy(&number, got, sizeof(number));
		assert_int_equal(number, i);
	}
	assert_int_equal(rpcs_queue_add(queue, "x", 1), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_lengths_are_bounded(void **state)
{
	RPCS_CLEANUP(rpcs_queue_free)
	struct rpcs_queue *queue = rpcs_queue_new(SLOTS, SLOT_SIZE);
	char bytes[SLOT_SIZE + 1] = { 0 };

	(void)state;
	assert_non_null(queue);
	assert_int_equal(rpcs_queue_add(queue, bytes, SLOT_SIZE), 0);
	assert_int_equal(rpcs_queue_add(queue, bytes, SLOT_SIZE + 1), -EMSGSIZE);
	assert_int_equal(rpcs_queue_add(queue, bytes, 0), -EMSGSIZE);
	rpcs_queue_drop(queue);
	assert_int_equal(rpcs_queue_counts(queue).waiting, 1);
	assert_int_equal(rpcs_queue_counts(queue).dropped, 3);
}

static void test_stalled_reader_costs_entries_only(void **state)
{
	enum { ENTRIES = 4096 };
	RPCS_CLEANUP(rpcs_queue_free)
	struct rpcs_queue *queue = rpcs_queue_new(SLOTS, SLOT_SIZE);
	struct rpcs_queue_counts counts;
	uint64_t received = 0;
	int fds[2], i, number, last = -1;

	(void)state;
	assert_non_null(queue);
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	for (i = 0; i < ENTRIES; i++) {
		rpcs_queue_add(queue, &i, sizeof(i));
		rpcs_queue_send(queue, fds[0]);
	}
	counts = rpcs_queue_counts(queue);
	assert_true(counts.dropped > 0);
	assert_int_equal(counts.waiting, SLOTS);
	assert_int_equal(counts.sent + counts.waiting + counts.dropped, ENTRIES);
	assert_int_equal(rpcs_queue_send(queue, fds[0]), -EAGAIN);

	/* The reader wakes up: what was kept arrives, in order, and nothing else. */
	while (recv(fds[1], &number, sizeof(number), 0) == sizeof(number)) {
		assert_true(number > last);
		last = number;
		received++;
		rpcs_queue_send(queue, fds[0]);
	}
	counts = rpcs_queue_counts(queue);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(received, counts.sent);
	assert_int_equal(received + counts.dropped, ENTRIES);
	close(fds[0]);
	close(fds[1]);
}

static void test_reader_gone_drops_what_waits(void **state)
{
	RPCS_CLEANUP(rpcs_queue_free)
	struct rpcs_queue *queue = rpcs_queue_new(SLOTS, SLOT_SIZE);
	int fds[2];

	(void)state;
	assert_non_null(queue);
	assert_int_equal(rpcs_ipc_pair(fds), 0);
	close(fds[1]);
	assert_int_equal(rpcs_queue_add(queue, "a", 1), 0);
	assert_int_equal(rpcs_queue_add(queue, "b", 1), 0);
	assert_int_equal(rpcs_queue_send(queue, fds[0]), -EPIPE);
	assert_int_equal(rpcs_queue_counts(queue).waiting, 0);
	assert_int_equal(rpcs_queue_counts(queue).dropped, 2);
	assert_int_equal(rpcs_queue_send(queue, fds[0]), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sends_in_order_round_the_ring),
		cmocka_unit_test(test_full_queue_drops_the_newest_and_counts),
		cmocka_unit_test(test_lengths_are_bounded),
		cmocka_unit_test(test_stalled_reader_costs_entries_only),
		cmocka_unit_test(test_reader_gone_drops_what_waits),
	};

	return cmocka_run_group_tests_name("agent/queue", tests, NULL, NULL);
}

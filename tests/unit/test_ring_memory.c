// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One ring by its memory: the end of the data, records being written, those taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring_fake.h"

static struct fake_ring fake;
static struct rpcs_ring_memory memory;

static int set_up(void **state)
{
	(void)state;
	fake_open(&fake);
	memory = fake_memory(&fake);
	rpcs_ring_memory_begin(&memory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_close(&fake);
	return 0;
}

static enum rpcs_ring_head head(uint64_t *ret_time, uint32_t *ret_len)
{
	const struct rpcs_record_head *record = NULL;
	const void *at = NULL;
	enum rpcs_ring_head found = rpcs_ring_memory_head(&memory, &at, ret_len);

	if (found == RPCS_RING_RECORD) {
		record = at;
		*ret_time = record->time_ns;
	}
	return found;
}

static void expect(uint64_t time_ns, uint32_t len)
{
	uint64_t found_ns = 0;
	uint32_t found = 0;

	assert_int_equal(head(&found_ns, &found), RPCS_RING_RECORD);
	assert_int_equal(found_ns, time_ns);
	assert_int_equal(found, len);
	rpcs_ring_memory_next(&memory, len);
}

static void expect_none(enum rpcs_ring_head wanted)
{
	uint64_t time_ns;
	uint32_t len;

	assert_int_equal(head(&time_ns, &len), wanted);
}

static void test_looks_alone_move_the_end(void **state)
{
	(void)state;
	rpcs_ring_memory_look(&memory);
	expect_none(RPCS_RING_EMPTY);
	assert_true(fake_put(&fake, 1, 128));
	expect_none(RPCS_RING_EMPTY);
	assert_int_equal(rpcs_ring_memory_look(&memory), fake.writer);
	expect(1, 128);
	expect_none(RPCS_RING_EMPTY);
}

static void test_busy(void **state)
{
	struct rpcs_record_head *room;

	(void)state;
	room = fake_reserve(&fake, 100);
	assert_true(fake_put(&fake, 8, 64));
	rpcs_ring_memory_look(&memory);
	/* What lies behind it has to wait. */
	expect_none(RPCS_RING_BUSY);
	expect_none(RPCS_RING_BUSY);
	room->time_ns = 7;
	fake_commit(room, 100);
	expect(7, 100);
	expect(8, 64);
	expect_none(RPCS_RING_EMPTY);
}

static void test_discarded(void **state)
{
	void *room;

	(void)state;
	fake_discard(&fake, 8);
	fake_discard(&fake, 2000);
	assert_true(fake_put(&fake, 1, 65));
	fake_discard(&fake, 9);
	rpcs_ring_memory_look(&memory);
	expect(1, 65);
	expect_none(RPCS_RING_EMPTY);
	/* Their room is given back too. */
	rpcs_ring_memory_give(&memory);
	assert_int_equal(fake.reader, fake.writer);
	room = fake_reserve(&fake, 16);
	rpcs_ring_memory_look(&memory);
	expect_none(RPCS_RING_BUSY);
	fake_commit(room, 16 | BPF_RINGBUF_DISCARD_BIT);
	expect_none(RPCS_RING_EMPTY);
}

static void test_gives_back_when_told(void **state)
{
	(void)state;
	while (fake_put(&fake, 1, 128))
		;
	rpcs_ring_memory_look(&memory);
	expect(1, 128);
	assert_false(fake_put(&fake, 2, 128));
	assert_int_equal(fake.reader, FAKE_BEGIN);
	rpcs_ring_memory_give(&memory);
	assert_int_equal(fake.reader, FAKE_BEGIN + 136);
	assert_true(fake_put(&fake, 2, 128));
	assert_false(fake_put(&fake, 3, 128));
	/* Another reader goes on from there. */
	memory = fake_memory(&fake);
	rpcs_ring_memory_begin(&memory);
	rpcs_ring_memory_look(&memory);
	expect(1, 128);
}

/* Records of all lengths, over the end of the data and of the positions, many times. */
static void test_wraps(void **state)
{
	uint64_t put = 0, taken = 0, seed = 1;
	uint32_t lengths[256], len;

	(void)state;
	while (taken < 20000) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		len = 16 + (uint32_t)(seed >> 33) % 2200;
		if (put - taken < 256 && fake_put(&fake, put, len)) {
			lengths[put++ % 256] = len;
			continue;
		}
		rpcs_ring_memory_look(&memory);
		for (; taken < put; taken++)
			expect(taken, lengths[taken % 256]);
		expect_none(RPCS_RING_EMPTY);
		rpcs_ring_memory_give(&memory);
	}
	assert_true(fake.writer < FAKE_BEGIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_looks_alone_move_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_discarded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gives_back_when_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wraps, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("ring_memory", tests, NULL, NULL);
}

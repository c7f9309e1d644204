// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The gate of a crowd, against one that looks at each source in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "detect/gate.h"

enum { UNIT_SHIFT = 20, WINDOW = (int)((60 * RPCS_NSEC_PER_SEC) >> UNIT_SHIFT) };

struct plain {
	uint32_t count;
	uint64_t last_ns;
	uint32_t hashes[RPCS_GATE_SOURCES], times[RPCS_GATE_SOURCES];
	bool own[RPCS_GATE_SOURCES];
};

static void plain_drop(struct plain *gate, uint32_t at)
{
	gate->count--;
	gate->hashes[at] = gate->hashes[gate->count];
	gate->times[at] = gate->times[gate->count];
	gate->own[at] = gate->own[gate->count];
}

static bool plain_is_crowded(struct plain *gate, uint32_t hash, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns >> UNIT_SHIFT), i = 0, found = UINT32_MAX, oldest = 0;
	bool crowded;

	if (rpcs_time_is_up(gate->last_ns, 60 * RPCS_NSEC_PER_SEC, now_ns))
		gate->count = 0;
	gate->last_ns = now_ns;
	while (i < gate->count) {
		if ((int32_t)(now - gate->times[i]) >= WINDOW) {
			plain_drop(gate, i);
			continue;
		}
		if (gate->hashes[i] == hash)
			found = i;
		if ((int32_t)(now - gate->times[i]) > (int32_t)(now - gate->times[oldest]))
			oldest = i;
		i++;
	}
	crowded = gate->count == RPCS_GATE_SOURCES;
	if (found == UINT32_MAX) {
		found = crowded ? oldest : gate->count++;
		gate->own[found] = false;
	}
	gate->hashes[found] = hash;
	gate->times[found] = now;
	gate->own[found] |= !crowded;
	return crowded && !gate->own[found];
}

static uint32_t drawn;

static uint32_t draw(uint32_t below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)drawn * below >> 32);
}

/* Steps of up to so much, some of them back; of so many sources. */
static void compare(uint32_t sources, uint32_t step_ms)
{
	struct rpcs_gate gate = { 0 };
	struct plain plain = { 0 };
	uint64_t now_ns = 1700000000 * RPCS_NSEC_PER_SEC;
	uint32_t i, hash, crowded = 0;
	bool expected;

	for (i = 0; i < 20000; i++) {
		/* As small as what a place that nobody has is filled with. */
		hash = draw(sources);
		now_ns += draw(step_ms) * RPCS_NSEC_PER_MSEC;
		if (draw(8) == 0)
			now_ns -= draw(step_ms) * RPCS_NSEC_PER_MSEC;
		if (draw(1000) == 0)
			now_ns += draw(90) * RPCS_NSEC_PER_SEC;
		/* A clock that was set back, and captures that were merged. */
		if (draw(100) == 0)
			now_ns -= draw(90) * RPCS_NSEC_PER_SEC;
		expected = plain_is_crowded(&plain, hash, now_ns);
		assert_int_equal(rpcs_gate_is_crowded(&gate, hash, now_ns), expected);
		assert_int_equal(gate.count, plain.count);
		assert_memory_equal(gate.hashes, plain.hashes, plain.count * sizeof(uint32_t));
		assert_memory_equal(gate.times, plain.times, plain.count * sizeof(uint32_t));
		crowded += expected;
	}
	if (sources <= RPCS_GATE_SOURCES)
		assert_int_equal(crowded, 0);
}

static void it_lets_pass_what_a_plain_one_does(void **state)
{
	static const uint32_t sources[] = { 1, 31, 32, 33, 40, 64, 1000 };
	static const uint32_t steps_ms[] = { 1, 2, 20, 1000, 2000, 5000, 70000 };
	uint32_t i, k;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		for (k = 0; k < sizeof(steps_ms) / sizeof(steps_ms[0]); k++)
			compare(sources[i], steps_ms[k]);
}

static void the_33rd_is_a_crowd(void **state)
{
	struct rpcs_gate gate = { 0 };
	uint32_t i;

	(void)state;
	assert_true(rpcs_gate_is_over(&gate, 100 * RPCS_NSEC_PER_SEC));
	for (i = 0; i < RPCS_GATE_SOURCES; i++)
		assert_false(rpcs_gate_is_crowded(&gate, i, 100 * RPCS_NSEC_PER_SEC + i));
	assert_true(rpcs_gate_is_crowded(&gate, i, 101 * RPCS_NSEC_PER_SEC));
	assert_false(rpcs_gate_is_over(&gate, 160 * RPCS_NSEC_PER_SEC));
	assert_true(rpcs_gate_is_over(&gate, 161 * RPCS_NSEC_PER_SEC));
	assert_false(rpcs_gate_is_crowded(&gate, i, 161 * RPCS_NSEC_PER_SEC));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lets_pass_what_a_plain_one_does),
		cmocka_unit_test(the_33rd_is_a_crowd),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

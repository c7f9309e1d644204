// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent looks at what was counted of sources over their budget: nothing twice or lost. */
#include "budget_case.h"

#include "source/over_budget.h"

enum { BUDGET = 20 };

static const struct rpcs_hash_seed seed = { 1, 2 };
static struct budget_case c;
static struct rpcs_over_reader *reader;
static uint64_t told, tellings;

static void take(void *arg, const struct rpcs_over_key *key, const struct rpcs_over_value *value,
		 uint64_t count)
{
	(void)arg;
	assert_true(key->kind < RPCS_OVER__MAX);
	assert_true(count > 0 && count <= value->count);
	told += count;
	tellings++;
}

static void begin(void)
{
	bc_open(&c, BUDGET);
	reader = rpcs_over_reader_new(c.over_fd, &seed);
	assert_non_null(reader);
	told = tellings = 0;
}

static void end(void)
{
	rpcs_over_reader_free(&reader);
	assert_null(reader);
	rpcs_state_free(&c.state);
	rpcs_ring_free(&c.ring);
	rpcs_kernel_free(&c.kernel);
}

static void look(uint64_t more)
{
	uint64_t before = told;

	assert_int_equal(rpcs_over_read(reader, c.now_ns, take, NULL), 0);
	assert_int_equal(told - before, more);
}

static uint32_t keys(void)
{
	struct rpcs_over_key key, *at = NULL;
	uint32_t count = 0;

	for (; !bpf_map_get_next_key(c.over_fd, at, &key); at = &key)
		count++;
	return count;
}

static void each_look_tells_what_is_new(void **state)
{
	struct test_frame f;

	(void)state;
	begin();
	look(0);
	bc_getport(&f);
	bc_run(&c, &f, 100);
	look(100 - BUDGET);
	look(0);
	bc_run(&c, &f, 7);
	look(7);
	assert_int_equal(tellings, 2);
	assert_true(rpcs_over_is_known(reader));
	end();
}

/** Keys at rest go, those in use stay, and the one for all that finds no room always. */
static void keys_at_rest_go(void **state)
{
	struct test_frame f, other;
	uint32_t i;

	(void)state;
	begin();
	bc_getport(&f);
	bc_getport(&other);
	bc_set32(&other, AT_SOURCE, 0x0a000009);
	bc_run(&c, &f, 100);
	bc_run(&c, &other, 100);
	look(200 - 2 * BUDGET);
	assert_int_equal(keys(), 3);
	for (i = 0; i < 11; i++) {
		bc_later(&c, 1);
		/* In use: its allowance is spent, though it is not over. */
		bc_run(&c, &f, BUDGET);
		look(0);
	}
	assert_int_equal(keys(), 2);
	bc_later(&c, 12);
	look(0);
	assert_int_equal(keys(), 1);
	assert_false(rpcs_over_is_known(reader));
	/* It comes again: counted from the first on. */
	bc_run(&c, &f, 50);
	look(50 - BUDGET);
	end();
}

/** The end of a run: the next one tells none of it again. */
static void the_last_look_leaves_nothing(void **state)
{
	struct test_frame f;

	(void)state;
	begin();
	bc_getport(&f);
	bc_run(&c, &f, 100);
	look(100 - BUDGET);
	bc_run(&c, &f, 5);
	assert_int_equal(rpcs_over_read_last(reader, take, NULL), 0);
	assert_int_equal(told, 105 - BUDGET);
	assert_int_equal(keys(), 1);
	rpcs_over_reader_free(&reader);
	reader = rpcs_over_reader_new(c.over_fd, &seed);
	assert_non_null(reader);
	look(0);
	/* The new key has its allowance. */
	bc_run(&c, &f, 10);
	look(10 - RPCS_OVER_ALLOWANCE);
	end();
}

static void a_full_map(void **state)
{
	struct rpcs_over_value value = { .count = 1, .first_ns = 1, .last_ns = 1 };
	struct rpcs_over_key key = { .whose.source = { 1 } };
	struct test_frame f;

	(void)state;
	begin();
	while (!bpf_map_update_elem(c.over_fd, &key, &value, BPF_NOEXIST))
		key.about++;
	assert_int_equal(key.about, RPCS_OVER_MAX - 1);
	bc_getport(&f);
	bc_run(&c, &f, 100);
	look(RPCS_OVER_MAX - 1 + 100 - BUDGET);
	look(0);
	/* All but the last resort's key were at rest, and there is room again. */
	bc_later(&c, 1);
	look(0);
	assert_int_equal(keys(), 1);
	bc_run(&c, &f, 100);
	look(100 - BUDGET);
	assert_int_equal(keys(), 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_look_tells_what_is_new),
		cmocka_unit_test(keys_at_rest_go),
		cmocka_unit_test(the_last_look_leaves_nothing),
		cmocka_unit_test(a_full_map),
	};

	return cmocka_run_group_tests_name("over budget", tests, bc_with_tc, NULL);
}

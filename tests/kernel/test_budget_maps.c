// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A source over its budget of records is counted in the kernel, and nobody else is. */
#include "budget_case.h"

static struct budget_case c;

static void as_many_as_the_budget(void **state)
{
	struct test_frame f;

	(void)state;
	bc_open(&c, 100);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 100), 100);
	assert_int_equal(bc_sent(&c, &f, 1), 0);
	assert_int_equal(bc_sent(&c, &f, 900), 0);
	assert_int_equal(bc_over(&c, RPCS_OVER_CALL, RPCS_PORTMAP_GETPORT), 901);
	/* What was sent is what the counters of calls say. */
	assert_int_equal(bc_counters(&c).calls, 100);
	assert_int_equal(bc_counters(&c).calls_suppressed, 901);
	bc_close(&c);
}

static void every_second_has_its_own(void **state)
{
	struct test_frame f;
	int i;

	(void)state;
	bc_open(&c, 50);
	bc_getport(&f);
	for (i = 0; i < 5; i++) {
		assert_int_equal(bc_sent(&c, &f, 70), 50);
		bc_later(&c, i == 3 ? 65536 : 1);
	}
	assert_int_equal(bc_over(&c, RPCS_OVER_CALL, RPCS_PORTMAP_GETPORT), 5 * 20);
	bc_close(&c);
}

static void budgets_of_all_sizes(void **state)
{
	static const uint32_t budgets[] = { 1, 2, 3, 4, 7, 8, 9, 63, 1000, 2049 };
	struct test_frame f;
	unsigned int i;

	(void)state;
	bc_open(&c, 1);
	bc_getport(&f);
	for (i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		uint32_t allowed = budgets[i];

		/* The kind's own allowance is not less. */
		if (allowed < RPCS_OVER_ALLOWANCE)
			allowed = RPCS_OVER_ALLOWANCE;
		rpcs_budget_fill(rpcs_state_ports(c.state), budgets[i]);
		bc_later(&c, 1);
		assert_int_equal(bc_sent(&c, &f, 3000), allowed);
	}
	bc_close(&c);
}

/** Far more sources than slots, each within its budget, while one floods. */
static void others_keep_their_records(void **state)
{
	enum { SOURCES = 12000, EACH = 5, BUDGET = 40 };
	struct rpcs_counters before;
	struct test_frame flood, f;
	uint32_t i, round;

	(void)state;
	bc_open(&c, BUDGET);
	bc_getport(&flood);
	assert_int_equal(bc_sent(&c, &flood, 2000), BUDGET);
	before = bc_counters(&c);
	bc_getport(&f);
	for (round = 0; round < EACH; round++) {
		for (i = 0; i < SOURCES; i++) {
			bc_set32(&f, AT_SOURCE, 0xc0000000 + i * 7);
			bc_run(&c, &f, 1);
		}
		assert_int_equal(bc_sent(&c, &flood, 50), 0);
	}
	assert_int_equal(bc_counters(&c).records_sent - before.records_sent, SOURCES * EACH);
	assert_int_equal(bc_over(&c, RPCS_OVER_CALL, RPCS_PORTMAP_GETPORT),
			 2000 - BUDGET + EACH * 50);
	bc_close(&c);
}

static void a_flood_hides_no_other_kind(void **state)
{
	struct test_frame f;

	(void)state;
	bc_open(&c, 100);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 1000), 100);
	/* Another program is asked for. */
	bc_set32(&f, AT_PROGRAM, RPCS_SADMIND_PROGRAM);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	/* A flood of SET has no more of them. */
	bc_set32(&f, AT_PROCEDURE, RPCS_PORTMAP_SET);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	assert_int_equal(bc_sent(&c, &f, 50), RPCS_OVER_ALLOWANCE - 1);
	assert_int_equal(bc_over(&c, RPCS_OVER_CALL, RPCS_PORTMAP_SET), 51 - RPCS_OVER_ALLOWANCE);
	bc_set32(&f, AT_PROCEDURE, RPCS_PORTMAP_UNSET);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	/* In the next second as in this one. */
	bc_later(&c, 1);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 1000), 100);
	bc_set32(&f, AT_PROCEDURE, RPCS_PORTMAP_SET);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	bc_close(&c);
}

/** Who asks for ever other programs does not fill the map, and its SET is seen all the same. */
static void kinds_without_end(void **state)
{
	struct rpcs_over_key key, *at = NULL;
	struct test_frame f;
	uint32_t i, keys = 0;

	(void)state;
	bc_open(&c, 100);
	bc_getport(&f);
	bc_run(&c, &f, 200);
	for (i = 0; i < 3000; i++) {
		bc_set32(&f, AT_PROGRAM, 500000 + i);
		bc_run(&c, &f, 1);
	}
	/* And calls other programs, which the portmapper's port does not have. */
	bc_getport(&f);
	for (i = 0; i < 3000; i++) {
		bc_set32(&f, AT_PROCEDURE - 8, 600000 + i);
		bc_run(&c, &f, 1);
	}
	while (!bpf_map_get_next_key(c.over_fd, at, &key)) {
		at = &key;
		keys++;
	}
	assert_in_range(keys, 2, RPCS_OVER_SHARE + 32);
	assert_in_range(bc_counters(&c).records_sent, 100,
			100 + keys * (uint32_t)RPCS_OVER_ALLOWANCE);
	assert_true(bc_over(&c, RPCS_OVER_REST, 0) >= 2900);
	bc_getport(&f);
	bc_set32(&f, AT_PROCEDURE, RPCS_PORTMAP_SET);
	assert_int_equal(bc_sent(&c, &f, 1), 1);
	bc_close(&c);
}

/** What finds no room is counted as well. */
static void a_full_map(void **state)
{
	struct rpcs_over_value value = { 0 };
	struct rpcs_over_key key = { .whose.source = { 1 } }, rest = { .kind = RPCS_OVER_REST };
	struct test_frame f;
	uint32_t i;

	(void)state;
	bc_open(&c, 100);
	for (i = 0; i < RPCS_OVER_MAX; i++) {
		key.about = i;
		if (bpf_map_update_elem(c.over_fd, &key, &value, BPF_NOEXIST))
			break;
	}
	assert_int_equal(i, RPCS_OVER_MAX - 1);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 1000), 100);
	assert_int_equal(bpf_map_lookup_elem(c.over_fd, &rest, &value), 0);
	assert_int_equal(value.count, 900);
	/* All of it is, and in the next second too. */
	bc_later(&c, 1);
	assert_int_equal(bc_sent(&c, &f, 300), 100);
	bc_close(&c);
}

/** Two CPUs: the source's own count is one, and what each lets pass unasked is little. */
static void a_source_on_two_cpus(void **state)
{
	enum { BUDGET = 8000 };
	cpu_set_t before, other;
	struct test_frame f;
	uint64_t sent;
	int cpu;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (cpu = 0; CPU_ISSET(cpu, &before);)
		cpu++;
	CPU_ZERO(&other);
	CPU_SET(cpu, &other);
	bc_open(&c, BUDGET);
	bc_getport(&f);
	sent = bc_sent(&c, &f, 6000);
	assert_int_equal(sent, 6000);
	if (sched_setaffinity(0, sizeof(other), &other)) {
		bc_close(&c);
		print_message("SKIPPED: needs a second CPU\n");
		skip();
	}
	/* Past its free share this CPU's count joins the other's. */
	sent += bc_sent(&c, &f, 6000);
	assert_int_equal(sent, BUDGET);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	bc_close(&c);
}

/** SIGHUP: the policy's budget changes while the programs run. */
static void another_budget(void **state)
{
	struct rpcs_ports *ports;
	struct test_frame f;

	(void)state;
	bc_open(&c, 100);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 150), 100);
	ports = rpcs_state_ports(c.state);
	rpcs_budget_fill(ports, 3000);
	bc_later(&c, 1);
	assert_int_equal(bc_sent(&c, &f, 4000), 3000);
	rpcs_budget_fill(ports, 10);
	bc_later(&c, 1);
	assert_int_equal(bc_sent(&c, &f, 4000), 10);
	bc_close(&c);
}

static void no_budget(void **state)
{
	struct test_frame f;

	(void)state;
	bc_open(&c, 0);
	bc_getport(&f);
	assert_int_equal(bc_sent(&c, &f, 30000), 30000);
	bc_close(&c);
}

#define BUDGET_TESTS                                                                         \
	cmocka_unit_test(as_many_as_the_budget), cmocka_unit_test(every_second_has_its_own), \
		cmocka_unit_test(budgets_of_all_sizes),                                      \
		cmocka_unit_test(others_keep_their_records),                                 \
		cmocka_unit_test(a_flood_hides_no_other_kind),                               \
		cmocka_unit_test(kinds_without_end), cmocka_unit_test(a_full_map),           \
		cmocka_unit_test(a_source_on_two_cpus), cmocka_unit_test(another_budget),    \
		cmocka_unit_test(no_budget)

int main(void)
{
	const struct CMUnitTest tests[] = { BUDGET_TESTS };
	int failed = cmocka_run_group_tests_name("budget, xdp", tests, bc_with_xdp, NULL);

	return failed + cmocka_run_group_tests_name("budget, tc", tests, bc_with_tc, NULL);
}

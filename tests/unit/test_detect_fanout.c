// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110021: many programs of one server, one program on many servers, and what is no fan-out. */
#include "detect_case.h"

static struct detect_case c;

#define ONLY(settings) case_only(RPCS_D_FANOUT, settings, "")

static void lookup_of(const char *client, uint32_t server, uint32_t program, uint64_t time_ns,
		      bool allowed)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, program, 0);

	call.message.tuple.src = case_address(client);
	call.message.tuple.dst = case_address_at("10.1.86.0", server);
	call.message.seen.time_ns = time_ns;
	call.allowed = allowed;
	case_take_call(&c, &call);
}

static void lookup(uint32_t server, uint32_t program, uint64_t time_ns)
{
	lookup_of("192.0.2.66", server, program, time_ns, false);
}

static void five_programs_of_one_server(void **state)
{
	static const uint32_t programs[] = { 100083, 100024, 100099, 100300, 100005 };
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, ONLY(""));
	for (i = 0; i < 4; i++) {
		lookup(0, programs[i], CASE_WHEN + i * CASE_SEC);
		lookup(0, programs[i], CASE_WHEN + i * CASE_SEC);
	}
	/* Another client's are its own. */
	lookup_of("192.0.2.67", 0, programs[4], CASE_WHEN, false);
	assert_int_equal(c.count, 0);
	lookup(0, programs[4], CASE_WHEN + 4 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_FANOUT);
	assert_int_equal(alert->severity, 2);
	assert_non_null(alert->call);
	assert_true(case_says(alert, "5 programs of one server in 4.0 s (threshold: 5 in 60 s)"));
	assert_true(case_says(alert, "programs: ttdbserverd (100083), status (100024), "));
	assert_true(case_says(alert, "the last lookup: GETPORT of mountd (100005) version 1"));
	assert_true(case_says(alert, "outside networks.home"));
	/* More of the same: once. Another server is another alert. */
	lookup(0, 100001, CASE_WHEN + 5 * CASE_SEC);
	assert_int_equal(c.count, 1);
	for (i = 0; i < 5; i++)
		lookup(1, programs[i], CASE_WHEN + 6 * CASE_SEC);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

/* LLDOS 1.0: 13 servers are asked for sadmind. */
static void five_servers_for_one_program(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, ONLY("servers: 13, slow: 100"));
	for (i = 0; i < 12; i++)
		lookup(i, 100232, CASE_WHEN + i * CASE_SEC / 3);
	assert_int_equal(c.count, 0);
	lookup(12, 100232, CASE_WHEN + 4 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_true(case_says(alert,
			      "13 servers for sadmind (100232) in 4.0 s (threshold: 13 in 60 s)"));
	assert_true(case_says(alert, "first target 10.1.86.0, last target 10.1.86.12"));
	assert_true(case_says(alert, "addresses consecutive, from 10.1.86.0 to 10.1.86.12"));
	assert_true(case_says(alert, "the last lookup: GETPORT of sadmind (100232) version 1"));
	/* The source is told of once, whatever else it asks them for. */
	for (i = 0; i < 13; i++)
		lookup(i, 100005, CASE_WHEN + 5 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
	case_start(&c, ONLY(""));
	for (i = 0; i < 4; i++)
		lookup(i, 100232, CASE_WHEN);
	assert_int_equal(c.count, 0);
	lookup(4, 100232, CASE_WHEN);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void outside_of_the_window(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY(""));
	for (i = 0; i < 4; i++)
		lookup(0, 100001 + i, CASE_WHEN + i * CASE_SEC);
	lookup(0, 100005, CASE_WHEN + 60 * CASE_SEC + 1);
	assert_int_equal(c.count, 0);
	case_end(&c);
	case_start(&c, ONLY(""));
	for (i = 0; i < 4; i++)
		lookup(0, 100001 + i, CASE_WHEN + i * CASE_SEC);
	lookup(0, 100005, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void slow_ones_are_seen(void **state)
{
	uint32_t i, slow;

	(void)state;
	for (slow = 0; slow < 2; slow++) {
		case_start(&c, ONLY(""));
		for (i = 0; i < 7; i++)
			lookup(0, 100001 + i, CASE_WHEN + i * 250 * CASE_SEC);
		assert_int_equal(c.count, 0);
		lookup(0, 100008, CASE_WHEN + 1800 * CASE_SEC + slow);
		assert_int_equal(c.count, !slow);
		case_end(&c);
		case_start(&c, ONLY(""));
		for (i = 0; i < 7; i++)
			lookup(i, 100001, CASE_WHEN + i * 250 * CASE_SEC);
		assert_int_equal(c.count, 0);
		lookup(7, 100001, CASE_WHEN + 1800 * CASE_SEC + slow);
		assert_int_equal(c.count, !slow);
		case_end(&c);
	}
}

static void allowed_and_other_calls_do_not_count(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, ONLY(""));
	for (i = 0; i < 20; i++) {
		lookup_of("10.9.9.9", i, 100001 + i, CASE_WHEN, true);
		lookup_of("10.9.9.9", 0, 100001 + i, CASE_WHEN, true);
		lookup_of("10.9.9.9", i, 100001, CASE_WHEN, true);
	}
	for (i = 0; i < 20; i++) {
		call = case_mapping(RPCS_PORTMAP_SET, 100001 + i, 600);
		case_take_call(&c, &call);
		call = case_call(2, RPCS_PORTMAP_DUMP);
		call.message.tuple.dst = case_address_at("10.1.86.0", i);
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 0);
	/* Three of each, and one more makes neither four nor five. */
	for (i = 0; i < 3; i++)
		lookup_of("10.9.9.9", 0, 100001 + i, CASE_WHEN, false);
	lookup_of("10.9.9.9", 0, 100009, CASE_WHEN, true);
	lookup_of("10.9.9.9", 0, 100010, CASE_WHEN, false);
	assert_int_equal(c.count, 0);
	case_end(&c);
	case_start(&c, ONLY("enabled: false"));
	for (i = 0; i < 20; i++)
		lookup(0, 100001 + i, CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void every_kind_of_lookup_counts(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, ONLY(""));
	lookup(0, 100001, CASE_WHEN);
	lookup(0, 100002, CASE_WHEN);
	for (i = 0; i < 3; i++) {
		call = case_rpcb(i < 2 ? 3 + i : 4,
				 i < 2 ? RPCS_PORTMAP_GETPORT : RPCS_PORTMAP_GETVERSADDR,
				 100003 + i);
		call.message.tuple.dst = case_address("10.1.86.0");
		assert_int_equal(c.count, 0);
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 1);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_programs_of_one_server),
		cmocka_unit_test(five_servers_for_one_program),
		cmocka_unit_test(outside_of_the_window),
		cmocka_unit_test(slow_ones_are_seen),
		cmocka_unit_test(allowed_and_other_calls_do_not_count),
		cmocka_unit_test(every_kind_of_lookup_counts),
	};

	return cmocka_run_group_tests_name("detect fanout", tests, NULL, NULL);
}

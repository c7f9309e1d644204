// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110023 and 1110024: grinding through programs, and what is known of tools. */
#include "detect_case.h"

static struct detect_case c;

static struct rpcs_call null_call(uint32_t program, uint32_t version, uint64_t time_ns)
{
	struct rpcs_call call = case_call(version, 0);

	call.message.program = program;
	call.message.tuple.dport = 32790;
	call.message.seen.time_ns = time_ns;
	return call;
}

static void grind(uint32_t program, uint32_t version, uint64_t flow_id, uint64_t time_ns)
{
	struct rpcs_call call = null_call(program, version, time_ns);

	call.flow_id = flow_id;
	case_take_call(&c, &call);
}

static void four_programs_with_one_version_on_a_flow(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_GRIND, "", ""));
	for (i = 0; i < 3; i++) {
		grind(100001 + i, 28151729, 1, CASE_WHEN + i * 20 * CASE_SEC);
		grind(100001 + i, 28151729, 1, CASE_WHEN + i * 20 * CASE_SEC);
	}
	/* Another version, another flow: with 8 programs in all these would fire. */
	grind(100004, 28151730, 1, CASE_WHEN);
	grind(100004, 28151729, 2, CASE_WHEN);
	assert_int_equal(c.count, 0);
	grind(100005, 28151729, 1, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_GRIND);
	assert_int_equal(alert->severity, 1);
	assert_true(case_says(alert, "4 programs with version 28151729 on one flow in 60.0 s "
				     "(threshold: 4 in 60 s)"));
	assert_true(case_says(alert, "programs: rstatd (100001), rusersd (100002), nfs (100003), "
				     "mountd (100005)"));
	for (i = 0; i < 50; i++)
		grind(200000 + i, 28151729, 1, CASE_WHEN + 61 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
	case_start(&c, case_only(RPCS_D_GRIND, "", ""));
	for (i = 0; i < 3; i++)
		grind(100001 + i, 28151729, 1, CASE_WHEN);
	grind(100005, 28151729, 1, CASE_WHEN + 60 * CASE_SEC + 1);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void eight_programs_with_any_versions_on_a_port(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_GRIND, "", ""));
	for (i = 0; i < 7; i++)
		grind(100001 + i, 5000 + i, 10 + i, CASE_WHEN);
	grind(100001, 9000, 30, CASE_WHEN); /* a program once more */
	assert_int_equal(c.count, 0);
	grind(100008, 5007, 18, CASE_WHEN + CASE_SEC);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "8 programs with versions over 1000 on port 32790 in "
					     "1.0 s (threshold: 8 in 60 s)"));
	case_end(&c);
}

static void versions_that_are_none_of_a_grind(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_GRIND, "", ""));
	for (i = 0; i < 20; i++) {
		grind(100001 + i, 1000, 1, CASE_WHEN);
		grind(100001 + i, 0, 1, CASE_WHEN);
		grind(100001 + i, UINT32_MAX, 1, CASE_WHEN);
		call = null_call(100001 + i, 5000, CASE_WHEN);
		call.message.procedure = 1;
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 0);
	for (i = 0; i < 4; i++)
		grind(100001 + i, 1001, 1, CASE_WHEN);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

/* An allow rule does not silence it. */
static void a_grind_is_never_allowed(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_GRIND, "programs: 2", ""));
	for (i = 0; i < 2; i++) {
		call = null_call(100001 + i, 5000, CASE_WHEN);
		call.allowed = true;
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 1);
	case_end(&c);
}

/* 1110024. */

static void expect_tool(struct rpcs_call call, const char *name)
{
	case_start(&c, case_only(RPCS_D_TOOL_FINGERPRINT, "", ""));
	case_take_call(&c, &call);
	assert_int_equal(c.count, name ? 1 : 0);
	if (name) {
		assert_int_equal(case_last(&c)->detection, RPCS_D_TOOL_FINGERPRINT);
		assert_int_equal(case_last(&c)->severity, 3);
		assert_true(case_says(case_last(&c), name));
		/* Its outcome will follow. */
		assert_int_equal(call.alert_count, 1);
	}
	case_end(&c);
}

static void constants_name_their_tool(void **state)
{
	struct rpcs_call call = case_call(104316, 0);

	(void)state;
	call.message.xid = 0x72fe1d13;
	expect_tool(call, "nmap's service probe RPCCheck: XID 0x72fe1d13");
	call.allowed = true;
	expect_tool(call, NULL);
	call.allowed = false;
	call.message.version = 104317;
	expect_tool(call, NULL);
	call = case_call(0, 0);
	call.message.xid = 0x3eece3ca;
	expect_tool(call, NULL);
	call.message.program = 12345678;
	expect_tool(call, "nmap's UDP probe ONCRPC_CALL");
	call = case_call(2, RPCS_PORTMAP_DUMP);
	call.message.xid = 0x1aa9ffe1;
	expect_tool(call, "zmap's portmapper probe: XID 0x1aa9ffe1");
	call.message.xid = 0x1aa9ffe0;
	expect_tool(call, NULL);
}

static void amp(const char *source, uint32_t version, uint32_t procedure, uint32_t xid,
		uint64_t time_ns)
{
	struct rpcs_call call = case_call(version, procedure);

	call.message.tuple.src = case_address(source);
	call.message.xid = xid;
	call.message.seen.time_ns = time_ns;
	case_take_call(&c, &call);
}

static void three_calls_of_the_amplification_scanner(void **state)
{
	static const uint64_t last[] = { CASE_SEC, CASE_SEC + 1 };
	static const uint32_t xids[] = { 99999999, 100000000 };
	struct rpcs_call tcp;
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		case_start(&c, case_only(RPCS_D_TOOL_FINGERPRINT, "", ""));
		amp("192.0.2.66", 3, RPCS_PORTMAP_DUMP, 12345678, CASE_WHEN);
		amp("192.0.2.66", 2, RPCS_PORTMAP_DUMP, 23456789, CASE_WHEN + 1);
		amp("192.0.2.67", 4, RPCS_PORTMAP_GETSTAT, 5, CASE_WHEN + 2);
		assert_int_equal(c.count, 0);
		amp("192.0.2.66", 4, RPCS_PORTMAP_GETSTAT, 99999999, CASE_WHEN + last[i]);
		assert_int_equal(c.count, i == 0);
		if (i == 0)
			assert_true(case_says(case_last(&c), "portmap_amp"));
		case_end(&c);
		case_start(&c, case_only(RPCS_D_TOOL_FINGERPRINT, "", ""));
		amp("192.0.2.66", 3, RPCS_PORTMAP_DUMP, 1, CASE_WHEN);
		amp("192.0.2.66", 2, RPCS_PORTMAP_DUMP, xids[i], CASE_WHEN);
		amp("192.0.2.66", 4, RPCS_PORTMAP_GETSTAT, 3, CASE_WHEN);
		assert_int_equal(c.count, i == 0);
		case_end(&c);
	}
	case_start(&c, case_only(RPCS_D_TOOL_FINGERPRINT, "", ""));
	amp("192.0.2.66", 3, RPCS_PORTMAP_DUMP, 1, CASE_WHEN);
	amp("192.0.2.66", 2, RPCS_PORTMAP_DUMP, 2, CASE_WHEN);
	tcp = case_call(4, RPCS_PORTMAP_GETSTAT);
	tcp.message.tuple.protocol = RPCS_IP_TCP;
	case_take_call(&c, &tcp);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void probe(uint32_t program, uint32_t version, uint64_t time_ns, bool allowed)
{
	struct rpcs_call call = null_call(program, version, time_ns);

	call.allowed = allowed;
	case_take_call(&c, &call);
}

static void two_calls_of_rpcinfo(void **state)
{
	(void)state;
	case_start(&c, case_only(RPCS_D_TOOL_FINGERPRINT, "", ""));
	/* Alone, in the wrong order, of another program, too late, or allowed. */
	probe(100024, UINT32_MAX, CASE_WHEN, false);
	probe(100024, 0, CASE_WHEN, false);
	probe(100005, UINT32_MAX, CASE_WHEN, false);
	probe(100024, UINT32_MAX, CASE_WHEN + 60 * CASE_SEC, false);
	probe(100003, 0, CASE_WHEN, true);
	probe(100003, UINT32_MAX, CASE_WHEN, false);
	assert_int_equal(c.count, 0);
	probe(100024, 0, CASE_WHEN + 100 * CASE_SEC, false);
	assert_int_equal(c.count, 0);
	probe(100024, UINT32_MAX, CASE_WHEN + 101 * CASE_SEC, false);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "rpcinfo's search for a program's versions"));
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_programs_with_one_version_on_a_flow),
		cmocka_unit_test(eight_programs_with_any_versions_on_a_port),
		cmocka_unit_test(versions_that_are_none_of_a_grind),
		cmocka_unit_test(a_grind_is_never_allowed),
		cmocka_unit_test(constants_name_their_tool),
		cmocka_unit_test(three_calls_of_the_amplification_scanner),
		cmocka_unit_test(two_calls_of_rpcinfo),
	};

	return cmocka_run_group_tests_name("detect tools", tests, NULL, NULL);
}

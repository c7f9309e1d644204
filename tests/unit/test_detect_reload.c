// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Detections under a policy that changes: what they have counted stays, unless its measure goes. */
#include "detect_case.h"

static struct detect_case c;

static void syn(uint32_t host)
{
	const struct rpcs_connection connection = {
		.tuple = { .src = case_address("192.168.42.6"),
			   .dst = case_address_at("10.1.86.0", host),
			   .sport = 1763,
			   .dport = 111,
			   .protocol = 6 },
		.seen = { .time_ns = CASE_WHEN + host, .frame = 3 },
		.tcp_flags = RPCS_TCP_SYN,
	};

	rpcs_detect_connection(c.detect, &connection, 5);
}

static void reload(const char *text)
{
	static struct rpcs_policy_errors errors;
	struct rpcs_policy_kept kept;
	struct rpcs_policy *fresh = NULL;

	assert_int_equal(rpcs_policy_parse(text, strlen(text), &fresh, &errors), 0);
	assert_int_equal(rpcs_policy_replace(c.policy, &fresh, &kept), 0);
	assert_int_equal(rpcs_detect_reload(c.detect), 0);
}

#define SWEEP_OF(hosts) "detections: {portmap-sweep: {hosts: " #hosts "}}\n"

static void other_changes_keep_what_was_counted(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, SWEEP_OF(4));
	for (i = 0; i < 3; i++)
		syn(i);
	reload(SWEEP_OF(4) "allow: [{calls: DUMP}]\nstats: {interval: 1s}\n");
	assert_int_equal(case_count(&c, RPCS_D_SWEEP), 0);
	syn(3);
	assert_int_equal(case_count(&c, RPCS_D_SWEEP), 1);
	case_end(&c);
}

static void another_threshold_counts_anew(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, SWEEP_OF(4));
	for (i = 0; i < 3; i++)
		syn(i);
	/* More than there was room for before. */
	reload(SWEEP_OF(40));
	for (i = 3; i < 42; i++)
		syn(i);
	assert_int_equal(case_count(&c, RPCS_D_SWEEP), 0);
	syn(42);
	assert_int_equal(case_count(&c, RPCS_D_SWEEP), 1);
	case_end(&c);
}

static void rules_and_severities_hold_at_once(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	(void)state;
	case_start(&c, "detections: {portmap-dump: {severity: 4}}\n");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->severity, 4);
	reload("alerts: {repeat: 0s}\ndetections: {portmap-dump: {severity: 1}}\n");
	call = case_call(2, RPCS_PORTMAP_DUMP);
	call.message.tuple.src = case_address("192.0.2.67");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->severity, 1);
	reload("alerts: {repeat: 0s}\ndetections: {portmap-dump: {enabled: false}}\n");
	call = case_call(2, RPCS_PORTMAP_DUMP);
	call.message.tuple.src = case_address("192.0.2.68");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), 2);
	case_end(&c);
}

/* Where a server lies is kept, but no longer than the networks are what they were. */
static void networks_hold_at_once(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	(void)state;
	case_start(&c, "networks: {home: [10.0.0.0/8]}\nalerts: {repeat: 0s}\n");
	call.message.tuple.src = case_address("10.0.0.1");
	call.message.tuple.dst = case_address("10.0.0.2");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_count(&c, RPCS_D_OUTBOUND), 0);
	reload("networks: {home: [10.0.0.1]}\nalerts: {repeat: 0s}\n");
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_count(&c, RPCS_D_OUTBOUND), 1);
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_changes_keep_what_was_counted),
		cmocka_unit_test(another_threshold_counts_anew),
		cmocka_unit_test(rules_and_severities_hold_at_once),
		cmocka_unit_test(networks_hold_at_once),
	};

	return cmocka_run_group_tests_name("detect reload", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Another policy behind the same pointer: what changes, what stays, what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/programs.h"
#include "policy_case.h"

/** Puts `text` in its place; what could not be changed. */
static struct rpcs_policy_kept replace(struct rpcs_policy *policy, const char *text)
{
	struct rpcs_policy *fresh = policy_of(text);
	struct rpcs_policy_kept kept;

	assert_int_equal(rpcs_policy_replace(policy, &fresh, &kept), 0);
	assert_null(fresh);
	return kept;
}

static void rules_and_sets_change(void **state)
{
	OWNED_POLICY *policy = policy_of("sensor: {name: before, ports: [111]}\n"
					 "networks: {home: 10.0.0.0/8}\n"
					 "programs: {ours: 390999}\n"
					 "allow: [{name: a, calls: DUMP, clients: home}]\n");
	const struct rpcs_settings *settings = rpcs_policy_settings(policy);

	(void)state;
	rpcs_policy_use_names(policy);
	assert_true(allows(policy, IN, RPCS_CALL_DUMP, 0));
	assert_string_equal(replace(policy, "sensor: {name: after, ports: [111, 112]}\n"
					    "networks: {home: 203.0.113.0/24}\n"
					    "programs: {theirs: 390998}\n"
					    "alerts: {repeat: 5m}\n"
					    "detections: {portmap-sweep: {hosts: 3}}\n"
					    "allow: [{name: a, calls: DUMP, clients: home}]\n")
				    .text,
			    "");
	assert_false(allows(policy, IN, RPCS_CALL_DUMP, 0));
	assert_true(allows(policy, OUT, RPCS_CALL_DUMP, 0));
	assert_ptr_equal(rpcs_policy_settings(policy), settings);
	assert_string_equal(settings->sensor_name, "after");
	assert_true(rpcs_settings_watch(settings, 112));
	assert_int_equal(settings->alert_repeat_ns, 300000000000ULL);
	assert_int_equal(settings->thresholds[RPCS_T_SWEEP_HOSTS], 3);
	assert_null(rpcs_program_name(390999));
	assert_string_equal(rpcs_program_name(390998), "theirs");
}

static void hits_go_with_the_name(void **state)
{
	OWNED_POLICY *policy = policy_of("allow:\n"
					 "- {name: a, calls: DUMP}\n"
					 "- {name: b, calls: GETPORT}\n");

	(void)state;
	decide(policy, IN, RPCS_CALL_DUMP, 0);
	decide(policy, IN, RPCS_CALL_GETPORT, 1);
	decide(policy, IN, RPCS_CALL_GETPORT, 1);
	replace(policy, "allow:\n"
			"- {name: c, calls: NULL}\n"
			"- {name: b, calls: GETPORT}\n");
	assert_int_equal(rpcs_policy_rule_hits(policy, 0), 0);
	assert_int_equal(rpcs_policy_rule_hits(policy, 1), 2);
	decide(policy, IN, RPCS_CALL_GETPORT, 1);
	replace(policy, "allow: []");
	assert_int_equal(rpcs_policy_rule_count(policy), 0);
	replace(policy, "allow: [{name: b}]");
	assert_int_equal(rpcs_policy_rule_hits(policy, 0), 0);
}

static void what_has_a_size_stays(void **state)
{
	OWNED_POLICY *policy = policy_of("alerts: {eve: /a}\nlimits: {flows: 100}\n");
	const struct rpcs_settings *settings = rpcs_policy_settings(policy);

	(void)state;
	assert_string_equal(
		replace(policy, "sensor: {interfaces: [eth7], ring_size: 1M, mode: tc}\n"
				"alerts: {eve: /b}\n"
				"timeouts: {call: 1s}\n"
				"limits: {flows: 200, sources: 65536}\n")
			.text,
		"sensor.interfaces, sensor.mode, sensor.ring_size, alerts.eve, timeouts.call, "
		"limits.flows");
	assert_int_equal(settings->limit_flows, 100);
	assert_int_equal(settings->ring_size, 8 << 20);
	assert_int_equal(settings->interface_count, 0);
	assert_int_equal(settings->call_timeout_ns, 24000000000ULL);
	assert_string_equal(settings->alert_eve, "/a");
	/* The same once more is as before. */
	assert_string_equal(replace(policy, "alerts: {eve: /a}\nlimits: {flows: 100}\n").text, "");
	assert_string_equal(replace(policy, "limits: {flows: 100}\n").text, "alerts.eve");
	assert_string_equal(settings->alert_eve, "/a");
}

static void all_that_stays_is_named(void **state)
{
	OWNED_POLICY *policy = policy_of("");
	struct rpcs_policy_kept kept = replace(
		policy, "sensor: {interfaces: [eth7], ring_size: 1M, mode: tc, tunnels: false}\n"
			"alerts: {eve: /b, journal: false}\ninventory: {file: /c}\n"
			"timeouts: {call: 1s, flow: 1s, fragment: 1s}\n"
			"limits: {flows: 2, sources: 2, pending_calls: 2, reassembly: 1M, "
			"per_source_records: 2}\n");
	size_t len = strlen(kept.text);

	(void)state;
	assert_true(len + 1 < sizeof(kept.text));
	assert_non_null(strstr(kept.text, "inventory.file"));
	assert_string_equal(kept.text + len - strlen("limits.reassembly"), "limits.reassembly");
	/* The kernel's programs look it up. */
	assert_int_equal(rpcs_policy_settings(policy)->limit_per_source_records, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_and_sets_change),
		cmocka_unit_test(hits_go_with_the_name),
		cmocka_unit_test(what_has_a_size_stays),
		cmocka_unit_test(all_that_stays_is_named),
	};

	return cmocka_run_group_tests_name("policy replace", tests, NULL, NULL);
}

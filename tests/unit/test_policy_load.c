// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policy texts that are right: every key is known, checked and kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "policy/model.h"
#include "policy/summary.h"
#include "policy_case.h"
#include "policy_whole_file.h"

#define MSEC 1000000ULL
#define SEC (1000 * MSEC)
#define HOUR (3600 * SEC)

static void the_whole_file_is_kept(void **state)
{
	OWNED_POLICY *policy = policy_of(whole_file);
	const struct rpcs_settings *s = rpcs_policy_settings(policy);

	(void)state;
	assert_string_equal(s->sensor_name, "gw1");
	assert_int_equal(s->interface_count, 2);
	assert_string_equal(s->interfaces[1], "eth1.100");
	assert_int_equal(s->mode, RPCS_MODE_GENERIC);
	assert_int_equal(s->port_count, 2);
	assert_int_equal(s->ports[1], 1111);
	assert_int_equal(s->any_port, RPCS_ANY_PORT_ALL);
	assert_false(s->tunnels);
	assert_int_equal(s->ring_size, 65536);
	assert_int_equal(s->alert_repeat_ns, 2 * HOUR);
	assert_false(s->alert_journal);
	assert_string_equal(s->alert_eve, "/var/log/rpcsentry/eve.json");
	assert_string_equal(s->inventory_file, "/tmp/services.json");
	assert_int_equal(s->call_timeout_ns, 25 * SEC);
	assert_int_equal(s->flow_timeout_ns, 121 * SEC);
	assert_int_equal(s->fragment_timeout_ns, 31 * SEC);
	assert_int_equal(s->limit_flows, 1);
	assert_int_equal(s->limit_pending_calls, 2);
	assert_int_equal(s->limit_sources, 3);
	assert_int_equal(s->limit_reassembly, 1 << 20);
	assert_int_equal(s->limit_per_source_records, 4);
	assert_int_equal(s->stats_interval_ns, 500 * MSEC);
}

static void detections_are_kept(void **state)
{
	OWNED_POLICY *policy = policy_of(whole_file);
	const struct rpcs_settings *s = rpcs_policy_settings(policy);

	(void)state;
	assert_int_equal(s->thresholds[RPCS_T_SWEEP_HOSTS], 17);
	assert_int_equal(s->thresholds[RPCS_T_SWEEP_WINDOW], 61 * SEC);
	assert_int_equal(s->thresholds[RPCS_T_SWEEP_SLOW_HOSTS], 65);
	assert_int_equal(s->thresholds[RPCS_T_SWEEP_SLOW_WINDOW], 2 * HOUR);
	assert_int_equal(s->thresholds[RPCS_T_NEW_SERVER_LEARN], 0);
	assert_int_equal(s->thresholds[RPCS_T_RPC_SWEEP_HOSTS], 16);
	assert_false(s->detections[RPCS_D_TOOL_FINGERPRINT].enabled);
	assert_true(s->detections[RPCS_D_SWEEP].enabled);
	assert_int_equal(s->detections[RPCS_D_DUMP].severity, 4);
	assert_true(s->detections[RPCS_D_DUMP].severity_set);
	assert_false(s->detections[RPCS_D_SWEEP].severity_set);
	assert_int_equal(policy->direct_ok_count, 2);
	assert_int_equal(policy->direct_ok[1].program, 390109);
	assert_int_equal(policy->direct_ok[1].port, 7938);
}

static void later_sections_are_kept(void **state)
{
	OWNED_POLICY *policy = policy_of(whole_file);
	struct rpcs_policy_summary summary;

	(void)state;
	assert_false(policy->host_logs.journal);
	assert_int_equal(policy->host_logs.files.count, 2);
	assert_string_equal(policy->host_logs.files.items[1], "/var/log/other");
	assert_int_equal(policy->host_logs.pattern_count, 1);
	assert_string_equal(policy->host_logs.patterns[0].regex, "refused (.*)");
	assert_string_equal(policy->host_logs.patterns[0].fields.items[0], "client");
	assert_int_equal(policy->host_logs.join_window_ns, 1500 * MSEC);
	assert_int_equal(policy->condition.depth, 200);
	assert_int_equal(policy->condition.breadth, 80);
	assert_true(policy->response.enforce);
	assert_true(policy->response.on[RPCS_D_GRIND]);
	assert_true(policy->response.on[RPCS_D_UNSET_REMOTE]);
	assert_false(policy->response.on[RPCS_D_SET_REMOTE]);
	assert_int_equal(policy->response.for_ns, 1200 * SEC);
	assert_int_equal(policy->response.trust.count, 1);
	assert_int_equal(policy->response.never.count, 2);

	rpcs_policy_summary(policy, &summary);
	assert_int_equal(summary.rules, 4);
	assert_int_equal(summary.networks, 3);
	assert_int_equal(summary.programs, 1);
	assert_true(summary.host_logs && summary.condition && summary.response);
	assert_string_equal(rpcs_policy_rule_name(policy, 0), "nfs-clients");
	assert_string_equal(rpcs_policy_rule_name(policy, 3), "rule-4");
}

/** A text without keys, and the built-in policy, have the same settings. */
static void missing_keys_have_defaults(void **state)
{
	const char *const texts[] = { "", "---\n", "# nothing\n", "{}",
				      rpcs_policy_default_text() };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		OWNED_POLICY *policy = policy_of(texts[i]);
		const struct rpcs_settings *s = rpcs_policy_settings(policy);

		assert_string_equal(s->sensor_name, "");
		assert_int_equal(s->interface_count, 0);
		assert_int_equal(s->mode, RPCS_MODE_AUTO);
		assert_int_equal(s->port_count, 1);
		assert_int_equal(s->ports[0], 111);
		assert_int_equal(s->any_port, RPCS_ANY_PORT_FIRST);
		assert_true(s->tunnels);
		assert_int_equal(s->ring_size, 8 << 20);
		assert_int_equal(s->alert_repeat_ns, HOUR);
		assert_true(s->alert_journal);
		assert_null(s->alert_eve);
		assert_string_equal(s->inventory_file, "/var/lib/rpcsentry/services.json");
		assert_int_equal(s->call_timeout_ns, 24 * SEC);
		assert_int_equal(s->flow_timeout_ns, 120 * SEC);
		assert_int_equal(s->fragment_timeout_ns, 30 * SEC);
		assert_int_equal(s->limit_flows, 65536);
		assert_int_equal(s->limit_pending_calls, 262144);
		assert_int_equal(s->limit_sources, 65536);
		assert_int_equal(s->limit_reassembly, 64 << 20);
		assert_int_equal(s->limit_per_source_records, 20000);
		assert_int_equal(s->stats_interval_ns, 10 * SEC);
		assert_int_equal(policy->direct_ok_count, 2);
		assert_int_equal(policy->condition.depth, 100);
		assert_true(policy->response.on[RPCS_D_SET_REMOTE]);
		assert_false(rpcs_policy_home_is_set(policy));
	}
}

/** The built-in text spells every threshold as its table row has it. */
static void thresholds_have_defaults(void **state)
{
	OWNED_POLICY *empty = policy_of("");
	OWNED_POLICY *built_in = policy_of(rpcs_policy_default_text());
	const struct rpcs_settings *a = rpcs_policy_settings(empty);
	const struct rpcs_settings *b = rpcs_policy_settings(built_in);

	(void)state;
	assert_memory_equal(a->thresholds, b->thresholds, sizeof(a->thresholds));
	assert_int_equal(a->thresholds[RPCS_T_SWEEP_HOSTS], 16);
	assert_int_equal(a->thresholds[RPCS_T_SWEEP_SLOW_WINDOW], HOUR);
	assert_int_equal(a->thresholds[RPCS_T_NEW_SERVER_LEARN], 24 * HOUR);
	assert_int_equal(a->thresholds[RPCS_T_AMPLIFICATION_BYTES], 100000);
	for (unsigned int i = 0; i < RPCS_D__MAX; i++) {
		assert_true(b->detections[i].enabled);
		assert_int_equal(b->detections[i].severity,
				 rpcs_detection_info((enum rpcs_detection_id)i)->severity);
	}
}

static void detections_have_rows(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RPCS_D__MAX; i++) {
		const struct rpcs_detection_info *info =
			rpcs_detection_info((enum rpcs_detection_id)i);

		assert_in_range(info->signature_id, 1110001, 1110080);
		assert_in_range(info->severity, 1, 4);
		assert_int_equal(rpcs_detection_find(info->name), i);
	}
	assert_int_equal(rpcs_detection_find("portmap-dumb"), RPCS_D__MAX);
	assert_int_equal(rpcs_detection_info(RPCS_D_SENSOR_LOSS)->signature_id, 1110080);
}

/** Names may be used before the section that gives them. */
static void sections_come_in_any_order(void **state)
{
	OWNED_POLICY *policy =
		policy_of("response: {trust: trusted}\n"
			  "allow: [{clients: scanners, suppress: kernel}]\n"
			  "networks: {scanners: [10.9.9.8/30], trusted: 10.9.0.0/16}\n");

	(void)state;
	assert_true(allows(policy, "10.9.9.9", "10.0.0.1", RPCS_CALL_DUMP, 0));
	assert_false(allows(policy, "10.9.9.7", "10.0.0.1", RPCS_CALL_DUMP, 0));
}

/** `suppress: kernel` where trust holds the clients, also by parts and by name. */
static void trusted_clients_may_be_suppressed(void **state)
{
	static const char *const texts[] = {
		"response: {trust: [10.0.0.0/9, 10.128.0.0/9]}\n"
		"allow: [{clients: 10.0.0.0/8, suppress: kernel}]",
		"response: {trust: home}\n"
		"allow: [{clients: home, suppress: kernel}]",
		"networks: {home: 10.0.0.0/8}\n"
		"response: {trust: [10.0.0.0/8]}\n"
		"allow: [{clients: [home, 10.9.9.9], suppress: kernel}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		OWNED_POLICY *policy = policy_of(texts[i]);

		assert_non_null(policy);
	}
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/test_policy_load.XXXXXX";
	RPCS_OWNED_FD fd = mkstemp(path);
	OWNED_POLICY *policy = NULL;
	struct rpcs_policy_errors errors;
	int err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, whole_file, sizeof(whole_file) - 1), sizeof(whole_file) - 1);
	err = rpcs_policy_load(path, &policy, &errors);
	unlink(path);
	assert_int_equal(err, 0);
	assert_int_equal(rpcs_policy_rule_count(policy), 4);
	assert_int_equal(rpcs_policy_load(path, &policy, &errors), -ENOENT);
	assert_int_equal(rpcs_policy_load("/tmp", &policy, &errors), -EISDIR);
	assert_int_equal(errors.total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_file_is_kept),
		cmocka_unit_test(detections_are_kept),
		cmocka_unit_test(later_sections_are_kept),
		cmocka_unit_test(missing_keys_have_defaults),
		cmocka_unit_test(thresholds_have_defaults),
		cmocka_unit_test(detections_have_rows),
		cmocka_unit_test(sections_come_in_any_order),
		cmocka_unit_test(trusted_clients_may_be_suppressed),
		cmocka_unit_test(files_are_read),
	};

	return cmocka_run_group_tests_name("policy load", tests, NULL, NULL);
}

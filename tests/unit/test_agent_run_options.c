// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The flags of `run`, alone and against the policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/run_options.h"

enum { ARGS_MAX = 96 };

/** Splits at blanks; "''" stands for an empty argument. */
static int parse(const char *line, struct rpcs_run_options *ret_options)
{
	static char copy[2048];
	char *argv[ARGS_MAX + 1] = { 0 };
	int argc = 0;
	char *word, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) && argc < ARGS_MAX)
		argv[argc++] = strcmp(word, "''") ? word : word + 2;
	return rpcs_run_options_parse(argc, argv, ret_options);
}

static void test_interfaces(void **state)
{
	static const struct {
		const char *line;
		const char *names; /* joined with blanks; NULL: refused */
	} rows[] = {
		{ "run", "" },
		{ "run -i eth0", "eth0" },
		{ "run -ieth0", "eth0" },
		{ "run -i eth0 -i eth1", "eth0 eth1" },
		{ "run -i eth0,eth1,lo", "eth0 eth1 lo" },
		{ "run -i eth1,eth0 -i eth1 --interface=eth0 --interface lo", "eth1 eth0 lo" },
		{ "run -i eth,eth0", "eth eth0" },
		{ "run -i fifteen-letters", "fifteen-letters" },
		{ "run -i sixteen--letters", NULL },
		{ "run -i eth0,", NULL },
		{ "run -i ,eth0", NULL },
		{ "run -i eth0,,eth1", NULL },
		{ "run -i ''", NULL },
		{ "run -i", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rpcs_run_options options = { 0 };
		char names[1200] = "";
		uint32_t n;

		print_message("# %s\n", rows[i].line);
		if (!rows[i].names) {
			assert_int_equal(parse(rows[i].line, &options), -EINVAL);
			continue;
		}
		assert_int_equal(parse(rows[i].line, &options), 0);
		for (n = 0; n < options.interface_count; n++) {
			strncat(names, n ? " " : "", sizeof(names) - strlen(names) - 1);
			strncat(names, options.interfaces[n], sizeof(names) - strlen(names) - 1);
		}
		assert_string_equal(names, rows[i].names);
	}
}

static void test_too_many_interfaces(void **state)
{
	struct rpcs_run_options options;
	char line[2048] = "run -i ";
	size_t len = strlen(line);
	int i;

	(void)state;
	for (i = 0; i < RPCS_POLICY_INTERFACES_MAX; i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%se%d", i ? "," : "", i);
	assert_int_equal(parse(line, &options), 0);
	assert_int_equal(options.interface_count, RPCS_POLICY_INTERFACES_MAX);
	snprintf(line + len, sizeof(line) - len, ",e0");
	assert_int_equal(parse(line, &options), 0);
	snprintf(line + len, sizeof(line) - len, ",one-more");
	assert_int_equal(parse(line, &options), -EINVAL);
}

static void test_refused(void **state)
{
	static const char *const lines[] = {
		"run -m fast",	  "run -m",
		"run -m ''",	  "run --any-port some",
		"run --any-port", "run --eve",
		"run --eve ''",	  "run --keep=yes",
		"run -x",	  "run --unknown",
		"run eth0",	  "run -i eth0 more",
		"run --no",	  "run -i eth0 -- -v",
		"run --mode=TC",  "run -c",
	};
	struct rpcs_run_options options;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		print_message("# %s\n", lines[i]);
		assert_int_equal(parse(lines[i], &options), -EINVAL);
	}
}

static void test_flags(void **state)
{
	struct rpcs_run_options options;

	(void)state;
	assert_int_equal(parse("run -i lo -m generic -c p.yaml --any-port all --eve e.json "
			       "--no-journal --no-egress --keep --text -v",
			       &options),
			 0);
	assert_true(options.has_mode && options.mode == RPCS_MODE_GENERIC);
	assert_true(options.has_any_port && options.any_port == RPCS_ANY_PORT_ALL);
	assert_string_equal(options.policy_path, "p.yaml");
	assert_string_equal(options.eve, "e.json");
	assert_true(options.no_journal && options.no_egress && options.keep && options.text &&
		    options.verbose && !options.help);
	assert_int_equal(parse("run -h", &options), 0);
	assert_true(options.help && !options.has_mode && !options.keep);
}

static struct rpcs_settings settings_of_a_file(void)
{
	struct rpcs_settings settings = { .interfaces = { "pol0", "pol1", "pol0" },
					  .interface_count = 3,
					  .mode = RPCS_MODE_TC,
					  .any_port = RPCS_ANY_PORT_FIRST,
					  .alert_journal = true };

	return settings;
}

static void test_policy_fills_what_flags_leave(void **state)
{
	struct rpcs_settings settings = settings_of_a_file();
	struct rpcs_run_options options;
	struct rpcs_run_plan plan;
	char eve[] = "policy.json";

	(void)state;
	settings.alert_eve = eve;
	assert_int_equal(parse("run", &options), 0);
	assert_int_equal(rpcs_run_plan_make(&options, &settings, false, &plan), 0);
	assert_int_equal(plan.interface_count, 2);
	assert_string_equal(plan.interfaces[0], "pol0");
	assert_string_equal(plan.interfaces[1], "pol1");
	assert_int_equal(plan.mode, RPCS_MODE_TC);
	assert_int_equal(plan.any_port, RPCS_ANY_PORT_FIRST);
	assert_string_equal(plan.eve, "policy.json");
	assert_true(plan.journal && plan.egress && !plan.keep && !plan.text);
}

static void test_flags_win(void **state)
{
	struct rpcs_settings settings = settings_of_a_file();
	struct rpcs_run_options options;
	struct rpcs_run_plan plan;
	char eve[] = "policy.json";

	(void)state;
	settings.alert_eve = eve;
	assert_int_equal(parse("run -i flag0 -m auto --any-port off --eve flag.json --no-journal "
			       "--no-egress",
			       &options),
			 0);
	assert_int_equal(rpcs_run_plan_make(&options, &settings, false, &plan), 0);
	assert_int_equal(plan.interface_count, 1);
	assert_string_equal(plan.interfaces[0], "flag0");
	assert_int_equal(plan.mode, RPCS_MODE_AUTO);
	assert_int_equal(plan.any_port, RPCS_ANY_PORT_OFF);
	assert_string_equal(plan.eve, "flag.json");
	assert_false(plan.journal);
	assert_false(plan.egress);
}

static void test_policy_can_turn_the_journal_off(void **state)
{
	struct rpcs_settings settings = settings_of_a_file();
	struct rpcs_run_options options;
	struct rpcs_run_plan plan;

	(void)state;
	settings.alert_journal = false;
	assert_int_equal(parse("run", &options), 0);
	assert_int_equal(rpcs_run_plan_make(&options, &settings, false, &plan), 0);
	assert_false(plan.journal);
}

static void test_no_interface_anywhere(void **state)
{
	const struct rpcs_settings settings = { 0 };
	struct rpcs_run_options options;
	struct rpcs_run_plan plan;

	(void)state;
	assert_int_equal(parse("run", &options), 0);
	assert_int_equal(rpcs_run_plan_make(&options, &settings, false, &plan), -EINVAL);
}

static void test_who_gets_standard_output(void **state)
{
	static const struct {
		const char *line;
		bool terminal, text;
		int err;
	} rows[] = {
		{ "run", false, false, 0 },
		{ "run", true, true, 0 },
		{ "run --text", false, true, 0 },
		{ "run --eve f", true, false, 0 },
		{ "run --eve f --text", true, true, 0 },
		{ "run --eve -", true, false, 0 },
		{ "run --eve - --text", false, false, -EINVAL },
	};
	const struct rpcs_settings settings = settings_of_a_file();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rpcs_run_options options;
		struct rpcs_run_plan plan;

		print_message("# %s\n", rows[i].line);
		assert_int_equal(parse(rows[i].line, &options), 0);
		assert_int_equal(rpcs_run_plan_make(&options, &settings, rows[i].terminal, &plan),
				 rows[i].err);
		if (!rows[i].err)
			assert_int_equal(plan.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_too_many_interfaces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_policy_fills_what_flags_leave),
		cmocka_unit_test(test_flags_win),
		cmocka_unit_test(test_policy_can_turn_the_journal_off),
		cmocka_unit_test(test_no_interface_anywhere),
		cmocka_unit_test(test_who_gets_standard_output),
	};

	return cmocka_run_group_tests_name("agent/run_options", tests, NULL, NULL);
}

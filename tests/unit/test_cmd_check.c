// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry check`: what it prints where, and how it exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "policy/policy.h"
#include "policy_whole_file.h"

enum { OUTPUT_MAX = 16384 };

/** What a run of the command left behind. */
struct outcome {
	int status;
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
};

static void file_take(FILE *file, char text[OUTPUT_MAX])
{
	size_t len;

	rewind(file);
	len = fread(text, 1, OUTPUT_MAX - 1, file);
	text[len] = '\0';
}

static void check_run(char **argv, struct outcome *ret_outcome)
{
	RPCS_OWNED_FILE *out = tmpfile();
	RPCS_OWNED_FILE *err = tmpfile();
	RPCS_OWNED_FD saved_out = dup(STDOUT_FILENO);
	RPCS_OWNED_FD saved_err = dup(STDERR_FILENO);
	int argc = 0;

	assert_true(out && err && saved_out >= 0 && saved_err >= 0);
	while (argv[argc])
		argc++;
	fflush(stdout);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	optind = 0;
	ret_outcome->status = rpcs_cmd_check(argc, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	file_take(out, ret_outcome->out);
	file_take(err, ret_outcome->err);
}

static struct outcome outcome;

/** Runs `check -c FILE` over a text; `path` gets the name that the file had. */
static void text_check(const char *text, char path[64])
{
	RPCS_OWNED_FD fd = -1;
	char *argv[] = { "check", "-c", path, NULL };

	snprintf(path, 64, "/tmp/test_cmd_check.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	check_run(argv, &outcome);
	unlink(path);
}

static void a_right_policy_is_one_line(void **state)
{
	char path[64], line[160];

	(void)state;
	text_check(rpcs_policy_default_text(), path);
	snprintf(line, sizeof(line), "%s: OK: 2 rules, 0 named networks, 1 named program set\n",
		 path);
	assert_int_equal(outcome.status, RPCS_EXIT_OK);
	assert_string_equal(outcome.out, line);
	assert_string_equal(outcome.err, "");
}

static void sections_without_effect_are_named(void **state)
{
	char path[64];

	(void)state;
	text_check(whole_file, path);
	assert_int_equal(outcome.status, RPCS_EXIT_OK);
	assert_non_null(strstr(outcome.out, "without effect in this version: host_logs, "
					    "condition, response\n"));
	text_check("condition: {depth: 1}\n", path);
	assert_non_null(strstr(outcome.out, "without effect in this version: condition\n"));
}

static void mistakes_have_their_place(void **state)
{
	char path[64], line[160];

	(void)state;
	text_check("sensor:\n  mode: fast\nstats: {intervall: 1s}\n", path);
	assert_int_equal(outcome.status, RPCS_EXIT_USAGE);
	assert_string_equal(outcome.out, "");
	snprintf(line, sizeof(line), "%s:2:9: unknown value \"fast\"; expected auto", path);
	assert_int_equal(strncmp(outcome.err, line, strlen(line)), 0);
	snprintf(line, sizeof(line), "\n%s:3:9: unknown key \"intervall\"", path);
	assert_non_null(strstr(outcome.err, line));
	assert_non_null(strstr(outcome.err, "2 mistakes"));
}

static void a_missing_file_is_a_failure(void **state)
{
	char *argv[] = { "check", "--config", "/nonexistent/policy.yaml", NULL };

	(void)state;
	check_run(argv, &outcome);
	assert_int_equal(outcome.status, RPCS_EXIT_FAILURE);
	assert_string_equal(outcome.out, "");
	assert_non_null(strstr(outcome.err, "/nonexistent/policy.yaml: No such file"));
	/* One line. */
	assert_ptr_equal(strchr(outcome.err, '\n'), outcome.err + strlen(outcome.err) - 1);
}

static void the_default_is_printed(void **state)
{
	char *argv[] = { "check", "--print-default", NULL };

	(void)state;
	check_run(argv, &outcome);
	assert_int_equal(outcome.status, RPCS_EXIT_OK);
	assert_string_equal(outcome.out, rpcs_policy_default_text());
}

static void help_fits_80_columns(void **state)
{
	char *argv[] = { "check", "--help", NULL };
	const char *line = outcome.out;

	(void)state;
	check_run(argv, &outcome);
	assert_int_equal(outcome.status, RPCS_EXIT_OK);
	assert_non_null(strstr(outcome.out, "--print-default"));
	for (; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 80);
}

static void wrong_usage_is_told(void **state)
{
	char *cases[][5] = {
		{ "check", NULL },
		{ "check", "-c", NULL },
		{ "check", "--nonsense", NULL },
		{ "check", "--print-default", "-c", "x", NULL },
		{ "check", "-c", "x", "y", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_run(cases[i], &outcome);
		assert_int_equal(outcome.status, RPCS_EXIT_USAGE);
		assert_string_equal(outcome.out, "");
		assert_int_equal(strncmp(outcome.err, "rpcsentry: check: ", 18), 0);
		assert_ptr_equal(strchr(outcome.err, '\n'), outcome.err + strlen(outcome.err) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_policy_is_one_line),
		cmocka_unit_test(sections_without_effect_are_named),
		cmocka_unit_test(mistakes_have_their_place),
		cmocka_unit_test(a_missing_file_is_a_failure),
		cmocka_unit_test(the_default_is_printed),
		cmocka_unit_test(help_fits_80_columns),
		cmocka_unit_test(wrong_usage_is_told),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}

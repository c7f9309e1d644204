// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the subcommands' options share: values, the one line for a mistake, the policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <getopt.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "options.h"

#define OWNED_POLICY RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy

static char said[65536]; /* what went to standard error, by heard() */
static int kept_stderr;
static FILE *capture;

static int listen_to_stderr(void **state)
{
	(void)state;
	capture = tmpfile();
	kept_stderr = dup(STDERR_FILENO);
	if (!capture || kept_stderr < 0 || dup2(fileno(capture), STDERR_FILENO) < 0)
		return -1;
	return 0;
}

static int restore_stderr(void **state)
{
	(void)state;
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	return fclose(capture);
}

/* Everything since the last time. */
static const char *heard(void)
{
	size_t len;

	fflush(stderr);
	rewind(capture);
	len = fread(said, 1, sizeof(said) - 1, capture);
	said[len] = '\0';
	rewind(capture);
	if (ftruncate(fileno(capture), 0) != 0 || lseek(STDERR_FILENO, 0, SEEK_SET) != 0)
		return NULL;
	return said;
}

static uint32_t lines(const char *text)
{
	uint32_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void test_any_port(void **state)
{
	enum rpcs_any_port mode = RPCS_ANY_PORT_FIRST;

	(void)state;
	assert_true(rpcs_option_any_port("off", &mode));
	assert_int_equal(mode, RPCS_ANY_PORT_OFF);
	assert_true(rpcs_option_any_port("first", &mode));
	assert_int_equal(mode, RPCS_ANY_PORT_FIRST);
	assert_true(rpcs_option_any_port("all", &mode));
	assert_int_equal(mode, RPCS_ANY_PORT_ALL);
	assert_string_equal(heard(), "");
	assert_false(rpcs_option_any_port("some", &mode));
	assert_false(rpcs_option_any_port("", &mode));
	assert_false(rpcs_option_any_port("OFF", &mode));
	assert_int_equal(mode, RPCS_ANY_PORT_ALL);
	assert_int_equal(lines(heard()), 3);
	assert_non_null(strstr(said, "some"));
}

static void test_mode(void **state)
{
	static const char *const names[] = { "auto", "native", "generic", "tc" };
	enum rpcs_mode mode;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(rpcs_option_mode(names[i], &mode));
		assert_int_equal(mode, i);
	}
	assert_string_equal(heard(), "");
	assert_false(rpcs_option_mode("xdp", &mode));
	assert_int_equal(mode, RPCS_MODE_TC);
	assert_int_equal(lines(heard()), 1);
	assert_non_null(strstr(said, "auto, native, generic or tc"));
}

/* What getopt_long makes of a bad command line, in words. */
static const char *complaint(const char *a, const char *b)
{
	static const struct option longs[] = { { "eve", required_argument, NULL, 'e' },
					       { "text", no_argument, NULL, 't' },
					       { NULL, 0, NULL, 0 } };
	char name[] = "run", first[32], second[32];
	char *argv[] = { name, first, b ? second : NULL, NULL };
	int opt;

	snprintf(first, sizeof(first), "%s", a);
	snprintf(second, sizeof(second), "%s", b ? b : "");
	optind = 0;
	do
		opt = getopt_long(b ? 3 : 2, argv, ":e:t", longs, NULL);
	while (opt == 't' || opt == 'e');
	assert_true(opt == '?' || opt == ':');
	rpcs_option_unknown("run", opt, argv);
	assert_int_equal(lines(heard()), 1);
	assert_non_null(strstr(said, "rpcsentry run --help"));
	return said;
}

static void test_unknown(void **state)
{
	(void)state;
	assert_non_null(strstr(complaint("--nonsense", NULL), "--nonsense: unknown"));
	assert_non_null(strstr(complaint("--text", "--nonsense"), "--nonsense: unknown"));
	assert_non_null(strstr(complaint("-x", NULL), "-x: unknown"));
	assert_non_null(strstr(complaint("-tx", NULL), "-x: unknown"));
	assert_non_null(strstr(complaint("--eve", NULL), "--eve needs a value"));
	assert_non_null(strstr(complaint("-e", NULL), "-e needs a value"));
	assert_non_null(strstr(complaint("--text=5", NULL), "--text=5: takes no value"));
	assert_non_null(strstr(complaint("--eve=5", "-xt"), "-x: unknown"));
}

static void write_policy(const char *path, const char *text)
{
	RPCS_OWNED_FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

static void test_policy(void **state)
{
	char path[] = "/tmp/rpcsentry-options-XXXXXX";
	OWNED_POLICY *policy = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rpcs_option_policy(NULL, &policy), RPCS_EXIT_OK);
	assert_int_equal(rpcs_policy_settings(policy)->ports[0], 111);
	rpcs_policy_free(&policy);
	write_policy(path, "sensor: {ports: [112]}\n");
	assert_int_equal(rpcs_option_policy(path, &policy), RPCS_EXIT_OK);
	assert_int_equal(rpcs_policy_settings(policy)->ports[0], 112);
	rpcs_policy_free(&policy);
	assert_string_equal(heard(), "");
	/* Every mistake, each with its place. */
	write_policy(path, "sensor:\n  porst: [111]\n  mode: fast\n");
	assert_int_equal(rpcs_option_policy(path, &policy), RPCS_EXIT_USAGE);
	assert_null(policy);
	assert_int_equal(lines(heard()), 2);
	assert_non_null(strstr(said, ":2:3: "));
	assert_non_null(strstr(said, ":3:9: "));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rpcs_option_policy(path, &policy), RPCS_EXIT_FAILURE);
	assert_int_equal(lines(heard()), 1);
	assert_non_null(strstr(said, "No such file"));
}

/* More mistakes than are kept: the rest is counted. */
static void test_many_mistakes(void **state)
{
	char path[] = "/tmp/rpcsentry-options-XXXXXX", text[4096] = "sensor:\n";
	OWNED_POLICY *policy = NULL;
	int fd = mkstemp(path), i;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (i = 0; i < RPCS_POLICY_ERRORS_MAX + 5; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  zzz%d: 1\n", i);
	write_policy(path, text);
	assert_int_equal(rpcs_option_policy(path, &policy), RPCS_EXIT_USAGE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lines(heard()), RPCS_POLICY_ERRORS_MAX + 1);
	assert_non_null(strstr(said, "and 5 more"));
}

/* Not on a terminal: silent however long it takes. */
static void test_progress(void **state)
{
	struct rpcs_progress progress;

	(void)state;
	rpcs_progress_start(&progress, 1000);
	assert_false(progress.terminal);
	progress.last_ns = progress.start_ns = 1;
	rpcs_progress_show(&progress, 500, 5);
	rpcs_progress_end(&progress);
	assert_string_equal(heard(), "");
	/* On one: after a second, without dividing by nothing. */
	rpcs_progress_start(&progress, 1000);
	progress.terminal = true;
	rpcs_progress_show(&progress, 500, 5);
	assert_string_equal(heard(), "");
	progress.last_ns = progress.start_ns = 1;
	rpcs_progress_show(&progress, 500, 5);
	assert_non_null(strstr(heard(), "50 %"));
	progress.last_ns = 1;
	rpcs_progress_show(&progress, 0, 6);
	assert_null(strstr(heard(), "%"));
	rpcs_progress_end(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_port, listen_to_stderr, restore_stderr),
		cmocka_unit_test_setup_teardown(test_mode, listen_to_stderr, restore_stderr),
		cmocka_unit_test_setup_teardown(test_unknown, listen_to_stderr, restore_stderr),
		cmocka_unit_test_setup_teardown(test_policy, listen_to_stderr, restore_stderr),
		cmocka_unit_test_setup_teardown(test_many_mistakes, listen_to_stderr,
						restore_stderr),
		cmocka_unit_test_setup_teardown(test_progress, listen_to_stderr, restore_stderr),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

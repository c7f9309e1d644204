// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry explain` and the journal's catalog that it prints. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "commands.h"
#include "detect_case.h"
#include "output/outputs.h"

static char printed[1 << 17];
static char complaint[4096];

/* Puts a temporary file in the place of a stream; returns the saved descriptor. */
static int divert(FILE *stream, FILE *to)
{
	int saved;

	fflush(stream);
	saved = dup(fileno(stream));
	assert_true(saved >= 0);
	assert_true(dup2(fileno(to), fileno(stream)) >= 0);
	return saved;
}

static void restore(FILE *stream, int saved, FILE *from, char *text, size_t size)
{
	size_t len;

	fflush(stream);
	dup2(saved, fileno(stream));
	close(saved);
	rewind(from);
	len = fread(text, 1, size - 1, from);
	text[len] = '\0';
	fclose(from);
}

static int run(const char *arg)
{
	char *argv[] = { (char *)"explain", (char *)arg, NULL };
	FILE *out = tmpfile(), *err = tmpfile();
	int saved_out, saved_err, status;

	assert_non_null(out);
	assert_non_null(err);
	saved_out = divert(stdout, out);
	saved_err = divert(stderr, err);
	optind = 0;
	status = rpcs_cmd_explain(arg ? 2 : 1, argv);
	restore(stdout, saved_out, out, printed, sizeof(printed));
	restore(stderr, saved_err, err, complaint, sizeof(complaint));
	return status;
}

static void assert_columns(void)
{
	const char *line, *end;

	for (line = printed; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (end - line > 80)
			fail_msg("over 80 columns: %.*s", (int)(end - line), line);
	}
}

/* A line of its own, and only one. */
static void assert_one_line(void)
{
	assert_true(strncmp(complaint, "rpcsentry: ", 11) == 0);
	assert_ptr_equal(strchr(complaint, '\n'), complaint + strlen(complaint) - 1);
	assert_string_equal(printed, "");
}

static void every_detection_is_explained_by_name_and_number(void **state)
{
	static const char *const titles[] = { "\nWhat it is\n",		"\nWhat fires it\n",
					      "\nWhy it matters\n",	"\nFalse positives\n",
					      "\nWhat to check next\n", "\nHow to allow it\n" };
	static char by_name[sizeof(printed)];
	char number[16];
	unsigned int id, i, count = 0;

	(void)state;
	for (id = 0; id < RPCS_D__MAX; id++) {
		const struct rpcs_detection_info *info = rpcs_detection_info(id);

		if (!rpcs_detect_explain(id))
			continue;
		count++;
		assert_int_equal(run(info->name), RPCS_EXIT_OK);
		assert_columns();
		assert_non_null(strstr(printed, info->signature));
		for (i = 0; i < 6; i++)
			assert_non_null(strstr(printed, titles[i]));
		memcpy(by_name, printed, sizeof(printed));
		snprintf(number, sizeof(number), "%u", info->signature_id);
		assert_int_equal(run(number), RPCS_EXIT_OK);
		assert_string_equal(printed, by_name);
	}
	assert_true(count >= 10);
}

static void mistakes_are_one_line(void **state)
{
	(void)state;
	assert_int_equal(run("portmap-dmp"), RPCS_EXIT_USAGE);
	assert_one_line();
	assert_non_null(strstr(complaint, "portmap-dump"));
	assert_int_equal(run("9\n\033[31m"), RPCS_EXIT_USAGE);
	assert_one_line();
	assert_null(strchr(complaint, '\033'));
	assert_int_equal(run("1110001x"), RPCS_EXIT_USAGE);
	assert_one_line();
	assert_int_equal(run(""), RPCS_EXIT_USAGE);
	assert_one_line();
	assert_int_equal(run("--bogus"), RPCS_EXIT_USAGE);
	assert_one_line();
}

static void what_is_not_there_yet_is_said(void **state)
{
	unsigned int id;

	(void)state;
	for (id = 0; id < RPCS_D__MAX && rpcs_detect_explain(id); id++)
		;
	if (id == RPCS_D__MAX)
		skip(); /* all are implemented */
	assert_int_equal(run(rpcs_detection_info(id)->name), RPCS_EXIT_FAILURE);
	assert_one_line();
}

static void the_list_has_every_name(void **state)
{
	static const char *const ways[] = { "--list", NULL };
	unsigned int id, way;

	(void)state;
	for (way = 0; way < 2; way++) {
		assert_int_equal(run(ways[way]), RPCS_EXIT_OK);
		for (id = 0; id < RPCS_D__MAX; id++)
			if (rpcs_detect_explain(id))
				assert_non_null(strstr(printed, rpcs_detection_info(id)->name));
	}
}

/* The indented lines of "how to allow it" are policy: they must be right as they stand. */
static void what_to_allow_is_valid_policy(void **state)
{
	static struct rpcs_policy_errors errors;
	static char yaml[4096];
	unsigned int id;

	(void)state;
	for (id = 0; id < RPCS_D__MAX; id++) {
		const struct rpcs_explanation *text = rpcs_detect_explain(id);
		struct rpcs_policy *policy = NULL;
		const char *line, *end;
		size_t len = 0;

		if (!text)
			continue;
		for (line = text->allow; *line; line = *end ? end + 1 : end) {
			end = strchrnul(line, '\n');
			if (line[0] != ' ')
				continue;
			len += (size_t)snprintf(yaml + len, sizeof(yaml) - len, "%.*s\n",
						(int)(end - line - 2), line + 2);
			assert_true(len < sizeof(yaml));
		}
		assert_true(len > 0);
		memset(&errors, 0, sizeof(errors));
		if (rpcs_policy_parse(yaml, len, &policy, &errors))
			fail_msg("%s: %u: %s\n%s", rpcs_detection_info(id)->name,
				 errors.list[0].line, errors.list[0].text, yaml);
		rpcs_policy_free(&policy);
	}
}

static void the_catalog_has_every_message(void **state)
{
	char id_line[40], message_id[33];
	unsigned int id;

	(void)state;
	assert_int_equal(run("--catalog"), RPCS_EXIT_OK);
	assert_columns();
	for (id = 0; id < RPCS_D__MAX; id++) {
		rpcs_journal_message_id(id, message_id);
		snprintf(id_line, sizeof(id_line), "-- %s\n", message_id);
		assert_int_equal(strstr(printed, id_line) != NULL, rpcs_detect_explain(id) != NULL);
	}
}

/* The catalog as systemd reads it, in a root of the test's own. */
static void systemd_takes_the_catalog(void **state)
{
	char root[] = "/tmp/rs-catalog-XXXXXX", command[512];
	static char listed[1 << 14];
	FILE *file;
	unsigned int id;
	size_t len;
	int status;

	(void)state;
	if (system("journalctl --version >/dev/null 2>&1") != 0) {
		print_message("skipped: no journalctl here\n");
		skip();
	}
	assert_int_equal(run("--catalog"), RPCS_EXIT_OK);
	assert_non_null(mkdtemp(root));
	snprintf(command, sizeof(command),
		 "mkdir -p %s/usr/lib/systemd/catalog %s/var/lib/systemd/catalog", root, root);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s/usr/lib/systemd/catalog/rpcsentry.catalog", root);
	file = fopen(command, "w");
	assert_non_null(file);
	assert_int_equal(fputs(printed, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
	snprintf(command, sizeof(command),
		 "journalctl --root=%s --update-catalog 2>&1 && journalctl --root=%s "
		 "--list-catalog 2>&1",
		 root, root);
	file = popen(command, "r");
	assert_non_null(file);
	len = fread(listed, 1, sizeof(listed) - 1, file);
	listed[len] = '\0';
	status = pclose(file);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0);
	assert_int_equal(status, 0);
	for (id = 0; id < RPCS_D__MAX; id++)
		if (rpcs_detect_explain(id) && !strstr(listed, rpcs_detection_info(id)->signature))
			fail_msg("systemd lists no \"%s\": %s", rpcs_detection_info(id)->signature,
				 listed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_detection_is_explained_by_name_and_number),
		cmocka_unit_test(mistakes_are_one_line),
		cmocka_unit_test(what_is_not_there_yet_is_said),
		cmocka_unit_test(the_list_has_every_name),
		cmocka_unit_test(what_to_allow_is_valid_policy),
		cmocka_unit_test(the_catalog_has_every_message),
		cmocka_unit_test(systemd_takes_the_catalog),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}

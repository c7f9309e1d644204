/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Holds all lines that a test program made against schema/eve.json. */
#ifndef RPCSENTRY_TESTS_OUTPUT_SCHEMA_H
#define RPCSENTRY_TESTS_OUTPUT_SCHEMA_H

#include <stdlib.h>
#include <sys/wait.h>

#include "output_fixture.h"

FILE *fixture_lines;

/* Group set-up: keep the lines. */
static int schema_begin(void **state)
{
	(void)state;
	fixture_lines = tmpfile();
	return fixture_lines ? 0 : -1;
}

static void test_schema(void **state)
{
	static const char script[] = "scripts/validate-eve.py";
	char command[100];
	int status;

	(void)state;
	if (access(script, X_OK) != 0) {
		print_message("# skip: %s is not below the current directory\n", script);
		skip();
	}
	assert_true(ftell(fixture_lines) > 0);
	assert_int_equal(fflush(fixture_lines), 0);
	/* The validator says on standard error what is wrong. */
	snprintf(command, sizeof(command), "%s /proc/%d/fd/%d >/dev/null", script, (int)getpid(),
		 fileno(fixture_lines));
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		print_message("# skip: the validator cannot run here\n");
		skip();
	}
	assert_int_equal(status, 0);
	fclose(fixture_lines);
	fixture_lines = NULL;
}

#endif

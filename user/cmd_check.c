// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `rpcsentry check`: is this policy file right? */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "options.h"
#include "policy/policy.h"
#include "policy/summary.h"

static const char help[] =
	"Usage: rpcsentry check -c FILE\n"
	"       rpcsentry check --print-default\n"
	"\n"
	"Checks a policy file and tells every mistake in it with line and column.\n"
	"\n"
	"  -c, --config FILE    the policy file to check; '-' is standard input\n"
	"      --print-default  print the built-in policy, a start for one of your own\n"
	"  -h, --help           print this help\n"
	"\n"
	"Exit status: 0 the policy is right; 1 the file can't be read; 2 it has mistakes,\n"
	"or the command line is wrong.\n";

/** Tells the sections that are checked but do nothing in this version. */
static void later_print(const struct rpcs_policy_summary *summary)
{
	const char *names[3];
	unsigned int count = 0;

	if (summary->host_logs)
		names[count++] = "host_logs";
	if (summary->condition)
		names[count++] = "condition";
	if (summary->response)
		names[count++] = "response";
	if (count == 0)
		return;
	printf("Checked, but without effect in this version: ");
	for (unsigned int i = 0; i < count; i++)
		printf("%s%s", i ? ", " : "", names[i]);
	printf("\n");
}

static int policy_check(const char *path)
{
	RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy *policy = NULL;
	RPCS_OWNED_BLOCK struct rpcs_policy_errors *errors = malloc(sizeof(*errors));
	bool is_stdin = strcmp(path, "-") == 0;
	const char *shown = is_stdin ? "(standard input)" : path;
	struct rpcs_policy_summary summary;
	int err = -ENOMEM;

	if (errors)
		err = rpcs_policy_load(is_stdin ? "/dev/stdin" : path, &policy, errors);
	if (errors && err == -EINVAL && errors->total) {
		for (uint32_t i = 0; i < errors->kept; i++)
			fprintf(stderr, "%s:%u:%u: %s\n", shown, errors->list[i].line,
				errors->list[i].column, errors->list[i].text);
		rpcs_log_error("policy %s: %u mistake%s%s; nothing of it is in force", shown,
			       errors->total, errors->total == 1 ? "" : "s",
			       errors->total > errors->kept ? ", the first of them above" : "");
		return RPCS_EXIT_USAGE;
	}
	if (err < 0) {
		rpcs_log_error("policy %s: %s%s", shown, strerror(-err),
			       err == -ENOENT ? "; rpcsentry check --print-default prints one "
						"to start from"
					      : "");
		return RPCS_EXIT_FAILURE;
	}
	rpcs_policy_summary(policy, &summary);
	printf("%s: OK: %u rule%s, %u named network%s, %u named program set%s\n", shown,
	       summary.rules, summary.rules == 1 ? "" : "s", summary.networks,
	       summary.networks == 1 ? "" : "s", summary.programs,
	       summary.programs == 1 ? "" : "s");
	later_print(&summary);
	return RPCS_EXIT_OK;
}

int rpcs_cmd_check(int argc, char **argv)
{
	enum { OPT_PRINT_DEFAULT = 256 };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "print-default", no_argument, NULL, OPT_PRINT_DEFAULT },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *path = NULL;
	bool print_default = false;
	int option;

	while ((option = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case OPT_PRINT_DEFAULT:
			print_default = true;
			break;
		case 'h':
			fputs(help, stdout);
			return RPCS_EXIT_OK;
		default:
			rpcs_option_unknown("check", option, argv);
			return RPCS_EXIT_USAGE;
		}
	}
	if (optind < argc || (print_default ? path != NULL : path == NULL)) {
		rpcs_log_error("check: %s; see rpcsentry check --help",
			       optind < argc   ? "an argument too many"
			       : print_default ? "-c and --print-default exclude each other"
					       : "no policy named, give -c FILE");
		return RPCS_EXIT_USAGE;
	}
	if (print_default) {
		if (fputs(rpcs_policy_default_text(), stdout) >= 0)
			return RPCS_EXIT_OK;
		rpcs_log_error("standard output: %s", strerror(errno));
		return RPCS_EXIT_FAILURE;
	}
	return policy_check(path);
}

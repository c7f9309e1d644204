// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Option values and the like, the same in every subcommand. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

bool rpcs_option_any_port(const char *text, enum rpcs_any_port *ret_mode)
{
	static const char *const names[] = { "off", "first", "all" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_mode = (enum rpcs_any_port)i;
			return true;
		}
	}
	rpcs_log_error("--any-port %s: unknown; off, first or all", text);
	return false;
}

bool rpcs_option_mode(const char *text, enum rpcs_mode *ret_mode)
{
	static const char *const names[] = { "auto", "native", "generic", "tc" };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_mode = (enum rpcs_mode)i;
			return true;
		}
	}
	rpcs_log_error("-m %s: unknown; auto, native, generic or tc", text);
	return false;
}

/* "--text=5": getopt_long gives such an option's letter as if it were unknown. */
static bool has_needless_value(const char *what, const char *next)
{
	bool in_next = next && next[0] == '-' && next[1] != '-' && strchr(next, optopt);

	return optopt && strncmp(what, "--", 2) == 0 && strchr(what, '=') && !in_next;
}

void rpcs_option_unknown(const char *command, int opt, char **argv)
{
	const char *what = argv[optind - 1];

	if (opt == ':')
		rpcs_log_error("%s: %s needs a value; `rpcsentry %s --help` lists the options",
			       command, what, command);
	else if (has_needless_value(what, argv[optind]))
		rpcs_log_error("%s: %s: takes no value; `rpcsentry %s --help` lists the options",
			       command, what, command);
	else if (optopt && optopt < 256)
		rpcs_log_error("%s: -%c: unknown option; `rpcsentry %s --help` lists them", command,
			       optopt, command);
	else
		rpcs_log_error("%s: %s: unknown option; `rpcsentry %s --help` lists them", command,
			       what, command);
}

int rpcs_option_policy(const char *path, struct rpcs_policy **ret_policy)
{
	static struct rpcs_policy_errors errors;
	const char *text = rpcs_policy_default_text();
	int err;

	errors.kept = errors.total = 0;
	if (path)
		err = rpcs_policy_load(path, ret_policy, &errors);
	else
		err = rpcs_policy_parse(text, strlen(text), ret_policy, &errors);
	if (!err)
		return RPCS_EXIT_OK;
	rpcs_policy_errors_log(path ? path : "built-in policy", &errors);
	if (errors.total)
		return RPCS_EXIT_USAGE;
	rpcs_log_error("%s: %s", path ? path : "built-in policy", strerror(-err));
	return RPCS_EXIT_FAILURE;
}

void rpcs_progress_start(struct rpcs_progress *progress, uint64_t total_bytes)
{
	*progress = (struct rpcs_progress){ .total = total_bytes,
					    .start_ns = rpcs_clock_monotonic(),
					    .terminal = isatty(STDERR_FILENO) };
	progress->last_ns = progress->start_ns;
}

void rpcs_progress_show(struct rpcs_progress *progress, uint64_t bytes, uint64_t frames)
{
	uint64_t now = rpcs_clock_monotonic();
	double seconds = (double)(now - progress->start_ns) / RPCS_NSEC_PER_SEC;

	if (!progress->terminal || now - progress->last_ns < RPCS_NSEC_PER_SEC)
		return;
	progress->last_ns = now;
	progress->shown = true;
	fprintf(stderr, "\r%llu frames, %.0f/s", (unsigned long long)frames,
		(double)frames / seconds);
	if (progress->total && bytes)
		fprintf(stderr, ", %d %%, %.0f s left ",
			(int)(100.0 * (double)bytes / (double)progress->total),
			seconds * ((double)progress->total / (double)bytes - 1.0));
}

void rpcs_progress_end(struct rpcs_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}

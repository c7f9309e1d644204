/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the command line of `run` asks for, and what comes of it with the policy. */
#ifndef RPCSENTRY_AGENT_RUN_OPTIONS_H
#define RPCSENTRY_AGENT_RUN_OPTIONS_H

#include <net/if.h>
#include <stdbool.h>

#include "../policy/policy.h"

/** The flags as given. Strings are argv's own. */
struct rpcs_run_options {
	char interfaces[RPCS_POLICY_INTERFACES_MAX][IF_NAMESIZE]; /* without duplicates */
	uint32_t interface_count;
	bool has_mode, has_any_port;
	enum rpcs_mode mode;
	enum rpcs_any_port any_port;
	const char *policy_path; /* NULL: the built-in policy */
	const char *eve;	 /* NULL: as the policy says; "-" for standard output */
	bool no_journal, no_egress, keep, text, verbose, help;
};

/** What a run does: flags first, then the policy. */
struct rpcs_run_plan {
	char interfaces[RPCS_POLICY_INTERFACES_MAX][IF_NAMESIZE];
	uint32_t interface_count;
	enum rpcs_mode mode;
	enum rpcs_any_port any_port;
	const char *eve; /* NULL for none */
	bool journal, egress, keep, text, verbose;
	const char *policy_path; /* NULL: the built-in policy */
	bool any_port_given;	 /* by a flag */
};

/** Reads the flags; -EINVAL: the one line about it has been logged. argv[0] is the command. */
int rpcs_run_options_parse(int argc, char **argv, struct rpcs_run_options *ret_options);

/**
 * Joins flags and policy; eve points into either. -EINVAL: no interface
 * anywhere, which has been logged. `terminal`: standard output is one.
 */
int rpcs_run_plan_make(const struct rpcs_run_options *options, const struct rpcs_settings *settings,
		       bool terminal, struct rpcs_run_plan *ret_plan);

const char *rpcs_run_mode_name(enum rpcs_mode mode);

#endif

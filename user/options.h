/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What several subcommands share: option values, the policy, progress. */
#ifndef RPCSENTRY_OPTIONS_H
#define RPCSENTRY_OPTIONS_H

#include <stdint.h>

#include "policy/policy.h"

/** off, first, all; logs the mistake and returns false otherwise. */
bool rpcs_option_any_port(const char *text, enum rpcs_any_port *ret_mode);

/** auto, native, generic, tc; likewise. */
bool rpcs_option_mode(const char *text, enum rpcs_mode *ret_mode);

/** One line for getopt_long's '?' and ':' (with a leading ':' in its short options). */
void rpcs_option_unknown(const char *command, int opt, char **argv);

/**
 * Loads the policy, the built-in one for NULL. Returns enum rpcs_exit: on a
 * mistake every one has been told with its place.
 */
int rpcs_option_policy(const char *path, struct rpcs_policy **ret_policy);

/** Progress of long work on a terminal; silent elsewhere and in the first second. */
struct rpcs_progress {
	uint64_t total, start_ns, last_ns;
	bool shown, terminal;
};

void rpcs_progress_start(struct rpcs_progress *progress, uint64_t total_bytes);
void rpcs_progress_show(struct rpcs_progress *progress, uint64_t bytes, uint64_t frames);
void rpcs_progress_end(struct rpcs_progress *progress);

#endif

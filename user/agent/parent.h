/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The privileged process of `run`: attaches, watches its children, takes everything off. */
#ifndef RPCSENTRY_AGENT_PARENT_H
#define RPCSENTRY_AGENT_PARENT_H

#include "run_options.h"

/**
 * A whole run by `plan`, until a signal or a failure ends it; enum rpcs_exit.
 * `policy` stays the caller's. Whatever goes wrong has been logged.
 */
int rpcs_parent_main(const struct rpcs_run_plan *plan, struct rpcs_policy *policy);

#endif

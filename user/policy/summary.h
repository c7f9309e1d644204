/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `check` says of a policy that has no mistake. */
#ifndef RPCSENTRY_POLICY_SUMMARY_H
#define RPCSENTRY_POLICY_SUMMARY_H

#include "policy.h"

struct rpcs_policy_summary {
	uint32_t rules, networks, programs;  /* networks, programs: named sets */
	bool host_logs, condition, response; /* the file sets this section */
};

void rpcs_policy_summary(const struct rpcs_policy *policy, struct rpcs_policy_summary *ret_summary);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From rules with `suppress: kernel` to what stages 1 to 4 can hold a call against. */
#ifndef RPCSENTRY_POLICY_SUPPRESS_H
#define RPCSENTRY_POLICY_SUPPRESS_H

struct rpcs_policy;

/** Builds the table, after the rules' index; anew when `home` has changed. 0 or -ENOMEM. */
int rpcs_suppress_build(struct rpcs_policy *policy);

void rpcs_suppress_clear(struct rpcs_policy *policy);

#endif

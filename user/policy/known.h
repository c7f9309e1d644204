/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Collecting the programs that a policy file knows. */
#ifndef RPCSENTRY_POLICY_KNOWN_H
#define RPCSENTRY_POLICY_KNOWN_H

struct rpcs_policy;

/** After all sections are read; 0 or -ENOMEM. */
int rpcs_known_programs_make(struct rpcs_policy *policy);

/** Frees them; their names are printed no more. */
void rpcs_known_programs_clear(struct rpcs_policy *policy);

#endif

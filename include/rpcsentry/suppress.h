/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rules of the policy share with stages 1 to 4: how often each decided, and
 * which calls of which clients never become a record (policy.md, `suppress`).
 */
#ifndef RPCSENTRY_SUPPRESS_H
#define RPCSENTRY_SUPPRESS_H

#include "portable.h"

enum {
	/* The rules whose hits can be seen from outside; a policy may have more. */
	RPCS_RULES_SHOWN_MAX = 4096,
	RPCS_RULE_NAME_BYTES = 64,
};

/** The values of the map `rules`: one for each rule, in the file's order. */
struct rpcs_rule_hits {
	__u64 hits;			 /* calls that the agent had it decide */
	__u64 suppressed;		 /* calls that stages 1 to 4 suppressed by it */
	char name[RPCS_RULE_NAME_BYTES]; /* ends with '\0'; empty: no such rule */
};

_Static_assert(sizeof(struct rpcs_rule_hits) == 80, "no padding");

#endif

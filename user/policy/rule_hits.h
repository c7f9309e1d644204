/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How often each rule decided, where others can see it: the map `rules`, `stats` lines. */
#ifndef RPCSENTRY_POLICY_RULE_HITS_H
#define RPCSENTRY_POLICY_RULE_HITS_H

#include <rpcsentry/suppress.h>

#include "policy.h"

/** Writes the names and figures of the first RPCS_RULES_SHOWN_MAX rules into `list`. */
void rpcs_rule_hits_begin(const struct rpcs_policy *policy, struct rpcs_rule_hits *list);

/** Brings `hits` up to date; `suppressed` is not touched. */
void rpcs_rule_hits_update(const struct rpcs_policy *policy, struct rpcs_rule_hits *list);

/** Takes `suppressed` over into the policy, which is to be replaced. */
void rpcs_rule_hits_collect(struct rpcs_policy *policy, const struct rpcs_rule_hits *list);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What policy.md says of rules, rule by rule: what the index is held against. */
#ifndef TESTS_UNIT_POLICY_SCAN_H
#define TESTS_UNIT_POLICY_SCAN_H

#include "policy/model.h"

static inline bool scan_address(const struct rpcs_policy *policy, const struct rpcs_refs *refs,
				const struct rpcs_address *address)
{
	if (!refs->given)
		return true;
	for (uint32_t i = 0; i < refs->count; i++) {
		uint32_t set = policy->net_refs[refs->first + i];

		if (set == RPCS_NET_HOME ? rpcs_policy_is_home(policy, address)
					 : rpcs_netset_contains(&policy->nets[set].set, address))
			return true;
	}
	return false;
}

static inline bool scan_program(const struct rpcs_policy *policy, const struct rpcs_refs *refs,
				const struct rpcs_policy_query *query)
{
	if (!refs->given)
		return true;
	for (uint32_t i = 0; query->has_program && i < refs->count; i++) {
		if (rpcs_program_entry_contains(
			    &policy->programs[policy->program_refs[refs->first + i]],
			    query->program))
			return true;
	}
	return false;
}

/** The first rule that matches and whose outcome does not disagree. */
static inline uint32_t scan_rule(const struct rpcs_policy *policy,
				 const struct rpcs_policy_query *query)
{
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct rpcs_rule *rule = &policy->rules[i];

		if (!((rule->calls >> query->call) & 1) ||
		    !scan_address(policy, &rule->clients, query->client) ||
		    !scan_address(policy, &rule->servers, query->server) ||
		    !scan_program(policy, &rule->programs, query))
			continue;
		if (rule->outcome == RPCS_WANT_ANSWERED && query->answered == RPCS_ANSWERED_NO)
			continue;
		if (rule->outcome == RPCS_WANT_UNANSWERED && query->answered == RPCS_ANSWERED_YES)
			continue;
		return i;
	}
	return RPCS_RULE_NONE;
}

#endif

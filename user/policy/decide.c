// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which rule decides a call. Rules are kept by call, and each rule's sets are
 * asked by binary search; rule_next() is the only place that knows how the
 * candidates are found.
 */
#include <errno.h>
#include <stdlib.h>

#include "call_names.h"
#include "model.h"

int rpcs_policy_rules_index(struct rpcs_policy *policy)
{
	for (unsigned int call = 0; call < RPCS_CALL__MAX; call++) {
		uint32_t *indices;
		uint32_t count = 0;

		for (uint32_t i = 0; i < policy->rule_count; i++)
			count += (policy->rules[i].calls >> call) & 1;
		indices = calloc(count + 1UL, sizeof(*indices));
		if (!indices)
			return -ENOMEM;
		count = 0;
		for (uint32_t i = 0; i < policy->rule_count; i++) {
			if ((policy->rules[i].calls >> call) & 1)
				indices[count++] = i;
		}
		policy->rules_of_call[call] = indices;
		policy->rules_of_call_count[call] = count;
	}
	return 0;
}

static bool address_matches(const struct rpcs_policy *policy, const struct rpcs_refs *refs,
			    const struct rpcs_address *address)
{
	const uint32_t *sets = policy->net_refs + refs->first;

	if (!refs->given)
		return true;
	for (uint32_t i = 0; i < refs->count; i++) {
		bool within = sets[i] == RPCS_NET_HOME
				      ? rpcs_policy_is_home(policy, address)
				      : rpcs_netset_contains(&policy->nets[sets[i]].set, address);

		if (within)
			return true;
	}
	return false;
}

static bool program_matches(const struct rpcs_policy *policy, const struct rpcs_refs *refs,
			    const struct rpcs_policy_query *query)
{
	const uint32_t *sets = policy->program_refs + refs->first;

	if (!refs->given)
		return true;
	if (!query->has_program)
		return false;
	for (uint32_t i = 0; i < refs->count; i++) {
		if (rpcs_program_entry_contains(&policy->programs[sets[i]], query->program))
			return true;
	}
	return false;
}

static bool rule_matches(const struct rpcs_policy *policy, const struct rpcs_rule *rule,
			 const struct rpcs_policy_query *query)
{
	return program_matches(policy, &rule->programs, query) &&
	       address_matches(policy, &rule->clients, query->client) &&
	       address_matches(policy, &rule->servers, query->server);
}

/** The next rule that matches, counting from place `*at` among the call's rules. */
static uint32_t rule_next(const struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			  uint32_t *at)
{
	const uint32_t *indices = policy->rules_of_call[query->call];
	uint32_t count = policy->rules_of_call_count[query->call];

	while (*at < count) {
		uint32_t rule = indices[(*at)++];

		if (rule_matches(policy, &policy->rules[rule], query))
			return rule;
	}
	return RPCS_RULE_NONE;
}

/** The rule wants another outcome than the one that is known. */
static bool outcome_disagrees(const struct rpcs_rule *rule, enum rpcs_answered answered)
{
	if (rule->outcome == RPCS_WANT_ANSWERED)
		return answered == RPCS_ANSWERED_NO;
	return rule->outcome == RPCS_WANT_UNANSWERED && answered == RPCS_ANSWERED_YES;
}

void rpcs_policy_decide(struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			struct rpcs_policy_decision *ret_decision)
{
	const uint32_t never_suppressed = RPCS_CALLS_CHANGE | RPCS_CALLS_FORWARD;
	uint32_t bit = RPCS_CALL_BIT(query->call);
	uint32_t at = 0, index;
	struct rpcs_rule *rule;

	*ret_decision = (struct rpcs_policy_decision){ .log = true, .rule = RPCS_RULE_NONE };
	do {
		index = rule_next(policy, query, &at);
		if (index == RPCS_RULE_NONE)
			return;
		rule = &policy->rules[index];
	} while (outcome_disagrees(rule, query->answered));

	ret_decision->rule = index;
	ret_decision->names_servers = rule->servers.given;
	if (rule->outcome != RPCS_WANT_ANY && query->answered == RPCS_ANSWERED_NOT_YET) {
		ret_decision->held = true;
		return;
	}
	rule->hits++;
	ret_decision->allowed = true;
	ret_decision->names_change = (rule->calls_named & RPCS_CALLS_CHANGE & bit) != 0;
	ret_decision->log = rule->log;
	ret_decision->suppress = rule->suppress && !(never_suppressed & bit);
}

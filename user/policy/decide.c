// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rule decides a call: the first that matches and whose outcome does not disagree. */
#include "call_names.h"
#include "model.h"

/** The rule wants another outcome than the one that is known. */
static bool outcome_disagrees(const struct rpcs_rule *rule, enum rpcs_answered answered)
{
	if (rule->outcome == RPCS_WANT_ANSWERED)
		return answered == RPCS_ANSWERED_NO;
	return rule->outcome == RPCS_WANT_UNANSWERED && answered == RPCS_ANSWERED_YES;
}

static uint32_t rule_find_of_few(const struct rpcs_policy *policy,
				 const struct rpcs_policy_query *query)
{
	uint64_t left = rpcs_rule_search_few(policy, query);
	uint32_t rule;

	for (; left; left &= left - 1) {
		rule = (uint32_t)__builtin_ctzll(left);
		if (!outcome_disagrees(&policy->rules[rule], query->answered))
			return rule;
	}
	return RPCS_RULE_NONE;
}

/** The rule that decides, or RPCS_RULE_NONE. */
static uint32_t rule_find(struct rpcs_policy *policy, const struct rpcs_policy_query *query)
{
	struct rpcs_rule_search search;
	uint32_t rule;

	if (policy->index.word_count <= 1)
		return rule_find_of_few(policy, query);
	rpcs_rule_search_begin(policy, query, &search);
	do
		rule = rpcs_rule_search_next(&policy->index, query->call, &search);
	while (rule != RPCS_RULE_NONE && outcome_disagrees(&policy->rules[rule], query->answered));
	rpcs_rule_search_end(&policy->index);
	return rule;
}

void rpcs_policy_decide(struct rpcs_policy *policy, const struct rpcs_policy_query *query,
			struct rpcs_policy_decision *ret_decision)
{
	uint32_t bit = RPCS_CALL_BIT(query->call);
	uint32_t index = rule_find(policy, query);
	struct rpcs_rule *rule;

	*ret_decision = (struct rpcs_policy_decision){ .log = true, .rule = RPCS_RULE_NONE };
	if (index == RPCS_RULE_NONE)
		return;
	rule = &policy->rules[index];

	ret_decision->rule = index;
	if (rule->outcome != RPCS_WANT_ANY && query->answered == RPCS_ANSWERED_NOT_YET) {
		ret_decision->held = true;
		return;
	}
	rule->hits++;
	ret_decision->allowed = true;
	ret_decision->names_change = (rule->calls_named & RPCS_CALLS_CHANGE & bit) != 0;
	ret_decision->log = rule->log;
	ret_decision->suppress = rule->suppress && (RPCS_CALLS_SUPPRESSIBLE & bit);
}

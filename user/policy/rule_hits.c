// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules' figures, copied to where they can be seen. */
#include "rule_hits.h"

#include <string.h>

#include "model.h"

_Static_assert((int)RPCS_RULE_NAME_BYTES == (int)RPCS_POLICY_NAME_MAX, "a rule's name fits");

static uint32_t shown(const struct rpcs_policy *policy)
{
	return policy->rule_count < RPCS_RULES_SHOWN_MAX ? policy->rule_count
							 : RPCS_RULES_SHOWN_MAX;
}

void rpcs_rule_hits_begin(const struct rpcs_policy *policy, struct rpcs_rule_hits *list)
{
	memset(list, 0, RPCS_RULES_SHOWN_MAX * sizeof(*list));
	for (uint32_t i = 0; i < shown(policy); i++) {
		memcpy(list[i].name, policy->rules[i].name, strlen(policy->rules[i].name) + 1);
		list[i].suppressed = policy->rules[i].suppressed;
	}
	rpcs_rule_hits_update(policy, list);
}

void rpcs_rule_hits_update(const struct rpcs_policy *policy, struct rpcs_rule_hits *list)
{
	for (uint32_t i = 0; i < shown(policy); i++)
		list[i].hits = policy->rules[i].hits;
}

void rpcs_rule_hits_collect(struct rpcs_policy *policy, const struct rpcs_rule_hits *list)
{
	for (uint32_t i = 0; i < shown(policy); i++)
		policy->rules[i].suppressed = list[i].suppressed;
}

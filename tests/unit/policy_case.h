/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Policies and calls for the tests of policy/; include after cmocka. */
#ifndef TESTS_UNIT_POLICY_CASE_H
#define TESTS_UNIT_POLICY_CASE_H

#include <string.h>

#include "base/cleanup.h"
#include "policy/policy.h"

#define OWNED_POLICY RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy

/* Client and server of a call from home, and of one from outside. */
#define IN "10.0.0.5", "10.2.0.10"
#define OUT "203.0.113.5", "10.2.0.10"

/** The policy of a text that has no mistake. */
static inline struct rpcs_policy *policy_of(const char *text)
{
	struct rpcs_policy *policy = NULL;
	struct rpcs_policy_errors errors;

	if (rpcs_policy_parse(text, strlen(text), &policy, &errors) != 0)
		fail_msg("%u:%u: %s", errors.list[0].line, errors.list[0].column,
			 errors.list[0].text);
	return policy;
}

/** Decides a call; program 0 means that it has none. */
static inline struct rpcs_policy_decision
decide_answered(struct rpcs_policy *policy, const char *from, const char *to,
		enum rpcs_policy_call call, uint32_t program, enum rpcs_answered answered)
{
	struct rpcs_address client, server;
	struct rpcs_policy_query query = {
		.client = &client,
		.server = &server,
		.call = call,
		.has_program = program != 0,
		.program = program,
		.answered = answered,
	};
	struct rpcs_policy_decision decision;

	assert_int_equal(rpcs_address_parse(from, &client), 0);
	assert_int_equal(rpcs_address_parse(to, &server), 0);
	rpcs_policy_decide(policy, &query, &decision);
	return decision;
}

static inline struct rpcs_policy_decision decide(struct rpcs_policy *policy, const char *from,
						 const char *to, enum rpcs_policy_call call,
						 uint32_t program)
{
	return decide_answered(policy, from, to, call, program, RPCS_ANSWERED_NOT_YET);
}

static inline bool allows(struct rpcs_policy *policy, const char *from, const char *to,
			  enum rpcs_policy_call call, uint32_t program)
{
	return decide(policy, from, to, call, program).allowed;
}

static inline void home_is_ten(struct rpcs_policy *policy)
{
	struct rpcs_prefix ten;

	assert_int_equal(rpcs_prefix_parse("10.0.0.0/8", &ten), 0);
	assert_int_equal(rpcs_policy_home_default(policy, &ten, 1), 0);
}

#endif

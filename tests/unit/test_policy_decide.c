// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rule decides a call, row by row of what spec policy.md says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "policy_case.h"

static void built_in_policy(void **state)
{
	OWNED_POLICY *policy = policy_of(rpcs_policy_default_text());

	(void)state;
	home_is_ten(policy);
	assert_false(rpcs_policy_home_is_set(policy));
	assert_true(allows(policy, OUT, RPCS_CALL_NULL, 0));
	assert_true(decide(policy, OUT, RPCS_CALL_NULL, 0).log);
	assert_true(allows(policy, IN, RPCS_CALL_GETPORT, 100003));
	assert_true(allows(policy, IN, RPCS_CALL_GETADDR, 100003));
	assert_true(allows(policy, IN, RPCS_CALL_GETVERSADDR, 100003));
	assert_true(allows(policy, "127.0.0.1", "127.0.0.1", RPCS_CALL_GETPORT, 0));
	assert_true(allows(policy, "fe80::1", "fe80::2", RPCS_CALL_GETADDR, 0));
	assert_false(allows(policy, OUT, RPCS_CALL_GETPORT, 100003));
	for (unsigned int call = 0; call < RPCS_CALL__MAX; call++) {
		if (call == RPCS_CALL_NULL || call == RPCS_CALL_GETPORT ||
		    call == RPCS_CALL_GETADDR || call == RPCS_CALL_GETVERSADDR)
			continue;
		assert_false(allows(policy, IN, (enum rpcs_policy_call)call, 100003));
	}
}

static void no_rule_means_reported_and_logged(void **state)
{
	OWNED_POLICY *policy = policy_of("sensor: {name: gw1}\n");
	struct rpcs_policy_decision decision;

	(void)state;
	decision = decide(policy, IN, RPCS_CALL_NULL, 0);
	assert_false(decision.allowed);
	assert_false(decision.held);
	assert_false(decision.suppress);
	assert_true(decision.log);
	assert_int_equal(decision.rule, RPCS_RULE_NONE);
}

static void the_first_match_decides(void **state)
{
	OWNED_POLICY *policy =
		policy_of("allow:\n"
			  "  - {name: a, calls: DUMP, clients: 10.0.0.5, log: false}\n"
			  "  - {name: b, calls: DUMP, clients: 10.0.0.0/8}\n"
			  "  - {name: c, calls: DUMP}\n");

	(void)state;
	assert_int_equal(decide(policy, IN, RPCS_CALL_DUMP, 0).rule, 0);
	assert_false(decide(policy, IN, RPCS_CALL_DUMP, 0).log);
	assert_int_equal(decide(policy, "10.0.0.6", "10.2.0.10", RPCS_CALL_DUMP, 0).rule, 1);
	assert_int_equal(decide(policy, OUT, RPCS_CALL_DUMP, 0).rule, 2);
	assert_int_equal(rpcs_policy_rule_count(policy), 3);
	assert_string_equal(rpcs_policy_rule_name(policy, 1), "b");
	assert_int_equal(rpcs_policy_rule_hits(policy, 0), 2);
	assert_int_equal(rpcs_policy_rule_hits(policy, 1), 1);
	assert_null(rpcs_policy_rule_name(policy, 3));
	assert_null(rpcs_policy_rule_name(policy, RPCS_RULE_NONE));
}

#define BIT(call) (1U << RPCS_CALL_##call)

/** What each name in `calls` permits, and nothing else. */
static void call_names(void **state)
{
	const uint32_t all = (1U << RPCS_CALL__MAX) - 1;
	const uint32_t forward = BIT(CALLIT) | BIT(BCAST) | BIT(INDIRECT);
	const struct {
		const char *calls;
		uint32_t permitted;
	} cases[] = {
		{ "NULL", BIT(NULL) },
		{ "'NULL'", BIT(NULL) },
		{ "GETPORT", BIT(GETPORT) | BIT(GETADDR) | BIT(GETVERSADDR) },
		{ "=GETPORT", BIT(GETPORT) },
		{ "=GETADDR", BIT(GETADDR) },
		{ "GETADDR", BIT(GETADDR) },
		{ "=GETVERSADDR", BIT(GETVERSADDR) },
		{ "CALLIT", forward },
		{ "=CALLIT", BIT(CALLIT) },
		{ "BCAST", BIT(BCAST) },
		{ "=INDIRECT", BIT(INDIRECT) },
		{ "DUMP", BIT(DUMP) | BIT(GETADDRLIST) },
		{ "=DUMP", BIT(DUMP) },
		{ "=GETADDRLIST", BIT(GETADDRLIST) },
		{ "SET", BIT(SET) },
		{ "UNSET", BIT(UNSET) },
		{ "DIRECT", BIT(DIRECT) },
		{ "GETSTAT", BIT(GETSTAT) },
		{ "GETTIME", BIT(GETTIME) },
		{ "UADDR2TADDR", BIT(UADDR2TADDR) },
		{ "TADDR2UADDR", BIT(TADDR2UADDR) },
		{ "[=DUMP, SET]", BIT(DUMP) | BIT(SET) },
		{ "all", all },
		{ NULL, all & ~(forward | BIT(SET) | BIT(UNSET)) },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWNED_POLICY *policy = NULL;

		if (cases[i].calls)
			snprintf(text, sizeof(text), "allow: [{calls: %s}]", cases[i].calls);
		else
			snprintf(text, sizeof(text), "allow: [{name: absent}]");
		policy = policy_of(text);
		for (unsigned int call = 0; call < RPCS_CALL__MAX; call++)
			assert_int_equal(allows(policy, IN, (enum rpcs_policy_call)call, 1),
					 (cases[i].permitted >> call) & 1);
	}
}

static void procedures_are_told_apart_by_version(void **state)
{
	static const struct {
		uint32_t version, procedure;
		enum rpcs_policy_call call;
	} cases[] = {
		{ 2, 0, RPCS_CALL_NULL },
		{ 2, 1, RPCS_CALL_SET },
		{ 2, 2, RPCS_CALL_UNSET },
		{ 2, 3, RPCS_CALL_GETPORT },
		{ 2, 4, RPCS_CALL_DUMP },
		{ 2, 5, RPCS_CALL_CALLIT },
		{ 2, 6, RPCS_CALL_OTHER },
		{ 3, 3, RPCS_CALL_GETADDR },
		{ 3, 5, RPCS_CALL_CALLIT },
		{ 3, 8, RPCS_CALL_TADDR2UADDR },
		{ 3, 9, RPCS_CALL_OTHER },
		{ 4, 3, RPCS_CALL_GETADDR },
		{ 4, 4, RPCS_CALL_DUMP },
		{ 4, 5, RPCS_CALL_BCAST },
		{ 4, 6, RPCS_CALL_GETTIME },
		{ 4, 7, RPCS_CALL_UADDR2TADDR },
		{ 4, 9, RPCS_CALL_GETVERSADDR },
		{ 4, 10, RPCS_CALL_INDIRECT },
		{ 4, 11, RPCS_CALL_GETADDRLIST },
		{ 4, 12, RPCS_CALL_GETSTAT },
		{ 4, 13, RPCS_CALL_OTHER },
		{ 1, 0, RPCS_CALL_OTHER },
		{ 0, 0, RPCS_CALL_OTHER },
		{ 5, 0, RPCS_CALL_OTHER },
		{ 4294967295U, 4294967295U, RPCS_CALL_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rpcs_policy_call_of(cases[i].version, cases[i].procedure),
				 cases[i].call);
}

static void set_is_named_only_by_its_name(void **state)
{
	OWNED_POLICY *named = policy_of("allow: [{calls: [SET, GETPORT]}]");
	OWNED_POLICY *all = policy_of("allow: [{calls: [all]}]");
	OWNED_POLICY *mixed = policy_of("allow: [{calls: [all, =SET]}]");

	(void)state;
	assert_true(decide(named, IN, RPCS_CALL_SET, 1).names_change);
	assert_false(decide(named, IN, RPCS_CALL_GETPORT, 1).names_change);
	assert_false(allows(named, IN, RPCS_CALL_UNSET, 1));
	assert_true(allows(all, IN, RPCS_CALL_SET, 1));
	assert_false(decide(all, IN, RPCS_CALL_SET, 1).names_change);
	assert_true(decide(mixed, IN, RPCS_CALL_SET, 1).names_change);
	assert_false(decide(mixed, IN, RPCS_CALL_UNSET, 1).names_change);
}

static void an_outcome_holds_the_call(void **state)
{
	OWNED_POLICY *policy = policy_of("allow:\n"
					 "  - {name: a, calls: GETPORT, outcome: unanswered}\n"
					 "  - {name: b, calls: GETPORT, clients: 10.0.0.0/8}\n");
	struct rpcs_policy_decision decision;

	(void)state;
	decision = decide_answered(policy, IN, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_NOT_YET);
	assert_true(decision.held);
	assert_false(decision.allowed);
	assert_int_equal(decision.rule, 0);
	assert_int_equal(rpcs_policy_rule_hits(policy, 0), 0);

	decision = decide_answered(policy, IN, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_NO);
	assert_true(decision.allowed);
	assert_false(decision.held);
	assert_int_equal(decision.rule, 0);
	assert_int_equal(rpcs_policy_rule_hits(policy, 0), 1);

	/* Answered: that rule disagrees, the next ones are tried. */
	decision = decide_answered(policy, IN, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_YES);
	assert_true(decision.allowed);
	assert_int_equal(decision.rule, 1);
	decision = decide_answered(policy, OUT, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_YES);
	assert_false(decision.allowed);
	assert_int_equal(decision.rule, RPCS_RULE_NONE);
}

static void only_the_first_match_holds(void **state)
{
	OWNED_POLICY *policy = policy_of("allow:\n"
					 "  - {calls: GETPORT, clients: 10.0.0.5}\n"
					 "  - {calls: GETPORT, outcome: answered}\n");

	(void)state;
	assert_false(decide(policy, IN, RPCS_CALL_GETPORT, 1).held);
	assert_true(allows(policy, IN, RPCS_CALL_GETPORT, 1));
	assert_true(decide(policy, OUT, RPCS_CALL_GETPORT, 1).held);
	assert_true(decide_answered(policy, OUT, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_YES).allowed);
	assert_false(decide_answered(policy, OUT, RPCS_CALL_GETPORT, 1, RPCS_ANSWERED_NO).allowed);
}

static void programs_need_a_program(void **state)
{
	OWNED_POLICY *policy = policy_of(
		"programs: {ours: [mountd, 0x20000001], mine: 300019}\n"
		"allow: [{calls: [GETPORT, DUMP, DIRECT, CALLIT], programs: [ours, amd, NFS, "
		"200]}]");

	(void)state;
	assert_true(allows(policy, IN, RPCS_CALL_GETPORT, 100005));
	assert_true(allows(policy, IN, RPCS_CALL_GETPORT, 0x20000001));
	assert_true(allows(policy, IN, RPCS_CALL_DIRECT, 300019));
	assert_true(allows(policy, IN, RPCS_CALL_CALLIT, 100003));
	assert_true(allows(policy, IN, RPCS_CALL_GETPORT, 200));
	assert_false(allows(policy, IN, RPCS_CALL_GETPORT, 100004));
	assert_false(allows(policy, IN, RPCS_CALL_DUMP, 0));
}

static const struct {
	const char *client, *server;
	enum rpcs_policy_call call;
	uint32_t program;
	enum rpcs_answered answered;
	const char *rule; /* NULL: reported */
} zeek_cases[] = {
	{ "10.3.0.1", "10.2.0.1", RPCS_CALL_GETPORT, 100004, RPCS_ANSWERED_NOT_YET, "RPC_okay" },
	{ "10.3.0.1", "10.2.0.2", RPCS_CALL_GETPORT, 100004, RPCS_ANSWERED_NOT_YET, NULL },
	{ "10.3.0.3", "10.2.0.1", RPCS_CALL_GETPORT, 100004, RPCS_ANSWERED_NOT_YET, NULL },
	{ "10.3.0.1", "10.2.0.1", RPCS_CALL_GETPORT, 100009, RPCS_ANSWERED_NOT_YET, NULL },
	{ "10.1.9.9", "10.2.0.1", RPCS_CALL_GETPORT, 100009, RPCS_ANSWERED_NOT_YET,
	  "RPC_okay_nets" },
	{ "10.1.9.9", "10.2.0.1", RPCS_CALL_DUMP, 0, RPCS_ANSWERED_NOT_YET, NULL },
	{ "203.0.113.1", "10.9.9.9", RPCS_CALL_GETPORT, 100007, RPCS_ANSWERED_NOT_YET,
	  "RPC_okay_services" },
	{ "203.0.113.1", "10.2.0.9", RPCS_CALL_GETADDR, 100021, RPCS_ANSWERED_NOT_YET,
	  "NFS_world_servers" },
	{ "203.0.113.1", "10.2.0.9", RPCS_CALL_GETPORT, 100004, RPCS_ANSWERED_NOT_YET, NULL },
	{ "203.0.113.1", "224.0.2.2", RPCS_CALL_GETPORT, 100004, RPCS_ANSWERED_NOT_YET,
	  "any_RPC_okay" },
	{ "10.3.0.1", "10.2.0.1", RPCS_CALL_DUMP, 0, RPCS_ANSWERED_NOT_YET, "RPC_dump_okay" },
	{ "10.3.0.1", "10.2.0.2", RPCS_CALL_DUMP, 0, RPCS_ANSWERED_NOT_YET, NULL },
	{ "10.3.0.9", "10.2.0.1", RPCS_CALL_GETTIME, 0, RPCS_ANSWERED_NO, "RPC_do_not_complain" },
	{ "10.3.0.9", "10.2.0.1", RPCS_CALL_GETTIME, 0, RPCS_ANSWERED_YES, NULL },
	{ "10.3.0.2", "10.2.0.1", RPCS_CALL_GETPORT, 100008, RPCS_ANSWERED_NOT_YET,
	  "suppress_pm_log" },
};

/** The rows of the table in policy.md that are about rules. */
static void zeek_tables(void **state)
{
	OWNED_POLICY *policy = policy_of(
		"networks: {nets: [10.1.0.0/16], world: [10.2.0.9, 10.2.0.10]}\n"
		"programs: {nfs_services: [mountd, nfs, pcnfsd, nlockmgr, rquotad, status]}\n"
		"allow:\n"
		"- {name: RPC_okay, calls: GETPORT, servers: 10.2.0.1, clients: 10.3.0.1, "
		"programs: ypserv}\n"
		"- {name: RPC_okay_nets, calls: GETPORT, clients: nets}\n"
		"- {name: RPC_okay_services, calls: GETPORT, programs: ypbind}\n"
		"- {name: NFS_world_servers, calls: GETPORT, servers: world, programs: "
		"nfs_services}\n"
		"- {name: any_RPC_okay, calls: GETPORT, servers: 224.0.2.2, programs: "
		"ypserv}\n"
		"- {name: RPC_dump_okay, calls: DUMP, clients: 10.3.0.1, servers: 10.2.0.1}\n"
		"- {name: RPC_do_not_complain, calls: GETTIME, outcome: unanswered}\n"
		"- {name: suppress_pm_log, clients: 10.3.0.2, programs: rwalld, log: false}\n");

	(void)state;
	for (size_t i = 0; i < sizeof(zeek_cases) / sizeof(zeek_cases[0]); i++) {
		struct rpcs_policy_decision decision = decide_answered(
			policy, zeek_cases[i].client, zeek_cases[i].server, zeek_cases[i].call,
			zeek_cases[i].program, zeek_cases[i].answered);

		assert_int_equal(decision.allowed, zeek_cases[i].rule != NULL);
		if (!zeek_cases[i].rule)
			continue;
		assert_string_equal(rpcs_policy_rule_name(policy, decision.rule),
				    zeek_cases[i].rule);
		assert_int_equal(decision.log, strcmp(zeek_cases[i].rule, "suppress_pm_log") != 0);
	}
}

static void suppress_spares_what_matters(void **state)
{
	OWNED_POLICY *policy =
		policy_of("response: {trust: [10.9.0.0/16]}\n"
			  "allow: [{calls: all, clients: 10.9.9.9, suppress: kernel}]");
	static const struct {
		enum rpcs_policy_call call;
		bool suppress;
	} cases[] = {
		{ RPCS_CALL_NULL, true },   { RPCS_CALL_GETPORT, true },
		{ RPCS_CALL_DUMP, true },   { RPCS_CALL_DIRECT, true },
		{ RPCS_CALL_OTHER, true },  { RPCS_CALL_SET, false },
		{ RPCS_CALL_UNSET, false }, { RPCS_CALL_CALLIT, false },
		{ RPCS_CALL_BCAST, false }, { RPCS_CALL_INDIRECT, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_policy_decision decision =
			decide(policy, "10.9.9.9", "10.2.0.1", cases[i].call, 1);

		assert_true(decision.allowed);
		assert_int_equal(decision.suppress, cases[i].suppress);
	}
}

static void a_directed_broadcast_is_named_by_servers(void **state)
{
	OWNED_POLICY *policy = policy_of(
		"allow:\n"
		"- {calls: CALLIT, servers: [224.0.2.2, 10.2.255.255], programs: [ypserv]}\n"
		"- {calls: CALLIT, clients: 10.0.0.5}\n");
	struct rpcs_policy_decision decision;

	(void)state;
	decision = decide(policy, "10.0.0.9", "10.2.255.255", RPCS_CALL_CALLIT, 100004);
	assert_true(decision.allowed);
	decision = decide(policy, "10.0.0.9", "10.2.255.255", RPCS_CALL_CALLIT, 100005);
	assert_false(decision.allowed);
	decision = decide(policy, "10.0.0.9", "10.2.0.10", RPCS_CALL_CALLIT, 100004);
	assert_false(decision.allowed);
	decision = decide(policy, "10.0.0.5", "10.2.255.255", RPCS_CALL_CALLIT, 100005);
	assert_int_equal(decision.rule, 1);
}

static void many_rules_keep_their_order(void **state)
{
	enum { RULES = 10000, LINE = 80 };
	RPCS_OWNED_BLOCK char *text = malloc(RULES * LINE);
	OWNED_POLICY *policy = NULL;
	char client[32];
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	len += (size_t)snprintf(text, LINE, "allow:\n");
	for (unsigned int i = 0; i < RULES; i++)
		len += (size_t)snprintf(text + len, LINE,
					"- {name: r%u, calls: GETPORT, clients: 10.%u.%u.0/24}\n",
					i, i / 200, i % 200);
	policy = policy_of(text);
	assert_int_equal(rpcs_policy_rule_count(policy), RULES);
	for (unsigned int i = 0; i < RULES; i += 97) {
		snprintf(client, sizeof(client), "10.%u.%u.77", i / 200, i % 200);
		assert_int_equal(decide(policy, client, "10.2.0.1", RPCS_CALL_GETPORT, 1).rule, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_policy),
		cmocka_unit_test(no_rule_means_reported_and_logged),
		cmocka_unit_test(the_first_match_decides),
		cmocka_unit_test(call_names),
		cmocka_unit_test(procedures_are_told_apart_by_version),
		cmocka_unit_test(set_is_named_only_by_its_name),
		cmocka_unit_test(an_outcome_holds_the_call),
		cmocka_unit_test(only_the_first_match_holds),
		cmocka_unit_test(programs_need_a_program),
		cmocka_unit_test(zeek_tables),
		cmocka_unit_test(suppress_spares_what_matters),
		cmocka_unit_test(a_directed_broadcast_is_named_by_servers),
		cmocka_unit_test(many_rules_keep_their_order),
	};

	return cmocka_run_group_tests_name("policy decide", tests, NULL, NULL);
}

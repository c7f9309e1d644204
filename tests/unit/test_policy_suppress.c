// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of `suppress: kernel` stages 1 to 4 are told: exactly what the rules would decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "policy_case.h"

#define CALL(name) (1U << RPCS_CALL_##name)

enum {
	PLAIN = CALL(NULL) | CALL(GETPORT) | CALL(GETADDR) | CALL(GETVERSADDR) | CALL(DUMP) |
		CALL(GETADDRLIST) | CALL(GETTIME) | CALL(UADDR2TADDR) | CALL(TADDR2UADDR) |
		CALL(GETSTAT) | CALL(OTHER) | CALL(DIRECT)
};

static uint32_t calls_of(const struct rpcs_policy *policy, const char *client)
{
	const struct rpcs_suppress_value *value;
	struct rpcs_address address;

	assert_int_equal(rpcs_address_parse(client, &address), 0);
	value = rpcs_policy_suppress_find(policy, &address);
	return value ? value->calls : 0;
}

#define TRUST "response: {trust: [0.0.0.0/0, \"::/0\"]}\n"

static void nothing_without_a_rule(void **state)
{
	OWNED_POLICY *policy = policy_of(TRUST "allow: [{clients: 10.0.0.5}]");
	uint32_t count = 1;

	(void)state;
	assert_false(rpcs_policy_suppresses(policy));
	rpcs_policy_suppress_list(policy, &count);
	assert_int_equal(count, 0);
	assert_int_equal(calls_of(policy, "10.0.0.5"), 0);
}

static void never_changes_and_forwarding(void **state)
{
	OWNED_POLICY *policy =
		policy_of(TRUST "allow: [{calls: all, clients: 10.9.9.9, suppress: kernel}]");
	const struct rpcs_suppress_entry *list;
	uint32_t count;

	(void)state;
	assert_true(rpcs_policy_suppresses(policy));
	assert_int_equal(calls_of(policy, "10.9.9.9"), PLAIN);
	assert_int_equal(calls_of(policy, "10.9.9.8"), 0);
	list = rpcs_policy_suppress_list(policy, &count);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].key.prefixlen, 128);
	assert_int_equal(list[0].key.client[15], 9);
	assert_int_equal(list[0].key.client[10], 0xff);
}

/** A rule before it decides first; a narrower one leaves all of them to the agent. */
static void the_first_match_decides(void **state)
{
	OWNED_POLICY *policy = policy_of(
		TRUST "allow:\n"
		      "- {calls: DUMP, clients: 10.1.2.3}\n"
		      "- {calls: GETPORT, clients: 10.1.0.0/16, programs: mountd}\n"
		      "- {calls: GETTIME, servers: 10.2.0.1}\n"
		      "- {calls: GETSTAT, clients: 10.1.9.9, outcome: unanswered}\n"
		      "- {calls: DIRECT, clients: 10.1.0.0/16, servers: 10.2.0.1, suppress: "
		      "kernel}\n"
		      "- {clients: 10.0.0.0/8, suppress: kernel}\n");
	const uint32_t lookups = CALL(GETPORT) | CALL(GETADDR) | CALL(GETVERSADDR);
	const uint32_t anybody = PLAIN & ~CALL(GETTIME);

	(void)state;
	assert_int_equal(calls_of(policy, "10.5.0.1"), anybody);
	assert_int_equal(calls_of(policy, "10.1.0.1"), anybody & ~(lookups | CALL(DIRECT)));
	assert_int_equal(calls_of(policy, "10.1.2.3"),
			 anybody & ~(lookups | CALL(DIRECT) | CALL(DUMP) | CALL(GETADDRLIST)));
	assert_int_equal(calls_of(policy, "10.1.9.9"),
			 anybody & ~(lookups | CALL(DIRECT) | CALL(GETSTAT)));
	assert_int_equal(calls_of(policy, "11.0.0.1"), 0);
}

/** An inner prefix may take back what the one around it suppresses, and the other way round. */
static void prefixes_inside_each_other(void **state)
{
	OWNED_POLICY *policy = policy_of(TRUST
					 "networks: {outer: [10.0.0.0/8], inner: [10.1.0.0/16]}\n"
					 "allow:\n"
					 "- {calls: NULL, clients: 10.1.2.0/24, suppress: kernel}\n"
					 "- {calls: NULL, clients: inner}\n"
					 "- {calls: NULL, clients: outer, suppress: kernel}\n");
	const struct rpcs_suppress_entry *list;
	uint32_t count;

	(void)state;
	assert_int_equal(calls_of(policy, "10.0.0.1"), CALL(NULL));
	assert_int_equal(calls_of(policy, "10.1.0.1"), 0);
	assert_int_equal(calls_of(policy, "10.1.2.1"), CALL(NULL));
	list = rpcs_policy_suppress_list(policy, &count);
	assert_int_equal(count, 3);
	assert_int_equal(list[0].key.prefixlen, 104);
	assert_int_equal(list[0].value.rules[RPCS_CALL_NULL], 2);
	assert_int_equal(list[1].value.calls, 0);
	assert_int_equal(list[2].value.rules[RPCS_CALL_NULL], 0);
}

/** `home` that is not set is known only once the place is; loopback is never suppressed. */
static void home_of_the_place(void **state)
{
	OWNED_POLICY *policy =
		policy_of("response: {trust: home}\n"
			  "allow: [{calls: NULL, clients: home, suppress: kernel}]\n");

	(void)state;
	assert_int_equal(calls_of(policy, "10.0.0.1"), 0);
	home_is_ten(policy);
	assert_int_equal(calls_of(policy, "10.0.0.1"), CALL(NULL));
	assert_int_equal(calls_of(policy, "169.254.3.4"), CALL(NULL));
	assert_int_equal(calls_of(policy, "fe80::1"), CALL(NULL));
	assert_int_equal(calls_of(policy, "127.0.0.1"), 0);
	assert_int_equal(calls_of(policy, "::1"), 0);
	assert_int_equal(calls_of(policy, "203.0.113.1"), 0);
}

static uint64_t dice;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

/** Rules of few prefixes, kinds, servers and programs, so that they meet. */
static void random_policy(char *text, size_t size)
{
	static const char *const calls[] = { "NULL", "GETPORT", "[DUMP, NULL]", "all", "DIRECT" };
	size_t len = (size_t)snprintf(text, size, TRUST "allow:\n");

	for (uint32_t i = 1 + random_below(12); i > 0; i--) {
		unsigned int bits = 24 + random_below(9);
		unsigned int host = random_below(256) >> (32 - bits) << (32 - bits);
		bool suppress = random_below(3) > 0;

		len += (size_t)snprintf(text + len, size - len, "- {calls: %s%s%s%s",
					calls[random_below(5)],
					random_below(5) ? "" : ", servers: 10.2.0.1",
					random_below(5) ? "" : ", programs: 100003",
					suppress || random_below(4) ? "" : ", outcome: unanswered");
		if (suppress || random_below(4))
			len += (size_t)snprintf(text + len, size - len, ", clients: 10.0.0.%u/%u",
						host, bits);
		len += (size_t)snprintf(text + len, size - len, "%s}\n",
					suppress ? ", suppress: kernel" : "");
	}
	assert_true(len < size);
}

/** Whatever is suppressed, the same rule decides for every server and program. */
static uint32_t compare(struct rpcs_policy *policy, const char *client, enum rpcs_policy_call call)
{
	static const char *const servers[] = { "10.2.0.1", "10.2.0.2" };
	static const uint32_t programs[] = { 0, 100003, 100005 };
	const struct rpcs_suppress_value *value;
	struct rpcs_address address;

	assert_int_equal(rpcs_address_parse(client, &address), 0);
	value = rpcs_policy_suppress_find(policy, &address);
	if (!value || !((value->calls >> call) & 1))
		return 0;
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 3; j++) {
			struct rpcs_policy_decision decision =
				decide(policy, client, servers[i], call, programs[j]);

			assert_true(decision.suppress);
			assert_int_equal(decision.rule, value->rules[call]);
		}
	}
	return 1;
}

static void never_against_a_rule(void **state)
{
	uint32_t suppressed = 0;
	char text[4096], client[32];

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		OWNED_POLICY *policy = NULL;

		dice = seed;
		random_policy(text, sizeof(text));
		policy = policy_of(text);
		for (int i = 0; i < 60; i++) {
			snprintf(client, sizeof(client), "10.0.0.%u", random_below(256));
			for (unsigned int call = 0; call < RPCS_CALL__MAX; call++)
				suppressed += compare(policy, client, (enum rpcs_policy_call)call);
		}
	}
	assert_in_range(suppressed, 5000, 300 * 60 * RPCS_CALL__MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_a_rule),
		cmocka_unit_test(never_changes_and_forwarding),
		cmocka_unit_test(the_first_match_decides),
		cmocka_unit_test(prefixes_inside_each_other),
		cmocka_unit_test(home_of_the_place),
		cmocka_unit_test(never_against_a_rule),
	};

	return cmocka_run_group_tests_name("policy suppress", tests, NULL, NULL);
}

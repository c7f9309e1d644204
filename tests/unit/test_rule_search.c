// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The index finds the rule that a look at all rules, one by one, finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "policy_case.h"
#include "policy_scan.h"

enum { TEXT_SIZE = 16 << 20 };

static uint64_t dice;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

static char *text;
static size_t text_len;

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_len += (size_t)vsnprintf(text + text_len, TEXT_SIZE - text_len, format, args);
	va_end(args);
	assert_true(text_len < TEXT_SIZE);
}

/** 10.0.0.0/22 and its inner prefixes: few enough to meet, in IPv4 and IPv6. */
static void put_prefix(void)
{
	unsigned int len = 22 + random_below(11);
	unsigned int host = random_below(1 << 10) >> (32 - len) << (32 - len);

	if (random_below(4) == 0)
		put("\"fd00::%x/%u\"", host, len + 96);
	else
		put("10.0.%u.%u/%u", host >> 8, host & 255, len);
}

static void put_list(const char *key, uint32_t names, const char *name, void (*own)(void))
{
	uint32_t count = 1 + random_below(3);

	put(", %s: [", key);
	for (uint32_t i = 0; i < count; i++) {
		put("%s", i ? ", " : "");
		if (names && random_below(2))
			put("%s%u", name, random_below(names));
		else
			own();
	}
	put("]");
}

static void put_program(void)
{
	put("%u", 200000 + random_below(6));
}

static void put_client(void)
{
	if (random_below(6) == 0)
		put("home");
	else
		put_prefix();
}

static void put_rule(uint32_t nets, uint32_t programs)
{
	static const char *const calls[] = { "GETPORT", "[DUMP, GETPORT]", "all", "[CALLIT, SET]" };
	static const char *const outcomes[] = { "any", "answered", "unanswered" };

	put("- {log: true");
	if (random_below(4))
		put(", calls: %s", calls[random_below(4)]);
	if (random_below(8))
		put_list("clients", nets, "n", put_client);
	if (random_below(2))
		put_list("servers", nets, "n", put_client);
	if (random_below(2))
		put_list("programs", programs, "p", put_program);
	if (random_below(4) == 0)
		put(", outcome: %s", outcomes[random_below(3)]);
	put("}\n");
}

static void make_policy(uint32_t rules)
{
	uint32_t nets = random_below(8), programs = random_below(4);

	text_len = 0;
	put("networks:\n  empty: []\n");
	if (random_below(2))
		put("  home: [10.0.1.0/24, \"fd00::/121\"]\n");
	for (uint32_t i = 0; i < nets; i++) {
		put("  n%u: [", i);
		for (uint32_t j = random_below(20); j > 0; j--) {
			put_prefix();
			put(", ");
		}
		put("10.0.2.%u]\n", i);
	}
	put("programs:\n  empty: []\n");
	for (uint32_t i = 0; i < programs; i++)
		put("  p%u: [%u, %u]\n", i, 200000 + random_below(6), 200000 + random_below(6));
	put(rules ? "allow:\n" : "allow: []\n");
	for (uint32_t i = 0; i < rules; i++)
		put_rule(nets, programs);
}

static void random_address(struct rpcs_address *ret_address)
{
	static const char *const strange[] = { "127.0.0.1", "fe80::1", "::", "255.255.255.255",
					       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	unsigned int host = random_below(1 << 10);
	char address[RPCS_ADDRESS_TEXT];

	if (random_below(16) == 0)
		snprintf(address, sizeof(address), "%s", strange[random_below(5)]);
	else if (random_below(4) == 0)
		snprintf(address, sizeof(address), "fd00::%x", host);
	else
		snprintf(address, sizeof(address), "10.0.%u.%u", host >> 8, host & 255);
	assert_int_equal(rpcs_address_parse(address, ret_address), 0);
}

/** Asks both; returns how many calls some rule decided. */
static uint32_t compare(struct rpcs_policy *policy, uint32_t calls)
{
	uint32_t decided = 0;

	for (uint32_t i = 0; i < calls; i++) {
		struct rpcs_address client, server;
		struct rpcs_policy_query query = {
			.client = &client,
			.server = &server,
			.call = (enum rpcs_policy_call)random_below(RPCS_CALL__MAX),
			.has_program = random_below(4) != 0,
			.program = 200000 + random_below(7),
			.answered = (enum rpcs_answered)random_below(3),
		};
		struct rpcs_policy_decision decision;

		random_address(&client);
		random_address(&server);
		rpcs_policy_decide(policy, &query, &decision);
		assert_int_equal(decision.rule, scan_rule(policy, &query));
		decided += decision.rule != RPCS_RULE_NONE;
	}
	return decided;
}

/** Rules by the dozen and by the thousand: over the ends of words and of their summaries. */
static void as_a_scan_says(void **state)
{
	static const uint32_t sizes[] = { 0,  1,   2,	3,   5,	   8,	 13,   40,
					  63, 64,  65,	100, 128,  129,	 300,  700,
					  10, 127, 191, 20,  4095, 4096, 4097, 6000 };
	uint32_t decided = 0;

	(void)state;
	for (dice = 1; dice < 200; dice += 3) {
		uint64_t seed = dice;
		uint32_t rules = sizes[seed / 3 % (sizeof(sizes) / sizeof(sizes[0]))];
		OWNED_POLICY *policy = NULL;

		make_policy(rules);
		policy = policy_of(text);
		decided += compare(policy, 2000);
		if (!rpcs_policy_home_is_set(policy)) {
			home_is_ten(policy);
			decided += compare(policy, 500);
		}
		dice = seed;
	}
	/* A comparison of nothing with nothing would show nothing. */
	assert_in_range(decided, 30000, 160000);
}

/** Sets that hundreds of rules share, an address in hundreds of sets, and all that joined. */
static void what_many_share(void **state)
{
	OWNED_POLICY *policy = NULL;

	(void)state;
	dice = 77;
	text_len = 0;
	put("networks:\n");
	for (int i = 0; i < 300; i++)
		put("  n%d: [10.0.0.0/23, 10.0.%d.%d/32]\n", i, i / 256, i % 256);
	put("allow:\n");
	for (int i = 0; i < 3000; i++)
		put("- {calls: all, clients: [n%d, 10.0.2.%d], servers: [10.0.%d.0/24, n%d], "
		    "programs: [200001, %d]}\n",
		    i % 300, i % 256, 4 + i % 200, (i + 7) % 300, 200100 + i);
	policy = policy_of(text);
	assert_in_range(compare(policy, 20000), 100, 20000);
}

/** Sets that most rules name, more of them for one address than are asked as they are. */
static void what_most_share(void **state)
{
	OWNED_POLICY *policy = NULL;

	(void)state;
	dice = 99;
	text_len = 0;
	put("networks:\n  home: [10.0.1.0/24]\n");
	for (int i = 0; i < 7; i++)
		put("  n%d: [10.0.%d.0/23, 10.0.0.%d]\n", i, i < 6 ? 0 : 2, i);
	put("programs:\n  some: [200000, 200001]\nallow:\n");
	for (int i = 0; i < 12000; i++)
		put("- {calls: all, clients: [%sn%d], servers: 10.0.%u.%u, programs: [some, %u]}\n",
		    i % 5 ? "" : "home, n6, ", i % 7, random_below(4), random_below(256),
		    200002 + random_below(3));
	policy = policy_of(text);
	assert_in_range(compare(policy, 3000), 300, 2700);
}

/** 100,000 addresses and 10,000 rules load in well under a second, and each finds its own. */
static void large_policies_load_fast(void **state)
{
	enum { RULES = 10000, EACH = 10 };
	OWNED_POLICY *policy = NULL;
	char client[RPCS_ADDRESS_TEXT];
	uint64_t start_ns;

	(void)state;
	text_len = 0;
	put("allow:\n");
	for (unsigned int i = 0; i < RULES; i++) {
		put("- {calls: GETPORT, clients: [");
		for (unsigned int j = 0; j < EACH; j++)
			put("%s10.%u.%u.%u", j ? ", " : "", i / 250, i % 250, 2 * j);
		put("]}\n");
	}
	start_ns = rpcs_clock_monotonic();
	policy = policy_of(text);
	/* It takes 0.06 s; sanitizers and busy machines some times that. */
	assert_in_range(rpcs_clock_monotonic() - start_ns, 0, RPCS_NSEC_PER_SEC);
	for (unsigned int i = 0; i < RULES; i += 7) {
		snprintf(client, sizeof(client), "10.%u.%u.%u", i / 250, i % 250, i % EACH * 2);
		assert_int_equal(decide(policy, client, "10.2.0.1", RPCS_CALL_GETPORT, 1).rule, i);
		snprintf(client, sizeof(client), "10.%u.%u.%u", i / 250, i % 250, i % EACH * 2 + 1);
		assert_int_equal(decide(policy, client, "10.2.0.1", RPCS_CALL_GETPORT, 1).rule,
				 RPCS_RULE_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_scan_says),
		cmocka_unit_test(what_many_share),
		cmocka_unit_test(what_most_share),
		cmocka_unit_test(large_policies_load_fast),
	};
	int failed;

	text = malloc(TEXT_SIZE);
	if (!text)
		return 1;
	failed = cmocka_run_group_tests_name("rule search", tests, NULL, NULL);
	free(text);
	return failed;
}

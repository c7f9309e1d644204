// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds that the policy takes to decide a call, and milliseconds to load,
 * by rules and by addresses that they name in all. `hit`: the client and program
 * of some rule. `miss`: no rule has the client. `wide`: the client is in every
 * rule, the server in one and the program in others, so that none matches.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "policy/policy.h"

enum { TEXT_SIZE = 32 << 20, CALLS = 4096, ROUNDS = 50 };

/* Of this process: others may be at work on the machine. */
static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * RPCS_NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

static char *text;
static size_t text_len;
static uint64_t dice = 1;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_len += (size_t)vsnprintf(text + text_len, TEXT_SIZE - text_len, format, args);
	va_end(args);
	if (text_len >= TEXT_SIZE) {
		fprintf(stderr, "bench_policy: the policy's text is too long\n");
		exit(1);
	}
}

/** The n-th address: even ones are in a rule, odd ones in none. */
static void address_make(uint32_t n, struct rpcs_address *ret_address)
{
	uint32_t low = n & 255, middle = n >> 8 & 255, high = n >> 16 & 255;
	char address[RPCS_ADDRESS_TEXT];

	snprintf(address, sizeof(address), "10.%u.%u.%u", high, middle, low);
	if (rpcs_address_parse(address, ret_address))
		abort();
}

static void policy_write(uint32_t rules, uint32_t addresses, bool wide)
{
	uint32_t next = 0;

	text_len = 0;
	put("networks:\n  all: [10.0.0.0/8]\nallow:\n");
	for (uint32_t i = 0; i < rules; i++) {
		uint32_t end = (uint32_t)((uint64_t)addresses * (i + 1) / rules);

		if (next == end)
			end++;
		put("- {calls: GETPORT, %s: [", wide ? "clients: all, servers" : "clients");
		for (; next < end; next++) {
			uint32_t n = 2 * next;

			put("10.%u.%u.%u,", n >> 16 & 255, n >> 8 & 255, n & 255);
		}
		put("], programs: %u}\n", 300000 + i % 1000);
	}
}

static double decide_ns(struct rpcs_policy *policy, uint32_t rules, uint32_t addresses, bool hit,
			bool wide)
{
	static struct rpcs_address clients[CALLS], servers[CALLS];
	const uint32_t programs = rules < 1000 ? rules : 1000;
	static struct rpcs_policy_query queries[CALLS];
	struct rpcs_policy_decision decision;
	uint64_t start_ns, allowed = 0;

	for (uint32_t i = 0; i < CALLS; i++) {
		uint32_t n = random_below(addresses);
		uint32_t rule = (uint32_t)((uint64_t)n * rules / addresses);

		address_make(2 * n + (hit || wide ? 0 : 1), &clients[i]);
		address_make(2 * n, &servers[i]);
		queries[i] = (struct rpcs_policy_query){
			.client = &clients[i],
			.server = &servers[i],
			.call = RPCS_CALL_GETPORT,
			.has_program = true,
			.program = 300000 + (rule + wide) % programs,
		};
	}
	start_ns = cpu_ns();
	for (int round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < CALLS; i++) {
			rpcs_policy_decide(policy, &queries[i], &decision);
			allowed += decision.allowed;
		}
	}
	start_ns = cpu_ns() - start_ns;
	if (!hit && allowed) {
		fprintf(stderr, "bench_policy: a miss was none\n");
		exit(1);
	}
	return (double)start_ns / (ROUNDS * CALLS);
}

static struct rpcs_policy *policy_make(uint32_t rules, uint32_t addresses, bool wide,
				       double *ret_load_ms)
{
	static struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;
	uint64_t start_ns;

	policy_write(rules, addresses, wide);
	start_ns = cpu_ns();
	if (rpcs_policy_parse(text, text_len, &policy, &errors)) {
		fprintf(stderr, "bench_policy: %u:%u: %s\n", errors.list[0].line,
			errors.list[0].column, errors.list[0].text);
		exit(1);
	}
	*ret_load_ms = (double)(cpu_ns() - start_ns) / (double)RPCS_NSEC_PER_MSEC;
	return policy;
}

static void bench(uint32_t rules, uint32_t addresses)
{
	double load_ms, wide_ms, hit_ns, miss_ns, wide_ns;
	struct rpcs_policy *policy = policy_make(rules, addresses, false, &load_ms);

	hit_ns = decide_ns(policy, rules, addresses, true, false);
	miss_ns = decide_ns(policy, rules, addresses, false, false);
	rpcs_policy_free(&policy);
	policy = policy_make(rules, addresses, true, &wide_ms);
	wide_ns = decide_ns(policy, rules, addresses, false, true);
	rpcs_policy_free(&policy);
	printf("%7u  %9u  %8.0f  %8.0f  %8.0f  %8.1f\n", rules, addresses, hit_ns, miss_ns, wide_ns,
	       load_ms > wide_ms ? load_ms : wide_ms);
}

int main(void)
{
	text = malloc(TEXT_SIZE);
	if (!text)
		return 1;
	printf("%7s  %9s  %8s  %8s  %8s  %8s\n", "rules", "addresses", "hit ns", "miss ns",
	       "wide ns", "load ms");
	for (uint32_t rules = 10; rules <= 100000; rules *= 10) {
		for (uint32_t addresses = 10; addresses <= 100000; addresses *= 10) {
			if (addresses >= rules)
				bench(rules, addresses);
		}
	}
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The cases of stages 1 to 4 through the loaded programs (BPF_PROG_TEST_RUN), and
 * differential tests: over damaged frames and over scripts of a few flows the
 * kernel's build and the native one must say, count and remember the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "both.h"
#include "packet_table.h"
#include "script.h"
#include "step_table.h"

enum { MUTATIONS = 100000, SCRIPTS = 1500 /* of each mode */ };

static void run_packet_cases(enum rpcs_hook hook)
{
	struct bench *b = both_bench(RPCS_ANY_PORT_OFF, hook);
	struct test_frame f;
	int i;

	for (i = 0; i < packet_case_count; i++) {
		both_fresh(b);
		if (packet_cases[i].after_syn) {
			b_syn(&f);
			bench_frame(b, &f);
		}
		packet_cases[i].build(&f);
		both_feed(b, &(struct rpcs_frame){ .bytes = f.bytes, .len = f.len, .number = 1 });
		check_case(&packet_cases[i], &from_kernel);
	}
}

static void test_cases_xdp(void **state)
{
	(void)state;
	run_packet_cases(RPCS_HOOK_XDP);
}

static void test_cases_tc(void **state)
{
	(void)state;
	run_packet_cases(RPCS_HOOK_TC_INGRESS);
}

static void test_cases_tc_egress(void **state)
{
	(void)state;
	run_packet_cases(RPCS_HOOK_TC_EGRESS);
}

/* Every case over several packets, through every hook, in the mode it holds in. */
static void run_step_cases(enum rpcs_any_port mode)
{
	struct bench *b;
	const char *why;
	int hook, i;

	for (hook = RPCS_HOOK_XDP; hook < RPCS_HOOK__MAX; hook++) {
		for (i = 0; i < BENCH_CASES; i++) {
			if (bench_cases[i].any_port != mode)
				continue;
			print_message("  hook %d, case %s\n", hook, bench_cases[i].name);
			b = both_bench(mode, hook);
			both_fresh(b);
			bench_cases[i].run(b);
			why = both_memories_differ(b);
			if (why)
				fail_msg("the engines remember other %s", why);
		}
	}
}

static void test_steps_off(void **state)
{
	(void)state;
	run_step_cases(RPCS_ANY_PORT_OFF);
}

static void test_steps_first(void **state)
{
	(void)state;
	run_step_cases(RPCS_ANY_PORT_FIRST);
}

static void test_steps_all(void **state)
{
	(void)state;
	run_step_cases(RPCS_ANY_PORT_ALL);
}

/* The frames of a script so far, for whoever has to find out what is wrong. */
static struct {
	uint8_t bytes[SCRIPT_FRAMES][FRAME_MAX];
	uint32_t len[SCRIPT_FRAMES];
	uint64_t time_ns[SCRIPT_FRAMES];
	uint32_t count;
} shown;

static const char *scripted_frame(struct bench *b, const struct test_frame *f, uint64_t time_ns)
{
	uint32_t i = shown.count++;

	memcpy(shown.bytes[i], f->bytes, f->len);
	shown.len[i] = f->len;
	shown.time_ns[i] = time_ns;
	return both_frame(b, &(struct rpcs_frame){ .bytes = shown.bytes[i],
						   .len = f->len,
						   .time_ns = time_ns,
						   .number = ++b->frames });
}

static void show_and_fail(const struct bench *b, uint32_t seed, const char *why)
{
	uint32_t i, at;

	print_error("seed %u, any_port %u, hook %d: after these %u frames the kernel's and the "
		    "native build differ in %s\n",
		    seed, (unsigned int)b->settings.any_port, ((struct both *)b->engines)->hook,
		    shown.count, why);
	for (i = 0; i < shown.count; i++) {
		print_error("%llu ", (unsigned long long)shown.time_ns[i]);
		for (at = 0; at < shown.len[i]; at++)
			print_error("%02x", shown.bytes[i][at]);
		print_error("\n");
	}
	fail();
}

/* Now and then the agent has found its way in one of the flows. */
static void agent_speaks(struct bench *b, struct script *s)
{
	struct script_flow *flow = &s->flows[script_random(s, SCRIPT_FLOWS)];
	int side = script_maybe(s, 2);
	const struct rpcs_flow_key key = flow_key(&flow->flow, side);
	struct script_half *half = &flow->half[side];

	if (script_maybe(s, 4))
		rpcs_state_flow_lost(rpcs_native_state(b->native), &key, TEST_TURN,
				     script_maybe(s, 4));
	else
		rpcs_state_flow_back(rpcs_native_state(b->native), &key, TEST_TURN,
				     half->isn + 1 + half->at);
	both_follow(b, &key);
}

static void run_script(struct bench *b, uint32_t seed, uint32_t shortest)
{
	static struct script s;
	struct test_frame f;
	const char *why;
	int i;

	both_fresh(b);
	shown.count = 0;
	script_begin(&s, seed);
	for (i = 0; i < SCRIPT_FRAMES; i++) {
		script_frame(&s, &f, shortest);
		why = scripted_frame(b, &f, s.time_ns);
		if (why)
			show_and_fail(b, seed, why);
		if (script_maybe(&s, 3))
			agent_speaks(b, &s);
	}
	why = both_memories_differ(b);
	for (i = 0; i < 2 * SCRIPT_FLOWS && !why; i++)
		why = both_flow_differs(b, &s.flows[i / 2].flow, i % 2);
	if (why)
		show_and_fail(b, seed, why);
}

/* What the scripts came to, in all: a test whose frames reach nothing proves nothing. */
static void must_have_reached(const struct rpcs_counters *sum, int mode)
{
#define REACHED(name)                                                                \
	do {                                                                         \
		if (sum->name < 100)                                                 \
			fail_msg(#name " only came to %u", (unsigned int)sum->name); \
	} while (0)
	REACHED(calls);
	REACHED(replies);
	REACHED(connections);
	REACHED(probes);
	REACHED(tcp_empty);
	REACHED(tcp_repeated);
	REACHED(tcp_stopped);
	REACHED(flow_unknown);
	REACHED(fallback_body);
	REACHED(fallback_stream);
	REACHED(fallback_fragment);
	REACHED(packet_fragment_later);
	if (mode != RPCS_ANY_PORT_OFF) {
		REACHED(ends);
		REACHED(tcp_skipped);
	}
	if (mode == RPCS_ANY_PORT_FIRST || mode == BOTH_SUPPRESSING) {
		REACHED(calls_suppressed);
		REACHED(replies_suppressed);
	}
#undef REACHED
}

static void run_scripts(enum rpcs_hook hook, uint32_t shortest)
{
	struct rpcs_counters sum;
	__u64 *to = (__u64 *)&sum;
	const __u64 *from;
	struct bench *b;
	uint32_t seed, i;
	int mode;

	for (mode = 0; mode < BOTH_MODES; mode++) {
		b = both_bench(mode, hook);
		memset(&sum, 0, sizeof(sum));
		for (seed = 0; seed < SCRIPTS; seed++) {
			run_script(b, seed * BOTH_MODES + (uint32_t)mode, shortest);
			from = (const __u64 *)&b->counters;
			for (i = 0; i < sizeof(sum) / sizeof(*to); i++)
				to[i] += from[i];
		}
		must_have_reached(&sum, mode);
	}
}

/* The kernel makes no skb of an IPv6 frame that ends inside the IP header (6.18). */
enum { SHORTEST_XDP = 15, SHORTEST_TC = 54 };

static void test_scripts_xdp(void **state)
{
	(void)state;
	run_scripts(RPCS_HOOK_XDP, SHORTEST_XDP);
}

static void test_scripts_tc(void **state)
{
	(void)state;
	run_scripts(RPCS_HOOK_TC_INGRESS, SHORTEST_TC);
}

static void test_scripts_tc_egress(void **state)
{
	(void)state;
	run_scripts(RPCS_HOOK_TC_EGRESS, SHORTEST_TC);
}

/* Single frames, damaged, over one state that grows. */
static void run_damaged(enum rpcs_hook hook, uint32_t shortest)
{
	struct script s = { .random = 0x9e3779b97f4a7c15ULL };
	struct bench *b = both_bench(RPCS_ANY_PORT_FIRST, hook);
	struct test_frame f;
	const char *why;
	int round;

	both_fresh(b);
	for (round = 0; round < MUTATIONS; round++) {
		packet_cases[script_random(&s, (uint32_t)packet_case_count)].build(&f);
		script_damage(&s, &f, shortest);
		shown.count = 0;
		why = scripted_frame(b, &f, (uint64_t)round << 16);
		if (why)
			show_and_fail(b, (uint32_t)round, why);
	}
	assert_int_equal(b->counters.packets, MUTATIONS);
}

static void test_damaged_xdp(void **state)
{
	(void)state;
	run_damaged(RPCS_HOOK_XDP, SHORTEST_XDP);
}

static void test_damaged_tc(void **state)
{
	(void)state;
	run_damaged(RPCS_HOOK_TC_INGRESS, SHORTEST_TC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_xdp),	  cmocka_unit_test(test_cases_tc),
		cmocka_unit_test(test_cases_tc_egress),	  cmocka_unit_test(test_steps_off),
		cmocka_unit_test(test_steps_first),	  cmocka_unit_test(test_steps_all),
		cmocka_unit_test(test_scripts_xdp),	  cmocka_unit_test(test_scripts_tc),
		cmocka_unit_test(test_scripts_tc_egress), cmocka_unit_test(test_damaged_xdp),
		cmocka_unit_test(test_damaged_tc),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, both_teardown);
}

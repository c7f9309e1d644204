// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stages 1 to 4 over several packets, natively: exactly which records come of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "step_table.h"

static struct collected got;

static void feed(struct bench *b, const struct rpcs_frame *frame)
{
	rpcs_native_frame(b->native, frame);
	b->counters = *rpcs_native_counters(b->native);
}

static void follow(struct bench *b, const struct rpcs_flow_key *key)
{
	(void)b;
	(void)key;
}

static void fresh(struct bench *b)
{
	rpcs_native_free(&b->native);
	b->native = bench_native(b, &got);
	b->frames = 0;
}

static void run(void **state)
{
	const struct bench_case *c = *state;
	struct bench b = {
		.settings = bench_settings(c->any_port),
		.policy = bench_policy(),
		.got = &got,
		.feed = feed,
		.follow = follow,
		.fresh = fresh,
	};

	fresh(&b);
	c->run(&b);
	rpcs_native_free(&b.native);
	rpcs_policy_free(&b.policy);
}

int main(void)
{
	static const char *const modes[] = { "off", "first", "all" };
	static struct CMUnitTest tests[BENCH_CASES];
	static char names[BENCH_CASES][64];
	int i;

	for (i = 0; i < BENCH_CASES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s, %s", bench_cases[i].name + 2,
			 modes[bench_cases[i].any_port]);
		tests[i] =
			(struct CMUnitTest){ .name = names[i],
					     .test_func = run,
					     .initial_state = (void *)(uintptr_t)&bench_cases[i] };
	}
	return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `suppress: kernel` in the native engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "source/engine.h"
#include "suppress_cases.h"

#include <rpcsentry/dated_set.h>

static uint64_t time_ns;

static void emit(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	(void)arg;
	(void)record;
	(void)len;
	(void)frame;
}

static void sut_open(struct sut *sut)
{
	struct rpcs_native_options options = { .settings = rpcs_policy_settings(sut->policy),
					       .policy = sut->policy,
					       .emit = emit };

	time_ns = 1;
	sut->state = options.state = rpcs_state_tables(options.settings);
	assert_non_null(sut->state);
	sut->engine = rpcs_native_new(&options);
	assert_non_null(sut->engine);
}

static void sut_run(struct sut *sut, const struct test_frame *f)
{
	const struct rpcs_frame frame = {
		.bytes = f->bytes, .len = f->len, .number = 1, .time_ns = time_ns
	};

	rpcs_native_frame(sut->engine, &frame);
}

static struct rpcs_counters sut_counters(struct sut *sut)
{
	return *rpcs_native_counters(sut->engine);
}

static void sut_close(struct sut *sut)
{
	struct rpcs_native *native = sut->engine;

	rpcs_native_free(&native);
	rpcs_state_free(&sut->state);
}

/** A capture's clock may begin at 0. */
static void at_time_zero(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL);
	time_ns = 0;
	udp_call(&f, 1, 2, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	udp_reply(&f, 1, 0);
	assert_int_equal(run(&sut, &f), REPLY_SUPPRESSED);
	end(&sut);
}

/** A reply that comes after timeouts.call is nobody's. */
static void late_replies(void **state)
{
	struct test_frame f;
	struct sut sut;

	(void)state;
	begin(&sut, KNOWN_ALL "timeouts: {call: 2s}\n");
	udp_call(&f, 1, 2, 0);
	assert_int_equal(run(&sut, &f), CALL_SUPPRESSED);
	time_ns += 2000000000;
	udp_reply(&f, 1, 0);
	assert_int_equal(run(&sut, &f), REPLY_SUPPRESSED);
	/* Times are held against each other by ticks. */
	time_ns += 2 << RPCS_DATED_TICK_SHIFT;
	udp_reply(&f, 1, 0);
	assert_int_equal(run(&sut, &f), SENT);
	end(&sut);
}

int main(void)
{
	const struct CMUnitTest tests[] = { SUPPRESS_TESTS, cmocka_unit_test(at_time_zero),
					    cmocka_unit_test(late_replies) };

	return cmocka_run_group_tests_name("suppress", tests, NULL, NULL);
}

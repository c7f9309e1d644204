// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the native engine remembers, and how the agent changes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "source/engine.h"
#include "state_case.h"

static struct rpcs_settings settings = { .ports = { 111 },
					 .port_count = 1,
					 .limit_flows = 16,
					 .limit_pending_calls = 16,
					 .flow_timeout_ns = 120000000000ULL };

static void emit(void *arg, const void *record, uint32_t len, const struct rpcs_frame *frame)
{
	(void)arg;
	(void)record;
	(void)len;
	(void)frame;
}

static void sut_open(struct sut *sut, enum rpcs_any_port any_port)
{
	struct rpcs_native_options options = { .settings = &settings, .emit = emit };

	settings.any_port = any_port;
	sut->state = options.state = rpcs_state_tables(&settings);
	assert_non_null(sut->state);
	sut->engine = rpcs_native_new(&options);
	assert_non_null(sut->engine);
}

static void sut_run(struct sut *sut, const struct test_frame *f)
{
	const struct rpcs_frame frame = {
		.bytes = f->bytes, .len = f->len, .number = 1, .time_ns = 1
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
	assert_null(sut->state);
}

/** The replies waited for have a limit of their own; the longest awaited goes. */
static void test_expected_limit(void **state)
{
	struct rpcs_expect_key key = expect_key(first_host, 0);
	struct rpcs_state *tables;

	(void)state;
	settings.limit_pending_calls = RPCS_EXPECTED_MAX + 1;
	tables = rpcs_state_tables(&settings);
	settings.limit_pending_calls = 16;
	assert_non_null(tables);
	for (; key.xid <= RPCS_EXPECTED_MAX; key.xid++)
		rpcs_state_expect_put(tables, &key, RPCS_EXPECT_PORT);
	key.xid = 0;
	assert_int_equal(rpcs_state_expect_get(tables, &key), RPCS_EXPECT_NOTHING);
	key.xid = 1;
	assert_int_equal(rpcs_state_expect_get(tables, &key), RPCS_EXPECT_PORT);
	rpcs_state_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TESTS,
		cmocka_unit_test(test_expected_limit),
	};

	return cmocka_run_group_tests_name("state_tables", tests, NULL, NULL);
}

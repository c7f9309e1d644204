// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The packet cases through the native build of stages 1 to 4; test_steps.c has those of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet_table.h"
#include "packet_check.h"
#include "source/engine.h"

static struct rpcs_settings settings = { .ports = { 111 }, .port_count = 1, .limit_flows = 16 };

static void run(struct rpcs_native *native, const struct test_frame *f)
{
	struct rpcs_frame frame = { .bytes = f->bytes, .len = f->len, .number = 1 };

	rpcs_native_frame(native, &frame);
}

static void test_cases(void **state)
{
	static struct collected got;
	struct rpcs_native *native;
	struct test_frame f;
	int i;

	(void)state;
	for (i = 0; i < packet_case_count; i++) {
		got.count = 0;
		native = rpcs_native_new(&(struct rpcs_native_options){
			.settings = &settings, .emit = collect, .arg = &got });
		assert_non_null(native);
		if (packet_cases[i].after_syn) {
			b_syn(&f);
			run(native, &f);
			got.count = 0;
		}
		packet_cases[i].build(&f);
		run(native, &f);
		check_case(&packet_cases[i], &got);
		rpcs_native_free(&native);
	}
}

/* Every prefix of every case: nothing is read behind the end (run under ASan as well). */
static void test_prefixes(void **state)
{
	static struct collected got;
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &got });
	struct test_frame f;
	uint8_t *exact;
	uint32_t len;
	int i;

	(void)state;
	for (i = 0; i < packet_case_count; i++) {
		packet_cases[i].build(&f);
		for (len = 0; len < f.len; len++) {
			struct rpcs_frame frame = { .len = len, .number = 1 };

			exact = malloc(len ? len : 1);
			assert_non_null(exact);
			memcpy(exact, f.bytes, len);
			frame.bytes = exact;
			got.count = 0;
			rpcs_native_frame(native, &frame);
			free(exact);
		}
	}
	rpcs_native_free(&native);
}

static void test_accounting(void **state)
{
	static struct collected got;
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &got });
	const struct rpcs_counters *c = rpcs_native_counters(native);
	struct test_frame f;
	int i;

	(void)state;
	for (i = 0; i < packet_case_count; i++) {
		got.count = 0;
		packet_cases[i].build(&f);
		run(native, &f);
	}
	assert_int_equal(c->packets, packet_case_count);
	assert_int_equal(c->rpc_seen, c->records_sent + c->records_suppressed + c->records_lost);
	assert_int_equal(c->rpc_seen,
			 c->calls + c->replies + c->connections + c->probes + c->ends + c->pieces);
	assert_int_equal(c->packet_vlan_deep, 1);
	assert_int_equal(c->packet_ip6_deep, 1);
	assert_int_equal(c->packet_fragment_later, 1);
	assert_int_equal(c->packet_transport_bad, 1);
	rpcs_native_free(&native);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_accounting),
	};

	return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}

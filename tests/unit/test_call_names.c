// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's table of calls says what the kernel's switch does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/policy.h"

static void check(uint32_t version, uint32_t procedure)
{
	assert_int_equal(rpcs_policy_call_of(version, procedure),
			 rpcs_policy_call_kind(version, procedure));
}

static void test_every_version_and_procedure(void **state)
{
	static const uint32_t far[] = { 0x80000000, 0x80000002, UINT32_MAX - 1, UINT32_MAX };
	uint32_t version, procedure, i;

	(void)state;
	for (version = 0; version < 8; version++) {
		for (procedure = 0; procedure < 300; procedure++)
			check(version, procedure);
		for (i = 0; i < 4; i++) {
			check(version, far[i]);
			check(far[i], version);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_version_and_procedure),
	};

	return cmocka_run_group_tests_name("call_names", tests, NULL, NULL);
}

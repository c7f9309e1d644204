// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of ports: what a policy makes of it, and what of a kept one outlives the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "source/ports.h"

static struct rpcs_ports table, policy;

static void begin(void)
{
	memset(&table, 0, sizeof(table));
	memset(&policy, 0, sizeof(policy));
}

static void expect_class(uint16_t port, enum rpcs_port_class class)
{
	assert_int_equal(rpcs_port_class(&table, port), class);
}

static void test_fill(void **state)
{
	const uint16_t list[] = { 111, 2049 };

	(void)state;
	begin();
	rpcs_ports_fill(&table, list, 2, RPCS_ANY_PORT_FIRST, true);
	expect_class(111, RPCS_PORT_PORTMAPPER);
	expect_class(2049, RPCS_PORT_PORTMAPPER);
	expect_class(4045, RPCS_PORT_RPC);
	expect_class(20048, RPCS_PORT_RPC);
	expect_class(32767, RPCS_PORT_OTHER);
	expect_class(32768, RPCS_PORT_RPC);
	expect_class(32810, RPCS_PORT_RPC);
	expect_class(32811, RPCS_PORT_OTHER);
	expect_class(4789, RPCS_PORT_VXLAN);
	begin();
	rpcs_ports_fill(&table, list, 1, RPCS_ANY_PORT_OFF, false);
	expect_class(111, RPCS_PORT_PORTMAPPER);
	expect_class(2049, RPCS_PORT_OTHER);
	expect_class(32768, RPCS_PORT_OTHER);
	expect_class(4789, RPCS_PORT_OTHER);
}

static void test_replace_empty(void **state)
{
	const uint16_t list[] = { 111 };

	(void)state;
	begin();
	rpcs_ports_fill(&policy, list, 1, RPCS_ANY_PORT_ALL, true);
	policy.budget = 20000;
	policy.budget_free = 1250;
	rpcs_ports_replace(&table, &policy);
	assert_memory_equal(&table, &policy, sizeof(table));
}

static void test_replace_keeps_learned(void **state)
{
	const uint16_t before[] = { 111, 700, 701 }, now[] = { 111, 800, 0, 65535 };

	(void)state;
	begin();
	rpcs_ports_fill(&table, before, 3, RPCS_ANY_PORT_FIRST, true);
	rpcs_port_mark(&table, 0, RPCS_PORT_RPC);
	rpcs_port_mark(&table, 702, RPCS_PORT_RPC);
	rpcs_port_mark(&table, 800, RPCS_PORT_RPC);
	rpcs_port_mark(&table, 65534, RPCS_PORT_RPC);
	rpcs_port_mark(&table, 65535, RPCS_PORT_RPC);
	rpcs_ports_fill(&policy, now, 4, RPCS_ANY_PORT_FIRST, false);
	rpcs_ports_replace(&table, &policy);
	expect_class(111, RPCS_PORT_PORTMAPPER);
	/* Learned, and nothing else now. */
	expect_class(702, RPCS_PORT_RPC);
	expect_class(65534, RPCS_PORT_RPC);
	/* Learned, and the portmapper's by now. */
	expect_class(0, RPCS_PORT_PORTMAPPER);
	expect_class(800, RPCS_PORT_PORTMAPPER);
	expect_class(65535, RPCS_PORT_PORTMAPPER);
	/* The former policy's. */
	expect_class(700, RPCS_PORT_OTHER);
	expect_class(701, RPCS_PORT_OTHER);
	expect_class(4789, RPCS_PORT_OTHER);
	/* Both policies'. */
	expect_class(2049, RPCS_PORT_RPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_replace_empty),
		cmocka_unit_test(test_replace_keeps_learned),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}

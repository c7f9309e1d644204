// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a run chooses on an interface, and the hooks whose programs it loads for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <net/if_arp.h>

#include "source/attach.h"

enum { XDP = 1 << RPCS_HOOK_XDP, IN = 1 << RPCS_HOOK_TC_INGRESS, OUT = 1 << RPCS_HOOK_TC_EGRESS };

static uint32_t hooks(struct rpcs_interface interface, enum rpcs_mode wanted, bool egress)
{
	if (!interface.type)
		interface.type = ARPHRD_ETHER;
	rpcs_interface_choose(&interface, wanted, egress);
	return rpcs_interface_hooks(&interface, wanted);
}

static void test_asked_for(void **state)
{
	const struct rpcs_interface nic = { .physical = true }, veth = { .physical = false };

	(void)state;
	assert_int_equal(hooks(nic, RPCS_MODE_NATIVE, true), XDP | OUT);
	assert_int_equal(hooks(nic, RPCS_MODE_NATIVE, false), XDP);
	assert_int_equal(hooks(veth, RPCS_MODE_GENERIC, true), XDP | OUT);
	assert_int_equal(hooks(nic, RPCS_MODE_TC, true), IN | OUT);
	assert_int_equal(hooks(veth, RPCS_MODE_TC, false), IN);
}

static void test_auto(void **state)
{
	const struct rpcs_interface nic = { .physical = true };
	const struct rpcs_interface taken = { .physical = true, .foreign_xdp = 1 };
	const struct rpcs_interface loopback = { .type = ARPHRD_LOOPBACK, .loopback = true };
	const struct rpcs_interface tun = { .type = ARPHRD_NONE };

	(void)state;
	/* Its driver may refuse. */
	assert_int_equal(hooks(nic, RPCS_MODE_AUTO, true), XDP | IN | OUT);
	assert_int_equal(hooks(taken, RPCS_MODE_AUTO, true), IN | OUT);
	assert_int_equal(hooks(loopback, RPCS_MODE_AUTO, true), IN);
	assert_int_equal(hooks(tun, RPCS_MODE_AUTO, true), IN | OUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_for),
		cmocka_unit_test(test_auto),
	};

	return cmocka_run_group_tests_name("interface", tests, NULL, NULL);
}

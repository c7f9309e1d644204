// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a live sensor has to learn first: from its start on, whatever happens to the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline_rig.h"

/* The rig's client is outside then. */
#define POLICY "networks: {home: [192.168.0.0/16]}\n"

enum { START = 1000, HOUR = 3600 };

/* A call to a service that nobody has looked up; each from another port. */
static void direct_at(uint32_t xid, uint64_t seconds)
{
	struct test_frame f;

	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	frame_udp(&f, (uint16_t)(800 + xid), 7938);
	frame_call(&f, xid, 390109, 1, 1);
	feed_at(&f, seconds * RPCS_NSEC_PER_SEC);
}

static void captures_need_no_learning(void **state)
{
	(void)state;
	rig_live_since_ns = 0;
	rig_new(POLICY, false);
	direct_at(1, START);
	expect("alert:1");
}

static void a_sensor_is_silent_for_an_hour(void **state)
{
	(void)state;
	rig_live_since_ns = START * RPCS_NSEC_PER_SEC;
	rig_new(POLICY, false);
	direct_at(1, START + HOUR - 1);
	expect("");
	direct_at(2, START + HOUR);
	expect("alert:2");
}

/* The clock of a machine without a battery is set once it has a network. */
static void a_clock_that_is_set_makes_it_no_older(void **state)
{
	const uint64_t jump = 1000000;

	(void)state;
	rig_live_since_ns = START * RPCS_NSEC_PER_SEC;
	rig_new(POLICY, false);
	rpcs_pipeline_clock(rig.pipeline, jump * RPCS_NSEC_PER_SEC);
	direct_at(1, START + jump + HOUR - 1);
	expect("");
	direct_at(2, START + jump + HOUR);
	expect("alert:2");
}

static int end(void **state)
{
	(void)state;
	rig_free();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(captures_need_no_learning, end),
		cmocka_unit_test_teardown(a_sensor_is_silent_for_an_hour, end),
		cmocka_unit_test_teardown(a_clock_that_is_set_makes_it_no_older, end),
	};

	return cmocka_run_group_tests_name("pipeline live", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the short ways of other ports' RPC have that no differential test sees: that they are taken,
 * counts by procedure, a policy that changes meanwhile, the kernel's own clock.
 */
#include "base/clock.h"
#include "transit_case.h"

/** A portmapper's calls on another port count by procedure, however often they were seen. */
static void test_procedures(void **state)
{
	struct rpcs_procedures procedures;
	int i;

	(void)state;
	kt_need();
	udp_call(OTHER_PORT, RPCS_PORTMAP_PROGRAM);
	for (i = 0; i < 3; i++)
		run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls, 1);
	assert_int_equal(kt_counters(kernel).calls_suppressed, 2);
	assert_int_equal(
		rpcs_kernel_procedures_read(rpcs_kernel_procedures_fd(kernel), &procedures), 0);
	assert_int_equal(procedures.v2_dump, 3);
}

/** Seen before, and then the policy makes its program a sensitive one. */
static void test_sensitive_now(void **state)
{
	const uint32_t program = PROGRAM;
	const uint8_t one = 1;
	int i;

	(void)state;
	kt_need();
	udp_call(OTHER_PORT, PROGRAM);
	for (i = 0; i < 2; i++)
		run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls_suppressed, 1);
	assert_int_equal(bpf_map_update_elem(fds.sensitive, &program, &one, BPF_ANY), 0);
	for (i = 0; i < 2; i++)
		run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls, 3);
	assert_int_equal(kt_counters(kernel).calls_suppressed, 1);
}

/** Seen before, and then the policy wants all, or nothing, of other ports. */
static void test_any_port_now(void **state)
{
	struct rpcs_state *maps;
	int i;

	(void)state;
	kt_need();
	udp_call(OTHER_PORT, PROGRAM);
	for (i = 0; i < 2; i++)
		run_on(RPCS_HOOK_XDP, 0);
	maps = rpcs_state_maps(&fds);
	assert_non_null(maps);
	rpcs_state_ports(maps)->any_port = RPCS_ANY_PORT_ALL;
	run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls, 2);
	assert_int_equal(kt_counters(kernel).calls_suppressed, 1);
	rpcs_state_ports(maps)->any_port = RPCS_ANY_PORT_OFF;
	run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).packets_watched, 3);
	assert_int_equal(kt_counters(kernel).packets, 4);
	rpcs_state_free(&maps);
}

/** Calls are dated by a clock that goes as CLOCK_MONOTONIC does, which former versions took. */
static void test_clock(void **state)
{
	struct rpcs_first_key key = { .src = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				      .dst = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
				      .sport = CLIENT_PORT,
				      .dport = OTHER_PORT,
				      .program = PROGRAM,
				      .procedure = 4,
				      .protocol = RPCS_IP_UDP };
	struct rpcs_state *maps;
	uint64_t ns = 0, now;

	(void)state;
	kt_need();
	udp_call(OTHER_PORT, PROGRAM);
	run_on(RPCS_HOOK_XDP, 0);
	now = rpcs_clock_monotonic();
	maps = rpcs_state_maps(&fds);
	assert_non_null(maps);
	assert_true(rpcs_state_first_get(maps, &key, &ns));
	rpcs_state_free(&maps);
	/* A date lies up to a tick back, and jiffies began within seconds of that clock. */
	assert_in_range(now + 5 * RPCS_NSEC_PER_SEC - ns, 0, 10 * RPCS_NSEC_PER_SEC);
}

/** A call is new again when its flow was silent for long enough, by the kernel's own clock. */
static void test_new_again(void **state)
{
	const struct timespec pause = { .tv_sec = 1, .tv_nsec = 700000000 };

	(void)state;
	kt_need();
	udp_call(OTHER_PORT, PROGRAM);
	run_on(RPCS_HOOK_XDP, 0);
	run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls, 1);
	nanosleep(&pause, NULL);
	run_on(RPCS_HOOK_XDP, 0);
	assert_int_equal(kt_counters(kernel).calls, 2);
	assert_int_equal(kt_counters(kernel).calls_suppressed, 1);
}

#define CAME_TO(counter, more)                                                              \
	do {                                                                                \
		struct rpcs_counters before_ = kt_counters(kernel), after_;                 \
		run_on(hook, 0);                                                            \
		after_ = kt_counters(kernel);                                               \
		assert_int_equal(after_.counter, before_.counter + (more));                 \
		assert_int_equal(after_.packets_watched, before_.packets_watched + (more)); \
	} while (0)

/** Calls seen before, replies that nobody awaits, what lies inside records, acknowledgements. */
static void passes_over(enum rpcs_hook hook)
{
	uint32_t seq;

	udp_call(OTHER_PORT, PROGRAM);
	run_on(hook, 0);
	tcp(OTHER_PORT, RPCS_TCP_ACK, true);
	run_on(hook, 0);
	close_the_long_way();
	udp_call(OTHER_PORT, PROGRAM);
	CAME_TO(calls_suppressed, 1);
	frame.bytes[frame.udp + 8 + 23] = 5;
	CAME_TO(calls_suppressed, 0);
	udp_reply(OTHER_PORT + 1);
	frame.bytes[frame.udp + 8] = 9;
	CAME_TO(replies_suppressed, 1);
	tcp(OTHER_PORT, RPCS_TCP_ACK, false);
	CAME_TO(tcp_empty, 1);
	tcp(OTHER_PORT, RPCS_TCP_ACK, true);
	put_zeros(&frame, 16);
	frame_end(&frame);
	/* 100 bytes of the record are still to come. */
	frame.bytes[frame.mark + 3] += 100;
	seq = 1000 + 44;
	set16(&frame, frame.tcp + 6, seq);
	CAME_TO(calls_suppressed, 1);
	seq += 60;
	set16(&frame, frame.tcp + 6, seq);
	CAME_TO(tcp_skipped, 1);
}

static void test_passed_over_xdp(void **state)
{
	(void)state;
	kt_need();
	passes_over(RPCS_HOOK_XDP);
}

static void test_passed_over_tc(void **state)
{
	(void)state;
	kt_need();
	passes_over(RPCS_HOOK_TC_INGRESS);
}

static void test_passed_over_egress(void **state)
{
	(void)state;
	kt_need();
	passes_over(RPCS_HOOK_TC_EGRESS);
}

/** Plain calls that the policy suppresses, and their replies. */
static void test_suppressed(void **state)
{
	enum rpcs_hook hook;

	(void)state;
	kt_need();
	close_the_long_way();
	for (hook = RPCS_HOOK_XDP; hook < RPCS_HOOK__MAX; hook++) {
		udp_call(111, RPCS_PORTMAP_PROGRAM);
		CAME_TO(calls_suppressed, 1);
		udp_reply(111);
		CAME_TO(replies_suppressed, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRANSIT_TEST(test_clock),
		TRANSIT_TEST(test_procedures),
		TRANSIT_TEST(test_sensitive_now),
		TRANSIT_TEST(test_any_port_now),
		TRANSIT_TEST(test_passed_over_xdp),
		TRANSIT_TEST(test_passed_over_tc),
		TRANSIT_TEST(test_passed_over_egress),
		WITH(begin_quick, test_new_again),
		WITH(begin_suppressing, test_suppressed),
	};

	return cmocka_run_group_tests_name("transit", tests, kt_setup, NULL);
}

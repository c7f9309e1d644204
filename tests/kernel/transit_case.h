/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of the short ways have in common: programs, frames and runs of them. */
#ifndef TESTS_KERNEL_TRANSIT_CASE_H
#define TESTS_KERNEL_TRANSIT_CASE_H

#include "kernel_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/filter.h>

#include "packets.h"
#include "source/incoming.h"
#include "source/state.h"

enum {
	CLIENT_PORT = 800,
	OTHER_PORT = 40000,
	PROGRAM = 300000,
	WATCHED = 7, /* an interface's number */
	UNWATCHED = 8,
};

static struct rpcs_kernel *kernel;
static struct rpcs_state_fds fds;
static struct test_frame frame;

KT_UNUSED static struct rpcs_kernel_options default_options(void)
{
	return (struct rpcs_kernel_options){
		.ring_size = 1 << 20,
		.flows = 1000,
		.calls = 1000,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = RPCS_ANY_PORT_FIRST,
	};
}

KT_UNUSED static int begin_with(const struct rpcs_kernel_options *options)
{
	struct rpcs_incoming *incoming;

	if (kt_skip)
		return 0;
	assert_int_equal(rpcs_kernel_load(options, &kernel), 0);
	rpcs_kernel_state_fds(kernel, &fds);
	incoming = rpcs_incoming_open(rpcs_kernel_interfaces_fd(kernel));
	assert_non_null(incoming);
	assert_int_equal(rpcs_incoming_add(incoming, WATCHED), 0);
	rpcs_incoming_close(&incoming);
	return 0;
}

KT_UNUSED static int begin(void **state)
{
	struct rpcs_kernel_options options = default_options();

	(void)state;
	return begin_with(&options);
}

KT_UNUSED static int begin_off(void **state)
{
	struct rpcs_kernel_options options = default_options();

	(void)state;
	options.any_port = RPCS_ANY_PORT_OFF;
	return begin_with(&options);
}

KT_UNUSED static int begin_with_budget(void **state)
{
	struct rpcs_kernel_options options = default_options();

	(void)state;
	options.budget = 1000000;
	return begin_with(&options);
}

KT_UNUSED static int begin_suppressing(void **state)
{
	static const struct rpcs_suppress_entry client = {
		.key = { 128, { [10] = 0xff, 0xff, 10, 0, 0, 1 } },
		.value = { .calls = 1 << RPCS_CALL_DUMP },
	};
	struct rpcs_kernel_options options = default_options();

	(void)state;
	options.suppresses = true;
	options.suppress = &client;
	options.suppress_count = 1;
	options.call_timeout_ns = 24000000000ULL;
	return begin_with(&options);
}

KT_UNUSED static int begin_quick(void **state)
{
	struct rpcs_kernel_options options = default_options();

	(void)state;
	options.flow_timeout_ns = 1000000000;
	return begin_with(&options);
}

KT_UNUSED static int end(void **state)
{
	(void)state;
	rpcs_kernel_free(&kernel);
	return 0;
}

KT_UNUSED static void run_on(enum rpcs_hook hook, uint32_t from)
{
	struct __sk_buff skb = { .ingress_ifindex = from };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.bytes, .data_size_in = frame.len,
		    .repeat = 1);

	if (hook != RPCS_HOOK_XDP) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	assert_int_equal(bpf_prog_test_run_opts(rpcs_kernel_program_fd(kernel, hook), &opts), 0);
}

KT_UNUSED static void udp_call(uint16_t dport, uint32_t program)
{
	memset(&frame, 0, sizeof(frame));
	frame_eth(&frame, RPCS_ETH_IP4);
	frame_ip4(&frame, RPCS_IP_UDP, 0);
	frame_udp(&frame, CLIENT_PORT, dport);
	frame_call(&frame, 1, program, 2, 4);
	frame_end(&frame);
}

KT_UNUSED static void udp_reply(uint16_t sport)
{
	memset(&frame, 0, sizeof(frame));
	frame_eth(&frame, RPCS_ETH_IP4);
	frame_ip4(&frame, RPCS_IP_UDP, 0);
	frame_udp(&frame, sport, CLIENT_PORT);
	frame_accepted(&frame, 1, 0);
	frame_end(&frame);
	/* The client is the one of packets.h, whose calls this answers. */
	memcpy(frame.bytes + frame.ip + 12, "\x0a\0\0\x02\x0a\0\0\x01", 8);
}

KT_UNUSED static void tcp(uint16_t dport, uint8_t flags, bool call)
{
	memset(&frame, 0, sizeof(frame));
	frame_eth(&frame, RPCS_ETH_IP4);
	frame_ip4(&frame, RPCS_IP_TCP, 0);
	frame_tcp(&frame, CLIENT_PORT, dport, 1000, flags, 0);
	if (call) {
		frame_mark(&frame);
		frame_call(&frame, 1, PROGRAM, 2, 4);
	}
	frame_end(&frame);
}

/** From here on nothing takes the long way: who is left to it is not looked at. */
KT_UNUSED static void close_the_long_way(void)
{
	const uint32_t zero = 0;

	assert_int_equal(bpf_map_delete_elem(fds.xdp_look, &zero), 0);
	assert_int_equal(bpf_map_delete_elem(fds.tc_look, &zero), 0);
}

#define TRANSIT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
#define WITH(begin_so, function) cmocka_unit_test_setup_teardown(function, begin_so, end)

#endif

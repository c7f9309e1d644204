// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the short ways of other ports' RPC, and of what was forwarded, have that no differential
 * test sees: counts by procedure, a policy that changes meanwhile, and packets on their way out.
 */
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

static int begin(void **state)
{
	struct rpcs_kernel_options options = {
		.ring_size = 1 << 20,
		.flows = 1000,
		.calls = 1000,
		.flow_timeout_ns = 120000000000ULL,
		.any_port = RPCS_ANY_PORT_FIRST,
	};
	struct rpcs_incoming *incoming;

	(void)state;
	if (kt_skip)
		return 0;
	assert_int_equal(rpcs_kernel_load(&options, &kernel), 0);
	rpcs_kernel_state_fds(kernel, &fds);
	incoming = rpcs_incoming_open(rpcs_kernel_interfaces_fd(kernel));
	assert_non_null(incoming);
	assert_int_equal(rpcs_incoming_add(incoming, WATCHED), 0);
	rpcs_incoming_close(&incoming);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rpcs_kernel_free(&kernel);
	return 0;
}

static void run_on(enum rpcs_hook hook, uint32_t from)
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

static void udp_call(uint16_t dport, uint32_t program)
{
	memset(&frame, 0, sizeof(frame));
	frame_eth(&frame, RPCS_ETH_IP4);
	frame_ip4(&frame, RPCS_IP_UDP, 0);
	frame_udp(&frame, CLIENT_PORT, dport);
	frame_call(&frame, 1, program, 2, 4);
	frame_end(&frame);
}

static void tcp(uint16_t dport, uint8_t flags, bool call)
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

/* The packet in `frame` leaves: it was seen where it came in, unless that is not watched. */
static void leaves(bool seen)
{
	struct rpcs_counters before = kt_counters(kernel), after;

	run_on(RPCS_HOOK_TC_EGRESS, WATCHED);
	after = kt_counters(kernel);
	assert_int_equal(after.packets, before.packets + 1);
	assert_int_equal(after.packets_forwarded, before.packets_forwarded + seen);
	assert_int_equal(after.packets_watched, before.packets_watched);
	assert_int_equal(after.rpc_seen, before.rpc_seen);
	if (!seen)
		return;
	run_on(RPCS_HOOK_TC_EGRESS, UNWATCHED);
	before = kt_counters(kernel);
	assert_int_equal(before.packets_forwarded, after.packets_forwarded);
	assert_int_equal(before.packets_watched, after.packets_watched + 1);
}

static void test_forwarded(void **state)
{
	(void)state;
	kt_need();
	udp_call(111, RPCS_PORTMAP_PROGRAM);
	leaves(true);
	tcp(111, RPCS_TCP_ACK, true);
	leaves(true);
	tcp(111, RPCS_TCP_SYN, false);
	leaves(true);
	udp_call(OTHER_PORT, PROGRAM);
	leaves(true);
	/* Other people's, until a call shows that the port is none of theirs. */
	tcp(OTHER_PORT, RPCS_TCP_ACK, false);
	leaves(false);
	tcp(OTHER_PORT, RPCS_TCP_ACK, true);
	leaves(true);
	tcp(OTHER_PORT, RPCS_TCP_ACK, false);
	leaves(true);
}

/** What has no sound header was looked at nowhere: it is counted for what it is. */
static void test_forwarded_bad(void **state)
{
	(void)state;
	kt_need();
	tcp(111, RPCS_TCP_ACK, true);
	frame.bytes[frame.tcp + 12] = 0x40;
	leaves(false);
	assert_int_equal(kt_counters(kernel).packet_transport_bad, 1);
	frame.bytes[frame.tcp + 12] = 0xf0;
	set16(&frame, frame.ip + 2, 20 + 56);
	leaves(false);
	assert_int_equal(kt_counters(kernel).packet_transport_bad, 2);
	udp_call(111, RPCS_PORTMAP_PROGRAM);
	set16(&frame, frame.udp + 4, 7);
	leaves(false);
	assert_int_equal(kt_counters(kernel).packet_transport_bad, 3);
	/* Length 0 is the rest of the packet. */
	set16(&frame, frame.udp + 4, 0);
	leaves(true);
}

/* The last record's hook and flags. */
static void keep_head(void *arg, const void *record, uint32_t len, const struct rpcs_frame *from)
{
	(void)from;
	assert_true(len >= sizeof(struct rpcs_record_head));
	memcpy(arg, record, sizeof(struct rpcs_record_head));
}

/** What this host sends is told to be outbound, by the plain way too. */
static void test_outbound(void **state)
{
	struct rpcs_record_head head = { .kind = 0 };
	struct rpcs_ring *ring = NULL;
	bool more;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_kernel_ring_new(kernel, keep_head, &head, &ring), 0);
	udp_call(111, RPCS_PORTMAP_PROGRAM);
	run_on(RPCS_HOOK_TC_EGRESS, 0);
	assert_int_equal(rpcs_ring_consume(ring, 10, &more), 0);
	assert_int_equal(head.kind, RPCS_RECORD_CALL);
	assert_int_equal(head.hook, RPCS_HOOK_TC_EGRESS);
	assert_true(head.flags & RPCS_F_OUTBOUND);
	run_on(RPCS_HOOK_TC_INGRESS, 0);
	assert_int_equal(rpcs_ring_consume(ring, 10, &more), 0);
	assert_int_equal(head.hook, RPCS_HOOK_TC_INGRESS);
	assert_false(head.flags & RPCS_F_OUTBOUND);
	rpcs_ring_free(&ring);
}

#define TRANSIT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRANSIT_TEST(test_procedures),	  TRANSIT_TEST(test_sensitive_now),
		TRANSIT_TEST(test_any_port_now),  TRANSIT_TEST(test_forwarded),
		TRANSIT_TEST(test_forwarded_bad), TRANSIT_TEST(test_outbound),
	};

	return cmocka_run_group_tests_name("transit", tests, kt_setup, NULL);
}

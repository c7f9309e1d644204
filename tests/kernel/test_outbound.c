// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets on TC's way out: what was forwarded, and what this host sends. */
#include "transit_case.h"

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
	/* What is no RPC is other people's, whatever its port. */
	set16(&frame, frame.udp, 2049);
	set16(&frame, frame.udp + 8 + 4, 0x1234);
	leaves(false);
	/* Other people's, until a call shows that the port is none of theirs. */
	tcp(OTHER_PORT, RPCS_TCP_ACK, false);
	leaves(false);
	tcp(OTHER_PORT, RPCS_TCP_ACK, true);
	leaves(true);
	tcp(OTHER_PORT, RPCS_TCP_ACK, false);
	leaves(true);
}

/** That a packet was seen where it came in takes no long way. */
static void test_forwarded_at_once(void **state)
{
	(void)state;
	kt_need();
	close_the_long_way();
	udp_call(111, RPCS_PORTMAP_PROGRAM);
	run_on(RPCS_HOOK_TC_EGRESS, WATCHED);
	tcp(111, RPCS_TCP_ACK, false);
	run_on(RPCS_HOOK_TC_EGRESS, WATCHED);
	tcp(2049, RPCS_TCP_ACK, false);
	run_on(RPCS_HOOK_TC_EGRESS, WATCHED);
	assert_int_equal(kt_counters(kernel).packets_forwarded, 3);
}

/** Without any_port other ports are other people's, though scanners may try them. */
static void test_forwarded_off(void **state)
{
	(void)state;
	kt_need();
	tcp(2049, RPCS_TCP_ACK, true);
	leaves(false);
	tcp(111, RPCS_TCP_ACK, true);
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

/** The same of a source of whom its budget asks: past its free share, and not over. */
static void test_outbound_budget(void **state)
{
	struct rpcs_record_head head = { .kind = 0 };
	struct rpcs_ring *ring = NULL;
	struct rpcs_state *maps;
	bool more;
	int i;

	(void)state;
	kt_need();
	assert_int_equal(rpcs_kernel_ring_new(kernel, keep_head, &head, &ring), 0);
	udp_call(111, RPCS_PORTMAP_PROGRAM);
	maps = rpcs_state_maps(&fds);
	assert_non_null(maps);
	rpcs_state_ports(maps)->budget_free = 0;
	rpcs_state_free(&maps);
	for (i = 0; i < 3; i++) {
		head.hook = 0;
		run_on(RPCS_HOOK_TC_EGRESS, 0);
		assert_int_equal(rpcs_ring_consume(ring, 10, &more), 0);
		assert_int_equal(head.hook, RPCS_HOOK_TC_EGRESS);
		assert_true(head.flags & RPCS_F_OUTBOUND);
	}
	rpcs_ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRANSIT_TEST(test_forwarded),	      TRANSIT_TEST(test_forwarded_bad),
		TRANSIT_TEST(test_forwarded_at_once), WITH(begin_off, test_forwarded_off),
		TRANSIT_TEST(test_outbound),	      WITH(begin_with_budget, test_outbound_budget),
	};

	return cmocka_run_group_tests_name("outbound", tests, kt_setup, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Flows: which packets belong together, when a 5-tuple is another flow, and who leaves first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "stream/flow.h"
#include "stream/tcp.h"

#define OWNED_FLOWS RPCS_CLEANUP(rpcs_flow_table_free) struct rpcs_flow_table
#define SECOND RPCS_NSEC_PER_SEC

enum { CAPACITY = 4, UDP = 17, TCP = 6 };

static void flows_init(struct rpcs_flow_table *flows, uint32_t capacity)
{
	const struct rpcs_hash_seed seed = { 3, 4 };

	assert_int_equal(rpcs_flow_table_init(flows, capacity, 120 * SECOND, 1 << 20, &seed), 0);
}

static struct rpcs_tuple tuple_of(const char *src, uint16_t sport, const char *dst, uint16_t dport,
				  uint8_t protocol)
{
	struct rpcs_tuple tuple = { .sport = sport, .dport = dport, .protocol = protocol };

	assert_int_equal(rpcs_address_parse(src, &tuple.src), 0);
	assert_int_equal(rpcs_address_parse(dst, &tuple.dst), 0);
	return tuple;
}

static struct rpcs_tuple turned(struct rpcs_tuple tuple)
{
	return (struct rpcs_tuple){ .src = tuple.dst,
				    .dst = tuple.src,
				    .sport = tuple.dport,
				    .dport = tuple.sport,
				    .protocol = tuple.protocol };
}

/* A packet without SYN. */
static struct rpcs_flow *packet(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
				uint64_t time_ns)
{
	int side;

	return rpcs_flow_get(flows, tuple, time_ns, false, 0, &side);
}

static struct rpcs_flow *syn(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
			     uint32_t seq, int *ret_side)
{
	struct rpcs_flow *flow = rpcs_flow_get(flows, tuple, SECOND, true, seq, ret_side);

	flow->syn_seen[*ret_side] = true;
	flow->syn_seq[*ret_side] = seq;
	return flow;
}

static void check_both_ways(struct rpcs_flow_table *flows, struct rpcs_tuple tuple)
{
	struct rpcs_tuple back = turned(tuple);
	struct rpcs_flow *flow;
	int side, other;

	flow = rpcs_flow_get(flows, &tuple, SECOND, false, 0, &side);
	assert_non_null(flow);
	assert_true(flow->id >= 1 && flow->id < 1ULL << 51);
	assert_ptr_equal(rpcs_flow_get(flows, &back, SECOND, false, 0, &other), flow);
	assert_int_equal(other, !side);
	assert_memory_equal(&flow->ends.address[side], &tuple.src, sizeof(tuple.src));
	assert_int_equal(flow->ends.port[side], tuple.sport);
	assert_int_equal(flow->ends.port[other], tuple.dport);
}

static void test_both_directions(void **state)
{
	OWNED_FLOWS flows = { 0 };

	(void)state;
	flows_init(&flows, CAPACITY);
	check_both_ways(&flows, tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP));
	check_both_ways(&flows, tuple_of("10.0.0.1", 800, "10.0.0.2", 111, TCP));
	check_both_ways(&flows, tuple_of("fd00::2", 111, "fd00::1", 800, UDP));
	/* One address: the ports decide. */
	check_both_ways(&flows, tuple_of("127.0.0.1", 800, "127.0.0.1", 111, UDP));
	assert_int_equal(flows.started, 4);
}

/* Address and port stay together: 1:111 with 2:800 is not 1:800 with 2:111. */
static void test_crossed_ports(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple a = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	struct rpcs_tuple b = tuple_of("10.0.0.1", 111, "10.0.0.2", 800, UDP);

	(void)state;
	flows_init(&flows, CAPACITY);
	assert_int_not_equal(packet(&flows, &a, SECOND)->id, packet(&flows, &b, SECOND)->id);
}

static void test_ids(void **state)
{
	enum { MANY = 2000 };
	static uint64_t ids[MANY];
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 0, "10.0.0.2", 111, UDP);
	int i, j;

	(void)state;
	flows_init(&flows, MANY);
	for (i = 0; i < MANY; i++) {
		tuple.sport = (uint16_t)(1000 + i);
		ids[i] = packet(&flows, &tuple, SECOND)->id;
		assert_true(ids[i] >= 1 && ids[i] < 1ULL << 51);
		for (j = 0; j < i; j++)
			assert_true(ids[i] != ids[j]);
	}
}

/* The first packet chooses: a capture has the same ids each time, and seldom another's. */
static void test_ids_begin(void **state)
{
	const struct rpcs_tuple one = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	const struct rpcs_tuple two = tuple_of("10.0.0.1", 801, "10.0.0.2", 111, UDP);
	OWNED_FLOWS a = { 0 };
	OWNED_FLOWS b = { 0 };
	OWNED_FLOWS c = { 0 };

	(void)state;
	flows_init(&a, CAPACITY);
	flows_init(&b, CAPACITY);
	flows_init(&c, CAPACITY);
	assert_int_equal(packet(&a, &one, SECOND)->id, packet(&b, &one, SECOND)->id);
	assert_int_equal(packet(&a, &two, SECOND)->id, packet(&b, &two, SECOND)->id);
	assert_int_not_equal(packet(&c, &one, 2 * SECOND)->id, packet(&a, &one, SECOND)->id);
}

/* 0 is none: the flow that would get it gets the next one. */
static void test_ids_pass_zero(void **state)
{
	const struct rpcs_tuple one = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	const struct rpcs_tuple two = tuple_of("10.0.0.1", 801, "10.0.0.2", 111, UDP);
	const struct rpcs_tuple six = tuple_of("10.0.0.1", 806, "10.0.0.2", 111, UDP);
	OWNED_FLOWS flows = { 0 };
	uint64_t step;

	(void)state;
	flows_init(&flows, CAPACITY);
	step = 0 - packet(&flows, &one, SECOND)->id;
	step += packet(&flows, &two, SECOND)->id;
	flows.last_id = 0 - step;
	assert_int_equal(packet(&flows, &six, SECOND)->id, step & ((1ULL << 51) - 1));
}

/* What was foreseen of one packet is of no use to another one, nor does it harm. */
static void test_foreseen(void **state)
{
	const struct rpcs_tuple one = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	const struct rpcs_tuple two = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, TCP);
	const struct rpcs_tuple back = turned(one);
	struct rpcs_foresight lookups = { 0 };
	struct rpcs_flow_place place;
	OWNED_FLOWS flows = { 0 };
	uint64_t id;

	(void)state;
	flows_init(&flows, CAPACITY);
	id = packet(&flows, &one, SECOND)->id;
	rpcs_flow_foresee(&flows, &one, &lookups, &place);
	assert_int_equal(lookups.count, 1);
	flows.foreseen = &place;
	assert_int_equal(packet(&flows, &one, SECOND)->id, id);
	assert_int_equal(packet(&flows, &back, SECOND)->id, id);
	assert_int_not_equal(packet(&flows, &two, SECOND)->id, id);
	assert_int_equal(flows.started, 2);
}

static void test_tcp_reuse(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 900, "10.0.0.2", 111, TCP);
	struct rpcs_tuple back = turned(tuple);
	struct rpcs_flow *flow;
	uint64_t first;
	int side;

	(void)state;
	flows_init(&flows, CAPACITY);
	flow = syn(&flows, &tuple, 100, &side);
	first = flow->id;
	assert_false(flow->midstream);
	assert_false(rpcs_flow_handshake(flow));
	flow->syn_seen[!side] = true;
	assert_true(rpcs_flow_handshake(flow));
	/* The same SYN again, and whatever comes late, belong to it. */
	assert_int_equal(syn(&flows, &tuple, 100, &side)->id, first);
	assert_int_equal(packet(&flows, &back, 999 * SECOND)->id, first);
	/* Another SYN on a live connection may be forged: noted, until it is answered. */
	flow = syn(&flows, &tuple, 5000, &side);
	assert_int_equal(flow->id, first);
	assert_true(flow->again);
	assert_int_equal(flow->again_seq, 5000);
	/* Where no answer was seen yet, it is another try. */
	flow->syn_seen[!side] = false;
	flow = syn(&flows, &tuple, 6000, &side);
	assert_int_not_equal(flow->id, first);
	assert_false(flow->syn_seen[!side]);
	assert_false(flow->midstream);
	first = flow->id;
	flow->closed = true;
	assert_int_equal(packet(&flows, &back, 2 * SECOND)->id, first);
	/* After the end even the same number begins another one. */
	flow = syn(&flows, &tuple, 6000, &side);
	assert_int_not_equal(flow->id, first);
	assert_false(flow->closed);
}

static void test_midstream(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tcp = tuple_of("10.0.0.1", 900, "10.0.0.2", 111, TCP);
	struct rpcs_tuple udp = tuple_of("10.0.0.1", 900, "10.0.0.2", 111, UDP);
	struct rpcs_flow *flow;
	uint64_t first;
	int side;

	(void)state;
	flows_init(&flows, CAPACITY);
	assert_false(packet(&flows, &udp, SECOND)->midstream);
	flow = packet(&flows, &tcp, SECOND);
	assert_true(flow->midstream);
	first = flow->id;
	flow = syn(&flows, &tcp, 1, &side);
	assert_false(flow->midstream);
	assert_int_not_equal(flow->id, first);
}

static void test_udp_idle(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	struct rpcs_tuple back = turned(tuple);
	uint64_t first;

	(void)state;
	flows_init(&flows, CAPACITY);
	first = packet(&flows, &tuple, 1000 * SECOND)->id;
	assert_int_equal(packet(&flows, &back, 1120 * SECOND)->id, first);
	/* Idle counts from the last packet; a capture's time may run backwards. */
	assert_int_equal(packet(&flows, &tuple, 1100 * SECOND)->id, first);
	assert_int_equal(packet(&flows, &tuple, 1220 * SECOND)->id, first);
	assert_int_not_equal(packet(&flows, &tuple, 1341 * SECOND)->id, first);
	assert_int_equal(flows.evicted, 0);
	assert_int_equal(rpcs_table_count(flows.udp), 1);
}

/* What is noted in a UDP flow stays with it, whatever others are asked for in between. */
static void test_udp_notes(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple one = tuple_of("10.0.0.1", 800, "10.0.0.2", 111, UDP);
	struct rpcs_tuple two = tuple_of("10.0.0.1", 801, "10.0.0.2", 111, UDP);
	struct rpcs_tuple back = turned(one);
	struct rpcs_flow *flow;
	int side;

	(void)state;
	flows_init(&flows, CAPACITY);
	flow = rpcs_flow_get(&flows, &one, SECOND, false, 0, &side);
	flow->half[0].rpc = flow->half[1].rpc = true;
	flow->half[side].caller = true;
	flow = packet(&flows, &two, 2 * SECOND);
	assert_false(flow->half[0].rpc || flow->half[0].caller || flow->half[1].caller);
	flow = rpcs_flow_get(&flows, &back, 3 * SECOND, false, 0, &side);
	assert_true(flow->half[0].rpc && flow->half[1].rpc && flow->half[!side].caller);
	assert_false(flow->half[side].caller);
	assert_int_equal(flow->start_ns, SECOND);
	flow = packet(&flows, &one, 1000 * SECOND);
	assert_false(flow->half[0].rpc || flow->half[0].caller || flow->half[1].caller);
	assert_int_equal(flow->start_ns, 1000 * SECOND);
}

/* The limit is for both protocols together, and who was used longest ago goes. */
static void test_both_protocols(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 0, "10.0.0.2", 111, TCP);
	uint64_t ids[CAPACITY];
	uint16_t i;

	(void)state;
	flows_init(&flows, CAPACITY);
	for (i = 0; i < CAPACITY; i++) {
		tuple.sport = i;
		tuple.protocol = i % 2 ? UDP : TCP;
		ids[i] = packet(&flows, &tuple, i * SECOND)->id;
	}
	tuple.sport = 77;
	packet(&flows, &tuple, CAPACITY * SECOND);
	packet(&flows, &tuple, CAPACITY * SECOND);
	assert_int_equal(flows.evicted, 1);
	assert_int_equal(rpcs_table_count(flows.table) + rpcs_table_count(flows.udp), CAPACITY);
	for (i = 1; i < CAPACITY; i++) {
		tuple.sport = i;
		tuple.protocol = i % 2 ? UDP : TCP;
		assert_int_equal(packet(&flows, &tuple, (CAPACITY + i) * SECOND)->id, ids[i]);
	}
	tuple.sport = 0;
	tuple.protocol = TCP;
	assert_int_not_equal(packet(&flows, &tuple, 3 * CAPACITY * SECOND)->id, ids[0]);
	assert_int_equal(flows.evicted, 2);
}

static void test_eviction(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 0, "10.0.0.2", 111, TCP);
	uint64_t ids[CAPACITY];
	uint16_t i;

	(void)state;
	flows_init(&flows, CAPACITY);
	for (i = 0; i < CAPACITY; i++) {
		tuple.sport = i;
		ids[i] = packet(&flows, &tuple, SECOND)->id;
	}
	/* 0 is used again, so that 1 is the one that goes. */
	tuple.sport = 0;
	packet(&flows, &tuple, SECOND);
	tuple.sport = 77;
	packet(&flows, &tuple, SECOND);
	assert_int_equal(flows.evicted, 1);
	assert_int_equal(rpcs_table_count(flows.table), CAPACITY);
	for (i = 0; i < CAPACITY; i++) {
		tuple.sport = i;
		if (i != 1)
			assert_int_equal(packet(&flows, &tuple, SECOND)->id, ids[i]);
	}
	assert_int_equal(flows.evicted, 1);
	tuple.sport = 1;
	assert_int_not_equal(packet(&flows, &tuple, SECOND)->id, ids[1]);
	assert_int_equal(flows.evicted, 2);
}

/* What an evicted or restarted flow holds goes with it. */
static void test_held_bytes_go(void **state)
{
	OWNED_FLOWS flows = { 0 };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 900, "10.0.0.2", 111, TCP);
	struct rpcs_sighting seen = { 0 };
	struct rpcs_flow *flow;
	struct rpcs_tcp tcp;
	uint8_t byte = 0;
	int side, i;

	(void)state;
	flows_init(&flows, 1);
	assert_int_equal(rpcs_tcp_init(&tcp, &flows, NULL, NULL), 0);
	for (i = 0; i < 2; i++) {
		tuple.sport = (uint16_t)(900 + i);
		flow = syn(&flows, &tuple, 1, &side);
		rpcs_tcp_begin(&tcp, &flow->half[side], 2);
		rpcs_tcp_segment(&tcp, &flow->half[side], 50, &byte, 1, 1, &seen);
		assert_true(flows.held_bytes > 0);
		assert_int_equal(flow->half[side].held_bytes, 1);
	}
	assert_int_equal(flows.evicted, 1);
	flow->closed = true;
	flow = syn(&flows, &tuple, 999, &side);
	assert_int_equal(flows.held_bytes, 0);
	assert_null(flow->half[side].held);
	rpcs_tcp_free(&tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_crossed_ports),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_begin),
		cmocka_unit_test(test_ids_pass_zero),
		cmocka_unit_test(test_foreseen),
		cmocka_unit_test(test_tcp_reuse),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_udp_idle),
		cmocka_unit_test(test_udp_notes),
		cmocka_unit_test(test_both_protocols),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_held_bytes_go),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}

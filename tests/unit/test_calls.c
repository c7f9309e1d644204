// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which reply belongs to which call, when calls leave, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "calls_case.h"

static void test_pair(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message reply = reply_message(1, "10.0.0.2", 111);
	struct rpcs_call *call = add_xid(calls, 1, SECOND);

	(void)state;
	assert_int_equal(call->status, RPCS_STATUS_PENDING);
	assert_int_equal(call->flow_id, 77);
	assert_int_equal(call->flow_start_ns, 5);
	assert_true(call->tcp_midstream);
	assert_null(call->message.body);
	assert_ptr_equal(answer(calls, &reply, true), call);
	assert_ptr_equal(answer(calls, &reply, false), call);
	reply.xid = 2;
	assert_false(is_answered(calls, &reply));
	reply = reply_message(1, "10.0.0.2", 111);
	reply.tuple.dport++;
	assert_false(is_answered(calls, &reply));
	reply = reply_message(1, "10.0.0.2", 111);
	reply.tuple.dst.bytes[15]++;
	assert_false(is_answered(calls, &reply));
	rpcs_calls_finish(calls);
	assert_int_equal(left.count, 0);
}

static void test_retransmission(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = call_message(1, SECOND);
	struct rpcs_message reply = reply_message(1, "10.0.0.2", 111);
	struct rpcs_call *call;

	(void)state;
	add(calls, &m, true);
	/* Another credential is the same call (detections.md, 1110048). */
	m.auth.flavor = 1;
	m.seen.time_ns = 6 * SECOND;
	add(calls, &m, false);
	call = add(calls, &m, false);
	assert_int_equal(call->retransmissions, 2);
	assert_int_equal(call->message.seen.time_ns, SECOND);
	answer(calls, &reply, true);
	/* After the reply the XID is free: a call of its own. */
	call = add(calls, &m, true);
	assert_int_equal(call->retransmissions, 0);
	assert_int_equal(answer(calls, &reply, true)->message.seen.time_ns, 6 * SECOND);
}

/* Who repeats a call still waits: the time counts from the last one. */
static void test_retransmission_waits(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = call_message(1, 100 * SECOND);

	(void)state;
	add(calls, &m, true);
	add_xid(calls, 2, 105 * SECOND);
	m.seen.time_ns = 110 * SECOND;
	add(calls, &m, false);
	rpcs_calls_expire(calls, 129 * SECOND);
	assert_int_equal(left.count, 1);
	assert_int_equal(left.xid[0], 2);
	rpcs_calls_expire(calls, 134 * SECOND - 1);
	assert_int_equal(left.count, 1);
	rpcs_calls_expire(calls, 134 * SECOND);
	assert_int_equal(left.count, 2);
}

/* The same XID with anything else while pending: both are kept, both can be answered. */
static void test_conflict(void **state)
{
	static const uint8_t other_args[16] = { 0, 1, 0x86, 0xa6 };
	struct rpcs_message reply = reply_message(1, "10.0.0.2", 111), m;
	struct rpcs_call *other;
	uint32_t i, repeats;

	(void)state;
	for (i = 0; i < 6; i++) {
		OWNED_CALLS *calls = calls_new();

		add_xid(calls, 1, SECOND);
		m = call_message(1, SECOND);
		m.program += i == 0;
		m.version += i == 1;
		m.procedure += i == 2;
		m.body = i == 3 ? other_args : args;
		m.body_len = m.body_available = i == 4 ? 12 : 16;
		m.tuple.dst.bytes[15] += i == 5;
		add(calls, &m, true);
		assert_int_equal(add(calls, &m, false)->retransmissions, 1);
		reply = reply_message(1, "10.0.0.2", 111);
		repeats = answer(calls, &reply, true)->retransmissions;
		reply.tuple.src = i == 5 ? m.tuple.dst : reply.tuple.src;
		other = answer(calls, &reply, true);
		/* Each call has one reply, and only the second one was repeated. */
		assert_int_equal(repeats + other->retransmissions, 1);
		if (i == 5)
			assert_memory_equal(&other->message.tuple.dst, &m.tuple.dst, 16);
	}
}

/* Beyond what a compact record holds, arguments that nobody decodes are not compared. */
static void test_content(void **state)
{
	OWNED_CALLS *calls = calls_new();
	uint8_t bytes[32] = { 0 };
	struct rpcs_message m = call_message(1, SECOND);

	(void)state;
	m.program = 100005;
	m.body = bytes;
	m.body_len = 32;
	m.body_available = 16;
	add(calls, &m, true);
	m.body_available = 32;
	bytes[20] = 1;
	add(calls, &m, false);
	m.program = RPCS_PORTMAP_PROGRAM;
	m.version = 4;
	add(calls, &m, true);
	bytes[20] = 2;
	add(calls, &m, true);
}

static void test_other_address(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message reply = reply_message(1, "10.9.9.9", 111), m;
	struct rpcs_call *first, *second;

	(void)state;
	first = add_xid(calls, 1, SECOND);
	m = call_message(1, SECOND);
	rpcs_address_parse("10.9.9.9", &m.tuple.dst);
	/* The server that was asked comes before another of its addresses. */
	second = add(calls, &m, true);
	assert_ptr_equal(answer(calls, &reply, true), second);
	reply = reply_message(1, "10.0.0.77", 111);
	assert_ptr_equal(answer(calls, &reply, true), first);
	/* Another port is another conversation. */
	add_xid(calls, 2, SECOND);
	reply = reply_message(2, "10.0.0.2", 112);
	assert_false(is_answered(calls, &reply));
	/* UDP's reply is not TCP's. */
	reply = reply_message(2, "10.0.0.2", 111);
	reply.tuple.protocol = RPCS_IP_TCP;
	assert_false(is_answered(calls, &reply));
}

static void test_forwarded(void **state)
{
	struct rpcs_message reply = reply_message(1, "10.0.0.50", 32771), m;
	struct rpcs_call *call;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		OWNED_CALLS *calls = calls_new();

		m = call_message(1, SECOND);
		if (i == 0)
			m.procedure = RPCS_PORTMAP_CALLIT;
		if (i == 1)
			m.seen.flags = RPCS_F_GROUP;
		if (i == 2)
			rpcs_address_parse("224.0.2.2", &m.tuple.dst);
		if (i == 3)
			rpcs_address_parse("255.255.255.255", &m.tuple.dst);
		if (i >= 4)
			m.procedure = RPCS_PORTMAP_INDIRECT;
		m.version = i == 4 ? 4 : 2;
		call = add(calls, &m, true);
		if (i == 5) { /* version 2 has no INDIRECT */
			assert_false(is_answered(calls, &reply));
			continue;
		}
		assert_ptr_equal(answer(calls, &reply, true), call);
		/* Many answer a broadcast: all are named. */
		reply.tuple.src.bytes[15]++;
		assert_ptr_equal(answer(calls, &reply, false), call);
	}
}

static void test_tcp_is_strict(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = call_message(1, SECOND);
	struct rpcs_message reply = reply_message(1, "10.0.0.3", 111);

	(void)state;
	m.tuple.protocol = reply.tuple.protocol = RPCS_IP_TCP;
	m.procedure = RPCS_PORTMAP_CALLIT;
	add(calls, &m, true);
	assert_false(is_answered(calls, &reply));
	reply = reply_message(1, "10.0.0.2", 112);
	reply.tuple.protocol = RPCS_IP_TCP;
	assert_false(is_answered(calls, &reply));
	reply.tuple.sport = 111;
	assert_true(is_answered(calls, &reply));
}

/* The client goes on after its SYN, and of the server there is nothing. */
static void test_one_way(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = call_message(1, SECOND);
	struct rpcs_flow tcp = { .id = 5 };

	(void)state;
	m.tuple.protocol = tcp.ends.protocol = RPCS_IP_TCP;
	tcp.ends.address[0] = m.tuple.src;
	tcp.ends.address[1] = m.tuple.dst;
	tcp.ends.port[0] = m.tuple.sport;
	tcp.ends.port[1] = m.tuple.dport;
	tcp.syn_seen[0] = true;
	assert_true(add_on(calls, &m, &tcp)->reply_unseen);
	tcp.syn_seen[1] = true;
	m.xid = 2;
	assert_false(add_on(calls, &m, &tcp)->reply_unseen);
	/* Under way when the sensor came: nothing can be said. */
	tcp.syn_seen[0] = tcp.syn_seen[1] = false;
	m.xid = 3;
	assert_false(add_on(calls, &m, &tcp)->reply_unseen);
	/* UDP has no beginning. */
	m = call_message(4, SECOND);
	assert_false(add(calls, &m, true)->reply_unseen);
}

static void test_timeout(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message reply = reply_message(2, "10.0.0.2", 111);

	(void)state;
	add_xid(calls, 1, 100 * SECOND);
	add_xid(calls, 2, 101 * SECOND);
	add_xid(calls, 3, 102 * SECOND);
	rpcs_calls_expire(calls, 124 * SECOND - 1);
	assert_int_equal(left.count, 0);
	answer(calls, &reply, true);
	rpcs_calls_expire(calls, 124 * SECOND);
	assert_int_equal(left.count, 1);
	assert_int_equal(left.xid[0], 1);
	assert_int_equal(left.status[0], RPCS_STATUS_TIMEOUT);
	answer(calls, &reply, false);
	rpcs_calls_expire(calls, 126 * SECOND);
	assert_int_equal(left.count, 2);
	assert_int_equal(left.xid[1], 3);
	/* The answered one is gone without a word. */
	assert_false(is_answered(calls, &reply));
	assert_int_equal(rpcs_calls_evicted(calls), 0);
}

static void test_eviction(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message reply = reply_message(3, "10.0.0.2", 111);
	uint32_t xid;

	(void)state;
	for (xid = 1; xid <= CAPACITY; xid++)
		add_xid(calls, xid, SECOND);
	answer(calls, &reply, true);
	add_xid(calls, 5, SECOND); /* the answered one makes room */
	assert_int_equal(left.count, 0);
	assert_int_equal(rpcs_calls_evicted(calls), 0);
	assert_false(is_answered(calls, &reply));
	add_xid(calls, 6, SECOND); /* then the oldest pending one */
	add_xid(calls, 7, SECOND);
	assert_int_equal(left.count, 2);
	assert_int_equal(left.xid[0], 1);
	assert_int_equal(left.xid[1], 2);
	assert_int_equal(left.status[0], RPCS_STATUS_PENDING);
	assert_int_equal(rpcs_calls_evicted(calls), 2);
	rpcs_calls_finish(calls);
	assert_int_equal(left.count, 2 + CAPACITY);
	assert_int_equal(left.xid[2], 4);
	assert_int_equal(left.xid[5], 7);
	assert_int_equal(left.status[5], RPCS_STATUS_PENDING);
	rpcs_calls_finish(calls);
	assert_int_equal(left.count, 2 + CAPACITY);
}

/* Texts outlive their packet; all together at most 4096 bytes are kept. */
static void test_texts(void **state)
{
	static const uint32_t lens[][4] = {
		{ 0, 0, 0, 0 },	    { 8, 3, 14, 9 },	   { 16, 16, 16, 16 },
		{ 255, 1, 30, 10 }, { 255, 4000, 10, 10 }, { 0, 0, 0, 65536 },
	};
	OWNED_CALLS *calls = calls_new();
	uint32_t i, j, want, room;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct rpcs_message m = call_message(i, SECOND);
		struct rpcs_text *from[] = { &m.auth.machine, &m.portmap.netid, &m.portmap.address,
					     &m.portmap.owner };
		RPCS_OWNED_BLOCK uint8_t *packet = malloc(65536);
		struct rpcs_call *call;

		for (j = 0; j < 65536; j++)
			packet[j] = (uint8_t)(j * 13 + i);
		for (j = 0; j < 4; j++)
			*from[j] = (struct rpcs_text){ packet + (lens[i][j] < 99 ? j : 0),
						       lens[i][j] };
		call = add(calls, &m, true);
		const struct rpcs_text *kept[] = { &call->message.auth.machine,
						   &call->message.portmap.netid,
						   &call->message.portmap.address,
						   &call->message.portmap.owner };
		for (j = 0, room = 4096; j < 4; j++, room -= want) {
			want = lens[i][j] < room ? lens[i][j] : room;
			assert_int_equal(kept[j]->len, want);
			assert_true(kept[j]->bytes != from[j]->bytes);
			assert_memory_equal(kept[j]->bytes, from[j]->bytes, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_retransmission_waits),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_other_address),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_tcp_is_strict),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}

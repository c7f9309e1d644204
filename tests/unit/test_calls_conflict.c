// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When a call's XID stands for another call already, and what that one was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rpcsentry/rpc.h>

#include "calls_case.h"

static struct rpcs_message other_message(uint64_t time_ns)
{
	struct rpcs_message m = call_message(1, time_ns);

	m.procedure = RPCS_PORTMAP_DUMP;
	m.body_len = m.body_available = 0;
	return m;
}

static struct rpcs_message getport_message(uint64_t time_ns)
{
	struct rpcs_message m = call_message(1, time_ns);

	m.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPING,
					   .has = 4,
					   .program = 100003,
					   .version = 3,
					   .protocol = 17,
					   .port = 5 };
	return m;
}

static void test_conflict(void **state)
{
	OWNED_CALLS *calls = calls_new();
	struct rpcs_message m = getport_message(SECOND), other = other_message(2 * SECOND);
	struct rpcs_call *call;

	(void)state;
	assert_false(add(calls, &m, true)->conflict);
	assert_false(add(calls, &m, false)->conflict);
	call = add(calls, &other, true);
	assert_true(call->conflict);
	assert_int_equal(call->earlier.program, RPCS_PORTMAP_PROGRAM);
	assert_int_equal(call->earlier.version, 2);
	assert_int_equal(call->earlier.procedure, RPCS_PORTMAP_GETPORT);
	assert_int_equal(call->earlier.shape, RPCS_PORTMAP_MAPPING);
	assert_int_equal(call->earlier.has, 4);
	assert_int_equal(call->earlier.asked[0], 100003);
	assert_int_equal(call->earlier.asked[1], 3);
	assert_int_equal(call->earlier.asked[2], 17);
	assert_int_equal(call->earlier.asked[3], 5);
	/* A third one, with the newest. */
	m.program++;
	call = add(calls, &m, true);
	assert_true(call->conflict);
	assert_int_equal(call->earlier.procedure, RPCS_PORTMAP_DUMP);
	assert_int_equal(call->earlier.has, 0);
}

/* Behind what a compact record has room for: where all of the arguments cross, all count. */
static void test_long_arguments(void **state)
{
	static const struct {
		uint32_t program, procedure;
		bool portmapper, conflict;
	} cases[] = {
		{ RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_CALLIT, true, true },
		{ RPCS_PORTMAP_PROGRAM, RPCS_PORTMAP_CALLIT, false, true },
		{ 100005, 1, true, true },
		{ 100005, 1, false, false },
	};
	uint8_t body[40] = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWNED_CALLS *calls = calls_new();
		struct rpcs_message m = call_message(1, SECOND);

		m.program = cases[i].program;
		m.procedure = cases[i].procedure;
		m.portmapper = cases[i].portmapper;
		m.body = body;
		m.body_len = m.body_available = sizeof(body);
		body[39] = 0;
		add(calls, &m, true);
		add(calls, &m, false);
		body[39] = 1;
		if (cases[i].conflict)
			assert_true(add(calls, &m, true)->conflict);
		else
			add(calls, &m, false);
	}
}

/* Answered, timed out, or on another flow: nobody can take one for the other. */
static void test_no_conflict(void **state)
{
	struct rpcs_message reply = reply_message(1, "10.0.0.2", 111);
	struct rpcs_message other = other_message(2 * SECOND), m = getport_message(SECOND);
	const struct rpcs_flow elsewhere = { .id = 78 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		OWNED_CALLS *calls = calls_new();

		add(calls, &m, true);
		if (i == 0)
			answer(calls, &reply, true);
		other.seen.time_ns = i == 1 ? 25 * SECOND : 2 * SECOND;
		other.xid = i == 2 ? 2 : 1;
		if (i == 3)
			assert_false(add_on(calls, &other, &elsewhere)->conflict);
		else
			assert_false(add(calls, &other, true)->conflict);
	}
}

/* RPCSEC_GSS repeats a call with other bytes (RFC 2203 5.3.1). */
static void test_gss(void **state)
{
	struct rpcs_message other = other_message(2 * SECOND), m = getport_message(SECOND);
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		OWNED_CALLS *calls = calls_new();

		m.auth.flavor = i == 0 ? RPCS_AUTH_GSS : RPCS_AUTH_SYS;
		other.auth.flavor = i == 1 ? RPCS_AUTH_GSS : RPCS_AUTH_SYS;
		add(calls, &m, true);
		assert_false(add(calls, &other, true)->conflict);
	}
}

static void test_questions(void **state)
{
	struct rpcs_message m = call_message(1, SECOND);
	struct rpcs_question question;

	(void)state;
	m.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_CALLIT_ARGS,
					   .has = 4,
					   .program = 100005,
					   .version = 3,
					   .procedure = 1,
					   .length = 20 };
	rpcs_question_fill(&m, &question);
	assert_int_equal(question.has, 4);
	assert_int_equal(question.asked[2], 1);
	assert_int_equal(question.asked[3], 20);
	/* Of version 3 and 4, the numbers only. */
	m.portmap.shape = RPCS_PORTMAP_RPCB;
	m.portmap.has = 5;
	rpcs_question_fill(&m, &question);
	assert_int_equal(question.has, 2);
	assert_int_equal(question.asked[0], 100005);
	m.portmap.has = 1;
	rpcs_question_fill(&m, &question);
	assert_int_equal(question.has, 1);
	m.portmap.shape = RPCS_PORTMAP_ADDRESS;
	rpcs_question_fill(&m, &question);
	assert_int_equal(question.shape, RPCS_PORTMAP_NOTHING);
	assert_int_equal(question.has, 0);
}

/*
 * One client's port and XID on connections to many servers, and to many ports of one: each
 * call waits for its own reply, however many there are.
 */
static void test_tcp_flows(void **state)
{
	enum { FLOWS = 40 };
	const struct rpcs_hash_seed seed = { 8, 9 };
	OWNED_CALLS *calls = rpcs_calls_new(FLOWS, 24 * SECOND, &seed, on_leave, &left);
	struct rpcs_message m = call_message(1, SECOND);
	struct rpcs_message reply = reply_message(1, "10.0.0.2", 0);
	struct rpcs_call *call;
	bool first;
	int i;

	(void)state;
	assert_non_null(calls);
	left.count = 0;
	m.tuple.protocol = reply.tuple.protocol = RPCS_IP_TCP;
	for (i = 0; i < FLOWS; i++) {
		m.tuple.dst.bytes[15] = (uint8_t)(i % 2 ? 2 : 100 + i);
		m.tuple.dport = (uint16_t)(i % 2 ? 1000 + i : 111);
		m.procedure = (uint32_t)i;
		add(calls, &m, true);
	}
	assert_int_equal(left.count, 0);
	assert_int_equal(rpcs_calls_evicted(calls), 0);
	for (i = 0; i < FLOWS; i++) {
		reply.tuple.src.bytes[15] = (uint8_t)(i % 2 ? 2 : 100 + i);
		reply.tuple.sport = (uint16_t)(i % 2 ? 1000 + i : 111);
		call = rpcs_calls_answer(calls, &reply, &first);
		assert_non_null(call);
		assert_true(first);
		assert_int_equal(call->message.procedure, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflict),    cmocka_unit_test(test_long_arguments),
		cmocka_unit_test(test_no_conflict), cmocka_unit_test(test_gss),
		cmocka_unit_test(test_questions),   cmocka_unit_test(test_tcp_flows),
	};

	return cmocka_run_group_tests_name("calls conflict", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls and replies for the matcher, and a list of the calls that left. Include after cmocka.h. */
#ifndef TESTS_UNIT_CALLS_CASE_H
#define TESTS_UNIT_CALLS_CASE_H

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "match/calls.h"

#define OWNED_CALLS RPCS_CLEANUP(rpcs_calls_free) struct rpcs_calls
#define SECOND RPCS_NSEC_PER_SEC

enum { CAPACITY = 4, CLIENT_PORT = 800 };

static struct rpcs_flow flow = { .id = 77, .start_ns = 5, .midstream = true };

/** The calls that left, in order. */
static struct {
	uint32_t xid[32];
	enum rpcs_status status[32];
	uint32_t count;
} left;

static inline void on_leave(void *arg, struct rpcs_call *call)
{
	assert_ptr_equal(arg, &left);
	assert_true(left.count < 32);
	left.xid[left.count] = call->message.xid;
	left.status[left.count++] = call->status;
}

static inline struct rpcs_calls *calls_new(void)
{
	const struct rpcs_hash_seed seed = { 8, 9 };
	struct rpcs_calls *calls = rpcs_calls_new(CAPACITY, 24 * SECOND, &seed, on_leave, &left);

	assert_non_null(calls);
	left.count = 0;
	return calls;
}

static const uint8_t args[16] = { 0, 1, 0x86, 0xa5 };

/* A GETPORT over UDP to 10.0.0.2:111. */
static inline struct rpcs_message call_message(uint32_t xid, uint64_t time_ns)
{
	struct rpcs_message m = {
		.is_call = true,
		.xid = xid,
		.rpc_version = 2,
		.program = RPCS_PORTMAP_PROGRAM,
		.version = 2,
		.procedure = RPCS_PORTMAP_GETPORT,
		.body = args,
		.body_len = sizeof(args),
		.body_available = sizeof(args),
		.seen.time_ns = time_ns,
		.tuple = { .sport = CLIENT_PORT, .dport = 111, .protocol = RPCS_IP_UDP },
	};

	rpcs_address_parse("10.0.0.1", &m.tuple.src);
	rpcs_address_parse("10.0.0.2", &m.tuple.dst);
	return m;
}

static inline struct rpcs_message reply_message(uint32_t xid, const char *from, uint16_t port)
{
	struct rpcs_message m = {
		.xid = xid,
		.tuple = { .sport = port, .dport = CLIENT_PORT, .protocol = RPCS_IP_UDP },
	};

	rpcs_address_parse(from, &m.tuple.src);
	rpcs_address_parse("10.0.0.1", &m.tuple.dst);
	return m;
}

static inline struct rpcs_call *add(struct rpcs_calls *calls, const struct rpcs_message *m,
				    bool expect_new)
{
	bool is_new = !expect_new;
	struct rpcs_call *call = rpcs_calls_add(calls, m, &flow, &is_new);

	assert_non_null(call);
	assert_int_equal(is_new, expect_new);
	return call;
}

/* A new call on another flow than the usual one. */
static inline struct rpcs_call *add_on(struct rpcs_calls *calls, const struct rpcs_message *m,
				       const struct rpcs_flow *on)
{
	bool is_new = false;
	struct rpcs_call *call = rpcs_calls_add(calls, m, on, &is_new);

	assert_non_null(call);
	assert_true(is_new);
	return call;
}

static inline struct rpcs_call *add_xid(struct rpcs_calls *calls, uint32_t xid, uint64_t time_ns)
{
	struct rpcs_message m = call_message(xid, time_ns);

	return add(calls, &m, true);
}

/* The call that is answered, and whether it was pending. */
static inline struct rpcs_call *answer(struct rpcs_calls *calls, const struct rpcs_message *reply,
				       bool expect_first)
{
	bool first = !expect_first;
	struct rpcs_call *call = rpcs_calls_answer(calls, reply, &first);

	assert_non_null(call);
	assert_int_equal(first, expect_first);
	assert_int_equal(call->status, RPCS_STATUS_ANSWERED);
	return call;
}

static inline bool is_answered(struct rpcs_calls *calls, const struct rpcs_message *reply)
{
	bool first;

	return rpcs_calls_answer(calls, reply, &first) != NULL;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lookups and calls to services as the pipeline hands them to stage 9; see detect_case.h. */
#ifndef RPCSENTRY_TESTS_DIRECT_CASE_H
#define RPCSENTRY_TESTS_DIRECT_CASE_H

#include "detect_case.h"

#define HOUR (3600 * CASE_SEC)

static struct detect_case c;

/* Another program at another port, over UDP, from outside. */
static inline struct rpcs_call service_call(uint32_t program, uint16_t port)
{
	struct rpcs_call call = case_call(3, 5);

	call.message.program = program;
	call.message.tuple.dport = port;
	call.message.xid = 99;
	return call;
}

/* A message of the call, then the call: as the pipeline has it. */
static inline void take_call(struct rpcs_call *call)
{
	rpcs_detect_message(c.detect, &call->message, call, RPCS_PLACE_CALL, call->flow_id);
	rpcs_detect_call(c.detect, call);
}

static inline void take_reply(struct rpcs_call *call, const struct rpcs_message *reply)
{
	rpcs_detect_message(c.detect, reply, call, RPCS_PLACE_REPLY, call->flow_id);
}

/* What a call raises after what the case has seen. */
static inline void expect_call(struct rpcs_call call, enum rpcs_detection_id id)
{
	uint32_t before = c.count;

	take_call(&call);
	if (id == RPCS_D__MAX) {
		assert_int_equal(c.count, before);
		return;
	}
	assert_int_equal(c.count, before + 1);
	assert_int_equal(case_last(&c)->detection, id);
}

/* A permitted lookup of `program` over UDP, answered with `port`. */
static inline void look_up(uint32_t program, uint32_t port)
{
	struct rpcs_call lookup = case_mapping(RPCS_PORTMAP_GETPORT, program, 0);
	struct rpcs_message reply = case_reply_port(&lookup, port);

	lookup.allowed = true;
	lookup.message.xid = 0x1234;
	reply.xid = 0x1234;
	take_call(&lookup);
	take_reply(&lookup, &reply);
}

/* One second later, so that no lookup is near. */
static inline struct rpcs_call later(struct rpcs_call call, uint64_t after_ns)
{
	call.message.seen.time_ns += after_ns;
	return call;
}

static inline void start(void)
{
	case_start(&c, CASE_EACH "detections:\n  lookup-then-call: {enabled: false}\n");
}

/* `client` calls `program` of `server` over a flow of its own; it is answered. */
static inline void exchange(const char *client, const char *server, uint32_t program,
			    uint64_t flow_id)
{
	struct rpcs_call call = service_call(program, 2049);
	struct rpcs_message reply;

	call.message.tuple.src = case_address(client);
	call.message.tuple.dst = case_address(server);
	call.flow_id = flow_id;
	call.allowed = true;
	reply = case_reply(&call);
	take_call(&call);
	take_reply(&call, &reply);
}

#endif

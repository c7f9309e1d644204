/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bench for cases of stages 1 to 4: frames in, exactly these records out. The
 * same cases run natively (unit/test_steps.c) and through both builds at once
 * (kernel/test_parse.c). Include after cmocka.h.
 */
#ifndef RPCSENTRY_TESTS_BENCH_H
#define RPCSENTRY_TESTS_BENCH_H

#include "packet_render.h"
#include "segments.h"
#include "source/engine.h"
#include "source/state.h"

enum { BENCH_TIMEOUT_NS = 1000000000 };

struct bench {
	struct rpcs_settings settings;
	struct rpcs_policy *policy;
	struct rpcs_native *native;
	struct collected *got;
	uint64_t time_ns, frames;
	struct rpcs_counters counters; /* after the frame before */
	/* One frame through all that is on the bench; records to `got`, then the counters. */
	void (*feed)(struct bench *b, const struct rpcs_frame *frame);
	/* The agent has changed the native engine's state: the others' follows. */
	void (*follow)(struct bench *b, const struct rpcs_flow_key *key);
	void (*fresh)(struct bench *b);
	void *engines;
};

/** A case: `any_port` is the mode it wants. */
struct bench_case {
	const char *name;
	void (*run)(struct bench *b);
	enum rpcs_any_port any_port;
};

static inline struct rpcs_policy *bench_policy(void)
{
	const char *text = rpcs_policy_default_text();
	struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;

	assert_int_equal(rpcs_policy_parse(text, strlen(text), &policy, &errors), 0);
	assert_true(rpcs_policy_is_sensitive(policy, TEST_SENSITIVE));
	assert_false(rpcs_policy_is_sensitive(policy, TEST_PLAIN));
	return policy;
}

/** One with a rule that suppresses some of the calls of packets.h's client. */
static inline struct rpcs_policy *bench_suppressing_policy(void)
{
	static const char text[] =
		"response: {trust: [10.0.0.0/24, \"fd00::/8\"]}\n"
		"allow: [{calls: [NULL, GETPORT, DUMP, DIRECT], suppress: kernel,\n"
		"         clients: [10.0.0.1, \"fd00::1\"]}]\n";
	struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;

	if (rpcs_policy_parse(text, sizeof(text) - 1, &policy, &errors))
		fail_msg("%s", errors.list[0].text);
	assert_true(rpcs_policy_suppresses(policy));
	return policy;
}

static inline struct rpcs_settings bench_settings(enum rpcs_any_port any_port)
{
	return (struct rpcs_settings){ .ports = { 111 },
				       .port_count = 1,
				       .limit_flows = 4096,
				       .limit_pending_calls = 4096,
				       .ring_size = 1 << 20,
				       .any_port = any_port,
				       .flow_timeout_ns = BENCH_TIMEOUT_NS,
				       .call_timeout_ns = BENCH_TIMEOUT_NS };
}

/** A native engine without memory of what was before. */
static inline struct rpcs_native *bench_native(const struct bench *b, struct collected *got)
{
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &b->settings, .policy = b->policy, .emit = collect, .arg = got });

	assert_non_null(native);
	return native;
}

static inline void bench_frame(struct bench *b, const struct test_frame *f)
{
	struct rpcs_frame frame = {
		.bytes = f->bytes, .len = f->len, .time_ns = b->time_ns, .number = ++b->frames
	};
	const struct rpcs_counters *c = &b->counters;
	int i;

	b->got->count = 0;
	b->feed(b, &frame);
	for (i = 0; i < b->got->count; i++)
		check_record(b->got->bytes[i], b->got->len[i], f);
	assert_int_equal(c->rpc_seen, c->records_sent + c->records_suppressed + c->records_lost);
	assert_int_equal(c->packets, b->frames);
}

static inline void bench_expect_at(struct bench *b, const char *expected, const char *file,
				   int line)
{
	const char *got = render_all(b->got);

	if (strcmp(got, expected) == 0)
		return;
	print_error("frame %u came to\n    %s\nnot to\n    %s\n", (unsigned int)b->frames, got,
		    expected);
	_fail(file, line);
}

/** The last frame came to exactly these records. */
#define EXPECT(b, expected) bench_expect_at(b, expected, __FILE__, __LINE__)

/** Sends a segment of a flow with these bytes and expects these records. */
#define SEGMENT(b, flow, back, seq, flags, bytes, len, expected)              \
	do {                                                                  \
		struct test_frame segment_;                                   \
		frame_segment(&segment_, flow, back, seq, flags, bytes, len); \
		bench_frame(b, &segment_);                                    \
		EXPECT(b, expected);                                          \
	} while (0)

/** From client to server, with data. */
#define DATA(b, flow, seq, bytes, len, expected) \
	SEGMENT(b, flow, false, seq, RPCS_TCP_ACK | RPCS_TCP_PSH, bytes, len, expected)

/** From client to server, without data. */
#define BARE(b, flow, seq, flags, expected) SEGMENT(b, flow, false, seq, flags, "", 0, expected)

/** A client's SYN with sequence number 99: its data begins at 100. */
static inline void bench_syn(struct bench *b, const struct test_flow *flow)
{
	BARE(b, flow, 99, RPCS_TCP_SYN, "connection S @99");
}

/** A flow's state, as both engines have it. */
static inline struct rpcs_flow_value bench_flow(struct bench *b, const struct test_flow *flow,
						bool back)
{
	const struct rpcs_flow_key key = flow_key(flow, back);
	struct rpcs_flow_value value;

	assert_true(rpcs_state_flow_get(rpcs_native_state(b->native), &key, &value));
	return value;
}

static inline void bench_step_is(struct bench *b, const struct test_flow *flow,
				 enum rpcs_flow_step step)
{
	assert_int_equal(rpcs_flow_step_of(bench_flow(b, flow, false).state), step);
}

/** The agent found where the client's next record begins. */
static inline void bench_back(struct bench *b, const struct test_flow *flow, uint32_t next)
{
	const struct rpcs_flow_key key = flow_key(flow, false);

	rpcs_state_flow_back(rpcs_native_state(b->native), &key, TEST_TURN, next);
	b->follow(b, &key);
}

/** It waits for some of what the client sent before `wanted`. */
static inline void bench_want(struct bench *b, const struct test_flow *flow, uint32_t wanted)
{
	const struct rpcs_flow_key key = flow_key(flow, false);

	rpcs_state_flow_want(rpcs_native_state(b->native), &key, wanted);
	b->follow(b, &key);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A pipeline behind the native engine, and a sink that writes down what it is told. */
#ifndef TESTS_UNIT_PIPELINE_RIG_H
#define TESTS_UNIT_PIPELINE_RIG_H

#include <stdio.h>

#include "base/clock.h"
#include "packets.h"
#include "pipeline.h"
#include "policy_case.h"
#include "source/engine.h"
#include "source/state.h"

enum { PROC_GETPORT = RPCS_PORTMAP_GETPORT, PROC_DUMP = RPCS_PORTMAP_DUMP };

/** The sink; `log` has a word for each thing told, see note(). */
struct note_sink {
	struct rpcs_sink sink;
	char log[2048];
	struct rpcs_message last_reply;
	struct rpcs_stats stats;
	uint32_t flushes;
	int answer; /* what every function returns */
};

static struct {
	struct rpcs_policy *policy;
	struct rpcs_native *native;
	struct rpcs_pipeline *pipeline;
	struct note_sink sink, second;
	struct rpcs_sink silent; /* wants nothing */
	struct rpcs_sink *sinks[3];
	uint64_t frame;
} rig;

static inline int note(struct rpcs_sink *sink, const char *word, uint32_t xid)
{
	struct note_sink *me = (struct note_sink *)(void *)sink;
	size_t len = strlen(me->log);

	assert_true(len + 64 < sizeof(me->log));
	snprintf(me->log + len, sizeof(me->log) - len, "%s%s:%u", len ? " " : "", word, xid);
	return me->answer;
}

static inline int note_message(struct rpcs_sink *sink, const struct rpcs_message *message,
			       uint64_t flow_id)
{
	struct note_sink *me = (struct note_sink *)(void *)sink;

	assert_true(flow_id != 0);
	if (!message->is_call)
		me->last_reply = *message;
	return note(sink, message->is_call ? "call-seen" : "reply-seen", message->xid);
}

static inline int note_call(struct rpcs_sink *sink, const struct rpcs_call *call,
			    const struct rpcs_message *reply)
{
	static const char *const words[] = { "pending", "answered", "timeout", "unknown" };

	assert_int_equal(reply != NULL, call->status == RPCS_STATUS_ANSWERED);
	return note(sink, words[call->status], call->message.xid);
}

static inline int note_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	return note(sink, alert->update ? "update" : "alert",
		    alert->call ? alert->call->message.xid : 0);
}

static inline int note_stats(struct rpcs_sink *sink, const struct rpcs_stats *stats)
{
	struct note_sink *me = (struct note_sink *)(void *)sink;

	me->stats = *stats;
	return me->answer;
}

static inline int note_service(struct rpcs_sink *sink, const struct rpcs_lesson *lesson,
			       const struct rpcs_service_change *change)
{
	assert_true(change->told);
	return note(sink, rpcs_service_change_name(change->kind), lesson->reply->xid);
}

static inline int note_flush(struct rpcs_sink *sink)
{
	struct note_sink *me = (struct note_sink *)(void *)sink;

	me->flushes++;
	return me->answer;
}

static inline void rig_free(void)
{
	rpcs_pipeline_free(&rig.pipeline);
	rpcs_native_free(&rig.native);
	rpcs_policy_free(&rig.policy);
}

/** Servers whose replies the sensor cannot see; for rig_new(). */
static const struct rpcs_address *rig_unseen;

/** What stages 1 to 4 know, or NULL; for rig_new(). */
static struct rpcs_state *rig_state;

/** Since when the sensor is live; for rig_new(). */
static uint64_t rig_live_since_ns;

static inline void rig_new(const char *policy, bool messages)
{
	const struct rpcs_sink sink = { .message = note_message,
					.call = note_call,
					.alert = note_alert,
					.stats = note_stats,
					.flush = note_flush };
	struct rpcs_pipeline_options options = {
		.seed = { 1, 2 },
		.sinks = rig.sinks,
		.sink_count = 3,
		.messages = messages,
		.unseen = rig_unseen,
		.unseen_count = rig_unseen != NULL,
		.live_since_ns = rig_live_since_ns,
		.state = rig_state,
	};

	rig_free();
	memset(&rig, 0, sizeof(rig));
	rig.policy = policy_of(policy);
	home_is_ten(rig.policy);
	rig.sink.sink = rig.second.sink = sink;
	rig.sinks[0] = &rig.sink.sink;
	rig.sinks[1] = &rig.silent;
	rig.sinks[2] = &rig.second.sink;
	options.policy = rig.policy;
	rig.pipeline = rpcs_pipeline_new(&options);
	assert_non_null(rig.pipeline);
	rig.native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = rpcs_policy_settings(rig.policy),
		.policy = rig.policy,
		.emit = rpcs_pipeline_record,
		.arg = rig.pipeline,
	});
	assert_non_null(rig.native);
}

/** The log so far must be that of both sinks; it begins anew. */
static inline void expect(const char *log)
{
	assert_string_equal(rig.sink.log, log);
	assert_string_equal(rig.second.log, log);
	rig.sink.log[0] = rig.second.log[0] = '\0';
}

static inline void feed_at(struct test_frame *f, uint64_t time_ns)
{
	struct rpcs_frame frame = { f->bytes, f->len, time_ns, ++rig.frame };

	frame_end(f);
	rpcs_native_frame(rig.native, &frame);
}

/** A v2 call of 10.0.0.1 to 10.0.0.2; GETPORT asks for mountd. */
static inline void call_at(uint32_t xid, uint32_t procedure, uint64_t seconds)
{
	struct test_frame f;

	frame_udp4(&f);
	frame_call(&f, xid, RPCS_PORTMAP_PROGRAM, 2, procedure);
	if (procedure == PROC_GETPORT)
		frame_mapping(&f, 100005, 3, 17, 0);
	feed_at(&f, seconds * RPCS_NSEC_PER_SEC);
}

/** Its reply: one unit of results unless it failed. */
static inline void reply_at(uint32_t xid, uint32_t stat, uint32_t result, uint64_t seconds)
{
	struct test_frame f;

	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	frame_udp(&f, 111, 800);
	f.bytes[f.ip + 15] = 2;
	f.bytes[f.ip + 19] = 1;
	frame_accepted(&f, xid, stat);
	if (stat == RPCS_ACCEPT_SUCCESS)
		put32(&f, result);
	feed_at(&f, seconds * RPCS_NSEC_PER_SEC);
}

#endif

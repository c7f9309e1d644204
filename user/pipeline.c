// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way of a record through stages 6 to 10. */
#include "pipeline.h"

#include <stdlib.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/record.h>
#include <rpcsentry/rpc.h>

#include "detect/detect.h"
#include "match/calls.h"
#include "match/told.h"
#include "stream/portmap.h"
#include "stream/stream.h"

struct rpcs_pipeline {
	struct rpcs_pipeline_options options;
	const struct rpcs_settings *settings;
	struct rpcs_agent_counters counters;
	struct rpcs_stream *stream;
	struct rpcs_calls *calls;
	struct rpcs_detect *detect;
	struct rpcs_mapping_room room; /* of the reply in hand */
	uint64_t now_ns;
	struct rpcs_loss loss; /* of the kernel and the journal, as last given */
	uint64_t losses_ns;    /* and when */
};

#define TELL(pipeline, member, ...)                                                         \
	do {                                                                                \
		uint32_t tell_i;                                                            \
		for (tell_i = 0; tell_i < (pipeline)->options.sink_count; tell_i++) {       \
			struct rpcs_sink *tell_sink = (pipeline)->options.sinks[tell_i];    \
			if (tell_sink->member && tell_sink->member(tell_sink, __VA_ARGS__)) \
				(pipeline)->counters.eve_errors++;                          \
		}                                                                           \
	} while (0)

static void take_alert(void *arg, const struct rpcs_alert *alert)
{
	struct rpcs_pipeline *pipeline = arg;

	if (alert->update && !alert->raised)
		pipeline->counters.alerts_updated++;
	else
		pipeline->counters.alerts++;
	TELL(pipeline, alert, alert);
}

/* What a rule's `programs` is held against: the program asked for, called, or the inner one. */
static void query_program(const struct rpcs_message *message, struct rpcs_policy_query *query)
{
	const struct rpcs_portmap *pm = &message->portmap;

	if (query->call == RPCS_CALL_DIRECT) {
		query->has_program = true;
		query->program = message->program;
	} else if (pm->has >= 1 &&
		   (pm->shape == RPCS_PORTMAP_MAPPING || pm->shape == RPCS_PORTMAP_RPCB ||
		    pm->shape == RPCS_PORTMAP_CALLIT_ARGS)) {
		query->has_program = true;
		query->program = pm->program;
	}
}

static void decide(struct rpcs_pipeline *pipeline, struct rpcs_call *call,
		   enum rpcs_answered answered)
{
	const struct rpcs_message *message = &call->message;
	struct rpcs_policy_query query = {
		.client = &message->tuple.src,
		.server = &message->tuple.dst,
		.answered = answered,
	};
	struct rpcs_policy_decision decision;

	if (message->program == RPCS_PORTMAP_PROGRAM)
		query.call = rpcs_policy_call_of(message->version, message->procedure);
	else if (rpcs_settings_watch(pipeline->settings, message->tuple.dport))
		query.call = RPCS_CALL_OTHER;
	else
		query.call = RPCS_CALL_DIRECT;
	query_program(message, &query);
	rpcs_policy_decide(pipeline->options.policy, &query, &decision);
	call->allowed = decision.allowed;
	call->names_change = decision.names_change;
	call->names_servers = decision.names_servers;
	call->held = decision.held;
	call->log = decision.log;
	call->rule = decision.rule;
	pipeline->counters.policy_allowed += decision.allowed && !decision.held;
}

/* A call's last word: its reply, or that none came. */
static void conclude(struct rpcs_pipeline *pipeline, struct rpcs_call *call,
		     const struct rpcs_message *reply)
{
	if (call->held)
		decide(pipeline, call, reply ? RPCS_ANSWERED_YES : RPCS_ANSWERED_NO);
	rpcs_detect_outcome(pipeline->detect, call, reply);
	if (call->log)
		TELL(pipeline, call, call, reply);
}

/* Can the sensor see replies to this call at all? If not, silence says nothing. */
static bool is_unseen(const struct rpcs_pipeline *pipeline, const struct rpcs_call *call)
{
	uint32_t i;

	for (i = 0; i < pipeline->options.unseen_count; i++)
		if (rpcs_address_equal(&pipeline->options.unseen[i], &call->message.tuple.dst))
			return true;
	return call->reply_unseen;
}

static void call_left(void *arg, struct rpcs_call *call)
{
	struct rpcs_pipeline *pipeline = arg;

	if (is_unseen(pipeline, call))
		call->status = RPCS_STATUS_UNKNOWN;
	else if (call->status == RPCS_STATUS_TIMEOUT)
		pipeline->counters.calls_timeout++;
	conclude(pipeline, call, NULL);
}

static void take_call(struct rpcs_pipeline *pipeline, struct rpcs_message *message,
		      struct rpcs_flow *flow)
{
	struct rpcs_call *call;
	bool is_new;

	pipeline->counters.messages++;
	rpcs_portmap_decode_call(message);
	call = rpcs_calls_add(pipeline->calls, message, flow, &is_new);
	if (call && is_new)
		decide(pipeline, call, RPCS_ANSWERED_NOT_YET);
	if (pipeline->options.messages && (!call || call->log))
		TELL(pipeline, message, message, flow->id);
	if (call && is_new) {
		pipeline->counters.calls++;
		rpcs_detect_call(pipeline->detect, call);
	} else if (call) {
		pipeline->counters.calls_retransmitted++;
	}
}

static void mark_port(void *arg, uint16_t port)
{
	struct rpcs_state *state = arg;

	rpcs_port_mark(rpcs_state_ports(state), port, RPCS_PORT_RPC);
}

/* What a portmapper tells is where its client goes next: stage 1 is to look there. */
static void mark_ports(struct rpcs_pipeline *pipeline, const struct rpcs_call *call,
		       const struct rpcs_message *reply)
{
	if (pipeline->options.state && pipeline->settings->any_port != RPCS_ANY_PORT_OFF)
		rpcs_told_ports(call, reply, mark_port, pipeline->options.state);
}

/* The server agrees to TLS (RFC 9289 4.1): the stream is none of ours from here on. */
static bool is_tls_accepted(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	static const uint32_t starttls_len = 8;

	return call->message.auth.flavor == RPCS_AUTH_TLS && reply->tuple.protocol == RPCS_IP_TCP &&
	       reply->reply_has == 2 && reply->reply_stat == RPCS_REPLY_ACCEPTED &&
	       reply->stat == RPCS_ACCEPT_SUCCESS && reply->verf_flavor == RPCS_AUTH_NONE &&
	       reply->verf_len == starttls_len;
}

/* On another port a message of type REPLY is only one if its call was seen (events.md). */
static bool is_stray(const struct rpcs_pipeline *pipeline, const struct rpcs_message *message)
{
	return !rpcs_settings_watch(pipeline->settings, message->tuple.sport) &&
	       !rpcs_settings_watch(pipeline->settings, message->tuple.dport);
}

static void take_reply(struct rpcs_pipeline *pipeline, struct rpcs_message *message,
		       struct rpcs_flow *flow)
{
	bool first = false;
	struct rpcs_call *call = rpcs_calls_answer(pipeline->calls, message, &first);

	if (call) {
		pipeline->counters.replies++;
		message->call_known = true;
		message->rpc_version = call->message.rpc_version;
		message->program = call->message.program;
		message->version = call->message.version;
		message->procedure = call->message.procedure;
		/* RPCSEC_GSS wraps results as it does arguments (RFC 2203 5.3.3.4). */
		if (call->message.auth.flavor != RPCS_AUTH_GSS)
			rpcs_portmap_decode_reply(message, &pipeline->room);
		mark_ports(pipeline, call, message);
		call->tls = is_tls_accepted(call, message);
	} else {
		pipeline->counters.replies_unpaired++;
		if (is_stray(pipeline, message))
			return;
	}
	pipeline->counters.messages++;
	if (pipeline->options.messages && (!call || call->log))
		TELL(pipeline, message, message, flow->id);
	if (first)
		conclude(pipeline, call, message);
}

static void take_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	if (message->is_call)
		take_call(pipeline, message, flow);
	else
		take_reply(pipeline, message, flow);
}

static void take_connection(void *arg, const struct rpcs_connection *connection,
			    struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_connection(pipeline->detect, connection, flow->id);
}

static void take_overlap(void *arg, const struct rpcs_overlap *overlap, struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	rpcs_detect_overlap(pipeline->detect, overlap, flow->id);
}

struct rpcs_pipeline *rpcs_pipeline_new(const struct rpcs_pipeline_options *options)
{
	struct rpcs_pipeline *pipeline = calloc(1, sizeof(*pipeline));
	struct rpcs_stream_handler handler = {
		.message = take_message,
		.connection = take_connection,
		.overlap = take_overlap,
		.arg = pipeline,
		.state = options->state,
	};

	if (!pipeline)
		return NULL;
	pipeline->options = *options;
	pipeline->settings = rpcs_policy_settings(options->policy);
	pipeline->stream = rpcs_stream_new(pipeline->settings, &options->seed, &handler);
	pipeline->calls = rpcs_calls_new((uint32_t)pipeline->settings->limit_pending_calls,
					 pipeline->settings->call_timeout_ns, &options->seed,
					 call_left, pipeline);
	pipeline->detect = rpcs_detect_new(options->policy, &options->seed, take_alert, pipeline);
	if (!pipeline->stream || !pipeline->calls || !pipeline->detect)
		rpcs_pipeline_free(&pipeline);
	return pipeline;
}

void rpcs_pipeline_free(struct rpcs_pipeline **pipeline)
{
	if (!*pipeline)
		return;
	rpcs_stream_free(&(*pipeline)->stream);
	rpcs_calls_free(&(*pipeline)->calls);
	rpcs_detect_free(&(*pipeline)->detect);
	free(*pipeline);
	*pipeline = NULL;
}

/* Each packet's own time counts: one wild stamp in a capture must not hold up the rest. */
static void advance(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	pipeline->now_ns = now_ns;
	rpcs_calls_expire(pipeline->calls, now_ns);
}

void rpcs_pipeline_record(void *arg, const void *record, uint32_t len,
			  const struct rpcs_frame *frame)
{
	struct rpcs_pipeline *pipeline = arg;
	const struct rpcs_record_head *head = record;
	uint64_t time_ns;

	pipeline->counters.records++;
	if (frame)
		time_ns = frame->time_ns;
	else if (len >= sizeof(*head))
		time_ns = head->time_ns + pipeline->options.monotonic_offset_ns;
	else
		time_ns = pipeline->now_ns; /* stage 6 counts it as bad */
	advance(pipeline, time_ns);
	rpcs_stream_record(pipeline->stream, record, len, time_ns, frame ? frame->number : 0);
}

void rpcs_pipeline_tick(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	advance(pipeline, now_ns);
	rpcs_stream_tick(pipeline->stream, now_ns);
}

void rpcs_pipeline_clock(struct rpcs_pipeline *pipeline, uint64_t monotonic_offset_ns)
{
	pipeline->options.monotonic_offset_ns = monotonic_offset_ns;
}

/* The figures that the stages keep themselves. */
static void gather(struct rpcs_pipeline *pipeline)
{
	struct rpcs_agent_counters *c = &pipeline->counters;
	struct rpcs_stream_counts counts;

	rpcs_stream_counts(pipeline->stream, &counts);
	c->records_bad = counts.records_bad;
	c->messages_junk = counts.messages_junk;
	c->messages_incomplete = counts.messages_incomplete;
	c->packets_incomplete = counts.packets_incomplete;
	c->packets_bad = counts.packets_bad;
	c->ip_fragments = counts.ip_fragments;
	c->ip_reassembled = counts.ip_reassembled;
	c->ip_expired = counts.ip_expired;
	c->ip_evicted = counts.ip_evicted;
	c->ip_overlaps = counts.ip_overlaps;
	c->tcp_segments = counts.tcp_segments;
	c->tcp_unplaced = counts.tcp_unplaced;
	c->tcp_oversize = counts.tcp_oversize;
	c->tcp_overlaps = counts.tcp_overlaps;
	c->tcp_tls = counts.tcp_tls;
	c->probes = counts.probes;
	c->tcp_evicted = counts.tcp_evicted;
	c->flows = counts.flows;
	c->flows_evicted = counts.flows_evicted;
	c->calls_evicted = rpcs_calls_evicted(pipeline->calls);
	c->sources_evicted = rpcs_detect_evictions(pipeline->detect);
}

static void take_losses(struct rpcs_pipeline *pipeline, uint64_t now_ns)
{
	struct rpcs_loss loss = pipeline->loss;

	gather(pipeline);
	loss.calls_evicted = pipeline->counters.calls_evicted;
	loss.sources_evicted = pipeline->counters.sources_evicted;
	loss.flows_evicted += pipeline->counters.flows_evicted;
	loss.reassembly_evicted = pipeline->counters.ip_evicted + pipeline->counters.tcp_evicted;
	rpcs_detect_loss(pipeline->detect, &loss, now_ns);
}

void rpcs_pipeline_note_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel)
{
	rpcs_loss_of_kernel(&pipeline->loss, kernel);
}

void rpcs_pipeline_loss(struct rpcs_pipeline *pipeline, const struct rpcs_counters *kernel,
			uint64_t journal_dropped, uint64_t now_ns)
{
	rpcs_pipeline_note_loss(pipeline, kernel);
	pipeline->loss.journal_dropped = journal_dropped;
	pipeline->losses_ns = now_ns;
	take_losses(pipeline, now_ns);
}

void rpcs_pipeline_stats(struct rpcs_pipeline *pipeline, struct rpcs_stats *stats)
{
	gather(pipeline);
	stats->agent = pipeline->counters;
	TELL(pipeline, stats, stats);
}

void rpcs_pipeline_finish(struct rpcs_pipeline *pipeline)
{
	rpcs_stream_finish(pipeline->stream);
	rpcs_calls_finish(pipeline->calls);
	/* What the streams held back may have pushed calls out; a capture is asked only now. */
	take_losses(pipeline, pipeline->losses_ns > pipeline->now_ns ? pipeline->losses_ns
								     : pipeline->now_ns);
	rpcs_detect_finish(pipeline->detect);
}

void rpcs_pipeline_flush(struct rpcs_pipeline *pipeline)
{
	uint32_t i;

	for (i = 0; i < pipeline->options.sink_count; i++) {
		struct rpcs_sink *sink = pipeline->options.sinks[i];

		if (sink->flush && sink->flush(sink))
			pipeline->counters.eve_errors++;
	}
}

struct rpcs_agent_counters *rpcs_pipeline_counters(struct rpcs_pipeline *pipeline)
{
	gather(pipeline);
	return &pipeline->counters;
}

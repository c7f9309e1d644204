// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A message through stages 7 to 9: matched, decided, judged, and told. */
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "match/told.h"
#include "pipeline_private.h"
#include "stream/decode.h"

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

/*
 * A call of a rule with `suppress: kernel` that stages 1 to 4 could not hold against
 * it gets no line either; but what is never suppressed does (policy.md).
 */
static bool is_suppressed(const struct rpcs_message *message,
			  const struct rpcs_policy_decision *decision)
{
	bool fragments = message->seen.flags & RPCS_F_FRAGMENT;
	bool stream = message->reassembled && message->tuple.protocol == RPCS_IP_TCP;

	return decision->suppress && !fragments && !stream && !message->malformed &&
	       !message->truncated;
}

/* `message` is the call's, but not a copy just made: whoever reads that waits for its stores. */
static void decide(struct rpcs_pipeline *pipeline, const struct rpcs_message *message,
		   enum rpcs_answered answered, struct rpcs_call *call)
{
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
	call->held = decision.held;
	call->log = decision.log && !is_suppressed(message, &decision);
	call->rule = decision.rule;
	pipeline->counters.policy_allowed += decision.allowed && !decision.held;
}

/* A call's last word: its reply, or that none came. */
static void conclude(struct rpcs_pipeline *pipeline, struct rpcs_call *call,
		     const struct rpcs_message *reply)
{
	if (call->held)
		decide(pipeline, &call->message, reply ? RPCS_ANSWERED_YES : RPCS_ANSWERED_NO,
		       call);
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

void rpcs_pipeline_call_left(void *arg, struct rpcs_call *call)
{
	struct rpcs_pipeline *pipeline = arg;

	if (is_unseen(pipeline, call))
		call->status = RPCS_STATUS_UNKNOWN;
	else if (call->status == RPCS_STATUS_TIMEOUT)
		pipeline->counters.calls_timeout++;
	conclude(pipeline, call, NULL);
}

/* Replies to calls that were suppressed: the client's port and number tell, as in stage 4. */
static struct rpcs_expect_key silence_key(const struct rpcs_message *message)
{
	const struct rpcs_tuple *tuple = &message->tuple;
	struct rpcs_expect_key key = { .protocol = tuple->protocol, .xid = message->xid };

	memcpy(key.client, message->is_call ? tuple->src.bytes : tuple->dst.bytes,
	       sizeof(key.client));
	key.port = message->is_call ? tuple->sport : tuple->dport;
	return key;
}

static bool is_silencing(const struct rpcs_pipeline *pipeline)
{
	return pipeline->options.state && rpcs_policy_suppresses(pipeline->options.policy);
}

/* A reply that came by a way on which stage 4 does not ask: in fragments, say. */
static bool is_silenced(struct rpcs_pipeline *pipeline, const struct rpcs_message *message)
{
	struct rpcs_expect_key key;
	uint64_t call_ns;

	if (!is_silencing(pipeline))
		return false;
	key = silence_key(message);
	return rpcs_state_silenced_get(pipeline->options.state, &key, &call_ns) && call_ns;
}

/* The number stands for a call that was not suppressed: its reply is none of those. */
static void end_silence(struct rpcs_pipeline *pipeline, const struct rpcs_message *message)
{
	struct rpcs_expect_key key;
	uint64_t call_ns;

	if (!is_silencing(pipeline))
		return;
	key = silence_key(message);
	if (rpcs_state_silenced_get(pipeline->options.state, &key, &call_ns))
		rpcs_state_silenced_put(pipeline->options.state, &key, 0);
}

static void take_call(struct rpcs_pipeline *pipeline, struct rpcs_message *message,
		      struct rpcs_flow *flow)
{
	struct rpcs_call *call;
	bool is_new = true;

	pipeline->counters.messages++;
	rpcs_detect_ahead(pipeline->detect, message, flow->id);
	end_silence(pipeline, message);
	rpcs_portmap_decode_call(message);
	rpcs_service_decode_call(message);
	call = rpcs_calls_add(pipeline->calls, message, flow, &is_new);
	if (call && is_new)
		decide(pipeline, message, RPCS_ANSWERED_NOT_YET, call);
	if (pipeline->options.messages && (!call || call->log))
		TELL(pipeline, message, message, flow->id);
	rpcs_detect_message(pipeline->detect, message, call,
			    is_new ? RPCS_PLACE_CALL : RPCS_PLACE_CALL_AGAIN, flow->id);
	if (call && is_new) {
		pipeline->counters.calls++;
		rpcs_detect_call(pipeline->detect, call);
	} else if (call) {
		pipeline->counters.calls_retransmitted++;
	}
}

/* A datagram shows by itself that it is RPC; a stream has to be followed from its beginning. */
static void mark_port(void *arg, const struct rpcs_told_port *told)
{
	struct rpcs_state *state = arg;

	if (told->protocol == RPCS_IP_TCP)
		rpcs_port_mark(rpcs_state_ports(state), told->port, RPCS_PORT_RPC);
}

/* What a portmapper tells is where its client goes next: stage 1 is to look there. */
static void mark_ports(struct rpcs_pipeline *pipeline, const struct rpcs_call *call,
		       const struct rpcs_message *reply)
{
	if (pipeline->options.state && pipeline->settings->any_port != RPCS_ANY_PORT_OFF)
		rpcs_told_each(call, reply, mark_port, pipeline->options.state);
}

/* The server agrees to TLS (RFC 9289 4.1): the stream is none of ours from here on. */
static bool is_tls_accepted(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	return call->message.auth.flavor == RPCS_AUTH_TLS && reply->tuple.protocol == RPCS_IP_TCP &&
	       rpcs_message_agrees_to_tls(reply);
}

/* On another port a message of type REPLY is only one if its call was seen (events.md). */
static bool is_stray(const struct rpcs_pipeline *pipeline, const struct rpcs_message *message)
{
	return !rpcs_settings_watch(pipeline->settings, message->tuple.sport) &&
	       !rpcs_settings_watch(pipeline->settings, message->tuple.dport);
}

/* What the reply says of its server, and what is new in it. */
static void learn(struct rpcs_pipeline *pipeline, const struct rpcs_call *call,
		  const struct rpcs_message *reply, bool first)
{
	struct rpcs_lesson lesson;
	uint32_t i;

	if (!rpcs_services_learn(pipeline->services, pipeline->options.policy, call, reply, first,
				 &lesson))
		return;
	for (i = 0; i < lesson.count; i++)
		if (lesson.changes[i].told)
			TELL(pipeline, service, &lesson, &lesson.changes[i]);
	rpcs_detect_lesson(pipeline->detect, &lesson, pipeline->options.inventory);
}

static void take_reply(struct rpcs_pipeline *pipeline, struct rpcs_message *message,
		       struct rpcs_flow *flow)
{
	bool first = false;
	struct rpcs_call *call;

	rpcs_detect_ahead(pipeline->detect, message, flow->id);
	call = rpcs_calls_answer(pipeline->calls, message, &first);
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
		rpcs_services_foresee(pipeline->services, call, message);
		mark_ports(pipeline, call, message);
		call->tls = is_tls_accepted(call, message);
	} else if (is_silenced(pipeline, message)) {
		pipeline->counters.replies++;
		return;
	} else {
		pipeline->counters.replies_unpaired++;
		if (is_stray(pipeline, message))
			return;
	}
	pipeline->counters.messages++;
	if (pipeline->options.messages && (!call || call->log))
		TELL(pipeline, message, message, flow->id);
	rpcs_detect_message(pipeline->detect, message, call,
			    first  ? RPCS_PLACE_REPLY
			    : call ? RPCS_PLACE_REPLY_AGAIN
				   : RPCS_PLACE_REPLY_UNPAIRED,
			    flow->id);
	if (first)
		conclude(pipeline, call, message);
	if (call)
		learn(pipeline, call, message, first);
}

void rpcs_pipeline_take_message(void *arg, struct rpcs_message *message, struct rpcs_flow *flow)
{
	struct rpcs_pipeline *pipeline = arg;

	if (message->is_call)
		take_call(pipeline, message, flow);
	else
		take_reply(pipeline, message, flow);
}

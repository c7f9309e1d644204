// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the agent and stage 3 tell each other of a direction of a TCP flow: which of them
 * reads it, from where on, and that nobody can any more.
 */
#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "../source/state.h"
#include "decode.h"
#include "stream_private.h"

/*
 * A flow of another port, met in the middle of a record, comes to the next one after as
 * many bytes as the largest that NFS makes. With none by then it is no RPC.
 */
enum { ADRIFT_MAX = (1 << 20) + (1 << 16) };

static void key_of(const struct rpcs_flow *flow, int side, struct rpcs_flow_key *ret_key)
{
	RPCS_COPY(ret_key->src, flow->ends.address[side].bytes, sizeof(ret_key->src));
	RPCS_COPY(ret_key->dst, flow->ends.address[!side].bytes, sizeof(ret_key->dst));
	ret_key->sport = flow->ends.port[side];
	ret_key->dport = flow->ends.port[!side];
}

void rpcs_stream_tell_stopped(struct rpcs_stream *stream, const struct rpcs_flow *flow, int side)
{
	struct rpcs_flow_key key;

	if (!stream->handler.state)
		return;
	key_of(flow, side, &key);
	rpcs_state_flow_lost(stream->handler.state, &key, flow->half[side].turn, true);
}

bool rpcs_stream_born(struct rpcs_stream *stream, const struct rpcs_flow *flow, int side,
		      uint32_t *ret_born)
{
	struct rpcs_flow_value value;
	struct rpcs_flow_key key;

	if (!stream->handler.state)
		return false;
	key_of(flow, side, &key);
	if (!rpcs_state_flow_get(stream->handler.state, &key, &value) || value.born == 0)
		return false;
	*ret_born = value.born;
	return true;
}

/* The agent reads a direction from here on, until it says where to go on. */
static void take_over(struct rpcs_stream *stream, struct rpcs_flow *flow, int side)
{
	struct rpcs_flow_key key;

	flow->half[side].fallback = true;
	if (!stream->handler.state)
		return;
	key_of(flow, side, &key);
	rpcs_state_flow_take(stream->handler.state, &key);
}

void rpcs_stream_lead(struct rpcs_stream *stream, struct rpcs_flow *flow, int side)
{
	struct rpcs_half *half = &flow->half[side];
	struct rpcs_flow_value value;
	struct rpcs_flow_key key;
	uint32_t next;

	if ((half->in_step && !half->open) || !stream->handler.state)
		return;
	key_of(flow, side, &key);
	if (!rpcs_state_flow_get(stream->handler.state, &key, &value) ||
	    rpcs_flow_step_of(value.state) != RPCS_STEP_IN_STEP)
		return;
	next = rpcs_flow_next(value.state);
	rpcs_open_follow(half, next);
	if (!half->in_step)
		rpcs_tcp_begin(&stream->tcp, half, next + rpcs_flow_left(value.state));
}

void rpcs_stream_led(struct rpcs_stream *stream, struct rpcs_flow *flow, int side)
{
	if (!flow->tls)
		take_over(stream, flow, side);
}

void rpcs_stream_led_syn(struct rpcs_stream *stream, const struct rpcs_tuple *tuple, uint32_t seq,
			 const struct rpcs_sighting *seen)
{
	const struct rpcs_flow_value value = { .state = RPCS_STEP_FALLBACK, .born = seq };
	struct rpcs_flow_key key;
	struct rpcs_flow *flow;
	int side;

	flow = rpcs_flow_find(&stream->flows, tuple, &side);
	if (!flow || !stream->handler.state)
		return;
	key_of(flow, side, &key);
	rpcs_state_flow_put(stream->handler.state, &key, &value);
	flow->half[side].fallback = true;
	rpcs_stream_settle(stream, flow, side, seen);
}

/* TLS has begun: both directions are closed to the sensor. */
static void stop(struct rpcs_stream *stream, struct rpcs_flow *flow,
		 const struct rpcs_sighting *seen)
{
	int side;

	flow->tls = true;
	stream->counts.tcp_tls++;
	for (side = 0; side < 2; side++) {
		rpcs_half_release(&stream->flows, &flow->half[side]);
		rpcs_stream_tell_stopped(stream, flow, side);
	}
	rpcs_stream_tell_data(stream, flow, 0, seen);
	if (stream->handler.encrypted)
		stream->handler.encrypted(stream->handler.arg, flow, seen);
}

/* What stage 3 would take for repetitions of another port may be what was passed over. */
static void tell_wanted(struct rpcs_stream *stream, struct rpcs_flow *flow, int side)
{
	struct rpcs_half *half = &flow->half[side];
	uint32_t wanted = half->in_step ? rpcs_tcp_wants(half) : 0;
	struct rpcs_flow_key key;

	if (half->portmapper || wanted == half->wanted_told || !stream->handler.state)
		return;
	key_of(flow, side, &key);
	rpcs_state_flow_want(stream->handler.state, &key, wanted);
	half->wanted_told = wanted;
}

/* Stage 3 waits for word of a direction that fell back: once for each time that it did. */
static void tell(struct rpcs_stream *stream, struct rpcs_flow *flow, int side)
{
	struct rpcs_half *half = &flow->half[side];
	struct rpcs_flow_key key;

	if (!half->fallback || !stream->handler.state)
		return;
	/* TLS looks like nothing that stage 3 could tell from another service's bytes. */
	if (half->in_step ? half->held || half->open || half->broken || half->tls
			  : half->seeking || half->portmapper || half->adrift < ADRIFT_MAX)
		return;
	half->adrift = 0;
	half->fallback = false;
	key_of(flow, side, &key);
	if (half->in_step) {
		half->guess = false;
		rpcs_state_flow_back(stream->handler.state, &key, half->turn, half->next);
	} else {
		rpcs_tcp_lose(&stream->tcp, half);
		rpcs_state_flow_lost(stream->handler.state, &key, half->turn, false);
	}
}

/* Nothing was ever seen of the direction that the call's reply takes. */
static bool is_one_way(const struct rpcs_flow *flow, int side)
{
	return !flow->syn_seen[!side] && !flow->half[!side].in_step && !flow->half[!side].held;
}

/*
 * RFC 9289 4.1: after a call with AUTH_TLS both sides go over to TLS, if the server agrees.
 * Where it can be seen to answer, a client's hello is none before it did: it might hide what
 * the client goes on with. A plain call instead says that the server refused.
 */
void rpcs_stream_note_tls(struct rpcs_stream *stream, struct rpcs_flow *flow,
			  const struct rpcs_message *message)
{
	bool asks = message->is_call && message->has_auth && message->auth.flavor == RPCS_AUTH_TLS;
	bool asked = flow->half[0].tls, sure = false;
	int side;

	if (message->is_call)
		sure = is_one_way(flow, rpcs_flow_side(flow, &message->tuple));
	else if (asked && message->xid == flow->tls_xid)
		asks = sure = rpcs_message_agrees_to_tls(message);
	else
		return;
	if (!asks && !asked)
		return;
	if (message->is_call)
		flow->tls_xid = message->xid;
	flow->tls_news = true;
	for (side = 0; side < 2; side++) {
		flow->half[side].tls = asks;
		flow->half[side].tls_sure = sure;
		flow->half[side].hello &= asks;
		if (asks && !asked)
			take_over(stream, flow, side);
	}
}

/* What waited for the server's word on TLS goes on, one way or the other. */
static void take_news(struct rpcs_stream *stream, struct rpcs_flow *flow)
{
	struct rpcs_flow *in_hand = stream->flow;
	struct rpcs_tuple tuple = stream->tuple;
	int side;

	flow->tls_news = false;
	for (side = 0; side < 2; side++) {
		stream->flow = flow;
		rpcs_flow_tuple(flow, side, &stream->tuple);
		rpcs_tcp_go_on(&stream->tcp, &flow->half[side]);
	}
	stream->flow = in_hand;
	stream->tuple = tuple;
}

static void settle_side(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			const struct rpcs_sighting *seen)
{
	if (flow->half[side].stopped && !flow->tls)
		stop(stream, flow, seen);
	if (flow->tls)
		return;
	tell_wanted(stream, flow, side);
	tell(stream, flow, side);
}

void rpcs_stream_settle(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			const struct rpcs_sighting *seen)
{
	if (flow->tls_news) {
		take_news(stream, flow);
		settle_side(stream, flow, !side, seen);
	}
	settle_side(stream, flow, side, seen);
	rpcs_flow_settle(&stream->flows, flow, seen->time_ns);
}

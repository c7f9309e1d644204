// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What leaves stage 6: messages, and what they mean for the stages before it. */
#include <stdlib.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "../source/state.h"
#include "stream_private.h"

bool rpcs_stream_is_portmapper(const struct rpcs_stream *stream, const struct rpcs_tuple *tuple)
{
	return rpcs_settings_watch(stream->settings, tuple->sport) ||
	       rpcs_settings_watch(stream->settings, tuple->dport);
}

/* Will others than the one who was called answer, from ports of their own? */
static bool is_relayed(const struct rpcs_message *message)
{
	if (message->tuple.protocol != RPCS_IP_UDP)
		return false;
	if (message->seen.flags & RPCS_F_GROUP)
		return true;
	return message->program == RPCS_PORTMAP_PROGRAM &&
	       (message->procedure == RPCS_PORTMAP_CALLIT ||
		message->procedure == RPCS_PORTMAP_INDIRECT);
}

/* A call that stage 3 did not read: the replies to it are let through all the same. */
static void expect_reply(struct rpcs_stream *stream, const struct rpcs_message *message,
			 bool portmapper)
{
	struct rpcs_expect_key key = { .port = message->tuple.sport,
				       .protocol = message->tuple.protocol,
				       .xid = message->xid };

	if (!stream->handler.state || stream->settings->any_port == RPCS_ANY_PORT_OFF ||
	    (portmapper && !is_relayed(message)))
		return;
	RPCS_COPY(key.client, message->tuple.src.bytes, sizeof(key.client));
	rpcs_state_expect_put(stream->handler.state, &key, rpcs_expect_kind_of(message->program));
}

/* Who answers has seen the call: it may lie behind a hole. */
static void look_behind(struct rpcs_stream *stream, struct rpcs_flow *flow,
			const struct rpcs_message *reply)
{
	int side = !rpcs_flow_side(flow, &reply->tuple);
	struct rpcs_tuple tuple = stream->tuple;
	struct rpcs_flow *in_hand = stream->flow;

	if (!flow->half[side].held)
		return;
	stream->flow = flow;
	rpcs_flow_tuple(flow, side, &stream->tuple);
	rpcs_tcp_look_behind(&stream->tcp, &flow->half[side], reply->xid);
	stream->flow = in_hand;
	stream->tuple = tuple;
}

/* A message shows that its flow speaks RPC, and the first call who is its client. */
static void note_rpc(struct rpcs_flow *flow, struct rpcs_message *message)
{
	int side = rpcs_flow_side(flow, &message->tuple);

	message->confirmed = flow->half[side].rpc;
	if (message->malformed)
		return;
	if (message->is_call && !flow->half[0].caller && !flow->half[1].caller)
		flow->half[side].caller = true;
	flow->half[0].rpc = flow->half[1].rpc = true;
}

void rpcs_stream_deliver(struct rpcs_stream *stream, struct rpcs_message *message,
			 struct rpcs_flow *flow)
{
	bool portmapper = rpcs_stream_is_portmapper(stream, &message->tuple);

	/* On any port the version is what makes a call recognisable. */
	if (message->is_call && !portmapper && message->rpc_version != RPCS_RPC_VERSION) {
		stream->counts.messages_junk++;
		return;
	}
	message->portmapper = portmapper;
	note_rpc(flow, message);
	if (message->tuple.protocol == RPCS_IP_TCP) {
		rpcs_stream_note_tls(stream, flow, message);
		if (!message->is_call)
			look_behind(stream, flow, message);
	}
	if (message->is_call && message->reassembled)
		expect_reply(stream, message, portmapper);
	if (stream->handler.message)
		stream->handler.message(stream->handler.arg, message, flow);
}

void rpcs_stream_take_record(void *arg, const struct rpcs_tcp_record *record)
{
	struct rpcs_stream *stream = arg;
	struct rpcs_message message = { .tuple = stream->tuple,
					.seen = *record->seen,
					.reassembled = true };

	if (!rpcs_message_decode(&message, record->bytes, record->available, record->len)) {
		rpcs_stream_tell_junk(stream, record->bytes, record->available, record->len,
				      record->seen);
		return;
	}
	if (message.is_call)
		rpcs_stream_tell_fragments(stream, record);
	message.truncated &= record->cut;
	rpcs_stream_deliver(stream, &message, stream->flow);
}

void rpcs_stream_deliver_open(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			      const struct rpcs_sighting *seen)
{
	struct rpcs_open *open = rpcs_open_take(&stream->flows, &flow->half[side]);

	open->message.seen = *seen;
	rpcs_stream_deliver(stream, &open->message, flow);
	free(open);
}

void rpcs_stream_tell_data(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			   const struct rpcs_sighting *seen)
{
	struct rpcs_tuple tuple;

	rpcs_flow_tuple(flow, side, &tuple);
	if (stream->handler.data && rpcs_stream_is_portmapper(stream, &tuple))
		stream->handler.data(stream->handler.arg, &tuple, seen, flow);
}

void rpcs_stream_report_overlap(struct rpcs_stream *stream, struct rpcs_flow *flow,
				const struct rpcs_sighting *seen)
{
	struct rpcs_overlap *overlap = &stream->tcp.overlap;

	if (overlap->bytes == 0)
		return;
	stream->counts.tcp_overlaps++;
	overlap->tuple = stream->tuple;
	overlap->seen = *seen;
	if (stream->handler.overlap)
		stream->handler.overlap(stream->handler.arg, overlap, flow);
	overlap->bytes = overlap->shown = 0;
}

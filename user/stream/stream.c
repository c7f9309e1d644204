// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records in: compact ones become messages at once, packets of the fallback packets.c takes. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "decode.h"
#include "stream_private.h"

/* They tell of stage 3 or of the message, not of the packet. */
enum { STEP_FLAGS = RPCS_F_IN_STEP | RPCS_F_OPEN | RPCS_F_STAMP_ZERO };

static void flow_leaves(void *arg, struct rpcs_flow *flow)
{
	rpcs_stream_take_rest(arg, flow);
}

static void take_overlap(void *arg, const struct rpcs_overlap *overlap)
{
	struct rpcs_stream *stream = arg;
	struct rpcs_flow *flow;
	int side;

	if (!stream->handler.overlap ||
	    (!rpcs_settings_watch(stream->settings, overlap->tuple.sport) &&
	     !rpcs_settings_watch(stream->settings, overlap->tuple.dport)))
		return;
	flow = rpcs_flow_get(&stream->flows, &overlap->tuple, overlap->seen.time_ns, false, 0,
			     &side);
	stream->handler.overlap(stream->handler.arg, overlap, flow);
}

struct rpcs_stream *rpcs_stream_new(const struct rpcs_settings *settings,
				    const struct rpcs_hash_seed *seed,
				    const struct rpcs_stream_handler *handler)
{
	struct rpcs_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->handler = *handler;
	stream->settings = settings;
	stream->fragments = rpcs_ip_fragments_new(settings->limit_reassembly,
						  settings->fragment_timeout_ns, seed);
	if (rpcs_flow_table_init(&stream->flows, (uint32_t)settings->limit_flows,
				 settings->flow_timeout_ns, settings->limit_reassembly, seed) ||
	    rpcs_tcp_init(&stream->tcp, &stream->flows, rpcs_stream_take_record, stream) ||
	    !stream->fragments) {
		rpcs_stream_free(&stream);
		return NULL;
	}
	rpcs_ip_fragments_watch(stream->fragments, take_overlap, stream);
	stream->tcp.oddity = rpcs_stream_tell_odd;
	stream->flows.leave = flow_leaves;
	stream->flows.leave_arg = stream;
	return stream;
}

void rpcs_stream_free(struct rpcs_stream **stream)
{
	if (!*stream)
		return;
	rpcs_pieces_free(&(*stream)->pieces);
	rpcs_flow_table_free(&(*stream)->flows);
	rpcs_tcp_free(&(*stream)->tcp);
	rpcs_ip_fragments_free(&(*stream)->fragments);
	free(*stream);
	*stream = NULL;
}

static void sighting_from_head(struct rpcs_sighting *seen, const struct rpcs_record_head *head,
			       uint64_t time_ns, uint64_t frame)
{
	*seen = (struct rpcs_sighting){ .time_ns = time_ns,
					.frame = frame,
					.ifindex = head->ifindex,
					.flags = head->flags & (uint16_t)~STEP_FLAGS,
					.vlan = { head->vlan[0], head->vlan[1] },
					.vlan_count = head->vlan_count,
					.ttl = head->ttl };
}

struct rpcs_flow *rpcs_stream_flow(struct rpcs_stream *stream, const struct rpcs_tuple *tuple,
				   uint32_t seq, const struct rpcs_sighting *seen, int *ret_side)
{
	struct rpcs_flow *flow =
		rpcs_flow_get(&stream->flows, tuple, seen->time_ns, false, 0, ret_side);
	const struct rpcs_half *half = &flow->half[*ret_side];

	if (flow->closed && half->in_step && !rpcs_tcp_fits(half, seq) &&
	    half->next - seq > RPCS_PACKET_MAX) {
		rpcs_stream_take_rest(stream, flow);
		rpcs_flow_restart(&stream->flows, flow, seen->time_ns);
		flow->midstream = true;
	}
	return flow;
}

/* A record of a TCP stream: the stream goes on behind it. */
static void take_tcp_rpc(struct rpcs_stream *stream, const struct rpcs_record_rpc *record,
			 struct rpcs_message *message, struct rpcs_flow *flow, int side)
{
	uint32_t end = record->seq + RPCS_MARK_BYTES + record->message_len, count = 0;
	struct rpcs_open_part parts[RPCS_OPEN_PARTS_MAX];
	struct rpcs_half *half = &flow->half[side];
	bool open = record->head.flags & RPCS_F_OPEN;
	bool fresh;

	if (flow->tls) {
		stream->counts.tcp_tls++;
		rpcs_stream_tell_stopped(stream, flow, side);
		return;
	}
	stream->flow = flow;
	stream->tuple = message->tuple;
	half->portmapper = rpcs_stream_is_portmapper(stream, &message->tuple);
	if ((record->head.flags & RPCS_F_IN_STEP) && rpcs_open_reached(half, record->seq))
		rpcs_stream_deliver_open(stream, flow, side, &message->seen);
	half->rpc = true;
	if (open)
		count = rpcs_open_held(half, record->seq, end, parts);
	fresh = rpcs_tcp_pass(&stream->tcp, half, record, &message->seen);
	flow->established |= rpcs_flow_handshake(flow);
	rpcs_stream_tell_data(stream, flow, side, &message->seen);
	rpcs_stream_report_overlap(stream, flow, &message->seen);
	if (fresh)
		rpcs_stream_tell_huge(stream, message);
	if (fresh && !open)
		rpcs_stream_deliver(stream, message, flow);
	else if (fresh && rpcs_open_keep(&stream->flows, half, message, record, parts, count))
		rpcs_stream_deliver_open(stream, flow, side, &message->seen);
	rpcs_tcp_go_on(&stream->tcp, half);
	rpcs_stream_settle(stream, flow, side, &message->seen);
}

void rpcs_stream_take_rpc(struct rpcs_stream *stream, const struct rpcs_record_rpc *record,
			  uint32_t len, const struct rpcs_sighting *seen)
{
	struct rpcs_message message = { .seen = *seen };
	struct rpcs_record_body body;
	struct rpcs_flow *flow;
	int side;

	if (len < sizeof(*record) || !rpcs_message_from_record(&message, record, len, &body)) {
		stream->counts.records_bad++;
		return;
	}
	rpcs_tuple_from_head(&message.tuple, &record->head);
	flow = rpcs_stream_flow(stream, &message.tuple, record->seq, seen, &side);
	if (message.tuple.protocol == RPCS_IP_TCP)
		take_tcp_rpc(stream, record, &message, flow, side);
	else
		rpcs_stream_deliver(stream, &message, flow);
}

void rpcs_stream_foresee(const struct rpcs_stream *stream, const struct rpcs_tuple *tuple,
			 struct rpcs_foresight *foresight, struct rpcs_flow_place *ret_place)
{
	rpcs_flow_foresee(&stream->flows, tuple, foresight, ret_place);
}

void rpcs_stream_turn(struct rpcs_stream *stream, const struct rpcs_flow_place *foreseen)
{
	stream->flows.foreseen = foreseen;
}

static void take_control(struct rpcs_stream *stream, const struct rpcs_record_connection *record,
			 uint32_t len, const struct rpcs_sighting *seen)
{
	if (len < sizeof(*record))
		stream->counts.records_bad++;
	else if (record->head.kind == RPCS_RECORD_CONNECTION)
		rpcs_stream_take_connection(stream, record, seen);
	else if (record->head.kind == RPCS_RECORD_END)
		rpcs_stream_take_end(stream, record, seen);
	else
		rpcs_stream_take_probe(stream, record, seen);
}

void rpcs_stream_tick(struct rpcs_stream *stream, uint64_t now_ns)
{
	rpcs_ip_fragments_expire(stream->fragments, now_ns);
	rpcs_stream_skip_holes(stream, now_ns);
	rpcs_stream_hold_limit(stream, now_ns);
}

void rpcs_stream_finish(struct rpcs_stream *stream)
{
	struct rpcs_flow *flow;

	while ((flow = rpcs_table_oldest(stream->flows.table, RPCS_LANE_SECOND))) {
		rpcs_stream_take_rest(stream, flow);
		rpcs_flow_settle(&stream->flows, flow, flow->last_ns);
	}
	while (stream->flows.open_oldest)
		rpcs_open_drop(&stream->flows, stream->flows.open_oldest->half);
	rpcs_pieces_finish(&stream->pieces);
	rpcs_ip_fragments_finish(stream->fragments);
}

void rpcs_stream_record(struct rpcs_stream *stream, const void *record, uint32_t len,
			uint64_t time_ns, uint64_t frame)
{
	const struct rpcs_record_head *head = record;
	struct rpcs_sighting seen;

	if (len < sizeof(*head) || head->abi != RPCS_RECORD_ABI) {
		stream->counts.records_bad++;
		return;
	}
	sighting_from_head(&seen, head, time_ns, frame);
	rpcs_stream_tick(stream, time_ns);
	switch (head->kind) {
	case RPCS_RECORD_CALL:
	case RPCS_RECORD_REPLY:
		rpcs_stream_take_rpc(stream, record, len, &seen);
		break;
	case RPCS_RECORD_CONNECTION:
	case RPCS_RECORD_END:
	case RPCS_RECORD_PROBE:
		take_control(stream, record, len, &seen);
		break;
	case RPCS_RECORD_PIECE:
		rpcs_stream_take_piece(stream, record, len, &seen);
		break;
	default:
		stream->counts.records_bad++;
	}
	rpcs_stream_hold_limit(stream, time_ns);
}

void rpcs_stream_counts(const struct rpcs_stream *stream, struct rpcs_stream_counts *ret_counts)
{
	const struct rpcs_ip_fragment_counts *fragments =
		rpcs_ip_fragments_counts(stream->fragments);

	*ret_counts = stream->counts;
	ret_counts->packets_incomplete = stream->pieces.incomplete;
	ret_counts->ip_fragments = fragments->fragments;
	ret_counts->ip_reassembled = fragments->reassembled;
	ret_counts->ip_expired = fragments->expired;
	ret_counts->ip_evicted = fragments->evicted;
	ret_counts->ip_overlaps = fragments->overlaps;
	ret_counts->packets_bad += fragments->bad;
	ret_counts->tcp_unplaced = stream->tcp.unplaced;
	ret_counts->tcp_oversize = stream->tcp.oversize;
	ret_counts->messages_incomplete = stream->flows.open_lost;
	ret_counts->flows = stream->flows.started;
	ret_counts->flows_evicted = stream->flows.evicted;
	ret_counts->tcp_evicted = stream->flows.held_evicted;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compact records become messages at once; fallback packets are parsed again, natively. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "decode.h"
#include "stream_private.h"

static void take_tcp_record(void *arg, const struct rpcs_tcp_record *record)
{
	struct rpcs_stream *stream = arg;
	struct rpcs_message message = { .tuple = stream->tuple,
					.seen = *record->seen,
					.reassembled = true };

	if (rpcs_message_decode(&message, record->bytes, record->available, record->len))
		stream->handler.message(stream->handler.arg, &message, stream->flow);
	else
		stream->counts.messages_junk++;
}

static void flow_leaves(void *arg, struct rpcs_flow *flow)
{
	rpcs_stream_take_rest(arg, flow);
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
	    rpcs_tcp_init(&stream->tcp, &stream->flows, take_tcp_record, stream) ||
	    !stream->fragments) {
		rpcs_stream_free(&stream);
		return NULL;
	}
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
					.flags = head->flags,
					.vlan = { head->vlan[0], head->vlan[1] },
					.vlan_count = head->vlan_count,
					.ttl = head->ttl };
}

/* The flow of data at `seq`; on a closed one that it has no place in, another connection's. */
static struct rpcs_flow *flow_of(struct rpcs_stream *stream, const struct rpcs_tuple *tuple,
				 uint32_t seq, const struct rpcs_sighting *seen, int *ret_side)
{
	struct rpcs_flow *flow =
		rpcs_flow_get(&stream->flows, tuple, seen->time_ns, false, 0, ret_side);
	const struct rpcs_half *half = &flow->half[*ret_side];

	if (flow->closed && half->in_step && !rpcs_tcp_fits(half, seq) &&
	    half->next - seq > RPCS_PACKET_MAX) {
		rpcs_flow_restart(&stream->flows, flow, seen->time_ns);
		flow->midstream = true;
	}
	return flow;
}

static void take_rpc(struct rpcs_stream *stream, const struct rpcs_record_rpc *record, uint32_t len,
		     const struct rpcs_sighting *seen)
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
	flow = flow_of(stream, &message.tuple, record->seq, seen, &side);
	if (message.tuple.protocol == RPCS_IP_TCP) {
		bool fresh;

		stream->flow = flow;
		stream->tuple = message.tuple;
		fresh = rpcs_tcp_pass(&stream->tcp, &flow->half[side], record->seq,
				      record->message_len + RPCS_MARK_BYTES, seen);
		rpcs_flow_settle(&stream->flows, flow, seen->time_ns);
		if (!fresh)
			return;
	}
	stream->handler.message(stream->handler.arg, &message, flow);
}

static void take_datagram(struct rpcs_stream *stream, const struct rpcs_packet *pkt,
			  const uint8_t *bytes, uint32_t available,
			  const struct rpcs_sighting *seen)
{
	struct rpcs_message message = { .tuple = stream->tuple,
					.seen = *seen,
					.reassembled = true,
					.truncated = pkt->flags & RPCS_F_TRUNCATED };

	if (rpcs_message_decode(&message, bytes, available, pkt->payload_len))
		stream->handler.message(stream->handler.arg, &message, stream->flow);
	else
		stream->counts.messages_junk++;
}

/* UDP or TCP of a whole packet whose headers have been parsed. */
static void take_transport(struct rpcs_stream *stream, const struct rpcs_record_head *head,
			   const struct rpcs_packet *pkt, const uint8_t *bytes, uint32_t len,
			   const struct rpcs_sighting *seen)
{
	uint32_t available = len - pkt->payload_offset;
	struct rpcs_flow *flow;
	struct rpcs_tuple tuple;
	int side;

	rpcs_tuple_from_head(&tuple, head);
	/* A fragment's head has no ports, or not the transport's protocol. */
	tuple.sport = pkt->sport;
	tuple.dport = pkt->dport;
	tuple.protocol = pkt->protocol;
	stream->flow = flow_of(stream, &tuple, pkt->seq, seen, &side);
	stream->tuple = tuple;
	if (available > pkt->payload_len)
		available = pkt->payload_len;
	bytes += pkt->payload_offset;
	if (pkt->protocol == RPCS_IP_UDP) {
		take_datagram(stream, pkt, bytes, available, seen);
		return;
	}
	flow = stream->flow;
	stream->counts.tcp_segments++;
	rpcs_tcp_segment(&stream->tcp, &flow->half[side],
			 pkt->seq + !!(pkt->tcp_flags & RPCS_TCP_SYN), bytes, pkt->payload_len,
			 available, seen);
	rpcs_flow_settle(&stream->flows, flow, seen->time_ns);
	rpcs_stream_hold_limit(stream, seen->time_ns);
}

static void take_fragment(struct rpcs_stream *stream, const struct rpcs_record_head *head,
			  const uint8_t *bytes, uint32_t len, const struct rpcs_sighting *seen)
{
	struct rpcs_packet pkt = { 0 };
	struct rpcs_ip_packet packet;

	if (!rpcs_ip_fragments_add(stream->fragments, bytes, len, seen, &packet))
		return;
	if (rpcs_packet_parse(&pkt, packet.bytes, packet.bytes + packet.len, packet.len,
			      packet.type) != RPCS_PACKET_OK ||
	    pkt.payload_offset > packet.len)
		stream->counts.packets_bad++;
	else if (rpcs_settings_watch(stream->settings, pkt.sport) ||
		 rpcs_settings_watch(stream->settings, pkt.dport))
		take_transport(stream, head, &pkt, packet.bytes, packet.len, &packet.seen);
}

/* A fallback packet with all its pieces: stage 2 again. */
static void take_packet(struct rpcs_stream *stream, const struct rpcs_record_head *head,
			const uint8_t *bytes, uint32_t len, const struct rpcs_sighting *seen)
{
	uint16_t type = (head->flags & RPCS_F_IP6) ? RPCS_ETH_IP6 : RPCS_ETH_IP4;
	struct rpcs_packet pkt = { 0 };
	enum rpcs_packet_result result;

	if (head->flags & RPCS_F_FRAGMENT) {
		take_fragment(stream, head, bytes, len, seen);
		return;
	}
	result = rpcs_packet_parse(&pkt, bytes, bytes + len, len, type);
	if (result != RPCS_PACKET_OK || pkt.payload_offset > len)
		stream->counts.packets_bad++;
	else
		take_transport(stream, head, &pkt, bytes, len, seen);
}

static void take_piece(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
		       uint32_t len, const struct rpcs_sighting *seen)
{
	const uint8_t *packet = NULL;
	int whole = rpcs_pieces_add(&stream->pieces, piece, len, &packet);

	if (whole < 0)
		stream->counts.records_bad++;
	else if (whole)
		take_packet(stream, &piece->head, packet, piece->packet_len, seen);
}

void rpcs_stream_tick(struct rpcs_stream *stream, uint64_t now_ns)
{
	rpcs_ip_fragments_expire(stream->fragments, now_ns);
	rpcs_stream_skip_holes(stream, now_ns);
}

void rpcs_stream_finish(struct rpcs_stream *stream)
{
	struct rpcs_flow *flow;

	while ((flow = rpcs_table_oldest(stream->flows.table, RPCS_LANE_SECOND))) {
		rpcs_stream_take_rest(stream, flow);
		rpcs_flow_settle(&stream->flows, flow, flow->last_ns);
	}
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
		take_rpc(stream, record, len, &seen);
		break;
	case RPCS_RECORD_CONNECTION:
		rpcs_stream_take_connection(stream, record, len, &seen);
		break;
	case RPCS_RECORD_PIECE:
		take_piece(stream, record, len, &seen);
		break;
	default:
		stream->counts.records_bad++;
	}
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
	ret_counts->flows = stream->flows.started;
	ret_counts->flows_evicted = stream->flows.evicted;
	ret_counts->tcp_evicted = stream->flows.held_evicted;
}

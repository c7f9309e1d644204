// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that took the fallback: parsed again, natively and whole. */
#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "../source/state.h"
#include "decode.h"
#include "stream_private.h"
#include "tcp_private.h"

/* An open message with a hole in it that is older was missed. */
#define OPEN_HOLE_NS (3 * RPCS_NSEC_PER_SEC)

/** A packet whose headers have been parsed, up to its payload. */
struct parsed {
	struct rpcs_packet pkt;
	const uint8_t *bytes; /* the payload */
	uint32_t available;
	const struct rpcs_record_piece *piece; /* NULL: put together from fragments */
};

static void take_datagram(struct rpcs_stream *stream, const struct parsed *parsed,
			  struct rpcs_flow *flow, const struct rpcs_sighting *seen)
{
	struct rpcs_message message = { .tuple = stream->tuple,
					.seen = *seen,
					.reassembled = true,
					.truncated = parsed->pkt.flags & RPCS_F_TRUNCATED };

	if (rpcs_message_decode(&message, parsed->bytes, parsed->available,
				parsed->pkt.payload_len))
		rpcs_stream_deliver(stream, &message, flow);
	else
		rpcs_stream_tell_junk(stream, parsed->bytes, parsed->available,
				      parsed->pkt.payload_len, seen);
}

/* What stage 3 says of the place that the segment has. */
static void take_step(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
		      const struct rpcs_record_piece *piece, uint32_t seq, uint32_t len,
		      const struct rpcs_sighting *seen)
{
	struct rpcs_half *half = &flow->half[side];
	bool led = !half->in_step;
	uint32_t born;

	if (rpcs_open_reached(half, piece->next))
		rpcs_stream_deliver_open(stream, flow, side, seen);
	else if (half->open && piece->boundary == half->open->end &&
		 rpcs_open_follow(half, piece->next))
		rpcs_stream_deliver_open(stream, flow, side, seen);
	rpcs_tcp_adopt(&stream->tcp, half, piece->boundary, seq, len);
	if (led && rpcs_stream_born(stream, flow, side, &born))
		rpcs_tcp_born(half, born);
}

static void take_open(struct rpcs_stream *stream, struct rpcs_flow *flow, int side, uint32_t seq,
		      uint32_t len, const struct rpcs_sighting *seen)
{
	struct rpcs_half *half = &flow->half[side];

	if (rpcs_open_segment(half, seq, len, seen->time_ns))
		rpcs_stream_deliver_open(stream, flow, side, seen);
	else if (rpcs_open_is_over(half, seen->time_ns, OPEN_HOLE_NS))
		rpcs_open_drop(&stream->flows, half);
}

/* Nothing can be read, but where the stream is tells its end and the next connection. */
static void take_encrypted(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			   uint32_t end)
{
	struct rpcs_half *half = &flow->half[side];

	stream->counts.tcp_tls++;
	if (end - half->next <= RPCS_TCP_WINDOW_MAX)
		half->next = end;
	/* Stage 3 would not have sent it if it knew. */
	rpcs_stream_tell_stopped(stream, flow, side);
}

static void take_segment(struct rpcs_stream *stream, const struct parsed *parsed,
			 struct rpcs_flow *flow, int side, const struct rpcs_sighting *seen)
{
	const struct rpcs_packet *pkt = &parsed->pkt;
	uint32_t seq = pkt->seq + !!(pkt->tcp_flags & RPCS_TCP_SYN);
	struct rpcs_half *half = &flow->half[side];

	stream->counts.tcp_segments++;
	if (parsed->piece)
		half->turn = parsed->piece->turn;
	if (flow->tls) {
		take_encrypted(stream, flow, side, seq + pkt->payload_len);
		return;
	}
	half->portmapper = rpcs_stream_is_portmapper(stream, &stream->tuple);
	half->fallback = true;
	half->syn_data |= (pkt->tcp_flags & RPCS_TCP_SYN) && pkt->payload_len > 0;
	if (parsed->piece && (parsed->piece->head.flags & RPCS_F_IN_STEP))
		take_step(stream, flow, side, parsed->piece, seq, pkt->payload_len, seen);
	if (!parsed->piece && pkt->payload_len > 0)
		rpcs_stream_lead(stream, flow, side);
	take_open(stream, flow, side, seq, pkt->payload_len, seen);
	rpcs_tcp_segment(&stream->tcp, half, seq, parsed->bytes, pkt->payload_len,
			 parsed->available, seen);
	half->adrift = half->in_step ? 0 : half->adrift + pkt->payload_len;
	flow->established |= rpcs_flow_handshake(flow) && half->in_step;
	rpcs_stream_tell_data(stream, flow, side, seen);
	if (!parsed->piece && pkt->payload_len > 0)
		rpcs_stream_led(stream, flow, side);
	rpcs_stream_report_overlap(stream, flow, seen);
	rpcs_stream_settle(stream, flow, side, seen);
}

/* UDP or TCP of a whole packet. */
static void take_transport(struct rpcs_stream *stream, const struct parsed *parsed,
			   const struct rpcs_tuple *tuple, const struct rpcs_sighting *seen)
{
	int side;

	stream->flow = rpcs_stream_flow(stream, tuple, parsed->pkt.seq, seen, &side);
	stream->tuple = *tuple;
	if (parsed->pkt.protocol == RPCS_IP_UDP)
		take_datagram(stream, parsed, stream->flow, seen);
	else
		take_segment(stream, parsed, stream->flow, side, seen);
}

static bool parse(struct parsed *parsed, const uint8_t *bytes, uint32_t len, uint16_t type)
{
	if (rpcs_packet_parse(&parsed->pkt, bytes, bytes + len, len, type) != RPCS_PACKET_OK ||
	    parsed->pkt.payload_offset > len)
		return false;
	parsed->bytes = bytes + parsed->pkt.payload_offset;
	parsed->available = len - parsed->pkt.payload_offset;
	if (parsed->available > parsed->pkt.payload_len)
		parsed->available = parsed->pkt.payload_len;
	return true;
}

/* The addresses are the head's; a fragment's has no ports, or not the transport's protocol. */
static void tuple_of(struct rpcs_tuple *tuple, const struct rpcs_record_head *head,
		     const struct rpcs_packet *pkt)
{
	rpcs_tuple_from_head(tuple, head);
	tuple->sport = pkt->sport;
	tuple->dport = pkt->dport;
	tuple->protocol = pkt->protocol;
}

/* Is it RPC by its length and constants, as stage 1 looks at datagrams of other ports? */
static bool is_rpc_datagram(const struct parsed *parsed)
{
	uint32_t type, word;

	if (parsed->available < RPCS_REPLY_BYTES)
		return false;
	type = rpcs_load_be32(parsed->bytes + 4);
	word = rpcs_load_be32(parsed->bytes + 8);
	if (type == RPCS_MSG_CALL)
		return word == RPCS_RPC_VERSION && parsed->pkt.payload_len >= RPCS_CALL_BYTES;
	return type == RPCS_MSG_REPLY && word <= RPCS_REPLY_DENIED;
}

/* Does stage 1 look at all segments of one of these ports? */
static bool is_known_port(const struct rpcs_stream *stream, const struct rpcs_tuple *tuple)
{
	const struct rpcs_ports *ports;

	if (!stream->handler.state)
		return false;
	ports = rpcs_state_ports(stream->handler.state);
	return rpcs_port_class(ports, tuple->sport) != RPCS_PORT_OTHER ||
	       rpcs_port_class(ports, tuple->dport) != RPCS_PORT_OTHER;
}

/* Does a packet matter that stage 1 could not judge, since its ports were in another fragment? */
static bool matters(const struct rpcs_stream *stream, const struct parsed *parsed,
		    const struct rpcs_tuple *tuple)
{
	int side;

	if (rpcs_stream_is_portmapper(stream, tuple))
		return true;
	if (stream->settings->any_port == RPCS_ANY_PORT_OFF)
		return false;
	if (tuple->protocol == RPCS_IP_UDP)
		return is_rpc_datagram(parsed);
	return is_known_port(stream, tuple) || rpcs_flow_find(&stream->flows, tuple, &side) ||
	       rpcs_looks_like_record(parsed->bytes, parsed->available) == RPCS_LOOKS_YES;
}

/* A call marks its port for stage 1, as it does where that sees it. */
static void mark_port(struct rpcs_stream *stream, const struct parsed *parsed,
		      const struct rpcs_tuple *tuple)
{
	if (stream->handler.state && stream->settings->any_port != RPCS_ANY_PORT_OFF &&
	    tuple->protocol == RPCS_IP_TCP &&
	    rpcs_looks_like_record(parsed->bytes, parsed->available) == RPCS_LOOKS_YES &&
	    rpcs_load_be32(parsed->bytes + 8) == RPCS_MSG_CALL)
		rpcs_port_mark(rpcs_state_ports(stream->handler.state), tuple->dport,
			       RPCS_PORT_RPC);
}

/* A SYN, FIN or RST that came in fragments, which stage 3 could not see. */
static void take_control(struct rpcs_stream *stream, const struct rpcs_record_head *head,
			 const struct parsed *parsed, const struct rpcs_sighting *seen)
{
	struct rpcs_record_connection record = { .head = *head,
						 .seq = parsed->pkt.seq,
						 .ack = parsed->pkt.ack };

	record.head.kind = RPCS_RECORD_CONNECTION;
	record.head.protocol = parsed->pkt.protocol;
	record.head.sport = parsed->pkt.sport;
	record.head.dport = parsed->pkt.dport;
	record.head.tcp_flags = parsed->pkt.tcp_flags;
	rpcs_stream_take_connection(stream, &record, seen);
}

/* A packet put together from fragments. A SYN stands before its data, FIN and RST behind. */
static void take_whole(struct rpcs_stream *stream, const struct rpcs_record_head *head,
		       const struct parsed *parsed, const struct rpcs_tuple *tuple,
		       const struct rpcs_sighting *seen)
{
	bool tcp = parsed->pkt.protocol == RPCS_IP_TCP;
	uint8_t flags = parsed->pkt.tcp_flags;

	if (tcp && (flags & RPCS_TCP_SYN)) {
		take_control(stream, head, parsed, seen);
		rpcs_stream_led_syn(stream, tuple, parsed->pkt.seq, seen);
	}
	if (!tcp || (parsed->pkt.payload_len > 0 && !(flags & RPCS_TCP_RST)))
		take_transport(stream, parsed, tuple, seen);
	if (tcp && !(flags & RPCS_TCP_SYN) && (flags & (RPCS_TCP_FIN | RPCS_TCP_RST)))
		take_control(stream, head, parsed, seen);
}

/* What stage 3 knew of the stream when the first fragment of a segment came: it follows no more. */
static void take_first_fragment(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
				const struct rpcs_sighting *seen)
{
	struct rpcs_half *half;
	int side;

	rpcs_tuple_from_head(&stream->tuple, &piece->head);
	stream->flow = rpcs_stream_flow(stream, &stream->tuple, piece->next, seen, &side);
	half = &stream->flow->half[side];
	half->portmapper = rpcs_stream_is_portmapper(stream, &stream->tuple);
	if (!stream->flow->tls)
		take_step(stream, stream->flow, side, piece, piece->next, 0, seen);
	rpcs_stream_settle(stream, stream->flow, side, seen);
}

static void take_fragment(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
			  const uint8_t *bytes, uint32_t len, const struct rpcs_sighting *seen)
{
	const struct rpcs_record_head *head = &piece->head;
	struct parsed parsed = { 0 };
	struct rpcs_ip_packet packet;
	struct rpcs_tuple tuple;

	if (head->flags & RPCS_F_IN_STEP)
		take_first_fragment(stream, piece, seen);
	if (!rpcs_ip_fragments_add(stream->fragments, bytes, len, seen, &packet))
		return;
	if (!parse(&parsed, packet.bytes, packet.len, packet.type)) {
		stream->counts.packets_bad++;
		return;
	}
	tuple_of(&tuple, head, &parsed.pkt);
	if (!matters(stream, &parsed, &tuple))
		return;
	mark_port(stream, &parsed, &tuple);
	take_whole(stream, head, &parsed, &tuple, &packet.seen);
}

/* A packet with all its pieces: stage 2 again. */
static void take_packet(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
			const uint8_t *bytes, const struct rpcs_sighting *seen)
{
	const struct rpcs_record_head *head = &piece->head;
	struct parsed parsed = { .piece = piece };
	struct rpcs_tuple tuple;

	if (head->flags & RPCS_F_FRAGMENT) {
		take_fragment(stream, piece, bytes, piece->packet_len, seen);
	} else if (!parse(&parsed, bytes, piece->packet_len,
			  (head->flags & RPCS_F_IP6) ? RPCS_ETH_IP6 : RPCS_ETH_IP4)) {
		stream->counts.packets_bad++;
	} else {
		tuple_of(&tuple, head, &parsed.pkt);
		take_transport(stream, &parsed, &tuple, seen);
	}
}

void rpcs_stream_take_piece(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
			    uint32_t len, const struct rpcs_sighting *seen)
{
	const uint8_t *packet = NULL;
	int whole = rpcs_pieces_add(&stream->pieces, piece, len, &packet);

	if (whole < 0)
		stream->counts.records_bad++;
	else if (whole)
		take_packet(stream, piece, packet, seen);
}

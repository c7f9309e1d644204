/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of stage 6 share. */
#ifndef RPCSENTRY_STREAM_STREAM_PRIVATE_H
#define RPCSENTRY_STREAM_STREAM_PRIVATE_H

#include "ip_fragments.h"
#include "open.h"
#include "pieces.h"
#include "stream.h"
#include "tcp.h"

struct rpcs_stream {
	struct rpcs_stream_handler handler;
	struct rpcs_stream_counts counts;
	struct rpcs_flow_table flows;
	struct rpcs_tcp tcp;
	struct rpcs_ip_fragments *fragments;
	const struct rpcs_settings *settings;
	struct rpcs_flow *flow; /* of the segment in hand */
	struct rpcs_tuple tuple;

	struct rpcs_pieces pieces;
};

/** Is one of the ports a portmapper's? */
bool rpcs_stream_is_portmapper(const struct rpcs_stream *stream, const struct rpcs_tuple *tuple);

/** The flow of data at `seq`; on a closed one that it has no place in, another connection's. */
struct rpcs_flow *rpcs_stream_flow(struct rpcs_stream *stream, const struct rpcs_tuple *tuple,
				   uint32_t seq, const struct rpcs_sighting *seen, int *ret_side);

/** Takes a piece of a packet that took the fallback. */
void rpcs_stream_take_piece(struct rpcs_stream *stream, const struct rpcs_record_piece *piece,
			    uint32_t len, const struct rpcs_sighting *seen);

/** Takes a compact record. */
void rpcs_stream_take_rpc(struct rpcs_stream *stream, const struct rpcs_record_rpc *record,
			  uint32_t len, const struct rpcs_sighting *seen);

/** SYN, FIN, RST, or the third step of a handshake; `len` was checked. */
void rpcs_stream_take_connection(struct rpcs_stream *stream,
				 const struct rpcs_record_connection *record,
				 const struct rpcs_sighting *seen);

/** The last byte of an open record came. */
void rpcs_stream_take_end(struct rpcs_stream *stream, const struct rpcs_record_connection *record,
			  const struct rpcs_sighting *seen);

/** A packet of no flow that stage 3 knows: the agent may know one. */
void rpcs_stream_take_probe(struct rpcs_stream *stream, const struct rpcs_record_connection *record,
			    const struct rpcs_sighting *seen);

/** Tells of marks or bytes of stream->flow that no RPC client would send. */
void rpcs_stream_tell_odd(void *stream, const struct rpcs_oddity *oddity);

/** Bytes that are no message: counted, and told on a portmapper port. */
void rpcs_stream_tell_junk(struct rpcs_stream *stream, const uint8_t *bytes, uint32_t available,
			   uint32_t len, const struct rpcs_sighting *seen);

/** A call's record, if it came in pieces that its client had no reason to make. */
void rpcs_stream_tell_fragments(struct rpcs_stream *stream, const struct rpcs_tcp_record *record);

/** A message whose record stage 3 reported, if that is over the limit of its port. */
void rpcs_stream_tell_huge(struct rpcs_stream *stream, const struct rpcs_message *message);

/** A record of stream->flow, whole. */
void rpcs_stream_take_record(void *stream, const struct rpcs_tcp_record *record);

/** Tells of bytes on a flow, where it is a portmapper's, or that no more can be read of it. */
void rpcs_stream_tell_data(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			   const struct rpcs_sighting *seen);

/** Hands a message on, or counts it as junk. */
void rpcs_stream_deliver(struct rpcs_stream *stream, struct rpcs_message *message,
			 struct rpcs_flow *flow);

/** Hands on the open message of a direction: its last byte was `seen`. */
void rpcs_stream_deliver_open(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			      const struct rpcs_sighting *seen);

/** Tells of bytes that came again and were others, if the segment in hand had such. */
void rpcs_stream_report_overlap(struct rpcs_stream *stream, struct rpcs_flow *flow,
				const struct rpcs_sighting *seen);

/** After bytes of a direction were taken: TLS may have begun, stage 3 may go on. */
void rpcs_stream_settle(struct rpcs_stream *stream, struct rpcs_flow *flow, int side,
			const struct rpcs_sighting *seen);

/** Tells stage 3 that nothing more can be read of this direction. */
void rpcs_stream_tell_stopped(struct rpcs_stream *stream, const struct rpcs_flow *flow, int side);

/**
 * A segment that stage 3 could not read is about to be taken: where the agent does not know
 * the direction's place, stage 3 may.
 */
void rpcs_stream_lead(struct rpcs_stream *stream, struct rpcs_flow *flow, int side);

/** It was taken: stage 3 is not to go on from where it was. To be settled then. */
void rpcs_stream_led(struct rpcs_stream *stream, struct rpcs_flow *flow, int side);

/** The same of a SYN. */
void rpcs_stream_led_syn(struct rpcs_stream *stream, const struct rpcs_tuple *tuple, uint32_t seq,
			 const struct rpcs_sighting *seen);

/** What a message says of TLS. */
void rpcs_stream_note_tls(struct rpcs_stream *stream, struct rpcs_flow *flow,
			  const struct rpcs_message *message);

/** The first number of a direction that stage 3 saw, where it knows. */
bool rpcs_stream_born(struct rpcs_stream *stream, const struct rpcs_flow *flow, int side,
		      uint32_t *ret_born);

/** No more bytes will come on this flow: what its holes kept back is told. */
void rpcs_stream_take_rest(struct rpcs_stream *stream, struct rpcs_flow *flow);

/** Keeps limits.reassembly: the flows that have waited longest give theirs up. */
void rpcs_stream_hold_limit(struct rpcs_stream *stream, uint64_t time_ns);

/** Gives up holes that a retransmission would have filled by now. */
void rpcs_stream_skip_holes(struct rpcs_stream *stream, uint64_t now_ns);

#endif

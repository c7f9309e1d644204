/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of stage 6 share. */
#ifndef RPCSENTRY_STREAM_STREAM_PRIVATE_H
#define RPCSENTRY_STREAM_STREAM_PRIVATE_H

#include "ip_fragments.h"
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

/** SYN, FIN or RST. */
void rpcs_stream_take_connection(struct rpcs_stream *stream,
				 const struct rpcs_record_connection *record, uint32_t len,
				 const struct rpcs_sighting *seen);

/** No more bytes will come on this flow: what its holes kept back is told. */
void rpcs_stream_take_rest(struct rpcs_stream *stream, struct rpcs_flow *flow);

/** Keeps limits.reassembly: the flows that have waited longest give theirs up. */
void rpcs_stream_hold_limit(struct rpcs_stream *stream, uint64_t time_ns);

/** Gives up holes that a retransmission would have filled by now. */
void rpcs_stream_skip_holes(struct rpcs_stream *stream, uint64_t now_ns);

#endif

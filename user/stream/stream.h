/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 6: records in, whole RPC messages and connection events out. */
#ifndef RPCSENTRY_STREAM_STREAM_H
#define RPCSENTRY_STREAM_STREAM_H

#include <rpcsentry/record.h>

#include "../policy/policy.h"
#include "flow.h"
#include "message.h"

struct rpcs_state;
struct rpcs_stream;

/**
 * What comes out, in the order of the records; pointers live until the function
 * returns. A function that is NULL is not called.
 */
struct rpcs_stream_handler {
	void (*message)(void *arg, struct rpcs_message *message, struct rpcs_flow *flow);
	void (*connection)(void *arg, const struct rpcs_connection *connection,
			   struct rpcs_flow *flow);
	/* A packet that belongs to no flow, or a datagram without bytes. */
	void (*probe)(void *arg, const struct rpcs_connection *connection);
	/* Bytes of a TCP flow of a portmapper port, whether they make a message or not. */
	void (*data)(void *arg, const struct rpcs_tuple *tuple, const struct rpcs_sighting *seen,
		     struct rpcs_flow *flow);
	/* Bytes came again and were others; `flow` is theirs. */
	void (*overlap)(void *arg, const struct rpcs_overlap *overlap, struct rpcs_flow *flow);
	/* Bytes that are no RPC message, or record marks that none would send; `flow` is theirs. */
	void (*oddity)(void *arg, const struct rpcs_oddity *oddity, struct rpcs_flow *flow);
	/* TLS begins (RFC 9289): no more messages of this flow. */
	void (*encrypted)(void *arg, struct rpcs_flow *flow, const struct rpcs_sighting *seen);
	void *arg;
	struct rpcs_state *state; /* stage 3's, to be told where records begin; or NULL */
};

/** What stage 6 counts. */
struct rpcs_stream_counts {
	uint64_t records_bad, messages_junk, messages_incomplete, packets_incomplete, packets_bad;
	uint64_t ip_fragments, ip_reassembled, ip_expired, ip_evicted, ip_overlaps;
	uint64_t tcp_segments, tcp_unplaced, tcp_oversize, tcp_overlaps, tcp_tls, tcp_evicted;
	uint64_t flows, flows_evicted, probes;
};

/** Sized from the settings. NULL: out of memory. */
struct rpcs_stream *rpcs_stream_new(const struct rpcs_settings *settings,
				    const struct rpcs_hash_seed *seed,
				    const struct rpcs_stream_handler *handler);
void rpcs_stream_free(struct rpcs_stream **stream);

/** Takes one record of `len` bytes, seen at `time_ns` in capture frame `frame` (0 live). */
void rpcs_stream_record(struct rpcs_stream *stream, const void *record, uint32_t len,
			uint64_t time_ns, uint64_t frame);

/** Notes what a record of this packet will be looked up in, and where its flow is. */
void rpcs_stream_foresee(const struct rpcs_stream *stream, const struct rpcs_tuple *tuple,
			 struct rpcs_foresight *foresight, struct rpcs_flow_place *ret_place);

/** What was foreseen of the records to come, until the next call of this; NULL: nothing. */
void rpcs_stream_turn(struct rpcs_stream *stream, const struct rpcs_flow_place *foreseen);

/** Lets time pass: fragments and holes that nothing came for are given up. */
void rpcs_stream_tick(struct rpcs_stream *stream, uint64_t now_ns);

/** The end: what holes kept back is told, and what stayed incomplete counted. */
void rpcs_stream_finish(struct rpcs_stream *stream);

void rpcs_stream_counts(const struct rpcs_stream *stream, struct rpcs_stream_counts *ret_counts);

#endif

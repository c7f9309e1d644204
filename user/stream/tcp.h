/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP streams of record-marked RPC (RFC 5531 11) from the segments of the fallback. */
#ifndef RPCSENTRY_STREAM_TCP_H
#define RPCSENTRY_STREAM_TCP_H

#include "flow.h"

/** Bytes of one segment, kept until their record is whole. */
struct rpcs_segment {
	struct rpcs_segment *next;
	struct rpcs_sighting seen;
	uint64_t arrival; /* running number: which frame came last */
	uint32_t seq;
	uint32_t len;	    /* by the TCP header */
	uint32_t available; /* bytes that are there; the capture may have cut the rest */
	uint8_t bytes[];
};

/** One record: the RPC message without its marks, and the frame that completed it. */
struct rpcs_tcp_record {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t available;
	uint32_t fragments;
	const struct rpcs_sighting *seen;
};

/** Called for each record in order; the record lives until it returns. */
typedef void (*rpcs_tcp_record_fn)(void *arg, const struct rpcs_tcp_record *record);

/** What the stream code needs and counts; one for all flows. */
struct rpcs_tcp {
	struct rpcs_flow_table *flows;
	rpcs_tcp_record_fn emit;
	void *arg;
	uint64_t arrivals;
	uint64_t unplaced; /* bytes in which no record could be found */
	uint8_t *assembly; /* RPCS_TCP_RECORD_MAX bytes */
};

enum {
	/* The largest record that is put together; a longer one ends the step (1110045 is later). */
	RPCS_TCP_RECORD_MAX = 1 << 20,
	/*
	 * Bytes, and segments, that one direction may hold before a hole in it is given up:
	 * a largest record with many marks, and what its last segment brings besides.
	 */
	RPCS_TCP_HELD_MAX = RPCS_TCP_RECORD_MAX + (1 << 16),
	RPCS_TCP_SEGMENTS_MAX = 4096,
	/* The largest window there is (RFC 7323 2.3): what lies further ahead is not the stream's. */
	RPCS_TCP_WINDOW_MAX = 1 << 30,
};

int rpcs_tcp_init(struct rpcs_tcp *tcp, struct rpcs_flow_table *flows, rpcs_tcp_record_fn emit,
		  void *arg);
void rpcs_tcp_free(struct rpcs_tcp *tcp);

/** Takes the bytes of one segment; `len` by its header, `available` of them there. */
void rpcs_tcp_segment(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq,
		      const uint8_t *bytes, uint32_t len, uint32_t available,
		      const struct rpcs_sighting *seen);

/**
 * The kernel reported the record at [seq, seq + len) itself. False: its bytes
 * were handed on before, so this is a retransmission.
 */
bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq, uint32_t len);

/** A record begins at `seq`: said by a SYN. */
void rpcs_tcp_begin(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq);

/** Frees what a direction holds. */
void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half);

#endif

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
	bool passed; /* whole records that the kernel reported: no bytes, to be stepped over */
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
	/* The largest record that is put together; a longer one ends the step. */
	RPCS_TCP_RECORD_MAX = 1 << 20,
	/*
	 * Bytes, and segments, that one direction may hold before a hole in it is given up:
	 * a largest record with many marks, and what its last segment brings besides.
	 */
	RPCS_TCP_HELD_MAX = RPCS_TCP_RECORD_MAX + (1 << 16),
	RPCS_TCP_SEGMENTS_MAX = 4096,
	/* The largest window there is (RFC 7323 2.3): nothing of the stream lies further ahead. */
	RPCS_TCP_WINDOW_MAX = 1 << 30,
	/* A retransmission repeats what was sent lately; what lies further back was never seen. */
	RPCS_TCP_REPEAT_MAX = 1 << 20,
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
 * were handed on before, so this is a retransmission. Where it lies ahead, what
 * is missing before it may still come.
 */
bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq, uint32_t len,
		   const struct rpcs_sighting *seen);

/** A record begins at `seq`: said by a SYN. */
void rpcs_tcp_begin(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq);

/** A hole that nothing has filled for long is given up, if there is one. */
void rpcs_tcp_skip_hole(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Is `seq` where this direction's stream may end or go on? */
bool rpcs_tcp_fits(const struct rpcs_half *half, uint32_t seq);

/** Gives up what the direction holds, counted; in step again at the next record. */
void rpcs_tcp_lose(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** No more bytes will come: records behind a hole are taken all the same. */
void rpcs_tcp_end(struct rpcs_tcp *tcp, struct rpcs_half *half);

/**
 * Keeps what is new of a segment: in an overlap the bytes that came first win, as
 * on Linux. `whole` has no bytes of its own, they lie at `bytes` (NULL when passed).
 */
void rpcs_half_hold(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_segment *whole, const uint8_t *bytes);

/** Frees the segments that lie whole in [seq, seq + len). */
void rpcs_half_drop_inside(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   uint32_t len);

/** Frees the first segment that a direction holds. */
void rpcs_half_drop_first(struct rpcs_flow_table *flows, struct rpcs_half *half);

/** Frees what a direction holds. */
void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP streams of record-marked RPC (RFC 5531 11) from the segments of the fallback. */
#ifndef RPCSENTRY_STREAM_TCP_H
#define RPCSENTRY_STREAM_TCP_H

#include <rpcsentry/record.h>

#include "flow.h"

/** Bytes of one segment, kept until their record is whole. */
struct rpcs_segment {
	struct rpcs_segment *next;
	struct rpcs_segment *skip[RPCS_SEGMENT_SKIPS]; /* of them it has `height` */
	struct rpcs_sighting seen;
	uint64_t arrival; /* running number: which frame came last */
	uint32_t seq;
	uint32_t len; /* by the TCP header */
	/* Records that begin in [told_from, told_from + told_len) were told before their turn. */
	uint32_t told_from, told_len;
	uint32_t available; /* bytes that are there; the capture may have cut the rest */
	bool passed;   /* whole records that the kernel reported: no bytes, to be stepped over */
	bool left_out; /* bytes of a large record that nobody decodes: none are kept */
	uint8_t height;
	uint8_t bytes[];
};

/** One record: the RPC message without its marks, and the frame that completed it. */
struct rpcs_tcp_record {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t available;
	uint32_t fragments;
	uint32_t tiny; /* bytes of the first fragment that is too small, 0 for none */
	bool empty;    /* one of them has no bytes */
	bool cut;      /* by the capture, where `available` is less than `len` */
	const struct rpcs_sighting *seen;
};

/** Called for each record in order; the record lives until it returns. */
typedef void (*rpcs_tcp_record_fn)(void *arg, const struct rpcs_tcp_record *record);

/** Called for marks that none would send; `oddity` has all but the tuple and its sides. */
typedef void (*rpcs_tcp_oddity_fn)(void *arg, const struct rpcs_oddity *oddity);

/** What the stream code needs and counts; one for all flows. */
struct rpcs_tcp {
	struct rpcs_flow_table *flows;
	rpcs_tcp_record_fn emit;
	rpcs_tcp_oddity_fn oddity; /* NULL: nobody wants to know; set after rpcs_tcp_init() */
	void *arg;
	uint64_t arrivals;
	uint64_t unplaced; /* bytes in which no record could be found */
	uint64_t oversize; /* records over RPCS_TCP_RECORD_MAX, stepped over */
	/* Of the last segment or record: what it says otherwise than those before it. */
	struct rpcs_overlap overlap;
	uint8_t *assembly; /* RPCS_TCP_HELD_MAX bytes */
	uint8_t *behind;   /* the same for rpcs_tcp_look_behind() */
};

enum {
	/* The largest record that is put together: an NFS WRITE of 4 MiB and its header. */
	RPCS_TCP_RECORD_MAX = RPCS_RECORD_HUGE,
	/* What is kept of one on a port that is no portmapper's: nobody decodes the rest. */
	RPCS_TCP_KEPT_MAX = 1 << 16,
	/*
	 * Bytes that one direction may hold before a hole in it is given up: a largest
	 * record with many marks, and what its last segment brings besides. And segments:
	 * of a byte each they take some 7 MiB of limits.reassembly.
	 */
	RPCS_TCP_HELD_MAX = RPCS_TCP_RECORD_MAX + (1 << 16),
	RPCS_TCP_SEGMENTS_MAX = 1 << 16,
	/* Bytes that are kept while no record has been found: a reply, up to the one behind it. */
	RPCS_TCP_SEEK_MAX = 1 << 17,
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
 * The kernel reported `record` of `record_len` bytes itself. False: its bytes were
 * handed on before, so this is a retransmission. Where it lies ahead and the kernel
 * did not know that a record begins there, what is missing before it may still come.
 */
bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half,
		   const struct rpcs_record_rpc *record, const struct rpcs_sighting *seen);

/** What was held behind a record that the kernel reported: to be called after that was told. */
void rpcs_tcp_go_on(struct rpcs_tcp *tcp, struct rpcs_half *half);

/**
 * The kernel was in step when it sent the segment at [seq, seq + len): all before
 * `boundary` was seen or stepped over, and a record begins there. The agent goes on
 * there where it is behind, since what lies between was suppressed or lost on the
 * way. It does not where it is ahead: the kernel has not heard yet. Nor where the
 * kernel's word rests on a SYN during a live connection, or on a record by its looks
 * that lies ahead (`guess`): both can be forged. It counts again once the two have
 * met, in a record that begins at `next` or by rpcs_state_flow_back().
 */
void rpcs_tcp_adopt(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t boundary, uint32_t seq,
		    uint32_t len);

/** A record begins at `seq`: said by a SYN. */
void rpcs_tcp_begin(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq);

/**
 * A reply to `xid` goes the other way. Where its call lies whole behind a hole, it and
 * the records before it are told now; the hole may still be filled.
 */
void rpcs_tcp_look_behind(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t xid);

/** Before which number something may come that was passed over; 0: none, or as stage 3 knows. */
uint32_t rpcs_tcp_wants(const struct rpcs_half *half);

/**
 * `born` is the first number of this direction that stage 3 saw: where the agent was led to
 * its place, what lies between was suppressed, and is nothing that never came.
 */
void rpcs_tcp_born(struct rpcs_half *half, uint32_t born);

/** A hole that nothing has filled for long is given up, if there is one. */
void rpcs_tcp_skip_hole(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Is `seq` where this direction's stream may end or go on? */
bool rpcs_tcp_fits(const struct rpcs_half *half, uint32_t seq);

/** Gives up what the direction holds, counted; in step again at the next record. */
void rpcs_tcp_lose(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Gives up what came late for parts of the stream that were passed over, counted. */
void rpcs_tcp_lose_gaps(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** No more bytes will come: records behind a hole are taken all the same. */
void rpcs_tcp_end(struct rpcs_tcp *tcp, struct rpcs_half *half);

/**
 * Keeps what is new of a segment: in an overlap the bytes that came first win, as
 * on Linux, and what differs goes into `overlap`. `whole` has no bytes of its own,
 * they lie at `bytes` (NULL when passed).
 */
void rpcs_half_hold(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_segment *whole, const uint8_t *bytes,
		    struct rpcs_overlap *overlap);

/** The held segment that `seq` lies in, else the first behind it; NULL: there is none. */
struct rpcs_segment *rpcs_half_find(const struct rpcs_half *half, uint32_t seq);

/** Frees the segments that lie whole in [seq, seq + len). */
void rpcs_half_drop_inside(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   uint32_t len);

/** Frees the first segment that a direction holds. */
void rpcs_half_drop_first(struct rpcs_flow_table *flows, struct rpcs_half *half);

/** Frees what a direction holds of its stream. */
void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half);

/**
 * Moves what lies before `seq` to another half, whose own lies before that; of the segment
 * that reaches over it both get theirs.
 */
void rpcs_half_move_before(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   struct rpcs_half *to);

/** Frees what came late for gaps of a stream, and forgets them. */
void rpcs_gap_free(struct rpcs_flow_table *flows, struct rpcs_half *half);

/** Frees that, the open message and the history. */
void rpcs_half_release(struct rpcs_flow_table *flows, struct rpcs_half *half);

#endif

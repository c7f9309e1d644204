/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of a TCP stream's reassembly share. */
#ifndef RPCSENTRY_STREAM_TCP_PRIVATE_H
#define RPCSENTRY_STREAM_TCP_PRIVATE_H

#include "history.h"
#include "tcp.h"

/** A walk over the held bytes from `at` on. */
struct rpcs_walk {
	const struct rpcs_segment *segment;
	uint32_t at; /* sequence number */
	uint64_t arrival;
	const struct rpcs_sighting *seen; /* of the latest frame walked over */
	uint32_t copied;		  /* bytes before the first one missing, of the last call */
	bool missing;			  /* some bytes are not there, so that nothing is copied */
	bool cut;			  /* and it was the capture that cut the first of them */
};

/** A walk from `seq` on, which does not lie before `next`. */
struct rpcs_walk rpcs_tcp_walk(const struct rpcs_half *half, uint32_t seq);

/**
 * Walks over `len` bytes and copies what is there of them, up to the first that is
 * missing. False: not all came yet.
 */
bool rpcs_tcp_walk_bytes(struct rpcs_walk *walk, uint8_t *to, uint32_t len);

/** The bytes before `seq` are done with; the next record begins there. */
void rpcs_tcp_release_until(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq);

/** Hands on the records that are whole. */
void rpcs_tcp_take_records(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Does the direction hold more than it may? */
bool rpcs_tcp_is_over_limit(const struct rpcs_half *half);

/** In step again at the first record behind a hole, or out of step. */
void rpcs_tcp_give_up_hole(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Copies the record at `seq`, which is whole, to tcp->assembly. Returns where it ends. */
uint32_t rpcs_tcp_read_record(struct rpcs_tcp *tcp, const struct rpcs_half *half, uint32_t seq,
			      struct rpcs_tcp_record *ret_record);

/**
 * Looks at a mark of the record at `next`, behind which `behind` stands: tells of a fragment
 * that is tiny or has no bytes, of a record that is too large, and of what is no mark at all,
 * each once for a record.
 */
void rpcs_tcp_note_mark(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_walk behind,
			uint32_t mark);

/** A record was handed on: tells what its marks said before RPC was known to be spoken here. */
void rpcs_tcp_note_record(struct rpcs_tcp *tcp, struct rpcs_half *half,
			  const struct rpcs_tcp_record *record);

/** Was the record at `seq` told before its turn? */
bool rpcs_tcp_is_told(const struct rpcs_half *half, uint32_t seq);

/** The same from the first record at or behind `from` that is held. */
void rpcs_tcp_resync(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from);

/** Is there a hole in what is held? *ret_from: the first byte behind it. */
bool rpcs_tcp_has_hole(const struct rpcs_half *half, uint32_t *ret_from);

/** Bytes that are held before `seq` and were not handed on. */
uint32_t rpcs_tcp_held_before(const struct rpcs_half *half, uint32_t seq);

/** Where the next record begins is not known any more: what is held stays. */
void rpcs_tcp_lose_step(struct rpcs_half *half);

/** The step was lost: looks through what is held from `from` on. The caller takes the records. */
void rpcs_tcp_seek_held(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from);

/** A segment of a stream whose records are not known. */
void rpcs_tcp_seek(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes);

/**
 * Out of step: what a reply waits for did not come for a while, or will not come (`end`).
 * True: a record behind it was found instead, for the caller to take, or nothing is
 * missing of it so far.
 */
bool rpcs_tcp_seek_on(struct rpcs_tcp *tcp, struct rpcs_half *half, bool end);

/** Nothing came for a while: kept is what a header may take. */
void rpcs_tcp_seek_less(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** What bytes say of themselves. */
enum rpcs_looks {
	RPCS_LOOKS_NO,
	RPCS_LOOKS_YES,
	RPCS_LOOKS_SHORT, /* more bytes are needed */
	RPCS_LOOKS_LATER, /* a reply's header: what follows its record will tell */
};

/** Where a record seems to begin. */
struct rpcs_found {
	uint32_t seq;
	uint32_t end; /* of its fragments, as far as their marks are there; not for SHORT */
	bool last;    /* there are no more of them */
	bool joined;  /* its first words lie in several: a small number before one looks like it */
};

/** The first record that begins in [from, until). SHORT: at the end of what is held one may. */
enum rpcs_looks rpcs_tcp_find_record(struct rpcs_tcp *tcp, const struct rpcs_half *half,
				     uint32_t from, uint32_t until, struct rpcs_found *ret_found);

/** Bytes that are held from `seq` on without a hole, `max` at the most. */
uint32_t rpcs_tcp_peek(const struct rpcs_half *half, uint32_t seq, uint8_t *bytes, uint32_t max);

/** May a record begin here? The lax test, for places where one is likely. */
enum rpcs_looks rpcs_looks_like_record(const uint8_t *bytes, uint32_t len);

/**
 * The strict one, for any place: `len` bytes are there, behind which the stream breaks
 * off. With YES and LATER *ret_found is set, as if `bytes` had the number 0.
 */
enum rpcs_looks rpcs_looks_recognised(const uint8_t *bytes, uint32_t len,
				      struct rpcs_found *ret_found);

/** May a mark of a record begin here? Fewer bytes than it takes say yes. */
bool rpcs_looks_like_mark(const uint8_t *bytes, uint32_t len);

/** Bytes that came late for a part of the stream that was passed over. */
struct rpcs_gap {
	struct rpcs_gap *next;
	struct rpcs_half *owner; /* the direction's own */
	struct rpcs_half half;	 /* in step or not, like any other */
	uint32_t from, to;	 /* the part; in step it begins at half.next */
	uint32_t rounds;	 /* times that rpcs_tcp_skip_hole() saw it */
	bool changed;		 /* since the last of them */
};

enum {
	/* Of one direction; the one furthest back gives way. */
	RPCS_GAPS_MAX = 4,
	/* Bytes in which no record was found wait for others that came in another order. */
	RPCS_GAP_ROUNDS_SEEK = 2,
	/* The rest of a record that has begun may come slowly. */
	RPCS_GAP_ROUNDS = 20,
};

/** Remembers that [from, to) was passed over; `begins`: a record begins at `from`. */
void rpcs_gap_note(struct rpcs_half *half, uint32_t from, uint32_t to, bool begins);

/**
 * What the half holds before `seq` stays where it is, as a gap; the half goes on at
 * `seq`, where a record begins.
 */
void rpcs_gap_split(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq);

/** Takes what a segment has for gaps before `next`. False: nothing. */
bool rpcs_gap_take(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes);

/** Time has passed: holes in gaps are given up, and then gaps. */
void rpcs_gap_grow_old(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** No more bytes will come: what can be told of the gaps is, and they are given up. */
void rpcs_gap_end(struct rpcs_tcp *tcp, struct rpcs_half *half);

/** Forgets what lies so far back that its numbers would come again. */
void rpcs_gap_forget_old(struct rpcs_half *half);

/** Gives them up, and what was remembered. */
void rpcs_gap_drop(struct rpcs_tcp *tcp, struct rpcs_half *half);

#endif

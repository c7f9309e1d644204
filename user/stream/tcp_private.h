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

/** A segment of a stream whose records are not known. */
void rpcs_tcp_seek(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes);

/** What bytes say of themselves. */
enum rpcs_looks {
	RPCS_LOOKS_NO,
	RPCS_LOOKS_YES,
	RPCS_LOOKS_SHORT, /* more bytes are needed */
};

/** The first record at or behind `from`. SHORT: at the end of what is held there may be one. */
enum rpcs_looks rpcs_tcp_find_record(struct rpcs_tcp *tcp, const struct rpcs_half *half,
				     uint32_t from, uint32_t *ret_seq);

/** May a record begin here? The lax test, for places where one is likely. */
enum rpcs_looks rpcs_looks_like_record(const uint8_t *bytes, uint32_t len);

/** The strict one, for any place: `len` bytes are there, behind which the stream breaks off. */
enum rpcs_looks rpcs_looks_recognised(const uint8_t *bytes, uint32_t len);

/** May a mark of a record begin here? Fewer bytes than it takes say yes. */
bool rpcs_looks_like_mark(const uint8_t *bytes, uint32_t len);

#endif

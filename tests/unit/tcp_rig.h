/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One direction of a TCP stream and what must come out of it. Include after cmocka.h. */
#ifndef TESTS_UNIT_TCP_RIG_H
#define TESTS_UNIT_TCP_RIG_H

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "base/clock.h"
#include "stream/tcp_private.h"

enum { RIG_STREAM_MAX = 6 << 20, RIG_RECORDS_MAX = 64, RIG_HELD_LIMIT = 16 << 20 };

/** A record that was put into the stream: [start, end) with its marks. */
struct rig_record {
	uint32_t start, end;
	uint32_t len;
	uint32_t fragments;
	uint64_t frame; /* that brought the last of its bytes; set by check_all() */
};

/** What came out. */
struct rig_taken {
	uint32_t len, available, fragments;
	uint64_t frame;
	uint32_t hash;
};

struct rig {
	struct rpcs_flow_table flows;
	struct rpcs_tcp tcp;
	struct rpcs_half half;
	uint32_t isn;
	uint8_t stream[RIG_STREAM_MAX];
	uint64_t first[RIG_STREAM_MAX]; /* the frame that brought the byte; 0: none so far */
	uint32_t size;
	struct rig_record records[RIG_RECORDS_MAX];
	uint32_t count;
	struct rig_taken taken[RIG_RECORDS_MAX], last;
	uint32_t got;
};

static inline uint32_t rig_hash(uint32_t hash, const uint8_t *bytes, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		hash = hash * 31 + bytes[i];
	return hash;
}

static inline void rig_take(void *arg, const struct rpcs_tcp_record *record)
{
	struct rig *rig = arg;

	rig->last = (struct rig_taken){
		.len = record->len,
		.available = record->available,
		.fragments = record->fragments,
		.frame = record->seen->frame,
		.hash = rig_hash(0, record->bytes, record->available),
	};
	if (rig->got < RIG_RECORDS_MAX)
		rig->taken[rig->got] = rig->last;
	rig->got++;
}

static inline int rig_setup(void **state)
{
	const struct rpcs_hash_seed seed = { 5, 6 };
	struct rig *rig = calloc(1, sizeof(*rig));

	if (!rig ||
	    rpcs_flow_table_init(&rig->flows, 4, RPCS_NSEC_PER_SEC, RIG_HELD_LIMIT, &seed) ||
	    rpcs_tcp_init(&rig->tcp, &rig->flows, rig_take, rig))
		return -1;
	*state = rig;
	return 0;
}

static inline int rig_teardown(void **state)
{
	struct rig *rig = *state;

	rpcs_half_release(&rig->flows, &rig->half);
	rpcs_tcp_free(&rig->tcp);
	rpcs_flow_table_free(&rig->flows);
	free(rig);
	return 0;
}

/** An empty stream whose first byte has the sequence number `isn`; known to begin there or not. */
static inline void rig_start(struct rig *rig, uint32_t isn, bool in_step)
{
	rpcs_half_release(&rig->flows, &rig->half);
	assert_int_equal(rig->flows.held_bytes, 0);
	assert_int_equal(rig->flows.history_bytes, 0);
	memset(&rig->half, 0, sizeof(rig->half));
	rig->half.portmapper = true;
	memset(rig->first, 0, rig->size * sizeof(rig->first[0]));
	rig->isn = isn;
	rig->size = rig->count = rig->got = 0;
	rig->tcp.unplaced = 0;
	if (in_step)
		rpcs_tcp_begin(&rig->tcp, &rig->half, isn);
}

static inline void rig_put32(struct rig *rig, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(rig->stream + rig->size, &v, 4);
	rig->size += 4;
}

/** A record of fragments of these lengths: a call, as far as its first one reaches. */
static inline void rig_record(struct rig *rig, const uint32_t *lens, uint32_t fragments)
{
	struct rig_record *r = &rig->records[rig->count++];
	/* XID, call, RPC version 2, portmapper, version 2, DUMP, AUTH_NONE both */
	const uint8_t head[40] = { [3] = (uint8_t)rig->count,
				   [11] = 2,
				   [13] = 1,
				   [14] = 0x86,
				   [15] = 0xa0,
				   [19] = 2,
				   [23] = 4 };
	uint32_t i, at, done = 0;

	*r = (struct rig_record){ .start = rig->size, .fragments = fragments };
	for (i = 0; i < fragments; i++) {
		rig_put32(rig, lens[i] | (i + 1 == fragments ? RPCS_MARK_LAST : 0));
		for (at = 0; at < lens[i]; at++, done++)
			rig->stream[rig->size++] = done < sizeof(head) ? head[done]
								       : (uint8_t)(done * 7 + 1);
		r->len += lens[i];
	}
	r->end = rig->size;
}

/* The shortcuts lead over the same segments as the list. */
static inline void check_shortcuts(const struct rpcs_half *half)
{
	const struct rpcs_segment *segment, *next;
	uint32_t level;

	for (level = 0; level < RPCS_SEGMENT_SKIPS; level++) {
		next = half->skip[level];
		for (segment = half->held; segment; segment = segment->next) {
			if (segment->height <= level)
				continue;
			assert_ptr_equal(segment, next);
			next = segment->skip[level];
		}
		assert_null(next);
	}
}

static inline uint64_t check_half(const struct rpcs_half *half)
{
	const struct rpcs_segment *segment;
	uint64_t bytes = 0, memory = 0;
	uint32_t count = 0;

	for (segment = half->held; segment; segment = segment->next) {
		bytes += segment->len;
		memory += sizeof(*segment) + segment->available;
		count++;
		if (segment->next)
			assert_true((int32_t)(segment->next->seq - segment->seq) >=
				    (int32_t)segment->len);
		else
			assert_ptr_equal(half->last, segment);
	}
	assert_int_equal(half->held_bytes, bytes);
	assert_true(bytes <= RPCS_TCP_HELD_MAX);
	assert_true(count <= RPCS_TCP_SEGMENTS_MAX);
	check_shortcuts(half);
	return memory;
}

static inline void check_bounds(const struct rig *rig)
{
	uint64_t memory = check_half(&rig->half);
	const struct rpcs_gap *gap;
	uint32_t gaps = 0;

	for (gap = rig->half.gaps; gap; gap = gap->next, gaps++) {
		memory += sizeof(*gap) + check_half(&gap->half);
		assert_ptr_equal(gap->owner, &rig->half);
		assert_ptr_equal(gap->half.gap, gap);
		assert_true((int32_t)(gap->half.last->seq + gap->half.last->len - gap->to) <= 0);
	}
	assert_true(gaps <= RPCS_GAPS_MAX);
	assert_true(rig->half.unseen_count <= RPCS_UNSEEN_MAX);
	assert_int_equal(rig->flows.held_bytes, memory);
}

/** Feeds a part of the stream, of which the capture has `there` bytes. */
static inline void feed_cut(struct rig *rig, uint64_t frame, uint32_t at, uint32_t len,
			    uint32_t there)
{
	struct rpcs_sighting seen = { .frame = frame };
	uint8_t *bytes = malloc(there ? there : 1);
	uint32_t i;

	assert_non_null(bytes);
	for (i = 0; i < len; i++) {
		/* Bytes that came before now differ: the first ones win. */
		if (i < there)
			bytes[i] = rig->first[at + i] ? 0xee : rig->stream[at + i];
		if (!rig->first[at + i])
			rig->first[at + i] = frame;
	}
	rpcs_tcp_segment(&rig->tcp, &rig->half, rig->isn + at, bytes, len, there, &seen);
	free(bytes);
}

static inline void feed(struct rig *rig, uint64_t frame, uint32_t at, uint32_t len)
{
	feed_cut(rig, frame, at, len, len);
}

/** The kernel reports [at, at + len) itself; `flags` of the record's head. */
static inline bool rig_pass(struct rig *rig, uint64_t frame, uint32_t at, uint32_t len,
			    uint16_t flags)
{
	const struct rpcs_record_rpc record = {
		.head = { .kind = RPCS_RECORD_CALL, .flags = flags },
		.seq = rig->isn + at,
		.message_len = len - RPCS_MARK_BYTES,
	};
	struct rpcs_sighting seen = { .frame = frame };
	bool fresh = rpcs_tcp_pass(&rig->tcp, &rig->half, &record, &seen);

	rpcs_tcp_go_on(&rig->tcp, &rig->half);
	return fresh;
}

/** What is kept of the stream's gaps, for what may come late, is given up. */
static inline void rig_lose_gaps(struct rig *rig)
{
	rpcs_tcp_lose_gaps(&rig->tcp, &rig->half);
}

static inline bool rig_is_fed(const struct rig *rig)
{
	uint32_t i;

	for (i = 0; i < rig->size && rig->first[i]; i++)
		;
	return i == rig->size;
}

/* The message of a record: the stream without the marks. */
static inline uint32_t rig_expected_hash(const struct rig *rig, const struct rig_record *r)
{
	uint32_t at = r->start, hash = 0, len;

	while (at < r->end) {
		len = rpcs_load_be32(rig->stream + at) & ~RPCS_MARK_LAST;
		hash = rig_hash(hash, rig->stream + at + 4, len);
		at += 4 + len;
	}
	return hash;
}

/** All was fed: every record came out once, right, dated by the frame that completed it. */
static inline void check_all(struct rig *rig)
{
	uint32_t i, at;

	assert_int_equal(rig->got, rig->count);
	for (i = 0; i < rig->count; i++) {
		struct rig_record *r = &rig->records[i];
		const struct rig_taken *t = &rig->taken[i];

		for (at = r->start, r->frame = 0; at < r->end; at++)
			if (rig->first[at] > r->frame)
				r->frame = rig->first[at];
		assert_int_equal(t->len, r->len);
		assert_int_equal(t->available, r->len);
		assert_int_equal(t->fragments, r->fragments);
		assert_int_equal(t->frame, r->frame);
		assert_int_equal(t->hash, rig_expected_hash(rig, r));
	}
	assert_int_equal(rig->half.held_bytes, 0);
	assert_int_equal(rig->flows.held_bytes, 0);
	assert_null(rig->half.last);
}

#endif

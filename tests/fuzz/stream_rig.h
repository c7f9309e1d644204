/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP segments through the native engine into stage 6, and what must hold there after each. */
#ifndef RPCSENTRY_TESTS_FUZZ_STREAM_RIG_H
#define RPCSENTRY_TESTS_FUZZ_STREAM_RIG_H

#include <rpcsentry/packet.h>

#include "fuzz.h"
#include "packets.h"
#include "source/engine.h"
#include "stream/stream_private.h"
#include "stream/tcp_private.h"

enum { RIG_ENGINES = 2 };

static const struct rpcs_hash_seed rig_seed = { 1, 1 };

/**
 * Two engines that may each see a part of the traffic, as two hooks would, or
 * one whose ring lost the rest: their states of a flow then differ.
 */
static struct {
	struct rpcs_settings settings;
	struct rpcs_native *native[RIG_ENGINES];
	struct rpcs_stream *stream;
	uint64_t time_ns, frame;
} rig;

static inline void rig_check_half(const struct rpcs_half *half, uint64_t *memory)
{
	const struct rpcs_segment *segment, *last = NULL;
	uint32_t bytes = 0, count = 0, at = half->next;

	for (segment = half->held; segment; segment = segment->next) {
		FUZZ_HOLDS(segment->len > 0);
		FUZZ_HOLDS(segment->available <= segment->len);
		FUZZ_HOLDS(!segment->passed || segment->available == 0);
		/* In order and without overlap; of the first a part may have been handed on. */
		FUZZ_HOLDS(!last || (int32_t)(segment->seq - at) >= 0);
		FUZZ_HOLDS(last || (int32_t)(segment->seq + segment->len - at) > 0);
		at = segment->seq + segment->len;
		bytes += segment->len;
		*memory += sizeof(*segment) + segment->available;
		count++;
		last = segment;
	}
	FUZZ_HOLDS(half->last == last);
	FUZZ_HOLDS(half->held_bytes == bytes);
	FUZZ_HOLDS(half->held_segments == count);
	FUZZ_HOLDS(half->in_step || bytes <= RPCS_TCP_SEEK_MAX);
	FUZZ_HOLDS(half->in_step || !half->seeking || half->held);
	FUZZ_HOLDS(bytes <= RPCS_TCP_HELD_MAX);
	FUZZ_HOLDS(count <= RPCS_TCP_SEGMENTS_MAX);
}

/* A direction, and what came late for parts of it that were passed over. */
static inline void rig_check_direction(const struct rpcs_half *half, uint64_t *memory)
{
	const struct rpcs_gap *gap;
	uint32_t count = 0;

	rig_check_half(half, memory);
	FUZZ_HOLDS(!half->gap);
	FUZZ_HOLDS(half->unseen_count <= RPCS_UNSEEN_MAX);
	for (gap = half->gaps; gap; gap = gap->next, count++) {
		FUZZ_HOLDS(gap->owner == half && gap->half.gap == gap);
		FUZZ_HOLDS(gap->half.held && !gap->half.gaps && gap->half.unseen_count == 0);
		FUZZ_HOLDS((int32_t)(gap->half.last->seq + gap->half.last->len - gap->to) <= 0);
		*memory += sizeof(*gap);
		rig_check_half(&gap->half, memory);
	}
	FUZZ_HOLDS(count <= RPCS_GAPS_MAX);
}

static inline void rig_check(void)
{
	const struct rpcs_flow_table *flows = &rig.stream->flows;
	const struct rpcs_flow *flow;
	struct rpcs_stream_counts counts;
	uint64_t memory = 0, before;
	int lane;

	for (lane = 0; lane < RPCS_LANE__MAX; lane++) {
		for (flow = rpcs_table_oldest(flows->table, lane); flow;
		     flow = rpcs_table_newer(flows->table, flow)) {
			before = memory;
			rig_check_direction(&flow->half[0], &memory);
			rig_check_direction(&flow->half[1], &memory);
			FUZZ_HOLDS((lane == RPCS_LANE_SECOND) == (memory > before));
			FUZZ_HOLDS(flow->waiting == (memory > before));
			FUZZ_HOLDS(flow->id != 0);
		}
	}
	FUZZ_HOLDS(flows->held_bytes == memory);
	FUZZ_HOLDS(flows->held_bytes <= flows->held_limit);
	FUZZ_HOLDS(rpcs_table_count(flows->table) <= rig.settings.limit_flows);
	rpcs_stream_counts(rig.stream, &counts);
	FUZZ_HOLDS(counts.records_bad == 0);
	FUZZ_HOLDS(counts.packets_incomplete == 0);
}

static inline void rig_record(void *arg, const void *record, uint32_t len,
			      const struct rpcs_frame *frame)
{
	(void)arg;
	rpcs_stream_record(rig.stream, record, len, frame->time_ns, frame->number);
	/* A walk over thousands of segments after each of them would take all the time. */
	if (rig.stream->flows.held_bytes < 1 << 14 || rig.frame % 128 == 0)
		rig_check();
}

/** A frame of `len` bytes, in memory of its own, to one engine. */
static inline void rig_frame(int engine, const uint8_t *bytes, uint32_t len)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	struct rpcs_frame frame = {
		.bytes = copy, .len = len, .time_ns = rig.time_ns, .number = ++rig.frame
	};

	rpcs_native_frame(rig.native[engine], &frame);
	free(copy);
}

static inline void rig_new(uint64_t flows, uint64_t held, const struct rpcs_stream_handler *handler)
{
	int i;

	memset(&rig, 0, sizeof(rig));
	rig.time_ns = 1795310157000000000ULL;
	rig.settings = (struct rpcs_settings){ .ports = { 111 },
					       .port_count = 1,
					       .limit_flows = flows,
					       .limit_reassembly = held,
					       .flow_timeout_ns = 120000000000ULL,
					       .fragment_timeout_ns = 30000000000ULL };
	for (i = 0; i < RIG_ENGINES; i++) {
		rig.native[i] = rpcs_native_new(&(struct rpcs_native_options){
			.settings = &rig.settings, .emit = rig_record });
		FUZZ_HOLDS(rig.native[i]);
	}
	rig.stream = rpcs_stream_new(&rig.settings, &rig_seed, handler);
	FUZZ_HOLDS(rig.stream);
}

/** Tells the rest; nothing may be held behind that. */
static inline void rig_end(void)
{
	int i;

	rpcs_stream_finish(rig.stream);
	rig_check();
	FUZZ_HOLDS(rig.stream->flows.held_bytes == 0);
	rpcs_stream_free(&rig.stream);
	for (i = 0; i < RIG_ENGINES; i++)
		rpcs_native_free(&rig.native[i]);
}

#endif

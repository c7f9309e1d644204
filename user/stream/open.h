/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A message whose bytes go on behind the segment that stage 3 reported it from. It
 * is whole, and dated, once the last of its bytes was seen: stage 3 says so, or
 * the segments of the fallback show it.
 */
#ifndef RPCSENTRY_STREAM_OPEN_H
#define RPCSENTRY_STREAM_OPEN_H

#include <rpcsentry/record.h>

#include "decode.h"
#include "flow.h"

enum { RPCS_OPEN_PARTS_MAX = 16 };

/** Bytes [from, to) of a record. */
struct rpcs_open_part {
	uint32_t from, to;
};

struct rpcs_open {
	struct rpcs_open *older, *newer;
	struct rpcs_half *half;
	struct rpcs_message message;
	struct rpcs_record_body body;
	uint8_t machine[RPCS_RECORD_MACHINE_MAX];
	uint32_t start, end; /* of its record */
	bool following;	     /* the flow fell back: its segments show what is seen */
	bool crowded;	     /* more parts than there is room for: its last byte must do */
	uint32_t at;	     /* what lies before was seen */
	struct rpcs_open_part part[RPCS_OPEN_PARTS_MAX]; /* seen behind `at`, in order, apart */
	uint32_t parts;
	uint64_t
		beyond_ns; /* when bytes behind it came while some of it were missing; 0: not yet */
};

/** What a direction holds of [from, to): parts in order, RPCS_OPEN_PARTS_MAX at the most. */
uint32_t rpcs_open_held(const struct rpcs_half *half, uint32_t from, uint32_t to,
			struct rpcs_open_part *ret_parts);

/**
 * Keeps a copy of `message`, which was made from `record` (out of memory: not, counted).
 * Segments overtook it that brought these parts. True: the message is whole with them.
 */
bool rpcs_open_keep(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_message *message, const struct rpcs_record_rpc *record,
		    const struct rpcs_open_part *parts, uint32_t count);

/** All bytes before `next` were seen. True: the message is whole. */
bool rpcs_open_reached(struct rpcs_half *half, uint32_t next);

/** From here on segments tell; bytes before `next` were seen. True: the message is whole. */
bool rpcs_open_follow(struct rpcs_half *half, uint32_t next);

/** A segment of the fallback, seen at `time_ns`. True: the message is whole. */
bool rpcs_open_segment(struct rpcs_half *half, uint32_t seq, uint32_t len, uint64_t time_ns);

/** Is something of the message missing that nothing will bring any more, at `now_ns`? */
bool rpcs_open_is_over(const struct rpcs_half *half, uint64_t now_ns, uint64_t timeout_ns);

/** Takes the message out: the caller frees it. */
struct rpcs_open *rpcs_open_take(struct rpcs_flow_table *flows, struct rpcs_half *half);

/** Gives it up, counted. */
void rpcs_open_drop(struct rpcs_flow_table *flows, struct rpcs_half *half);

#endif

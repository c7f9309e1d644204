// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The segments that a direction of a TCP flow holds: in order, without overlap. */
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "open.h"
#include "tcp.h"

/* What a segment takes of the limit: a byte a segment must not be cheaper than it is. */
static uint64_t cost_of(const struct rpcs_segment *segment)
{
	return sizeof(*segment) + segment->available;
}

/** A place in the list: on each level the last segment before it, NULL for none. */
struct place {
	struct rpcs_segment *before[1 + RPCS_SEGMENT_SKIPS];
};

static struct rpcs_segment *next_of(const struct rpcs_half *half,
				    const struct rpcs_segment *segment, uint32_t level)
{
	if (level == 0)
		return segment ? segment->next : half->held;
	return segment ? segment->skip[level - 1] : half->skip[level - 1];
}

static void set_next(struct rpcs_half *half, struct rpcs_segment *segment, uint32_t level,
		     struct rpcs_segment *next)
{
	if (level == 0)
		*(segment ? &segment->next : &half->held) = next;
	else
		*(segment ? &segment->skip[level - 1] : &half->skip[level - 1]) = next;
}

/* Before the first segment that begins at or behind `seq`. */
static struct place place_of(const struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_segment *before = NULL, *next;
	struct place place;
	uint32_t level;

	for (level = RPCS_SEGMENT_SKIPS + 1; level-- > 0;) {
		while ((next = next_of(half, before, level)) && (int32_t)(next->seq - seq) < 0)
			before = next;
		place.before[level] = before;
	}
	return place;
}

/* Goes on behind `segment`, the next one. */
static void step_over(struct place *place, struct rpcs_segment *segment)
{
	uint32_t level;

	for (level = 0; level <= segment->height; level++)
		place->before[level] = segment;
}

/*
 * One in 16 has a shortcut, one in 256 two of them. Nobody outside knows which, so
 * no order of segments makes a list whose shortcuts are of no use.
 */
static uint8_t height_of(const struct rpcs_flow_table *flows, uint64_t arrival, uint32_t seq)
{
	const uint64_t key[] = { arrival, seq };
	uint64_t chance = rpcs_hash(&flows->seed, key, sizeof(key));
	uint8_t height = 0;

	while (height < RPCS_SEGMENT_SKIPS && (chance >> 4 * height & 15) == 0)
		height++;
	return height;
}

struct rpcs_segment *rpcs_half_find(const struct rpcs_half *half, uint32_t seq)
{
	struct place place = place_of(half, seq + 1);
	struct rpcs_segment *segment = place.before[0];

	if (segment && (int32_t)(segment->seq + segment->len - seq) > 0)
		return segment;
	return next_of(half, segment, 0);
}

static void insert(struct rpcs_flow_table *flows, struct rpcs_half *half, struct place *place,
		   struct rpcs_segment *segment)
{
	uint32_t level;

	for (level = 0; level <= segment->height; level++) {
		set_next(half, segment, level, next_of(half, place->before[level], level));
		set_next(half, place->before[level], level, segment);
	}
	if (!segment->next)
		half->last = segment;
	step_over(place, segment);
	half->held_bytes += segment->len;
	half->held_segments++;
	flows->held_bytes += cost_of(segment);
}

/* Takes the segment at a place out. */
static struct rpcs_segment *take(struct rpcs_flow_table *flows, struct rpcs_half *half,
				 const struct place *place)
{
	struct rpcs_segment *segment = next_of(half, place->before[0], 0);
	uint32_t level;

	for (level = 0; level <= segment->height; level++)
		set_next(half, place->before[level], level, next_of(half, segment, level));
	if (!segment->next)
		half->last = place->before[0];
	half->held_bytes -= segment->len;
	half->held_segments--;
	flows->held_bytes -= cost_of(segment);
	return segment;
}

static void drop(struct rpcs_flow_table *flows, struct rpcs_half *half, const struct place *place)
{
	free(take(flows, half, place));
}

void rpcs_half_drop_first(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	drop(flows, half, &(struct place){ 0 });
}

void rpcs_half_drop_inside(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   uint32_t len)
{
	struct place place = place_of(half, seq);
	const struct rpcs_segment *segment;

	while ((segment = next_of(half, place.before[0], 0)) &&
	       segment->seq - seq + segment->len <= len)
		drop(flows, half, &place);
}

void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	while (half->held)
		rpcs_half_drop_first(flows, half);
	half->wanted = half->scanned = half->gathered = half->reached = 0;
}

void rpcs_half_release(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	rpcs_half_drop(flows, half);
	rpcs_gap_free(flows, half);
	rpcs_open_drop(flows, half);
	rpcs_history_drop(flows, half);
}

/* Bytes that nobody keeps: the segment before may stand for them too. */
static bool join(struct rpcs_half *half, struct rpcs_segment *before,
		 const struct rpcs_segment *whole, uint32_t skip, uint32_t len)
{
	if (!whole->left_out || !before || !before->left_out ||
	    before->seq + before->len != whole->seq + skip)
		return false;
	before->len += len;
	half->held_bytes += len;
	if (whole->arrival > before->arrival) {
		before->arrival = whole->arrival;
		before->seen = whole->seen;
	}
	return true;
}

/* Takes away what other segments have brought before; the rest goes into the list in order. */
static void hold_part(struct rpcs_flow_table *flows, struct rpcs_half *half, struct place *place,
		      const struct rpcs_segment *whole, uint32_t skip, uint32_t len,
		      const uint8_t *bytes)
{
	uint32_t available = whole->available > skip ? whole->available - skip : 0;
	struct rpcs_segment *part;

	if (available > len)
		available = len;
	if (join(half, place->before[0], whole, skip, len))
		return;
	part = malloc(sizeof(*part) + available);
	if (!part)
		return; /* the hole it leaves is given up like any other */
	*part = *whole;
	part->seq = whole->seq + skip;
	part->len = len;
	part->available = available;
	part->height = height_of(flows, part->arrival, part->seq);
	if (available)
		memcpy(part->bytes, bytes + skip, available);
	insert(flows, half, place, part);
}

/* What a held segment and a new one both have must be the same. */
static void compare(const struct rpcs_segment *held, const struct rpcs_segment *whole,
		    const uint8_t *bytes, struct rpcs_overlap *overlap)
{
	uint32_t from = (int32_t)(held->seq - whole->seq) > 0 ? held->seq : whole->seq;
	uint32_t end = held->seq + held->available, i;

	if ((int32_t)(end - (whole->seq + whole->available)) > 0)
		end = whole->seq + whole->available;
	for (i = from; (int32_t)(end - i) > 0; i++)
		rpcs_overlap_add(overlap, i, held->bytes[i - held->seq], bytes[i - whole->seq]);
}

/* The usual place of a segment is the end, which takes no search unless it gets shortcuts. */
static bool hold_last(struct rpcs_flow_table *flows, struct rpcs_half *half,
		      const struct rpcs_segment *whole, const uint8_t *bytes)
{
	struct place end = { .before = { half->last } };

	if (!half->last || (int32_t)(whole->seq - (half->last->seq + half->last->len)) < 0 ||
	    height_of(flows, whole->arrival, whole->seq) > 0)
		return false;
	hold_part(flows, half, &end, whole, 0, whole->len, bytes);
	return true;
}

void rpcs_half_hold(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_segment *whole, const uint8_t *bytes,
		    struct rpcs_overlap *overlap)
{
	struct rpcs_segment *at;
	struct place place;
	uint32_t skip = 0, room;

	if (hold_last(flows, half, whole, bytes))
		return;
	at = rpcs_half_find(half, whole->seq);
	place = place_of(half, at ? at->seq : whole->seq);
	for (; at && skip < whole->len; at = at->next) {
		if ((int32_t)(at->seq - (whole->seq + skip)) > 0) {
			room = at->seq - (whole->seq + skip);
			if (room > whole->len - skip)
				room = whole->len - skip;
			hold_part(flows, half, &place, whole, skip, room, bytes);
			skip += room;
		}
		if (skip < whole->len && (int32_t)(at->seq + at->len - (whole->seq + skip)) > 0) {
			if (bytes)
				compare(at, whole, bytes, overlap);
			skip = at->seq + at->len - whole->seq;
		}
		step_over(&place, at);
	}
	if (skip < whole->len)
		hold_part(flows, half, &place, whole, skip, whole->len - skip, bytes);
}

void rpcs_half_move_before(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   struct rpcs_half *to)
{
	struct rpcs_segment *segment, part;
	struct rpcs_overlap none = { 0 };
	struct place end;

	while ((segment = half->held) && (int32_t)(segment->seq - seq) < 0) {
		if ((int32_t)(segment->seq + segment->len - seq) > 0) {
			part = *segment;
			part.len = seq - segment->seq;
			if (part.available > part.len)
				part.available = part.len;
			rpcs_half_hold(flows, to, &part, segment->bytes, &none);
			return;
		}
		segment = take(flows, half, &(struct place){ 0 });
		end = place_of(to, segment->seq);
		insert(flows, to, &end, segment);
	}
}

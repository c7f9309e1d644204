// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The segments that a direction of a TCP flow holds: in order, without overlap. */
#include <stdlib.h>
#include <string.h>

#include "tcp.h"

/* What a segment takes of the limit: a byte a segment must not be cheaper than it is. */
static uint64_t cost_of(const struct rpcs_segment *segment)
{
	return sizeof(*segment) + segment->available;
}

void rpcs_half_drop_first(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	struct rpcs_segment *segment = half->held;

	half->held = segment->next;
	half->held_bytes -= segment->len;
	half->held_segments--;
	flows->held_bytes -= cost_of(segment);
	free(segment);
	if (!half->held)
		half->last = NULL;
}

void rpcs_half_drop_inside(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
			   uint32_t len)
{
	struct rpcs_segment **at = &half->held, *segment;

	half->last = NULL;
	while ((segment = *at)) {
		if (segment->seq - seq < len && segment->seq - seq + segment->len <= len) {
			*at = segment->next;
			half->held_bytes -= segment->len;
			half->held_segments--;
			flows->held_bytes -= cost_of(segment);
			free(segment);
		} else {
			half->last = segment;
			at = &segment->next;
		}
	}
}

void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	while (half->held)
		rpcs_half_drop_first(flows, half);
	half->wanted = half->scanned = 0;
}

/* Takes away what other segments have brought before; the rest goes into the list in order. */
static void hold_part(struct rpcs_flow_table *flows, struct rpcs_half *half,
		      struct rpcs_segment *before, const struct rpcs_segment *whole, uint32_t skip,
		      uint32_t len, const uint8_t *bytes)
{
	uint32_t available = whole->available > skip ? whole->available - skip : 0;
	struct rpcs_segment *part;

	if (available > len)
		available = len;
	part = malloc(sizeof(*part) + available);
	if (!part)
		return; /* the hole it leaves is given up like any other */
	*part = *whole;
	part->seq = whole->seq + skip;
	part->len = len;
	part->available = available;
	if (available)
		memcpy(part->bytes, bytes + skip, available);
	part->next = before ? before->next : half->held;
	if (before)
		before->next = part;
	else
		half->held = part;
	if (!part->next)
		half->last = part;
	half->held_bytes += len;
	half->held_segments++;
	flows->held_bytes += cost_of(part);
}

void rpcs_half_hold(struct rpcs_flow_table *flows, struct rpcs_half *half,
		    const struct rpcs_segment *whole, const uint8_t *bytes)
{
	struct rpcs_segment *before = NULL, *at;
	uint32_t skip = 0, room;

	/* The usual place is the end. */
	if (half->last && (int32_t)(whole->seq - (half->last->seq + half->last->len)) >= 0) {
		hold_part(flows, half, half->last, whole, 0, whole->len, bytes);
		return;
	}
	for (at = half->held; at && skip < whole->len; before = at, at = at->next) {
		if ((int32_t)(at->seq - (whole->seq + skip)) > 0) {
			room = at->seq - (whole->seq + skip);
			if (room > whole->len - skip)
				room = whole->len - skip;
			hold_part(flows, half, before, whole, skip, room, bytes);
			skip += room;
		}
		if (skip < whole->len && (int32_t)(at->seq + at->len - (whole->seq + skip)) > 0)
			skip = at->seq + at->len - whole->seq;
	}
	if (skip < whole->len)
		hold_part(flows, half, before, whole, skip, whole->len - skip, bytes);
}

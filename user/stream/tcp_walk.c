// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walks over the segments that a direction of a TCP stream holds. */
#include <string.h>

#include "tcp_private.h"

struct rpcs_walk rpcs_tcp_walk(const struct rpcs_half *half, uint32_t seq)
{
	return (struct rpcs_walk){ .segment = rpcs_half_find(half, seq), .at = seq };
}

/* Copies what the segment has of [at, at + part). */
static void copy_part(struct rpcs_walk *walk, uint8_t *to, uint32_t part)
{
	const struct rpcs_segment *segment = walk->segment;
	uint32_t offset = walk->at - segment->seq;
	uint32_t there = segment->available > offset ? segment->available - offset : 0;

	if (walk->missing)
		return;
	if (there > part)
		there = part;
	if (to)
		memcpy(to + walk->copied, segment->bytes + offset, there);
	walk->copied += there;
	walk->missing = there < part;
	walk->cut = walk->missing && !segment->left_out;
}

bool rpcs_tcp_walk_bytes(struct rpcs_walk *walk, uint8_t *to, uint32_t len)
{
	uint32_t part;

	walk->copied = 0;
	while (len > 0) {
		while (walk->segment && walk->at == walk->segment->seq + walk->segment->len)
			walk->segment = walk->segment->next;
		if (!walk->segment || (int32_t)(walk->segment->seq - walk->at) > 0)
			return false;
		part = walk->segment->seq + walk->segment->len - walk->at;
		if (part > len)
			part = len;
		copy_part(walk, to, part);
		if (walk->segment->arrival >= walk->arrival) {
			walk->arrival = walk->segment->arrival;
			walk->seen = &walk->segment->seen;
		}
		walk->at += part;
		len -= part;
	}
	return true;
}

/* What a retransmission will be held against. */
static void remember(struct rpcs_tcp *tcp, struct rpcs_half *half,
		     const struct rpcs_segment *segment, uint32_t until)
{
	uint32_t skip = (int32_t)(half->next - segment->seq) > 0 ? half->next - segment->seq : 0;
	uint32_t end = segment->available;

	if ((int32_t)(segment->seq + end - until) > 0)
		end = until - segment->seq;
	if (end > skip)
		rpcs_history_add(tcp->flows, half, segment->seq + skip, segment->bytes + skip,
				 end - skip);
}

void rpcs_tcp_release_until(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_segment *segment;

	while ((segment = half->held) && (int32_t)(segment->seq - seq) < 0) {
		remember(tcp, half, segment, seq);
		if ((int32_t)(segment->seq + segment->len - seq) > 0)
			break;
		rpcs_half_drop_first(tcp->flows, half);
	}
	half->next = seq;
	if (half->unseen_count)
		rpcs_gap_forget_old(half);
	half->wanted = half->scanned = half->gathered = half->reached = 0;
	half->fragments = 0;
}

bool rpcs_tcp_has_hole(const struct rpcs_half *half, uint32_t *ret_from)
{
	const struct rpcs_segment *segment;
	uint32_t at = half->next;

	for (segment = half->held; segment; segment = segment->next) {
		if ((int32_t)(segment->seq - at) > 0) {
			*ret_from = segment->seq;
			return true;
		}
		at = segment->seq + segment->len;
	}
	*ret_from = at;
	return false;
}

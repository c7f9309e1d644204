// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Holes that are given up, and how a stream's records are found again behind them. */
#include "tcp_private.h"

uint32_t rpcs_tcp_held_before(const struct rpcs_half *half, uint32_t seq)
{
	const struct rpcs_segment *segment;
	uint32_t bytes = 0, from, to;

	for (segment = half->held; segment && (int32_t)(segment->seq - seq) < 0;
	     segment = segment->next) {
		from = (int32_t)(half->next - segment->seq) > 0 ? half->next : segment->seq;
		to = segment->seq + segment->len;
		if ((int32_t)(to - seq) > 0)
			to = seq;
		if (!segment->passed)
			bytes += to - from;
	}
	return bytes;
}

/* Goes on at a record, over bytes that are none of a record and holes that are given up. */
static void go_on_at(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	uint32_t hole;

	if (rpcs_tcp_has_hole(half, &hole) && (int32_t)(hole - seq) <= 0) {
		rpcs_gap_split(tcp, half, seq);
		return;
	}
	tcp->unplaced += seq - half->next;
	rpcs_tcp_release_until(tcp, half, seq);
}

void rpcs_tcp_resync(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from)
{
	struct rpcs_found found;
	enum rpcs_looks looks =
		rpcs_tcp_find_record(tcp, half, from, half->last->seq + half->last->len, &found);

	half->broken = false;
	if (looks == RPCS_LOOKS_NO) {
		rpcs_tcp_lose(tcp, half);
		return;
	}
	if (looks == RPCS_LOOKS_YES) {
		go_on_at(tcp, half, found.seq);
		return;
	}
	tcp->unplaced += rpcs_tcp_held_before(half, found.seq);
	rpcs_tcp_lose_step(half);
	rpcs_tcp_release_until(tcp, half, found.seq);
	rpcs_tcp_seek_held(tcp, half, found.seq);
}

/* Is this where a record, or a fragment of one, may begin, as far as its bytes are there? */
static bool may_begin(const struct rpcs_half *half, uint32_t seq, bool record)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, seq);
	const struct rpcs_segment *segment = walk.segment;
	uint32_t skip;

	if (!segment || (int32_t)(segment->seq - seq) >= 0)
		return !segment || segment->seq != seq || segment->passed || !record ||
		       rpcs_looks_like_mark(segment->bytes, segment->available);
	skip = seq - segment->seq;
	if (segment->passed)
		return false;
	return !record || segment->available <= skip ||
	       rpcs_looks_like_mark(segment->bytes + skip, segment->available - skip);
}

/*
 * A record with a hole whose marks tell where it ends costs nothing else. Otherwise
 * up to the hole lies the beginning of a record whose rest is missing.
 */
void rpcs_tcp_give_up_hole(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	bool inside = half->wanted > half->scanned, final = inside && half->final;
	uint32_t end = half->next + (inside ? half->wanted : half->scanned), from;

	/* The server's word on TLS does not come. */
	half->stopped = half->hello;
	if (half->stopped)
		return;
	if (!half->in_step) {
		if (!rpcs_tcp_seek_on(tcp, half, true))
			rpcs_tcp_lose(tcp, half);
		return;
	}
	if (end != half->next && may_begin(half, end, final && !half->tls)) {
		if (final && !half->broken) {
			rpcs_gap_split(tcp, half, end);
			return;
		}
		tcp->unplaced += end - half->next;
		rpcs_tcp_release_until(tcp, half, end);
		half->broken = !final;
		return;
	}
	rpcs_tcp_has_hole(half, &from);
	rpcs_tcp_resync(tcp, half, from);
}

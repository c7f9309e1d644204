// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Holes, and how a stream's records are found again behind them or on the way. */
#include <string.h>

#include "tcp_private.h"

enum {
	/* As far back of a new segment as a record may begin that only it makes recognisable. */
	SEEK_BACK = 1024,
	/* Looked at first: mostly a record follows a hole, and the rest stays where it is. */
	WINDOW_FIRST = 4096,
};

/** Bytes that follow each other without a hole. */
struct run {
	const struct rpcs_segment *first, *end; /* the segments; `end` is the one behind them */
	uint32_t seq, len;			/* what lies in tcp->assembly */
	bool whole;				/* not only its beginning does */
};

static bool has_bytes(const struct rpcs_segment *segment)
{
	return !segment->passed && !segment->left_out;
}

/* Gathers the run that begins with `first`, from `from` on; about `window` bytes of it. */
static struct run gather(struct rpcs_tcp *tcp, const struct rpcs_segment *first, uint32_t from,
			 uint32_t window)
{
	const struct rpcs_segment *segment = first;
	struct run run = { .first = first, .seq = first->seq };
	uint32_t skip = 0;

	if ((int32_t)(from - first->seq) > 0)
		run.seq = from;
	while (segment && has_bytes(segment)) {
		if (run.len >= window)
			return run;
		skip = run.seq + run.len - segment->seq;
		if (segment->available > skip) {
			memcpy(tcp->assembly + run.len, segment->bytes + skip,
			       segment->available - skip);
			run.len += segment->available - skip;
		}
		first = segment;
		segment = segment->next;
		if (first->available < first->len ||
		    (segment && segment->seq != first->seq + first->len))
			break;
	}
	run.end = segment;
	run.whole = true;
	return run;
}

/* The first place in the run where a record begins. SHORT: one may, more bytes will tell. */
static enum rpcs_looks search(const struct rpcs_tcp *tcp, const struct run *run, uint32_t *ret_seq)
{
	const struct rpcs_segment *segment = run->first;
	enum rpcs_looks looks, best = RPCS_LOOKS_NO;
	uint32_t at;

	for (at = 0; at < run->len; at++) {
		const uint8_t *bytes = tcp->assembly + at;

		while (segment->next && (int32_t)(run->seq + at - segment->next->seq) >= 0)
			segment = segment->next;
		looks = rpcs_looks_recognised(bytes, run->len - at);
		/* Where a segment begins a record is likely to; nobody cuts its header there. */
		if (looks != RPCS_LOOKS_YES && segment->seq == run->seq + at &&
		    segment->available <= run->len - at &&
		    rpcs_looks_like_record(bytes, segment->available) == RPCS_LOOKS_YES)
			looks = RPCS_LOOKS_YES;
		if (looks == RPCS_LOOKS_YES || (looks != best && best == RPCS_LOOKS_NO)) {
			*ret_seq = run->seq + at;
			best = looks;
		}
		if (looks == RPCS_LOOKS_YES)
			break;
	}
	return best;
}

enum rpcs_looks rpcs_tcp_find_record(struct rpcs_tcp *tcp, const struct rpcs_half *half,
				     uint32_t from, uint32_t *ret_seq)
{
	const struct rpcs_segment *segment = rpcs_half_find(half, from);
	enum rpcs_looks looks = RPCS_LOOKS_NO;
	uint32_t window;
	struct run run;

	while (segment) {
		if (segment->passed && (int32_t)(segment->seq - from) >= 0) {
			*ret_seq = segment->seq;
			return RPCS_LOOKS_YES;
		}
		if (!has_bytes(segment)) {
			segment = segment->next;
			continue;
		}
		window = WINDOW_FIRST;
		do {
			run = gather(tcp, segment, from, window);
			looks = search(tcp, &run, ret_seq);
			window *= 8;
		} while (looks != RPCS_LOOKS_YES && !run.whole);
		if (looks == RPCS_LOOKS_YES)
			break;
		segment = run.end;
	}
	return looks;
}

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

/* Out of step little is kept: enough for a header, and for segments in another order. */
static void limit_tail(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	uint32_t end;

	while (!half->in_step && half->held &&
	       (half->held_bytes > RPCS_TCP_SEEK_MAX ||
		half->held_segments > RPCS_TCP_SEEK_MAX / 8)) {
		end = half->held->seq + half->held->len;
		tcp->unplaced += rpcs_tcp_held_before(half, end);
		rpcs_tcp_release_until(tcp, half, end);
		if (half->held)
			half->next = half->held->seq;
	}
}

void rpcs_tcp_resync(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from)
{
	uint32_t seq = 0;
	enum rpcs_looks looks = rpcs_tcp_find_record(tcp, half, from, &seq);

	half->broken = false;
	if (looks == RPCS_LOOKS_NO) {
		rpcs_tcp_lose(tcp, half);
		return;
	}
	tcp->unplaced += looks == RPCS_LOOKS_YES ? seq - half->next
						 : rpcs_tcp_held_before(half, seq);
	rpcs_tcp_release_until(tcp, half, seq);
	half->in_step = looks == RPCS_LOOKS_YES;
	limit_tail(tcp, half);
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

	if (!half->in_step) {
		rpcs_tcp_lose(tcp, half);
		return;
	}
	if (end != half->next && may_begin(half, end, final && !half->tls)) {
		tcp->unplaced += end - half->next;
		rpcs_tcp_release_until(tcp, half, end);
		half->broken = !final;
		return;
	}
	rpcs_tcp_has_hole(half, &from);
	rpcs_tcp_resync(tcp, half, from);
}

void rpcs_tcp_seek(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes)
{
	enum rpcs_looks looks;
	uint32_t seq = 0;

	/* What is held belongs to another place, or one that nothing more comes of. */
	if (half->held && whole->seq - half->next + RPCS_TCP_REPEAT_MAX > 2 * RPCS_TCP_REPEAT_MAX)
		rpcs_tcp_lose(tcp, half);
	if (!half->held || (int32_t)(whole->seq - half->next) < 0)
		half->next = whole->seq;
	rpcs_half_hold(tcp->flows, half, whole, bytes, &tcp->overlap);
	looks = rpcs_tcp_find_record(tcp, half, whole->seq - SEEK_BACK, &seq);
	if (looks == RPCS_LOOKS_NO && !half->portmapper) {
		/* Stage 3 looks at what segments begin with by itself. */
		rpcs_tcp_lose(tcp, half);
	} else if (looks == RPCS_LOOKS_YES || !half->portmapper) {
		/* Of another port only what may be a header that goes on is worth the wait. */
		tcp->unplaced += rpcs_tcp_held_before(half, seq);
		half->in_step = looks == RPCS_LOOKS_YES;
		rpcs_tcp_release_until(tcp, half, seq);
		rpcs_tcp_take_records(tcp, half);
	}
	limit_tail(tcp, half);
}

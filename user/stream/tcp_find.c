// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds records in held bytes, where nothing tells where they begin. */
#include <string.h>

#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum {
	/* Looked at first: mostly a record follows a hole, and the rest stays where it is. */
	WINDOW_FIRST = 4096,
	/* More than the longest header has, in as many fragments as it is looked for in. */
	HEADER_MAX = 1024,
	/* As many bytes of a record as tell whether it is one. */
	PEEK_BYTES = 64,
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

uint32_t rpcs_tcp_peek(const struct rpcs_half *half, uint32_t seq, uint8_t *bytes, uint32_t max)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, seq);

	rpcs_tcp_walk_bytes(&walk, bytes, max);
	return walk.copied;
}

/* Do the bytes behind a record contradict that it is one? Where they are missing they do not. */
static bool is_refuted(const struct rpcs_half *half, const struct rpcs_found *found)
{
	uint8_t bytes[PEEK_BYTES];
	uint32_t len;

	/* All of a gap is known to end where a record begins. */
	if (half->gap && (int32_t)(found->end - half->gap->to) > 0)
		return true;
	if (!found->last)
		return false;
	len = rpcs_tcp_peek(half, found->end, bytes, sizeof(bytes));
	return len > 0 && !rpcs_looks_like_mark(bytes, len);
}

/* What begins `at` bytes behind the run's beginning, which lies in `segment`. */
static enum rpcs_looks look(const struct rpcs_tcp *tcp, const struct run *run,
			    const struct rpcs_segment *segment, uint32_t at,
			    struct rpcs_found *ret_found)
{
	const uint8_t *bytes = tcp->assembly + at;
	enum rpcs_looks looks;

	ret_found->end = 0;
	looks = rpcs_looks_recognised(bytes, run->len - at, &ret_found->end, &ret_found->last);
	/* Where a segment begins a record is likely to; nobody cuts its header there. */
	if (looks != RPCS_LOOKS_YES && segment->seq == run->seq + at &&
	    segment->available <= run->len - at &&
	    rpcs_looks_like_record(bytes, segment->available) == RPCS_LOOKS_YES) {
		looks = RPCS_LOOKS_YES;
		ret_found->end = (rpcs_load_be32(bytes) & ~RPCS_MARK_LAST) + RPCS_MARK_BYTES;
		ret_found->last = false;
	}
	ret_found->seq = run->seq + at;
	ret_found->end += ret_found->seq;
	return looks;
}

/* LATER goes before SHORT; of each the first one counts. */
static bool is_better(enum rpcs_looks looks, enum rpcs_looks best)
{
	return looks != RPCS_LOOKS_NO && looks != best &&
	       (best == RPCS_LOOKS_NO || looks == RPCS_LOOKS_YES || best == RPCS_LOOKS_SHORT);
}

/*
 * The first place in the run before `until` where a record begins. A reply whose end will
 * tell keeps what lies inside of it from being taken for one.
 */
static enum rpcs_looks search(const struct rpcs_tcp *tcp, const struct rpcs_half *half,
			      const struct run *run, uint32_t until, struct rpcs_found *ret_found)
{
	const struct rpcs_segment *segment = run->first;
	enum rpcs_looks looks, best = RPCS_LOOKS_NO;
	struct rpcs_found found;
	uint32_t at;

	for (at = 0; at < run->len && (int32_t)(run->seq + at - until) < 0; at++) {
		while (segment->next && (int32_t)(run->seq + at - segment->next->seq) >= 0)
			segment = segment->next;
		looks = look(tcp, run, segment, at, &found);
		if (looks == RPCS_LOOKS_NO ||
		    (looks != RPCS_LOOKS_SHORT && is_refuted(half, &found)))
			continue;
		if (is_better(looks, best)) {
			*ret_found = found;
			best = looks;
		}
		if (looks == RPCS_LOOKS_YES || (looks == RPCS_LOOKS_LATER && found.last))
			break;
	}
	return best;
}

enum rpcs_looks rpcs_tcp_find_record(struct rpcs_tcp *tcp, const struct rpcs_half *half,
				     uint32_t from, uint32_t until, struct rpcs_found *ret_found)
{
	const struct rpcs_segment *segment = rpcs_half_find(half, from);
	enum rpcs_looks looks, best = RPCS_LOOKS_NO;
	struct rpcs_found found;
	uint32_t window;
	struct run run;

	while (segment && (int32_t)(segment->seq - until) < 0) {
		if (segment->passed && (int32_t)(segment->seq - from) >= 0) {
			*ret_found = (struct rpcs_found){ .seq = segment->seq,
							  .end = segment->seq + segment->len,
							  .last = true };
			return RPCS_LOOKS_YES;
		}
		if (!has_bytes(segment)) {
			segment = segment->next;
			continue;
		}
		window = WINDOW_FIRST;
		do {
			run = gather(tcp, segment, from, window);
			looks = search(tcp, half, &run, until, &found);
			window *= 8;
		} while (looks != RPCS_LOOKS_YES && !run.whole &&
			 (int32_t)(run.seq + run.len - until) < HEADER_MAX);
		if (is_better(looks, best)) {
			*ret_found = found;
			best = looks;
		}
		if (looks == RPCS_LOOKS_YES || (looks == RPCS_LOOKS_LATER && found.last))
			break;
		if (!run.whole)
			break;
		segment = run.end;
	}
	return best;
}

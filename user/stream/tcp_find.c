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

/*
 * Where a segment begins a record is likely to; nobody cuts its header there. What passes for
 * a reply in fragments may be a call's words behind its program.
 */
static bool is_likely(const uint8_t *bytes, uint32_t len)
{
	return rpcs_looks_like_record(bytes, len) == RPCS_LOOKS_YES &&
	       (rpcs_load_be32(bytes + 8) == RPCS_MSG_CALL ||
		(rpcs_load_be32(bytes) & RPCS_MARK_LAST));
}

/* What begins `at` bytes behind the run's beginning, which lies in `segment`. */
static enum rpcs_looks look(const struct rpcs_tcp *tcp, const struct run *run,
			    const struct rpcs_segment *segment, uint32_t at,
			    struct rpcs_found *ret_found)
{
	const uint8_t *bytes = tcp->assembly + at;
	enum rpcs_looks looks;

	*ret_found = (struct rpcs_found){ 0 };
	looks = rpcs_looks_recognised(bytes, run->len - at, ret_found);
	if (looks != RPCS_LOOKS_YES && segment->seq == run->seq + at &&
	    segment->available <= run->len - at && is_likely(bytes, segment->available)) {
		looks = RPCS_LOOKS_YES;
		*ret_found = (struct rpcs_found){ .end = (rpcs_load_be32(bytes) & ~RPCS_MARK_LAST) +
							 RPCS_MARK_BYTES };
	}
	ret_found->seq = run->seq + at;
	ret_found->end += ret_found->seq;
	return looks;
}

/* What a place is worth: of the best of them the first counts. */
static int rank(enum rpcs_looks looks, const struct rpcs_found *found)
{
	if (looks == RPCS_LOOKS_YES)
		return found->joined ? 3 : 5;
	if (looks == RPCS_LOOKS_LATER)
		return found->last && !found->joined ? 4 : 2;
	return looks == RPCS_LOOKS_SHORT;
}

/** The best of the places that were looked at. */
struct best {
	enum rpcs_looks looks;
	struct rpcs_found found;
};

/* Of two that look like a header in several the one inside of the other is one. */
static bool is_inner(const struct best *best, const struct rpcs_found *found, int worth)
{
	return worth == 3 && (int32_t)(found->seq - best->found.end) < 0;
}

static void compare(struct best *best, enum rpcs_looks looks, const struct rpcs_found *found)
{
	int worth = rank(looks, found), before = rank(best->looks, &best->found);

	if (worth < before || (worth == before && !is_inner(best, found, worth)))
		return;
	best->looks = looks;
	best->found = *found;
}

/* Will nothing behind `at` be better? What only looks like a header in several has one inside. */
static bool is_decided(const struct best *best, uint32_t at)
{
	int worth = rank(best->looks, &best->found);

	return worth > 3 || (worth == 3 && ((int32_t)(at - best->found.end) >= 0 ||
					    (int32_t)(at - best->found.seq) >= HEADER_MAX));
}

/*
 * The first place in the run before `until` where a record begins. A reply whose end will
 * tell keeps what lies inside of it from being taken for one.
 */
static void search(const struct rpcs_tcp *tcp, const struct rpcs_half *half, const struct run *run,
		   uint32_t until, struct best *best)
{
	const struct rpcs_segment *segment = run->first;
	enum rpcs_looks looks;
	struct rpcs_found found;
	uint32_t at;

	for (at = 0; at < run->len && (int32_t)(run->seq + at - until) < 0; at++) {
		if (is_decided(best, run->seq + at))
			return;
		while (segment->next && (int32_t)(run->seq + at - segment->next->seq) >= 0)
			segment = segment->next;
		looks = look(tcp, run, segment, at, &found);
		if (looks == RPCS_LOOKS_NO ||
		    (looks != RPCS_LOOKS_SHORT && is_refuted(half, &found)))
			continue;
		compare(best, looks, &found);
	}
}

/* Can more bytes change what the search came to? What is none by its first words stays so. */
static bool is_open(const struct best *best)
{
	return best->looks != RPCS_LOOKS_NO &&
	       (best->looks != RPCS_LOOKS_YES || best->found.joined);
}

/* The run that begins with `segment`: as much of it as is needed, and where it ends. */
static const struct rpcs_segment *search_run(struct rpcs_tcp *tcp, const struct rpcs_half *half,
					     const struct rpcs_segment *segment, uint32_t from,
					     uint32_t until, struct best *ret_best)
{
	uint32_t begin = (int32_t)(from - segment->seq) > 0 ? from : segment->seq;
	uint32_t window = until - begin + PEEK_BYTES, limit = WINDOW_FIRST;
	struct run run;

	do {
		if (window > limit)
			window = limit;
		run = gather(tcp, segment, from, window);
		*ret_best = (struct best){ 0 };
		search(tcp, half, &run, until, ret_best);
		window *= 8;
		limit *= 8;
	} while (!run.whole && ((int32_t)(run.seq + run.len - until) < 0
					? ret_best->looks != RPCS_LOOKS_YES || is_open(ret_best)
					: is_open(ret_best) && (int32_t)(run.seq + run.len -
									 until) < HEADER_MAX));
	return run.whole ? run.end : NULL;
}

enum rpcs_looks rpcs_tcp_find_record(struct rpcs_tcp *tcp, const struct rpcs_half *half,
				     uint32_t from, uint32_t until, struct rpcs_found *ret_found)
{
	const struct rpcs_segment *segment = rpcs_half_find(half, from);
	struct best best = { 0 }, here;

	while (segment && (int32_t)(segment->seq - until) < 0) {
		if (segment->passed && (int32_t)(segment->seq - from) >= 0) {
			here = (struct best){ RPCS_LOOKS_YES,
					      { .seq = segment->seq,
						.end = segment->seq + segment->len,
						.last = true } };
			segment = NULL;
		} else if (!has_bytes(segment)) {
			segment = segment->next;
			continue;
		} else {
			segment = search_run(tcp, half, segment, from, until, &here);
		}
		compare(&best, here.looks, &here.found);
		if (rank(best.looks, &best.found) > 2)
			break;
	}
	*ret_found = best.found;
	return best.looks;
}

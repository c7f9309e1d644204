// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a stream passed over: bytes before the first record that could be recognised, and
 * holes that were given up. They may still come: segments of a connection met under way
 * in another order, or the rest of a record that lay before a decoy. Each such part is a
 * stream of its own, that ends where the one behind it begins.
 */
#include <stdlib.h>

#include "tcp_private.h"

/* Where the part begins by now. */
static uint32_t begin_of(const struct rpcs_gap *gap)
{
	return gap->half.in_step ? gap->half.next : gap->from;
}

/* Is `a` before `b`, of two places that lie in reach of each other? */
static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

void rpcs_gap_note(struct rpcs_half *half, uint32_t from, uint32_t to, bool begins)
{
	const struct rpcs_unseen unseen = { from, to, begins };
	uint32_t i, last = 0;

	if (from == to)
		return;
	if (half->unseen_count < RPCS_UNSEEN_MAX) {
		half->unseen[half->unseen_count++] = unseen;
		return;
	}
	for (i = 1; i < RPCS_UNSEEN_MAX; i++)
		if (is_before(half->unseen[i].to, half->unseen[last].to))
			last = i;
	if (is_before(half->unseen[last].to, to))
		half->unseen[last] = unseen;
}

static void forget(struct rpcs_half *half, uint32_t i)
{
	half->unseen[i] = half->unseen[--half->unseen_count];
}

static void gap_free(struct rpcs_flow_table *flows, struct rpcs_gap *gap)
{
	struct rpcs_gap **link = &gap->owner->gaps;

	while (*link != gap)
		link = &(*link)->next;
	*link = gap->next;
	rpcs_half_release(flows, &gap->half);
	flows->held_bytes -= sizeof(*gap);
	free(gap);
}

void rpcs_gap_free(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	while (half->gaps)
		gap_free(flows, half->gaps);
	half->unseen_count = 0;
}

/* Nothing more is expected of it, but it is remembered. */
static void give_up(struct rpcs_tcp *tcp, struct rpcs_gap *gap)
{
	struct rpcs_half *owner = gap->owner;
	uint32_t from = begin_of(gap), to = gap->to;
	bool begins = gap->half.in_step && !gap->half.held;

	rpcs_tcp_lose(tcp, &gap->half);
	gap_free(tcp->flows, gap);
	rpcs_gap_note(owner, from, to, begins);
}

static bool is_full(const struct rpcs_half *owner)
{
	const struct rpcs_gap *gap;
	uint32_t count = 0;

	for (gap = owner->gaps; gap; gap = gap->next)
		count++;
	return count >= RPCS_GAPS_MAX;
}

/* Not to be called with a gap in hand: it may be the one that goes. */
static void make_room(struct rpcs_tcp *tcp, struct rpcs_half *owner)
{
	struct rpcs_gap *gap, *last = owner->gaps;

	if (!is_full(owner))
		return;
	for (gap = owner->gaps; gap; gap = gap->next)
		if (is_before(gap->to, last->to))
			last = gap;
	give_up(tcp, last);
}

static struct rpcs_gap *gap_new(struct rpcs_tcp *tcp, struct rpcs_half *owner, uint32_t from,
				uint32_t to, bool begins)
{
	struct rpcs_gap *gap = calloc(1, sizeof(*gap));

	if (!gap)
		return NULL;
	gap->owner = owner;
	gap->from = from;
	gap->to = to;
	gap->half.gap = gap;
	gap->half.portmapper = owner->portmapper;
	gap->half.in_step = begins;
	gap->half.next = from;
	gap->next = owner->gaps;
	owner->gaps = gap;
	tcp->flows->held_bytes += sizeof(*gap);
	return gap;
}

/* Where what a half does not know begins: behind what it has handed on. */
static uint32_t floor_of(const struct rpcs_half *half, uint32_t seq)
{
	if (half->gap)
		return begin_of(half->gap);
	if (half->in_step)
		return half->next;
	if (half->floored && seq - half->floor <= RPCS_TCP_WINDOW_MAX)
		return half->floor;
	return seq - RPCS_TCP_WINDOW_MAX;
}

/* The gap takes what the half holds of it, and waits for what the half waited for. */
static void move(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_gap *gap)
{
	rpcs_half_move_before(tcp->flows, half, gap->to, &gap->half);
	if (!gap->half.in_step && gap->half.held)
		gap->half.next = gap->half.held->seq;
	gap->half.seeking = half->seeking && !is_before(gap->to, half->seek_end);
	gap->half.seek = half->seek;
	gap->half.seek_end = half->seek_end;
	gap->half.seek_last = half->seek_last;
	gap->half.seek_reached = half->seek_reached;
}

void rpcs_gap_split(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_half *owner = half->gap ? half->gap->owner : half;
	uint32_t from = floor_of(half, seq);
	struct rpcs_gap *gap = NULL;

	if (!half->gap)
		make_room(tcp, owner);
	if (from != seq && half->held && is_before(half->held->seq, seq) && !is_full(owner))
		gap = gap_new(tcp, owner, from, seq, half->in_step);
	/* What is missing counts now, what is there when it is given up. */
	if (half->in_step)
		tcp->unplaced += seq - from - rpcs_tcp_held_before(half, seq);
	if (gap) {
		move(tcp, half, gap);
	} else {
		tcp->unplaced += rpcs_tcp_held_before(half, seq);
		rpcs_gap_note(owner, from, seq, half->in_step);
	}
	rpcs_tcp_release_until(tcp, half, seq);
	half->start = seq;
	half->floored = false;
	if (half->gap)
		half->gap->from = seq;
}

/* It is done with where it has come to its end. */
static void settle(struct rpcs_tcp *tcp, struct rpcs_gap *gap)
{
	if (gap->half.in_step && !is_before(gap->half.next, gap->to))
		gap_free(tcp->flows, gap);
	else if (!gap->half.held || rpcs_tcp_is_over_limit(&gap->half))
		give_up(tcp, gap);
}

static void feed(struct rpcs_tcp *tcp, struct rpcs_gap *gap, const struct rpcs_segment *part,
		 const uint8_t *bytes)
{
	gap->changed = true;
	if (gap->half.in_step) {
		rpcs_half_hold(tcp->flows, &gap->half, part, bytes, &tcp->overlap);
		rpcs_tcp_take_records(tcp, &gap->half);
	} else {
		rpcs_tcp_seek(tcp, &gap->half, part, bytes);
	}
	settle(tcp, gap);
}

/* The gap that has `at`, or the next one behind it, made of what is remembered if need be. */
static struct rpcs_gap *gap_at(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t at,
			       uint32_t end)
{
	struct rpcs_gap *gap, *best = NULL;
	struct rpcs_unseen unseen;
	uint32_t i, until = end, place = RPCS_UNSEEN_MAX;

	for (gap = half->gaps; gap; gap = gap->next) {
		if (is_before(at, gap->to) && is_before(begin_of(gap), until)) {
			best = gap;
			until = begin_of(gap);
		}
	}
	for (i = 0; i < half->unseen_count; i++) {
		if (is_before(at, half->unseen[i].to) && is_before(half->unseen[i].from, until)) {
			place = i;
			until = half->unseen[i].from;
		}
	}
	if (place == RPCS_UNSEEN_MAX)
		return best;
	unseen = half->unseen[place];
	forget(half, place);
	make_room(tcp, half);
	gap = gap_new(tcp, half, unseen.from, unseen.to, unseen.begins);
	if (!gap)
		rpcs_gap_note(half, unseen.from, unseen.to, unseen.begins);
	return gap;
}

void rpcs_gap_forget_old(struct rpcs_half *half)
{
	uint32_t i = 0;

	while (i < half->unseen_count) {
		if (half->next - half->unseen[i].to > RPCS_TCP_WINDOW_MAX)
			forget(half, i);
		else
			i++;
	}
}

/* The part of a segment in [from, to), which it reaches over. */
static struct rpcs_segment part_of(const struct rpcs_segment *whole, uint32_t from, uint32_t to)
{
	struct rpcs_segment part = *whole;
	uint32_t skip = from - whole->seq;

	part.seq = from;
	part.len = to - from;
	part.available = whole->available > skip ? whole->available - skip : 0;
	if (part.available > part.len)
		part.available = part.len;
	return part;
}

bool rpcs_gap_take(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes)
{
	uint32_t at = whole->seq, end = whole->seq + whole->len, from, to;
	struct rpcs_segment part;
	struct rpcs_gap *gap;
	bool taken = false;

	if (is_before(half->next, end) && half->in_step)
		end = half->next;
	while (is_before(at, end) && (gap = gap_at(tcp, half, at, end))) {
		from = is_before(at, begin_of(gap)) ? begin_of(gap) : at;
		to = is_before(gap->to, end) ? gap->to : end;
		/* A record that stage 3 has reported is taken whole or not at all. */
		if (whole->passed && (from != whole->seq || to != whole->seq + whole->len)) {
			settle(tcp, gap);
			break;
		}
		part = part_of(whole, from, to);
		feed(tcp, gap, &part,
		     bytes ? bytes + (part.available ? from - whole->seq : 0) : NULL);
		taken = true;
		at = to;
	}
	return taken;
}

/* A record behind a hole in the gap: it goes on there. */
static void skip_hole(struct rpcs_tcp *tcp, struct rpcs_gap *gap, bool end)
{
	struct rpcs_half *half = &gap->half;
	struct rpcs_found found;
	uint32_t from;

	while (half->in_step && half->held && rpcs_tcp_has_hole(half, &from) &&
	       rpcs_tcp_find_record(tcp, half, from, gap->to, &found) == RPCS_LOOKS_YES) {
		rpcs_gap_split(tcp, half, found.seq);
		rpcs_tcp_take_records(tcp, half);
	}
	if (!half->in_step && half->held && rpcs_tcp_seek_on(tcp, half, end))
		rpcs_tcp_take_records(tcp, half);
}

void rpcs_gap_grow_old(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct rpcs_gap *gap = half->gaps, *next;

	for (; gap; gap = next) {
		/* Gaps that are made meanwhile come before it. */
		next = gap->next;
		if (gap->changed)
			skip_hole(tcp, gap, false);
		gap->changed = false;
		gap->rounds++;
		if (gap->rounds >= (gap->half.in_step ? RPCS_GAP_ROUNDS : RPCS_GAP_ROUNDS_SEEK) ||
		    half->next - gap->to > RPCS_TCP_WINDOW_MAX)
			give_up(tcp, gap);
		else
			settle(tcp, gap);
	}
}

void rpcs_tcp_lose_gaps(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->gaps)
		give_up(tcp, half->gaps);
}

void rpcs_gap_end(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct rpcs_gap *gap;

	for (gap = half->gaps; gap; gap = gap->next)
		skip_hole(tcp, gap, true);
	rpcs_tcp_lose_gaps(tcp, half);
}

void rpcs_gap_drop(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	rpcs_tcp_lose_gaps(tcp, half);
	half->unseen_count = 0;
}

uint32_t rpcs_tcp_wants(const struct rpcs_half *half)
{
	const struct rpcs_gap *gap;
	uint32_t reach = RPCS_TCP_WINDOW_MAX, i;

	for (gap = half->gaps; gap; gap = gap->next)
		if (half->next - gap->to < reach)
			reach = half->next - gap->to;
	for (i = 0; i < half->unseen_count; i++)
		if (half->next - half->unseen[i].to < reach && half->unseen[i].to != half->begin)
			reach = half->next - half->unseen[i].to;
	return reach == RPCS_TCP_WINDOW_MAX ? 0 : half->next - reach;
}

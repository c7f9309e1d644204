// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Segments in order, also those that only the kernel saw. Of an overlap the first bytes win. */
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum { MISLED_MAX = 3 };

int rpcs_tcp_init(struct rpcs_tcp *tcp, struct rpcs_flow_table *flows, rpcs_tcp_record_fn emit,
		  void *arg)
{
	*tcp = (struct rpcs_tcp){ .flows = flows, .emit = emit, .arg = arg };
	tcp->assembly = malloc(RPCS_TCP_HELD_MAX + RPCS_PACKET_MAX);
	tcp->behind = malloc(RPCS_TCP_HELD_MAX + RPCS_PACKET_MAX);
	if (tcp->assembly && tcp->behind)
		return 0;
	rpcs_tcp_free(tcp);
	return -ENOMEM;
}

void rpcs_tcp_free(struct rpcs_tcp *tcp)
{
	free(tcp->assembly);
	free(tcp->behind);
	tcp->assembly = tcp->behind = NULL;
}

/* Gives up what is held; of the first segment a part may have been handed on. */
static void drop_unplaced(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (half->held && (int32_t)(half->next - half->held->seq) > 0)
		tcp->unplaced -= half->next - half->held->seq;
	tcp->unplaced += half->held_bytes;
	rpcs_half_drop(tcp->flows, half);
	half->broken = half->seeking = half->hello = false;
}

/* Before the beginning nothing was seen. */
void rpcs_tcp_begin(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	drop_unplaced(tcp, half);
	rpcs_gap_drop(tcp, half);
	half->in_step = true;
	half->guess = half->floored = false;
	half->astray = 0;
	half->next = half->start = half->begin = seq;
	rpcs_gap_note(half, seq - RPCS_TCP_WINDOW_MAX, seq, false);
}

void rpcs_tcp_lose_step(struct rpcs_half *half)
{
	if (half->in_step && half->gap) {
		half->gap->from = half->next;
	} else if (half->in_step) {
		half->floored = true;
		half->floor = half->next;
	}
	half->in_step = false;
}

/* Out of step: what is held cannot be placed. */
void rpcs_tcp_lose(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	drop_unplaced(tcp, half);
	rpcs_tcp_lose_step(half);
}

void rpcs_tcp_born(struct rpcs_half *half, uint32_t born)
{
	if (half->unseen_count && half->next - born <= RPCS_TCP_WINDOW_MAX)
		half->begin = half->unseen[0].to = born;
}

bool rpcs_tcp_is_over_limit(const struct rpcs_half *half)
{
	return half->held_bytes > RPCS_TCP_HELD_MAX || half->held_segments > RPCS_TCP_SEGMENTS_MAX;
}

/* Holds the part [from, to) of a segment, as far as it has any of it. */
static void hold_part(struct rpcs_tcp *tcp, struct rpcs_half *half,
		      const struct rpcs_segment *whole, const uint8_t *bytes, uint32_t from,
		      uint32_t to, bool left_out)
{
	struct rpcs_segment part = *whole;
	uint32_t skip = (int32_t)(from - whole->seq) > 0 ? from - whole->seq : 0;

	if (skip >= whole->len || (int32_t)(to - (whole->seq + skip)) <= 0)
		return;
	part.seq += skip;
	part.len -= skip;
	if (part.len > to - part.seq)
		part.len = to - part.seq;
	part.available = whole->available > skip ? whole->available - skip : 0;
	if (part.available > part.len)
		part.available = part.len;
	if (left_out && part.available == part.len) {
		part.available = 0;
		part.left_out = true;
	}
	rpcs_half_hold(tcp->flows, half, &part, bytes ? bytes + skip : NULL, &tcp->overlap);
}

/* Holds a segment; of a record that nobody decodes, only the beginning of it. */
static void hold(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		 const uint8_t *bytes)
{
	uint32_t kept = half->next + RPCS_TCP_KEPT_MAX, end = half->next + half->wanted;

	if (half->portmapper || whole->passed || half->wanted <= RPCS_TCP_KEPT_MAX) {
		rpcs_half_hold(tcp->flows, half, whole, bytes, &tcp->overlap);
		return;
	}
	hold_part(tcp, half, whole, bytes, whole->seq, kept, false);
	hold_part(tcp, half, whole, bytes, kept, end, true);
	hold_part(tcp, half, whole, bytes, end, whole->seq + whole->len, false);
}

/* RFC 1122 4.2.3.6: a keep-alive may repeat the last byte as any other. */
static bool is_keepalive(const struct rpcs_half *half, const struct rpcs_segment *whole)
{
	return whole->len == 1 && whole->seq + 1 == half->next;
}

/*
 * Places a segment, trimmed to what is new. False: it was seen before, or lies
 * where the stream can't be (counted).
 */
static bool place(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_segment *whole,
		  const uint8_t *bytes)
{
	uint32_t behind = half->next - whole->seq;

	if (behind != 0 && behind <= RPCS_TCP_WINDOW_MAX) {
		if (bytes && !is_keepalive(half, whole))
			rpcs_history_compare(half, whole->seq, bytes,
					     behind < whole->available ? behind : whole->available,
					     &tcp->overlap);
		if (behind >= whole->len)
			return false;
		if (bytes)
			bytes += behind < whole->available ? behind : whole->available;
		whole->seq = half->next;
		whole->len -= behind;
		whole->available = whole->available > behind ? whole->available - behind : 0;
	} else if (whole->seq - half->next > RPCS_TCP_WINDOW_MAX) {
		tcp->unplaced += whole->len;
		return false;
	}
	hold(tcp, half, whole, bytes);
	rpcs_tcp_take_records(tcp, half);
	while (half->held && !half->stopped && rpcs_tcp_is_over_limit(half)) {
		rpcs_tcp_give_up_hole(tcp, half);
		rpcs_tcp_take_records(tcp, half);
		rpcs_tcp_lose_gaps(tcp, half);
	}
	return true;
}

/* So far behind that the step itself is in doubt: a decoy may have moved it. */
static bool is_far_back(const struct rpcs_half *half, uint32_t seq)
{
	uint32_t behind = half->next - seq;

	return behind > RPCS_TCP_REPEAT_MAX && behind <= RPCS_TCP_WINDOW_MAX &&
	       behind <= half->next - half->start;
}

/*
 * Nothing came since a SYN, and what comes now lies in another window: the SYN was a decoy,
 * where a record begins there, or several segments in a row say so.
 */
static bool is_misled(struct rpcs_half *half, const struct rpcs_segment *whole,
		      const uint8_t *bytes)
{
	if (half->next != half->begin || half->held ||
	    whole->seq - half->next <= RPCS_TCP_WINDOW_MAX ||
	    half->next - whole->seq <= RPCS_TCP_WINDOW_MAX)
		return false;
	half->astray++;
	return half->astray >= MISLED_MAX ||
	       rpcs_looks_like_record(bytes, whole->available) == RPCS_LOOKS_YES;
}

/* A segment of a direction that is in step. */
static void take_in_step(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_segment *whole,
			 const uint8_t *bytes)
{
	bool early = half->next != whole->seq && half->next - whole->seq <= RPCS_TCP_WINDOW_MAX &&
		     rpcs_gap_take(tcp, half, whole, bytes);

	if (!early && is_far_back(half, whole->seq) &&
	    rpcs_looks_like_record(bytes, whole->available) == RPCS_LOOKS_YES) {
		rpcs_tcp_lose(tcp, half);
		rpcs_tcp_begin(tcp, half, whole->seq);
	}
	place(tcp, half, whole, bytes);
}

/* Takes from a segment what was handed on before the step was lost. True: that was all. */
static bool trim_old(struct rpcs_half *half, struct rpcs_segment *whole, const uint8_t **bytes)
{
	uint32_t old = half->floor - whole->seq, there;

	if (!half->floored || old == 0 || old > RPCS_TCP_REPEAT_MAX)
		return false;
	if (old >= whole->len)
		return true;
	there = old < whole->available ? old : whole->available;
	whole->seq += old;
	whole->len -= old;
	whole->available -= there;
	*bytes += there;
	return false;
}

void rpcs_tcp_segment(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq,
		      const uint8_t *bytes, uint32_t len, uint32_t available,
		      const struct rpcs_sighting *seen)
{
	struct rpcs_segment whole = {
		.seen = *seen,
		.arrival = ++tcp->arrivals,
		.seq = seq,
		.len = len,
		.available = available,
	};

	tcp->overlap.bytes = tcp->overlap.shown = 0;
	/* An acknowledgement that came in IP fragments has nothing to hold. */
	if (len == 0)
		return;
	if (half->in_step && is_misled(half, &whole, bytes))
		rpcs_tcp_lose(tcp, half);
	if (half->in_step)
		take_in_step(tcp, half, &whole, bytes);
	else if (!trim_old(half, &whole, &bytes))
		rpcs_tcp_seek(tcp, half, &whole, bytes);
}

void rpcs_tcp_go_on(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	rpcs_tcp_take_records(tcp, half);
}

/*
 * Goes on at `seq`, where a record begins; what is held before it has no end. Of a
 * portmapper's port all is reported, so that something was lost on the way.
 */
static void jump(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	if (half->portmapper && half->next != seq && !half->broken) {
		rpcs_gap_split(tcp, half, seq);
		return;
	}
	tcp->unplaced += rpcs_tcp_held_before(half, seq);
	rpcs_tcp_release_until(tcp, half, seq);
	half->broken = false;
}

/* Is nothing missing before `seq`, by what the kernel says? */
static bool may_go_on(const struct rpcs_half *half, uint32_t seq, bool in_step)
{
	if (seq == half->next)
		return true;
	if (seq - half->next > RPCS_TCP_WINDOW_MAX)
		return false;
	/* Of other ports much is never reported: only what the agent holds can be missing. */
	return (in_step && !half->guess) || (!half->portmapper && !half->held);
}

bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half,
		   const struct rpcs_record_rpc *record, const struct rpcs_sighting *seen)
{
	bool in_step = record->head.flags & RPCS_F_IN_STEP;
	uint32_t seq = record->seq, len = record->message_len + RPCS_MARK_BYTES;
	struct rpcs_segment whole = {
		.seen = *seen,
		.arrival = ++tcp->arrivals,
		.seq = seq,
		.len = len,
		.passed = true,
	};

	tcp->overlap.bytes = tcp->overlap.shown = 0;
	half->odd = 0;
	if (half->in_step && half->next != seq && half->next - seq <= RPCS_TCP_WINDOW_MAX &&
	    rpcs_gap_take(tcp, half, &whole, NULL))
		return true;
	if (half->in_step && is_far_back(half, seq))
		rpcs_tcp_lose(tcp, half);
	if (!half->in_step)
		rpcs_tcp_begin(tcp, half, seq);
	/* Bytes of the same record that came before would make a second message of it. */
	rpcs_half_drop_inside(tcp->flows, half, seq, len);
	if (may_go_on(half, seq, in_step)) {
		if (seq == half->next)
			half->guess = false;
		jump(tcp, half, seq);
		rpcs_history_add_record(tcp->flows, half, record);
		rpcs_tcp_release_until(tcp, half, seq + len);
		return true;
	}
	if (seq - half->next <= RPCS_TCP_WINDOW_MAX)
		half->guess = true;
	else
		rpcs_history_compare_record(half, record, &tcp->overlap);
	return place(tcp, half, &whole, NULL);
}

void rpcs_tcp_adopt(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t boundary, uint32_t seq,
		    uint32_t len)
{
	uint32_t ahead = boundary - half->next;

	if (!half->in_step) {
		if (!half->guess)
			rpcs_tcp_begin(tcp, half, boundary);
		return;
	}
	/* The agent saw more than the kernel, or the kernel may be somewhere else altogether. */
	if (half->guess || ahead == 0 || ahead > RPCS_TCP_WINDOW_MAX)
		return;
	/* Of a portmapper port all is reported: what the segment brings itself was lost since. */
	if (half->portmapper && half->next - seq < len)
		return;
	jump(tcp, half, boundary);
	rpcs_tcp_take_records(tcp, half);
}

bool rpcs_tcp_fits(const struct rpcs_half *half, uint32_t seq)
{
	uint32_t reach = half->held ? half->last->seq + half->last->len - half->next : 0;

	/* What is held may be forged itself: it makes no room for an RST anywhere in a window. */
	if (reach > RPCS_TCP_REPEAT_MAX)
		reach = RPCS_TCP_REPEAT_MAX;
	/* What stage 3 stepped over on other ports is not known here. */
	if (!half->portmapper && !half->fallback)
		reach = RPCS_TCP_WINDOW_MAX;
	if (!half->in_step)
		return !half->held || seq - half->held->seq <= 2 * RPCS_TCP_REPEAT_MAX;
	return seq - half->next <= reach;
}

/* Nothing has come for long to a direction out of step. */
static void skip_out_of_step(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	uint32_t hole;

	if (rpcs_tcp_seek_on(tcp, half, false)) {
		rpcs_tcp_take_records(tcp, half);
		return;
	}
	if (half->held && rpcs_tcp_has_hole(half, &hole))
		rpcs_tcp_lose(tcp, half);
	else
		rpcs_tcp_seek_less(tcp, half);
}

/* The first hole, and those it leads to: it gets no older by reaching over several records. */
static void skip_in_step(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	uint32_t from, again;

	if (!rpcs_tcp_has_hole(half, &from))
		return;
	do {
		rpcs_tcp_give_up_hole(tcp, half);
		rpcs_tcp_take_records(tcp, half);
	} while (half->held && !half->stopped && rpcs_tcp_has_hole(half, &again) && again == from);
}

void rpcs_tcp_skip_hole(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (half->hello)
		half->stopped = true;
	else if (half->held && half->in_step)
		skip_in_step(tcp, half);
	else if (half->held)
		skip_out_of_step(tcp, half);
	rpcs_gap_grow_old(tcp, half);
}

void rpcs_tcp_end(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->held && !half->stopped) {
		rpcs_tcp_give_up_hole(tcp, half);
		rpcs_tcp_take_records(tcp, half);
	}
	rpcs_gap_end(tcp, half);
}

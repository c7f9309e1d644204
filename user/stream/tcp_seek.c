// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams whose records are not known: met under way, or lost behind a hole. Bytes are
 * kept until one shows itself. A reply's few small words may be anybody's: what follows
 * its record tells, and until then it keeps what lies inside of it.
 */
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum {
	/* As far back of a new segment as a record may begin that only it makes recognisable. */
	SEEK_BACK = 1024,
	/* Kept where no reply is waited for: segments may come in another order. */
	SEEK_IDLE_MAX = 1 << 14,
	PEEK_BYTES = 64,
	/* Segments in a row that lie elsewhere. */
	ASTRAY_MAX = 8,
};

/* In step: what was held before is a gap, whose rest may still come. */
static void found(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	rpcs_gap_split(tcp, half, seq);
	half->in_step = true;
	half->seeking = false;
}

/* Over the marks of the reply's other fragments. False: what stands there is none. */
static bool follow_marks(struct rpcs_half *half)
{
	uint8_t bytes[RPCS_MARK_BYTES];
	uint32_t mark;

	while (!half->seek_last &&
	       rpcs_tcp_peek(half, half->seek_end, bytes, sizeof(bytes)) == sizeof(bytes)) {
		mark = rpcs_load_be32(bytes);
		if ((mark & ~RPCS_MARK_LAST) > RPCS_TCP_RECORD_MAX)
			return false;
		half->seek_end += RPCS_MARK_BYTES + (mark & ~RPCS_MARK_LAST);
		half->seek_last = mark & RPCS_MARK_LAST;
	}
	return half->seek_end - half->seek <= RPCS_TCP_SEEK_MAX;
}

/* Is the reply there, to its last byte? What was walked over once is not again. */
static bool is_there(struct rpcs_half *half)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, half->seek_reached);
	bool there = rpcs_tcp_walk_bytes(&walk, NULL, half->seek_end - half->seek_reached);

	half->seek_reached = walk.at;
	return there;
}

/* What is known by now of the reply that is waited for. LATER: nothing new. */
static enum rpcs_looks check(struct rpcs_half *half)
{
	uint8_t bytes[PEEK_BYTES];
	uint32_t len;

	if (!follow_marks(half))
		return RPCS_LOOKS_NO;
	if (!half->seek_last)
		return RPCS_LOOKS_LATER;
	len = rpcs_tcp_peek(half, half->seek_end, bytes, sizeof(bytes));
	if (len > 0 && !rpcs_looks_like_mark(bytes, len))
		return RPCS_LOOKS_NO;
	return is_there(half) ? RPCS_LOOKS_YES : RPCS_LOOKS_LATER;
}

static void wait_for(struct rpcs_half *half, const struct rpcs_found *reply)
{
	half->seeking = true;
	half->seek = half->seek_reached = reply->seq;
	half->seek_end = reply->end;
	half->seek_last = reply->last;
}

/* Does the reply that is waited for keep this place from being a record's? */
static bool is_inside(const struct rpcs_half *half, uint32_t seq)
{
	return half->seeking && half->seek_last && (int32_t)(seq - half->seek) > 0 &&
	       (int32_t)(half->seek_end - seq) > 0;
}

/* A reply so large that its end is not waited for: only other ports have such. */
static bool is_large(const struct rpcs_half *half, const struct rpcs_found *found)
{
	return !half->portmapper && found->last && found->end - found->seq > RPCS_TCP_SEEK_MAX;
}

/* What was handed on before the step was lost is no news, though a segment may still have it. */
static uint32_t floor_of(const struct rpcs_half *half)
{
	if (half->gap)
		return half->gap->from;
	return half->floored ? half->floor : half->held->seq;
}

/* Looks at [from, until). */
static void look(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from, uint32_t until)
{
	uint32_t least = floor_of(half);
	struct rpcs_found place;
	enum rpcs_looks looks;

	if ((int32_t)(from - least) < 0)
		from = least;
	looks = rpcs_tcp_find_record(tcp, half, from, until, &place);
	half->seek_looked = until;
	half->seek_from = until;
	if (looks != RPCS_LOOKS_NO)
		half->seek_from = looks == RPCS_LOOKS_SHORT ? place.seq : until - SEEK_BACK;
	if (looks == RPCS_LOOKS_LATER && is_large(half, &place))
		looks = RPCS_LOOKS_YES;
	if ((looks != RPCS_LOOKS_YES && looks != RPCS_LOOKS_LATER) || is_inside(half, place.seq))
		return;
	if (looks == RPCS_LOOKS_YES)
		found(tcp, half, place.seq);
	else if (!half->seeking || !half->seek_last || (int32_t)(place.seq - half->seek) < 0)
		wait_for(half, &place);
}

/* To the end of what is held. */
static void look_on(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from)
{
	if (half->held)
		look(tcp, half, from, half->last->seq + half->last->len);
}

/* Takes the step at the reply that is waited for, or goes on behind it, when it is decided. */
static void decide(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	enum rpcs_looks looks;

	while (!half->in_step && half->seeking) {
		looks = check(half);
		if (looks == RPCS_LOOKS_LATER)
			return;
		half->seeking = false;
		if (looks == RPCS_LOOKS_YES)
			found(tcp, half, half->seek);
		else
			look_on(tcp, half, half->seek + 1);
	}
}

static void drop_first(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	uint32_t end = half->held->seq + half->held->len;

	tcp->unplaced += rpcs_tcp_held_before(half, end);
	rpcs_tcp_release_until(tcp, half, end);
	if (half->held)
		half->next = half->held->seq;
}

/* Out of step little is kept: enough for a reply, and for segments in another order. */
static void limit(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	uint32_t most;

	while (!half->in_step && half->held) {
		most = half->seeking ? RPCS_TCP_SEEK_MAX : SEEK_IDLE_MAX;
		if (half->held_bytes <= most && half->held_segments <= most / 8)
			return;
		if (half->seeking &&
		    (int32_t)(half->held->seq + half->held->len - half->seek) > 0) {
			half->seeking = false;
			look_on(tcp, half, half->seek + 1);
			decide(tcp, half);
		} else {
			drop_first(tcp, half);
		}
	}
}

void rpcs_tcp_seek_held(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from)
{
	look_on(tcp, half, from);
	decide(tcp, half);
	limit(tcp, half);
}

/* Nothing is missing of what the reply that is waited for has so far. */
static bool is_growing(const struct rpcs_half *half)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, half->seek);

	return half->seeking &&
	       rpcs_tcp_walk_bytes(&walk, NULL, half->last->seq + half->last->len - half->seek);
}

bool rpcs_tcp_seek_on(struct rpcs_tcp *tcp, struct rpcs_half *half, bool end)
{
	while (!half->in_step && half->seeking) {
		if (!end && half->held && is_growing(half))
			return true;
		half->seeking = false;
		look_on(tcp, half, half->seek + 1);
		decide(tcp, half);
	}
	return half->in_step;
}

void rpcs_tcp_seek_less(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->held &&
	       half->last->seq + half->last->len - half->held->seq - half->held->len >= SEEK_BACK)
		drop_first(tcp, half);
}

/*
 * Does it lie in another place than what is held? One of the two is forged, or old: the
 * held bytes go where a record begins there, or several segments say the same.
 */
static bool is_astray(struct rpcs_half *half, const struct rpcs_segment *whole,
		      const uint8_t *bytes)
{
	if (whole->seq - half->next + RPCS_TCP_REPEAT_MAX <= 2 * RPCS_TCP_REPEAT_MAX)
		half->astray = 0;
	else
		half->astray++;
	return half->astray && half->astray < ASTRAY_MAX && !whole->passed &&
	       rpcs_looks_like_record(bytes, whole->available) != RPCS_LOOKS_YES;
}

/* New bytes in [from, until): what they say of the reply that is waited for goes first. */
static void look_at(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from, uint32_t until)
{
	if (half->seeking && (int32_t)(from - half->seek) < 0)
		look(tcp, half, from, (int32_t)(half->seek - until) < 0 ? half->seek : until);
	decide(tcp, half);
	if (!half->in_step)
		look(tcp, half, from, until);
	decide(tcp, half);
}

/* Where a record may begin that a new segment makes recognisable: mostly behind the last one. */
static uint32_t first_place(const struct rpcs_half *half, uint32_t seq)
{
	if (half->seek_looked != seq || seq - half->seek_from > SEEK_BACK)
		return seq - SEEK_BACK;
	return half->seek_from;
}

void rpcs_tcp_seek(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		   const uint8_t *bytes)
{
	if (half->held && is_astray(half, whole, bytes)) {
		tcp->unplaced += whole->len;
		return;
	}
	if (half->held && half->astray)
		rpcs_tcp_lose(tcp, half);
	half->astray = 0;
	if (half->floored && whole->seq - half->floor > RPCS_TCP_WINDOW_MAX)
		half->floored = false;
	if (!half->held || (int32_t)(whole->seq - half->next) < 0)
		half->next = whole->seq;
	rpcs_half_hold(tcp->flows, half, whole, bytes, &tcp->overlap);
	look_at(tcp, half, first_place(half, whole->seq), whole->seq + whole->len);
	limit(tcp, half);
	rpcs_tcp_take_records(tcp, half);
}

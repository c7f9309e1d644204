// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Puts segments in order and takes records out of them. In an overlap the bytes
 * that came first win, as on Linux. A message is dated by the frame that brought
 * the last of its own bytes, whenever it can be told.
 */
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

int rpcs_tcp_init(struct rpcs_tcp *tcp, struct rpcs_flow_table *flows, rpcs_tcp_record_fn emit,
		  void *arg)
{
	uint8_t *assembly = malloc(RPCS_TCP_RECORD_MAX);

	if (!assembly)
		return -ENOMEM;
	*tcp = (struct rpcs_tcp){
		.flows = flows, .emit = emit, .arg = arg, .assembly = assembly
	};
	return 0;
}

void rpcs_tcp_free(struct rpcs_tcp *tcp)
{
	free(tcp->assembly);
	tcp->assembly = NULL;
}

/* What a segment takes of the limit: a byte a segment must not be cheaper than it is. */
static uint64_t cost_of(const struct rpcs_segment *segment)
{
	return sizeof(*segment) + segment->available;
}

static void drop_first(struct rpcs_flow_table *flows, struct rpcs_half *half)
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

void rpcs_half_drop(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	while (half->held)
		drop_first(flows, half);
	half->wanted = 0;
}

/* Gives up what is held; of the first segment a part may have been handed on. */
static void drop_unplaced(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (half->held && (int32_t)(half->next - half->held->seq) > 0)
		tcp->unplaced -= half->next - half->held->seq;
	tcp->unplaced += half->held_bytes;
	rpcs_half_drop(tcp->flows, half);
}

void rpcs_tcp_begin(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	rpcs_half_drop(tcp->flows, half);
	half->in_step = true;
	half->next = seq;
}

bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq, uint32_t len)
{
	if (half->in_step && (int32_t)(seq + len - half->next) <= 0)
		return false;
	drop_unplaced(tcp, half);
	half->in_step = true;
	half->next = seq + len;
	return true;
}

/* Does a record that may be RPC begin here? Asked where the stream's step is not known. */
static bool looks_like_record(const uint8_t *bytes, uint32_t len)
{
	uint32_t mark, type;

	if (len < RPCS_MARK_BYTES + RPCS_REPLY_BYTES)
		return false;
	mark = rpcs_load_be32(bytes) & ~RPCS_MARK_LAST;
	type = rpcs_load_be32(bytes + 8);
	if (mark < RPCS_REPLY_BYTES || mark > RPCS_TCP_RECORD_MAX)
		return false;
	if (type == RPCS_MSG_CALL)
		return rpcs_load_be32(bytes + 12) == RPCS_RPC_VERSION;
	return type == RPCS_MSG_REPLY && rpcs_load_be32(bytes + 12) <= RPCS_REPLY_DENIED;
}

/* Takes away what other segments have brought before; the rest goes into the list in order. */
static void hold_part(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_segment *before,
		      const struct rpcs_segment *whole, uint32_t skip, uint32_t len,
		      const uint8_t *bytes)
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
	tcp->flows->held_bytes += cost_of(part);
}

static void hold(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_segment *whole,
		 const uint8_t *bytes)
{
	struct rpcs_segment *before = NULL, *at;
	uint32_t skip = 0, room;

	/* The usual place is the end. */
	if (half->last && (int32_t)(whole->seq - (half->last->seq + half->last->len)) >= 0) {
		hold_part(tcp, half, half->last, whole, 0, whole->len, bytes);
		return;
	}
	for (at = half->held; at && skip < whole->len; before = at, at = at->next) {
		if ((int32_t)(at->seq - (whole->seq + skip)) > 0) {
			room = at->seq - (whole->seq + skip);
			if (room > whole->len - skip)
				room = whole->len - skip;
			hold_part(tcp, half, before, whole, skip, room, bytes);
			skip += room;
		}
		if (skip < whole->len && (int32_t)(at->seq + at->len - (whole->seq + skip)) > 0)
			skip = at->seq + at->len - whole->seq;
	}
	if (skip < whole->len)
		hold_part(tcp, half, before, whole, skip, whole->len - skip, bytes);
}

/** A walk over the held bytes from `next` on. */
struct walk {
	const struct rpcs_segment *segment;
	uint32_t at; /* sequence number */
	uint64_t arrival;
	const struct rpcs_sighting *seen; /* of the latest frame walked over */
	uint32_t copied;		  /* bytes before the first cut one, of the last call */
};

/*
 * Walks over `len` bytes and copies what the capture has of them, up to the first
 * that it cut; *cut stays set. False: not all came yet.
 */
static bool walk_bytes(struct walk *walk, uint8_t *to, uint32_t len, bool *cut)
{
	uint32_t offset, part, there;

	walk->copied = 0;
	while (len > 0) {
		while (walk->segment && walk->at == walk->segment->seq + walk->segment->len)
			walk->segment = walk->segment->next;
		if (!walk->segment || (int32_t)(walk->segment->seq - walk->at) > 0)
			return false;
		offset = walk->at - walk->segment->seq;
		part = walk->segment->len - offset;
		if (part > len)
			part = len;
		there = walk->segment->available > offset ? walk->segment->available - offset : 0;
		if (there > part)
			there = part;
		if (!*cut) {
			memcpy(to + walk->copied, walk->segment->bytes + offset, there);
			walk->copied += there;
			*cut = there < part;
		}
		if (walk->segment->arrival >= walk->arrival) {
			walk->arrival = walk->segment->arrival;
			walk->seen = &walk->segment->seen;
		}
		walk->at += part;
		len -= part;
	}
	return true;
}

static void release_until(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq)
{
	while (half->held && (int32_t)(half->held->seq + half->held->len - seq) <= 0)
		drop_first(tcp->flows, half);
	half->next = seq;
	half->wanted = 0;
}

/* Out of step: what is held cannot be placed. */
static void lose_step(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	drop_unplaced(tcp, half);
	half->in_step = false;
}

/* Takes one record at `next`. False: not whole yet, or the step is lost. */
static bool take_record(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct walk walk = { .segment = half->held, .at = half->next };
	struct rpcs_tcp_record record = { .bytes = tcp->assembly };
	bool cut = false, mark_cut = false;
	uint8_t bytes[RPCS_MARK_BYTES];
	uint32_t mark;

	do {
		if (!walk_bytes(&walk, bytes, sizeof(bytes), &mark_cut))
			return false;
		if (mark_cut) {
			lose_step(tcp, half);
			return false;
		}
		mark = rpcs_load_be32(bytes);
		record.fragments++;
		if ((mark & ~RPCS_MARK_LAST) > RPCS_TCP_RECORD_MAX - record.len) {
			lose_step(tcp, half);
			return false;
		}
		half->wanted = walk.at - half->next + (mark & ~RPCS_MARK_LAST);
		if (half->held_bytes < half->wanted ||
		    !walk_bytes(&walk, tcp->assembly + record.available, mark & ~RPCS_MARK_LAST,
				&cut))
			return false;
		record.len += mark & ~RPCS_MARK_LAST;
		record.available += walk.copied;
	} while (!(mark & RPCS_MARK_LAST));
	record.seen = walk.seen;
	if (record.len > 0)
		tcp->emit(tcp->arg, &record);
	release_until(tcp, half, walk.at);
	return true;
}

/* In step again at the first held segment behind a hole that a record may begin in. */
static void give_up_hole(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct rpcs_segment *segment = half->held;
	uint32_t at = half->next;

	/* Up to the hole lies the beginning of a record whose rest is missing. */
	while (segment && (int32_t)(segment->seq - at) <= 0) {
		at = segment->seq + segment->len;
		segment = segment->next;
	}
	while (segment && !looks_like_record(segment->bytes, segment->available))
		segment = segment->next;
	if (!segment) {
		lose_step(tcp, half);
		return;
	}
	tcp->unplaced += segment->seq - half->next;
	release_until(tcp, half, segment->seq);
}

static void take_records(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->in_step && half->held && half->held_bytes >= half->wanted &&
	       take_record(tcp, half))
		;
}

static bool over_limit(const struct rpcs_tcp *tcp, const struct rpcs_half *half)
{
	return half->held_bytes > RPCS_TCP_HELD_MAX ||
	       half->held_segments > RPCS_TCP_SEGMENTS_MAX ||
	       tcp->flows->held_bytes > tcp->flows->held_limit;
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
	uint32_t behind;

	if (!half->in_step) {
		if (!looks_like_record(bytes, available)) {
			tcp->unplaced += len;
			return;
		}
		rpcs_tcp_begin(tcp, half, seq);
	}
	behind = half->next - seq;
	if (behind != 0 && behind <= RPCS_TCP_WINDOW_MAX) {
		if (behind >= len)
			return; /* seen before */
		whole.seq = half->next;
		whole.len = len - behind;
		whole.available = available > behind ? available - behind : 0;
		bytes += behind < available ? behind : available;
	} else if (seq - half->next > RPCS_TCP_WINDOW_MAX) {
		tcp->unplaced += len;
		return;
	}
	hold(tcp, half, &whole, bytes);
	take_records(tcp, half);
	while (half->held && over_limit(tcp, half)) {
		give_up_hole(tcp, half);
		take_records(tcp, half);
	}
}

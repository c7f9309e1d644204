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
	*tcp = (struct rpcs_tcp){ .flows = flows, .emit = emit, .arg = arg, .assembly = assembly };
	return 0;
}

void rpcs_tcp_free(struct rpcs_tcp *tcp)
{
	free(tcp->assembly);
	tcp->assembly = NULL;
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
		rpcs_half_drop_first(tcp->flows, half);
	half->next = seq;
	half->wanted = half->scanned = 0;
}

/* Out of step: what is held cannot be placed. */
void rpcs_tcp_lose(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	drop_unplaced(tcp, half);
	half->in_step = false;
}

/*
 * Is the record at `next` there, as far as its marks tell? Each fragment is looked
 * at once: a record of many small ones would otherwise cost its square.
 */
static bool scan_record(struct rpcs_half *half)
{
	struct walk walk = { .segment = half->held, .at = half->next + half->scanned };
	uint8_t bytes[RPCS_MARK_BYTES];
	bool cut, no_copy = true;
	uint32_t mark, len;

	do {
		while (walk.segment &&
		       (int32_t)(walk.segment->seq + walk.segment->len - walk.at) <= 0)
			walk.segment = walk.segment->next;
		cut = false;
		if (!walk_bytes(&walk, bytes, sizeof(bytes), &cut))
			return false;
		mark = rpcs_load_be32(bytes);
		len = mark & ~RPCS_MARK_LAST;
		if (cut || len > RPCS_TCP_RECORD_MAX)
			return true; /* nothing to wait for */
		half->wanted = walk.at - half->next + len;
		if (half->held_bytes < half->wanted || !walk_bytes(&walk, NULL, len, &no_copy))
			return false;
		half->scanned = walk.at - half->next;
	} while (!(mark & RPCS_MARK_LAST));
	return true;
}

/* Takes one record at `next`. False: not whole yet, or the step is lost. */
static bool take_record(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct walk walk = { .segment = half->held, .at = half->next };
	struct rpcs_tcp_record record = { .bytes = tcp->assembly };
	bool cut = false, mark_cut = false;
	uint8_t bytes[RPCS_MARK_BYTES];
	uint32_t mark;

	if (!scan_record(half))
		return false;
	do {
		if (!walk_bytes(&walk, bytes, sizeof(bytes), &mark_cut))
			return false;
		if (mark_cut) {
			rpcs_tcp_lose(tcp, half);
			return false;
		}
		mark = rpcs_load_be32(bytes);
		record.fragments++;
		if ((mark & ~RPCS_MARK_LAST) > RPCS_TCP_RECORD_MAX - record.len) {
			rpcs_tcp_lose(tcp, half);
			return false;
		}
		if (!walk_bytes(&walk, tcp->assembly + record.available, mark & ~RPCS_MARK_LAST,
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
	while (segment && !segment->passed &&
	       !looks_like_record(segment->bytes, segment->available))
		segment = segment->next;
	if (!segment) {
		rpcs_tcp_lose(tcp, half);
		return;
	}
	tcp->unplaced += segment->seq - half->next;
	release_until(tcp, half, segment->seq);
}

/* Steps over what the kernel has reported. */
static bool take_passed(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (!half->held->passed || half->held->seq != half->next)
		return false;
	release_until(tcp, half, half->held->seq + half->held->len);
	return true;
}

static void take_records(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->in_step && half->held &&
	       (take_passed(tcp, half) ||
		(half->held_bytes >= half->wanted && take_record(tcp, half))))
		;
}

static bool over_limit(const struct rpcs_half *half)
{
	return half->held_bytes > RPCS_TCP_HELD_MAX || half->held_segments > RPCS_TCP_SEGMENTS_MAX;
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
	rpcs_half_hold(tcp->flows, half, whole, bytes);
	take_records(tcp, half);
	while (half->held && over_limit(half)) {
		give_up_hole(tcp, half);
		take_records(tcp, half);
	}
	return true;
}

/* So far behind that the step itself is in doubt: a decoy may have moved it. */
static bool is_far_back(const struct rpcs_half *half, uint32_t seq)
{
	uint32_t behind = half->next - seq;

	return behind > RPCS_TCP_REPEAT_MAX && behind <= RPCS_TCP_WINDOW_MAX;
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

	if (!half->in_step) {
		if (!looks_like_record(bytes, available)) {
			tcp->unplaced += len;
			return;
		}
		rpcs_tcp_begin(tcp, half, seq);
	}
	if (is_far_back(half, seq) && looks_like_record(bytes, available)) {
		rpcs_tcp_lose(tcp, half);
		rpcs_tcp_begin(tcp, half, seq);
	}
	place(tcp, half, &whole, bytes);
}

bool rpcs_tcp_pass(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t seq, uint32_t len,
		   const struct rpcs_sighting *seen)
{
	struct rpcs_segment whole = {
		.seen = *seen,
		.arrival = ++tcp->arrivals,
		.seq = seq,
		.len = len,
		.passed = true,
	};

	if (half->in_step && is_far_back(half, seq))
		rpcs_tcp_lose(tcp, half);
	if (!half->in_step)
		rpcs_tcp_begin(tcp, half, seq);
	/* Bytes of the same record that came before would make a second message of it. */
	rpcs_half_drop_inside(tcp->flows, half, seq, len);
	if (seq == half->next) {
		release_until(tcp, half, seq + len);
		take_records(tcp, half);
		return true;
	}
	return place(tcp, half, &whole, NULL);
}

bool rpcs_tcp_fits(const struct rpcs_half *half, uint32_t seq)
{
	uint32_t reach = half->held ? half->last->seq + half->last->len - half->next : 0;

	return !half->in_step || seq - half->next <= reach;
}

static bool has_hole(const struct rpcs_half *half)
{
	const struct rpcs_segment *segment;
	uint32_t at = half->next;

	for (segment = half->held; segment; segment = segment->next) {
		if ((int32_t)(segment->seq - at) > 0)
			return true;
		at = segment->seq + segment->len;
	}
	return false;
}

void rpcs_tcp_skip_hole(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (!has_hole(half))
		return;
	give_up_hole(tcp, half);
	take_records(tcp, half);
}

void rpcs_tcp_end(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->held) {
		give_up_hole(tcp, half);
		take_records(tcp, half);
	}
}

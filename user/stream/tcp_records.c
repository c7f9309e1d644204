// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Takes records out of a stream in order (RFC 5531 11). A message is dated by the
 * frame that brought the last of its own bytes, whenever it can be told.
 */
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum scan {
	SCAN_WAIT, /* not all of it is there */
	SCAN_WHOLE,
	SCAN_LOST, /* what stands there is no mark */
	SCAN_OVER, /* the record is too large, but its mark says where it ends */
};

enum { HELLO_BYTES = 10 }; /* as far as both hellos are alike (RFC 8446 4.1.2, 4.1.3, 5.1) */

/*
 * A TLS record with a handshake message: type 22, version 3.x, and the high byte of a
 * length of at most 2^14 + 256.
 */
static bool looks_like_tls(uint32_t mark)
{
	return mark >> 16 == 0x1603 && (mark >> 8 & 0xff) <= 4 && (mark & 0xff) <= 0x41;
}

/*
 * And in it a client's or server's hello. Its version lies where an RPC message has two
 * zeros: a mark that only looks like TLS must not close the flow to the sensor.
 */
static enum rpcs_looks looks_like_hello(const struct rpcs_half *half)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, half->next);
	uint8_t bytes[HELLO_BYTES];

	walk.missing = false;
	if (!rpcs_tcp_walk_bytes(&walk, bytes, sizeof(bytes)))
		return RPCS_LOOKS_SHORT;
	/* The capture cut it: the mark has to do. */
	if (walk.missing)
		return RPCS_LOOKS_YES;
	return (bytes[5] == 1 || bytes[5] == 2) && bytes[9] == 3 ? RPCS_LOOKS_YES : RPCS_LOOKS_NO;
}

/*
 * Are the `wanted` bytes there? What was found once is not walked over again, or a
 * hole behind many segments would cost a walk over all of them for each that follows.
 */
static bool is_there(struct rpcs_half *half, uint32_t from)
{
	struct rpcs_walk walk;
	bool there;

	if (half->held_bytes < half->wanted)
		return false;
	if (half->reached < from)
		half->reached = from;
	walk = rpcs_tcp_walk(half, half->next + half->reached);
	there = rpcs_tcp_walk_bytes(&walk, NULL, half->wanted - half->reached);
	half->reached = walk.at - half->next;
	return there;
}

/*
 * Is the record at `next` there, as far as its marks tell? Each fragment is looked
 * at once: a record of many small ones would otherwise cost its square.
 */
static enum scan scan_record(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, half->next + half->scanned);
	uint8_t bytes[RPCS_MARK_BYTES];
	enum rpcs_looks looks;
	uint32_t mark, len;

	do {
		walk.missing = false;
		if (!rpcs_tcp_walk_bytes(&walk, bytes, sizeof(bytes)))
			return SCAN_WAIT;
		if (walk.missing)
			return SCAN_LOST;
		mark = rpcs_load_be32(bytes);
		if (half->tls && half->scanned == 0 && looks_like_tls(mark)) {
			looks = looks_like_hello(half);
			half->hello = looks == RPCS_LOOKS_YES;
			half->stopped = half->hello && half->tls_sure;
			if (looks != RPCS_LOOKS_NO)
				return SCAN_WAIT;
		}
		len = mark & ~RPCS_MARK_LAST;
		rpcs_tcp_note_mark(tcp, half, walk, mark);
		if (len >= RPCS_STEP_MAX)
			return SCAN_LOST;
		half->wanted = walk.at - half->next + len;
		half->final = mark & RPCS_MARK_LAST;
		if (len > RPCS_TCP_RECORD_MAX - half->gathered)
			return SCAN_OVER;
		if (!is_there(half, walk.at - half->next))
			return SCAN_WAIT;
		half->scanned = half->wanted;
		half->gathered += len;
		half->fragments++;
		walk = rpcs_tcp_walk(half, half->next + half->scanned);
	} while (!half->final);
	return SCAN_WHOLE;
}

uint32_t rpcs_tcp_read_record(struct rpcs_tcp *tcp, const struct rpcs_half *half, uint32_t seq,
			      struct rpcs_tcp_record *ret_record)
{
	struct rpcs_tcp_record record = { .bytes = tcp->assembly };
	struct rpcs_walk walk = rpcs_tcp_walk(half, seq), marks;
	uint8_t bytes[RPCS_MARK_BYTES];
	uint32_t mark, len;

	do {
		marks = walk;
		marks.missing = false;
		if (!rpcs_tcp_walk_bytes(&marks, bytes, sizeof(bytes)))
			break; /* the caller has seen to it */
		marks.missing = walk.missing;
		marks.cut = walk.cut;
		walk = marks;
		mark = rpcs_load_be32(bytes);
		len = mark & ~RPCS_MARK_LAST;
		rpcs_tcp_walk_bytes(&walk, tcp->assembly + record.available, len);
		record.fragments++;
		record.empty |= len == 0;
		if (len < RPCS_FRAGMENT_TINY && !(mark & RPCS_MARK_LAST) && !record.tiny)
			record.tiny = len;
		record.len += len;
		record.available += walk.copied;
	} while (!(mark & RPCS_MARK_LAST));
	record.cut = walk.cut;
	record.seen = walk.seen;
	*ret_record = record;
	return walk.at;
}

/* Hands on the record at `next`, which is whole. */
static void take_whole(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	struct rpcs_tcp_record record;
	uint32_t end = rpcs_tcp_read_record(tcp, half, half->next, &record);

	if (record.len > 0 && !half->broken && !rpcs_tcp_is_told(half, half->next))
		tcp->emit(tcp->arg, &record);
	rpcs_tcp_note_record(tcp, half, &record);
	half->broken = false;
	rpcs_tcp_release_until(tcp, half, end);
}

/* Takes one record at `next`. False: not whole yet, or the stream has stopped. */
static bool take_record(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	bool final;

	switch (scan_record(tcp, half)) {
	case SCAN_WHOLE:
		take_whole(tcp, half);
		return true;
	case SCAN_OVER:
		tcp->oversize++;
		final = half->final;
		rpcs_tcp_release_until(tcp, half, half->next + half->wanted);
		half->broken = !final;
		half->odd = 0;
		return true;
	case SCAN_LOST:
		rpcs_tcp_resync(tcp, half, half->next + half->scanned + 1);
		return true;
	default:
		return false;
	}
}

/* Steps over what the kernel has reported. */
static bool take_passed(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	if (!half->held->passed || (int32_t)(half->held->seq - half->next) > 0)
		return false;
	half->broken = false;
	rpcs_tcp_release_until(tcp, half, half->held->seq + half->held->len);
	return true;
}

void rpcs_tcp_take_records(struct rpcs_tcp *tcp, struct rpcs_half *half)
{
	while (half->in_step && half->held && !half->stopped &&
	       (take_passed(tcp, half) ||
		(half->held_bytes >= half->wanted && take_record(tcp, half))))
		;
}

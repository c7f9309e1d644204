// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What record marks say that no client's would (RFC 5531 11). On a portmapper port it is told
 * at once; elsewhere once RPC has been read on the flow, since anything may look like a mark.
 */
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

static bool is_known(const struct rpcs_half *half)
{
	return half->portmapper || half->rpc;
}

/* Tells it, once for the record at `next`; a run of records without bytes counts as one. */
static void tell(struct rpcs_tcp *tcp, struct rpcs_half *half, const struct rpcs_oddity *oddity)
{
	uint8_t bit = (uint8_t)(1 << oddity->kind);

	if (half->odd & bit)
		return;
	half->odd |= bit;
	if (tcp->oddity)
		tcp->oddity(tcp->arg, oddity);
}

/*
 * Can what stands behind a mark be the beginning of a message? A mark without anything behind
 * it counts by its first bit, which no text has.
 */
static enum rpcs_looks looks_like_message(struct rpcs_walk behind, uint32_t mark)
{
	uint8_t bytes[RPCS_REPLY_BYTES];
	uint32_t type, word;

	behind.missing = false;
	if (!rpcs_tcp_walk_bytes(&behind, bytes, sizeof(bytes)) || behind.missing)
		return mark & RPCS_MARK_LAST ? RPCS_LOOKS_YES : RPCS_LOOKS_SHORT;
	type = rpcs_load_be32(bytes + 4);
	word = rpcs_load_be32(bytes + 8);
	if ((type == RPCS_MSG_CALL && word == RPCS_RPC_VERSION) ||
	    (type == RPCS_MSG_REPLY && word <= RPCS_REPLY_DENIED))
		return RPCS_LOOKS_YES;
	return RPCS_LOOKS_NO;
}

/* A record over its limit: what is it, by the header of its message? */
static enum rpcs_oddity_kind large_kind(const struct rpcs_half *half, struct rpcs_walk behind,
					uint32_t mark)
{
	enum rpcs_looks looks = RPCS_LOOKS_YES;

	if (half->gathered < RPCS_REPLY_BYTES)
		looks = looks_like_message(behind, mark);
	if (looks == RPCS_LOOKS_YES)
		return RPCS_ODDITY_HUGE_RECORD;
	/* With a length that nobody waits for there is nothing more to come. */
	if (looks == RPCS_LOOKS_SHORT && (mark & ~RPCS_MARK_LAST) < RPCS_STEP_MAX)
		return RPCS_ODDITY__MAX;
	return half->portmapper ? RPCS_ODDITY_JUNK : RPCS_ODDITY__MAX;
}

void rpcs_tcp_note_mark(struct rpcs_tcp *tcp, struct rpcs_half *half, struct rpcs_walk behind,
			uint32_t mark)
{
	uint32_t limit = half->portmapper ? RPCS_RECORD_HUGE_PORTMAPPER : RPCS_RECORD_HUGE;
	uint32_t len = mark & ~RPCS_MARK_LAST;
	struct rpcs_oddity oddity = { .kind = RPCS_ODDITY__MAX,
				      .seen = *behind.seen,
				      .length = len,
				      .fragments = half->fragments + 1U };

	if (!is_known(half))
		return;
	if (len == 0)
		oddity.kind = RPCS_ODDITY_ZERO_FRAGMENT;
	else if (len < RPCS_FRAGMENT_TINY && !(mark & RPCS_MARK_LAST))
		oddity.kind = RPCS_ODDITY_TINY_FRAGMENT;
	else if ((uint64_t)half->gathered + len > limit)
		oddity.kind = large_kind(half, behind, mark);
	if (oddity.kind == RPCS_ODDITY__MAX)
		return;
	if (oddity.kind == RPCS_ODDITY_HUGE_RECORD)
		oddity.length += half->gathered;
	if (oddity.kind == RPCS_ODDITY_JUNK) {
		oddity.length = half->held_bytes;
		oddity.what = "what stands where a record mark should be is none";
	}
	tell(tcp, half, &oddity);
}

void rpcs_tcp_note_record(struct rpcs_tcp *tcp, struct rpcs_half *half,
			  const struct rpcs_tcp_record *record)
{
	struct rpcs_oddity oddity = { .seen = *record->seen, .fragments = record->fragments };

	if (record->empty && is_known(half)) {
		oddity.kind = RPCS_ODDITY_ZERO_FRAGMENT;
		tell(tcp, half, &oddity);
	}
	if (record->tiny && is_known(half)) {
		oddity.kind = RPCS_ODDITY_TINY_FRAGMENT;
		oddity.length = record->tiny;
		tell(tcp, half, &oddity);
	}
	if (record->len > 0)
		half->odd = 0;
}

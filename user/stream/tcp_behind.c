// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls behind a hole whose replies come: the hole is the sensor's, not the server's,
 * and may still be filled. So such a call is told at once, and stays where it is.
 */
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

/* More is not searched: every reply would cost that much again. */
enum { BEHIND_MAX = 1 << 16 };

/* The segment of the byte at `seq`, or NULL. */
static struct rpcs_segment *segment_at(const struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_segment *segment = half->held;

	while (segment && seq - segment->seq >= segment->len)
		segment = segment->next;
	return segment;
}

bool rpcs_tcp_is_told(const struct rpcs_half *half, uint32_t seq)
{
	const struct rpcs_segment *segment = segment_at(half, seq);

	return segment && seq - segment->told_from < segment->told_len;
}

static void set_told(const struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_segment *segment = segment_at(half, seq);

	if (segment->told_len == 0)
		segment->told_from = seq;
	segment->told_len = seq - segment->told_from + 1;
}

/* Is the record at `seq` there, to its last byte? */
static bool is_whole(const struct rpcs_half *half, uint32_t seq)
{
	struct rpcs_walk walk = rpcs_tcp_walk(half, seq);
	uint8_t bytes[RPCS_MARK_BYTES];
	uint32_t mark, len;

	do {
		if (!rpcs_tcp_walk_bytes(&walk, bytes, sizeof(bytes)) || walk.missing)
			return false;
		mark = rpcs_load_be32(bytes);
		len = mark & ~RPCS_MARK_LAST;
		if (len > BEHIND_MAX || !rpcs_tcp_walk_bytes(&walk, NULL, len) || walk.missing)
			return false;
	} while (!(mark & RPCS_MARK_LAST));
	return true;
}

static bool is_call(const struct rpcs_tcp_record *record, uint32_t xid)
{
	return record->available >= RPCS_CALL_BYTES && rpcs_load_be32(record->bytes) == xid &&
	       rpcs_load_be32(record->bytes + 4) == RPCS_MSG_CALL;
}

/* The end of the call among the whole records from `at` on. False: at *ret_end they break off. */
static bool find_call(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t at, uint32_t xid,
		      uint32_t *ret_end)
{
	struct rpcs_tcp_record record;
	bool found = false;

	while (!found && is_whole(half, at)) {
		at = rpcs_tcp_read_record(tcp, half, at, &record);
		found = is_call(&record, xid);
	}
	*ret_end = at;
	return found;
}

/* The records in [at, end), which are whole. */
static void tell(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t at, uint32_t end)
{
	struct rpcs_tcp_record record;
	uint32_t next;

	for (; at != end; at = next) {
		next = rpcs_tcp_read_record(tcp, half, at, &record);
		if (rpcs_tcp_is_told(half, at))
			continue;
		set_told(half, at);
		if (record.len > 0)
			tcp->emit(tcp->arg, &record);
	}
}

static void look(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t from, uint32_t xid)
{
	const struct rpcs_segment *segment;
	uint32_t until = half->last->seq + half->last->len, seq, end;
	struct rpcs_found found;

	while (rpcs_tcp_find_record(tcp, half, from, until, &found) == RPCS_LOOKS_YES) {
		seq = found.seq;
		segment = segment_at(half, seq);
		if (segment->passed) {
			from = segment->seq + segment->len;
			continue;
		}
		if (find_call(tcp, half, seq, xid, &end)) {
			tell(tcp, half, seq, end);
			return;
		}
		from = end == seq ? seq + 1 : end;
	}
}

void rpcs_tcp_look_behind(struct rpcs_tcp *tcp, struct rpcs_half *half, uint32_t xid)
{
	uint8_t *assembly = tcp->assembly;
	uint32_t from, end = half->next + half->wanted;

	if (!half->in_step || half->stopped || half->tls || half->held_bytes > BEHIND_MAX ||
	    !rpcs_tcp_has_hole(half, &from))
		return;
	/* Inside the record with the hole nothing begins. */
	if ((int32_t)(end - from) > 0)
		from = end;
	/* The reply itself may lie there. */
	tcp->assembly = tcp->behind;
	look(tcp, half, from, xid);
	tcp->assembly = assembly;
}

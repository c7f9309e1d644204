// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See history.h. Of a compact record the bytes are made again, as far as it gives them. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

struct rpcs_history {
	struct rpcs_history *older, *newer;
	struct rpcs_half *half;
	uint32_t start, end;		   /* sequence numbers */
	uint8_t bytes[RPCS_HISTORY_BYTES]; /* of `seq` at seq % RPCS_HISTORY_BYTES */
	uint8_t known[RPCS_HISTORY_BYTES / 8];
};

_Static_assert((RPCS_HISTORY_BYTES & (RPCS_HISTORY_BYTES - 1)) == 0, "sequence numbers wrap");

static void unlink_history(struct rpcs_flow_table *flows, struct rpcs_history *history)
{
	*(history->older ? &history->older->newer : &flows->history_oldest) = history->newer;
	*(history->newer ? &history->newer->older : &flows->history_newest) = history->older;
	history->older = history->newer = NULL;
}

static void link_newest(struct rpcs_flow_table *flows, struct rpcs_history *history)
{
	history->older = flows->history_newest;
	*(history->older ? &history->older->newer : &flows->history_oldest) = history;
	flows->history_newest = history;
}

void rpcs_history_drop(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	if (!half->history)
		return;
	unlink_history(flows, half->history);
	flows->history_bytes -= sizeof(*half->history);
	free(half->history);
	half->history = NULL;
}

bool rpcs_history_drop_oldest(struct rpcs_flow_table *flows)
{
	if (!flows->history_oldest)
		return false;
	rpcs_history_drop(flows, flows->history_oldest->half);
	return true;
}

/* The direction's history, the newest of all; NULL: it has none and gets none. */
static struct rpcs_history *touch(struct rpcs_flow_table *flows, struct rpcs_half *half)
{
	struct rpcs_history *history = half->history;

	if (!half->portmapper && !half->rpc)
		return NULL;
	if (history) {
		unlink_history(flows, history);
		link_newest(flows, history);
		return history;
	}
	while (flows->held_bytes + flows->open_bytes + flows->history_bytes + sizeof(*history) >
		       flows->held_limit &&
	       rpcs_history_drop_oldest(flows))
		;
	history = calloc(1, sizeof(*history));
	if (!history)
		return NULL;
	history->half = half;
	half->history = history;
	flows->history_bytes += sizeof(*history);
	link_newest(flows, history);
	return history;
}

static void put(struct rpcs_history *history, uint32_t seq, uint8_t byte, bool known)
{
	uint32_t at = seq % RPCS_HISTORY_BYTES;
	uint8_t bit = (uint8_t)(1 << at % 8);

	history->bytes[at] = byte;
	if (known)
		history->known[at / 8] |= bit;
	else
		history->known[at / 8] &= (uint8_t)~bit;
}

void rpcs_history_add(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
		      const uint8_t *bytes, const bool *known, uint32_t len)
{
	struct rpcs_history *history = touch(flows, half);
	uint32_t i = len > RPCS_HISTORY_BYTES ? len - RPCS_HISTORY_BYTES : 0;

	if (!history)
		return;
	if (seq != history->end)
		history->start = seq;
	history->end = seq + len;
	if (history->end - history->start > RPCS_HISTORY_BYTES)
		history->start = history->end - RPCS_HISTORY_BYTES;
	for (; i < len; i++)
		put(history, seq + i, bytes[i], !known || known[i]);
}

void rpcs_overlap_add(struct rpcs_overlap *overlap, uint32_t seq, uint8_t was, uint8_t is)
{
	if (was != is && overlap->bytes++ == 0) {
		overlap->seq = seq;
		overlap->shown = 0;
	}
	if (overlap->bytes && overlap->shown < sizeof(overlap->was) &&
	    seq - overlap->seq == overlap->shown) {
		overlap->was[overlap->shown] = was;
		overlap->is[overlap->shown++] = is;
	}
}

void rpcs_history_compare(const struct rpcs_half *half, uint32_t seq, const uint8_t *bytes,
			  const bool *known, uint32_t len, struct rpcs_overlap *overlap)
{
	const struct rpcs_history *history = half->history;
	uint32_t i, at;

	if (!history)
		return;
	for (i = 0; i < len; i++) {
		at = (seq + i) % RPCS_HISTORY_BYTES;
		if (seq + i - history->start < history->end - history->start &&
		    (history->known[at / 8] >> at % 8 & 1) && (!known || known[i]))
			rpcs_overlap_add(overlap, seq + i, history->bytes[at], bytes[i]);
	}
}

/** The bytes of a record in the making. */
struct remade {
	uint8_t bytes[RPCS_HISTORY_BYTES];
	bool known[RPCS_HISTORY_BYTES];
	uint32_t len;
};

static void add32(struct remade *remade, uint32_t word)
{
	uint32_t i;

	for (i = 0; i < 4; i++) {
		remade->bytes[remade->len] = (uint8_t)(word >> (24 - 8 * i));
		remade->known[remade->len++] = true;
	}
}

static void add_unknown(struct remade *remade, uint32_t len)
{
	remade->len += len;
}

/* An AUTH_SYS body (RFC 5531 appendix A); stamp, padding and groups are not in the record. */
static void add_sys(struct remade *remade, const struct rpcs_record_rpc *record)
{
	uint32_t name = record->head.text_len, begin = remade->len;

	add_unknown(remade, 4);
	add32(remade, name);
	memcpy(remade->bytes + remade->len, record + 1, name);
	memset(remade->known + remade->len, true, name);
	add_unknown(remade, rpcs_xdr_padded(name));
	add32(remade, record->uid);
	add32(remade, record->gid);
	add_unknown(remade, rpcs_xdr_padded(record->cred_len) - (remade->len - begin));
}

static void add_call(struct remade *remade, const struct rpcs_record_rpc *record)
{
	add32(remade, record->call.rpc_version);
	add32(remade, record->call.program);
	add32(remade, record->call.version);
	add32(remade, record->call.procedure);
	add32(remade, record->cred_flavor);
	add32(remade, record->cred_len);
	if (record->cred_flavor == RPCS_AUTH_SYS)
		add_sys(remade, record);
	else
		add_unknown(remade, rpcs_xdr_padded(record->cred_len));
	add32(remade, record->verf_flavor);
	add32(remade, record->verf_len);
	add_unknown(remade, rpcs_xdr_padded(record->verf_len));
}

static void add_reply(struct remade *remade, const struct rpcs_record_rpc *record)
{
	add32(remade, record->reply.reply_stat);
	if (record->reply.reply_stat == RPCS_REPLY_ACCEPTED) {
		add32(remade, record->verf_flavor);
		add32(remade, record->verf_len);
		add_unknown(remade, rpcs_xdr_padded(record->verf_len));
	}
	add32(remade, record->reply.stat);
}

/* Both opaque_auth have at most 400 bytes: mark, header and body fit. */
static void remake(struct remade *remade, const struct rpcs_record_rpc *record)
{
	uint32_t end = RPCS_MARK_BYTES + record->message_len, i;

	memset(remade, 0, sizeof(*remade));
	add32(remade, record->message_len | RPCS_MARK_LAST);
	add32(remade, record->xid);
	add32(remade, record->head.kind == RPCS_RECORD_CALL ? RPCS_MSG_CALL : RPCS_MSG_REPLY);
	if (record->head.kind == RPCS_RECORD_CALL)
		add_call(remade, record);
	else
		add_reply(remade, record);
	for (i = 0; i < RPCS_RECORD_WORDS && end >= remade->len && end - remade->len >= 4; i++)
		add32(remade, record->body[i]);
}

void rpcs_history_add_record(struct rpcs_flow_table *flows, struct rpcs_half *half,
			     const struct rpcs_record_rpc *record)
{
	struct remade remade;
	uint32_t end = RPCS_MARK_BYTES + record->message_len, rest;

	if (!half->portmapper && !half->rpc)
		return;
	remake(&remade, record);
	if (remade.len > end)
		remade.len = end;
	rpcs_history_add(flows, half, record->seq, remade.bytes, remade.known, remade.len);
	/* Behind the body's first words nothing is known, and elsewhere most is never told. */
	rest = end - remade.len;
	if (!half->portmapper)
		return;
	if (rest >= RPCS_HISTORY_BYTES) {
		rpcs_history_drop(flows, half);
		return;
	}
	memset(remade.known, false, sizeof(remade.known));
	rpcs_history_add(flows, half, record->seq + remade.len, remade.bytes, remade.known, rest);
}

void rpcs_history_compare_record(const struct rpcs_half *half, const struct rpcs_record_rpc *record,
				 struct rpcs_overlap *overlap)
{
	struct remade remade;
	uint32_t end = RPCS_MARK_BYTES + record->message_len;

	if (!half->history)
		return;
	remake(&remade, record);
	rpcs_history_compare(half, record->seq, remade.bytes, remade.known,
			     remade.len < end ? remade.len : end, overlap);
}

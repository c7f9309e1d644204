// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See history.h. Of a compact record the bytes are made again, as far as it gives them. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

enum {
	SIZE_MIN = 64,
	/* Known runs of a record: its beginning, machine name, ids, verifier's header, body. */
	RUNS_MAX = 5,
};

/** Most streams end after a call and its reply: what is kept grows with what there is. */
struct rpcs_history {
	struct rpcs_history *older, *newer;
	struct rpcs_half *half;
	uint32_t start, end; /* sequence numbers */
	uint32_t size;	     /* a power of two, for numbers that wrap */
	uint8_t bytes[];     /* of `seq` at seq % size; then a bit for each, whether it is known */
};

static uint32_t room_of(uint32_t size)
{
	return (uint32_t)sizeof(struct rpcs_history) + size + size / 8;
}

static uint8_t *known_of(struct rpcs_history *history)
{
	return history->bytes + history->size;
}

static bool is_known(const struct rpcs_history *history, uint32_t at)
{
	return history->bytes[history->size + at / 8] >> at % 8 & 1;
}

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
	flows->history_bytes -= room_of(half->history->size);
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

static void set_known(uint8_t *bits, uint32_t at, uint32_t len, bool known)
{
	uint32_t end = at + len, whole;
	uint8_t bit;

	while (at < end) {
		whole = at % 8 ? 0 : (end - at) / 8;
		bit = (uint8_t)(1 << at % 8);
		if (whole)
			memset(bits + at / 8, known ? 0xff : 0, whole);
		else if (known)
			bits[at / 8] |= bit;
		else
			bits[at / 8] &= (uint8_t)~bit;
		at += whole ? whole * 8 : 1;
	}
}

/* Writes `len` bytes at `seq`; NULL: they are not known. */
static void put(struct rpcs_history *history, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	uint32_t at, part, skip = len > history->size ? len - history->size : 0;

	for (len -= skip, seq += skip; len > 0; len -= part, seq += part) {
		at = seq % history->size;
		part = history->size - at < len ? history->size - at : len;
		if (bytes)
			memcpy(history->bytes + at, bytes + skip, part);
		set_known(known_of(history), at, part, bytes != NULL);
		skip += part;
	}
}

/* One with room for `len` bytes, in no list; NULL: there is no memory. Others make way for it. */
static struct rpcs_history *make(struct rpcs_flow_table *flows, struct rpcs_half *half,
				 uint32_t len)
{
	struct rpcs_history *history;
	uint32_t size = SIZE_MIN;

	while (size < len)
		size *= 2;
	while (flows->held_bytes + flows->open_bytes + flows->history_bytes + room_of(size) >
		       flows->held_limit &&
	       rpcs_history_drop_oldest(flows))
		;
	history = malloc(room_of(size));
	if (!history)
		return NULL;
	*history = (struct rpcs_history){ .half = half, .size = size };
	memset(known_of(history), 0, size / 8);
	flows->history_bytes += room_of(size);
	return history;
}

static void copy(struct rpcs_history *to, const struct rpcs_history *from)
{
	uint32_t seq, at;

	to->start = from->start;
	to->end = from->end;
	for (seq = from->start; seq != from->end; seq++) {
		at = seq % from->size;
		put(to, seq, is_known(from, at) ? from->bytes + at : NULL, 1);
	}
}

/* The direction's history with room for `len` bytes, the newest of all; NULL: it gets none. */
static struct rpcs_history *touch(struct rpcs_flow_table *flows, struct rpcs_half *half,
				  uint32_t len)
{
	struct rpcs_history *history = half->history, *larger;

	if (history)
		unlink_history(flows, history);
	if (!history || history->size < len) {
		larger = make(flows, half, len);
		if (larger && history)
			copy(larger, history);
		if (history)
			flows->history_bytes -= room_of(history->size);
		free(history);
		half->history = history = larger;
	}
	if (history)
		link_newest(flows, history);
	return history;
}

/* The stream goes on with `len` bytes at `seq`, which are still to be put there; NULL: need not. */
static struct rpcs_history *extend(struct rpcs_flow_table *flows, struct rpcs_half *half,
				   uint32_t seq, uint32_t len)
{
	uint32_t start = half->history && half->history->end == seq ? half->history->start : seq;
	uint32_t end = seq + len;
	struct rpcs_history *history;

	if (!half->portmapper && !half->rpc)
		return NULL;
	if (end - start > RPCS_HISTORY_BYTES)
		start = end - RPCS_HISTORY_BYTES;
	history = touch(flows, half, end - start);
	if (history) {
		history->start = start;
		history->end = end;
	}
	return history;
}

void rpcs_history_add(struct rpcs_flow_table *flows, struct rpcs_half *half, uint32_t seq,
		      const uint8_t *bytes, uint32_t len)
{
	struct rpcs_history *history = extend(flows, half, seq, len);

	if (history)
		put(history, seq, bytes, len);
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
			  uint32_t len, struct rpcs_overlap *overlap)
{
	const struct rpcs_history *history = half->history;
	uint32_t i, at;

	if (!history)
		return;
	for (i = 0; i < len; i++) {
		at = (seq + i) % history->size;
		if (seq + i - history->start < history->end - history->start &&
		    is_known(history, at))
			rpcs_overlap_add(overlap, seq + i, history->bytes[at], bytes[i]);
	}
}

/** The bytes of a record in the making; those of no run are not known. */
struct remade {
	uint8_t bytes[RPCS_HISTORY_BYTES];
	uint32_t len, count;
	struct {
		uint32_t begin, end;
	} runs[RUNS_MAX];
};

static void add_known(struct remade *remade, const void *bytes, uint32_t len)
{
	if (remade->count == 0 || remade->runs[remade->count - 1].end != remade->len)
		remade->runs[remade->count++].begin = remade->len;
	memcpy(remade->bytes + remade->len, bytes, len);
	remade->len += len;
	remade->runs[remade->count - 1].end = remade->len;
}

static void add32(struct remade *remade, uint32_t word)
{
	word = __builtin_bswap32(word);
	add_known(remade, &word, sizeof(word));
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
	add_known(remade, record + 1, name);
	add_unknown(remade, rpcs_xdr_padded(name) - name);
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

	remade->len = remade->count = 0;
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
	uint32_t end = RPCS_MARK_BYTES + record->message_len, rest, at = 0, i;
	struct rpcs_history *history;
	struct remade remade;

	if (!half->portmapper && !half->rpc)
		return;
	remake(&remade, record);
	/* Behind the body's first words nothing is known, and elsewhere most is never told. */
	rest = half->portmapper ? end - remade.len : 0;
	if (rest >= RPCS_HISTORY_BYTES) {
		rpcs_history_drop(flows, half);
		return;
	}
	history = extend(flows, half, record->seq, remade.len + rest);
	if (!history)
		return;
	for (i = 0; i < remade.count; i++) {
		put(history, record->seq + at, NULL, remade.runs[i].begin - at);
		at = remade.runs[i].end;
		put(history, record->seq + remade.runs[i].begin,
		    remade.bytes + remade.runs[i].begin, at - remade.runs[i].begin);
	}
	put(history, record->seq + at, NULL, remade.len + rest - at);
}

void rpcs_history_compare_record(const struct rpcs_half *half, const struct rpcs_record_rpc *record,
				 struct rpcs_overlap *overlap)
{
	struct remade remade;
	uint32_t i, begin;

	if (!half->history)
		return;
	remake(&remade, record);
	for (i = 0; i < remade.count; i++) {
		begin = remade.runs[i].begin;
		rpcs_history_compare(half, record->seq + begin, remade.bytes + begin,
				     remade.runs[i].end - begin, overlap);
	}
}

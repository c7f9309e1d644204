// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Does a record begin at these bytes? Asked where nothing else tells: on a
 * connection already under way, and behind a hole.
 */
#include <string.h>

#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum {
	HEADER = RPCS_MARK_BYTES + RPCS_REPLY_BYTES, /* mark, XID, type, and what follows it */
	PROGRAM_FIRST = 100000,	   /* RFC 5531 8.3: all that were ever given out lie above, */
	PROGRAM_LAST = 0x5fffffff, /* and the transient ones end here */
	PROCEDURE_LAST = 0xffff,
	PSEUDO_FLAVORS = 390000, /* RFC 2623: of RPCSEC_GSS */
	/* The longest header there is: a call's words, and both its opaque_auth. */
	HEADER_MAX = RPCS_CALL_BYTES + 2 * (8 + RPCS_AUTH_BODY_MAX),
	FRAGMENTS_MAX = 32,
};

/* Type, and RPC version or reply_stat. */
static bool is_header(uint32_t type, uint32_t word)
{
	if (type == RPCS_MSG_CALL)
		return word == RPCS_RPC_VERSION;
	return type == RPCS_MSG_REPLY && word <= RPCS_REPLY_DENIED;
}

static bool is_mark(uint32_t mark)
{
	uint32_t len = mark & ~RPCS_MARK_LAST;

	return len >= RPCS_REPLY_BYTES && len <= RPCS_TCP_RECORD_MAX;
}

/* May a record begin with these bytes, of which there are too few to tell? */
static bool may_begin(const uint8_t *bytes, uint32_t len)
{
	if (len >= 12 && rpcs_load_be32(bytes + 8) > RPCS_MSG_REPLY)
		return false;
	if (len >= RPCS_MARK_BYTES)
		return is_mark(rpcs_load_be32(bytes));
	return len == 0 || (bytes[0] & 0x7f) == 0;
}

enum rpcs_looks rpcs_looks_like_record(const uint8_t *bytes, uint32_t len)
{
	if (len < HEADER)
		return may_begin(bytes, len) ? RPCS_LOOKS_SHORT : RPCS_LOOKS_NO;
	if (!is_mark(rpcs_load_be32(bytes)))
		return RPCS_LOOKS_NO;
	return is_header(rpcs_load_be32(bytes + 8), rpcs_load_be32(bytes + 12)) ? RPCS_LOOKS_YES
										: RPCS_LOOKS_NO;
}

/** A record's message, as far as it is there. */
struct start {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t end; /* of its fragments so far, marks included */
	bool last;    /* there are no more of them */
	bool breaks;  /* the bytes end inside of them */
	uint8_t joined[HEADER_MAX];
};

/* The next fragment's mark is taken. False: it is none. */
static bool take_mark(struct start *start, const uint8_t *bytes, uint32_t len, uint32_t *ret_len)
{
	uint32_t mark;

	start->breaks = len - start->end < RPCS_MARK_BYTES;
	if (start->breaks)
		return true;
	mark = rpcs_load_be32(bytes + start->end);
	*ret_len = mark & ~RPCS_MARK_LAST;
	start->last = mark & RPCS_MARK_LAST;
	start->end += RPCS_MARK_BYTES;
	return *ret_len <= RPCS_TCP_RECORD_MAX;
}

/*
 * Joins fragments until there are enough bytes for a header. Nobody needs as many as
 * FRAGMENTS_MAX. False: what stands there is no mark.
 */
static bool join(struct start *start, const uint8_t *bytes, uint32_t len)
{
	uint32_t i, part, there;

	start->bytes = start->joined;
	for (i = 0; i < FRAGMENTS_MAX && start->len < HEADER_MAX && !start->last; i++) {
		if (!take_mark(start, bytes, len, &part))
			return false;
		if (start->breaks)
			return true;
		there = len - start->end < part ? len - start->end : part;
		if (there > HEADER_MAX - start->len)
			there = HEADER_MAX - start->len;
		memcpy(start->joined + start->len, bytes + start->end, there);
		start->len += there;
		start->breaks = len - start->end < part;
		start->end += part;
		if (start->breaks)
			return true;
	}
	return start->last || start->len == HEADER_MAX;
}

/* The beginning of the message at `bytes`; most are not in fragments, and stay where they are. */
static bool begin(struct start *start, const uint8_t *bytes, uint32_t len)
{
	uint32_t part = 0, there;

	start->len = start->end = 0;
	start->last = start->breaks = false;
	if (!take_mark(start, bytes, len, &part))
		return false;
	if (!start->breaks && !start->last && part < HEADER_MAX && len - start->end > part) {
		start->end = 0;
		return join(start, bytes, len);
	}
	there = len - start->end;
	start->breaks = start->breaks || there < part || (there == part && !start->last);
	start->bytes = bytes + start->end;
	start->len = there < part ? there : part;
	start->end += part;
	return true;
}

/* Of a record in small fragments: is its message none of RPC, as far as it is there? */
static bool is_no_message(const uint8_t *bytes, uint32_t len)
{
	struct start start;

	if (!begin(&start, bytes, len))
		return true;
	if (start.len < RPCS_REPLY_BYTES)
		return !start.breaks;
	return !is_header(rpcs_load_be32(start.bytes + 4), rpcs_load_be32(start.bytes + 8));
}

bool rpcs_looks_like_mark(const uint8_t *bytes, uint32_t len)
{
	uint32_t i, mark, over;

	for (i = 0; i < FRAGMENTS_MAX; i++) {
		if (rpcs_looks_like_record(bytes, len) != RPCS_LOOKS_NO)
			return true;
		mark = len < RPCS_MARK_BYTES ? RPCS_REPLY_BYTES : rpcs_load_be32(bytes);
		if (mark < RPCS_REPLY_BYTES)
			return !is_no_message(bytes, len);
		/* A record without bytes, or too short for a message. */
		over = (mark & ~RPCS_MARK_LAST) + RPCS_MARK_BYTES;
		if (over >= RPCS_MARK_BYTES + RPCS_REPLY_BYTES)
			return false;
		if (over >= len)
			return true;
		bytes += over;
		len -= over;
	}
	return false;
}

/* An opaque_auth at `offset`, which is moved behind it. */
static enum rpcs_looks auth(const uint8_t *bytes, uint32_t len, uint32_t *offset)
{
	uint32_t flavor, body;

	if (len < *offset + 8)
		return RPCS_LOOKS_SHORT;
	flavor = rpcs_load_be32(bytes + *offset);
	body = rpcs_load_be32(bytes + *offset + 4);
	if (body > RPCS_AUTH_BODY_MAX || (flavor == RPCS_AUTH_NONE && body != 0))
		return RPCS_LOOKS_NO;
	if (flavor > RPCS_AUTH_TLS && flavor - PSEUDO_FLAVORS > 100)
		return RPCS_LOOKS_NO;
	*offset += 8 + rpcs_xdr_padded(body);
	return RPCS_LOOKS_YES;
}

/* A message's own header; *ret_header is where its body begins. */
static enum rpcs_looks call_header(const uint8_t *message, uint32_t len, uint32_t *ret_header)
{
	uint32_t program, offset = RPCS_CALL_BYTES;
	enum rpcs_looks looks;

	if (len < RPCS_CALL_BYTES)
		return RPCS_LOOKS_SHORT;
	program = rpcs_load_be32(message + 12);
	if (program < PROGRAM_FIRST || program > PROGRAM_LAST ||
	    rpcs_load_be32(message + 20) > PROCEDURE_LAST)
		return RPCS_LOOKS_NO;
	looks = auth(message, len, &offset);
	if (looks == RPCS_LOOKS_YES)
		looks = auth(message, len, &offset);
	*ret_header = offset;
	return looks;
}

static enum rpcs_looks reply_header(const uint8_t *message, uint32_t len, uint32_t *ret_header)
{
	bool denied = rpcs_load_be32(message + 8) == RPCS_REPLY_DENIED;
	uint32_t stat, offset = RPCS_REPLY_BYTES;
	enum rpcs_looks looks = RPCS_LOOKS_YES;

	if (!denied)
		looks = auth(message, len, &offset);
	if (looks != RPCS_LOOKS_YES)
		return looks;
	if (len < offset + 4)
		return RPCS_LOOKS_SHORT;
	stat = rpcs_load_be32(message + offset);
	*ret_header = offset + 4;
	if (denied)
		*ret_header += stat == RPCS_REJECT_RPC_MISMATCH ? 8 : 4;
	return stat > (denied ? RPCS_REJECT_AUTH_ERROR : RPCS_ACCEPT_SYSTEM_ERR) ? RPCS_LOOKS_NO
										 : RPCS_LOOKS_YES;
}

/* Over the record's other fragments, as far as they are there. False: there is no mark. */
static bool go_on(struct start *start, const uint8_t *bytes, uint32_t len)
{
	uint32_t i, part;

	for (i = 0; i < FRAGMENTS_MAX && !start->last && start->end <= len; i++) {
		if (!take_mark(start, bytes, len, &part))
			return false;
		if (start->breaks)
			return true;
		start->end += part;
	}
	return true;
}

/* What a header that fits is worth, by what follows its record. */
static enum rpcs_looks by_end(struct start *start, const uint8_t *bytes, uint32_t len, bool is_call)
{
	if (!go_on(start, bytes, len))
		return RPCS_LOOKS_NO;
	if (start->last && start->end <= len)
		return rpcs_looks_like_mark(bytes + start->end, len - start->end) ? RPCS_LOOKS_YES
										  : RPCS_LOOKS_NO;
	/* A call has eight words that fit; a reply's few small ones may be anybody's. */
	return is_call ? RPCS_LOOKS_YES : RPCS_LOOKS_LATER;
}

/* Can no message begin here? Most places are ruled out by a word or two. */
static enum rpcs_looks at_once(const uint8_t *bytes, uint32_t len)
{
	uint32_t mark = len < RPCS_MARK_BYTES ? RPCS_REPLY_BYTES : rpcs_load_be32(bytes);

	if (mark == 0 || mark >= RPCS_REPLY_BYTES)
		return rpcs_looks_like_record(bytes, len);
	return is_no_message(bytes, len) ? RPCS_LOOKS_NO : RPCS_LOOKS_YES;
}

enum rpcs_looks rpcs_looks_recognised(const uint8_t *bytes, uint32_t len,
				      struct rpcs_found *ret_found)
{
	enum rpcs_looks looks = at_once(bytes, len);
	bool is_call, small;
	struct start start;
	uint32_t header;

	if (looks != RPCS_LOOKS_YES)
		return looks;
	if (!begin(&start, bytes, len))
		return RPCS_LOOKS_NO;
	if (start.len < RPCS_REPLY_BYTES)
		return RPCS_LOOKS_SHORT;
	is_call = rpcs_load_be32(start.bytes + 4) == RPCS_MSG_CALL;
	looks = is_call ? call_header(start.bytes, start.len, &header)
			: reply_header(start.bytes, start.len, &header);
	if (looks == RPCS_LOOKS_SHORT && start.last && !start.breaks)
		looks = RPCS_LOOKS_NO;
	if (looks != RPCS_LOOKS_YES)
		return looks;
	if (start.last && !start.breaks && header > start.len)
		return RPCS_LOOKS_NO;
	looks = by_end(&start, bytes, len, is_call);
	/* An end that fits is proof enough. */
	small = (rpcs_load_be32(bytes) & ~RPCS_MARK_LAST) <
		(is_call ? RPCS_CALL_BYTES : RPCS_REPLY_BYTES);
	*ret_found = (struct rpcs_found){ .end = start.end,
					  .last = start.last,
					  .joined = small && !(start.last && start.end <= len) };
	return looks;
}

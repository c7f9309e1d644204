// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Does a record begin at these bytes? Asked where nothing else tells: on a
 * connection already under way, and behind a hole.
 */
#include <rpcsentry/rpc.h>

#include "tcp_private.h"

enum {
	HEADER = RPCS_MARK_BYTES + RPCS_REPLY_BYTES, /* mark, XID, type, and what follows it */
	PROGRAM_FIRST = 100000,	   /* RFC 5531 8.3: all that were ever given out lie above, */
	PROGRAM_LAST = 0x5fffffff, /* and the transient ones end here */
	PROCEDURE_LAST = 0xffff,
	PSEUDO_FLAVORS = 390000, /* RFC 2623: of RPCSEC_GSS */
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

bool rpcs_looks_like_mark(const uint8_t *bytes, uint32_t len)
{
	return rpcs_looks_like_record(bytes, len) != RPCS_LOOKS_NO;
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

enum rpcs_looks rpcs_looks_recognised(const uint8_t *bytes, uint32_t len)
{
	enum rpcs_looks looks = rpcs_looks_like_record(bytes, len);
	uint32_t mark, end, header;
	bool is_call;

	if (looks != RPCS_LOOKS_YES)
		return looks;
	mark = rpcs_load_be32(bytes);
	end = RPCS_MARK_BYTES + (mark & ~RPCS_MARK_LAST);
	is_call = rpcs_load_be32(bytes + 8) == RPCS_MSG_CALL;
	/* Nobody sends a reply's first words in a fragment of their own. */
	if (!is_call && !(mark & RPCS_MARK_LAST))
		return RPCS_LOOKS_NO;
	looks = is_call ? call_header(bytes + RPCS_MARK_BYTES, len - RPCS_MARK_BYTES, &header)
			: reply_header(bytes + RPCS_MARK_BYTES, len - RPCS_MARK_BYTES, &header);
	if (looks != RPCS_LOOKS_YES)
		return looks;
	if ((mark & RPCS_MARK_LAST) && RPCS_MARK_BYTES + header > end)
		return RPCS_LOOKS_NO;
	if (end <= len)
		return rpcs_looks_like_mark(bytes + end, len - end) ? RPCS_LOOKS_YES
								    : RPCS_LOOKS_NO;
	/* A call has eight words that fit; a reply's few small ones may be anybody's. */
	return is_call ? RPCS_LOOKS_YES : RPCS_LOOKS_SHORT;
}

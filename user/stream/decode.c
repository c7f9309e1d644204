// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The RPC header, natively and whole: what a compact record has no room for too. */
#include "decode.h"

#include <string.h>

#include <rpcsentry/rpc.h>

/*
 * Takes a unit: true, or false with the message marked. By its own length too
 * short is malformed; cut by the capture is not the sender's fault.
 */
static bool take(struct rpcs_cursor *cur, struct rpcs_message *message, uint32_t *ret_value,
		 const char *malformed)
{
	if (rpcs_take_be32(cur, ret_value))
		return true;
	if (cur->left < 4)
		message->malformed = malformed;
	else
		message->truncated = true;
	return false;
}

static const struct rpcs_excess about_machine = { .what = "the machine name",
						  .unit = "bytes",
						  .rfc = "RFC 5531 appendix A" };
static const struct rpcs_excess about_groups = { .what = "the list of groups",
						 .unit = "groups",
						 .rfc = "RFC 5531 appendix A" };
static const struct rpcs_excess about_credential = { .what = "the credential",
						     .unit = "bytes",
						     .rfc = "RFC 5531 8.2" };
static const struct rpcs_excess about_verifier = { .what = "the verifier",
						   .unit = "bytes",
						   .rfc = "RFC 5531 8.2" };

/* False: `length` is over what the RFC allows, or what is left; the first such is told. */
static bool is_within(struct rpcs_excess *excess, uint32_t length, uint32_t limit, uint32_t left,
		      const struct rpcs_excess *about)
{
	if (length <= limit && length <= left)
		return true;
	if (excess->what)
		return false;
	*excess = *about;
	excess->length = length;
	excess->over_limit = length > limit;
	excess->room = length > limit ? limit : left;
	return false;
}

/* The body of an AUTH_SYS credential (RFC 5531 appendix A). */
static bool auth_sys(struct rpcs_cursor cur, struct rpcs_auth *auth, struct rpcs_excess *excess)
{
	uint32_t stamp, machine_len, uid, gid, gids;
	const uint8_t *machine;

	if (!rpcs_take_be32(&cur, &stamp) || !rpcs_take_be32(&cur, &machine_len) ||
	    !is_within(excess, machine_len, RPCS_MACHINE_MAX, cur.left, &about_machine))
		return false;
	machine = cur.pos;
	if (!rpcs_skip(&cur, rpcs_xdr_padded(machine_len)) || !rpcs_take_be32(&cur, &uid) ||
	    !rpcs_take_be32(&cur, &gid) || !rpcs_take_be32(&cur, &gids) ||
	    !is_within(excess, gids, RPCS_GIDS_MAX, cur.left / 4, &about_groups))
		return false;
	auth->sys = true;
	auth->stamp_zero = stamp == 0;
	auth->uid = uid;
	auth->gid = gid;
	auth->machine.bytes = machine;
	auth->machine.len = machine_len;
	return true;
}

/* An opaque_auth (RFC 5531 8.2) up to its body, which `cur` is left behind. */
static bool take_auth(struct rpcs_cursor *cur, struct rpcs_message *message, uint32_t len,
		      const struct rpcs_excess *about, const char *malformed)
{
	uint32_t padded = rpcs_xdr_padded(len);

	if (!is_within(&message->header_excess, len, RPCS_AUTH_BODY_MAX, cur->left, about) ||
	    padded > cur->left) {
		message->malformed = malformed;
		return false;
	}
	if (!rpcs_skip(cur, padded)) {
		message->truncated = true;
		return false;
	}
	return true;
}

static bool take_credential(struct rpcs_cursor *cur, struct rpcs_message *message)
{
	struct rpcs_cursor body;

	if (!take(cur, message, &message->auth.flavor, "no room for a credential"))
		return false;
	message->has_auth = true;
	if (!take(cur, message, &message->auth.len, "no room for a credential"))
		return false;
	body = *cur;
	if (!take_auth(cur, message, message->auth.len, &about_credential,
		       message->auth.len > RPCS_AUTH_BODY_MAX ? "credential over 400 bytes"
							      : "credential beyond the message"))
		return false;
	body.left = message->auth.len;
	if (message->auth.flavor == RPCS_AUTH_SYS &&
	    !auth_sys(body, &message->auth, &message->header_excess))
		message->auth.malformed = true;
	return true;
}

static bool take_verifier(struct rpcs_cursor *cur, struct rpcs_message *message)
{
	if (!take(cur, message, &message->verf_flavor, "no room for a verifier"))
		return false;
	if (!take(cur, message, &message->verf_len, "no room for a verifier"))
		return false;
	message->has_verf = true;
	return take_auth(cur, message, message->verf_len, &about_verifier,
			 message->verf_len > RPCS_AUTH_BODY_MAX ? "verifier over 400 bytes"
								: "verifier beyond the message");
}

static void set_body(struct rpcs_message *message, const struct rpcs_cursor *cur)
{
	uint32_t there = (uint32_t)(cur->end - cur->pos);

	message->body = cur->pos;
	message->body_len = cur->left;
	message->body_available = there < cur->left ? there : cur->left;
}

static void decode_call(struct rpcs_message *message, struct rpcs_cursor *cur)
{
	if (take_credential(cur, message) && take_verifier(cur, message))
		set_body(message, cur);
}

/* What follows the stat where it is not SUCCESS; also from a compact record's body. */
static void decode_failure(struct rpcs_message *message, struct rpcs_cursor *cur)
{
	bool accepted = message->reply_stat == RPCS_REPLY_ACCEPTED;

	if ((accepted && message->stat == RPCS_ACCEPT_PROG_MISMATCH) ||
	    (!accepted && message->stat == RPCS_REJECT_RPC_MISMATCH)) {
		message->has_mismatch =
			take(cur, message, &message->mismatch_low, "no version range") &&
			take(cur, message, &message->mismatch_high, "no version range");
	} else if (!accepted && message->stat == RPCS_REJECT_AUTH_ERROR) {
		message->has_auth_stat = take(cur, message, &message->auth_stat, "no auth_stat");
	} else if (accepted && message->stat > RPCS_ACCEPT_SYSTEM_ERR) {
		message->malformed = "unknown accept_stat";
	} else if (!accepted) {
		message->malformed = "unknown reject_stat";
	}
}

static void decode_reply(struct rpcs_message *message, struct rpcs_cursor *cur)
{
	message->reply_has = 1;
	if (message->reply_stat > RPCS_REPLY_DENIED) {
		message->malformed = "unknown reply_stat";
		return;
	}
	if (message->reply_stat == RPCS_REPLY_ACCEPTED && !take_verifier(cur, message))
		return;
	if (!take(cur, message, &message->stat, "no status"))
		return;
	message->reply_has = 2;
	if (message->reply_stat == RPCS_REPLY_ACCEPTED && message->stat == RPCS_ACCEPT_SUCCESS)
		set_body(message, cur);
	else
		decode_failure(message, cur);
}

bool rpcs_message_decode(struct rpcs_message *message, const uint8_t *bytes, uint32_t available,
			 uint32_t len)
{
	struct rpcs_cursor cur = { .pos = bytes, .end = bytes + available, .left = len };
	uint32_t type;

	message->length = len;
	message->truncated |= available < len;
	if (!rpcs_take_be32(&cur, &message->xid) || !rpcs_take_be32(&cur, &type))
		return false;
	if (type == RPCS_MSG_CALL) {
		message->is_call = true;
		if (!rpcs_take_be32(&cur, &message->rpc_version) ||
		    !rpcs_take_be32(&cur, &message->program) ||
		    !rpcs_take_be32(&cur, &message->version) ||
		    !rpcs_take_be32(&cur, &message->procedure))
			return false;
		decode_call(message, &cur);
		return true;
	}
	if (type != RPCS_MSG_REPLY || !rpcs_take_be32(&cur, &message->reply_stat))
		return false;
	decode_reply(message, &cur);
	return true;
}

bool rpcs_message_agrees_to_tls(const struct rpcs_message *reply)
{
	static const uint32_t starttls_len = 8;

	return reply->reply_has == 2 && reply->reply_stat == RPCS_REPLY_ACCEPTED &&
	       reply->stat == RPCS_ACCEPT_SUCCESS && reply->verf_flavor == RPCS_AUTH_NONE &&
	       reply->verf_len == starttls_len;
}

void rpcs_tuple_from_head(struct rpcs_tuple *tuple, const struct rpcs_record_head *head)
{
	memcpy(tuple->src.bytes, head->src, sizeof(tuple->src.bytes));
	memcpy(tuple->dst.bytes, head->dst, sizeof(tuple->dst.bytes));
	rpcs_tuple_set(tuple, head->sport, head->dport, head->protocol);
}

/* The record's numbers as the bytes they were, for the one decoder of arguments and results. */
static void body_from_record(struct rpcs_message *message, const struct rpcs_record_rpc *record,
			     uint32_t header_len, struct rpcs_record_body *body)
{
	uint32_t i, word;

	for (i = 0; i < RPCS_RECORD_WORDS; i++) {
		word = __builtin_bswap32(record->body[i]);
		memcpy(body->bytes + i * 4, &word, sizeof(word));
	}
	message->body = body->bytes;
	message->body_len = record->message_len - header_len;
	message->body_available = message->body_len & ~3U;
	if (message->body_available > sizeof(body->bytes))
		message->body_available = sizeof(body->bytes);
}

static void call_from_record(struct rpcs_message *message, const struct rpcs_record_rpc *record)
{
	const uint8_t *machine = (const uint8_t *)(record + 1);

	message->is_call = true;
	message->rpc_version = record->call.rpc_version;
	message->program = record->call.program;
	message->version = record->call.version;
	message->procedure = record->call.procedure;
	message->has_auth = true;
	message->auth.flavor = record->cred_flavor;
	message->auth.len = record->cred_len;
	if (record->cred_flavor == RPCS_AUTH_SYS) {
		message->auth.sys = true;
		message->auth.stamp_zero = record->head.flags & RPCS_F_STAMP_ZERO;
		message->auth.uid = record->uid;
		message->auth.gid = record->gid;
		message->auth.machine.bytes = machine;
		message->auth.machine.len = record->head.text_len;
	}
}

/* What stage 2 promises of a compact record. */
static bool is_bounded(const struct rpcs_record_rpc *record)
{
	uint32_t text = record->head.text_len;

	return text <= RPCS_RECORD_MACHINE_MAX && record->cred_len <= RPCS_AUTH_BODY_MAX &&
	       record->verf_len <= RPCS_AUTH_BODY_MAX && record->message_len < RPCS_STEP_MAX &&
	       (record->head.kind != RPCS_RECORD_CALL || record->cred_flavor != RPCS_AUTH_SYS ||
		record->cred_len >= 20 + rpcs_xdr_padded(text));
}

bool rpcs_message_from_record(struct rpcs_message *message, const struct rpcs_record_rpc *record,
			      uint32_t record_len, struct rpcs_record_body *body)
{
	uint32_t verf = rpcs_xdr_padded(record->verf_len), header_len;
	struct rpcs_cursor cur;

	if (record_len < sizeof(*record) + record->head.text_len || !is_bounded(record))
		return false;
	if (record->head.kind == RPCS_RECORD_CALL)
		header_len = 40 + rpcs_xdr_padded(record->cred_len) + verf;
	else if (record->reply.reply_stat == RPCS_REPLY_ACCEPTED)
		header_len = 24 + verf;
	else
		header_len = 16;
	if (header_len > record->message_len)
		return false;
	message->xid = record->xid;
	message->length = record->message_len;
	/* A denied reply has none (RFC 5531 9). */
	message->has_verf = record->head.kind == RPCS_RECORD_CALL ||
			    record->reply.reply_stat == RPCS_REPLY_ACCEPTED;
	message->verf_flavor = record->verf_flavor;
	message->verf_len = record->verf_len;
	body_from_record(message, record, header_len, body);
	if (record->head.kind == RPCS_RECORD_CALL) {
		call_from_record(message, record);
		return true;
	}
	message->reply_stat = record->reply.reply_stat;
	message->stat = record->reply.stat;
	message->reply_has = 2;
	if (message->reply_stat == RPCS_REPLY_ACCEPTED && message->stat == RPCS_ACCEPT_SUCCESS)
		return true;
	cur = (struct rpcs_cursor){ .pos = body->bytes,
				    .end = body->bytes + message->body_available,
				    .left = message->body_len };
	decode_failure(message, &cur);
	/* What follows a failing status is no result, which a decoder would miss. */
	message->body = NULL;
	message->body_len = message->body_available = 0;
	return true;
}

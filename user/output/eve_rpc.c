// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `rpc` object of EVE lines (spec events.md, rpc). */
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "eve_objects.h"
#include "names.h"

static inline void eve_word(struct rpcs_json *json, const char *key, const char *text)
{
	rpcs_json_word(json, key, text, strlen(text));
}

void rpcs_eve_text(struct rpcs_json *json, const char *key, struct rpcs_text text,
		   const struct rpcs_eve_detail *detail)
{
	uint32_t len = text.len < detail->string_max ? text.len : detail->string_max;

	rpcs_json_bytes(json, key, text.bytes, len);
}

/* A number by its name, or as digits where it has none. */
static void eve_named(struct rpcs_json *json, const char *key, const char *name, uint32_t value)
{
	char text[RPCS_DIGITS_TEXT];

	eve_word(json, key, name ? name : rpcs_digits(value, text));
}

static void eve_call(struct rpcs_json *json, const struct rpcs_message *message)
{
	const char *name;

	if (message->is_call && message->rpc_version != RPCS_RPC_VERSION)
		rpcs_json_uint(json, "rpc_version", message->rpc_version);
	rpcs_eve_program(json, message->program);
	rpcs_json_uint(json, "program_version", message->version);
	rpcs_json_uint(json, "procedure", message->procedure);
	name = rpcs_procedure_name(message->program, message->version, message->procedure);
	if (name)
		eve_word(json, "procedure_name", name);
}

static void eve_auth(struct rpcs_json *json, const struct rpcs_auth *auth,
		     const struct rpcs_eve_detail *detail)
{
	rpcs_json_open(json, "auth", '{');
	eve_named(json, "flavor", rpcs_flavor_name(auth->flavor), auth->flavor);
	if (auth->sys) {
		rpcs_json_uint(json, "uid", auth->uid);
		rpcs_json_uint(json, "gid", auth->gid);
		rpcs_eve_text(json, "machine", auth->machine, detail);
	}
	if (auth->malformed)
		rpcs_json_bool(json, "malformed", true);
	rpcs_json_close(json, '}');
}

/* What explains a failing status. */
static void eve_failure(struct rpcs_json *json, const struct rpcs_message *reply)
{
	if (reply->has_mismatch) {
		rpcs_json_open(json, "mismatch", '{');
		rpcs_json_uint(json, "low", reply->mismatch_low);
		rpcs_json_uint(json, "high", reply->mismatch_high);
		rpcs_json_close(json, '}');
	}
	if (reply->has_auth_stat)
		rpcs_json_uint(json, "auth_stat", reply->auth_stat);
}

static void eve_reply(struct rpcs_json *json, const struct rpcs_message *reply)
{
	if (reply->reply_has >= 1)
		eve_named(json, "reply_stat", rpcs_reply_stat_name(reply->reply_stat),
			  reply->reply_stat);
	if (reply->reply_has >= 2 && reply->reply_stat == RPCS_REPLY_ACCEPTED)
		eve_named(json, "accept_stat", rpcs_accept_stat_name(reply->stat), reply->stat);
	else if (reply->reply_has >= 2 && reply->reply_stat == RPCS_REPLY_DENIED)
		eve_named(json, "reject_stat", rpcs_reject_stat_name(reply->stat), reply->stat);
	eve_failure(json, reply);
}

void rpcs_eve_rpc(struct rpcs_json *json, const struct rpcs_message *message,
		  const struct rpcs_eve_detail *detail)
{
	eve_word(json, "type", message->is_call ? "call" : "reply");
	rpcs_json_uint(json, "xid", message->xid);
	if (message->is_call || message->call_known)
		eve_call(json, message);
	if (!message->is_call)
		eve_reply(json, message);
	rpcs_json_uint(json, "length", message->length);
	eve_word(json, "source", message->reassembled ? "reassembled" : "kernel");
	if (message->malformed)
		rpcs_json_string(json, "malformed", message->malformed);
	if (message->truncated)
		rpcs_json_bool(json, "truncated", true);
	if (message->is_call && message->has_auth)
		eve_auth(json, &message->auth, detail);
}

void rpcs_eve_outcome(struct rpcs_json *json, const struct rpcs_call *call,
		      const struct rpcs_message *reply)
{
	const struct rpcs_message *answer = call->status == RPCS_STATUS_ANSWERED ? reply : NULL;
	uint64_t asked = call->message.seen.time_ns;
	char text[RPCS_DIGITS_TEXT];

	eve_word(json, "status", rpcs_call_status_name(call, answer, text));
	if (answer) {
		/* Two interfaces may have stamped them: never a time before the call. */
		uint64_t rtt = answer->seen.time_ns > asked ? answer->seen.time_ns - asked : 0;

		rpcs_json_uint(json, "rtt_us", rtt / RPCS_NSEC_PER_USEC);
		eve_failure(json, answer);
		rpcs_json_uint(json, "reply_length", answer->length);
		if (answer->malformed)
			rpcs_json_string(json, "reply_malformed", answer->malformed);
		if (answer->truncated)
			rpcs_json_bool(json, "reply_truncated", true);
	}
	rpcs_json_uint(json, "retransmissions", call->retransmissions);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `rpc` object of EVE lines (spec events.md, rpc). */
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "eve_objects.h"
#include "names.h"

enum { SOME_ROOM = 256 }; /* for a few members, none of them as long as it likes */

void rpcs_eve_text(struct rpcs_json *json, const char *key, struct rpcs_text text,
		   const struct rpcs_eve_detail *detail)
{
	uint32_t len = text.len < detail->string_max ? text.len : detail->string_max;

	rpcs_json_bytes(json, key, text.bytes, len);
}

static void eve_auth(struct rpcs_json *json, const struct rpcs_auth *auth,
		     const struct rpcs_eve_detail *detail)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = RPCS_JSON_LITERAL(p, ",\"auth\":{\"flavor\":\"");
	p = rpcs_eve_name(p, rpcs_flavor_name(auth->flavor));
	if (auth->sys) {
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "uid"), auth->uid);
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "gid"), auth->gid);
	}
	rpcs_json_wrote(json, p);
	if (auth->sys)
		rpcs_eve_text(json, "machine", auth->machine, detail);
	if (auth->malformed)
		rpcs_json_bool(json, "malformed", true);
	rpcs_json_close(json, '}');
}

/* What explains a failing status. */
static char *eve_failure(char *p, const struct rpcs_message *reply)
{
	if (reply->has_mismatch) {
		p = rpcs_digits_put(RPCS_JSON_LITERAL(p, ",\"mismatch\":{\"low\":"),
				    reply->mismatch_low);
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "high"), reply->mismatch_high);
		*p++ = '}';
	}
	if (reply->has_auth_stat)
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "auth_stat"), reply->auth_stat);
	return p;
}

static void eve_reply(struct rpcs_json *json, const struct rpcs_message *reply)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	if (reply->reply_has >= 1)
		p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "reply_stat"),
				  rpcs_reply_stat_name(reply->reply_stat));
	if (reply->reply_has >= 2 && reply->reply_stat == RPCS_REPLY_ACCEPTED)
		p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "accept_stat"),
				  rpcs_accept_stat_name(reply->stat));
	else if (reply->reply_has >= 2 && reply->reply_stat == RPCS_REPLY_DENIED)
		p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "reject_stat"),
				  rpcs_reject_stat_name(reply->stat));
	rpcs_json_wrote(json, eve_failure(p, reply));
}

/* The first members of the object. */
static void eve_kind(struct rpcs_json *json, const struct rpcs_message *message)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = message->is_call ? RPCS_JSON_LITERAL(p, "\"type\":\"call\"")
			     : RPCS_JSON_LITERAL(p, "\"type\":\"reply\"");
	rpcs_json_wrote(json, rpcs_digits_put(RPCS_JSON_KEY(p, "xid"), message->xid));
}

static void eve_origin(struct rpcs_json *json, const struct rpcs_message *message)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "length"), message->length);
	p = message->reassembled ? RPCS_JSON_LITERAL(p, ",\"source\":\"reassembled\"")
				 : RPCS_JSON_LITERAL(p, ",\"source\":\"kernel\"");
	rpcs_json_wrote(json, p);
}

void rpcs_eve_rpc(struct rpcs_json *json, const struct rpcs_message *message,
		  const struct rpcs_eve_detail *detail)
{
	eve_kind(json, message);
	if (message->is_call && message->rpc_version != RPCS_RPC_VERSION)
		rpcs_json_uint(json, "rpc_version", message->rpc_version);
	if (message->is_call || message->call_known)
		rpcs_eve_asked(json, message->program, message->version, message->procedure);
	if (!message->is_call)
		eve_reply(json, message);
	eve_origin(json, message);
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
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "status"), rpcs_call_status_name(call, answer));
	if (answer) {
		/* Two interfaces may have stamped them: never a time before the call. */
		uint64_t rtt = answer->seen.time_ns > asked ? answer->seen.time_ns - asked : 0;

		p = rpcs_digits_put(RPCS_JSON_KEY(p, "rtt_us"), rtt / RPCS_NSEC_PER_USEC);
		p = eve_failure(p, answer);
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "reply_length"), answer->length);
	}
	rpcs_json_wrote(json, p);
	if (answer && answer->malformed)
		rpcs_json_string(json, "reply_malformed", answer->malformed);
	if (answer && answer->truncated)
		rpcs_json_bool(json, "reply_truncated", true);
	rpcs_json_uint(json, "retransmissions", call->retransmissions);
}

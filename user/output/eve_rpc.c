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

static char *flavor_at(char *p, uint32_t flavor)
{
	p = RPCS_JSON_LITERAL(p, ",\"auth\":{\"flavor\":\"");
	return rpcs_eve_name(p, rpcs_flavor_name(flavor));
}

static void eve_auth(struct rpcs_json *json, const struct rpcs_auth *auth,
		     const struct rpcs_eve_detail *detail)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = flavor_at(p, auth->flavor);
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
static char *kind_at(char *p, bool is_call, uint32_t xid)
{
	p = is_call ? RPCS_JSON_LITERAL(p, "\"type\":\"call\"")
		    : RPCS_JSON_LITERAL(p, "\"type\":\"reply\"");
	return rpcs_digits_put(RPCS_JSON_KEY(p, "xid"), xid);
}

static char *origin_at(char *p, uint32_t length, bool reassembled)
{
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "length"), length);
	return reassembled ? RPCS_JSON_LITERAL(p, ",\"source\":\"reassembled\"")
			   : RPCS_JSON_LITERAL(p, ",\"source\":\"kernel\"");
}

void rpcs_eve_rpc(struct rpcs_json *json, const struct rpcs_message *message,
		  const struct rpcs_eve_detail *detail)
{
	if (rpcs_json_fits(json, SOME_ROOM))
		rpcs_json_wrote(json,
				kind_at(json->buf + json->len, message->is_call, message->xid));
	if (message->is_call && message->rpc_version != RPCS_RPC_VERSION)
		rpcs_json_uint(json, "rpc_version", message->rpc_version);
	if (message->is_call || message->call_known)
		rpcs_eve_asked(json, message->program, message->version, message->procedure);
	if (!message->is_call)
		eve_reply(json, message);
	if (rpcs_json_fits(json, SOME_ROOM))
		rpcs_json_wrote(json, origin_at(json->buf + json->len, message->length,
						message->reassembled));
	if (message->malformed)
		rpcs_json_string(json, "malformed", message->malformed);
	if (message->truncated)
		rpcs_json_bool(json, "truncated", true);
	if (message->is_call && message->has_auth)
		eve_auth(json, &message->auth, detail);
}

/* Two interfaces may have stamped them: never a time before the call. */
static uint64_t rtt_us(const struct rpcs_call *call, const struct rpcs_message *answer)
{
	uint64_t asked = call->message.seen.time_ns, answered = answer->seen.time_ns;

	return answered > asked ? (answered - asked) / RPCS_NSEC_PER_USEC : 0;
}

void rpcs_eve_outcome(struct rpcs_json *json, const struct rpcs_call *call,
		      const struct rpcs_message *reply)
{
	const struct rpcs_message *answer = call->status == RPCS_STATUS_ANSWERED ? reply : NULL;
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, SOME_ROOM))
		return;
	p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "status"), rpcs_call_status_name(call, answer));
	if (answer) {
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "rtt_us"), rtt_us(call, answer));
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

static bool is_faulty(const struct rpcs_message *message)
{
	return message->malformed || message->truncated || message->has_mismatch ||
	       message->has_auth_stat;
}

/* In line for what most are: accepted. */
static struct rpcs_name status_of(const struct rpcs_call *call, const struct rpcs_message *answer)
{
	if (answer && answer->reply_has >= 2 && answer->reply_stat == RPCS_REPLY_ACCEPTED)
		return rpcs_accept_stat_name(answer->stat);
	return rpcs_call_status_name(call, answer);
}

bool rpcs_eve_plain_take(const struct rpcs_call *call, const struct rpcs_message *reply,
			 struct rpcs_eve_mappings *mappings, struct rpcs_eve_plain *ret_plain)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_message *answer = call->status == RPCS_STATUS_ANSWERED ? reply : NULL;

	if (is_faulty(message) || (answer && is_faulty(answer)) || !message->is_call ||
	    message->rpc_version != RPCS_RPC_VERSION || message->auth.sys ||
	    message->auth.malformed ||
	    !rpcs_eve_plain_take_portmap(&message->portmap, answer ? &answer->portmap : NULL,
					 mappings, ret_plain))
		return false;
	ret_plain->tuple = message->tuple;
	ret_plain->seen = message->seen;
	ret_plain->flow_id = call->flow_id;
	ret_plain->xid = message->xid;
	ret_plain->length = message->length;
	ret_plain->program = message->program;
	ret_plain->version = message->version;
	ret_plain->procedure = message->procedure;
	ret_plain->reassembled = message->reassembled;
	ret_plain->has_auth = message->has_auth;
	ret_plain->flavor = message->auth.flavor;
	ret_plain->retransmissions = call->retransmissions;
	ret_plain->status = status_of(call, answer);
	ret_plain->tcp_handshake = call->tcp_handshake;
	ret_plain->tcp_midstream = call->tcp_midstream;
	ret_plain->tls = call->tls;
	ret_plain->answered = answer;
	if (answer) {
		ret_plain->rtt_us = rtt_us(call, answer);
		ret_plain->reply_length = answer->length;
	}
	return true;
}

/* What follows what was asked. */
static char *plain_rest_at(char *p, const struct rpcs_eve_plain *plain)
{
	p = origin_at(p, plain->length, plain->reassembled);
	if (plain->has_auth) {
		p = flavor_at(p, plain->flavor);
		*p++ = '}';
	}
	p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "status"), plain->status);
	if (plain->answered) {
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "rtt_us"), plain->rtt_us);
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "reply_length"), plain->reply_length);
	}
	p = rpcs_digits_put(RPCS_JSON_KEY(p, "retransmissions"), plain->retransmissions);
	*p++ = '}';
	return p;
}

void rpcs_eve_plain_rpc(struct rpcs_json *json, const struct rpcs_eve_plain *plain)
{
	char *p = json->buf + json->len, *asked;

	if (!rpcs_json_fits(json, 2 * SOME_ROOM + RPCS_EVE_ASKED_ROOM))
		return;
	p = kind_at(RPCS_JSON_LITERAL(p, ",\"rpc\":{"), true, plain->xid);
	*p = ',';
	asked = rpcs_eve_asked_at(p + 1, plain->program, plain->version, plain->procedure);
	if (asked) {
		rpcs_json_wrote(json, plain_rest_at(asked, plain));
		return;
	}
	rpcs_json_wrote(json, p);
	rpcs_eve_asked(json, plain->program, plain->version, plain->procedure);
	if (rpcs_json_fits(json, SOME_ROOM))
		rpcs_json_wrote(json, plain_rest_at(json->buf + json->len, plain));
}

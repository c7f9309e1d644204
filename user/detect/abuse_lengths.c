// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lengths that are larger than they can be: 1110040, 1110041, 1110058. */
#include <inttypes.h>
#include <stdio.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../policy/programs.h"
#include "abuse.h"
#include "arguments.h"

/* "nfs (100003) version 3, procedure 14", or the portmapper's own name for it. */
static const char *called(const struct rpcs_message *message, char text[RPCS_EVIDENCE_TEXT])
{
	const char *name =
		rpcs_procedure_name(message->program, message->version, message->procedure);
	char program[RPCS_WORDS_TEXT];

	rpcs_words_program(message->program, program);
	if (name)
		snprintf(text, RPCS_EVIDENCE_TEXT, "%s version %" PRIu32 ", %s", program,
			 message->version, name);
	else
		snprintf(text, RPCS_EVIDENCE_TEXT, "%s version %" PRIu32 ", procedure %" PRIu32,
			 program, message->version, message->procedure);
	return text;
}

/* 1110040. */

static void describe_bomb(const struct rpcs_message *message, const struct rpcs_excess *excess,
			  const char *where, struct rpcs_alert *alert)
{
	char text[RPCS_EVIDENCE_TEXT];

	rpcs_alert_evidence(alert,
			    "length %" PRIu32 " of %s, at offset %" PRIu32
			    " of the %s; the message on the wire has %" PRIu32 " bytes left (%s)",
			    excess->length, excess->what, excess->at, where, excess->room,
			    excess->rfc);
	rpcs_alert_evidence(alert, "in %s", called(message, text));
	if (message->program == RPCS_PORTMAP_PROGRAM)
		rpcs_alert_evidence(alert, "as in CVE-2017-8779: an old rpcbind or libtirpc "
					   "allocates that much and never frees it");
}

/* CALLIT and its like carry another call's arguments behind their first four numbers. */
static bool inner_exceed(const struct rpcs_message *message, struct rpcs_excess *ret_excess)
{
	enum { INNER_AT = 16 };
	const struct rpcs_portmap *pm = &message->portmap;
	uint32_t available = message->body_available;

	if (pm->shape != RPCS_PORTMAP_CALLIT_ARGS || pm->has < 4 || available <= INNER_AT)
		return false;
	available -= INNER_AT;
	if (!rpcs_arguments_exceed(
		    pm->program, pm->version, pm->procedure, message->body + INNER_AT,
		    available < pm->length ? available : pm->length, pm->length, ret_excess))
		return false;
	ret_excess->at += INNER_AT;
	return true;
}

/* Of what a call says of itself; the portmapper's own arguments stage 6 has judged. */
static bool call_exceeds(const struct rpcs_message *message, struct rpcs_excess *ret_excess)
{
	if (message->excess.what) {
		*ret_excess = message->excess;
		return true;
	}
	if (!message->body || message->auth.flavor == RPCS_AUTH_GSS)
		return false;
	if (message->program == RPCS_PORTMAP_PROGRAM)
		return inner_exceed(message, ret_excess);
	return rpcs_arguments_exceed(message->program, message->version, message->procedure,
				     message->body, message->body_available, message->body_len,
				     ret_excess);
}

void rpcs_bomb_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	describe_bomb(&call->message, &call->message.excess, "arguments", alert);
	rpcs_words_client(detect, call, alert);
}

void rpcs_bomb_message(struct rpcs_detect *detect, const struct rpcs_message *message,
		       struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_excess excess;
	struct rpcs_message found;
	struct rpcs_alert alert;

	/* What the capture cut has no length that could be trusted. */
	if (message->truncated)
		return;
	if (message->is_call) {
		if (!call_exceeds(message, &excess))
			return;
		found = *message;
		found.excess = excess;
		/* The body is gone when the outcome describes the alert again. */
		if (call && place == RPCS_PLACE_CALL)
			call->message.excess = excess;
		rpcs_abuse_raise(detect, RPCS_D_LENGTH_BOMB, &found, call, place, flow_id);
	} else if (message->excess.what &&
		   rpcs_abuse_reply(detect, RPCS_D_LENGTH_BOMB, message, call, flow_id, &alert)) {
		describe_bomb(message, &message->excess, "results", &alert);
		rpcs_alert_evidence(&alert, "sent by the server, to its client");
		rpcs_alert_send(detect, &alert);
	}
}

/* 1110041. */

static void describe_credential(const struct rpcs_excess *excess, struct rpcs_alert *alert)
{
	if (excess->over_limit)
		rpcs_alert_evidence(
			alert, "%s says %" PRIu32 " %s; at most %" PRIu32 " are allowed (%s)",
			excess->what, excess->length, excess->unit, excess->room, excess->rfc);
	else
		rpcs_alert_evidence(
			alert,
			"%s says %" PRIu32 " %s, and there is only room for %" PRIu32 " (%s)",
			excess->what, excess->length, excess->unit, excess->room, excess->rfc);
}

void rpcs_credential_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			      struct rpcs_alert *alert)
{
	char text[RPCS_EVIDENCE_TEXT];

	describe_credential(&call->message.header_excess, alert);
	rpcs_alert_evidence(alert, "in a call of %s", called(&call->message, text));
	rpcs_words_client(detect, call, alert);
}

/* On another port a datagram may look like a call by chance: more of it has to fit. */
static bool is_rpc(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	return rpcs_is_to_portmapper(detect, message) || rpcs_is_from_portmapper(detect, message) ||
	       message->confirmed || rpcs_program_name(message->program);
}

void rpcs_credential_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			     struct rpcs_call *call, enum rpcs_message_place place,
			     uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!message->header_excess.what || !is_rpc(detect, message))
		return;
	if (message->is_call) {
		rpcs_abuse_raise(detect, RPCS_D_OVERSIZED_CREDENTIAL, message, call, place,
				 flow_id);
	} else if (rpcs_abuse_reply(detect, RPCS_D_OVERSIZED_CREDENTIAL, message, call, flow_id,
				    &alert)) {
		describe_credential(&message->header_excess, &alert);
		rpcs_alert_evidence(&alert, "sent by the server, to its client");
		rpcs_alert_send(detect, &alert);
	}
}

/* 1110058. */

enum { CALLIT_ARGUMENTS_MAX = 2048 };

void rpcs_callit_overlong_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				   struct rpcs_alert *alert)
{
	rpcs_alert_evidence(alert,
			    "%" PRIu32 " bytes of inner arguments; over %d no caller needs "
			    "(CVE-2003-0028; RFC 1833 3.1)",
			    call->message.portmap.length, CALLIT_ARGUMENTS_MAX);
	rpcs_callit_describe(detect, call, alert);
}

void rpcs_callit_overlong_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				  struct rpcs_call *call, enum rpcs_message_place place,
				  uint64_t flow_id)
{
	const struct rpcs_portmap *pm = &message->portmap;

	if (message->is_call && pm->shape == RPCS_PORTMAP_CALLIT_ARGS && pm->has == 4 &&
	    pm->length > CALLIT_ARGUMENTS_MAX)
		rpcs_abuse_raise(detect, RPCS_D_CALLIT_OVERLONG, message, call, place, flow_id);
}

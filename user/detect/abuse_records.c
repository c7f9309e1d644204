// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What record marks say, and bytes that are no message: 1110042 to 1110045, 1110049. */
#include <inttypes.h>

#include <rpcsentry/rpc.h>

#include "abuse.h"

/* Fills an alert about an oddity, client to server; false: another kind, or switched off. */
static bool begin(struct rpcs_detect *detect, enum rpcs_detection_id id,
		  const struct rpcs_oddity *oddity, enum rpcs_oddity_kind kind, uint64_t flow_id,
		  struct rpcs_alert *ret_alert)
{
	struct rpcs_tuple tuple = oddity->from_server ? rpcs_tuple_reversed(&oddity->tuple)
						      : oddity->tuple;

	if (oddity->kind != kind || !rpcs_alert_init(detect, id, oddity->seen.time_ns, ret_alert))
		return false;
	rpcs_alert_set_packet(ret_alert, &tuple, &oddity->seen, flow_id);
	return true;
}

static void finish(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		   struct rpcs_alert *alert)
{
	if (oddity->fragments > 1)
		rpcs_alert_evidence(alert, "in record fragment %" PRIu32 " of its record",
				    oddity->fragments);
	rpcs_alert_evidence(alert, "sent by the %s", oddity->from_server ? "server" : "client");
	rpcs_abuse_external(detect, alert);
	rpcs_alert_send(detect, alert);
}

void rpcs_tiny_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!begin(detect, RPCS_D_TINY_FRAGMENT, oddity, RPCS_ODDITY_TINY_FRAGMENT, flow_id,
		   &alert))
		return;
	rpcs_alert_evidence(&alert,
			    "a record fragment of %" PRIu32 " bytes that is not the last; a call's "
			    "header alone has %d (RFC 5531 9, 11)",
			    oddity->length, RPCS_FRAGMENT_TINY);
	finish(detect, oddity, &alert);
}

void rpcs_fragmented_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
			    uint64_t flow_id)
{
	struct rpcs_oddity whole = *oddity;
	struct rpcs_alert alert;

	if (!begin(detect, RPCS_D_FRAGMENTED_RECORD, oddity, RPCS_ODDITY_FRAGMENTED_RECORD, flow_id,
		   &alert))
		return;
	rpcs_alert_evidence(&alert,
			    "a call of %" PRIu32 " bytes in %" PRIu32 " record fragments; one has "
			    "room for it (RFC 5531 11)",
			    oddity->length, oddity->fragments);
	whole.fragments = 0;
	finish(detect, &whole, &alert);
}

void rpcs_zero_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id)
{
	enum { ELSEWHERE = 4 };
	const struct rpcs_detection_setting *setting =
		&detect->settings->detections[RPCS_D_ZERO_FRAGMENT];
	struct rpcs_alert alert;

	if (!begin(detect, RPCS_D_ZERO_FRAGMENT, oddity, RPCS_ODDITY_ZERO_FRAGMENT, flow_id,
		   &alert))
		return;
	/* Some servers' stacks end a record so. */
	if (!oddity->portmapper && !setting->severity_set)
		alert.severity = ELSEWHERE;
	rpcs_alert_evidence(&alert, "a record fragment without bytes: legal, and of no use to a "
				    "sender (RFC 5531 11)");
	finish(detect, oddity, &alert);
}

void rpcs_huge_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!begin(detect, RPCS_D_HUGE_RECORD, oddity, RPCS_ODDITY_HUGE_RECORD, flow_id, &alert))
		return;
	rpcs_alert_evidence(&alert,
			    "the record mark announces %" PRIu32 " bytes; over %d none is of use "
			    "on %s (RFC 5531 11)",
			    oddity->length,
			    oddity->portmapper ? RPCS_RECORD_HUGE_PORTMAPPER : RPCS_RECORD_HUGE,
			    oddity->portmapper ? "a portmapper port" : "any port");
	finish(detect, oddity, &alert);
}

/* 1110049: what could not be read at all, and messages that break the form. */

void rpcs_junk_oddity(struct rpcs_detect *detect, const struct rpcs_oddity *oddity,
		      uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!oddity->portmapper ||
	    !begin(detect, RPCS_D_JUNK, oddity, RPCS_ODDITY_JUNK, flow_id, &alert))
		return;
	rpcs_alert_evidence(&alert, "%" PRIu32 " bytes: %s", oddity->length, oddity->what);
	finish(detect, oddity, &alert);
}

static bool is_junk(const struct rpcs_message *message)
{
	return (message->is_call && message->rpc_version != RPCS_RPC_VERSION) ||
	       message->length % 4 != 0;
}

static void describe(const struct rpcs_message *message, struct rpcs_alert *alert)
{
	if (message->is_call && message->rpc_version != RPCS_RPC_VERSION)
		rpcs_alert_evidence(alert, "RPC version %" PRIu32 "; there is only %d (RFC 5531 9)",
				    message->rpc_version, RPCS_RPC_VERSION);
	if (message->length % 4)
		rpcs_alert_evidence(
			alert, "a message of %" PRIu32 " bytes: XDR has units of four (RFC 4506 3)",
			message->length);
}

void rpcs_junk_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	describe(&call->message, alert);
	rpcs_words_client(detect, call, alert);
}

void rpcs_junk_message(struct rpcs_detect *detect, const struct rpcs_message *message,
		       struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!is_junk(message) ||
	    (!rpcs_is_to_portmapper(detect, message) && !rpcs_is_from_portmapper(detect, message)))
		return;
	if (message->is_call) {
		rpcs_abuse_raise(detect, RPCS_D_JUNK, message, call, place, flow_id);
	} else if (rpcs_abuse_reply(detect, RPCS_D_JUNK, message, call, flow_id, &alert)) {
		describe(message, &alert);
		rpcs_alert_evidence(&alert, "sent by the server, to its client");
		rpcs_alert_send(detect, &alert);
	}
}

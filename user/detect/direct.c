// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110030 to 1110033: services called past the portmapper, or after asking it. A call that
 * goes to a portmapper port is the policy family's.
 */
#include <inttypes.h>

#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "given.h"
#include "families.h"

static bool is_elsewhere(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return !rpcs_settings_watch(detect->settings, call->message.tuple.dport);
}

/* Whom the portmappers told before the sensor came is not known. */
static bool is_learning(const struct rpcs_detect *detect, uint64_t now_ns)
{
	return detect->live_since_ns &&
	       now_ns < detect->live_since_ns + detect->settings->thresholds[RPCS_T_DIRECT_LEARN];
}

static bool is_direct(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	uint64_t now_ns = message->seen.time_ns;

	return is_elsewhere(detect, call) && !rpcs_call_is_silent(call) &&
	       !rpcs_policy_is_home(detect->policy, &message->tuple.src) &&
	       !rpcs_policy_is_direct_ok(detect->policy, message->program, message->tuple.dport) &&
	       !is_learning(detect, now_ns) && !rpcs_given_knows(detect, &message->tuple, now_ns) &&
	       !rpcs_given_is_callback(detect, call);
}

/* 1110031 stands instead of 1110030, also where the site has switched 1110031 off. */
bool rpcs_direct_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return !rpcs_policy_is_sensitive(detect->policy, call->message.program) &&
	       is_direct(detect, call);
}

bool rpcs_direct_sensitive_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return rpcs_policy_is_sensitive(detect->policy, call->message.program) &&
	       is_direct(detect, call);
}

void rpcs_words_called(const struct rpcs_call *call, struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	char program[RPCS_WORDS_TEXT], protocol[RPCS_WORDS_TEXT], text[RPCS_WORDS_TEXT];
	const char *procedure =
		rpcs_procedure_name(message->program, message->version, message->procedure);

	rpcs_words_program(message->program, program);
	rpcs_words_protocol(message->tuple.protocol, protocol);
	if (procedure)
		rpcs_alert_evidence(alert, "called %s version %" PRIu32 " %s at %s port %u",
				    program, message->version, procedure, protocol,
				    message->tuple.dport);
	else
		rpcs_alert_evidence(
			alert, "called %s version %" PRIu32 " procedure %" PRIu32 " at %s port %u",
			program, message->version, message->procedure, protocol,
			message->tuple.dport);
	if (message->service.text.len)
		rpcs_alert_evidence(alert, "its first string: \"%s\"",
				    rpcs_words_bytes(&message->service.text, text));
}

void rpcs_direct_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			  struct rpcs_alert *alert)
{
	rpcs_words_called(call, alert);
	rpcs_alert_evidence(alert, "no portmapper was seen to tell the client this port in 24 h: "
				   "it knew it, or scanned for it");
	rpcs_words_client(detect, call, alert);
}

/* 1110032: Solaris answered for its portmapper at a high port too, past every filter of 111. */
bool rpcs_alt_port_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return call->message.program == RPCS_PORTMAP_PROGRAM && is_elsewhere(detect, call);
}

void rpcs_alt_port_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert)
{
	rpcs_words_called(call, alert);
	rpcs_alert_evidence(alert, "that is none of the portmapper ports (sensor.ports)");
	rpcs_words_client(detect, call, alert);
}

/* 1110033, and what all of them have to know of each message. */
void rpcs_direct_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			 struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	uint64_t window_ns = detect->settings->thresholds[RPCS_T_LOOKUP_THEN_CALL_WINDOW];
	struct rpcs_lookup lookup;

	(void)flow_id;
	if (!call)
		return;
	if (place == RPCS_PLACE_REPLY || place == RPCS_PLACE_REPLY_AGAIN)
		rpcs_given_reply(detect, call, message, place == RPCS_PLACE_REPLY_AGAIN);
	if (place != RPCS_PLACE_CALL || !is_elsewhere(detect, call))
		return;
	rpcs_given_call(detect, call);
	if (rpcs_given_use(detect, &message->tuple, message->seen.time_ns, window_ns, &lookup))
		rpcs_detect_raise(detect, RPCS_D_LOOKUP_THEN_CALL, call);
}

void rpcs_link_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	char program[RPCS_WORDS_TEXT];
	struct rpcs_lookup lookup;
	uint64_t ms;

	rpcs_words_called(call, alert);
	if (rpcs_given_lookup(detect, &message->tuple, message->seen.time_ns, &lookup)) {
		ms = (message->seen.time_ns - lookup.time_ns) / RPCS_NSEC_PER_MSEC;
		rpcs_alert_evidence(alert,
				    "%" PRIu64 ".%03" PRIu64
				    " s before, the portmapper at port %u told it this port for %s "
				    "(XID 0x%08" PRIx32 ")",
				    ms / 1000, ms % 1000, lookup.from_port,
				    rpcs_words_program(lookup.program, program), lookup.xid);
		if (lookup.program != message->program)
			rpcs_alert_evidence(alert, "it asked for another program than it calls");
	}
	rpcs_words_client(detect, call, alert);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Evasion family: two readings of one thing, of which a server takes one and a sensor the other. */
#include <inttypes.h>
#include <stdio.h>

#include "../match/calls.h"
#include "../policy/programs.h"
#include "abuse.h"

/* 1110048: what the call asks for, against what its XID stood for. */

enum { ASKED = 4 };

static const char *asked_name(enum rpcs_portmap_shape shape, uint32_t index)
{
	static const char *const mapping[ASKED] = { "program", "version", "protocol", "port" };
	static const char *const callit[ASKED] = { "inner program", "inner version",
						   "inner procedure",
						   "length of the inner arguments" };

	return shape == RPCS_PORTMAP_CALLIT_ARGS ? callit[index] : mapping[index];
}

static void describe_number(struct rpcs_alert *alert, const char *what, uint32_t was, uint32_t is)
{
	if (was != is)
		rpcs_alert_evidence(alert, "%s: %" PRIu32 " -> %" PRIu32, what, was, is);
}

static void describe_program(struct rpcs_alert *alert, const char *what, uint32_t was, uint32_t is)
{
	char before[RPCS_WORDS_TEXT], now[RPCS_WORDS_TEXT];

	if (was != is)
		rpcs_alert_evidence(alert, "%s: %s -> %s", what, rpcs_words_program(was, before),
				    rpcs_words_program(is, now));
}

static void describe_procedure(struct rpcs_alert *alert, const struct rpcs_question *was,
			       const struct rpcs_question *is)
{
	const char *before = rpcs_procedure_name(was->program, was->version, was->procedure);
	const char *now = rpcs_procedure_name(is->program, is->version, is->procedure);

	if (was->procedure == is->procedure && was->version == is->version &&
	    was->program == is->program)
		return;
	if (before && now)
		rpcs_alert_evidence(alert, "procedure: %s -> %s", before, now);
	else
		describe_number(alert, "procedure", was->procedure, is->procedure);
}

bool rpcs_conflict_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return call->conflict && rpcs_settings_watch(detect->settings, call->message.tuple.dport);
}

void rpcs_conflict_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert)
{
	const struct rpcs_question *was = &call->earlier;
	struct rpcs_question is;
	char what[64];
	uint8_t before;
	uint32_t i;

	rpcs_question_fill(&call->message, &is);
	rpcs_alert_evidence(alert,
			    "XID 0x%08" PRIx32 " stood for another call of this flow, unanswered",
			    call->message.xid);
	before = alert->evidence_count;
	describe_program(alert, "program", was->program, is.program);
	describe_number(alert, "version", was->version, is.version);
	describe_procedure(alert, was, &is);
	for (i = 0; was->shape == is.shape && i < ASKED && i < was->has && i < is.has; i++) {
		snprintf(what, sizeof(what), "%s asked for", asked_name(is.shape, i));
		if (i == 0)
			describe_program(alert, what, was->asked[i], is.asked[i]);
		else
			describe_number(alert, what, was->asked[i], is.asked[i]);
	}
	if (alert->evidence_count == before)
		rpcs_alert_evidence(alert, "the arguments differ");
	rpcs_words_client(detect, call, alert);
}

/* 1110046 and 1110047. */

/* Client to server, whoever sent it: the server is the side with a portmapper port. */
static bool is_from_server(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple)
{
	return !rpcs_settings_watch(detect->settings, tuple->dport) &&
	       rpcs_settings_watch(detect->settings, tuple->sport);
}

static const char *hex_of(const uint8_t *bytes, uint32_t count, char text[RPCS_WORDS_TEXT])
{
	size_t len = 0;
	uint32_t i;

	text[0] = '\0';
	for (i = 0; i < count && len + 3 < RPCS_WORDS_TEXT; i++)
		len += (size_t)snprintf(text + len, RPCS_WORDS_TEXT - len, "%s%02x", i ? " " : "",
					bytes[i]);
	return text;
}

static void describe_difference(const struct rpcs_overlap *overlap, struct rpcs_alert *alert)
{
	char was[RPCS_WORDS_TEXT], is[RPCS_WORDS_TEXT];
	const char *differ = overlap->bytes == 1 ? "byte differs" : "bytes differ";

	if (overlap->fragments)
		rpcs_alert_evidence(alert,
				    "%" PRIu32 " %s from an earlier fragment's, the first at "
				    "offset %" PRIu32 " of the IP payload",
				    overlap->bytes, differ, overlap->seq);
	else
		rpcs_alert_evidence(alert,
				    "%" PRIu32 " %s from those sent before, the first at sequence "
				    "number %" PRIu32,
				    overlap->bytes, differ, overlap->seq);
	rpcs_alert_evidence(alert, "from there on: %s -> %s",
			    hex_of(overlap->was, overlap->shown, was),
			    hex_of(overlap->is, overlap->shown, is));
}

void rpcs_detect_overlap(struct rpcs_detect *detect, const struct rpcs_overlap *overlap,
			 uint64_t flow_id)
{
	enum rpcs_detection_id id = overlap->fragments ? RPCS_D_FRAGMENT_OVERLAP
						       : RPCS_D_INCONSISTENT_OVERLAP;
	bool from_server = is_from_server(detect, &overlap->tuple);
	struct rpcs_tuple tuple = from_server ? rpcs_tuple_reversed(&overlap->tuple)
					      : overlap->tuple;
	struct rpcs_alert alert;

	if (overlap->fragments && !rpcs_settings_watch(detect->settings, tuple.dport))
		return;
	if (!rpcs_alert_init(detect, id, overlap->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, &tuple, &overlap->seen, flow_id);
	if (!rpcs_alert_admit(detect, &alert))
		return;
	if (overlap->needless)
		rpcs_alert_evidence(&alert,
				    "needless: a fragment of %" PRIu32 " bytes that is not the "
				    "last, of a packet of only %" PRIu32,
				    overlap->smallest, overlap->whole);
	else
		describe_difference(overlap, &alert);
	rpcs_alert_evidence(&alert, "sent by the %s", from_server ? "server" : "client");
	if (!rpcs_policy_is_home(detect->policy, &tuple.src))
		rpcs_alert_evidence(&alert, "the client is external: outside networks.home");
	rpcs_alert_send(detect, &alert);
}

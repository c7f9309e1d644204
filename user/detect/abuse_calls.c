// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls to a portmapper that no client makes: 1110051 to 1110053, 1110056, 1110057. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "abuse.h"

/* 1110051. Who is server the port tells; between two portmapper ports nobody can. */
void rpcs_role_message(struct rpcs_detect *detect, const struct rpcs_message *message,
		       struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	bool to = rpcs_is_to_portmapper(detect, message);
	bool from = rpcs_is_from_portmapper(detect, message);
	struct rpcs_alert alert;
	struct rpcs_tuple tuple;

	(void)call;
	(void)place;
	if (to == from || message->is_call == to ||
	    !rpcs_alert_init(detect, RPCS_D_ROLE, message->seen.time_ns, &alert))
		return;
	tuple = to ? message->tuple : rpcs_tuple_reversed(&message->tuple);
	rpcs_alert_set_packet(&alert, &tuple, &message->seen, flow_id);
	rpcs_alert_evidence(&alert,
			    message->is_call
				    ? "a call from a portmapper port, the server's (RFC 5531 9)"
				    : "a reply to a portmapper port, the server's (RFC 5531 9)");
	rpcs_alert_evidence(&alert, "XID 0x%08" PRIx32 ", sent by the %s", message->xid,
			    from ? "server" : "client");
	rpcs_abuse_external(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

/* 1110052. */

void rpcs_wrong_program_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				 struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	char program[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert,
			    "%s version %" PRIu32 " procedure %" PRIu32
			    " called on a portmapper port, which serves program %d only "
			    "(RFC 1833 3)",
			    rpcs_words_program(message->program, program), message->version,
			    message->procedure, RPCS_PORTMAP_PROGRAM);
	rpcs_words_client(detect, call, alert);
}

void rpcs_wrong_program_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				struct rpcs_call *call, enum rpcs_message_place place,
				uint64_t flow_id)
{
	if (message->is_call && message->program != RPCS_PORTMAP_PROGRAM &&
	    rpcs_is_to_portmapper(detect, message))
		rpcs_abuse_raise(detect, RPCS_D_WRONG_PROGRAM, message, call, place, flow_id);
}

/* 1110053. */

void rpcs_unknown_procedure_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				     struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;

	if (message->version < RPCS_PORTMAP_VERSION_FIRST ||
	    message->version > RPCS_PORTMAP_VERSION_LAST)
		rpcs_alert_evidence(alert,
				    "version %" PRIu32 ", procedure %" PRIu32
				    ": the portmapper has versions %d to %d (RFC 1833)",
				    message->version, message->procedure,
				    RPCS_PORTMAP_VERSION_FIRST, RPCS_PORTMAP_VERSION_LAST);
	else
		rpcs_alert_evidence(alert,
				    "procedure %" PRIu32 ": version %" PRIu32
				    " has none of that number (RFC 1833 %s)",
				    message->procedure, message->version,
				    message->version == 2 ? "3.2" : "2.2");
	rpcs_words_client(detect, call, alert);
}

void rpcs_unknown_procedure_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				    struct rpcs_call *call, enum rpcs_message_place place,
				    uint64_t flow_id)
{
	if (message->is_call && message->program == RPCS_PORTMAP_PROGRAM &&
	    !rpcs_procedure_name(message->program, message->version, message->procedure))
		rpcs_abuse_raise(detect, RPCS_D_UNKNOWN_PROCEDURE, message, call, place, flow_id);
}

/* 1110056. */

static const char *flavor(uint32_t number, char text[RPCS_WORDS_TEXT])
{
	if (number == RPCS_AUTH_GSS)
		return "RPCSEC_GSS";
	snprintf(text, RPCS_WORDS_TEXT, "%" PRIu32, number);
	return text;
}

static bool has_verifier(const struct rpcs_message *message)
{
	return message->has_verf &&
	       (message->verf_len > 0 || message->verf_flavor == RPCS_AUTH_GSS);
}

void rpcs_gss_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
		       struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	char text[RPCS_WORDS_TEXT];

	if (message->auth.flavor == RPCS_AUTH_GSS)
		rpcs_alert_evidence(alert,
				    "a credential of flavor RPCSEC_GSS, %" PRIu32
				    " bytes: the portmapper knows no such clients (RFC 2203 5)",
				    message->auth.len);
	if (has_verifier(message))
		rpcs_alert_evidence(alert,
				    "a verifier of flavor %s, %" PRIu32
				    " bytes, where clients send none (RFC 5531 8.2)",
				    flavor(message->verf_flavor, text), message->verf_len);
	rpcs_alert_evidence(alert, "as in CVE-2022-24491 and CVE-2022-24497, against Windows' "
				   "portmapper");
	rpcs_words_client(detect, call, alert);
}

void rpcs_gss_message(struct rpcs_detect *detect, const struct rpcs_message *message,
		      struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	if (message->is_call && message->program == RPCS_PORTMAP_PROGRAM &&
	    ((message->has_auth && message->auth.flavor == RPCS_AUTH_GSS) || has_verifier(message)))
		rpcs_abuse_raise(detect, RPCS_D_GSS_VERIFIER, message, call, place, flow_id);
}

/* 1110057: when a source last asked a server for one of the two. */

/* "Within 3 min": what is exactly so old counts. */
#define PAIR_NS (180 * RPCS_NSEC_PER_SEC + 1)

int rpcs_set_dump_init(struct rpcs_detect *detect)
{
	detect->set_dump = rpcs_recent_new(detect->settings->limit_sources, sizeof(uint64_t),
					   &detect->seed, &detect->evictions);
	return detect->set_dump ? 0 : -ENOMEM;
}

void rpcs_set_dump_free(struct rpcs_detect *detect)
{
	rpcs_recent_free(&detect->set_dump);
}

static uint64_t id_of_kind(uint64_t pair, enum rpcs_policy_call kind)
{
	return rpcs_id_of_pair(pair, rpcs_id_of_number(kind));
}

static uint64_t id_of(const struct rpcs_detect *detect, const struct rpcs_message *message,
		      enum rpcs_policy_call kind)
{
	uint64_t client = rpcs_id_of_address(detect, &message->tuple.src);
	uint64_t server = rpcs_id_of_server(detect, &message->tuple.dst);

	return id_of_kind(rpcs_id_of_pair(client, server), kind);
}

void rpcs_set_dump_fetch(const struct rpcs_detect *detect)
{
	uint64_t pair = detect->parties->pair;

	rpcs_recent_fetch(detect->set_dump, id_of_kind(pair, RPCS_CALL_SET));
	rpcs_recent_fetch(detect->set_dump, id_of_kind(pair, RPCS_CALL_DUMP));
}

/* What makes the pair with a SET or DUMP. */
static const struct rpcs_recent_note *partner(const struct rpcs_detect *detect,
					      const struct rpcs_message *message,
					      enum rpcs_policy_call kind)
{
	uint64_t id =
		id_of(detect, message, kind == RPCS_CALL_SET ? RPCS_CALL_DUMP : RPCS_CALL_SET);

	return rpcs_recent_find_by(detect->set_dump, id, message->seen.time_ns, PAIR_NS);
}

void rpcs_set_dump_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);
	const struct rpcs_recent_note *note = partner(detect, &call->message, kind);
	uint64_t now_ns = call->message.seen.time_ns;

	if (note && note->time_ns <= now_ns)
		rpcs_alert_evidence(alert, "%s, and %s %.3f s before%s",
				    kind == RPCS_CALL_SET ? "SET" : "DUMP",
				    kind == RPCS_CALL_SET ? "DUMP" : "SET",
				    (double)(now_ns - note->time_ns) / RPCS_NSEC_PER_SEC,
				    ", of the same source to the same server");
	else
		rpcs_alert_evidence(alert, "SET and DUMP of the same source to the same server");
	rpcs_words_client(detect, call, alert);
}

void rpcs_set_dump_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			   struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	enum rpcs_policy_call kind = RPCS_CALL_OTHER;

	if (place == RPCS_PLACE_CALL && message->program == RPCS_PORTMAP_PROGRAM)
		kind = rpcs_policy_call_of(message->version, message->procedure);
	if ((kind != RPCS_CALL_SET && kind != RPCS_CALL_DUMP) ||
	    (message->seen.flags & RPCS_F_LOCAL))
		return;
	if (partner(detect, message, kind))
		rpcs_abuse_raise(detect, RPCS_D_SET_DUMP_PAIR, message, call, place, flow_id);
	rpcs_recent_note_by(detect->set_dump, id_of(detect, message, kind), message->seen.time_ns,
			    0);
}

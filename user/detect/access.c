// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policy family: calls to the portmapper that the site has not permitted. */
#include <inttypes.h>
#include <stdio.h>

#include "../match/told.h"
#include "../policy/programs.h"
#include "families.h"

static bool is_dump(enum rpcs_policy_call kind)
{
	return kind == RPCS_CALL_DUMP || kind == RPCS_CALL_GETADDRLIST;
}

bool rpcs_dump_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return is_dump(rpcs_call_kind(call)) && !rpcs_call_is_silent(call);
}

static bool asks_sensitive(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	const struct rpcs_portmap *pm = &message->portmap;

	return pm->has >= 1 && rpcs_policy_is_sensitive(detect->policy, pm->program);
}

static bool is_bad_lookup(const struct rpcs_call *call)
{
	return rpcs_call_is_lookup(call) && !rpcs_call_is_silent(call);
}

/* 1110004 stands instead of 1110003, also where the site has switched 1110004 off. */
bool rpcs_getport_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return is_bad_lookup(call) && !asks_sensitive(detect, &call->message);
}

bool rpcs_getport_sensitive_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return is_bad_lookup(call) && asks_sensitive(detect, &call->message);
}

static bool is_registered(const struct rpcs_detect *detect, uint32_t program)
{
	/* RFC 5531 8.1: defined by users, and transient. */
	if (program >= 0x20000000 && program <= 0x5fffffff)
		return true;
	return rpcs_policy_knows_program(detect->policy, program) ||
	       rpcs_policy_is_sensitive(detect->policy, program);
}

bool rpcs_unknown_program_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_portmap *pm = &call->message.portmap;

	return is_bad_lookup(call) && pm->has >= 1 && !is_registered(detect, pm->program);
}

void rpcs_unknown_program_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				   struct rpcs_alert *alert)
{
	uint32_t program = call->message.portmap.program;

	rpcs_alert_evidence(alert,
			    "program %" PRIu32 " (0x%08" PRIx32
			    ") is in no registry and not in the policy",
			    program, program);
	rpcs_mapping_describe(detect, call, alert);
}

/* The client now knows where to attack. */
uint8_t rpcs_getport_sensitive_escalate(const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	const struct rpcs_portmap *pm = reply ? &reply->portmap : NULL;

	if (outcome != RPCS_OUTCOME_SUCCESS || !pm || pm->has < 1)
		return 0;
	/* An address may have none: "/run/rpcbind.sock". */
	if (pm->shape == RPCS_PORTMAP_ADDRESS)
		return rpcs_uaddr_port(&pm->address) ? 1 : 0;
	return pm->shape == RPCS_PORTMAP_PORT ? 1 : 0;
}

/* One that a portmapper is asked to relay to itself is named by no rule. */
static bool is_bad_change(const struct rpcs_call *call, enum rpcs_policy_call kind)
{
	if (rpcs_call_is_local(call))
		return false;
	return rpcs_forwards_change(call, kind) ||
	       (rpcs_call_kind(call) == kind && !rpcs_call_is_silent(call));
}

bool rpcs_set_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return is_bad_change(call, RPCS_CALL_SET);
}

bool rpcs_unset_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return is_bad_change(call, RPCS_CALL_UNSET);
}

bool rpcs_callit_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return rpcs_call_is_forwarded(call) && rpcs_call_is_unicast(call) &&
	       !rpcs_call_is_silent(call);
}

enum rpcs_detection_id rpcs_access_expected(const struct rpcs_detect *detect, uint32_t kind,
					    const struct rpcs_message *message)
{
	switch (kind) {
	case RPCS_CALL_DUMP:
	case RPCS_CALL_GETADDRLIST:
		return RPCS_D_DUMP;
	case RPCS_CALL_GETPORT:
	case RPCS_CALL_GETADDR:
	case RPCS_CALL_GETVERSADDR:
		return asks_sensitive(detect, message) ? RPCS_D_GETPORT_SENSITIVE : RPCS_D_GETPORT;
	case RPCS_CALL_SET:
		return RPCS_D_SET_REMOTE;
	case RPCS_CALL_UNSET:
		return RPCS_D_UNSET_REMOTE;
	case RPCS_CALL_CALLIT:
	case RPCS_CALL_BCAST:
	case RPCS_CALL_INDIRECT:
		return RPCS_D_CALLIT;
	default:
		return RPCS_D__MAX;
	}
}

bool rpcs_spoofed_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_tuple *tuple = &call->message.tuple;

	return !rpcs_call_is_local(call) && rpcs_settings_watch(detect->settings, tuple->dport) &&
	       (rpcs_address_is_of_no_wire(&tuple->src) ||
		rpcs_address_equal(&tuple->src, &tuple->dst));
}

void rpcs_dump_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	if (rpcs_call_kind(call) == RPCS_CALL_GETADDRLIST)
		rpcs_mapping_describe(detect, call, alert);
	else {
		rpcs_alert_evidence(
			alert, "asked for the whole list of services (DUMP, version %" PRIu32 ")",
			call->message.version);
		rpcs_words_client(detect, call, alert);
	}
}

static const char *verb_of(const struct rpcs_call *call)
{
	switch (rpcs_call_kind(call)) {
	case RPCS_CALL_SET:
		return "asked to register";
	case RPCS_CALL_UNSET:
		return "asked to unregister";
	case RPCS_CALL_GETADDRLIST:
		return "asked for every address of";
	default:
		return "asked for";
	}
}

/* Servers ignore the port of a lookup, and port and protocol of an UNSET. */
static void describe_v2(const struct rpcs_call *call, struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &call->message.portmap;
	enum rpcs_policy_call kind = rpcs_call_kind(call);
	char program[RPCS_WORDS_TEXT], protocol[RPCS_WORDS_TEXT];
	char over[RPCS_WORDS_TEXT + 6] = "", at[24] = "";

	if (kind != RPCS_CALL_UNSET)
		snprintf(over, sizeof(over), " over %s",
			 rpcs_words_protocol(pm->protocol, protocol));
	if (kind == RPCS_CALL_SET)
		snprintf(at, sizeof(at), " at port %" PRIu32, pm->port);
	rpcs_alert_evidence(alert, "%s %s version %" PRIu32 "%s%s", verb_of(call),
			    rpcs_words_program(pm->program, program), pm->version, over, at);
}

static void describe_rpcb(const struct rpcs_call *call, struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &call->message.portmap;
	char program[RPCS_WORDS_TEXT], netid[RPCS_WORDS_TEXT], address[RPCS_WORDS_TEXT];
	char owner[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert, "%s %s version %" PRIu32 ", netid \"%s\"", verb_of(call),
			    rpcs_words_program(pm->program, program), pm->version,
			    rpcs_words_bytes(&pm->netid, netid));
	if (pm->address.len || pm->owner.len)
		rpcs_alert_evidence(alert, "gave address \"%s\", owner \"%s\"",
				    rpcs_words_bytes(&pm->address, address),
				    rpcs_words_bytes(&pm->owner, owner));
}

/* What was there of arguments that are cut or malformed. */
static void describe_rest(const struct rpcs_call *call, struct rpcs_alert *alert)
{
	const struct rpcs_message *message = &call->message;
	char program[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert, "%s %s; the rest of the arguments %s", verb_of(call),
			    message->portmap.has
				    ? rpcs_words_program(message->portmap.program, program)
				    : "a program that can't be read",
			    message->truncated ? "was cut by the capture" : "does not parse");
}

void rpcs_mapping_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &call->message.portmap;

	if (rpcs_call_is_forwarded(call)) {
		rpcs_callit_describe(detect, call, alert);
		return;
	}
	if (pm->shape == RPCS_PORTMAP_MAPPING && pm->has >= 4)
		describe_v2(call, alert);
	else if (pm->shape == RPCS_PORTMAP_RPCB && pm->has >= 5)
		describe_rpcb(call, alert);
	else
		describe_rest(call, alert);
	rpcs_words_client(detect, call, alert);
}

static void describe_inner(const struct rpcs_portmap *pm, struct rpcs_alert *alert)
{
	const char *name = rpcs_procedure_name(pm->program, pm->version, pm->procedure);
	char program[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert,
			    "asked the portmapper to call %s version %" PRIu32 " procedure %" PRIu32
			    "%s%s%s in its own name",
			    rpcs_words_program(pm->program, program), pm->version, pm->procedure,
			    name ? " (" : "", name ? name : "", name ? ")" : "");
}

void rpcs_callit_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			  struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &call->message.portmap;

	if (pm->shape == RPCS_PORTMAP_CALLIT_ARGS && pm->has >= 3)
		describe_inner(pm, alert);
	else
		rpcs_alert_evidence(alert, "the inner program and procedure can't be read");
	if (pm->shape == RPCS_PORTMAP_CALLIT_ARGS && pm->has >= 4)
		rpcs_alert_evidence(alert, "%" PRIu32 " bytes of inner arguments", pm->length);
	rpcs_words_client(detect, call, alert);
}

void rpcs_spoofed_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert)
{
	const struct rpcs_tuple *tuple = &call->message.tuple;
	char address[RPCS_ADDRESS_TEXT];
	const char *what = "the destination's own address";

	if (rpcs_address_is_loopback(&tuple->src))
		what = "a loopback address";
	else if (rpcs_address_is_unspecified(&tuple->src))
		what = "the unspecified address";
	rpcs_address_format(&tuple->src, address);
	rpcs_alert_evidence(alert, "source %s is %s, yet the packet came over a wire: forged",
			    address, what);
	if (rpcs_call_is_forwarded(call))
		rpcs_callit_describe(detect, call, alert);
	else if (call->message.portmap.has)
		rpcs_mapping_describe(detect, call, alert);
	else
		rpcs_words_client(detect, call, alert);
}

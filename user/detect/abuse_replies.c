// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What servers say, and could not: 1110050, 1110054, 1110055. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../match/told.h"
#include "abuse.h"

enum { PORT_MAX = 0xffff };

/* 1110050. */

/* Other transports have addresses of their own: a path for `local`, a name for TLI's loopback. */
static bool is_ip_netid(const struct rpcs_text *netid)
{
	static const char *const names[] = { "udp", "tcp", "sctp", "rdma" };
	size_t i, len;

	if (netid->len == 0)
		return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (netid->len < len || memcmp(netid->bytes, names[i], len) != 0)
			continue;
		return netid->len == len || (netid->len == len + 1 && netid->bytes[len] == '6');
	}
	return false;
}

static bool is_bad_address(const struct rpcs_text *address, const struct rpcs_text *netid)
{
	if (address->len == 0 || address->bytes[0] == '/' || !is_ip_netid(netid))
		return false;
	return !rpcs_uaddr_is_valid(address);
}

static bool is_bad_mapping(const struct rpcs_mapping *mapping, enum rpcs_portmap_shape shape)
{
	if (shape == RPCS_PORTMAP_MAPPINGS)
		return mapping->port > PORT_MAX;
	return is_bad_address(&mapping->address, &mapping->netid);
}

static void describe_port(uint32_t port, const char *before, struct rpcs_alert *alert)
{
	rpcs_alert_evidence(alert, "%sport %" PRIu32 ": there is none above %d (RFC 1833 3.1)",
			    before, port, PORT_MAX);
}

static void describe_address(const struct rpcs_text *address, const char *before,
			     struct rpcs_alert *alert)
{
	char text[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert,
			    "%saddress \"%s\": no universal address (RFC 5665 5.2.3.3, 5.2.3.4)",
			    before, rpcs_words_bytes(address, text));
}

static bool is_bad_list(const struct rpcs_portmap *pm)
{
	uint32_t ports = 0, i;

	if (pm->shape == RPCS_PORTMAP_MAPPINGS) {
		for (i = 0; i < pm->mappings_kept; i++)
			ports |= pm->mappings[i].port;
		/* It has all bits of a port: one is higher if all of their bits together are. */
		return ports > PORT_MAX;
	}
	for (i = 0; i < pm->mappings_kept; i++)
		if (is_bad_mapping(&pm->mappings[i], pm->shape))
			return true;
	return false;
}

/* A bad list: the first bad entry, and how many there are. */
static void describe_list(const struct rpcs_portmap *pm, struct rpcs_alert *alert)
{
	char before[RPCS_WORDS_TEXT + 32], program[RPCS_WORDS_TEXT];
	const struct rpcs_mapping *mapping, *first = NULL;
	uint32_t i, count = 0;

	for (i = 0; i < pm->mappings_kept; i++) {
		mapping = &pm->mappings[i];
		if (!is_bad_mapping(mapping, pm->shape))
			continue;
		count++;
		if (!first)
			first = mapping;
	}
	if (!first)
		return;
	snprintf(before, sizeof(before), "%s version %" PRIu32 ", ",
		 rpcs_words_program(first->program, program), first->version);
	if (pm->shape == RPCS_PORTMAP_MAPPINGS)
		describe_port(first->port, before, alert);
	else
		describe_address(&first->address, pm->shape == RPCS_PORTMAP_ENTRIES ? "" : before,
				 alert);
	rpcs_alert_evidence(alert, "%" PRIu32 " of the list's entries", count);
}

/* Is something wrong with what a reply tells? Says what, where there is an alert to say it in. */
static bool judge_reply(const struct rpcs_message *reply, const struct rpcs_call *call,
			struct rpcs_alert *alert)
{
	static const struct rpcs_text unknown = { 0 };
	const struct rpcs_portmap *pm = &reply->portmap;
	bool has_port = pm->shape == RPCS_PORTMAP_PORT || pm->shape == RPCS_PORTMAP_CALLIT_PORT;
	bool has_address = pm->shape == RPCS_PORTMAP_ADDRESS ||
			   pm->shape == RPCS_PORTMAP_CALLIT_ADDRESS;

	if (has_port && pm->has >= 1 && pm->port > PORT_MAX) {
		if (alert)
			describe_port(pm->port, "", alert);
		return true;
	}
	if (has_address && pm->has >= 1 &&
	    is_bad_address(&pm->address, call ? &call->message.portmap.netid : &unknown)) {
		if (alert)
			describe_address(&pm->address, "", alert);
		return true;
	}
	if (!is_bad_list(pm))
		return false;
	if (alert)
		describe_list(pm, alert);
	return true;
}

static bool is_change(const struct rpcs_message *message)
{
	return message->program == RPCS_PORTMAP_PROGRAM &&
	       (message->procedure == RPCS_PORTMAP_SET || message->procedure == RPCS_PORTMAP_UNSET);
}

static bool is_bad_change(const struct rpcs_message *message)
{
	const struct rpcs_portmap *pm = &message->portmap;

	if (!is_change(message))
		return false;
	if (pm->shape == RPCS_PORTMAP_MAPPING)
		return pm->has == 4 && pm->port > PORT_MAX;
	return pm->shape == RPCS_PORTMAP_RPCB && pm->has >= 4 &&
	       is_bad_address(&pm->address, &pm->netid);
}

void rpcs_bad_port_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert)
{
	const struct rpcs_portmap *pm = &call->message.portmap;

	if (pm->shape == RPCS_PORTMAP_MAPPING)
		describe_port(pm->port, "", alert);
	else
		describe_address(&pm->address, "", alert);
	rpcs_words_client(detect, call, alert);
}

void rpcs_bad_port_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			   struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (message->is_call) {
		if (is_bad_change(message))
			rpcs_abuse_raise(detect, RPCS_D_BAD_PORT, message, call, place, flow_id);
	} else if (judge_reply(message, call, NULL) &&
		   rpcs_abuse_reply(detect, RPCS_D_BAD_PORT, message, call, flow_id, &alert)) {
		judge_reply(message, call, &alert);
		rpcs_alert_evidence(&alert, "told by the server, to its client");
		rpcs_alert_send(detect, &alert);
	}
}

/* 1110054. */

enum { ADDRESS_MAX = 96 };

static uint32_t longest_address(const struct rpcs_portmap *pm)
{
	bool alone = pm->shape == RPCS_PORTMAP_ADDRESS || pm->shape == RPCS_PORTMAP_CALLIT_ADDRESS;
	uint32_t longest = alone ? pm->address.len : 0, i;

	for (i = 0; i < pm->mappings_kept; i++)
		if (pm->mappings[i].address.len > longest)
			longest = pm->mappings[i].address.len;
	return longest;
}

void rpcs_long_address_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			       struct rpcs_call *call, enum rpcs_message_place place,
			       uint64_t flow_id)
{
	uint32_t longest = message->is_call ? 0 : longest_address(&message->portmap);
	struct rpcs_alert alert;

	(void)place;
	if (longest <= ADDRESS_MAX ||
	    !rpcs_abuse_reply(detect, RPCS_D_LONG_ADDRESS, message, call, flow_id, &alert))
		return;
	rpcs_alert_evidence(&alert,
			    "a universal address of %" PRIu32
			    " bytes in the reply; none needs more than %d (RFC 5665 5.2.3; "
			    "CVE-2022-26937)",
			    longest, ADDRESS_MAX);
	if (!rpcs_policy_is_home(detect->policy, &alert.tuple.dst))
		rpcs_alert_evidence(&alert, "the server is external: outside networks.home");
	rpcs_alert_evidence(&alert, "told by the server: its client is the one in danger");
	rpcs_alert_send(detect, &alert);
}

/* 1110055. */

enum { RANGE_MAX = 1000 };

void rpcs_mismatch_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			   struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	uint32_t low = message->mismatch_low, high = message->mismatch_high;
	char program[RPCS_WORDS_TEXT];
	struct rpcs_alert alert;

	(void)place;
	if (message->is_call || !message->has_mismatch ||
	    message->reply_stat != RPCS_REPLY_ACCEPTED ||
	    message->stat != RPCS_ACCEPT_PROG_MISMATCH || (low <= high && high - low <= RANGE_MAX))
		return;
	if (!rpcs_abuse_reply(detect, RPCS_D_MISMATCH_RANGE, message, call, flow_id, &alert))
		return;
	rpcs_alert_evidence(&alert,
			    "PROG_MISMATCH with versions %" PRIu32 " to %" PRIu32 "%s (RFC 5531 9)",
			    low, high, low > high ? ": the low one is above the high one" : "");
	if (call)
		rpcs_alert_evidence(&alert, "in answer to a call of %s version %" PRIu32,
				    rpcs_words_program(message->program, program),
				    message->version);
	rpcs_alert_evidence(&alert, "told by the server, to its client");
	rpcs_alert_send(detect, &alert);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls, replies and alerts in words. */
#include "phrase.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "../base/json.h"
#include "../policy/programs.h"
#include "names.h"

enum { WIRE_SHOWN = 64, WIRE_TEXT = WIRE_SHOWN * 6 + 8 };

void rpcs_line_init(struct rpcs_line *line, char *buf, size_t size)
{
	*line = (struct rpcs_line){ .buf = buf, .size = size };
	if (size)
		buf[0] = '\0';
}

void rpcs_line_add(struct rpcs_line *line, const char *format, ...)
{
	size_t room = line->size - line->len;
	va_list args;
	int len;

	if (room <= 1)
		return;
	va_start(args, format);
	len = vsnprintf(line->buf + line->len, room, format, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

void rpcs_line_pad(struct rpcs_line *line, size_t from, size_t column)
{
	while (line->len < from + column && line->len + 1 < line->size)
		rpcs_line_add(line, " ");
}

void rpcs_line_wire(struct rpcs_line *line, struct rpcs_text text)
{
	bool cut = text.len > WIRE_SHOWN;
	char escaped[WIRE_TEXT];
	struct rpcs_json json;

	rpcs_json_init(&json, escaped, sizeof(escaped));
	rpcs_json_bytes(&json, NULL, text.bytes, cut ? WIRE_SHOWN : text.len);
	rpcs_line_add(line, "%.*s", (int)json.len, escaped);
	if (cut)
		rpcs_line_add(line, "... (%" PRIu32 " bytes)", text.len);
}

void rpcs_line_plain(struct rpcs_line *line, const char *text)
{
	for (; *text && line->len + 1 < line->size; text++)
		line->buf[line->len++] = *text >= ' ' && *text <= '~' ? *text : '?';
	if (line->size)
		line->buf[line->len] = '\0';
}

static void phrase_end(struct rpcs_line *line, const struct rpcs_address *address, uint16_t port)
{
	char text[RPCS_ADDRESS_TEXT];

	rpcs_address_format(address, text);
	rpcs_line_add(line, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

void rpcs_phrase_tuple(struct rpcs_line *line, const struct rpcs_tuple *tuple)
{
	phrase_end(line, &tuple->src, tuple->sport);
	rpcs_line_add(line, " -> ");
	phrase_end(line, &tuple->dst, tuple->dport);
	rpcs_line_add(line, " %s", rpcs_protocol_name(tuple->protocol));
}

static void phrase_program(struct rpcs_line *line, uint32_t program)
{
	const char *name = rpcs_program_name(program);

	if (name)
		rpcs_line_add(line, " %s", name);
	else
		rpcs_line_add(line, " program %" PRIu32, program);
}

static void phrase_protocol(struct rpcs_line *line, uint32_t protocol)
{
	if (protocol == RPCS_IP_UDP || protocol == RPCS_IP_TCP)
		rpcs_line_add(line, protocol == RPCS_IP_TCP ? " tcp" : " udp");
	else
		rpcs_line_add(line, " protocol %" PRIu32, protocol);
}

/* " mountd v3 udp": what a portmapper call asks for. */
static void phrase_arguments(struct rpcs_line *line, const struct rpcs_portmap *p, bool change)
{
	if (p->shape != RPCS_PORTMAP_MAPPING && p->shape != RPCS_PORTMAP_RPCB &&
	    p->shape != RPCS_PORTMAP_CALLIT_ARGS)
		return;
	if (p->has >= 1)
		phrase_program(line, p->program);
	if (p->has >= 2)
		rpcs_line_add(line, " v%" PRIu32, p->version);
	if (p->shape == RPCS_PORTMAP_MAPPING && p->has >= 3)
		phrase_protocol(line, p->protocol);
	if (p->shape == RPCS_PORTMAP_MAPPING && p->has >= 4 && change)
		rpcs_line_add(line, " port %" PRIu32, p->port);
	if (p->shape == RPCS_PORTMAP_CALLIT_ARGS && p->has >= 3)
		rpcs_line_add(line, " procedure %" PRIu32, p->procedure);
	if (p->shape != RPCS_PORTMAP_RPCB)
		return;
	if (p->has >= 3 && p->netid.len) {
		rpcs_line_add(line, " netid ");
		rpcs_line_wire(line, p->netid);
	}
	if (p->has >= 4 && p->address.len && change) {
		rpcs_line_add(line, " address ");
		rpcs_line_wire(line, p->address);
	}
}

void rpcs_phrase_call(struct rpcs_line *line, const struct rpcs_message *call)
{
	const char *name = rpcs_program_name(call->program);
	bool portmap = call->program == RPCS_PORTMAP_PROGRAM;

	if (portmap)
		rpcs_line_add(line, "portmap");
	else if (name)
		rpcs_line_add(line, "%s", name);
	else
		rpcs_line_add(line, "program %" PRIu32, call->program);
	rpcs_line_add(line, " v%" PRIu32, call->version);
	name = rpcs_procedure_name(call->program, call->version, call->procedure);
	if (name)
		rpcs_line_add(line, " %s", name);
	else
		rpcs_line_add(line, " procedure %" PRIu32, call->procedure);
	if (portmap && call->is_call)
		phrase_arguments(line, &call->portmap,
				 call->procedure == RPCS_PORTMAP_SET ||
					 call->procedure == RPCS_PORTMAP_UNSET);
}

static void phrase_list(struct rpcs_line *line, const struct rpcs_portmap *p)
{
	uint32_t count = p->mappings_complete ? p->mappings_count : p->mappings_kept;

	rpcs_line_add(line, "%s%" PRIu32 " mapping%s", p->mappings_complete ? "" : "at least ",
		      count, count == 1 ? "" : "s");
}

static void phrase_result(struct rpcs_line *line, const struct rpcs_portmap *p)
{
	bool there = p->has > 0;

	switch (p->shape) {
	case RPCS_PORTMAP_MAPPINGS:
	case RPCS_PORTMAP_RPCBS:
	case RPCS_PORTMAP_ENTRIES:
		phrase_list(line, p);
		return;
	case RPCS_PORTMAP_PORT:
	case RPCS_PORTMAP_CALLIT_PORT:
		if (there && p->port == 0 && p->shape == RPCS_PORTMAP_PORT)
			rpcs_line_add(line, "not registered");
		else if (there)
			rpcs_line_add(line, "port %" PRIu32, p->port);
		break;
	case RPCS_PORTMAP_ADDRESS:
	case RPCS_PORTMAP_CALLIT_ADDRESS:
		if (there && p->address.len == 0)
			rpcs_line_add(line, "not registered");
		else if (there)
			rpcs_line_wire(line, p->address);
		break;
	case RPCS_PORTMAP_RESULT:
		if (there)
			rpcs_line_add(line, p->result ? "true" : "false: the server did not do it");
		break;
	case RPCS_PORTMAP_TIME:
		if (there)
			rpcs_line_add(line, "time %" PRIu32, p->time);
		break;
	default:
		rpcs_line_add(line, "success");
		return;
	}
	if (!there)
		rpcs_line_add(line, "success");
}

void rpcs_phrase_reply(struct rpcs_line *line, const struct rpcs_message *reply)
{
	struct rpcs_call answered = { .status = RPCS_STATUS_ANSWERED };

	if (reply->reply_has == 2 && reply->reply_stat == RPCS_REPLY_ACCEPTED &&
	    reply->stat == RPCS_ACCEPT_SUCCESS) {
		phrase_result(line, &reply->portmap);
	} else {
		if (reply->reply_has && reply->reply_stat == RPCS_REPLY_DENIED)
			rpcs_line_add(line, "denied: ");
		rpcs_line_add(line, "%s", rpcs_call_status_name(&answered, reply).text);
	}
	if (reply->has_mismatch)
		rpcs_line_add(line, " (has %" PRIu32 " to %" PRIu32 ")", reply->mismatch_low,
			      reply->mismatch_high);
	if (reply->has_auth_stat)
		rpcs_line_add(line, " (auth_stat %" PRIu32 ")", reply->auth_stat);
	if (reply->malformed)
		rpcs_line_add(line, " [malformed: %s]", reply->malformed);
	if (reply->truncated)
		rpcs_line_add(line, " [cut]");
}

void rpcs_phrase_outcome(struct rpcs_line *line, const struct rpcs_call *call,
			 const struct rpcs_message *reply)
{
	uint64_t asked = call->message.seen.time_ns;
	uint64_t micros;

	if (call->status == RPCS_STATUS_TIMEOUT) {
		rpcs_line_add(line, "no reply");
	} else if (call->status == RPCS_STATUS_PENDING) {
		rpcs_line_add(line, "no reply yet");
	} else if (call->status == RPCS_STATUS_UNKNOWN || !reply) {
		rpcs_line_add(line, "reply not seen from here");
	} else {
		micros = reply->seen.time_ns > asked
				 ? (reply->seen.time_ns - asked) / RPCS_NSEC_PER_USEC
				 : 0;
		rpcs_phrase_reply(line, reply);
		if (micros < 1000)
			rpcs_line_add(line, " (%" PRIu64 " us)", micros);
		else
			rpcs_line_add(line, " (%" PRIu64 ".%" PRIu64 " ms)", micros / 1000,
				      micros % 1000 / 100);
	}
	if (call->retransmissions)
		rpcs_line_add(line, ", sent %" PRIu32 " times", call->retransmissions + 1);
}

void rpcs_phrase_service(struct rpcs_line *line, const struct rpcs_service_change *change)
{
	char address[RPCS_ADDRESS_TEXT];

	rpcs_address_format(&change->server, address);
	rpcs_line_add(line, "%s", address);
	if (change->kind == RPCS_CHANGE_NEW_SERVER) {
		rpcs_line_add(line, ": a portmapper not seen before");
		return;
	}
	phrase_program(line, change->program);
	rpcs_line_add(line, " v%" PRIu32 " %s: ", change->version,
		      rpcs_transport_netid(change->transport));
	if (change->kind == RPCS_CHANGE_CHANGED)
		rpcs_line_add(line, "port %u -> %u", change->old_port, change->port);
	else
		rpcs_line_add(line, "removed from port %u", change->port);
	rpcs_line_add(line, " (%s)",
		      change->kind == RPCS_CHANGE_REMOVED ? "unset"
							  : rpcs_learned_by_name(change->by));
}

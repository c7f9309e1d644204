// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The EVE JSON sink: a line for each event (spec events.md). */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "community.h"
#include "eve_objects.h"
#include "interfaces.h"
#include "lines.h"
#include "names.h"
#include "outputs.h"

struct eve {
	struct rpcs_sink sink; /* first: the caller holds its address */
	struct rpcs_output_context context;
	struct rpcs_lines lines;
	struct rpcs_community_ids ids; /* of lines that wait */
	struct rpcs_interfaces interfaces;
};

/* The common fields of a line; NULL and 0 for what it does not have. */
struct eve_common {
	struct rpcs_name event_type;
	uint64_t time_ns;
	uint64_t frame;
	const struct rpcs_sighting *seen;
	const struct rpcs_tuple *tuple;
	uint64_t flow_id;
};

static void eve_tuple(struct eve *eve, struct rpcs_json *json, const struct rpcs_tuple *tuple)
{
	enum { ROOM = 128 + 2 * RPCS_ADDRESS_TEXT + RPCS_COMMUNITY_ID_LEN };
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, ROOM))
		return;
	p = RPCS_JSON_TEXT_KEY(p, "src_ip");
	p += rpcs_address_format(&tuple->src, p);
	p = rpcs_digits_put(RPCS_JSON_LITERAL(p, "\",\"src_port\":"), tuple->sport);
	p = RPCS_JSON_TEXT_KEY(p, "dest_ip");
	p += rpcs_address_format(&tuple->dst, p);
	p = rpcs_digits_put(RPCS_JSON_LITERAL(p, "\",\"dest_port\":"), tuple->dport);
	p = RPCS_JSON_TEXT_KEY(p, "proto");
	p = (char *)memcpy(p, rpcs_protocol_name(tuple->protocol), 3) + 3;
	p = RPCS_JSON_LITERAL(p, "\",\"community_id\":\"");
	rpcs_community_ids_add(&eve->ids, tuple, p);
	p += RPCS_COMMUNITY_ID_LEN;
	*p++ = '"';
	rpcs_json_wrote(json, p);
}

static void eve_sighting(struct eve *eve, struct rpcs_json *json, const struct rpcs_sighting *seen)
{
	const char *name = NULL;
	uint32_t i;

	if (eve->context.live && seen->ifindex)
		name = rpcs_interfaces_name(&eve->interfaces, seen->ifindex);
	if (name)
		rpcs_json_string(json, "in_iface", name);
	name = rpcs_tunnel_name(seen->flags);
	if (name)
		rpcs_json_string(json, "tunnel", name);
	if (seen->vlan_count == 0)
		return;
	rpcs_json_open(json, "vlan", '[');
	for (i = 0; i < seen->vlan_count && i < 2; i++)
		rpcs_json_uint(json, NULL, seen->vlan[i]);
	rpcs_json_close(json, ']');
}

static void eve_begin(struct eve *eve, struct rpcs_json *json, const struct eve_common *common,
		      const struct rpcs_eve_detail *detail)
{
	enum { ROOM = 64 + RPCS_TIME_TEXT + RPCS_DIGITS_ROOM + sizeof(struct rpcs_name) };
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, ROOM))
		return;
	p = RPCS_JSON_LITERAL(p, "{\"timestamp\":\"");
	p += rpcs_time_format(common->time_ns, p);
	*p++ = '"';
	if (common->flow_id)
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "flow_id"), common->flow_id);
	p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "event_type"), common->event_type);
	rpcs_json_wrote(json, p);
	if (eve->context.sensor_name && eve->context.sensor_name[0])
		rpcs_json_string(json, "sensor", eve->context.sensor_name);
	if (!eve->context.live && common->frame)
		rpcs_json_uint(json, "pcap_cnt", common->frame);
	if (common->seen)
		eve_sighting(eve, json, common->seen);
	if (common->tuple && common->tuple->protocol)
		eve_tuple(eve, json, common->tuple);
	if (detail->shortened)
		rpcs_json_bool(json, "shortened", true);
}

/* One event, whatever it is: just the members that its line needs. */
struct eve_event {
	struct eve_common common;
	const struct rpcs_message *message;
	const struct rpcs_call *call;
	const struct rpcs_message *reply;
	const struct rpcs_alert *alert;
	const struct rpcs_stats *stats;
	const struct rpcs_service_change *service;
};

static void eve_message_body(struct rpcs_json *json, const struct eve_event *event,
			     const struct rpcs_eve_detail *detail)
{
	rpcs_json_open(json, "rpc", '{');
	rpcs_eve_rpc(json, event->message, detail);
	rpcs_json_close(json, '}');
	rpcs_eve_portmap(json, &event->message->portmap, NULL, detail);
}

static void eve_call_body(struct rpcs_json *json, const struct eve_event *event,
			  const struct rpcs_eve_detail *detail)
{
	const struct rpcs_call *call = event->call;
	bool answered = call->status == RPCS_STATUS_ANSWERED && event->reply;

	rpcs_json_open(json, "rpc", '{');
	rpcs_eve_rpc(json, &call->message, detail);
	/* The first line of an alert leaves before there is an outcome. */
	if (!event->alert || event->alert->update)
		rpcs_eve_outcome(json, call, event->reply);
	rpcs_json_close(json, '}');
	rpcs_eve_portmap(json, &call->message.portmap, answered ? &event->reply->portmap : NULL,
			 detail);
	if (call->message.tuple.protocol != RPCS_IP_TCP)
		return;
	rpcs_json_open(json, "tcp", '{');
	rpcs_json_bool(json, "handshake", call->tcp_handshake);
	rpcs_json_bool(json, "midstream", call->tcp_midstream);
	if (call->tls)
		rpcs_json_bool(json, "tls", true);
	rpcs_json_close(json, '}');
}

static size_t eve_format(struct eve *eve, const struct eve_event *event,
			 const struct rpcs_eve_detail *detail, char *room)
{
	struct rpcs_json json;

	rpcs_json_init(&json, room, RPCS_LINE_MAX);
	eve_begin(eve, &json, &event->common, detail);
	if (event->alert)
		rpcs_eve_alert(&json, event->alert);
	if (event->message)
		eve_message_body(&json, event, detail);
	if (event->call)
		eve_call_body(&json, event, detail);
	if (event->stats)
		rpcs_eve_stats(&json, event->stats);
	if (event->service)
		rpcs_eve_service(&json, event->service);
	rpcs_json_close(&json, '}');
	return rpcs_json_end(&json);
}

/* A line that does not fit is told again in less detail, never cut and never lost. */
static int eve_write(struct eve *eve, const struct eve_event *event)
{
	static const struct rpcs_eve_detail details[] = {
		{ .mappings = true, .string_max = UINT32_MAX },
		{ .mappings = false, .string_max = UINT32_MAX, .shortened = true },
		{ .mappings = false, .string_max = 1024, .shortened = true },
	};
	size_t len = 0;
	uint32_t ids;
	char *room;
	size_t i;
	int err;

	err = rpcs_lines_room(&eve->lines, &room);
	if (err)
		return err;
	if (eve->ids.count == RPCS_COMMUNITY_IDS)
		rpcs_community_ids_make(&eve->ids);
	ids = eve->ids.count;
	for (i = 0; i < sizeof(details) / sizeof(details[0]) && len == 0; i++) {
		eve->ids.count = ids;
		len = eve_format(eve, event, &details[i], room);
	}
	if (len == 0) {
		eve->ids.count = ids;
		rpcs_lines_lose(&eve->lines);
		return -EMSGSIZE;
	}
	rpcs_lines_add(&eve->lines, len);
	return 0;
}

static int eve_message(struct rpcs_sink *sink, const struct rpcs_message *message, uint64_t flow_id)
{
	struct eve_event event = {
		.common = {
			.event_type = RPCS_NAME("rpc"),
			.time_ns = message->seen.time_ns,
			.frame = message->seen.frame,
			.seen = &message->seen,
			.tuple = &message->tuple,
			.flow_id = flow_id,
		},
		.message = message,
	};

	return eve_write((struct eve *)sink, &event);
}

static int eve_call(struct rpcs_sink *sink, const struct rpcs_call *call,
		    const struct rpcs_message *reply)
{
	static const struct rpcs_name types[] = { RPCS_NAME("rpc_call"), RPCS_NAME("portmap") };
	const struct rpcs_message *message = &call->message;
	struct eve *eve = (struct eve *)sink;
	struct eve_event event = {
		.common = {
			.event_type = types[message->program == RPCS_PORTMAP_PROGRAM],
			.time_ns = message->seen.time_ns,
			.frame = message->seen.frame,
			.seen = &message->seen,
			.tuple = &message->tuple,
			.flow_id = call->flow_id,
		},
		.call = call,
		.reply = reply,
	};

	return eve->context.transactions && call->log ? eve_write(eve, &event) : 0;
}

static int eve_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	static const struct rpcs_name types[] = { RPCS_NAME("alert"), RPCS_NAME("alert_update") };
	struct eve_event event = {
		.common = {
			.event_type = types[alert->update && !alert->raised],
			.time_ns = alert->time_ns,
			.frame = alert->frame,
			.seen = &alert->seen,
			.tuple = &alert->tuple,
			.flow_id = alert->flow_id,
		},
		.call = alert->call,
		.reply = alert->reply,
		.alert = alert,
	};

	return eve_write((struct eve *)sink, &event);
}

static int eve_stats(struct rpcs_sink *sink, const struct rpcs_stats *stats)
{
	struct eve_event event = {
		.common = { .event_type = RPCS_NAME("stats"), .time_ns = stats->time_ns },
		.stats = stats,
	};

	return eve_write((struct eve *)sink, &event);
}

static int eve_service(struct rpcs_sink *sink, const struct rpcs_lesson *lesson,
		       const struct rpcs_service_change *change)
{
	struct eve *eve = (struct eve *)sink;
	struct eve_event event = {
		.common = {
			.event_type = RPCS_NAME("services"),
			.time_ns = lesson->reply->seen.time_ns,
			.frame = lesson->reply->seen.frame,
			.seen = &lesson->reply->seen,
			.tuple = &lesson->call->message.tuple,
			.flow_id = lesson->call->flow_id,
		},
		.service = change,
	};

	return eve->context.transactions ? eve_write(eve, &event) : 0;
}

static void eve_finish(void *arg)
{
	rpcs_community_ids_make(&((struct eve *)arg)->ids);
}

static int eve_flush(struct rpcs_sink *sink)
{
	/* What an error keeps waiting is not lost yet: the lines count what is. */
	rpcs_lines_flush(&((struct eve *)sink)->lines);
	return 0;
}

struct rpcs_sink *rpcs_eve_new(int fd, const struct rpcs_output_context *context)
{
	struct eve *eve = calloc(1, sizeof(*eve));

	if (!eve)
		return NULL;
	if (rpcs_lines_init(&eve->lines, fd, context->path ? context->path : "standard output",
			    context->live)) {
		free(eve);
		return NULL;
	}
	eve->lines.finish = eve_finish;
	eve->lines.finish_arg = eve;
	eve->context = *context;
	eve->sink = (struct rpcs_sink){
		.message = eve_message,
		.call = eve_call,
		.alert = eve_alert,
		.stats = eve_stats,
		.flush = eve_flush,
		.service = eve_service,
	};
	/* The zone and the names come from files and sockets: not once the sensor is confined. */
	tzset();
	if (context->live)
		rpcs_interfaces_init(&eve->interfaces);
	return &eve->sink;
}

void rpcs_eve_free(struct rpcs_sink **sink)
{
	struct eve *eve = (struct eve *)*sink;

	if (!eve)
		return;
	rpcs_lines_flush(&eve->lines);
	rpcs_lines_free(&eve->lines);
	free(eve);
	*sink = NULL;
}

struct rpcs_lines *rpcs_eve_lines(struct rpcs_sink *sink)
{
	return &((struct eve *)sink)->lines;
}

void rpcs_eve_reopen(struct rpcs_sink *sink, int fd)
{
	rpcs_lines_reopen(&((struct eve *)sink)->lines, fd);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A line of EVE JSON (spec events.md): what all have, and the objects of its event. */
#include "eve_line.h"

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "names.h"

enum {
	BEGIN_ROOM = 96 + RPCS_TIME_TEXT + 2 * RPCS_DIGITS_ROOM + sizeof(struct rpcs_name),
	TUPLE_ROOM = 128 + 2 * RPCS_ADDRESS_TEXT + RPCS_COMMUNITY_ID_LEN,
};

static char *tuple_at(struct rpcs_eve_maker *maker, char *p, const struct rpcs_tuple *tuple)
{
	p = RPCS_JSON_TEXT_KEY(p, "src_ip");
	p += rpcs_address_format(&tuple->src, p);
	p = rpcs_digits_put_16(RPCS_JSON_LITERAL(p, "\",\"src_port\":"), tuple->sport);
	p = RPCS_JSON_TEXT_KEY(p, "dest_ip");
	p += rpcs_address_format(&tuple->dst, p);
	p = rpcs_digits_put_16(RPCS_JSON_LITERAL(p, "\",\"dest_port\":"), tuple->dport);
	p = RPCS_JSON_TEXT_KEY(p, "proto");
	p = (char *)memcpy(p, rpcs_protocol_name(tuple->protocol), 3) + 3;
	p = RPCS_JSON_LITERAL(p, "\",\"community_id\":\"");
	rpcs_community_ids_add(&maker->ids, tuple, p);
	p += RPCS_COMMUNITY_ID_LEN;
	*p++ = '"';
	return p;
}

static void eve_sighting(struct rpcs_eve_maker *maker, struct rpcs_json *json,
			 const struct rpcs_sighting *seen)
{
	const char *name = NULL;
	uint32_t i;

	if (maker->context.live && seen->ifindex)
		name = rpcs_interfaces_name(&maker->interfaces, seen->ifindex);
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

/* Of where an event was seen, is a frame's number all that there is to say? */
static bool has_frame_alone(const struct rpcs_eve_maker *maker,
			    const struct rpcs_eve_common *common)
{
	const char *sensor = maker->context.sensor_name;
	const struct rpcs_sighting *seen = common->seen;

	return !maker->context.live && !(sensor && sensor[0]) &&
	       (!seen || (seen->vlan_count == 0 && !rpcs_tunnel_name(seen->flags)));
}

static void eve_where(struct rpcs_eve_maker *maker, struct rpcs_json *json,
		      const struct rpcs_eve_common *common)
{
	if (maker->context.sensor_name && maker->context.sensor_name[0])
		rpcs_json_string(json, "sensor", maker->context.sensor_name);
	if (!maker->context.live && common->frame)
		rpcs_json_uint(json, "pcap_cnt", common->frame);
	if (common->seen)
		eve_sighting(maker, json, common->seen);
}

static void eve_begin(struct rpcs_eve_maker *maker, struct rpcs_json *json,
		      const struct rpcs_eve_common *common, const struct rpcs_eve_detail *detail)
{
	char *p = json->buf + json->len;

	if (!rpcs_json_fits(json, BEGIN_ROOM + TUPLE_ROOM))
		return;
	p = RPCS_JSON_LITERAL(p, "{\"timestamp\":\"");
	p += rpcs_time_format(common->time_ns, p);
	*p++ = '"';
	if (common->flow_id)
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "flow_id"), common->flow_id);
	p = rpcs_eve_name(RPCS_JSON_TEXT_KEY(p, "event_type"), common->event_type);
	if (!has_frame_alone(maker, common)) {
		rpcs_json_wrote(json, p);
		eve_where(maker, json, common);
		if (!rpcs_json_fits(json, TUPLE_ROOM))
			return;
		p = json->buf + json->len;
	} else if (common->frame) {
		p = rpcs_digits_put(RPCS_JSON_KEY(p, "pcap_cnt"), common->frame);
	}
	if (common->tuple && common->tuple->protocol)
		p = tuple_at(maker, p, common->tuple);
	rpcs_json_wrote(json, p);
	if (detail->shortened)
		rpcs_json_bool(json, "shortened", true);
}

static void eve_message_body(struct rpcs_json *json, const struct rpcs_eve_event *event,
			     const struct rpcs_eve_detail *detail)
{
	rpcs_json_open(json, "rpc", '{');
	rpcs_eve_rpc(json, event->message, detail);
	rpcs_json_close(json, '}');
	rpcs_eve_portmap(json, &event->message->portmap, NULL, detail);
}

static void eve_tcp(struct rpcs_json *json, bool handshake, bool midstream, bool tls)
{
	rpcs_json_open(json, "tcp", '{');
	rpcs_json_bool(json, "handshake", handshake);
	rpcs_json_bool(json, "midstream", midstream);
	if (tls)
		rpcs_json_bool(json, "tls", true);
	rpcs_json_close(json, '}');
}

static void eve_plain_body(struct rpcs_json *json, const struct rpcs_eve_plain *plain,
			   const struct rpcs_eve_detail *detail)
{
	rpcs_eve_plain_rpc(json, plain);
	rpcs_eve_plain_portmap(json, plain, detail);
	if (plain->tuple.protocol == RPCS_IP_TCP)
		eve_tcp(json, plain->tcp_handshake, plain->tcp_midstream, plain->tls);
}

static void eve_call_body(struct rpcs_json *json, const struct rpcs_eve_event *event,
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
	if (call->message.tuple.protocol == RPCS_IP_TCP)
		eve_tcp(json, call->tcp_handshake, call->tcp_midstream, call->tls);
}

/* What is told of anything but a plain transaction. */
static void eve_body(struct rpcs_json *json, const struct rpcs_eve_event *event,
		     const struct rpcs_eve_detail *detail)
{
	if (event->alert)
		rpcs_eve_alert(json, event->alert);
	if (event->message)
		eve_message_body(json, event, detail);
	if (event->call)
		eve_call_body(json, event, detail);
	if (event->stats)
		rpcs_eve_stats(json, event->stats);
	if (event->service)
		rpcs_eve_service(json, event->service);
}

size_t rpcs_eve_format(struct rpcs_eve_maker *maker, const struct rpcs_eve_event *event,
		       const struct rpcs_eve_detail *detail, char *room)
{
	struct rpcs_json json;

	rpcs_json_init(&json, room, RPCS_LINE_MAX);
	eve_begin(maker, &json, &event->common, detail);
	if (event->plain)
		eve_plain_body(&json, event->plain, detail);
	else
		eve_body(&json, event, detail);
	rpcs_json_close(&json, '}');
	return rpcs_json_end(&json);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a reply teaches. Hostile hosts send replies as well: services.h says whom they can hurt. */
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/prefetch.h"
#include "../match/told.h"
#include "map.h"

enum {
	PORT_MAX = 65535,
	FETCHED_MAX = 16, /* entries of a list whose mappings are fetched together */
	SECOND_AHEAD = 4, /* entries from which a chain's second is fetched */
};

/** What is learned now. */
struct lesson {
	struct rpcs_services *services;
	struct rpcs_server *server;
	uint64_t now_ns;
	enum rpcs_learned_by by;
};

static struct rpcs_service_change *note_mapping(const struct lesson *lesson,
						const struct rpcs_service *service,
						enum rpcs_service_change_kind kind)
{
	struct rpcs_service_change *change =
		rpcs_services_note(lesson->services, lesson->server, kind, lesson->now_ns);

	change->first_seen_ns = service->first_seen_ns;
	change->program = service->key.program;
	change->version = service->key.version;
	change->transport = service->key.transport;
	change->by = lesson->by;
	change->port = service->port;
	return change;
}

static void move_port(const struct lesson *lesson, struct rpcs_service *service, uint16_t port)
{
	enum { LAST = RPCS_SERVICE_PORTS_BEFORE - 1 };
	struct rpcs_service_change *change = note_mapping(lesson, service, RPCS_CHANGE_CHANGED);
	uint16_t *before = service->before;
	uint32_t i, last;

	for (i = 0; i < LAST && before[i] != port; i++)
		;
	change->returned = before[i] == port;
	change->old_port = service->port;
	change->port = port;
	/* The place of the port that returned, or of the oldest, is free. */
#pragma GCC unroll 3
	for (last = LAST; last > 0; last--)
		before[last] = before[last <= i ? last - 1 : last];
	before[0] = service->port;
	service->port = port;
	service->removed_ns = 0;
}

/* The server says that the program is there. `at`: NULL for the server itself. */
static void learn(const struct lesson *lesson, uint32_t program, uint32_t version,
		  enum rpcs_transport transport, uint32_t port, const struct rpcs_address *at)
{
	struct rpcs_service *service;
	bool is_new;

	if (program == 0 || port == 0 || port > PORT_MAX || transport >= RPCS_TRANSPORT__MAX)
		return;
	service = rpcs_services_find_entry(lesson->services, lesson->server, program, version,
					   transport);
	is_new = !service;
	if (is_new) {
		service = rpcs_services_add(lesson->services, lesson->server, program, version,
					    transport);
		service->first_seen_ns = lesson->now_ns;
		service->port = (uint16_t)port;
	}
	if (service->port != port)
		move_port(lesson, service, (uint16_t)port);
	else if (is_new || service->removed_ns)
		note_mapping(lesson, service, RPCS_CHANGE_NEW_MAPPING);
	service->removed_ns = 0;
	service->at = at ? *at : (struct rpcs_address){ 0 };
	service->learned |= lesson->by;
	service->times++;
	if (lesson->now_ns > service->last_seen_ns)
		service->last_seen_ns = lesson->now_ns;
	rpcs_services_touch(lesson->services, service, lesson->now_ns);
}

/* The host part of an universal address (RFC 5665 5.2.3.3): all but the last two numbers. */
static bool uaddr_host(const struct rpcs_text *text, struct rpcs_address *ret_host)
{
	char host[RPCS_ADDRESS_TEXT + 1];
	uint32_t len = text->len, dots = 0;
	const char *zone;

	while (len > 0 && dots < 2)
		dots += text->bytes[--len] == '.';
	if (len == 0 || len >= sizeof(host) || memchr(text->bytes, '\0', len))
		return false;
	memcpy(host, text->bytes, len);
	host[len] = '\0';
	zone = strchr(host, '%'); /* fe80::1%eth0: a name of the server's own */
	if (zone)
		host[zone - host] = '\0';
	return rpcs_address_parse(host, ret_host) == 0;
}

static void learn_uaddr(const struct lesson *lesson, uint32_t program, uint32_t version,
			enum rpcs_transport transport, const struct rpcs_text *uaddr)
{
	struct rpcs_address host;

	if (!uaddr_host(uaddr, &host) || rpcs_address_is_multicast(&host))
		return;
	if (rpcs_address_is_unspecified(&host) ||
	    rpcs_address_equal(&host, &lesson->server->address))
		learn(lesson, program, version, transport, rpcs_uaddr_port(uaddr), NULL);
	else
		learn(lesson, program, version, transport, rpcs_uaddr_port(uaddr), &host);
}

static enum rpcs_transport transport_of(const struct rpcs_text *netid)
{
	return rpcs_transport_find((const char *)netid->bytes, netid->len);
}

static enum rpcs_transport transport_of_protocol(uint32_t protocol)
{
	return protocol == RPCS_IP_UDP	 ? RPCS_TRANSPORT_UDP
	       : protocol == RPCS_IP_TCP ? RPCS_TRANSPORT_TCP
					 : RPCS_TRANSPORT__MAX;
}

/* What a message came by. */
static enum rpcs_transport transport_of_tuple(const struct rpcs_tuple *tuple)
{
	bool ip4 = rpcs_address_is_ip4(&tuple->src);

	if (tuple->protocol == RPCS_IP_UDP)
		return ip4 ? RPCS_TRANSPORT_UDP : RPCS_TRANSPORT_UDP6;
	return ip4 ? RPCS_TRANSPORT_TCP : RPCS_TRANSPORT_TCP6;
}

/*
 * The answer is for the transport that the call came by (RFC 1833 2.2.1), but a server
 * may go by the netid that it names: learned where they do not differ.
 */
static void learn_lookup(const struct lesson *lesson, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;
	enum rpcs_transport transport = transport_of_tuple(&reply->tuple);

	if (told->has < 1)
		return;
	if (told->shape == RPCS_PORTMAP_PORT && asked->shape == RPCS_PORTMAP_MAPPING &&
	    asked->has >= 3)
		learn(lesson, asked->program, asked->version,
		      transport_of_protocol(asked->protocol), told->port, NULL);
	else if (told->shape == RPCS_PORTMAP_ADDRESS && asked->shape == RPCS_PORTMAP_RPCB &&
		 asked->has >= 3 &&
		 (asked->netid.len == 0 || transport_of(&asked->netid) == transport))
		learn_uaddr(lesson, asked->program, asked->version, transport, &told->address);
}

/* Calls are handed on by UDP only, whatever brought them: over TCP it is not known to where. */
static void learn_callit(const struct lesson *lesson, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;
	enum rpcs_transport transport = transport_of_tuple(&reply->tuple);

	if (asked->has < 2 || told->has < 1 || reply->tuple.protocol != RPCS_IP_UDP)
		return;
	if (told->shape == RPCS_PORTMAP_CALLIT_PORT)
		learn(lesson, asked->program, asked->version, transport, told->port, NULL);
	else if (told->shape == RPCS_PORTMAP_CALLIT_ADDRESS)
		learn_uaddr(lesson, asked->program, asked->version, transport, &told->address);
}

/* A list's entry by its name, whatever the list is of. */
static void learn_entry(const struct lesson *lesson, const struct rpcs_message *call,
			enum rpcs_portmap_shape shape, const struct rpcs_mapping *m)
{
	if (shape == RPCS_PORTMAP_MAPPINGS)
		learn(lesson, m->program, m->version, transport_of_protocol(m->protocol), m->port,
		      NULL);
	else if (shape == RPCS_PORTMAP_RPCBS)
		learn_uaddr(lesson, m->program, m->version, transport_of(&m->netid), &m->address);
	else if (call->portmap.has >= 2) /* GETADDRLIST: of the program asked for */
		learn_uaddr(lesson, call->portmap.program, call->portmap.version,
			    transport_of(&m->netid), &m->address);
}

/* Of a DUMP's entry: where its mapping is looked for. */
static struct rpcs_service **head_of(const struct lesson *lesson, enum rpcs_portmap_shape shape,
				     const struct rpcs_mapping *m)
{
	enum rpcs_transport transport = shape == RPCS_PORTMAP_MAPPINGS
						? transport_of_protocol(m->protocol)
						: transport_of(&m->netid);

	return rpcs_services_head(lesson->services, lesson->server, m->program, m->version,
				  transport);
}

/* A long list mostly waits for the memory of its mappings: have it wait for many at once. */
static void fetch(const struct lesson *lesson, enum rpcs_portmap_shape shape,
		  const struct rpcs_mapping *mappings, uint32_t count,
		  struct rpcs_service **chains[FETCHED_MAX])
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		chains[i] = head_of(lesson, shape, &mappings[i]);
		rpcs_prefetch(chains[i]);
	}
	for (i = 0; i < count; i++)
		rpcs_services_fetch(chains[i]);
}

/* In a full map every other chain has two; the first is there when its turn is near. */
static void fetch_second(struct rpcs_service *const *chain)
{
	if (*chain)
		rpcs_prefetch((*chain)->next);
}

static void learn_list(const struct lesson *lesson, const struct rpcs_message *call,
		       const struct rpcs_portmap *told)
{
	struct rpcs_service **chains[FETCHED_MAX];
	uint32_t i, from, count = 0;

	for (from = 0; from < told->mappings_kept; from += count) {
		count = told->mappings_kept - from;
		if (count > FETCHED_MAX)
			count = FETCHED_MAX;
		if (told->shape != RPCS_PORTMAP_ENTRIES)
			fetch(lesson, told->shape, &told->mappings[from], count, chains);
		for (i = 0; i < count; i++) {
			if (told->shape != RPCS_PORTMAP_ENTRIES && i + SECOND_AHEAD < count)
				fetch_second(chains[i + SECOND_AHEAD]);
			learn_entry(lesson, call, told->shape, &told->mappings[from + i]);
		}
	}
}

static void learn_set(const struct lesson *lesson, const struct rpcs_portmap *asked)
{
	if (asked->shape == RPCS_PORTMAP_MAPPING && asked->has >= 4)
		learn(lesson, asked->program, asked->version,
		      transport_of_protocol(asked->protocol), asked->port, NULL);
	else if (asked->shape == RPCS_PORTMAP_RPCB && asked->has >= 4)
		learn_uaddr(lesson, asked->program, asked->version, transport_of(&asked->netid),
			    &asked->address);
}

/* The port stays in mind: an UNSET and a SET are together a change of the mapping. */
static void unlearn(const struct lesson *lesson, const struct rpcs_portmap *asked)
{
	struct rpcs_service *service;
	uint32_t transport;

	/* Version 2 deletes whatever the protocol (RFC 1833 3.2), an empty netid as well. */
	for (transport = 0; transport < RPCS_TRANSPORT__MAX; transport++) {
		if (asked->shape == RPCS_PORTMAP_RPCB && asked->netid.len &&
		    transport_of(&asked->netid) != transport)
			continue;
		service = rpcs_services_find_entry(lesson->services, lesson->server, asked->program,
						   asked->version, transport);
		if (!service || service->removed_ns)
			continue;
		note_mapping(lesson, service, RPCS_CHANGE_REMOVED);
		service->removed_ns = lesson->now_ns;
	}
}

static void learn_result(const struct lesson *lesson, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;

	if (told->has < 1 || !told->result)
		return;
	if (call->procedure == RPCS_PORTMAP_SET)
		learn_set(lesson, asked);
	else if ((asked->shape == RPCS_PORTMAP_MAPPING && asked->has >= 2) ||
		 (asked->shape == RPCS_PORTMAP_RPCB && asked->has >= 3))
		unlearn(lesson, asked);
}

/* The results, by their shape. */
static void learn_results(struct lesson *lesson, const struct rpcs_message *call,
			  const struct rpcs_message *reply)
{
	const struct rpcs_portmap *told = &reply->portmap;

	switch (told->shape) {
	case RPCS_PORTMAP_PORT:
	case RPCS_PORTMAP_ADDRESS:
		lesson->by = RPCS_LEARNED_LOOKUP;
		learn_lookup(lesson, call, reply);
		break;
	case RPCS_PORTMAP_ENTRIES:
		lesson->by = RPCS_LEARNED_LOOKUP;
		learn_list(lesson, call, told);
		break;
	case RPCS_PORTMAP_MAPPINGS:
	case RPCS_PORTMAP_RPCBS:
		lesson->by = RPCS_LEARNED_DUMP;
		learn_list(lesson, call, told);
		break;
	case RPCS_PORTMAP_CALLIT_PORT:
	case RPCS_PORTMAP_CALLIT_ADDRESS:
		lesson->by = RPCS_LEARNED_CALLIT;
		learn_callit(lesson, call, reply);
		break;
	case RPCS_PORTMAP_RESULT:
		lesson->by = RPCS_LEARNED_SET;
		learn_result(lesson, call, reply);
		break;
	default:
		break;
	}
}

static bool is_for_many(const struct rpcs_message *call)
{
	return (call->seen.flags & RPCS_F_GROUP) || rpcs_address_is_multicast(&call->tuple.dst);
}

/* An address that a portmapper can have where this packet was seen. */
static bool is_plausible(const struct rpcs_message *reply)
{
	const struct rpcs_address *server = &reply->tuple.src;

	if (rpcs_address_is_loopback(server))
		return reply->seen.flags & RPCS_F_LOCAL;
	return !rpcs_address_is_unspecified(server) && !rpcs_address_is_multicast(server);
}

static void learn_server(struct lesson *lesson, const struct rpcs_policy *policy,
			 const struct rpcs_message *call, const struct rpcs_message *reply)
{
	const struct rpcs_address *address = &reply->tuple.src;
	struct rpcs_server *server;
	bool is_new;

	server = rpcs_services_enter(
		lesson->services, address,
		rpcs_policy_is_home(policy, address) ? RPCS_LANE_FIRST : RPCS_LANE_SECOND, &is_new);
	lesson->server = server;
	if (is_new)
		server->first_seen_ns = lesson->now_ns;
	if (lesson->now_ns > server->last_seen_ns)
		server->last_seen_ns = lesson->now_ns;
	server->replies++;
	if (call->version >= RPCS_PORTMAP_VERSION_FIRST &&
	    call->version <= RPCS_PORTMAP_VERSION_LAST)
		server->versions |= (uint8_t)(1U << call->version);
	server->vlan_count = reply->seen.vlan_count;
	memcpy(server->vlan, reply->seen.vlan, sizeof(server->vlan));
	rpcs_services_touch_server(lesson->services, server);
	lesson->services->touched = true;
	if (is_new)
		rpcs_services_note(lesson->services, server, RPCS_CHANGE_NEW_SERVER,
				   lesson->now_ns);
}

bool rpcs_services_learn(struct rpcs_services *services, const struct rpcs_policy *policy,
			 const struct rpcs_call *call, const struct rpcs_message *reply, bool first,
			 struct rpcs_lesson *ret_lesson)
{
	struct lesson lesson = { .services = services, .now_ns = reply->seen.time_ns };

	if (call->message.program != RPCS_PORTMAP_PROGRAM || reply->reply_has < 2 ||
	    reply->reply_stat != RPCS_REPLY_ACCEPTED || reply->stat != RPCS_ACCEPT_SUCCESS ||
	    (!first && !is_for_many(&call->message)) || !is_plausible(reply))
		return false;
	services->change_count = 0;
	learn_server(&lesson, policy, &call->message, reply);
	if (!reply->malformed)
		learn_results(&lesson, &call->message, reply);
	*ret_lesson = (struct rpcs_lesson){ .call = call,
					    .reply = reply,
					    .changes = services->changes,
					    .count = services->change_count,
					    .learning_ns = rpcs_services_learning_ns(services),
					    .servers = rpcs_table_count(services->servers) };
	return services->change_count > 0;
}

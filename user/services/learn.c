// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a reply teaches. Hostile hosts send replies as well: services.h says whom they can hurt. */
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/prefetch.h"
#include "../match/told.h"
#include "map.h"

static struct rpcs_service_target target_of(const struct rpcs_learning *learning, uint32_t program,
					    uint32_t version, enum rpcs_transport transport)
{
	return rpcs_services_target(learning->services, learning->server, program, version,
				    transport);
}

static void learn(const struct rpcs_learning *learning, const struct rpcs_service_target *target,
		  uint32_t port, const struct rpcs_address *at)
{
	rpcs_learning_take(learning, &target->key, target->chain, port, at);
}

static void learn_number(const struct rpcs_learning *learning, uint32_t program, uint32_t version,
			 enum rpcs_transport transport, uint32_t port)
{
	const struct rpcs_service_target target = target_of(learning, program, version, transport);

	learn(learning, &target, port, NULL);
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

static void learn_uaddr(const struct rpcs_learning *learning,
			const struct rpcs_service_target *target, const struct rpcs_text *uaddr)
{
	struct rpcs_address host;

	if (!uaddr_host(uaddr, &host) || rpcs_address_is_multicast(&host))
		return;
	if (rpcs_address_is_unspecified(&host) ||
	    rpcs_address_equal(&host, &learning->server->address))
		learn(learning, target, rpcs_uaddr_port(uaddr), NULL);
	else
		learn(learning, target, rpcs_uaddr_port(uaddr), &host);
}

static void learn_address(const struct rpcs_learning *learning, uint32_t program, uint32_t version,
			  enum rpcs_transport transport, const struct rpcs_text *uaddr)
{
	const struct rpcs_service_target target = target_of(learning, program, version, transport);

	learn_uaddr(learning, &target, uaddr);
}

static enum rpcs_transport transport_of(const struct rpcs_text *netid)
{
	return rpcs_transport_find((const char *)netid->bytes, netid->len);
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
static void learn_lookup(const struct rpcs_learning *learning, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;
	enum rpcs_transport transport = transport_of_tuple(&reply->tuple);

	if (told->has < 1)
		return;
	if (told->shape == RPCS_PORTMAP_PORT && asked->shape == RPCS_PORTMAP_MAPPING &&
	    asked->has >= 3)
		learn_number(learning, asked->program, asked->version,
			     rpcs_transport_of_protocol(asked->protocol), told->port);
	else if (told->shape == RPCS_PORTMAP_ADDRESS && asked->shape == RPCS_PORTMAP_RPCB &&
		 asked->has >= 3 &&
		 (asked->netid.len == 0 || transport_of(&asked->netid) == transport))
		learn_address(learning, asked->program, asked->version, transport, &told->address);
}

/* Calls are handed on by UDP only, whatever brought them: over TCP it is not known to where. */
static void learn_callit(const struct rpcs_learning *learning, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;
	enum rpcs_transport transport = transport_of_tuple(&reply->tuple);

	if (asked->has < 2 || told->has < 1 || reply->tuple.protocol != RPCS_IP_UDP)
		return;
	if (told->shape == RPCS_PORTMAP_CALLIT_PORT)
		learn_number(learning, asked->program, asked->version, transport, told->port);
	else if (told->shape == RPCS_PORTMAP_CALLIT_ADDRESS)
		learn_address(learning, asked->program, asked->version, transport, &told->address);
}

/* What a list's entry is of, whatever the list is of. */
static inline struct rpcs_service_target entry_of(const struct rpcs_learning *learning,
						  const struct rpcs_message *call,
						  enum rpcs_portmap_shape shape,
						  const struct rpcs_mapping *m)
{
	const struct rpcs_portmap *asked = &call->portmap;

	if (shape == RPCS_PORTMAP_MAPPINGS)
		return target_of(learning, m->program, m->version,
				 rpcs_transport_of_protocol(m->protocol));
	if (shape == RPCS_PORTMAP_RPCBS)
		return target_of(learning, m->program, m->version, transport_of(&m->netid));
	/* GETADDRLIST: of the program asked for */
	return target_of(learning, asked->has >= 2 ? asked->program : 0, asked->version,
			 transport_of(&m->netid));
}

/* In a full map every other chain has two; the first is there when its turn is near. */
static void fetch_second(struct rpcs_service *const *chain)
{
	if (*chain)
		rpcs_prefetch((*chain)->next);
}

/*
 * A list mostly waits for the memory of its mappings, in three steps one after the other: each of
 * them begins some entries ahead. Of the first ones it may have been foreseen.
 */
static inline __attribute__((always_inline)) void
learn_entries(const struct rpcs_learning *learning, const struct rpcs_message *call,
	      const struct rpcs_portmap *told, enum rpcs_portmap_shape shape)
{
	const struct rpcs_mapping *list = told->mappings;
	const uint32_t count = told->mappings_kept;
	struct rpcs_services_ahead *ahead = &learning->services->ahead;
	struct rpcs_service_target *const targets = ahead->targets, *target;
	uint32_t i;

	if (!ahead->count) {
		for (i = 0; i < count && i < RPCS_HEADS_AHEAD; i++) {
			targets[i] = entry_of(learning, call, shape, &list[i]);
			rpcs_prefetch(targets[i].chain);
		}
		for (i = 0; i < count && i < RPCS_FIRST_AHEAD; i++)
			rpcs_services_fetch(targets[i].chain);
	}
	for (i = 0; i < count; i++) {
		if (i + RPCS_FIRST_AHEAD < count)
			rpcs_services_fetch(
				targets[(i + RPCS_FIRST_AHEAD) % RPCS_HEADS_AHEAD].chain);
		if (i + RPCS_SECOND_AHEAD < count)
			fetch_second(targets[(i + RPCS_SECOND_AHEAD) % RPCS_HEADS_AHEAD].chain);
		target = &targets[i % RPCS_HEADS_AHEAD];
		if (shape == RPCS_PORTMAP_MAPPINGS)
			learn(learning, target, list[i].port, NULL);
		else
			learn_uaddr(learning, target, &list[i].address);
		if (i + RPCS_HEADS_AHEAD >= count)
			continue;
		*target = entry_of(learning, call, shape, &list[i + RPCS_HEADS_AHEAD]);
		rpcs_prefetch(target->chain);
	}
}

/* Nearly all lists are DUMP's of version 2, which have a loop of their own. */
static void learn_list(const struct rpcs_learning *learning, const struct rpcs_message *call,
		       const struct rpcs_portmap *told)
{
	if (told->shape == RPCS_PORTMAP_MAPPINGS)
		learn_entries(learning, call, told, RPCS_PORTMAP_MAPPINGS);
	else
		learn_entries(learning, call, told, told->shape);
}

static void learn_set(const struct rpcs_learning *learning, const struct rpcs_portmap *asked)
{
	if (asked->shape == RPCS_PORTMAP_MAPPING && asked->has >= 4)
		learn_number(learning, asked->program, asked->version,
			     rpcs_transport_of_protocol(asked->protocol), asked->port);
	else if (asked->shape == RPCS_PORTMAP_RPCB && asked->has >= 4)
		learn_address(learning, asked->program, asked->version, transport_of(&asked->netid),
			      &asked->address);
}

/* The port stays in mind: an UNSET and a SET are together a change of the mapping. */
static void unlearn(const struct rpcs_learning *learning, const struct rpcs_portmap *asked)
{
	struct rpcs_service_key key = { asked->program, asked->version, 0 };
	struct rpcs_service *service;
	uint32_t transport;

	/* Version 2 deletes whatever the protocol (RFC 1833 3.2), an empty netid as well. */
	for (transport = 0; transport < RPCS_TRANSPORT__MAX; transport++) {
		if (asked->shape == RPCS_PORTMAP_RPCB && asked->netid.len &&
		    transport_of(&asked->netid) != transport)
			continue;
		key.transport = transport;
		service = rpcs_services_find_entry(learning->services, learning->server, &key);
		if (!service || service->removed_ns)
			continue;
		rpcs_learning_note_mapping(learning, service, RPCS_CHANGE_REMOVED);
		service->removed_ns = learning->now_ns;
	}
}

static void learn_result(const struct rpcs_learning *learning, const struct rpcs_message *call,
			 const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->portmap, *told = &reply->portmap;

	if (told->has < 1 || !told->result)
		return;
	if (call->procedure == RPCS_PORTMAP_SET)
		learn_set(learning, asked);
	else if ((asked->shape == RPCS_PORTMAP_MAPPING && asked->has >= 2) ||
		 (asked->shape == RPCS_PORTMAP_RPCB && asked->has >= 3))
		unlearn(learning, asked);
}

/* The results, by their shape. */
static void learn_results(struct rpcs_learning *learning, const struct rpcs_message *call,
			  const struct rpcs_message *reply)
{
	const struct rpcs_portmap *told = &reply->portmap;

	switch (told->shape) {
	case RPCS_PORTMAP_PORT:
	case RPCS_PORTMAP_ADDRESS:
		learning->by = RPCS_LEARNED_LOOKUP;
		learn_lookup(learning, call, reply);
		break;
	case RPCS_PORTMAP_ENTRIES:
		learning->by = RPCS_LEARNED_LOOKUP;
		learn_list(learning, call, told);
		break;
	case RPCS_PORTMAP_MAPPINGS:
	case RPCS_PORTMAP_RPCBS:
		learning->by = RPCS_LEARNED_DUMP;
		learn_list(learning, call, told);
		break;
	case RPCS_PORTMAP_CALLIT_PORT:
	case RPCS_PORTMAP_CALLIT_ADDRESS:
		learning->by = RPCS_LEARNED_CALLIT;
		learn_callit(learning, call, reply);
		break;
	case RPCS_PORTMAP_RESULT:
		learning->by = RPCS_LEARNED_SET;
		learn_result(learning, call, reply);
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

static void learn_server(struct rpcs_learning *learning, const struct rpcs_policy *policy,
			 const struct rpcs_message *call, const struct rpcs_message *reply)
{
	struct rpcs_services_ahead *ahead = &learning->services->ahead;
	const struct rpcs_address *address = &reply->tuple.src;
	struct rpcs_server *server = rpcs_services_find_server(learning->services, address);
	bool is_new = !server;

	if (is_new)
		server = rpcs_services_add_server(
			learning->services, address,
			rpcs_policy_is_home(policy, address) ? RPCS_LANE_FIRST : RPCS_LANE_SECOND);
	learning->server = server;
	if (ahead->reply != reply || ahead->server != server)
		ahead->count = 0;
	ahead->reply = NULL;
	if (is_new)
		server->first_seen_ns = learning->now_ns;
	if (learning->now_ns > server->last_seen_ns)
		server->last_seen_ns = learning->now_ns;
	server->replies++;
	if (call->version >= RPCS_PORTMAP_VERSION_FIRST &&
	    call->version <= RPCS_PORTMAP_VERSION_LAST)
		server->versions |= (uint8_t)(1U << call->version);
	server->vlan_count = reply->seen.vlan_count;
	memcpy(server->vlan, reply->seen.vlan, sizeof(server->vlan));
	rpcs_services_touch_server(learning->services, server);
	learning->services->touched = true;
	if (is_new)
		rpcs_learning_note(learning, RPCS_CHANGE_NEW_SERVER);
}

bool rpcs_services_learn(struct rpcs_services *services, const struct rpcs_policy *policy,
			 const struct rpcs_call *call, const struct rpcs_message *reply, bool first,
			 struct rpcs_lesson *ret_lesson)
{
	struct rpcs_learning learning = { .services = services, .now_ns = reply->seen.time_ns };

	if (!rpcs_services_teaches(call, reply) || (!first && !is_for_many(&call->message)) ||
	    !is_plausible(reply))
		return false;
	services->change_count = 0;
	learn_server(&learning, policy, &call->message, reply);
	if (!reply->malformed)
		learn_results(&learning, &call->message, reply);
	*ret_lesson = (struct rpcs_lesson){ .call = call,
					    .reply = reply,
					    .changes = services->changes,
					    .count = services->change_count,
					    .learning_ns = rpcs_services_learning_ns(services),
					    .servers = rpcs_table_count(services->servers) };
	return services->change_count > 0;
}

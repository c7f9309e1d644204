// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two tables of a fixed size. When one is full the oldest goes, outside
 * addresses first: those cost whoever invents them nothing. A server has a share
 * of its own, in which what was seen once only goes first, so that neither its
 * lies nor odd questions push out what is asked every day.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "map.h"

static const char *const netids[] = {
	[RPCS_TRANSPORT_UDP] = "udp",
	[RPCS_TRANSPORT_TCP] = "tcp",
	[RPCS_TRANSPORT_UDP6] = "udp6",
	[RPCS_TRANSPORT_TCP6] = "tcp6",
};

static_assert(sizeof(netids) / sizeof(netids[0]) == RPCS_TRANSPORT__MAX, "a netid for each");

/* See there; what the table keeps of one is 16 bytes. */
static_assert(sizeof(struct rpcs_service) <= 2 * 64 - 16, "two lines of memory for a mapping");

static const char *const learned_names[] = { "lookup", "dump", "set", "callit" };

static_assert(sizeof(learned_names) / sizeof(learned_names[0]) == RPCS_LEARNED_COUNT &&
		      RPCS_LEARNED_ALL == (1 << RPCS_LEARNED_COUNT) - 1,
	      "a name for each bit");

const char *rpcs_transport_netid(enum rpcs_transport transport)
{
	return netids[transport];
}

uint8_t rpcs_transport_protocol(enum rpcs_transport transport)
{
	return transport == RPCS_TRANSPORT_UDP || transport == RPCS_TRANSPORT_UDP6 ? RPCS_IP_UDP
										   : RPCS_IP_TCP;
}

enum rpcs_transport rpcs_transport_find(const char *netid, size_t len)
{
	unsigned int i;

	for (i = 0; i < RPCS_TRANSPORT__MAX; i++)
		if (strlen(netids[i]) == len && !memcmp(netids[i], netid, len))
			break;
	return (enum rpcs_transport)i;
}

const char *rpcs_learned_name(unsigned int index)
{
	return learned_names[index];
}

const char *rpcs_learned_by_name(enum rpcs_learned_by by)
{
	return learned_names[__builtin_ctz(by)];
}

struct rpcs_services *rpcs_services_new(uint32_t server_max, const struct rpcs_hash_seed *seed)
{
	struct rpcs_services *services = calloc(1, sizeof(*services));

	if (!services)
		return NULL;
	services->servers = rpcs_table_new(server_max, sizeof(struct rpcs_address),
					   sizeof(struct rpcs_server), seed);
	services->mappings = rpcs_table_new(RPCS_SERVICES_MAX, sizeof(struct rpcs_service_key),
					    sizeof(struct rpcs_service), seed);
	services->heads = calloc(RPCS_SERVICES_HEADS, sizeof(*services->heads));
	/*
	 * The seed of `read` is known to all, and a chain's length has no other bound. What hangs
	 * where shows in nothing that is told: a secret of its own keeps runs the same.
	 */
	if (rpcs_hash_seed_random(&services->seed))
		services->seed = *seed;
	if (!services->servers || !services->mappings || !services->heads)
		rpcs_services_free(&services);
	return services;
}

void rpcs_services_free(struct rpcs_services **services)
{
	if (!*services)
		return;
	rpcs_table_free(&(*services)->servers);
	rpcs_table_free(&(*services)->mappings);
	free((*services)->heads);
	free(*services);
	*services = NULL;
}

void rpcs_services_tick(struct rpcs_services *services, uint64_t now_ns)
{
	if (!services->until_ns)
		services->since_ns = now_ns;
	/* Packets come a little out of order, and captures one before the other. */
	if (now_ns < services->since_ns)
		services->since_ns = now_ns;
	if (now_ns > services->until_ns)
		services->until_ns = now_ns;
}

uint64_t rpcs_services_learning_ns(const struct rpcs_services *services)
{
	return services->until_ns - services->since_ns;
}

void rpcs_services_counts(const struct rpcs_services *services,
			  struct rpcs_services_counts *ret_counts)
{
	*ret_counts = services->counts;
	ret_counts->servers = rpcs_table_count(services->servers);
	ret_counts->services = rpcs_table_count(services->mappings);
}

/* A server's lists. */

static void list_leave(struct rpcs_service *service)
{
	struct rpcs_server *of = service->of;

	if (service->older)
		service->older->newer = service->newer;
	else
		of->oldest[service->list] = service->newer;
	if (service->newer)
		service->newer->older = service->older;
	else
		of->newest[service->list] = service->older;
}

static void list_append(struct rpcs_service *service)
{
	struct rpcs_server *of = service->of;

	service->list = rpcs_services_list_of(service);
	service->newer = NULL;
	service->older = of->newest[service->list];
	if (service->older)
		service->older->newer = service;
	else
		of->oldest[service->list] = service;
	of->newest[service->list] = service;
}

/* The chains, by which a mapping is found: the server's salt is hashed once, not its address. */

static struct rpcs_service **head_of(const struct rpcs_services *services,
				     const struct rpcs_service *service)
{
	return rpcs_services_head(services, service->of, &service->key);
}

static void chain_add(struct rpcs_services *services, struct rpcs_service *service)
{
	struct rpcs_service **head = head_of(services, service);

	service->next = *head;
	*head = service;
}

static void chain_remove(struct rpcs_services *services, struct rpcs_service *service)
{
	struct rpcs_service **at = head_of(services, service);

	while (*at != service)
		at = &(*at)->next;
	*at = service->next;
}

static void drop(struct rpcs_services *services, struct rpcs_service *service)
{
	chain_remove(services, service);
	list_leave(service);
	service->of->service_count--;
	rpcs_table_remove(services->mappings, service);
	services->counts.services_evicted++;
}

static void *oldest_of(struct rpcs_table *table)
{
	void *entry = rpcs_table_oldest(table, RPCS_LANE_SECOND);

	return entry ? entry : rpcs_table_oldest(table, RPCS_LANE_FIRST);
}

/* A save that stands at this server goes on with the next; one that is the last stays so. */
static void save_passes(struct rpcs_services *services, const struct rpcs_server *server,
			bool leaves)
{
	struct rpcs_server *newer;

	if (services->save_next != server)
		return;
	newer = rpcs_table_newer(services->servers, server);
	if (newer || leaves)
		services->save_next = newer;
}

static void drop_server(struct rpcs_services *services, struct rpcs_server *server)
{
	int list;

	for (list = RPCS_LIST_WEAK; list <= RPCS_LIST_STRONG; list++)
		while (server->oldest[list])
			drop(services, server->oldest[list]);
	save_passes(services, server, true);
	if (*rpcs_services_known(services, &server->address) == server)
		*rpcs_services_known(services, &server->address) = NULL;
	rpcs_table_remove(services->servers, server);
	services->counts.servers_evicted++;
}

void rpcs_services_clear(struct rpcs_services *services)
{
	struct rpcs_server *server;

	while ((server = oldest_of(services->servers)))
		drop_server(services, server);
	services->since_ns = services->until_ns = 0;
	services->counts = (struct rpcs_services_counts){ 0 };
}

struct rpcs_server *rpcs_services_find_server(struct rpcs_services *services,
					      const struct rpcs_address *address)
{
	struct rpcs_server **known = rpcs_services_known(services, address), *server = *known;

	if (server && rpcs_address_equal(&server->address, address))
		return server;
	server = rpcs_table_find(services->servers, address);
	if (server)
		*known = server;
	return server;
}

struct rpcs_server *rpcs_services_add_server(struct rpcs_services *services,
					     const struct rpcs_address *address,
					     enum rpcs_table_lane lane)
{
	struct rpcs_server *server;

	if (rpcs_table_is_full(services->servers))
		drop_server(services, oldest_of(services->servers));
	server = rpcs_table_add(services->servers, address);
	*rpcs_services_known(services, address) = server;
	server->lane = lane;
	rpcs_table_move(services->servers, server, lane);
	server->salt[0] = rpcs_hash(&services->seed, address, sizeof(*address)) | 1;
	server->salt[1] = rpcs_hash(&services->seed, &server->salt[0], sizeof(server->salt[0])) | 1;
	return server;
}

void rpcs_services_touch_server(struct rpcs_services *services, struct rpcs_server *server)
{
	save_passes(services, server, false);
	rpcs_table_move(services->servers, server, server->lane);
}

struct rpcs_service *rpcs_services_find_entry(const struct rpcs_services *services,
					      const struct rpcs_server *server,
					      const struct rpcs_service_key *key)
{
	return rpcs_services_find_in(rpcs_services_head(services, server, key), server, key);
}

struct rpcs_service *rpcs_services_add(struct rpcs_services *services, struct rpcs_server *server,
				       const struct rpcs_service_key *key)
{
	uint64_t hash = rpcs_services_hash(server, key);
	struct rpcs_service *service;

	if (server->service_count >= RPCS_SERVICES_OF_ONE)
		drop(services, server->oldest[RPCS_LIST_WEAK] ? server->oldest[RPCS_LIST_WEAK]
							      : server->oldest[RPCS_LIST_STRONG]);
	if (rpcs_table_is_full(services->mappings))
		drop(services, oldest_of(services->mappings));
	/* Those of all servers: the table has them in order, the chains find them. */
	service = rpcs_table_add_by(services->mappings, key, (uint32_t)(hash >> 32));
	service->of = server;
	server->service_count++;
	chain_add(services, service);
	list_append(service);
	rpcs_table_move(services->mappings, service, server->lane);
	return service;
}

void rpcs_services_place(struct rpcs_services *services, struct rpcs_service *service, uint32_t now)
{
	service->placed = now;
	list_leave(service);
	list_append(service);
	rpcs_table_move(services->mappings, service, service->of->lane);
}

const struct rpcs_server *rpcs_services_server(const struct rpcs_services *services,
					       const struct rpcs_address *address)
{
	return rpcs_table_find(services->servers, address);
}

const struct rpcs_service *rpcs_services_find(const struct rpcs_services *services,
					      const struct rpcs_address *server,
					      const struct rpcs_service_key *key)
{
	const struct rpcs_server *of = rpcs_services_server(services, server);

	return of ? rpcs_services_find_entry(services, of, key) : NULL;
}

static bool is_among(uint32_t program, const uint32_t *programs, uint32_t count)
{
	while (count > 0)
		if (programs[--count] == program)
			return true;
	return false;
}

uint32_t rpcs_services_at(const struct rpcs_services *services, const struct rpcs_address *server,
			  uint8_t protocol, uint16_t port, uint32_t *ret_programs, uint32_t max)
{
	const struct rpcs_server *of = rpcs_services_server(services, server);
	const struct rpcs_service *service;
	uint32_t count = 0;
	int list;

	for (list = RPCS_LIST_STRONG; of && list >= RPCS_LIST_WEAK; list--) {
		for (service = of->newest[list]; service && count < max; service = service->older) {
			if (service->port == port && !service->removed_ns &&
			    rpcs_transport_protocol(service->key.transport) == protocol &&
			    !is_among(service->key.program, ret_programs, count))
				ret_programs[count++] = service->key.program;
		}
	}
	return count;
}

const struct rpcs_server *rpcs_services_next(const struct rpcs_services *services,
					     const struct rpcs_server *server)
{
	const struct rpcs_server *next;

	if (!server)
		next = rpcs_table_oldest(services->servers, RPCS_LANE_FIRST);
	else
		next = rpcs_table_newer(services->servers, server);
	if (!next && (!server || server->lane == RPCS_LANE_FIRST))
		next = rpcs_table_oldest(services->servers, RPCS_LANE_SECOND);
	return next;
}

const struct rpcs_service *rpcs_server_next(const struct rpcs_server *server,
					    const struct rpcs_service *service)
{
	const struct rpcs_service *next = service ? service->newer : server->oldest[RPCS_LIST_WEAK];

	if (!next && (!service || service->list == RPCS_LIST_WEAK))
		next = server->oldest[RPCS_LIST_STRONG];
	return next;
}

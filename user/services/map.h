/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map's inside: tables, and what one reply or a state file puts there. */
#ifndef RPCSENTRY_SERVICES_MAP_H
#define RPCSENTRY_SERVICES_MAP_H

#include <rpcsentry/packet.h>

#include "../base/prefetch.h"
#include "../base/table.h"
#include "services.h"

enum { RPCS_SERVICES_HEADS_BITS = 16, RPCS_SERVICES_HEADS = 1 << RPCS_SERVICES_HEADS_BITS };

/** The lists of a server: what was seen once only goes before the rest. */
enum { RPCS_LIST_WEAK, RPCS_LIST_STRONG };

enum {
	RPCS_HEADS_AHEAD = 32,	/* entries of a list from which the chain's head is fetched, */
	RPCS_FIRST_AHEAD = 24,	/* the first one of the chain, */
	RPCS_SECOND_AHEAD = 12, /* and the second */
};

/** A mapping's name, and where it is looked for. */
struct rpcs_service_target {
	struct rpcs_service_key key;
	struct rpcs_service **chain;
};

/** What is looked up next: of a list's entries that many, each in a place by its number. */
struct rpcs_services_ahead {
	const struct rpcs_message *reply; /* for which that was begun before it is learned */
	const struct rpcs_server *server;
	uint32_t count; /* so many are there, and so many of a list */
	struct rpcs_service_target targets[RPCS_HEADS_AHEAD];
};

struct rpcs_services {
	struct rpcs_table *servers, *mappings; /* lanes: of home, and outside */
	struct rpcs_service **heads;	       /* RPCS_SERVICES_HEADS chains of mappings */
	struct rpcs_hash_seed seed;	       /* of the servers' salts */
	uint64_t since_ns, until_ns;	       /* it has been learning; both 0: not yet */
	struct rpcs_services_counts counts;

	struct rpcs_service_change changes[RPCS_SERVICE_CHANGES_MAX];
	uint32_t change_count;
	uint64_t told_ns; /* the rate over all servers */
	uint32_t told;

	struct rpcs_server *known[RPCS_SERVER_PLACES]; /* without a search */
	struct rpcs_services_ahead ahead;

	/* where a save in parts is (save.c) */
	struct rpcs_server *save_next;
	enum rpcs_table_lane save_lane;
	uint32_t save_round;
	bool changed, touched; /* since the last save began: mappings and servers, only times */
};

static inline struct rpcs_server **rpcs_services_known(struct rpcs_services *services,
						       const struct rpcs_address *address)
{
	return &services->known[rpcs_server_place(address)];
}

/** The server of that address, or NULL. */
struct rpcs_server *rpcs_services_find_server(struct rpcs_services *services,
					      const struct rpcs_address *address);

/** One that is not there yet; `lane` by rpcs_policy_is_home(). */
struct rpcs_server *rpcs_services_add_server(struct rpcs_services *services,
					     const struct rpcs_address *address,
					     enum rpcs_table_lane lane);

/** Empties it: nothing is known, and it has not been learning yet. */
void rpcs_services_clear(struct rpcs_services *services);

/** The newest of its lane from now on. */
void rpcs_services_touch_server(struct rpcs_services *services, struct rpcs_server *server);

/** Multiply-shift: with secret factors, whoever chooses keys cannot choose chains. */
static inline uint64_t rpcs_services_hash(const struct rpcs_server *server,
					  const struct rpcs_service_key *key)
{
	return server->salt[0] * key->program +
	       server->salt[1] * (key->version | (uint64_t)key->transport << 32);
}

/**
 * Where the chain hangs that a mapping of this server belongs to. A list has many to look up:
 * the lines of one are fetched while those before it are learned.
 */
static inline struct rpcs_service **rpcs_services_head(const struct rpcs_services *services,
						       const struct rpcs_server *server,
						       const struct rpcs_service_key *key)
{
	return &services->heads[rpcs_services_hash(server, key) >> (64 - RPCS_SERVICES_HEADS_BITS)];
}

/** Has the mapping that hangs there brought near before it is looked at. */
static inline void rpcs_services_fetch(struct rpcs_service *const *head)
{
	rpcs_prefetch_all(*head, sizeof(**head));
}

static inline struct rpcs_service_target rpcs_services_target(const struct rpcs_services *services,
							      const struct rpcs_server *server,
							      uint32_t program, uint32_t version,
							      enum rpcs_transport transport)
{
	struct rpcs_service_target target = { .key = { program, version, transport } };

	target.chain = rpcs_services_head(services, server, &target.key);
	return target;
}

/** RPCS_TRANSPORT__MAX for those that version 2 does not have. */
static inline enum rpcs_transport rpcs_transport_of_protocol(uint32_t protocol)
{
	return protocol == RPCS_IP_UDP	 ? RPCS_TRANSPORT_UDP
	       : protocol == RPCS_IP_TCP ? RPCS_TRANSPORT_TCP
					 : RPCS_TRANSPORT__MAX;
}

/** May a reply to this call say anything of its server at all? */
bool rpcs_services_teaches(const struct rpcs_call *call, const struct rpcs_message *reply);

/** The mapping that the server has by that name, if it is in the chain; or NULL. */
static inline struct rpcs_service *rpcs_services_find_in(struct rpcs_service *const *chain,
							 const struct rpcs_server *server,
							 const struct rpcs_service_key *key)
{
	struct rpcs_service *service = *chain;

	while (service &&
	       (service->of != server || __builtin_memcmp(&service->key, key, sizeof(*key)) != 0))
		service = service->next;
	return service;
}

/** The same, wherever its chain is. */
struct rpcs_service *rpcs_services_find_entry(const struct rpcs_services *services,
					      const struct rpcs_server *server,
					      const struct rpcs_service_key *key);

/** A mapping that is not there yet; its server stays, whatever has to go for it. */
struct rpcs_service *rpcs_services_add(struct rpcs_services *services, struct rpcs_server *server,
				       const struct rpcs_service_key *key);

/** rpcs_services_touch()'s clock ticks each 2^33 ns. */
enum { RPCS_SERVICES_TOUCH_SHIFT = 33 };

static inline uint8_t rpcs_services_list_of(const struct rpcs_service *service)
{
	return service->times > 1 || service->learned & (RPCS_LEARNED_DUMP | RPCS_LEARNED_SET)
		       ? RPCS_LIST_STRONG
		       : RPCS_LIST_WEAK;
}

/** To the end of its list, which its members decide, at this time of that clock: a rare thing. */
void __attribute__((noinline))
rpcs_services_place(struct rpcs_services *services, struct rpcs_service *service, uint32_t now);

/**
 * Among the newest of its list from now on. What was placed there less than nine seconds ago may
 * stay where it is: that would be four lines of memory of its neighbours, each time, for an
 * order that evictions do not need so exactly.
 */
static inline void rpcs_services_touch(struct rpcs_services *services, struct rpcs_service *service,
				       uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns >> RPCS_SERVICES_TOUCH_SHIFT);

	if (service->placed != now || service->list != rpcs_services_list_of(service))
		rpcs_services_place(services, service, now);
}

/** What is learned of a server now. */
struct rpcs_learning {
	struct rpcs_services *services;
	struct rpcs_server *server;
	uint64_t now_ns;
	enum rpcs_learned_by by;
};

/** A change of the server for the lesson in hand. */
struct rpcs_service_change *rpcs_learning_note(const struct rpcs_learning *learning,
					       enum rpcs_service_change_kind kind);

/** One of a mapping. */
struct rpcs_service_change *rpcs_learning_note_mapping(const struct rpcs_learning *learning,
						       const struct rpcs_service *service,
						       enum rpcs_service_change_kind kind);

/**
 * The server says that the program is there, or something that no mapping can be; `chain`:
 * rpcs_services_head() of `key`. `at`: NULL for the server itself.
 */
void rpcs_learning_take(const struct rpcs_learning *learning, const struct rpcs_service_key *key,
			struct rpcs_service *const *chain, uint32_t port,
			const struct rpcs_address *at);

#endif

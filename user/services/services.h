/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What portmappers say of themselves: the inventory of servers, and the map of
 * their services. A server speaks for itself alone: a mapping belongs to the
 * address whose portmapper told it, whatever host its universal address names;
 * else one liar could move the services of another.
 */
#ifndef RPCSENTRY_SERVICES_SERVICES_H
#define RPCSENTRY_SERVICES_SERVICES_H

#include "../base/hash.h"
#include "../match/call.h"
#include "../policy/policy.h"

enum {
	RPCS_SERVICES_MAX = 65536,     /* mappings in all */
	RPCS_SERVICES_OF_ONE = 512,    /* mappings of one server */
	RPCS_SERVICE_PORTS_BEFORE = 4, /* ports that a mapping is remembered to have had */
	RPCS_SERVICE_CHANGES_MAX = 1 + RPCS_MAPPINGS_MAX, /* of one reply */
};

/** The netids that have ports (RFC 5665 4.1.1); version 2 has the first two only. */
enum rpcs_transport {
	RPCS_TRANSPORT_UDP,
	RPCS_TRANSPORT_TCP,
	RPCS_TRANSPORT_UDP6,
	RPCS_TRANSPORT_TCP6,
	RPCS_TRANSPORT__MAX
};

/** "udp", "tcp", "udp6", "tcp6". */
const char *rpcs_transport_netid(enum rpcs_transport transport);

/** 17 or 6. */
uint8_t rpcs_transport_protocol(enum rpcs_transport transport);

/** The transport of that netid, or RPCS_TRANSPORT__MAX. */
enum rpcs_transport rpcs_transport_find(const char *netid, size_t len);

/** By what a mapping was learned; bits. */
enum rpcs_learned_by {
	RPCS_LEARNED_LOOKUP = 1 << 0, /* GETPORT, GETADDR, GETVERSADDR, GETADDRLIST */
	RPCS_LEARNED_DUMP = 1 << 1,
	RPCS_LEARNED_SET = 1 << 2,
	RPCS_LEARNED_CALLIT = 1 << 3,
	RPCS_LEARNED_ALL = (1 << 4) - 1,
};

enum { RPCS_LEARNED_COUNT = 4 };

/** The name of the lowest bit that is set: one at the least is. */
const char *rpcs_learned_by_name(enum rpcs_learned_by by);

/** The name of bit `index`: "lookup", "dump", "set", "callit". */
const char *rpcs_learned_name(unsigned int index);

struct rpcs_service;

/** A portmapper that answered. */
struct rpcs_server {
	struct rpcs_address address; /* the key */
	uint64_t first_seen_ns, last_seen_ns;
	uint64_t replies; /* successful ones */
	uint8_t versions; /* a bit for each of the protocol's: 1 << 2 to 1 << 4 */
	uint8_t vlan_count;
	uint16_t vlan[2]; /* of the last reply, outermost first */
	uint32_t service_count;

	/* the map's own */
	struct rpcs_service *oldest[2], *newest[2];
	uint64_t told_ns;
	uint32_t told, saved, lane;
	uint64_t salt[2];
};

struct rpcs_service_key {
	uint32_t program, version;
	uint32_t transport; /* enum rpcs_transport */
};

/**
 * A mapping. With what the table keeps of it, it is two lines of memory, by the order of its
 * members: what is asked of each one of a chain stands in the first.
 */
struct rpcs_service {
	struct rpcs_service_key key;
	uint16_t port;
	uint8_t learned; /* enum rpcs_learned_by */
	uint8_t list;	 /* this and the next two: the map's own */
	struct rpcs_server *of;
	struct rpcs_service *next;
	uint16_t before[RPCS_SERVICE_PORTS_BEFORE]; /* the newest first, 0 for none */
	uint32_t placed; /* the map's own: in its lists, by rpcs_services_touch()'s clock */

	uint64_t first_seen_ns, last_seen_ns, times;
	uint64_t removed_ns;	/* an UNSET took it off; 0: it stands */
	struct rpcs_address at; /* where its universal address puts it; :: for the server itself */
	struct rpcs_service *older, *newer; /* the map's own */
};

enum rpcs_service_change_kind {
	RPCS_CHANGE_NEW_SERVER,
	RPCS_CHANGE_NEW_MAPPING,
	RPCS_CHANGE_CHANGED,
	RPCS_CHANGE_REMOVED,
	RPCS_CHANGE__MAX
};

/** "new_server", "new_mapping", "changed", "removed". */
const char *rpcs_service_change_name(enum rpcs_service_change_kind kind);

/** What one reply changed. Of a server: the members up to `told` only. */
struct rpcs_service_change {
	enum rpcs_service_change_kind kind;
	struct rpcs_address server;
	uint64_t first_seen_ns;
	bool told; /* within the rate at which changes are told: events leave that are not */
	uint32_t program, version;
	enum rpcs_transport transport;
	enum rpcs_learned_by by;
	uint16_t port, old_port; /* old_port: of CHANGED */
	bool returned; /* CHANGED to a port that it had before: two hosts behind one address */
};

/** What a reply taught; valid until the next one. */
struct rpcs_lesson {
	const struct rpcs_call *call;
	const struct rpcs_message *reply;
	const struct rpcs_service_change *changes;
	uint32_t count;
	uint64_t learning_ns; /* rpcs_services_learning_ns() */
	uint64_t servers;     /* in the inventory, this one included */
};

/** Figures since the start, but for the first two. */
struct rpcs_services_counts {
	uint64_t servers, services; /* there are now */
	uint64_t servers_evicted, services_evicted;
	uint64_t changes_untold; /* beyond the rate */
};

struct rpcs_services;

/** Room for `server_max` servers and RPCS_SERVICES_MAX mappings. NULL: out of memory. */
struct rpcs_services *rpcs_services_new(uint32_t server_max, const struct rpcs_hash_seed *seed);
void rpcs_services_free(struct rpcs_services **services);

/** Time passes: the inventory has been learning from the first to the last of these. */
void rpcs_services_tick(struct rpcs_services *services, uint64_t now_ns);

/** For how long, over all runs that its file has seen. */
uint64_t rpcs_services_learning_ns(const struct rpcs_services *services);

/**
 * Takes a reply with its results; `call` is the one it answers, `first` as rpcs_calls_answer().
 * What is outside of `policy`'s home goes first when there is no room. False: it
 * taught nothing.
 */
bool rpcs_services_learn(struct rpcs_services *services, const struct rpcs_policy *policy,
			 const struct rpcs_call *call, const struct rpcs_message *reply, bool first,
			 struct rpcs_lesson *ret_lesson);

/**
 * Ahead of it, as soon as the results are decoded: fetches what it will look up, while other
 * things are done with the reply. It need not be called.
 */
void rpcs_services_foresee(struct rpcs_services *services, const struct rpcs_call *call,
			   const struct rpcs_message *reply);

void rpcs_services_counts(const struct rpcs_services *services,
			  struct rpcs_services_counts *ret_counts);

/* Looking things up. */

/** NULL: no portmapper of that address has answered. */
const struct rpcs_server *rpcs_services_server(const struct rpcs_services *services,
					       const struct rpcs_address *address);

/** NULL: not learned; a mapping with removed_ns set stands no more. */
const struct rpcs_service *rpcs_services_find(const struct rpcs_services *services,
					      const struct rpcs_address *server,
					      const struct rpcs_service_key *key);

/**
 * The programs that the portmapper of `server` has said to be at that port of protocol 6 or 17,
 * each once, the newest first: at most `max`, and how many. Walks the mappings of that
 * server, RPCS_SERVICES_OF_ONE at the most.
 */
uint32_t rpcs_services_at(const struct rpcs_services *services, const struct rpcs_address *server,
			  uint8_t protocol, uint16_t port, uint32_t *ret_programs, uint32_t max);

/** All servers, then NULL; begins with NULL. */
const struct rpcs_server *rpcs_services_next(const struct rpcs_services *services,
					     const struct rpcs_server *server);

/** All mappings of a server, those that stand no more as well; likewise. */
const struct rpcs_service *rpcs_server_next(const struct rpcs_server *server,
					    const struct rpcs_service *service);

#endif

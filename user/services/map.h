/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map's inside: tables, and what one reply or a state file puts there. */
#ifndef RPCSENTRY_SERVICES_MAP_H
#define RPCSENTRY_SERVICES_MAP_H

#include "../base/table.h"
#include "services.h"

/** The lists of a server: what was seen once only goes before the rest. */
enum { RPCS_LIST_WEAK, RPCS_LIST_STRONG };

struct rpcs_services {
	struct rpcs_table *servers, *mappings; /* lanes: of home, and outside */
	uint64_t since_ns, until_ns;	       /* it has been learning; both 0: not yet */
	struct rpcs_services_counts counts;

	struct rpcs_service_change changes[RPCS_SERVICE_CHANGES_MAX];
	uint32_t change_count;
	uint64_t told_ns; /* the rate over all servers */
	uint32_t told;

	/* where a save in parts is (save.c) */
	struct rpcs_server *save_next;
	enum rpcs_table_lane save_lane;
	uint32_t save_round;
	bool changed, touched; /* since the last save began: mappings and servers, only times */
};

/** The server of that address, made if it is not there; `lane` by rpcs_policy_is_home(). */
struct rpcs_server *rpcs_services_enter(struct rpcs_services *services,
					const struct rpcs_address *address,
					enum rpcs_table_lane lane, bool *ret_new);

/** Empties it: nothing is known, and it has not been learning yet. */
void rpcs_services_clear(struct rpcs_services *services);

/** The newest of its lane from now on. */
void rpcs_services_touch_server(struct rpcs_services *services, struct rpcs_server *server);

struct rpcs_service *rpcs_services_find_entry(const struct rpcs_services *services,
					      const struct rpcs_service_key *key);

/** A mapping that is not there yet; its server stays, whatever has to go for it. */
struct rpcs_service *rpcs_services_add(struct rpcs_services *services, struct rpcs_server *server,
				       const struct rpcs_service_key *key);

/** The newest of its list from now on, which its members decide. */
void rpcs_services_touch(struct rpcs_services *services, struct rpcs_service *service);

/** A change for the lesson in hand; the caller fills the rest in. */
struct rpcs_service_change *rpcs_services_note(struct rpcs_services *services,
					       struct rpcs_server *server,
					       enum rpcs_service_change_kind kind, uint64_t now_ns);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a reply changes of a mapping, and how much of it is told: a server that lies must not
 * flood the log.
 */
#include <assert.h>

#include "../base/clock.h"
#include "map.h"

static const char *const names[] = {
	[RPCS_CHANGE_NEW_SERVER] = "new_server",
	[RPCS_CHANGE_NEW_MAPPING] = "new_mapping",
	[RPCS_CHANGE_CHANGED] = "changed",
	[RPCS_CHANGE_REMOVED] = "removed",
};

static_assert(sizeof(names) / sizeof(names[0]) == RPCS_CHANGE__MAX, "a name for each change");

const char *rpcs_service_change_name(enum rpcs_service_change_kind kind)
{
	return names[kind];
}

enum {
	/* Changes told at once, and how many more each second: of one server, and of all. */
	TOLD_BURST = 128,
	TOLD_RATE = 1,
	TOLD_BURST_ALL = 1024,
	TOLD_RATE_ALL = 20,
	PORT_MAX = 65535,
};

/* Of a bucket that is filled `rate` times a second: what has come since. */
static void refill(uint32_t *used, uint64_t *since_ns, uint64_t now_ns, uint32_t rate)
{
	uint64_t seconds;

	if (now_ns < *since_ns || *used == 0)
		*since_ns = now_ns;
	if (now_ns - *since_ns < RPCS_NSEC_PER_SEC)
		return;
	seconds = (now_ns - *since_ns) / RPCS_NSEC_PER_SEC;
	*used = seconds * rate >= *used ? 0 : *used - (uint32_t)seconds * rate;
	*since_ns += seconds * RPCS_NSEC_PER_SEC;
}

static bool take_token(uint32_t *used, uint32_t burst)
{
	bool taken = *used < burst;

	*used += taken;
	return taken;
}

static bool may_tell(struct rpcs_services *services, struct rpcs_server *server, uint64_t now_ns)
{
	bool told;

	/* All changes of a lesson are of one server and time. */
	if (services->change_count == 0) {
		refill(&server->told, &server->told_ns, now_ns, TOLD_RATE);
		if (server->told < TOLD_BURST)
			refill(&services->told, &services->told_ns, now_ns, TOLD_RATE_ALL);
	}
	told = take_token(&server->told, TOLD_BURST) && take_token(&services->told, TOLD_BURST_ALL);
	services->counts.changes_untold += !told;
	return told;
}

struct rpcs_service_change *rpcs_learning_note(const struct rpcs_learning *learning,
					       enum rpcs_service_change_kind kind)
{
	struct rpcs_services *services = learning->services;
	bool told = may_tell(services, learning->server, learning->now_ns);
	/* A list of RPCS_MAPPINGS_MAX and the server itself: there is room. */
	struct rpcs_service_change *change = &services->changes[services->change_count++];

	services->changed = true;
	change->kind = kind;
	change->server = learning->server->address;
	change->first_seen_ns = learning->server->first_seen_ns;
	change->told = told;
	return change;
}

struct rpcs_service_change *rpcs_learning_note_mapping(const struct rpcs_learning *learning,
						       const struct rpcs_service *service,
						       enum rpcs_service_change_kind kind)
{
	struct rpcs_service_change *change = rpcs_learning_note(learning, kind);

	change->first_seen_ns = service->first_seen_ns;
	change->program = service->key.program;
	change->version = service->key.version;
	change->transport = service->key.transport;
	change->by = learning->by;
	change->port = service->port;
	change->old_port = 0;
	change->returned = false;
	return change;
}

static void move_port(const struct rpcs_learning *learning, struct rpcs_service *service,
		      uint16_t port)
{
	enum { LAST = RPCS_SERVICE_PORTS_BEFORE - 1 };
	struct rpcs_service_change *change =
		rpcs_learning_note_mapping(learning, service, RPCS_CHANGE_CHANGED);
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

void rpcs_learning_take(const struct rpcs_learning *learning, const struct rpcs_service_key *key,
			struct rpcs_service *const *chain, uint32_t port,
			const struct rpcs_address *at)
{
	struct rpcs_services *services = learning->services;
	struct rpcs_service *service;
	bool is_new;

	if (key->program == 0 || port == 0 || port > PORT_MAX ||
	    key->transport >= RPCS_TRANSPORT__MAX)
		return;
	service = rpcs_services_find_in(chain, learning->server, key);
	is_new = !service;
	if (is_new) {
		service = rpcs_services_add(services, learning->server, key);
		service->first_seen_ns = learning->now_ns;
		service->port = (uint16_t)port;
	}
	if (service->port != port)
		move_port(learning, service, (uint16_t)port);
	else if (is_new || service->removed_ns)
		rpcs_learning_note_mapping(learning, service, RPCS_CHANGE_NEW_MAPPING);
	service->removed_ns = 0;
	service->at = at ? *at : (struct rpcs_address){ 0 };
	service->learned |= learning->by;
	service->times++;
	if (learning->now_ns > service->last_seen_ns)
		service->last_seen_ns = learning->now_ns;
	rpcs_services_touch(services, service, learning->now_ns);
}

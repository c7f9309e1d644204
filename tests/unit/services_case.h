/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map of services, calls and replies made by hand, and what they teach. */
#ifndef RPCSENTRY_TESTS_SERVICES_CASE_H
#define RPCSENTRY_TESTS_SERVICES_CASE_H

#include "detect_case.h"
#include "policy_case.h"
#include "services/map.h"

#define SERVER "10.0.0.2"

static struct {
	struct rpcs_policy *policy;
	struct rpcs_services *services;
	struct rpcs_lesson lesson;
	uint64_t now_ns;
} map;

static inline void map_end(void)
{
	rpcs_services_free(&map.services);
	rpcs_policy_free(&map.policy);
}

static inline void map_start(uint32_t servers)
{
	map_end();
	map.policy = policy_of(CASE_HOME);
	map.services = rpcs_services_new(servers, &case_seed);
	assert_non_null(map.services);
	map.now_ns = CASE_WHEN;
}

static int map_teardown(void **state)
{
	(void)state;
	map_end();
	return 0;
}

/* Lets a reply teach, from `server`; how many changes that made. */
static inline uint32_t map_learn(struct rpcs_call *call, struct rpcs_message *reply,
				 const char *server)
{
	reply->tuple.src = case_address(server);
	reply->seen.time_ns = map.now_ns;
	map.lesson.count = 0;
	rpcs_services_learn(map.services, map.policy, call, reply, true, &map.lesson);
	return map.lesson.count;
}

/* GETPORT of version 1 over UDP, answered. */
static inline uint32_t map_getport(const char *server, uint32_t program, uint32_t port)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, program, 0);
	struct rpcs_message reply = case_reply_port(&call, port);

	return map_learn(&call, &reply, server);
}

/* SET or UNSET, version 2, with its result. */
static inline uint32_t map_change(const char *server, uint32_t procedure, uint32_t program,
				  uint32_t port, bool result)
{
	struct rpcs_call call = case_mapping(procedure, program, port);
	struct rpcs_message reply = case_reply(&call);

	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_RESULT, .has = 1, .result = result };
	return map_learn(&call, &reply, server);
}

/* DUMP of `version`, answered with this list. */
static inline uint32_t map_dump(const char *server, uint32_t version,
				const struct rpcs_mapping *list, uint32_t count)
{
	struct rpcs_call call = case_call(version, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);

	reply.portmap = (struct rpcs_portmap){ .shape = version == 2 ? RPCS_PORTMAP_MAPPINGS
								     : RPCS_PORTMAP_RPCBS,
					       .has = 1,
					       .mappings = list,
					       .mappings_kept = count,
					       .mappings_count = count,
					       .mappings_complete = true };
	return map_learn(&call, &reply, server);
}

static inline const struct rpcs_service *map_find(const char *server, uint32_t program,
						  uint32_t version, enum rpcs_transport transport)
{
	const struct rpcs_service_key key = { program, version, transport };
	const struct rpcs_address address = case_address(server);

	return rpcs_services_find(map.services, &address, &key);
}

/* The port of a mapping of version 1 over UDP; 0 for none. */
static inline uint16_t map_port(const char *server, uint32_t program)
{
	const struct rpcs_service *service = map_find(server, program, 1, RPCS_TRANSPORT_UDP);

	return service && !service->removed_ns ? service->port : 0;
}

static inline const struct rpcs_server *map_server(const char *server)
{
	struct rpcs_address address = case_address(server);

	return rpcs_services_server(map.services, &address);
}

#endif

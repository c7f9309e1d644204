// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A server in JSON, for `services --json`: names and times for other programs to read. */
#include "services_json.h"

#include "base/clock.h"
#include "base/json.h"
#include "policy/programs.h"

static void put_time(struct rpcs_json *json, const char *key, uint64_t time_ns)
{
	char text[RPCS_TIME_TEXT];

	rpcs_time_format(time_ns, text);
	rpcs_json_string(json, key, text);
}

static void put_service(struct rpcs_json *json, const struct rpcs_service *service)
{
	const char *name = rpcs_program_name(service->key.program);
	char at[RPCS_ADDRESS_TEXT];
	unsigned int i;

	rpcs_json_open(json, NULL, '{');
	rpcs_json_uint(json, "program", service->key.program);
	if (name)
		rpcs_json_string(json, "program_name", name);
	rpcs_json_uint(json, "version", service->key.version);
	rpcs_json_string(json, "netid", rpcs_transport_netid(service->key.transport));
	rpcs_json_uint(json, "protocol", rpcs_transport_protocol(service->key.transport));
	rpcs_json_uint(json, "port", service->port);
	rpcs_json_open(json, "old_ports", '[');
	for (i = 0; i < RPCS_SERVICE_PORTS_BEFORE && service->before[i]; i++)
		rpcs_json_uint(json, NULL, service->before[i]);
	rpcs_json_close(json, ']');
	if (!rpcs_address_is_unspecified(&service->at)) {
		rpcs_address_format(&service->at, at);
		rpcs_json_string(json, "address", at);
	}
	rpcs_json_open(json, "learned_from", '[');
	for (i = 0; i < RPCS_LEARNED_COUNT; i++)
		if (service->learned & 1U << i)
			rpcs_json_string(json, NULL, rpcs_learned_name(i));
	rpcs_json_close(json, ']');
	put_time(json, "first_seen", service->first_seen_ns);
	put_time(json, "last_seen", service->last_seen_ns);
	rpcs_json_uint(json, "times", service->times);
	if (service->removed_ns)
		put_time(json, "removed", service->removed_ns);
	rpcs_json_close(json, '}');
}

size_t rpcs_services_json(const struct rpcs_server *server,
			  const struct rpcs_service *const *services, uint32_t count, char *buffer,
			  size_t size)
{
	char address[RPCS_ADDRESS_TEXT];
	struct rpcs_json json;
	uint32_t i;

	rpcs_json_init(&json, buffer, size);
	rpcs_json_open(&json, NULL, '{');
	rpcs_address_format(&server->address, address);
	rpcs_json_string(&json, "server", address);
	put_time(&json, "first_seen", server->first_seen_ns);
	put_time(&json, "last_seen", server->last_seen_ns);
	rpcs_json_uint(&json, "replies", server->replies);
	rpcs_json_open(&json, "versions", '[');
	for (i = 2; i <= 4; i++)
		if (server->versions & 1U << i)
			rpcs_json_uint(&json, NULL, i);
	rpcs_json_close(&json, ']');
	rpcs_json_open(&json, "vlan", '[');
	for (i = 0; i < server->vlan_count; i++)
		rpcs_json_uint(&json, NULL, server->vlan[i]);
	rpcs_json_close(&json, ']');
	rpcs_json_open(&json, "services", '[');
	for (i = 0; i < count; i++)
		put_service(&json, services[i]);
	rpcs_json_close(&json, ']');
	rpcs_json_close(&json, '}');
	return json.full ? 0 : json.len;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server with its mappings at a time, from the one seen longest ago to the newest: read
 * in that order, they have their places again. One that is touched meanwhile moves to
 * the end, behind the place where the save stands (see save_passes()).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/json.h"
#include "inventory.h"
#include "map.h"

enum {
	/* Mappings of one step; a server counts as one more. */
	STEP_MAPPINGS = 512,
	/* RPCS_SERVICES_OF_ONE mappings of at most 400 bytes. */
	BUFFER = 256 * 1024,
};

struct rpcs_inventory_save {
	struct rpcs_services *services;
	int fd;
	bool begun, first;
	char buffer[BUFFER];
};

enum rpcs_inventory_change rpcs_inventory_changed(const struct rpcs_services *services)
{
	return services->changed   ? RPCS_INVENTORY_MAPPINGS
	       : services->touched ? RPCS_INVENTORY_TIMES
				   : RPCS_INVENTORY_SAME;
}

struct rpcs_inventory_save *rpcs_inventory_save_new(struct rpcs_services *services, int fd)
{
	struct rpcs_inventory_save *save = malloc(sizeof(*save));

	if (!save)
		return NULL;
	save->services = services;
	save->fd = fd;
	save->begun = false;
	save->first = true;
	services->changed = services->touched = false;
	services->save_round++;
	services->save_lane = RPCS_LANE_FIRST;
	services->save_next = rpcs_table_oldest(services->servers, RPCS_LANE_FIRST);
	return save;
}

void rpcs_inventory_save_free(struct rpcs_inventory_save **save)
{
	if (!*save)
		return;
	(*save)->services->save_next = NULL;
	free(*save);
	*save = NULL;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t written;

	while (len > 0) {
		written = write(fd, text, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		text += written;
		len -= (size_t)written;
	}
	return 0;
}

static void put_time(struct rpcs_json *json, const char *key, uint64_t time_ns)
{
	uint64_t time_us = time_ns / RPCS_NSEC_PER_USEC;

	rpcs_json_uint(json, key,
		       time_us < RPCS_INVENTORY_TIME_MAX_US ? time_us : RPCS_INVENTORY_TIME_MAX_US);
}

static void put_address(struct rpcs_json *json, const char *key, const struct rpcs_address *address)
{
	char text[RPCS_ADDRESS_TEXT];

	rpcs_address_format(address, text);
	rpcs_json_string(json, key, text);
}

static void put_service(struct rpcs_json *json, const struct rpcs_service *service)
{
	unsigned int i;

	rpcs_json_open(json, NULL, '{');
	rpcs_json_uint(json, "program", service->key.program);
	rpcs_json_uint(json, "version", service->key.version);
	rpcs_json_string(json, "netid", rpcs_transport_netid(service->key.transport));
	rpcs_json_uint(json, "port", service->port);
	if (service->before[0]) {
		rpcs_json_open(json, "before", '[');
		for (i = 0; i < RPCS_SERVICE_PORTS_BEFORE && service->before[i]; i++)
			rpcs_json_uint(json, NULL, service->before[i]);
		rpcs_json_close(json, ']');
	}
	if (!rpcs_address_is_unspecified(&service->at))
		put_address(json, "at", &service->at);
	rpcs_json_open(json, "learned", '[');
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

static void put_server(struct rpcs_json *json, const struct rpcs_server *server)
{
	const struct rpcs_service *service = NULL;
	unsigned int i;

	rpcs_json_open(json, NULL, '{');
	put_address(json, "server", &server->address);
	put_time(json, "first_seen", server->first_seen_ns);
	put_time(json, "last_seen", server->last_seen_ns);
	rpcs_json_uint(json, "replies", server->replies);
	rpcs_json_open(json, "versions", '[');
	for (i = 2; i <= 4; i++)
		if (server->versions & 1U << i)
			rpcs_json_uint(json, NULL, i);
	rpcs_json_close(json, ']');
	if (server->vlan_count) {
		rpcs_json_open(json, "vlan", '[');
		for (i = 0; i < server->vlan_count; i++)
			rpcs_json_uint(json, NULL, server->vlan[i]);
		rpcs_json_close(json, ']');
	}
	rpcs_json_open(json, "services", '[');
	while ((service = rpcs_server_next(server, service)))
		put_service(json, service);
	rpcs_json_close(json, ']');
	rpcs_json_close(json, '}');
}

static int write_server(struct rpcs_inventory_save *save, const struct rpcs_server *server)
{
	struct rpcs_json json;
	size_t begin = save->first ? 1 : 2;

	save->buffer[0] = save->first ? '\n' : ',';
	save->buffer[1] = '\n';
	rpcs_json_init(&json, save->buffer + begin, sizeof(save->buffer) - begin);
	put_server(&json, server);
	if (json.full)
		return -EMSGSIZE;
	save->first = false;
	return write_all(save->fd, save->buffer, begin + json.len);
}

static int write_head(struct rpcs_inventory_save *save)
{
	struct rpcs_json json;

	rpcs_json_init(&json, save->buffer, sizeof(save->buffer));
	rpcs_json_open(&json, NULL, '{');
	rpcs_json_string(&json, "format", "rpcsentry-services");
	rpcs_json_uint(&json, "version", RPCS_INVENTORY_VERSION);
	put_time(&json, "since", save->services->since_ns);
	put_time(&json, "until", save->services->until_ns);
	rpcs_json_open(&json, "servers", '[');
	save->begun = true;
	return write_all(save->fd, save->buffer, json.len);
}

/* The server to be written next, and the one after it is marked; NULL at the end. */
static struct rpcs_server *next_server(struct rpcs_services *services)
{
	struct rpcs_server *server;

	for (;;) {
		server = services->save_next;
		if (server) {
			services->save_next = rpcs_table_newer(services->servers, server);
			/* It was written before it moved to the end. */
			if (server->saved != services->save_round)
				break;
			continue;
		}
		if (services->save_lane == RPCS_LANE_SECOND)
			return NULL;
		services->save_lane = RPCS_LANE_SECOND;
		services->save_next = rpcs_table_oldest(services->servers, RPCS_LANE_SECOND);
	}
	server->saved = services->save_round;
	return server;
}

int rpcs_inventory_save_step(struct rpcs_inventory_save *save)
{
	const struct rpcs_server *server;
	uint32_t done = 0;
	int err = 0;

	if (!save->begun)
		err = write_head(save);
	while (!err && done < STEP_MAPPINGS) {
		server = next_server(save->services);
		if (!server) {
			err = write_all(save->fd, "\n]}\n", 4);
			break;
		}
		done += 1 + server->service_count;
		err = write_server(save, server);
	}
	if (err) /* it has not been saved, whatever the flags say */
		save->services->changed = true;
	return err ? err : done >= STEP_MAPPINGS;
}

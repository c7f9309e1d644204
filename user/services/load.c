// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reading the inventory's file. Others can write it: each value is checked as if it came from
 * the wire, and never more than one server is in memory as JSON.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/clock.h"
#include "inventory.h"
#include "map.h"
#include "split.h"

enum { CHUNK = 65536 };

#define FORMAT "rpcsentry-services"
#define TIME_MAX_US RPCS_INVENTORY_TIME_MAX_US

struct loader {
	struct rpcs_split split;
	char chunk[CHUNK];
	struct rpcs_services *services;
	const struct rpcs_policy *policy;
	uint32_t number;       /* of the server in hand, from 1 */
	const char *wrong;     /* the first fault, a literal; */
	uint32_t wrong_number; /* and the server that has it, 0 for none */
};

static void cleanup_json(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}

#define OWNED_JSON RPCS_CLEANUP(cleanup_json) json_t

/* A number from `least` to `most`. */
static bool get_number(const json_t *object, const char *key, uint64_t least, uint64_t most,
		       uint64_t *ret_number)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || (uint64_t)number < least ||
	    (uint64_t)number > most)
		return false;
	*ret_number = (uint64_t)number;
	return true;
}

/* First and last; the second is not before the first. */
static bool get_times(const json_t *object, uint64_t *ret_first_ns, uint64_t *ret_last_ns)
{
	uint64_t first, last;

	if (!get_number(object, "first_seen", 0, TIME_MAX_US, &first) ||
	    !get_number(object, "last_seen", first, TIME_MAX_US, &last))
		return false;
	*ret_first_ns = first * RPCS_NSEC_PER_USEC;
	*ret_last_ns = last * RPCS_NSEC_PER_USEC;
	return true;
}

static bool get_address(const json_t *object, const char *key, struct rpcs_address *ret_address)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && rpcs_address_parse(text, ret_address) == 0 &&
	       !rpcs_address_is_unspecified(ret_address) && !rpcs_address_is_multicast(ret_address);
}

/* At most `max` numbers from `least` to `most`; -1 when it is something else. */
static int get_numbers(const json_t *array, uint16_t least, uint16_t most, uint16_t *numbers,
		       size_t max)
{
	size_t i, count = json_array_size(array);

	if (!json_is_array(array) || count > max)
		return -1;
	for (i = 0; i < count; i++) {
		const json_t *value = json_array_get(array, i);
		json_int_t number = json_integer_value(value);

		if (!json_is_integer(value) || number < least || number > most)
			return -1;
		numbers[i] = (uint16_t)number;
	}
	return (int)count;
}

static bool get_learned(const json_t *array, uint8_t *ret_learned)
{
	size_t i, count = json_array_size(array);
	uint8_t learned = 0;
	unsigned int bit;

	for (i = 0; i < count && count <= RPCS_LEARNED_COUNT; i++) {
		const char *name = json_string_value(json_array_get(array, i));

		for (bit = 0; name && bit < RPCS_LEARNED_COUNT; bit++)
			if (!strcmp(name, rpcs_learned_name(bit)))
				break;
		if (!name || bit == RPCS_LEARNED_COUNT)
			return false;
		learned |= (uint8_t)(1U << bit);
	}
	*ret_learned = learned;
	return learned != 0;
}

static bool get_key(const json_t *object, struct rpcs_service_key *key)
{
	const json_t *netid = json_object_get(object, "netid");
	uint64_t program, version;

	if (!get_number(object, "program", 1, UINT32_MAX, &program) ||
	    !get_number(object, "version", 0, UINT32_MAX, &version) || !json_is_string(netid))
		return false;
	key->program = (uint32_t)program;
	key->version = (uint32_t)version;
	key->transport = rpcs_transport_find(json_string_value(netid), json_string_length(netid));
	return key->transport < RPCS_TRANSPORT__MAX;
}

/* A literal that says what is wrong; NULL when it was taken. */
static const char *load_service(struct loader *loader, struct rpcs_server *server,
				const json_t *object)
{
	struct rpcs_service read = { 0 }, *service;
	uint64_t port, removed = 0;

	if (!get_key(object, &read.key))
		return "a mapping without program, version or netid";
	if (rpcs_services_find_entry(loader->services, server, &read.key))
		return "a mapping twice";
	if (!get_number(object, "port", 1, UINT16_MAX, &port))
		return "a port that is not 1 to 65535";
	if (json_object_get(object, "before") &&
	    get_numbers(json_object_get(object, "before"), 1, UINT16_MAX, read.before,
			RPCS_SERVICE_PORTS_BEFORE) < 0)
		return "a mapping's former ports";
	if (json_object_get(object, "at") && !get_address(object, "at", &read.at))
		return "a mapping's address";
	if (!get_learned(json_object_get(object, "learned"), &read.learned))
		return "how a mapping was learned";
	if (!get_times(object, &read.first_seen_ns, &read.last_seen_ns) ||
	    !get_number(object, "times", 1, INT64_MAX, &read.times) ||
	    (json_object_get(object, "removed") &&
	     !get_number(object, "removed", 0, TIME_MAX_US, &removed)))
		return "a mapping's times";
	service = rpcs_services_add(loader->services, server, &read.key);
	service->port = (uint16_t)port;
	memcpy(service->before, read.before, sizeof(service->before));
	service->learned = read.learned;
	service->at = read.at;
	service->first_seen_ns = read.first_seen_ns;
	service->last_seen_ns = read.last_seen_ns;
	service->times = read.times;
	service->removed_ns = removed * RPCS_NSEC_PER_USEC;
	rpcs_services_touch(loader->services, service, service->last_seen_ns);
	return NULL;
}

static const char *load_members(const json_t *object, struct rpcs_server *read)
{
	const json_t *vlan = json_object_get(object, "vlan");
	uint16_t versions[3];
	int i, count;

	if (!get_address(object, "server", &read->address))
		return "a server without an address";
	if (!get_times(object, &read->first_seen_ns, &read->last_seen_ns) ||
	    !get_number(object, "replies", 1, INT64_MAX, &read->replies))
		return "a server's times";
	count = get_numbers(json_object_get(object, "versions"), 2, 4, versions, 3);
	if (count < 0)
		return "a server's versions";
	for (i = 0; i < count; i++)
		read->versions |= (uint8_t)(1U << versions[i]);
	count = vlan ? get_numbers(vlan, 0, 4095, read->vlan, 2) : 0;
	if (count < 0)
		return "a server's VLAN";
	read->vlan_count = (uint8_t)count;
	return NULL;
}

static const char *load_server(struct loader *loader, const json_t *object)
{
	const json_t *services = json_object_get(object, "services");
	struct rpcs_server read = { 0 }, *server;
	const char *wrong = load_members(object, &read);
	size_t i;

	if (wrong)
		return wrong;
	if (!json_is_array(services) || json_array_size(services) > RPCS_SERVICES_OF_ONE)
		return "a server's list of mappings";
	if (rpcs_services_find_server(loader->services, &read.address))
		return "a server twice";
	server = rpcs_services_add_server(loader->services, &read.address,
					  rpcs_policy_is_home(loader->policy, &read.address)
						  ? RPCS_LANE_FIRST
						  : RPCS_LANE_SECOND);
	server->first_seen_ns = read.first_seen_ns;
	server->last_seen_ns = read.last_seen_ns;
	server->replies = read.replies;
	server->versions = read.versions;
	server->vlan_count = read.vlan_count;
	memcpy(server->vlan, read.vlan, sizeof(server->vlan));
	for (i = 0; !wrong && i < json_array_size(services); i++)
		wrong = load_service(loader, server, json_array_get(services, i));
	return wrong;
}

/* After a fault the rest is only passed over: what it is depends on the whole. */
static bool take_element(void *arg, const char *text, size_t len)
{
	struct loader *loader = arg;
	OWNED_JSON *object = NULL;

	loader->number++;
	if (loader->wrong)
		return true;
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	loader->wrong = object ? load_server(loader, object) : "no JSON";
	loader->wrong_number = loader->number;
	return true;
}

/* Members around the list; `wrong` is the structure's fault, if it has one. */
static enum rpcs_inventory_verdict judge(struct loader *loader, const char *wrong)
{
	const struct rpcs_split *split = &loader->split;
	OWNED_JSON *frame =
		json_loadb(split->frame, split->frame_len, JSON_REJECT_DUPLICATES, NULL);
	const char *format = json_string_value(json_object_get(frame, "format"));
	uint64_t version = 0, since = 0, until = 0;

	/* Where it is cut, its beginning has to do. */
	if (!frame &&
	    !memmem(split->frame, split->frame_len, "\"" FORMAT "\"", strlen(FORMAT) + 2)) {
		loader->wrong = wrong ? wrong : "no JSON";
		return RPCS_INVENTORY_FOREIGN;
	}
	if (frame && (!format || strcmp(format, FORMAT) != 0)) {
		loader->wrong = "another format";
		return RPCS_INVENTORY_FOREIGN;
	}
	get_number(frame, "version", 1, INT64_MAX, &version);
	if (version > RPCS_INVENTORY_VERSION) {
		loader->wrong = "a newer version of it";
		loader->wrong_number = 0;
		return RPCS_INVENTORY_NEWER;
	}
	if (wrong ||
	    (!loader->wrong && (!frame || !version || !split->list_seen ||
				!get_number(frame, "since", 0, TIME_MAX_US, &since) ||
				!get_number(frame, "until", since, TIME_MAX_US, &until)))) {
		loader->wrong = wrong ? wrong : "its version or times";
		loader->wrong_number = wrong ? loader->number : 0;
	}
	loader->services->since_ns = since * RPCS_NSEC_PER_USEC;
	loader->services->until_ns = until * RPCS_NSEC_PER_USEC;
	return loader->wrong ? RPCS_INVENTORY_DAMAGED : RPCS_INVENTORY_GOOD;
}

/* All of the file through the splitter; -errno, else *ret_wrong says what is wrong with it. */
static int read_all(struct loader *loader, int fd, uint64_t *ret_total, const char **ret_wrong)
{
	const char *wrong = NULL;
	uint64_t total = 0;
	ssize_t len;

	while (!wrong && (len = read(fd, loader->chunk, sizeof(loader->chunk))) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		total += (uint64_t)len;
		wrong = total > RPCS_INVENTORY_BYTES_MAX
				? "over 64 MiB"
				: rpcs_split_take(&loader->split, loader->chunk, (size_t)len);
	}
	*ret_total = total;
	*ret_wrong = wrong ? wrong : rpcs_split_end(&loader->split);
	return 0;
}

int rpcs_inventory_load(struct rpcs_services *services, const struct rpcs_policy *policy, int fd,
			enum rpcs_inventory_verdict *ret_verdict, char why[RPCS_INVENTORY_WHY])
{
	RPCS_OWNED_BLOCK struct loader *loader = calloc(1, sizeof(*loader));
	const char *wrong = NULL;
	uint64_t total = 0;
	int err;

	if (!loader)
		return -ENOMEM;
	loader->services = services;
	loader->policy = policy;
	loader->split.element = take_element;
	loader->split.arg = loader;
	why[0] = '\0';
	err = read_all(loader, fd, &total, &wrong);
	if (err) {
		rpcs_services_clear(services);
		return err;
	}
	/* A file that somebody has just made is a beginning. */
	*ret_verdict = total == 0 ? RPCS_INVENTORY_GOOD : judge(loader, wrong);
	if (*ret_verdict != RPCS_INVENTORY_GOOD) {
		rpcs_services_clear(services);
		if (loader->wrong_number)
			snprintf(why, RPCS_INVENTORY_WHY, "server %u of its list: %s",
				 loader->wrong_number, loader->wrong);
		else
			snprintf(why, RPCS_INVENTORY_WHY, "%s", loader->wrong);
	}
	services->counts = (struct rpcs_services_counts){ 0 };
	services->changed = services->touched = false;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A policy file from its text to a struct rpcs_policy, with every mistake told. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "known.h"
#include "sections.h"
#include "suppress.h"

#define MSEC 1000000ULL
#define SEC (1000 * MSEC)
#define HOUR (3600 * SEC)

enum { FILE_BYTES_MAX = 64 << 20, TABLE_ENTRIES_MAX = 1 << 24 };

static const char *const modes[] = { "auto", "native", "generic", "tc", NULL };
static const char *const any_ports[] = { "off", "first", "all", NULL };

/** Text of a fixed place: sensor.name. */
static void sensor_name_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	char *name = ((struct rpcs_policy *)base)->settings.sensor_name;
	const char *text = rpcs_loader_scalar(loader, node, "a name");

	if (!text)
		return;
	if (strlen(text) >= RPCS_POLICY_NAME_MAX)
		rpcs_loader_mistake(loader, node, "too long; expected at most %d bytes",
				    RPCS_POLICY_NAME_MAX - 1);
	else
		memcpy(name, text, strlen(text) + 1);
}

/** As the kernel's dev_valid_name(): 15 bytes, no slash, colon or space, not "." or "..". */
static bool interface_is_valid(const char *name)
{
	return strlen(name) < 16 && !strpbrk(name, "/: ") && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static void interface_read(struct rpcs_loader *loader, uint32_t node)
{
	struct rpcs_settings *settings = &loader->policy->settings;
	const char *name = rpcs_loader_scalar(loader, node, "an interface's name");
	char quoted[RPCS_QUOTE_TEXT];

	if (!name)
		return;
	rpcs_quote_format(name, quoted);
	if (!interface_is_valid(name)) {
		rpcs_loader_mistake(loader, node,
				    "%s can't name an interface; expected at most 15 characters "
				    "without '/', ':' or space",
				    quoted);
		return;
	}
	for (uint32_t i = 0; i < settings->interface_count; i++) {
		if (strcmp(settings->interfaces[i], name) == 0) {
			rpcs_loader_mistake(loader, node,
					    "interface %s stands there twice; expected it once",
					    quoted);
			return;
		}
	}
	if (settings->interface_count == RPCS_POLICY_INTERFACES_MAX) {
		rpcs_loader_mistake(loader, node, "too many interfaces; expected at most %d",
				    RPCS_POLICY_INTERFACES_MAX);
		return;
	}
	memcpy(settings->interfaces[settings->interface_count++], name, strlen(name) + 1);
}

static void interfaces_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)base;
	if (rpcs_tree_node(loader->tree, node)->kind == RPCS_NODE_MAP) {
		rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of interfaces");
		return;
	}
	for (uint32_t i = rpcs_loader_first(loader, node); i; i = rpcs_loader_next(loader, node, i))
		interface_read(loader, i);
}

static void port_read(struct rpcs_loader *loader, uint32_t node)
{
	static const struct rpcs_field field = { .type = RPCS_FIELD_COUNT, .min = 1, .max = 65535 };
	struct rpcs_settings *settings = &loader->policy->settings;
	uint64_t port = 0;

	rpcs_field_read(loader, &field, node, &port);
	if (port == 0)
		return;
	for (uint32_t i = 0; i < settings->port_count; i++) {
		if (settings->ports[i] == port) {
			rpcs_loader_mistake(loader, node,
					    "port %u stands there twice; expected it once",
					    (unsigned int)port);
			return;
		}
	}
	settings->ports[settings->port_count++] = (uint16_t)port;
}

static void ports_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	enum { PORTS_MAX = sizeof(((struct rpcs_settings *)0)->ports) / sizeof(uint16_t) };
	struct rpcs_settings *settings = &((struct rpcs_policy *)base)->settings;
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);

	if (n->kind == RPCS_NODE_MAP) {
		rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of ports");
		return;
	}
	if (n->kind == RPCS_NODE_LIST && (n->count == 0 || n->count > PORTS_MAX)) {
		rpcs_loader_mistake(loader, node, "%u ports; expected 1 to %d", n->count,
				    PORTS_MAX);
		return;
	}
	settings->port_count = 0;
	for (uint32_t i = rpcs_loader_first(loader, node); i; i = rpcs_loader_next(loader, node, i))
		port_read(loader, i);
}

#define AT(member) offsetof(struct rpcs_policy, settings.member)

static const struct rpcs_field sensor_fields[] = {
	{ "name", RPCS_FIELD_CUSTOM, .read = sensor_name_read },
	{ "interfaces", RPCS_FIELD_CUSTOM, .read = interfaces_read },
	{ "mode", RPCS_FIELD_CHOICE, .offset = AT(mode), .choices = modes },
	{ "ports", RPCS_FIELD_CUSTOM, .read = ports_read },
	{ "any_port", RPCS_FIELD_CHOICE, .offset = AT(any_port), .choices = any_ports },
	{ "tunnels", RPCS_FIELD_BOOL, .offset = AT(tunnels) },
	{ "ring_size", RPCS_FIELD_SIZE, .offset = AT(ring_size), .min = 4 << 10, .max = 1 << 30 },
};

static const struct rpcs_field alerts_fields[] = {
	{ "repeat", RPCS_FIELD_DURATION, .offset = AT(alert_repeat_ns), .min = 0,
	  .max = 720 * HOUR },
	{ "journal", RPCS_FIELD_BOOL, .offset = AT(alert_journal) },
	{ "eve", RPCS_FIELD_STRING, .offset = AT(alert_eve), .max = 4095 },
};

static const struct rpcs_field inventory_fields[] = {
	{ "file", RPCS_FIELD_STRING, .offset = AT(inventory_file), .max = 4095 },
};

static const struct rpcs_field timeouts_fields[] = {
	{ "call", RPCS_FIELD_DURATION, .offset = AT(call_timeout_ns), .min = MSEC, .max = HOUR },
	{ "flow", RPCS_FIELD_DURATION, .offset = AT(flow_timeout_ns), .min = MSEC,
	  .max = 24 * HOUR },
	{ "fragment", RPCS_FIELD_DURATION, .offset = AT(fragment_timeout_ns), .min = MSEC,
	  .max = HOUR },
};

static const struct rpcs_field limits_fields[] = {
	{ "flows", RPCS_FIELD_COUNT, .offset = AT(limit_flows), .min = 1,
	  .max = TABLE_ENTRIES_MAX },
	{ "pending_calls", RPCS_FIELD_COUNT, .offset = AT(limit_pending_calls), .min = 1,
	  .max = TABLE_ENTRIES_MAX },
	{ "sources", RPCS_FIELD_COUNT, .offset = AT(limit_sources), .min = 1,
	  .max = TABLE_ENTRIES_MAX },
	{ "reassembly", RPCS_FIELD_SIZE, .offset = AT(limit_reassembly), .min = 64 << 10,
	  .max = 64ULL << 30 },
	{ "per_source_records", RPCS_FIELD_COUNT, .offset = AT(limit_per_source_records), .min = 1,
	  .max = 1000000000 },
};

static const struct rpcs_field stats_fields[] = {
	{ "interval", RPCS_FIELD_DURATION, .offset = AT(stats_interval_ns), .min = 100 * MSEC,
	  .max = 24 * HOUR },
};

static const struct rpcs_schema sensor_schema =
	RPCS_SCHEMA("a map of sensor settings", sensor_fields);
static const struct rpcs_schema alerts_schema =
	RPCS_SCHEMA("a map of repeat, journal and eve", alerts_fields);
static const struct rpcs_schema inventory_schema = RPCS_SCHEMA("{file: FILE}", inventory_fields);
static const struct rpcs_schema timeouts_schema =
	RPCS_SCHEMA("a map of call, flow and fragment", timeouts_fields);
static const struct rpcs_schema limits_schema = RPCS_SCHEMA("a map of limits", limits_fields);
static const struct rpcs_schema stats_schema = RPCS_SCHEMA("{interval: DURATION}", stats_fields);

/** For a section that was read before the others. */
static void read_before(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)loader;
	(void)node;
	(void)base;
}

static const struct rpcs_field root_fields[] = {
	{ "sensor", RPCS_FIELD_MAP, .schema = &sensor_schema },
	{ "networks", RPCS_FIELD_CUSTOM, .read = read_before },
	{ "programs", RPCS_FIELD_CUSTOM, .read = read_before },
	{ "allow", RPCS_FIELD_CUSTOM, .read = rpcs_allow_read },
	{ "detections", RPCS_FIELD_CUSTOM, .read = rpcs_detections_read },
	{ "sensitive", RPCS_FIELD_CUSTOM, .read = rpcs_sensitive_read },
	{ "alerts", RPCS_FIELD_MAP, .schema = &alerts_schema },
	{ "inventory", RPCS_FIELD_MAP, .schema = &inventory_schema },
	{ "host_logs", RPCS_FIELD_CUSTOM, .read = rpcs_host_logs_read },
	{ "condition", RPCS_FIELD_CUSTOM, .read = rpcs_condition_read },
	{ "response", RPCS_FIELD_CUSTOM, .read = rpcs_response_read },
	{ "timeouts", RPCS_FIELD_MAP, .schema = &timeouts_schema },
	{ "limits", RPCS_FIELD_MAP, .schema = &limits_schema },
	{ "stats", RPCS_FIELD_MAP, .schema = &stats_schema },
};

static const struct rpcs_schema root_schema =
	RPCS_SCHEMA("a map of sensor, networks, programs, allow and other sections", root_fields);

static int defaults_set(struct rpcs_policy *policy)
{
	struct rpcs_settings *settings = &policy->settings;
	uint32_t home;

	settings->ports[0] = 111;
	settings->port_count = 1;
	settings->any_port = RPCS_ANY_PORT_FIRST;
	settings->tunnels = true;
	settings->ring_size = 8 << 20;
	settings->alert_repeat_ns = HOUR;
	settings->alert_journal = true;
	settings->inventory_file = strdup("/var/lib/rpcsentry/services.json");
	settings->call_timeout_ns = 24 * SEC;
	settings->flow_timeout_ns = 120 * SEC;
	settings->fragment_timeout_ns = 30 * SEC;
	settings->limit_flows = 65536;
	settings->limit_pending_calls = 262144;
	settings->limit_sources = 65536;
	settings->limit_reassembly = 64 << 20;
	settings->limit_per_source_records = 20000;
	settings->stats_interval_ns = 10 * SEC;
	rpcs_detection_defaults_set(policy);
	policy->host_logs.journal = true;
	policy->host_logs.join_window_ns = 5 * SEC;
	policy->condition.depth = 100;
	policy->condition.breadth = 40;
	policy->response.on[RPCS_D_GRIND] = true;
	policy->response.on[RPCS_D_SET_REMOTE] = true;
	policy->response.for_ns = 600 * SEC;
	if (!settings->inventory_file)
		return -ENOMEM;
	return rpcs_policy_net_new(policy, NULL, &home);
}

/** Rules and lists name these sets, wherever in the file they stand. */
static void sets_read(struct rpcs_loader *loader)
{
	const struct rpcs_tree *tree = loader->tree;

	if (rpcs_tree_node(tree, 0)->kind != RPCS_NODE_MAP)
		return;
	for (uint32_t key = rpcs_tree_node(tree, 0)->first; key;) {
		uint32_t value = rpcs_tree_node(tree, key)->next;

		if (rpcs_tree_node(tree, key)->kind == RPCS_NODE_SCALAR) {
			const char *text = rpcs_tree_text(tree, rpcs_tree_node(tree, key));

			if (strcmp(text, "networks") == 0)
				rpcs_networks_read(loader, value, loader->policy);
			else if (strcmp(text, "programs") == 0)
				rpcs_programs_read(loader, value, loader->policy);
		}
		key = rpcs_tree_node(tree, value)->next;
	}
	rpcs_sets_seal(loader->policy);
}

int rpcs_policy_parse(const char *text, size_t len, struct rpcs_policy **ret_policy,
		      struct rpcs_policy_errors *errors)
{
	RPCS_CLEANUP(rpcs_tree_free) struct rpcs_tree *tree = NULL;
	RPCS_CLEANUP(rpcs_policy_free) struct rpcs_policy *policy = NULL;
	struct rpcs_loader loader = { .errors = errors };
	int err;

	*errors = (struct rpcs_policy_errors){ 0 };
	/* The byte order mark that some editors put in front takes no column. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	err = rpcs_tree_parse(text, len, errors, &tree);
	if (err < 0)
		return err;
	policy = calloc(1, sizeof(*policy));
	if (!policy || defaults_set(policy) < 0)
		return -ENOMEM;
	loader.tree = tree;
	loader.policy = policy;
	sets_read(&loader);
	rpcs_schema_read(&loader, &root_schema, 0, policy);
	rpcs_suppress_check(&loader);
	rpcs_sensitive_make(&loader);
	if (loader.no_memory || rpcs_rule_index_build(policy) < 0 ||
	    rpcs_known_programs_make(policy) < 0 || rpcs_suppress_build(policy) < 0)
		return -ENOMEM;
	if (errors->total)
		return -EINVAL;
	*ret_policy = RPCS_TAKE(policy);
	return 0;
}

/** The whole of a file of unknown length (a pipe, too). */
static int file_read(int fd, char **ret_text, size_t *ret_len)
{
	RPCS_OWNED_BLOCK char *text = NULL;
	size_t len = 0, size = 64 << 10;
	ssize_t got;

	do {
		char *grown = text;

		if (!text || len == size) {
			size = text ? 2 * size : size;
			grown = realloc(text, size);
		}
		if (!grown)
			return -ENOMEM;
		text = grown;
		got = read(fd, text + len, size - len);
		if (got < 0 && errno != EINTR)
			return -errno;
		len += got > 0 ? (size_t)got : 0;
		if (len > FILE_BYTES_MAX)
			return -EFBIG;
	} while (got != 0);
	*ret_text = RPCS_TAKE(text);
	*ret_len = len;
	return 0;
}

int rpcs_policy_read(int fd, struct rpcs_policy **ret_policy, struct rpcs_policy_errors *errors)
{
	RPCS_OWNED_BLOCK char *text = NULL;
	size_t len = 0;
	int err = file_read(fd, &text, &len);

	*errors = (struct rpcs_policy_errors){ 0 };
	return err < 0 ? err : rpcs_policy_parse(text, len, ret_policy, errors);
}

int rpcs_policy_load(const char *path, struct rpcs_policy **ret_policy,
		     struct rpcs_policy_errors *errors)
{
	RPCS_OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	*errors = (struct rpcs_policy_errors){ 0 };
	return fd < 0 ? -errno : rpcs_policy_read(fd, ret_policy, errors);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sections `host_logs`, `condition` and `response`: checked, without effect yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

enum { REGEX_MAX = 1024 };

#define SEC 1000000000ULL
#define HOUR (3600 * SEC)

static void files_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_loader_strings(loader, node, "a list of files", NULL,
			    &((struct rpcs_policy *)base)->host_logs.files);
}

static void fields_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_loader_strings(loader, node, "a list of field names, one for each group of regex",
			    NULL, &((struct rpcs_log_pattern *)base)->fields);
}

static const struct rpcs_field pattern_fields[] = {
	{ "name", RPCS_FIELD_STRING, .offset = offsetof(struct rpcs_log_pattern, name),
	  .max = RPCS_POLICY_NAME_MAX - 1 },
	{ "regex", RPCS_FIELD_STRING, .offset = offsetof(struct rpcs_log_pattern, regex),
	  .max = REGEX_MAX },
	{ "fields", RPCS_FIELD_CUSTOM, .read = fields_read },
};

static const struct rpcs_schema pattern_schema =
	RPCS_SCHEMA("a map of name, regex and fields", pattern_fields);

static void patterns_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct rpcs_host_logs *logs = &((struct rpcs_policy *)base)->host_logs;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of patterns"))
		return;
	logs->patterns =
		calloc(rpcs_tree_node(loader->tree, node)->count + 1UL, sizeof(*logs->patterns));
	if (!rpcs_loader_try(loader, logs->patterns ? 0 : -ENOMEM))
		return;
	for (uint32_t i = rpcs_tree_node(loader->tree, node)->first; i;
	     i = rpcs_tree_node(loader->tree, i)->next) {
		struct rpcs_log_pattern *pattern = &logs->patterns[logs->pattern_count++];
		uint32_t before = loader->errors->total;

		rpcs_schema_read(loader, &pattern_schema, i, pattern);
		if (loader->errors->total == before && (!pattern->name || !pattern->regex))
			rpcs_loader_mistake(loader, i, "%s is missing; expected name and regex",
					    pattern->name ? "regex" : "name");
	}
}

static const struct rpcs_field host_logs_fields[] = {
	{ "journal", RPCS_FIELD_BOOL, .offset = offsetof(struct rpcs_policy, host_logs.journal) },
	{ "files", RPCS_FIELD_CUSTOM, .read = files_read },
	{ "patterns", RPCS_FIELD_CUSTOM, .read = patterns_read },
	{ "join_window", RPCS_FIELD_DURATION,
	  .offset = offsetof(struct rpcs_policy, host_logs.join_window_ns), .min = 0, .max = HOUR },
};

static const struct rpcs_schema host_logs_schema =
	RPCS_SCHEMA("a map of host log settings", host_logs_fields);

void rpcs_host_logs_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	((struct rpcs_policy *)base)->host_logs.given = true;
	rpcs_schema_read(loader, &host_logs_schema, node, base);
}

static const struct rpcs_field condition_fields[] = {
	{ "depth", RPCS_FIELD_COUNT, .offset = offsetof(struct rpcs_policy, condition.depth),
	  .min = 1, .max = 1000000000 },
	{ "breadth", RPCS_FIELD_COUNT, .offset = offsetof(struct rpcs_policy, condition.breadth),
	  .min = 1, .max = 1000000000 },
};

static const struct rpcs_schema condition_schema =
	RPCS_SCHEMA("{depth: NUMBER, breadth: NUMBER}", condition_fields);

void rpcs_condition_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	((struct rpcs_policy *)base)->condition.given = true;
	rpcs_schema_read(loader, &condition_schema, node, base);
}

/**
 * Why a detection can't drop its source, or NULL: a drop must rest on a call
 * that the source itself sent.
 */
static const char *drop_refused(enum rpcs_detection_id id)
{
	switch (id) {
	case RPCS_D_CALLIT_FORBIDDEN_TARGET:
	case RPCS_D_SPOOFED_LOCAL:
	case RPCS_D_AMPLIFICATION:
	case RPCS_D_REFLECTION_VICTIM:
	case RPCS_D_FLOOD:
		return "its source may be forged";
	case RPCS_D_DUMP_EXPOSED:
	case RPCS_D_NEW_SERVER:
	case RPCS_D_MAPPING_CHANGED:
	case RPCS_D_LONG_ADDRESS:
	case RPCS_D_MISMATCH_RANGE:
		return "it fires on a reply";
	case RPCS_D_HOST_REFUSED:
	case RPCS_D_HOST_SERVICE_CRASH:
	case RPCS_D_HOST_LOG_UNSEEN:
	case RPCS_D_HOST_LOCAL_CHANGE:
	case RPCS_D_HOST_PROBE_REPORTED:
		return "it rests on a host log";
	case RPCS_D_SENSOR_LOSS:
		return "it has no source";
	default:
		return NULL;
	}
}

static void on_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct rpcs_response *response = &((struct rpcs_policy *)base)->response;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of detections"))
		return;
	memset(response->on, 0, sizeof(response->on));
	for (uint32_t i = rpcs_tree_node(loader->tree, node)->first; i;
	     i = rpcs_tree_node(loader->tree, i)->next) {
		enum rpcs_detection_id id = rpcs_detection_read(loader, i);
		const char *refused = id != RPCS_D__MAX ? drop_refused(id) : NULL;

		if (refused)
			rpcs_loader_mistake(loader, i,
					    "%s can't drop a source (%s); expected another "
					    "detection",
					    rpcs_detection_info(id)->name, refused);
		else if (id != RPCS_D__MAX)
			response->on[id] = true;
	}
}

static void trust_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_net_refs_read(loader, node, true, &((struct rpcs_policy *)base)->response.trust);
}

static void never_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_net_refs_read(loader, node, true, &((struct rpcs_policy *)base)->response.never);
}

static const struct rpcs_field response_fields[] = {
	{ "enforce", RPCS_FIELD_BOOL, .offset = offsetof(struct rpcs_policy, response.enforce) },
	{ "on", RPCS_FIELD_CUSTOM, .read = on_read },
	{ "for", RPCS_FIELD_DURATION, .offset = offsetof(struct rpcs_policy, response.for_ns),
	  .min = SEC, .max = 720 * HOUR },
	{ "trust", RPCS_FIELD_CUSTOM, .read = trust_read },
	{ "never", RPCS_FIELD_CUSTOM, .read = never_read },
};

static const struct rpcs_schema response_schema =
	RPCS_SCHEMA("a map of response settings", response_fields);

void rpcs_response_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	((struct rpcs_policy *)base)->response.given = true;
	rpcs_schema_read(loader, &response_schema, node, base);
}

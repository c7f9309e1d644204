// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sections `detections` and `sensitive`. */
#include <stdlib.h>
#include <string.h>

#include "sections.h"

#define MSEC 1000000ULL

static const struct threshold_info {
	const char *key;
	enum rpcs_detection_id detection;
	enum rpcs_threshold_kind kind;
	uint64_t value;
} thresholds[] = {
#define X(id, name, text, type, value) \
	[RPCS_T_##id##_##name] = { text, RPCS_D_##id, RPCS_THRESHOLD_##type, value },
	RPCS_THRESHOLDS(X)
#undef X
};

_Static_assert(sizeof(thresholds) / sizeof(thresholds[0]) == RPCS_T__MAX, "one row each");

/** The built-in sensitive set of spec detections.md. */
static const uint32_t sensitive_programs[] = {
	100001, 100002, 100003, 100004, 100005, 100008, 100009, 100011, 100015, 100017,
	100021, 100024, 100026, 100028, 100068, 100083, 100087, 100099, 100221, 100232,
	100235, 100249, 100300, 150001, 200048, 300019, 391016, 391029,
};

void rpcs_detection_defaults_set(struct rpcs_policy *policy)
{
	struct rpcs_settings *settings = &policy->settings;

	for (unsigned int i = 0; i < RPCS_D__MAX; i++) {
		settings->detections[i].enabled = true;
		settings->detections[i].severity =
			rpcs_detection_info((enum rpcs_detection_id)i)->severity;
	}
	for (unsigned int i = 0; i < RPCS_T__MAX; i++) {
		settings->thresholds[i] = thresholds[i].value;
		if (thresholds[i].kind == RPCS_THRESHOLD_DURATION)
			settings->thresholds[i] *= MSEC;
	}
	policy->direct_ok[0] = (struct rpcs_direct_ok){ 100003, 2049 };
	policy->direct_ok[1] = (struct rpcs_direct_ok){ 100227, 2049 };
	policy->direct_ok_count = 2;
}

/** What is read of one detection. */
struct detection_reading {
	struct rpcs_policy *policy;
	bool enabled;
	uint64_t severity; /* 0: not set */
	uint64_t thresholds[RPCS_T__MAX];
};

struct direct_ok_reading {
	uint32_t program;
	uint64_t port;
	bool has_program;
};

static void ok_program_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct direct_ok_reading *ok = base;

	ok->has_program = true;
	rpcs_program_read(loader, node, &ok->program);
}

static const struct rpcs_field ok_fields[] = {
	{ "program", RPCS_FIELD_CUSTOM, .read = ok_program_read },
	{ "port", RPCS_FIELD_COUNT, .offset = offsetof(struct direct_ok_reading, port), .min = 1,
	  .max = 65535 },
};

static const struct rpcs_schema ok_schema = RPCS_SCHEMA("{program: NAME, port: NUMBER}", ok_fields);

static void direct_ok_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	struct rpcs_policy *policy = ((struct detection_reading *)base)->policy;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_LIST, "a list of {program, port}"))
		return;
	policy->direct_ok_count = 0;
	for (uint32_t i = rpcs_tree_node(loader->tree, node)->first; i;
	     i = rpcs_tree_node(loader->tree, i)->next) {
		struct direct_ok_reading ok = { 0 };
		uint32_t before = loader->errors->total;

		if (policy->direct_ok_count == RPCS_DIRECT_OK_MAX) {
			rpcs_loader_mistake(loader, i, "too many entries; expected at most %d",
					    RPCS_DIRECT_OK_MAX);
			return;
		}
		rpcs_schema_read(loader, &ok_schema, i, &ok);
		if (loader->errors->total == before && (!ok.has_program || !ok.port))
			rpcs_loader_mistake(loader, i,
					    "%s is missing; expected {program: NAME, "
					    "port: NUMBER}",
					    ok.has_program ? "port" : "program");
		policy->direct_ok[policy->direct_ok_count++] =
			(struct rpcs_direct_ok){ ok.program, (uint16_t)ok.port };
	}
}

enum { DETECTION_FIELDS_MAX = 16 };

/** The keys of one detection: the common two and its own thresholds. */
static uint32_t fields_make(enum rpcs_detection_id id, struct rpcs_field fields[])
{
	uint32_t count = 0;

	fields[count++] =
		(struct rpcs_field){ "enabled", RPCS_FIELD_BOOL,
				     .offset = offsetof(struct detection_reading, enabled) };
	fields[count++] =
		(struct rpcs_field){ "severity", RPCS_FIELD_COUNT,
				     .offset = offsetof(struct detection_reading, severity),
				     .min = 1, .max = 4 };
	for (unsigned int i = 0; i < RPCS_T__MAX && count < DETECTION_FIELDS_MAX; i++) {
		struct rpcs_field *field = &fields[count];

		if (thresholds[i].detection != id)
			continue;
		*field = (struct rpcs_field){
			.key = thresholds[i].key,
			.offset = offsetof(struct detection_reading, thresholds) +
				  i * sizeof(uint64_t),
		};
		if (thresholds[i].kind == RPCS_THRESHOLD_PORTS) {
			field->type = RPCS_FIELD_CUSTOM;
			field->read = direct_ok_read;
		} else if (thresholds[i].kind == RPCS_THRESHOLD_COUNT) {
			field->type = RPCS_FIELD_COUNT;
			field->min = 1;
			field->max = 1000000000;
		} else {
			field->type = RPCS_FIELD_DURATION;
			/* Learning may be left out; a window of no length counts nothing. */
			field->min = strcmp(field->key, "learn") == 0 ? 0 : MSEC;
			field->max = 720 * 3600000ULL * MSEC;
		}
		count++;
	}
	return count;
}

static void detection_read(struct rpcs_loader *loader, enum rpcs_detection_id id, uint32_t value)
{
	struct rpcs_settings *settings = &loader->policy->settings;
	struct rpcs_detection_setting *setting = &settings->detections[id];
	struct detection_reading reading = { .policy = loader->policy,
					     .enabled = setting->enabled };
	struct rpcs_field fields[DETECTION_FIELDS_MAX];
	struct rpcs_schema schema = { "a map of enabled, severity and thresholds", fields, 0 };

	memcpy(reading.thresholds, settings->thresholds, sizeof(reading.thresholds));
	schema.count = fields_make(id, fields);
	rpcs_schema_read(loader, &schema, value, &reading);
	memcpy(settings->thresholds, reading.thresholds, sizeof(reading.thresholds));
	setting->enabled = reading.enabled;
	if (reading.severity) {
		setting->severity = (uint8_t)reading.severity;
		setting->severity_set = true;
	}
}

static void detection_unknown(struct rpcs_loader *loader, uint32_t key, const char *name)
{
	char quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24];
	struct rpcs_suggestion suggestion;

	rpcs_loader_suggest(loader, &suggestion, name);
	for (unsigned int i = 0; i < RPCS_D__MAX; i++)
		rpcs_suggestion_offer(&suggestion,
				      rpcs_detection_info((enum rpcs_detection_id)i)->name);
	rpcs_loader_mistake(loader, key, "unknown detection %s%s; expected a detection's name",
			    rpcs_quote_format(name, quoted),
			    rpcs_suggestion_format(&suggestion, hint));
}

enum rpcs_detection_id rpcs_detection_read(struct rpcs_loader *loader, uint32_t node)
{
	const char *name = rpcs_loader_scalar(loader, node, "a detection's name");
	enum rpcs_detection_id id = name ? rpcs_detection_find(name) : RPCS_D__MAX;

	if (name && id == RPCS_D__MAX)
		detection_unknown(loader, node, name);
	return id;
}

void rpcs_detections_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	const struct rpcs_tree *tree = loader->tree;

	(void)base;
	if (!rpcs_loader_is(loader, node, RPCS_NODE_MAP, "a map of detections"))
		return;
	for (uint32_t key = rpcs_tree_node(tree, node)->first; key;) {
		uint32_t value = rpcs_tree_node(tree, key)->next;

		if (rpcs_tree_node(tree, key)->kind == RPCS_NODE_SCALAR) {
			enum rpcs_detection_id id = rpcs_detection_read(loader, key);

			if (id != RPCS_D__MAX)
				detection_read(loader, id, value);
		}
		key = rpcs_tree_node(tree, value)->next;
	}
}

static void sensitive_add_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)base;
	rpcs_program_refs_read(loader, node, true, &loader->sensitive_add);
}

static void sensitive_remove_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	(void)base;
	rpcs_program_refs_read(loader, node, true, &loader->sensitive_remove);
}

static const struct rpcs_field sensitive_fields[] = {
	{ "add", RPCS_FIELD_CUSTOM, .read = sensitive_add_read },
	{ "remove", RPCS_FIELD_CUSTOM, .read = sensitive_remove_read },
};

static const struct rpcs_schema sensitive_schema =
	RPCS_SCHEMA("{add: [PROGRAM...], remove: [PROGRAM...]}", sensitive_fields);

void rpcs_sensitive_read(struct rpcs_loader *loader, uint32_t node, void *base)
{
	rpcs_schema_read(loader, &sensitive_schema, node, base);
}

static bool refs_contain(const struct rpcs_policy *policy, const struct rpcs_refs *refs,
			 uint32_t program)
{
	for (uint32_t i = 0; i < refs->count; i++) {
		uint32_t set = policy->program_refs[refs->first + i];

		if (rpcs_program_entry_contains(&policy->programs[set], program))
			return true;
	}
	return false;
}

static void sensitive_add(struct rpcs_loader *loader, const uint32_t *numbers, uint32_t count)
{
	struct rpcs_policy *policy = loader->policy;

	for (uint32_t i = 0; i < count; i++) {
		if (!refs_contain(policy, &loader->sensitive_remove, numbers[i]))
			rpcs_loader_try(loader,
					rpcs_program_entry_add(&policy->sensitive, numbers[i]));
	}
}

void rpcs_sensitive_make(struct rpcs_loader *loader)
{
	struct rpcs_policy *policy = loader->policy;

	sensitive_add(loader, sensitive_programs,
		      sizeof(sensitive_programs) / sizeof(sensitive_programs[0]));
	for (uint32_t i = 0; i < loader->sensitive_add.count; i++) {
		uint32_t set = policy->program_refs[loader->sensitive_add.first + i];

		sensitive_add(loader, policy->programs[set].numbers, policy->programs[set].count);
	}
	rpcs_program_entry_seal(&policy->sensitive);
}

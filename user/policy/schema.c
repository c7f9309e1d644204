// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walking a map along its table: known keys, types, ranges. */
#include "schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "values.h"

enum { EXPECTED_TEXT = 160 };

void rpcs_loader_mistake(struct rpcs_loader *loader, uint32_t node, const char *format, ...)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);
	char text[sizeof(((struct rpcs_policy_error *)0)->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rpcs_mistake_add(loader->errors, n->line, n->column, "%s", text);
}

static const char *const kind_names[] = {
	[RPCS_NODE_SCALAR] = "a single value",
	[RPCS_NODE_LIST] = "a list",
	[RPCS_NODE_MAP] = "a map",
	[RPCS_NODE_BAD] = "",
};

bool rpcs_loader_is(struct rpcs_loader *loader, uint32_t node, enum rpcs_node_kind kind,
		    const char *expected)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);

	if (n->kind == kind)
		return true;
	if (n->kind == RPCS_NODE_BAD)
		return false;
	if (n->kind == RPCS_NODE_SCALAR && !*rpcs_tree_text(loader->tree, n))
		rpcs_loader_mistake(loader, node, "empty value; expected %s", expected);
	else
		rpcs_loader_mistake(loader, node, "%s here; expected %s", kind_names[n->kind],
				    expected);
	return false;
}

const char *rpcs_loader_scalar(struct rpcs_loader *loader, uint32_t node, const char *expected)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);
	const char *text;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_SCALAR, expected))
		return NULL;
	text = rpcs_tree_text(loader->tree, n);
	if (*text)
		return text;
	rpcs_loader_mistake(loader, node, "empty value; expected %s", expected);
	return NULL;
}

bool rpcs_loader_try(struct rpcs_loader *loader, int err)
{
	if (err < 0)
		loader->no_memory = true;
	return err == 0;
}

void rpcs_loader_suggest(struct rpcs_loader *loader, struct rpcs_suggestion *suggestion,
			 const char *wanted)
{
	rpcs_suggestion_init(suggestion, wanted);
	if (loader->errors->total >= RPCS_POLICY_ERRORS_MAX)
		suggestion->distance = 0;
}

char *rpcs_loader_copy(struct rpcs_loader *loader, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		loader->no_memory = true;
	return copy;
}

/** "true or false", "a duration from 1s to 24h, such as 30s", … */
static void expected_format(const struct rpcs_field *field, char text[EXPECTED_TEXT])
{
	char low[RPCS_VALUE_TEXT], high[RPCS_VALUE_TEXT];
	size_t len = 0;

	switch (field->type) {
	case RPCS_FIELD_BOOL:
		snprintf(text, EXPECTED_TEXT, "true or false");
		break;
	case RPCS_FIELD_COUNT:
		snprintf(text, EXPECTED_TEXT, "a number from %" PRIu64 " to %" PRIu64, field->min,
			 field->max);
		break;
	case RPCS_FIELD_DURATION:
		snprintf(text, EXPECTED_TEXT, "a duration from %s to %s, such as 500ms, 30s or 10m",
			 rpcs_value_duration_format(field->min, low),
			 rpcs_value_duration_format(field->max, high));
		break;
	case RPCS_FIELD_SIZE:
		snprintf(text, EXPECTED_TEXT, "a size from %s to %s, such as 64K or 8M",
			 rpcs_value_size_format(field->min, low),
			 rpcs_value_size_format(field->max, high));
		break;
	case RPCS_FIELD_CHOICE:
		for (const char *const *choice = field->choices; *choice; choice++)
			len += (size_t)snprintf(text + len, EXPECTED_TEXT - len, "%s%s",
						choice == field->choices ? ""
						: choice[1]		 ? ", "
									 : " or ",
						*choice);
		break;
	default:
		snprintf(text, EXPECTED_TEXT, "a text");
		break;
	}
}

/** Parses a number, duration or size; the field's own range is checked by the caller. */
static int amount_parse(enum rpcs_field_type type, const char *text, uint64_t *ret_value)
{
	if (type == RPCS_FIELD_DURATION)
		return rpcs_value_duration_parse(text, ret_value);
	if (type == RPCS_FIELD_SIZE)
		return rpcs_value_size_parse(text, ret_value);
	return rpcs_value_uint_parse(text, ret_value);
}

static void amount_read(struct rpcs_loader *loader, const struct rpcs_field *field, uint32_t node,
			const char *text, uint64_t *ret_value)
{
	static const char *const names[] = {
		[RPCS_FIELD_COUNT] = "number",
		[RPCS_FIELD_DURATION] = "duration",
		[RPCS_FIELD_SIZE] = "size",
	};
	char expected[EXPECTED_TEXT], quoted[RPCS_QUOTE_TEXT];
	uint64_t value = 0;
	int err = amount_parse(field->type, text, &value);

	/* "111" in quotes is a text; 30s is one anyway. */
	if (field->type == RPCS_FIELD_COUNT && !rpcs_tree_node(loader->tree, node)->plain)
		err = -EINVAL;
	expected_format(field, expected);
	if (err == -EINVAL)
		rpcs_loader_mistake(loader, node, "%s is no %s; expected %s",
				    rpcs_quote_format(text, quoted), names[field->type], expected);
	else if (err < 0 || value < field->min || value > field->max)
		rpcs_loader_mistake(loader, node, "%s is out of range; expected %s",
				    rpcs_quote_format(text, quoted), expected);
	else
		*ret_value = value;
}

static void bool_read(struct rpcs_loader *loader, uint32_t node, const char *text, bool *ret_value)
{
	/* What other tools take, YAML 1.1 among them. */
	static const char *const other_words[][2] = {
		{ "yes", " (did you mean true?)" },  { "no", " (did you mean false?)" },
		{ "on", " (did you mean true?)" },   { "off", " (did you mean false?)" },
		{ "true", " (did you mean true?)" }, { "false", " (did you mean false?)" },
		{ "1", " (did you mean true?)" },    { "0", " (did you mean false?)" },
	};
	char quoted[RPCS_QUOTE_TEXT];
	bool is_true = strcmp(text, "true") == 0;
	const char *hint = "";

	for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++) {
		if (strcasecmp(text, other_words[i][0]) == 0)
			hint = other_words[i][1];
	}
	if (!rpcs_tree_node(loader->tree, node)->plain || (!is_true && strcmp(text, "false") != 0))
		rpcs_loader_mistake(loader, node,
				    "%s is neither true nor false%s; expected one of them",
				    rpcs_quote_format(text, quoted), hint);
	else
		*ret_value = is_true;
}

static void choice_read(struct rpcs_loader *loader, const struct rpcs_field *field, uint32_t node,
			const char *text, unsigned int *ret_value)
{
	char expected[EXPECTED_TEXT], quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24];
	struct rpcs_suggestion suggestion;

	rpcs_loader_suggest(loader, &suggestion, text);
	for (unsigned int i = 0; field->choices[i]; i++) {
		if (strcmp(field->choices[i], text) == 0) {
			*ret_value = i;
			return;
		}
		rpcs_suggestion_offer(&suggestion, field->choices[i]);
	}
	expected_format(field, expected);
	rpcs_loader_mistake(loader, node, "unknown value %s%s; expected %s",
			    rpcs_quote_format(text, quoted),
			    rpcs_suggestion_format(&suggestion, hint), expected);
}

static void string_read(struct rpcs_loader *loader, const struct rpcs_field *field, uint32_t node,
			const char *text, char **ret_text)
{
	char *copy;

	if (strlen(text) > field->max) {
		rpcs_loader_mistake(loader, node, "too long; expected at most %" PRIu64 " bytes",
				    field->max);
		return;
	}
	copy = rpcs_loader_copy(loader, text);
	if (!copy)
		return;
	free(*ret_text);
	*ret_text = copy;
}

void rpcs_field_read(struct rpcs_loader *loader, const struct rpcs_field *field, uint32_t node,
		     void *base)
{
	void *at = (char *)base + field->offset;
	char expected[EXPECTED_TEXT];
	const char *text;

	if (field->type == RPCS_FIELD_MAP) {
		rpcs_schema_read(loader, field->schema, node, base);
		return;
	}
	if (field->type == RPCS_FIELD_CUSTOM) {
		field->read(loader, node, base);
		return;
	}
	expected_format(field, expected);
	text = rpcs_loader_scalar(loader, node, expected);
	if (!text)
		return;
	if (field->type == RPCS_FIELD_BOOL)
		bool_read(loader, node, text, at);
	else if (field->type == RPCS_FIELD_CHOICE)
		choice_read(loader, field, node, text, at);
	else if (field->type == RPCS_FIELD_STRING)
		string_read(loader, field, node, text, at);
	else
		amount_read(loader, field, node, text, at);
}

static void key_unknown(struct rpcs_loader *loader, const struct rpcs_schema *schema, uint32_t key)
{
	const char *text = rpcs_tree_text(loader->tree, rpcs_tree_node(loader->tree, key));
	char quoted[RPCS_QUOTE_TEXT], hint[RPCS_QUOTE_TEXT + 24], known[EXPECTED_TEXT] = "";
	struct rpcs_suggestion suggestion;
	size_t len = 0;

	rpcs_loader_suggest(loader, &suggestion, text);
	for (uint32_t i = 0; i < schema->count; i++) {
		rpcs_suggestion_offer(&suggestion, schema->fields[i].key);
		if (len < sizeof(known))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						i ? ", " : "", schema->fields[i].key);
	}
	rpcs_loader_mistake(loader, key, "unknown key %s%s; expected one of %s",
			    rpcs_quote_format(text, quoted),
			    rpcs_suggestion_format(&suggestion, hint), known);
}

void rpcs_schema_read(struct rpcs_loader *loader, const struct rpcs_schema *schema, uint32_t node,
		      void *base)
{
	const struct rpcs_tree *tree = loader->tree;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_MAP, schema->expected))
		return;
	for (uint32_t key = rpcs_tree_node(tree, node)->first; key;) {
		uint32_t value = rpcs_tree_node(tree, key)->next;
		uint32_t i = 0;

		if (rpcs_tree_node(tree, key)->kind == RPCS_NODE_SCALAR) {
			const char *text = rpcs_tree_text(tree, rpcs_tree_node(tree, key));

			while (i < schema->count && strcmp(schema->fields[i].key, text) != 0)
				i++;
			if (i < schema->count)
				rpcs_field_read(loader, &schema->fields[i], value, base);
			else
				key_unknown(loader, schema, key);
		}
		key = rpcs_tree_node(tree, value)->next;
	}
}

void rpcs_loader_strings(struct rpcs_loader *loader, uint32_t node, const char *expected,
			 bool (*is_valid)(const char *text), struct rpcs_string_list *ret_list)
{
	char quoted[RPCS_QUOTE_TEXT];
	char **items;

	if (!rpcs_loader_is(loader, node, RPCS_NODE_LIST, expected))
		return;
	rpcs_string_list_clear(ret_list);
	items = calloc(rpcs_tree_node(loader->tree, node)->count + 1UL, sizeof(*items));
	if (!rpcs_loader_try(loader, items ? 0 : -ENOMEM))
		return;
	ret_list->items = items;
	for (uint32_t i = rpcs_tree_node(loader->tree, node)->first; i;
	     i = rpcs_tree_node(loader->tree, i)->next) {
		const char *text = rpcs_loader_scalar(loader, i, expected);

		if (!text)
			continue;
		if (is_valid && !is_valid(text)) {
			rpcs_loader_mistake(loader, i, "%s is not as it should be; expected %s",
					    rpcs_quote_format(text, quoted), expected);
			continue;
		}
		items[ret_list->count] = rpcs_loader_copy(loader, text);
		if (items[ret_list->count])
			ret_list->count++;
	}
}

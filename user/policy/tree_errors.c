// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* YAML syntax errors with their position, and keys that stand twice. */
#include "tree_errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "mistakes.h"

/** Where a byte offset lies; columns count characters, as libyaml's do. */
static void offset_locate(const char *text, size_t len, size_t offset, uint32_t *ret_line,
			  uint32_t *ret_column)
{
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < len && i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static bool is_tab(const yaml_mark_t *mark, const char *text, size_t len)
{
	const char *line = text;

	for (size_t i = 0; i < mark->line; i++) {
		const char *end = memchr(line, '\n', len - (size_t)(line - text));

		if (!end)
			return false;
		line = end + 1;
	}
	return mark->column < len - (size_t)(line - text) && line[mark->column] == '\t';
}

/** libyaml says what it met; this says what would have been right. */
static const char *expected_find(const char *problem)
{
	static const char *const hints[][2] = {
		{ "mapping values are not allowed",
		  "quotes around a value that holds ': ', a ':' behind the key above, or its "
		  "indentation" },
		{ "expected alphabetic or numeric character",
		  "quotes around a value that begins with '*' or '&'" },
		{ "did not find expected node content",
		  "a value, in quotes if it begins with ':', such as an IPv6 address" },
		{ "did not find expected ',' or", "a comma or the closing bracket" },
		{ "found character that cannot start any token",
		  "quotes around a value that begins so" },
		{ "could not find expected ':'", "KEY: VALUE" },
		{ "did not find expected key",
		  "KEY: VALUE with the indentation of the keys above" },
		{ "did not find expected '-' indicator",
		  "'- ' with the indentation of those above" },
		{ "found unexpected end of stream", "the closing quote or bracket" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strstr(problem, hints[i][0]))
			return hints[i][1];
	}
	return "valid YAML";
}

int rpcs_tree_syntax_error(const yaml_parser_t *yaml, const char *text, size_t len,
			   struct rpcs_policy_errors *errors)
{
	const char *problem = yaml->problem ? yaml->problem : "not understood";
	uint32_t line = (uint32_t)yaml->problem_mark.line + 1;
	uint32_t column = (uint32_t)yaml->problem_mark.column + 1;

	if (yaml->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (yaml->error == YAML_READER_ERROR) {
		offset_locate(text, len, yaml->problem_offset, &line, &column);
		/* libyaml's own figure is a character's, or -1. */
		rpcs_mistake_add(errors, line, column,
				 "YAML: %s (byte 0x%02x); expected printable UTF-8", problem,
				 yaml->problem_offset < len
					 ? (unsigned char)text[yaml->problem_offset]
					 : (unsigned int)yaml->problem_value & 0xff);
	} else if (is_tab(&yaml->problem_mark, text, len)) {
		rpcs_mistake_add(errors, line, column,
				 "YAML: a tab where a value or key begins; expected spaces");
	} else if (yaml->context) {
		rpcs_mistake_add(errors, line, column,
				 "YAML: %s, %s begun at line %zu column %zu; expected %s", problem,
				 yaml->context, yaml->context_mark.line + 1,
				 yaml->context_mark.column + 1, expected_find(problem));
	} else {
		rpcs_mistake_add(errors, line, column, "YAML: %s; expected %s", problem,
				 expected_find(problem));
	}
	return -EINVAL;
}

/** A key while keys are sorted: equal ones come together, the first one first. */
struct sorted_key {
	const char *text;
	uint32_t index;
};

static int key_compare(const void *a, const void *b)
{
	const struct sorted_key *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

int rpcs_tree_duplicates_check(struct rpcs_tree *tree, uint32_t map,
			       struct rpcs_policy_errors *errors)
{
	RPCS_OWNED_BLOCK struct sorted_key *keys = NULL;
	uint32_t count = 0;
	uint32_t first = 0;
	char quoted[RPCS_QUOTE_TEXT];

	keys = calloc(tree->nodes[map].count / 2 + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (uint32_t i = tree->nodes[map].first; i; i = tree->nodes[tree->nodes[i].next].next) {
		if (tree->nodes[i].kind == RPCS_NODE_SCALAR)
			keys[count++] =
				(struct sorted_key){ rpcs_tree_text(tree, &tree->nodes[i]), i };
	}
	qsort(keys, count, sizeof(*keys), key_compare);
	for (uint32_t i = 1; i < count; i++) {
		struct rpcs_node *again = &tree->nodes[keys[i].index];
		const struct rpcs_node *before;

		if (strcmp(keys[i].text, keys[first].text) != 0) {
			first = i;
			continue;
		}
		before = &tree->nodes[keys[first].index];
		again->kind = RPCS_NODE_BAD;
		rpcs_mistake_add(errors, again->line, again->column,
				 "duplicate key %s, first at line %u column %u; expected it once",
				 rpcs_quote_format(keys[i].text, quoted), before->line,
				 before->column);
	}
	return 0;
}

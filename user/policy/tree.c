// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From libyaml's events to a bounded tree. Aliases, anchors and tags are
 * refused, so no text grows on reading; the stack of open nodes has a fixed
 * depth, so no text recurses.
 */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "../base/cleanup.h"
#include "mistakes.h"
#include "tree_errors.h"

enum { DEPTH_MAX = 16, NODES_MAX = 1 << 22, TEXT_MAX = 1 << 27 };

/** A list or map whose end has not come. */
struct open_node {
	uint32_t index;
	uint32_t last; /* its last child so far */
};

struct tree_parser {
	struct rpcs_tree *tree;
	struct rpcs_policy_errors *errors;
	struct open_node open[DEPTH_MAX];
	uint32_t depth;
	bool has_root, done;
};

static int nodes_grow(struct rpcs_tree *tree)
{
	uint32_t size = tree->size ? 2 * tree->size : 256;
	struct rpcs_node *nodes;

	if (tree->count < tree->size)
		return 0;
	if (size > NODES_MAX)
		return -E2BIG;
	nodes = reallocarray(tree->nodes, size, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	tree->size = size;
	return 0;
}

/** Keeps a text with a NUL behind it; returns its offset through `ret_offset`. */
static int text_add(struct rpcs_tree *tree, const void *text, size_t len, uint32_t *ret_offset)
{
	size_t need = (size_t)tree->text_len + len + 1;
	size_t size = tree->text_size ? tree->text_size : 4096;
	char *grown;

	if (len > TEXT_MAX || need > TEXT_MAX)
		return -E2BIG;
	while (size < need)
		size *= 2;
	if (size != tree->text_size) {
		grown = realloc(tree->text, size);
		if (!grown)
			return -ENOMEM;
		tree->text = grown;
		tree->text_size = (uint32_t)size;
	}
	memcpy(tree->text + tree->text_len, text, len);
	tree->text[tree->text_len + len] = '\0';
	*ret_offset = tree->text_len;
	tree->text_len = (uint32_t)need;
	return 0;
}

/** Adds a node below the innermost open one. */
static int node_add(struct tree_parser *parser, enum rpcs_node_kind kind, yaml_mark_t at,
		    uint32_t *ret_index)
{
	struct rpcs_tree *tree = parser->tree;
	struct open_node *parent;
	uint32_t index = tree->count;
	int err;

	err = nodes_grow(tree);
	if (err < 0)
		return err;
	tree->nodes[index] = (struct rpcs_node){ .line = (uint32_t)at.line + 1,
						 .column = (uint32_t)at.column + 1,
						 .kind = kind };
	tree->count++;
	parser->has_root = true;
	*ret_index = index;
	if (parser->depth == 0)
		return 0;
	parent = &parser->open[parser->depth - 1];
	if (parent->last)
		tree->nodes[parent->last].next = index;
	else
		tree->nodes[parent->index].first = index;
	parent->last = index;
	tree->nodes[parent->index].count++;
	return 0;
}

static bool is_key(const struct tree_parser *parser)
{
	const struct rpcs_node *parent;

	if (parser->depth == 0)
		return false;
	parent = &parser->tree->nodes[parser->open[parser->depth - 1].index];
	return parent->kind == RPCS_NODE_MAP && parent->count % 2 == 0;
}

/** Anchors and tags have no meaning here: each is a mistake of its own. */
static void properties_check(struct tree_parser *parser, const yaml_event_t *event,
			     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	uint32_t line = (uint32_t)event->start_mark.line + 1;
	uint32_t column = (uint32_t)event->start_mark.column + 1;
	char quoted[RPCS_QUOTE_TEXT];

	if (anchor)
		rpcs_mistake_add(parser->errors, line, column,
				 "anchor %s is not supported; expected the value alone, written "
				 "out wherever it is needed",
				 rpcs_quote_format((const char *)anchor, quoted));
	if (tag)
		rpcs_mistake_add(parser->errors, line, column,
				 "tag %s is not supported; expected the value alone",
				 rpcs_quote_format((const char *)tag, quoted));
}

/** ASCII's control characters, and U+0080 to U+009f, which terminals obey as well. */
static bool has_control(const yaml_char_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return true;
		if (text[i] == 0xc2 && i + 1 < len && text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static int scalar_add(struct tree_parser *parser, const yaml_event_t *event)
{
	const yaml_char_t *text = event->data.scalar.value;
	size_t len = event->data.scalar.length;
	uint32_t index, offset;
	int err;

	properties_check(parser, event, event->data.scalar.anchor, event->data.scalar.tag);
	err = node_add(parser, RPCS_NODE_SCALAR, event->start_mark, &index);
	if (err < 0)
		return err;
	err = text_add(parser->tree, text, len, &offset);
	if (err < 0)
		return err;
	parser->tree->nodes[index].text = offset;
	parser->tree->nodes[index].plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (has_control(text, len)) {
		parser->tree->nodes[index].kind = RPCS_NODE_BAD;
		rpcs_mistake_add(parser->errors, (uint32_t)event->start_mark.line + 1,
				 (uint32_t)event->start_mark.column + 1,
				 "a control character or line break in a value; expected one line "
				 "of printable text");
	}
	return 0;
}

static int alias_add(struct tree_parser *parser, const yaml_event_t *event)
{
	char quoted[RPCS_QUOTE_TEXT];
	uint32_t index;

	rpcs_mistake_add(parser->errors, (uint32_t)event->start_mark.line + 1,
			 (uint32_t)event->start_mark.column + 1,
			 "alias %s is not supported; expected the value itself",
			 rpcs_quote_format((const char *)event->data.alias.anchor, quoted));
	return node_add(parser, RPCS_NODE_BAD, event->start_mark, &index);
}

static int collection_open(struct tree_parser *parser, const yaml_event_t *event,
			   enum rpcs_node_kind kind)
{
	uint32_t line = (uint32_t)event->start_mark.line + 1;
	uint32_t column = (uint32_t)event->start_mark.column + 1;
	uint32_t index;
	int err;

	if (kind == RPCS_NODE_MAP)
		properties_check(parser, event, event->data.mapping_start.anchor,
				 event->data.mapping_start.tag);
	else
		properties_check(parser, event, event->data.sequence_start.anchor,
				 event->data.sequence_start.tag);
	if (is_key(parser))
		rpcs_mistake_add(parser->errors, line, column,
				 "a list or map as a key; expected a name");
	if (parser->depth == DEPTH_MAX) {
		rpcs_mistake_add(parser->errors, line, column,
				 "nested too deep; expected at most %d levels", DEPTH_MAX);
		return -EINVAL;
	}
	err = node_add(parser, kind, event->start_mark, &index);
	if (err < 0)
		return err;
	parser->open[parser->depth].index = index;
	parser->open[parser->depth].last = 0;
	parser->depth++;
	return 0;
}

static int collection_close(struct tree_parser *parser)
{
	const struct open_node *closed = &parser->open[--parser->depth];

	if (parser->tree->nodes[closed->index].kind != RPCS_NODE_MAP)
		return 0;
	return rpcs_tree_duplicates_check(parser->tree, closed->index, parser->errors);
}

static int event_take(struct tree_parser *parser, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (!parser->has_root)
			return 0;
		rpcs_mistake_add(parser->errors, (uint32_t)event->start_mark.line + 1,
				 (uint32_t)event->start_mark.column + 1,
				 "a second YAML document; expected one");
		return -EINVAL;
	case YAML_SCALAR_EVENT:
		return scalar_add(parser, event);
	case YAML_ALIAS_EVENT:
		return alias_add(parser, event);
	case YAML_SEQUENCE_START_EVENT:
		return collection_open(parser, event, RPCS_NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return collection_open(parser, event, RPCS_NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return collection_close(parser);
	case YAML_STREAM_END_EVENT:
		parser->done = true;
		return 0;
	default:
		return 0;
	}
}

static int events_read(struct tree_parser *parser, const char *text, size_t len)
{
	RPCS_CLEANUP(yaml_parser_delete) yaml_parser_t yaml;
	yaml_event_t event;
	int err = 0;

	if (!yaml_parser_initialize(&yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	while (!parser->done && err == 0) {
		if (!yaml_parser_parse(&yaml, &event))
			return rpcs_tree_syntax_error(&yaml, text, len, parser->errors);
		err = event_take(parser, &event);
		if (err == -E2BIG) {
			rpcs_mistake_add(parser->errors, (uint32_t)event.start_mark.line + 1,
					 (uint32_t)event.start_mark.column + 1,
					 "too many values; expected at most %d", NODES_MAX);
			err = -EINVAL;
		}
		yaml_event_delete(&event);
	}
	return err;
}

/** A document of nothing, such as one with a bare "---". */
static bool root_is_empty(const struct rpcs_tree *tree)
{
	const struct rpcs_node *root = &tree->nodes[0];

	return root->kind == RPCS_NODE_SCALAR && root->plain && !*rpcs_tree_text(tree, root);
}

int rpcs_tree_parse(const char *text, size_t len, struct rpcs_policy_errors *errors,
		    struct rpcs_tree **ret_tree)
{
	RPCS_CLEANUP(rpcs_tree_free) struct rpcs_tree *tree = calloc(1, sizeof(*tree));
	struct tree_parser parser = { .tree = tree, .errors = errors };
	yaml_mark_t start = { 0 };
	uint32_t index;
	int err;

	if (!tree)
		return -ENOMEM;
	err = events_read(&parser, text, len);
	if (err == 0 && !parser.has_root)
		err = node_add(&parser, RPCS_NODE_MAP, start, &index);
	else if (err == 0 && root_is_empty(tree))
		tree->nodes[0].kind = RPCS_NODE_MAP;
	if (err < 0)
		return err;
	*ret_tree = RPCS_TAKE(tree);
	return 0;
}

void rpcs_tree_free(struct rpcs_tree **tree)
{
	if (!*tree)
		return;
	free((*tree)->nodes);
	free((*tree)->text);
	free(*tree);
	*tree = NULL;
}

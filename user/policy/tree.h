/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A YAML text as a tree whose every node knows its line and column. */
#ifndef RPCSENTRY_POLICY_TREE_H
#define RPCSENTRY_POLICY_TREE_H

#include "policy.h"

enum rpcs_node_kind {
	RPCS_NODE_SCALAR,
	RPCS_NODE_LIST,
	RPCS_NODE_MAP,
	RPCS_NODE_BAD, /* its mistake is told already: pass over it */
};

/** Children of a map alternate: key, value. 0 (the root) as an index means none. */
struct rpcs_node {
	uint32_t line, column; /* 1-based */
	uint32_t first, next;
	uint32_t count; /* children; for a map twice its keys */
	uint32_t text;	/* offset of a scalar's text */
	uint8_t kind;
	bool plain; /* not quoted */
};

struct rpcs_tree {
	struct rpcs_node *nodes;
	uint32_t count, size;
	char *text;
	uint32_t text_len, text_size;
};

/** -EINVAL: the text is no YAML, told in `errors`; -ENOMEM. An empty text is an empty map. */
int rpcs_tree_parse(const char *text, size_t len, struct rpcs_policy_errors *errors,
		    struct rpcs_tree **ret_tree);
void rpcs_tree_free(struct rpcs_tree **tree);

static inline const struct rpcs_node *rpcs_tree_node(const struct rpcs_tree *tree, uint32_t index)
{
	return &tree->nodes[index];
}

/** A scalar's text, ended by NUL; it holds no control character. */
static inline const char *rpcs_tree_text(const struct rpcs_tree *tree, const struct rpcs_node *node)
{
	return tree->text + node->text;
}

#endif

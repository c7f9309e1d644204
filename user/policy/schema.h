/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a map of the policy file may hold, as tables: each row is a key, the
 * type and range of its value, and where that is kept.
 */
#ifndef RPCSENTRY_POLICY_SCHEMA_H
#define RPCSENTRY_POLICY_SCHEMA_H

#include "mistakes.h"
#include "model.h"
#include "tree.h"

/** Everything a section's reader needs. */
struct rpcs_loader {
	const struct rpcs_tree *tree;
	struct rpcs_policy *policy;
	struct rpcs_policy_errors *errors;
	struct rpcs_refs sensitive_add, sensitive_remove;
	bool no_memory;
};

enum rpcs_field_type {
	RPCS_FIELD_BOOL,     /* bool */
	RPCS_FIELD_COUNT,    /* uint64_t; min and max hold for it and the next two */
	RPCS_FIELD_DURATION, /* uint64_t, nanoseconds */
	RPCS_FIELD_SIZE,     /* uint64_t, bytes */
	RPCS_FIELD_CHOICE,   /* an enum, one of `choices` in its order */
	RPCS_FIELD_STRING,   /* char *, owned, at most max bytes */
	RPCS_FIELD_MAP,	     /* `schema`, with the same base */
	RPCS_FIELD_CUSTOM,   /* `read` */
};

struct rpcs_schema;

/** Reads a value of its own form; `base` as given to rpcs_schema_read(). */
typedef void (*rpcs_field_fn)(struct rpcs_loader *loader, uint32_t value, void *base);

struct rpcs_field {
	const char *key;
	enum rpcs_field_type type;
	size_t offset; /* from the base */
	uint64_t min, max;
	const char *const *choices; /* ended by NULL */
	const struct rpcs_schema *schema;
	rpcs_field_fn read;
};

struct rpcs_schema {
	const char *expected; /* "a map of sensor settings": what to say when it is no map */
	const struct rpcs_field *fields;
	uint32_t count;
};

#define RPCS_SCHEMA(text, rows)                              \
	{                                                    \
		text, rows, sizeof(rows) / sizeof((rows)[0]) \
	}

/** Reads a map; mistakes go to loader->errors. */
void rpcs_schema_read(struct rpcs_loader *loader, const struct rpcs_schema *schema, uint32_t node,
		      void *base);

/** Reads one value as its row says. */
void rpcs_field_read(struct rpcs_loader *loader, const struct rpcs_field *field, uint32_t node,
		     void *base);

/** Tells a mistake at a node. */
void rpcs_loader_mistake(struct rpcs_loader *loader, uint32_t node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * The text of a scalar that is not empty, or NULL after telling the mistake
 * (silently for a node whose mistake is told already).
 */
const char *rpcs_loader_scalar(struct rpcs_loader *loader, uint32_t node, const char *expected);

/** Is it a list or map as wanted? If not, tells it. */
bool rpcs_loader_is(struct rpcs_loader *loader, uint32_t node, enum rpcs_node_kind kind,
		    const char *expected);

/** Starts a suggestion; once more mistakes are told than are kept, it stays without an answer. */
void rpcs_loader_suggest(struct rpcs_loader *loader, struct rpcs_suggestion *suggestion,
			 const char *wanted);

/** A copy that the caller owns; NULL sets no_memory. */
char *rpcs_loader_copy(struct rpcs_loader *loader, const char *text);

/** Notes -ENOMEM; true when `err` is 0. */
bool rpcs_loader_try(struct rpcs_loader *loader, int err);

/** A list of strings, each checked by `is_valid` (NULL: any); replaces what was there. */
void rpcs_loader_strings(struct rpcs_loader *loader, uint32_t node, const char *expected,
			 bool (*is_valid)(const char *text), struct rpcs_string_list *ret_list);

/** Steps through "one value or a list of them": the first or only value; 0 for an empty list. */
static inline uint32_t rpcs_loader_first(const struct rpcs_loader *loader, uint32_t node)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);

	return n->kind == RPCS_NODE_LIST ? n->first : node;
}

/** The value behind, when `node` was a list; 0 at the end. */
static inline uint32_t rpcs_loader_next(const struct rpcs_loader *loader, uint32_t node,
					uint32_t value)
{
	const struct rpcs_node *n = rpcs_tree_node(loader->tree, node);

	return n->kind == RPCS_NODE_LIST ? rpcs_tree_node(loader->tree, value)->next : 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a number of 128 bits - an address, or a program - to the sets that hold
 * it. Sets are made of prefixes, which lie inside each other or apart: the
 * innermost prefix of a number is found by binary search, the others are the
 * ones around it, at most 128.
 */
#ifndef RPCSENTRY_POLICY_KEY_INDEX_H
#define RPCSENTRY_POLICY_KEY_INDEX_H

#include "netset.h"

enum { RPCS_KEY_NONE = 0xffffffffU };

/** One prefix of one set. */
struct rpcs_key_entry {
	rpcs_key key;
	uint32_t set;
	uint8_t len;
};

struct rpcs_key_entries {
	struct rpcs_key_entry *list;
	uint32_t count, size;
};

/** A prefix: the one around it, and the sets that have it, a stretch of index->sets. */
struct rpcs_key_node {
	uint32_t parent; /* RPCS_KEY_NONE: none */
	uint32_t first, count;
};

struct rpcs_key_index {
	rpcs_key *points;  /* where another prefix becomes the innermost one, ascending from 0 */
	uint32_t *node_at; /* which, for each point; RPCS_KEY_NONE: none */
	uint32_t point_count;
	struct rpcs_key_node *nodes;
	uint32_t node_count;
	uint32_t *sets;
};

/** Adds one number; 0 or -ENOMEM. */
int rpcs_key_entries_add(struct rpcs_key_entries *entries, rpcs_key key, uint8_t len, uint32_t set);

/** Adds all ranges of a set of networks, as the fewest prefixes; 0 or -ENOMEM. */
int rpcs_key_entries_add_nets(struct rpcs_key_entries *entries, const struct rpcs_netset *nets,
			      uint32_t set);

/** Sorts the entries, which stay the caller's, and builds; 0 or -ENOMEM. */
int rpcs_key_index_build(struct rpcs_key_entries *entries, struct rpcs_key_index *ret_index);

/** The innermost node that holds the number; RPCS_KEY_NONE: none. */
uint32_t rpcs_key_index_find(const struct rpcs_key_index *index, rpcs_key key);

/** Frees what it holds. */
void rpcs_key_index_clear(struct rpcs_key_index *index);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a table lies in memory: what its lanes (table.c) and its index (table_index.c) share. */
#ifndef RPCSENTRY_BASE_TABLE_PRIVATE_H
#define RPCSENTRY_BASE_TABLE_PRIVATE_H

#include "bucket.h"
#include "table.h"

enum {
	RPCS_TABLE_NONE = UINT32_MAX,
	RPCS_TABLE_HASH_BITS = 30,
};

/* What stands before each entry. */
struct rpcs_link {
	uint32_t hash : RPCS_TABLE_HASH_BITS, lane : 32 - RPCS_TABLE_HASH_BITS;
	uint32_t next;	       /* number + 1 of the next older one with this hash; 0: none */
	uint32_t older, newer; /* in the lane; `newer` also chains free slots */
};

struct rpcs_lane {
	uint32_t oldest, newest, count;
};

/* What a search needs comes first, in a cache line of its own; the next is of its lanes. */
struct rpcs_table {
	struct rpcs_bucket *buckets; /* and behind them, in one mapping of `size`: */
	uint8_t *slots;
	size_t stride;	   /* of slots */
	uint32_t mask;	   /* of the buckets' numbers */
	uint32_t tag_mask; /* of words: what is above a slot's number */
	uint32_t tag_one;  /* the lowest bit of a tag, which all tags have: no free word does */
	uint32_t absent;   /* a hash that no slot has, as a search found last; NONE: not known */
	uint32_t key_size;
	uint32_t free;	/* used once and given back */
	uint32_t fresh; /* slots from here on were never used: they are zero */
	uint32_t capacity, count;
	struct rpcs_lane lanes[RPCS_LANE__MAX];
	uint32_t stride_inverse, stride_shift; /* as index_of() divides by it */
	uint32_t stop;			       /* the first of these two, or the capacity */
	size_t fill_at;			       /* when this slot is used, the index is filled */
	size_t huge_at;			       /* when this slot is used, it is a large table */
	size_t size;
	struct rpcs_key_hash key_hash;
} __attribute__((aligned(64)));

static inline struct rpcs_link *rpcs_link_at(const struct rpcs_table *table, uint32_t index)
{
	return (struct rpcs_link *)(void *)(table->slots + index * table->stride);
}

static inline struct rpcs_link *rpcs_link_of(const void *entry)
{
	return (struct rpcs_link *)entry - 1;
}

static inline void *rpcs_link_entry(const struct rpcs_link *link)
{
	return (struct rpcs_link *)link + 1;
}

/** Hangs a new slot with that hash on a word. */
void rpcs_table_hang(struct rpcs_table *table, struct rpcs_link *link, uint32_t hash,
		     uint32_t index);

/** The same where the hash is what was just searched for, and not found. */
void rpcs_table_hang_absent(struct rpcs_table *table, struct rpcs_link *link, uint32_t index);

/** Takes a slot off its word. */
void rpcs_table_unhang(struct rpcs_table *table, const struct rpcs_link *link, uint32_t index);

#endif

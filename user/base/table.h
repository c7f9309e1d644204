/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hash table of a fixed number of slots, for state that packets create: it
 * never grows, and its entries keep their order, so that the oldest can go
 * first. Entries with equal keys may stand side by side.
 */
#ifndef RPCSENTRY_BASE_TABLE_H
#define RPCSENTRY_BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "hash.h"

/** Entries are queued in lanes, each oldest first: say, pending and answered. */
enum rpcs_table_lane { RPCS_LANE_FIRST, RPCS_LANE_SECOND, RPCS_LANE_THIRD, RPCS_LANE__MAX };

struct rpcs_table;

/**
 * `capacity` entries of `value_size` bytes, keyed by their first `key_size`
 * bytes. Pages are touched as entries come. NULL: out of memory.
 */
struct rpcs_table *rpcs_table_new(uint32_t capacity, uint32_t key_size, uint32_t value_size,
				  const struct rpcs_hash_seed *seed);
void rpcs_table_free(struct rpcs_table **table);

/** The newest entry with that key, or NULL: noted, so that adding it next need not search again. */
void *rpcs_table_find(struct rpcs_table *table, const void *key);

/** The hash that the calls above take of a key: for the last two of those below. */
uint32_t rpcs_table_hash(const struct rpcs_table *table, const void *key);

/**
 * Finding and adding for a caller who has a hash of the key, all 32 bits of it good: in a table
 * that is used with these calls alone. What they will touch can be fetched beforehand, the
 * bucket first and, once that has come, the entry: two misses that other work hides.
 */
void *rpcs_table_find_by(struct rpcs_table *table, const void *key, uint32_t hash);
void *rpcs_table_add_by(struct rpcs_table *table, const void *key, uint32_t hash);
void rpcs_table_fetch_bucket(const struct rpcs_table *table, uint32_t hash);

/** Returns what it fetched, which need not be the key's, nor an entry any more later; or NULL. */
void *rpcs_table_fetch_entry(const struct rpcs_table *table, uint32_t hash);

/** The next older entry with the same key, or NULL. */
void *rpcs_table_find_next(const struct rpcs_table *table, const void *entry);

/** A new zeroed entry with that key at the end of the first lane; NULL when the table is full. */
void *rpcs_table_add(struct rpcs_table *table, const void *key);

/** Gives the entry's slot back. */
void rpcs_table_remove(struct rpcs_table *table, void *entry);

/** Puts the entry at the end of a lane. */
void rpcs_table_move(struct rpcs_table *table, void *entry, enum rpcs_table_lane lane);

/** The oldest entry of a lane, or NULL. */
void *rpcs_table_oldest(const struct rpcs_table *table, enum rpcs_table_lane lane);

/** The entry that is one newer in its lane, or NULL. */
void *rpcs_table_newer(const struct rpcs_table *table, const void *entry);

/** Entry number `number`, from 0 on, there or removed again; NULL: so many there never were. */
void *rpcs_table_entry(const struct rpcs_table *table, uint32_t number);

uint32_t rpcs_table_count(const struct rpcs_table *table);
uint32_t rpcs_table_lane_count(const struct rpcs_table *table, enum rpcs_table_lane lane);
enum rpcs_table_lane rpcs_table_lane_of(const void *entry);
bool rpcs_table_is_full(const struct rpcs_table *table);

#endif

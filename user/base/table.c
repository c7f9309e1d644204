// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fixed slots, queued in lanes; see table.h, and table_index.c for how they are found. */
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "prefetch.h"
#include "table_private.h"

enum {
	NONE = RPCS_TABLE_NONE,
	/* Slots for each bucket: less than 1 in 100 is full when all are taken. */
	BUCKET_SLOTS = 8,
};

/*
 * A link's address less the first one's is its index times the stride: shifted by the zeros at
 * the stride's end, a product with the inverse of what is left, modulo 2^32, is the index again.
 */
static void stride_invert(struct rpcs_table *table)
{
	uint32_t shift = (uint32_t)__builtin_ctzll(table->stride), inverse = 1, i;
	uint32_t odd = (uint32_t)(table->stride >> shift);

	/* Each step doubles the bits that are right. */
	for (i = 0; i < 5; i++)
		inverse *= 2 - odd * inverse;
	table->stride_inverse = inverse;
	table->stride_shift = shift;
}

static uint32_t index_of(const struct rpcs_table *table, const struct rpcs_link *link)
{
	size_t offset = (size_t)((const uint8_t *)link - table->slots);

	return (uint32_t)(offset >> table->stride_shift) * table->stride_inverse;
}

static size_t index_size(const struct rpcs_table *table)
{
	return sizeof(*table->buckets) * (table->mask + 1);
}

struct rpcs_table *rpcs_table_new(uint32_t capacity, uint32_t key_size, uint32_t value_size,
				  const struct rpcs_hash_seed *seed)
{
	struct rpcs_table *table;
	uint32_t buckets = 1;
	int lane;

	if (capacity == 0 || capacity > 1U << RPCS_TABLE_HASH_BITS)
		return NULL;
	table = aligned_alloc(_Alignof(struct rpcs_table), sizeof(*table));
	if (!table)
		return NULL;
	memset(table, 0, sizeof(*table));
	while (buckets < (capacity + BUCKET_SLOTS - 1) / BUCKET_SLOTS)
		buckets *= 2;
	rpcs_key_hash_init(&table->key_hash, seed, key_size);
	table->key_size = key_size;
	table->stride = (sizeof(struct rpcs_link) + value_size + 7) & ~(size_t)7;
	stride_invert(table);
	table->capacity = capacity;
	table->free = table->absent = NONE;
	table->mask = buckets - 1;
	table->tag_one = 1;
	while (table->tag_one <= capacity)
		table->tag_one *= 2;
	table->tag_mask = ~(table->tag_one - 1);
	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		table->lanes[lane] = (struct rpcs_lane){ .oldest = NONE, .newest = NONE };
	table->size = index_size(table) + table->stride * capacity;
	table->buckets = rpcs_pages_map(table->size);
	if (!table->buckets) {
		rpcs_table_free(&table);
		return NULL;
	}
	table->slots = (uint8_t *)(table->buckets + buckets);
	table->fill_at = rpcs_pages_fill_at(index_size(table));
	table->huge_at =
		rpcs_pages_huge_at(table->buckets, table->size, table->slots, table->stride);
	return table;
}

void rpcs_table_free(struct rpcs_table **table)
{
	if (!*table)
		return;
	rpcs_pages_unmap((*table)->buckets, (*table)->size);
	free(*table);
	*table = NULL;
}

static void lane_append(struct rpcs_table *table, struct rpcs_link *link, uint32_t index,
			uint32_t number)
{
	struct rpcs_lane *lane = &table->lanes[number];

	link->lane = number & 3;
	link->older = lane->newest;
	link->newer = NONE;
	if (link->older != NONE)
		rpcs_link_at(table, link->older)->newer = index;
	else
		lane->oldest = index;
	lane->newest = index;
	lane->count++;
}

static void lane_leave(struct rpcs_table *table, const struct rpcs_link *link)
{
	struct rpcs_lane *lane = &table->lanes[link->lane];

	if (link->older != NONE)
		rpcs_link_at(table, link->older)->newer = link->newer;
	else
		lane->oldest = link->newer;
	if (link->newer != NONE)
		rpcs_link_at(table, link->newer)->older = link->older;
	else
		lane->newest = link->older;
	lane->count--;
}

/* Of words, in line: a call costs more than it does, and has registers saved. */
static inline void clear(void *words, size_t size)
{
	uint8_t *at = words;

	for (; size >= 64; size -= 64, at += 64)
		memset(at, 0, 64);
	if (size & 32)
		memset(at, 0, 32);
	at += size & 32;
	if (size & 16)
		memset(at, 0, 16);
	at += size & 16;
	if (size & 8)
		memset(at, 0, 8);
}

/* A slot whose entry is zero: there is one. */
static inline __attribute__((always_inline)) uint32_t slot_take(struct rpcs_table *table)
{
	uint32_t index = table->free;
	struct rpcs_link *link;

	if (index == NONE)
		return table->fresh++;
	link = rpcs_link_at(table, index);
	table->free = link->newer;
	clear(rpcs_link_entry(link), table->stride - sizeof(*link));
	return index;
}

/* Before slot `stop` is used for the first time, if there is such a slot. */
static void stop_at(struct rpcs_table *table)
{
	const size_t stop = table->stop;

	if (stop == table->fill_at)
		rpcs_pages_fill(table->buckets, index_size(table));
	if (stop == table->huge_at)
		rpcs_pages_make_huge(table->buckets, table->size);
	table->stop = table->capacity;
	if (table->fill_at > stop && table->fill_at < table->stop)
		table->stop = (uint32_t)table->fill_at;
	if (table->huge_at > stop && table->huge_at < table->stop)
		table->stop = (uint32_t)table->huge_at;
}

static inline __attribute__((always_inline)) void *
add(struct rpcs_table *table, const void *key, uint32_t key_size, uint32_t hash, bool is_absent)
{
	uint32_t index = slot_take(table);
	struct rpcs_link *link = rpcs_link_at(table, index);

	rpcs_key_copy(rpcs_link_entry(link), key, key_size);
	if (is_absent)
		rpcs_table_hang_absent(table, link, index);
	else
		rpcs_table_hang(table, link, hash >> (32 - RPCS_TABLE_HASH_BITS), index);
	lane_append(table, link, index, RPCS_LANE_FIRST);
	table->count++;
	return rpcs_link_entry(link);
}

static __attribute__((noinline)) void *add_other(struct rpcs_table *table, const void *key,
						 uint32_t hash)
{
	if (table->free == NONE && table->fresh == table->capacity)
		return NULL;
	if (table->free == NONE && table->fresh == table->stop)
		stop_at(table);
	return add(table, key, table->key_size, hash, false);
}

/* What was searched for just now calls nothing: most often it is that. */
void *rpcs_table_add_by(struct rpcs_table *table, const void *key, uint32_t hash)
{
	const uint32_t key_size = table->key_size;

	if (table->absent != hash >> (32 - RPCS_TABLE_HASH_BITS) || key_size < sizeof(uint64_t) ||
	    (table->free == NONE && table->fresh == table->stop))
		return add_other(table, key, hash);
	return add(table, key, key_size, hash, true);
}

void *rpcs_table_add(struct rpcs_table *table, const void *key)
{
	return rpcs_table_add_by(table, key, rpcs_table_hash(table, key));
}

/*
 * What is the oldest now goes next, as a rule: its bucket starts to come in, and the link of
 * the one behind it, which is asked for its bucket then.
 */
static void fetch_oldest(const struct rpcs_table *table, uint32_t oldest)
{
	const struct rpcs_link *link;
	const uint8_t *next;

	if (oldest == NONE)
		return;
	link = rpcs_link_at(table, oldest);
	rpcs_prefetch(&table->buckets[link->hash & table->mask]);
	if (link->newer == NONE)
		return;
	next = (const uint8_t *)rpcs_link_at(table, link->newer);
	rpcs_prefetch(next);
	rpcs_prefetch(next + table->stride - 1);
}

void rpcs_table_remove(struct rpcs_table *table, void *entry)
{
	struct rpcs_link *link = rpcs_link_of(entry);
	uint32_t index = index_of(table, link);

	rpcs_table_unhang(table, link, index);
	if (link->older == NONE)
		fetch_oldest(table, link->newer);
	lane_leave(table, link);
	link->newer = table->free;
	table->free = index;
	table->count--;
}

void rpcs_table_move(struct rpcs_table *table, void *entry, enum rpcs_table_lane lane)
{
	struct rpcs_link *link = rpcs_link_of(entry);

	/* It is the newest already, as one just added is. */
	if (link->newer == NONE && link->lane == lane)
		return;
	lane_leave(table, link);
	lane_append(table, link, index_of(table, link), lane);
}

void *rpcs_table_oldest(const struct rpcs_table *table, enum rpcs_table_lane lane)
{
	uint32_t index = table->lanes[lane].oldest;

	return index == NONE ? NULL : rpcs_link_entry(rpcs_link_at(table, index));
}

void *rpcs_table_newer(const struct rpcs_table *table, const void *entry)
{
	uint32_t index = rpcs_link_of(entry)->newer;

	return index == NONE ? NULL : rpcs_link_entry(rpcs_link_at(table, index));
}

void *rpcs_table_entry(const struct rpcs_table *table, uint32_t number)
{
	return number < table->fresh ? rpcs_link_entry(rpcs_link_at(table, number)) : NULL;
}

uint32_t rpcs_table_count(const struct rpcs_table *table)
{
	return table->count;
}

uint32_t rpcs_table_lane_count(const struct rpcs_table *table, enum rpcs_table_lane lane)
{
	return table->lanes[lane].count;
}

enum rpcs_table_lane rpcs_table_lane_of(const void *entry)
{
	return (enum rpcs_table_lane)rpcs_link_of(entry)->lane;
}

bool rpcs_table_is_full(const struct rpcs_table *table)
{
	return table->count == table->capacity;
}

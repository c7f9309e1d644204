// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fixed slots, chained by index; see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NONE = UINT32_MAX };

/* What stands before each entry. */
struct link {
	uint32_t hash;
	uint32_t bucket_next;
	uint32_t older, newer; /* in the lane; `newer` also chains free slots */
	uint32_t lane;
	uint32_t pad;
};

struct rpcs_table {
	struct rpcs_hash_seed seed;
	uint32_t key_size, value_size;
	size_t stride;
	uint32_t capacity, count;
	uint32_t fresh; /* slots from here on were never used */
	uint32_t free;	/* used once and given back */
	uint32_t mask;
	uint32_t oldest[RPCS_LANE__MAX], newest[RPCS_LANE__MAX], queued[RPCS_LANE__MAX];
	uint32_t *buckets;
	uint8_t *slots;
	size_t slots_size, buckets_size;
};

static struct link *link_at(const struct rpcs_table *table, uint32_t index)
{
	return (struct link *)(void *)(table->slots + index * table->stride);
}

static void *entry_of(struct link *link)
{
	return link + 1;
}

static struct link *link_of(const void *entry)
{
	return (struct link *)entry - 1;
}

static uint32_t index_of(const struct rpcs_table *table, const struct link *link)
{
	return (uint32_t)((size_t)((const uint8_t *)link - table->slots) / table->stride);
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct rpcs_table *rpcs_table_new(uint32_t capacity, uint32_t key_size, uint32_t value_size,
				  const struct rpcs_hash_seed *seed)
{
	struct rpcs_table *table = calloc(1, sizeof(*table));
	uint32_t buckets = 16;
	int lane;

	if (!table || capacity == 0 || capacity > 1U << 30)
		goto fail;
	while (buckets < capacity)
		buckets *= 2;
	table->seed = *seed;
	table->key_size = key_size;
	table->value_size = value_size;
	table->stride = (sizeof(struct link) + value_size + 7) & ~(size_t)7;
	table->capacity = capacity;
	table->free = NONE;
	table->mask = buckets - 1;
	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		table->oldest[lane] = table->newest[lane] = NONE;
	table->slots_size = table->stride * capacity;
	table->buckets_size = sizeof(*table->buckets) * buckets;
	table->slots = map(table->slots_size);
	table->buckets = map(table->buckets_size);
	if (!table->slots || !table->buckets)
		goto fail;
	/* Index + 1 in the buckets: the untouched page's 0 is "empty". */
	return table;
fail:
	rpcs_table_free(&table);
	return NULL;
}

void rpcs_table_free(struct rpcs_table **table)
{
	if (!*table)
		return;
	if ((*table)->slots)
		munmap((*table)->slots, (*table)->slots_size);
	if ((*table)->buckets)
		munmap((*table)->buckets, (*table)->buckets_size);
	free(*table);
	*table = NULL;
}

static void *find_from(const struct rpcs_table *table, uint32_t index, uint32_t hash,
		       const void *key)
{
	struct link *link;

	for (; index != 0; index = link->bucket_next) {
		link = link_at(table, index - 1);
		if (link->hash == hash && memcmp(entry_of(link), key, table->key_size) == 0)
			return entry_of(link);
	}
	return NULL;
}

void *rpcs_table_find(const struct rpcs_table *table, const void *key)
{
	uint32_t hash = (uint32_t)rpcs_hash(&table->seed, key, table->key_size);

	return find_from(table, table->buckets[hash & table->mask], hash, key);
}

void *rpcs_table_find_next(const struct rpcs_table *table, const void *entry)
{
	const struct link *link = link_of(entry);

	return find_from(table, link->bucket_next, link->hash, entry);
}

static void lane_append(struct rpcs_table *table, uint32_t index, uint32_t lane)
{
	struct link *link = link_at(table, index);

	link->lane = lane;
	link->older = table->newest[lane];
	link->newer = NONE;
	if (link->older != NONE)
		link_at(table, link->older)->newer = index;
	else
		table->oldest[lane] = index;
	table->newest[lane] = index;
	table->queued[lane]++;
}

static void lane_leave(struct rpcs_table *table, const struct link *link)
{
	if (link->older != NONE)
		link_at(table, link->older)->newer = link->newer;
	else
		table->oldest[link->lane] = link->newer;
	if (link->newer != NONE)
		link_at(table, link->newer)->older = link->older;
	else
		table->newest[link->lane] = link->older;
	table->queued[link->lane]--;
}

void *rpcs_table_add(struct rpcs_table *table, const void *key)
{
	uint32_t index, *bucket;
	struct link *link;

	if (table->free != NONE) {
		index = table->free;
		table->free = link_at(table, index)->newer;
	} else if (table->fresh < table->capacity) {
		index = table->fresh++;
	} else {
		return NULL;
	}
	link = link_at(table, index);
	memset(entry_of(link), 0, table->value_size);
	memcpy(entry_of(link), key, table->key_size);
	link->hash = (uint32_t)rpcs_hash(&table->seed, key, table->key_size);
	bucket = &table->buckets[link->hash & table->mask];
	link->bucket_next = *bucket;
	*bucket = index + 1;
	lane_append(table, index, RPCS_LANE_FIRST);
	table->count++;
	return entry_of(link);
}

void rpcs_table_remove(struct rpcs_table *table, void *entry)
{
	struct link *link = link_of(entry);
	uint32_t index = index_of(table, link);
	uint32_t *at = &table->buckets[link->hash & table->mask];

	while (*at != index + 1)
		at = &link_at(table, *at - 1)->bucket_next;
	*at = link->bucket_next;
	lane_leave(table, link);
	link->newer = table->free;
	table->free = index;
	table->count--;
}

void rpcs_table_move(struct rpcs_table *table, void *entry, enum rpcs_table_lane lane)
{
	struct link *link = link_of(entry);

	lane_leave(table, link);
	lane_append(table, index_of(table, link), lane);
}

void *rpcs_table_oldest(const struct rpcs_table *table, enum rpcs_table_lane lane)
{
	uint32_t index = table->oldest[lane];

	return index == NONE ? NULL : entry_of(link_at(table, index));
}

void *rpcs_table_newer(const struct rpcs_table *table, const void *entry)
{
	uint32_t index = link_of(entry)->newer;

	return index == NONE ? NULL : entry_of(link_at(table, index));
}

uint32_t rpcs_table_count(const struct rpcs_table *table)
{
	return table->count;
}

uint32_t rpcs_table_lane_count(const struct rpcs_table *table, enum rpcs_table_lane lane)
{
	return table->queued[lane];
}

enum rpcs_table_lane rpcs_table_lane_of(const void *entry)
{
	return (enum rpcs_table_lane)link_of(entry)->lane;
}

bool rpcs_table_is_full(const struct rpcs_table *table)
{
	return table->count == table->capacity;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fixed slots, and an index of buckets that are a cache line each; see table.h.
 *
 * A bucket's words have a slot's number and, in the bits that this leaves, a part of
 * its key's hash: what is not there costs one line, and what is there one line more.
 * A word that finds its bucket full goes to the next one with room, and each bucket
 * counts what went past it: a search ends where nothing did. Slots of one hash hang
 * on one word, newest first.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "pages.h"
#include "prefetch.h"

enum {
	NONE = UINT32_MAX,
	/* Slots for each bucket: less than 1 in 100 is full when all are taken. */
	BUCKET_SLOTS = 8,
	HASH_BITS = 30,
	CACHE_LINE = 64,
	FETCHED_BYTES = 256,
};

/* What stands before each entry. */
struct link {
	uint32_t hash : HASH_BITS, lane : 32 - HASH_BITS;
	uint32_t next;	       /* number + 1 of the next older one with this hash; 0: none */
	uint32_t older, newer; /* in the lane; `newer` also chains free slots */
};

struct rpcs_table {
	struct rpcs_key_hash key_hash;
	uint32_t key_size, value_size;
	size_t stride;
	uint32_t capacity, count;
	uint32_t fresh;	  /* slots from here on were never used */
	size_t huge_at;	  /* when this one is used, it is a large table */
	uint32_t free;	  /* used once and given back */
	uint32_t mask;	  /* of the buckets' numbers */
	uint32_t tag_one; /* the lowest bit of a tag, which all tags have: no free word does */
	uint32_t oldest[RPCS_LANE__MAX], newest[RPCS_LANE__MAX], queued[RPCS_LANE__MAX];
	struct rpcs_bucket *buckets; /* and behind them, in one mapping of `size`: */
	uint8_t *slots;
	size_t size;
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

struct rpcs_table *rpcs_table_new(uint32_t capacity, uint32_t key_size, uint32_t value_size,
				  const struct rpcs_hash_seed *seed)
{
	struct rpcs_table *table = calloc(1, sizeof(*table));
	uint32_t buckets = 1;
	int lane;

	if (!table || capacity == 0 || capacity > 1U << HASH_BITS)
		goto fail;
	while (buckets < (capacity + BUCKET_SLOTS - 1) / BUCKET_SLOTS)
		buckets *= 2;
	rpcs_key_hash_init(&table->key_hash, seed, key_size);
	table->key_size = key_size;
	table->value_size = value_size;
	table->stride = (sizeof(struct link) + value_size + 7) & ~(size_t)7;
	table->capacity = capacity;
	table->free = NONE;
	table->mask = buckets - 1;
	table->tag_one = 1;
	while (table->tag_one <= capacity)
		table->tag_one *= 2;
	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		table->oldest[lane] = table->newest[lane] = NONE;
	table->size = sizeof(*table->buckets) * buckets + table->stride * capacity;
	table->buckets = rpcs_pages_map(table->size);
	if (!table->buckets)
		goto fail;
	table->slots = (uint8_t *)(table->buckets + buckets);
	table->huge_at =
		rpcs_pages_huge_at(table->buckets, table->size, table->slots, table->stride);
	return table;
fail:
	rpcs_table_free(&table);
	return NULL;
}

void rpcs_table_free(struct rpcs_table **table)
{
	if (!*table)
		return;
	rpcs_pages_unmap((*table)->buckets, (*table)->size);
	free(*table);
	*table = NULL;
}

static uint32_t hash_of(const struct rpcs_table *table, const void *key)
{
	return (uint32_t)(rpcs_key_hash(&table->key_hash, key) >> (64 - HASH_BITS));
}

/* The hash's upper bits: the bucket is chosen by the lower ones. */
static uint32_t tag_of(const struct rpcs_table *table, uint32_t hash)
{
	return (hash << (32 - HASH_BITS) & ~(table->tag_one - 1)) | table->tag_one;
}

/* Bits of the words with this tag. */
static uint32_t tagged(const struct rpcs_table *table, const struct rpcs_bucket *bucket,
		       uint32_t tag)
{
	return rpcs_bucket_match(bucket, tag, ~(table->tag_one - 1));
}

/* The word on which slots of this hash hang, or NULL; *ret_bucket is its bucket's number. */
static uint32_t *word_find(const struct rpcs_table *table, uint32_t hash, uint32_t *ret_bucket)
{
	uint32_t tag = tag_of(table, hash), number = hash & table->mask, bits, *word;
	struct rpcs_bucket *bucket;

	for (;; number = (number + 1) & table->mask) {
		bucket = &table->buckets[number];
		for (bits = tagged(table, bucket, tag); bits; bits &= bits - 1) {
			word = &bucket->word[__builtin_ctz(bits)];
			if (link_at(table, (*word ^ tag) - 1)->hash != hash)
				continue;
			*ret_bucket = number;
			return word;
		}
		if (!bucket->passed)
			return NULL;
	}
}

/* A free word for this hash: there are always more words than slots. */
static uint32_t *word_add(struct rpcs_table *table, uint32_t hash)
{
	uint32_t number = hash & table->mask, bits;
	struct rpcs_bucket *bucket;

	for (;; number = (number + 1) & table->mask) {
		bucket = &table->buckets[number];
		bits = rpcs_bucket_match(bucket, 0, UINT32_MAX);
		if (bits)
			return &bucket->word[__builtin_ctz(bits)];
		bucket->passed++;
	}
}

static void *find_from(const struct rpcs_table *table, uint32_t next, const void *key)
{
	struct link *link;

	for (; next != 0; next = link->next) {
		link = link_at(table, next - 1);
		if (rpcs_key_equal(&table->key_hash, entry_of(link), key))
			return entry_of(link);
	}
	return NULL;
}

static void *find_hashed(const struct rpcs_table *table, const void *key, uint32_t hash)
{
	uint32_t bucket;
	const uint32_t *word = word_find(table, hash, &bucket);

	return word ? find_from(table, *word ^ tag_of(table, hash), key) : NULL;
}

void *rpcs_table_find(const struct rpcs_table *table, const void *key)
{
	return find_hashed(table, key, hash_of(table, key));
}

void *rpcs_table_find_by(const struct rpcs_table *table, const void *key, uint32_t hash)
{
	return find_hashed(table, key, hash >> (32 - HASH_BITS));
}

uint32_t rpcs_table_hash(const struct rpcs_table *table, const void *key)
{
	return hash_of(table, key) << (32 - HASH_BITS);
}

void rpcs_table_fetch_bucket(const struct rpcs_table *table, uint32_t hash)
{
	rpcs_prefetch(&table->buckets[hash >> (32 - HASH_BITS) & table->mask]);
}

void *rpcs_table_fetch_entry(const struct rpcs_table *table, uint32_t hash)
{
	const struct rpcs_bucket *bucket = &table->buckets[hash >> (32 - HASH_BITS) & table->mask];
	uint32_t tag = tag_of(table, hash >> (32 - HASH_BITS)), bits = tagged(table, bucket, tag);
	uint8_t *slot;
	uint32_t at;

	if (!bits)
		return NULL;
	slot = (uint8_t *)link_at(table, (bucket->word[__builtin_ctz(bits)] ^ tag) - 1);
	for (at = 0; at < table->stride && at < FETCHED_BYTES; at += CACHE_LINE)
		rpcs_prefetch(slot + at);
	return slot + sizeof(struct link);
}

void *rpcs_table_find_next(const struct rpcs_table *table, const void *entry)
{
	return find_from(table, link_of(entry)->next, entry);
}

static void lane_append(struct rpcs_table *table, uint32_t index, uint32_t lane)
{
	struct link *link = link_at(table, index);

	link->lane = lane & 3;
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

static uint32_t slot_take(struct rpcs_table *table)
{
	uint32_t index = table->free;

	if (index != NONE) {
		table->free = link_at(table, index)->newer;
		return index;
	}
	if (table->fresh == table->capacity)
		return NONE;
	if (table->fresh == table->huge_at)
		rpcs_pages_make_huge(table->buckets, table->size);
	return table->fresh++;
}

static void *add_hashed(struct rpcs_table *table, const void *key, uint32_t hash)
{
	uint32_t index = slot_take(table), bucket, *word;
	struct link *link;

	if (index == NONE)
		return NULL;
	link = link_at(table, index);
	memset(entry_of(link), 0, table->value_size);
	memcpy(entry_of(link), key, table->key_size);
	word = word_find(table, hash, &bucket);
	link->hash = hash & ((1U << HASH_BITS) - 1);
	link->next = word ? *word ^ tag_of(table, hash) : 0;
	if (!word)
		word = word_add(table, hash);
	*word = (index + 1) ^ tag_of(table, hash);
	lane_append(table, index, RPCS_LANE_FIRST);
	table->count++;
	return entry_of(link);
}

void *rpcs_table_add(struct rpcs_table *table, const void *key)
{
	return add_hashed(table, key, hash_of(table, key));
}

void *rpcs_table_add_by(struct rpcs_table *table, const void *key, uint32_t hash)
{
	return add_hashed(table, key, hash >> (32 - HASH_BITS));
}

/* Takes a slot off its word; the last one frees it. */
static void unhang(struct rpcs_table *table, const struct link *link, uint32_t index)
{
	uint32_t tag = tag_of(table, link->hash), number = link->hash & table->mask, bucket, next;
	uint32_t *word = word_find(table, link->hash, &bucket);

	next = *word ^ tag;
	if (next != index + 1) {
		while (link_at(table, next - 1)->next != index + 1)
			next = link_at(table, next - 1)->next;
		link_at(table, next - 1)->next = link->next;
	} else if (link->next) {
		*word = link->next ^ tag;
	} else {
		*word = 0;
		for (; number != bucket; number = (number + 1) & table->mask)
			table->buckets[number].passed--;
	}
}

/*
 * What is the oldest now goes next, as a rule: its bucket starts to come in, and the link of
 * the one behind it, which is asked for its bucket then.
 */
static void fetch_oldest(const struct rpcs_table *table, uint32_t oldest)
{
	const struct link *link;

	if (oldest == NONE)
		return;
	link = link_at(table, oldest);
	rpcs_prefetch(&table->buckets[link->hash & table->mask]);
	if (link->newer != NONE)
		rpcs_prefetch(link_at(table, link->newer));
}

void rpcs_table_remove(struct rpcs_table *table, void *entry)
{
	struct link *link = link_of(entry);
	uint32_t index = index_of(table, link);

	unhang(table, link, index);
	if (link->older == NONE)
		fetch_oldest(table, link->newer);
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

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A table's index of buckets that are a cache line each.
 *
 * A bucket's words have a slot's number and, in the bits that this leaves, a part of
 * its key's hash: what is not there costs one line, and what is there one line more.
 * A word that finds its bucket full goes to the next one with room, and each bucket
 * counts what went past it: a search ends where nothing did. Slots of one hash hang
 * on one word, newest first.
 */
#include "prefetch.h"
#include "table_private.h"

enum {
	HASH_BITS = RPCS_TABLE_HASH_BITS,
	FETCHED_BYTES = 256,
};

static uint32_t hash_of(const struct rpcs_table *table, const void *key)
{
	return (uint32_t)(rpcs_key_hash(&table->key_hash, key) >> (64 - HASH_BITS));
}

/* The hash's upper bits: the bucket is chosen by the lower ones. */
static inline uint32_t tag_of(const struct rpcs_table *table, uint32_t hash)
{
	return (hash << (32 - HASH_BITS) & table->tag_mask) | table->tag_one;
}

/* Bits of the words with this tag. */
static inline uint32_t tagged(const struct rpcs_table *table, const struct rpcs_bucket *bucket,
			      uint32_t tag)
{
	return rpcs_bucket_match(bucket, tag, table->tag_mask);
}

/* The word on which slots of this hash hang, or NULL. */
static __attribute__((cold, noinline)) uint32_t *word_find(const struct rpcs_table *table,
							   uint32_t hash)
{
	uint32_t tag = tag_of(table, hash), number = hash & table->mask, bits, *word;
	struct rpcs_bucket *bucket;

	for (;; number = (number + 1) & table->mask) {
		bucket = &table->buckets[number];
		for (bits = tagged(table, bucket, tag); bits; bits &= bits - 1) {
			word = &bucket->word[__builtin_ctz(bits)];
			if (rpcs_link_at(table, (*word ^ tag) - 1)->hash == hash)
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

void rpcs_table_hang_absent(struct rpcs_table *table, struct rpcs_link *link, uint32_t index)
{
	uint32_t hash = table->absent;

	table->absent = RPCS_TABLE_NONE;
	link->hash = hash & ((1U << HASH_BITS) - 1);
	link->next = 0;
	*word_add(table, hash) = (index + 1) ^ tag_of(table, hash);
}

void rpcs_table_hang(struct rpcs_table *table, struct rpcs_link *link, uint32_t hash,
		     uint32_t index)
{
	uint32_t tag = tag_of(table, hash), *word = word_find(table, hash);

	table->absent = hash;
	if (!word) {
		rpcs_table_hang_absent(table, link, index);
		return;
	}
	table->absent = RPCS_TABLE_NONE;
	link->hash = hash & ((1U << HASH_BITS) - 1);
	link->next = *word ^ tag;
	*word = (index + 1) ^ tag;
}

/* Takes a slot off a word on which others hang, too. */
static __attribute__((cold, noinline)) void unhang_one(struct rpcs_table *table,
						       const struct rpcs_link *link, uint32_t index)
{
	uint32_t tag = tag_of(table, link->hash), *word = word_find(table, link->hash);
	uint32_t next = *word ^ tag;

	if (next == index + 1) {
		*word = link->next ^ tag;
		return;
	}
	while (rpcs_link_at(table, next - 1)->next != index + 1)
		next = rpcs_link_at(table, next - 1)->next;
	rpcs_link_at(table, next - 1)->next = link->next;
}

void rpcs_table_unhang(struct rpcs_table *table, const struct rpcs_link *link, uint32_t index)
{
	uint32_t number = link->hash & table->mask, at = number, bits;
	uint32_t word = (index + 1) ^ tag_of(table, link->hash);
	struct rpcs_bucket *bucket;

	/* The word is known: no slot has to be looked at to find it. */
	for (;; at = (at + 1) & table->mask) {
		bucket = &table->buckets[at];
		bits = rpcs_bucket_match(bucket, word, UINT32_MAX);
		if (bits || !bucket->passed)
			break;
	}
	if (!bits || link->next) {
		unhang_one(table, link, index);
		return;
	}
	bucket->word[__builtin_ctz(bits)] = 0;
	for (; number != at; number = (number + 1) & table->mask)
		table->buckets[number].passed--;
}

/* The first one with that key of those that hang on this one, with others of its hash. */
static __attribute__((cold, noinline)) void *
find_older(const struct rpcs_table *table, const struct rpcs_link *link, const void *key)
{
	while (link->next) {
		link = rpcs_link_at(table, link->next - 1);
		if (rpcs_key_equal(rpcs_link_entry(link), key, table->key_size))
			return rpcs_link_entry(link);
	}
	return NULL;
}

/* In one piece with the search for the word. */
static __attribute__((cold, noinline)) void *search(struct rpcs_table *table, const void *key,
						    uint32_t hash)
{
	uint32_t tag = tag_of(table, hash), number = hash & table->mask, bits;
	const struct rpcs_bucket *bucket;
	const struct rpcs_link *link;

	for (;; number = (number + 1) & table->mask) {
		bucket = &table->buckets[number];
		for (bits = tagged(table, bucket, tag); bits; bits &= bits - 1) {
			link = rpcs_link_at(table, (bucket->word[__builtin_ctz(bits)] ^ tag) - 1);
			if (link->hash != hash)
				continue;
			if (rpcs_key_equal(rpcs_link_entry(link), key, table->key_size))
				return rpcs_link_entry(link);
			return find_older(table, link, key);
		}
		if (!bucket->passed)
			break;
	}
	table->absent = hash;
	return NULL;
}

/*
 * What nearly each search comes to: nothing has this tag, or the first that has it is the one.
 * Nothing is called more often, so it does without what would need registers saved: loops, and
 * calls in the middle.
 */
static __attribute__((noinline)) void *find(struct rpcs_table *table, const void *key,
					    uint32_t hash)
{
	const struct rpcs_bucket *bucket = &table->buckets[hash & table->mask];
	const uint32_t tag = tag_of(table, hash), bits = tagged(table, bucket, tag);
	const struct rpcs_link *link;

	if (!bits) {
		if (bucket->passed)
			return search(table, key, hash);
		table->absent = hash;
		return NULL;
	}
	link = rpcs_link_at(table, (bucket->word[__builtin_ctz(bits)] ^ tag) - 1);
	if (link->hash != hash || table->key_size < sizeof(uint64_t) ||
	    !rpcs_key_equal(rpcs_link_entry(link), key, table->key_size))
		return search(table, key, hash);
	return rpcs_link_entry(link);
}

void *rpcs_table_find(struct rpcs_table *table, const void *key)
{
	return find(table, key, hash_of(table, key));
}

void *rpcs_table_find_by(struct rpcs_table *table, const void *key, uint32_t hash)
{
	return find(table, key, hash >> (32 - HASH_BITS));
}

void *rpcs_table_find_next(const struct rpcs_table *table, const void *entry)
{
	const struct rpcs_link *link = rpcs_link_of(entry);

	return link->next ? find_older(table, link, entry) : NULL;
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
	struct rpcs_link *link;

	if (!bits)
		return NULL;
	link = rpcs_link_at(table, (bucket->word[__builtin_ctz(bits)] ^ tag) - 1);
	rpcs_prefetch_all(link, table->stride < FETCHED_BYTES ? table->stride : FETCHED_BYTES);
	return rpcs_link_entry(link);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keys are known by 64 bits of their seeded hash, which also name the two buckets in which one
 * may stand: all that is looked at is two cache lines, which can be fetched ahead, and nothing
 * is queued. When both buckets are full, the one noted longest ago of theirs goes, which is
 * about as old as any: so there are some more places than keys are promised.
 */
#include "recent.h"

#include <stdlib.h>

#include "../base/pages.h"

enum {
	WAYS = 8,
	CHOICES = 2,
};

/* Places for so many keys: with as many as promised hardly a pair of buckets is full. */
enum { PLACES = 3, KEYS = 2 };

struct bucket {
	uint64_t ids[WAYS]; /* 0: free */
	uint64_t times_ns[WAYS];
};

struct rpcs_recent {
	struct bucket *buckets;
	uint64_t (*values)[WAYS]; /* of buckets; not touched while all are 0 */
	bool has_values;
	uint32_t bucket_count, ways;
	uint32_t key_size;
	struct rpcs_hash_seed seed;
	uint64_t within_ns; /* asked for last: what is older is missed by nobody */
	uint64_t *evictions;
	struct rpcs_recent_note found;
};

struct rpcs_recent *rpcs_recent_new(uint64_t capacity, uint32_t key_size,
				    const struct rpcs_hash_seed *seed, uint64_t *evictions)
{
	struct rpcs_recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return NULL;
	recent->bucket_count = 1;
	if (capacity > UINT32_MAX)
		capacity = UINT32_MAX;
	if (capacity > WAYS)
		recent->bucket_count = (uint32_t)((capacity * PLACES / KEYS + WAYS - 1) / WAYS);
	recent->ways = capacity > WAYS ? WAYS : (uint32_t)capacity;
	recent->key_size = key_size;
	recent->seed = *seed;
	recent->evictions = evictions;
	recent->buckets = rpcs_pages_map(recent->bucket_count * sizeof(*recent->buckets));
	recent->values = rpcs_pages_map(recent->bucket_count * sizeof(*recent->values));
	if (!recent->buckets || !recent->values)
		rpcs_recent_free(&recent);
	return recent;
}

void rpcs_recent_free(struct rpcs_recent **recent)
{
	struct rpcs_recent *r = *recent;

	if (!r)
		return;
	rpcs_pages_unmap(r->buckets, r->bucket_count * sizeof(*r->buckets));
	rpcs_pages_unmap(r->values, r->bucket_count * sizeof(*r->values));
	free(r);
	*recent = NULL;
}

uint64_t rpcs_recent_id(const struct rpcs_recent *recent, const void *key)
{
	return rpcs_hash(&recent->seed, key, recent->key_size);
}

/* Where a key stands, or would. */
struct place {
	uint32_t bucket, way;
};

static uint32_t choice(const struct rpcs_recent *recent, uint64_t id, int number)
{
	uint64_t bits = number ? id >> 32 : (uint32_t)id;

	return (uint32_t)(bits * recent->bucket_count >> 32);
}

static bool place_find(const struct rpcs_recent *recent, uint64_t id, struct place *ret_place)
{
	const struct bucket *bucket;
	uint32_t number, way;
	int i;

	for (i = 0; i < CHOICES; i++) {
		number = choice(recent, id, i);
		bucket = &recent->buckets[number];
		for (way = 0; way < WAYS; way++) {
			if (bucket->ids[way] != id)
				continue;
			*ret_place = (struct place){ number, way };
			return true;
		}
	}
	return false;
}

/* Packets may come a little out of order, and captures may be merged: age is never negative. */
static bool is_within(uint64_t then_ns, uint64_t now_ns, uint64_t within_ns)
{
	return now_ns < then_ns || now_ns - then_ns < within_ns;
}

/* A free place, in the bucket that has more of them; else the one of the oldest. */
static struct place place_make(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns)
{
	struct place oldest = { choice(recent, id, 0), 0 }, free = oldest;
	uint32_t number, way, room, most = 0;
	const struct bucket *bucket;
	uint64_t oldest_ns = UINT64_MAX;
	int i;

	for (i = 0; i < CHOICES; i++) {
		number = choice(recent, id, i);
		bucket = &recent->buckets[number];
		for (way = 0; way < recent->ways && bucket->ids[way]; way++) {
			if (bucket->times_ns[way] < oldest_ns) {
				oldest_ns = bucket->times_ns[way];
				oldest = (struct place){ number, way };
			}
		}
		/* Places are taken in order, and none is given back. */
		room = recent->ways - way;
		if (room > most) {
			most = room;
			free = (struct place){ number, way };
		}
	}
	if (most)
		return free;
	if (is_within(oldest_ns, now_ns, recent->within_ns))
		(*recent->evictions)++;
	return oldest;
}

/* 0 stands for a free place. */
static uint64_t id_of(uint64_t id)
{
	return id ? id : 1;
}

const struct rpcs_recent_note *rpcs_recent_find_by(struct rpcs_recent *recent, uint64_t id,
						   uint64_t now_ns, uint64_t within_ns)
{
	struct place place;

	recent->within_ns = within_ns;
	if (!place_find(recent, id_of(id), &place))
		return NULL;
	recent->found.time_ns = recent->buckets[place.bucket].times_ns[place.way];
	recent->found.value = recent->has_values ? recent->values[place.bucket][place.way] : 0;
	return is_within(recent->found.time_ns, now_ns, within_ns) ? &recent->found : NULL;
}

void rpcs_recent_note_by(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns, uint64_t value)
{
	struct place place;

	id = id_of(id);
	if (!place_find(recent, id, &place))
		place = place_make(recent, id, now_ns);
	recent->buckets[place.bucket].ids[place.way] = id;
	recent->buckets[place.bucket].times_ns[place.way] = now_ns;
	recent->has_values |= value != 0;
	if (recent->has_values)
		recent->values[place.bucket][place.way] = value;
}

void rpcs_recent_fetch(const struct rpcs_recent *recent, uint64_t id)
{
	const struct bucket *bucket;
	int i;

	for (i = 0; i < CHOICES; i++) {
		bucket = &recent->buckets[choice(recent, id_of(id), i)];
		__builtin_prefetch(bucket->ids);
		__builtin_prefetch(bucket->times_ns);
	}
}

const struct rpcs_recent_note *rpcs_recent_find(struct rpcs_recent *recent, const void *key,
						uint64_t now_ns, uint64_t within_ns)
{
	return rpcs_recent_find_by(recent, rpcs_recent_id(recent, key), now_ns, within_ns);
}

void rpcs_recent_note(struct rpcs_recent *recent, const void *key, uint64_t now_ns, uint64_t value)
{
	rpcs_recent_note_by(recent, rpcs_recent_id(recent, key), now_ns, value);
}

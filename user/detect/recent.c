// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keys are known by 64 bits of their seeded hash, which also name the two buckets in which one
 * may stand: all that is looked at is two cache lines, which can be fetched ahead, and nothing
 * is queued. When both are full, one that stands there moves to its other bucket; when none
 * can, or as many are kept as were promised, the one noted longest ago goes, which is about as old
 * as any: so there are some more places than that.
 */
#include "recent.h"

#include <stdlib.h>

#include "../base/pages.h"
#include "../base/prefetch.h"

enum {
	WAYS = 4,
	CHOICES = 2,
};

/* Places for so many keys: with as many as promised there is hardly one that finds no room. */
enum { PLACES = 3, KEYS = 2 };

/* A cache line. */
struct bucket {
	uint64_t ids[WAYS]; /* 0: free */
	uint64_t times_ns[WAYS];
};

struct rpcs_recent {
	struct bucket *buckets;
	uint64_t (*values)[WAYS]; /* of buckets; not touched while all are 0 */
	bool has_values;
	uint32_t bucket_count, ways;
	uint32_t promised, kept;
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
	recent->promised = (uint32_t)capacity;
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
#pragma GCC unroll 4
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

/* How many places are free: they are taken in order, and none is given back. */
static uint32_t room_of(const struct rpcs_recent *recent, uint32_t number)
{
	const struct bucket *bucket = &recent->buckets[number];
	uint32_t room = 0;

	while (room < recent->ways && !bucket->ids[recent->ways - 1 - room])
		room++;
	return room;
}

static void move(struct rpcs_recent *recent, struct place from, struct place to)
{
	const struct bucket *was = &recent->buckets[from.bucket];
	struct bucket *is = &recent->buckets[to.bucket];

	is->ids[to.way] = was->ids[from.way];
	is->times_ns[to.way] = was->times_ns[from.way];
	if (recent->has_values)
		recent->values[to.bucket][to.way] = recent->values[from.bucket][from.way];
}

/* Moves one of a full bucket to its other one. False: each of those is full, too. */
static bool place_clear(struct rpcs_recent *recent, uint32_t number, struct place *ret_place)
{
	uint32_t way, other, room;
	uint64_t id;

	for (way = 0; way < recent->ways; way++) {
		id = recent->buckets[number].ids[way];
		other = choice(recent, id, choice(recent, id, 0) == number);
		room = room_of(recent, other);
		if (!room)
			continue;
		*ret_place = (struct place){ number, way };
		move(recent, *ret_place, (struct place){ other, recent->ways - room });
		return true;
	}
	return false;
}

/* The place of the one noted longest ago. */
static struct place place_oldest(const struct rpcs_recent *recent, const uint32_t numbers[CHOICES])
{
	struct place oldest = { numbers[0], 0 };
	uint64_t oldest_ns = UINT64_MAX;
	const struct bucket *bucket;
	uint32_t way;
	int i;

	for (i = 0; i < CHOICES; i++) {
		bucket = &recent->buckets[numbers[i]];
		for (way = 0; way < recent->ways; way++) {
			if (bucket->times_ns[way] >= oldest_ns)
				continue;
			oldest_ns = bucket->times_ns[way];
			oldest = (struct place){ numbers[i], way };
		}
	}
	return oldest;
}

/* A place for a new one, in the bucket that has more room. */
static struct place place_make(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns)
{
	const uint32_t numbers[CHOICES] = { choice(recent, id, 0), choice(recent, id, 1) };
	uint32_t room = room_of(recent, numbers[0]), other = room_of(recent, numbers[1]);
	struct place place;

	if (room || other) {
		recent->kept++;
		return room >= other ? (struct place){ numbers[0], recent->ways - room }
				     : (struct place){ numbers[1], recent->ways - other };
	}
	if (recent->kept < recent->promised &&
	    (place_clear(recent, numbers[0], &place) || place_clear(recent, numbers[1], &place))) {
		recent->kept++;
		return place;
	}
	place = place_oldest(recent, numbers);
	if (is_within(recent->buckets[place.bucket].times_ns[place.way], now_ns, recent->within_ns))
		(*recent->evictions)++;
	return place;
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
	int i;

	for (i = 0; i < CHOICES; i++)
		rpcs_prefetch(&recent->buckets[choice(recent, id_of(id), i)]);
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

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
};

/* Places for so many keys: with as many as promised there is hardly one that finds no room. */
enum { PLACES = 3, KEYS = 2 };

/* A cache line. */
struct rpcs_recent_bucket {
	uint64_t ids[WAYS]; /* 0: free */
	uint64_t times_ns[WAYS];
};

struct rpcs_recent {
	struct rpcs_recent_bucket *buckets;
	uint64_t (*values)[WAYS]; /* of buckets; not touched while all are 0 */
	bool has_values;
	uint32_t bucket_count, ways;
	uint32_t promised, kept;
	size_t fill_at; /* of `kept`: then the buckets are filled */
	uint32_t key_size;
	struct rpcs_hash_seed seed;
	uint64_t within_ns; /* asked for last: what is older is missed by nobody */
	uint64_t *evictions;
	struct rpcs_recent_note found;
};

static size_t buckets_size(const struct rpcs_recent *recent)
{
	return recent->bucket_count * sizeof(*recent->buckets);
}

static size_t values_size(const struct rpcs_recent *recent)
{
	return recent->bucket_count * sizeof(*recent->values);
}

struct rpcs_recent *rpcs_recent_new(uint64_t capacity, uint32_t key_size,
				    const struct rpcs_hash_seed *seed, uint64_t *evictions)
{
	struct rpcs_recent *recent = calloc(1, sizeof(*recent));
	uint32_t way;

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
	recent->buckets = rpcs_pages_map(buckets_size(recent));
	recent->values = rpcs_pages_map(values_size(recent));
	recent->fill_at = rpcs_pages_fill_at(buckets_size(recent));
	if (!recent->buckets || !recent->values) {
		rpcs_recent_free(&recent);
		return NULL;
	}
	for (way = recent->ways; way < WAYS; way++)
		recent->buckets[0].times_ns[way] = UINT64_MAX;
	return recent;
}

void rpcs_recent_free(struct rpcs_recent **recent)
{
	struct rpcs_recent *r = *recent;

	if (!r)
		return;
	rpcs_pages_unmap(r->buckets, buckets_size(r));
	rpcs_pages_unmap(r->values, values_size(r));
	free(r);
	*recent = NULL;
}

uint64_t rpcs_recent_id(const struct rpcs_recent *recent, const void *key)
{
	return rpcs_hash(&recent->seed, key, recent->key_size);
}

/* Where a key stands, or would. */
struct place {
	struct rpcs_recent_bucket *bucket;
	uint64_t way;
};

static inline struct rpcs_recent_choices choices_of(const struct rpcs_recent *recent, uint64_t id)
{
	const uint64_t count = recent->bucket_count;

	return (struct rpcs_recent_choices){ {
		&recent->buckets[(uint32_t)id * count >> 32],
		&recent->buckets[(id >> 32) * count >> 32],
	} };
}

static inline bool place_find(const struct rpcs_recent_choices *choices, uint64_t id,
			      struct place *ret_place)
{
	struct rpcs_recent_bucket *bucket;
	uint32_t way;
	int i;

	for (i = 0; i < RPCS_RECENT_CHOICES; i++) {
		bucket = choices->buckets[i];
#pragma GCC unroll 4
		for (way = 0; way < WAYS; way++) {
			if (bucket->ids[way] != id)
				continue;
			*ret_place = (struct place){ bucket, way };
			return true;
		}
	}
	return false;
}

static uint64_t *value_of(const struct rpcs_recent *recent, const struct place *place)
{
	return &recent->values[place->bucket - recent->buckets][place->way];
}

/* Packets may come a little out of order, and captures may be merged: age is never negative. */
static bool is_within(uint64_t then_ns, uint64_t now_ns, uint64_t within_ns)
{
	return now_ns < then_ns || now_ns - then_ns < within_ns;
}

/* How many places are free: they are taken in order, and none is given back. */
static inline uint32_t room_of(const struct rpcs_recent *recent,
			       const struct rpcs_recent_bucket *bucket)
{
	uint32_t way, free = 0;

#pragma GCC unroll 4
	for (way = 0; way < WAYS; way++)
		free += !bucket->ids[way];
	return free - (WAYS - recent->ways);
}

static void move(struct rpcs_recent *recent, const struct place *from, const struct place *to)
{
	to->bucket->ids[to->way] = from->bucket->ids[from->way];
	to->bucket->times_ns[to->way] = from->bucket->times_ns[from->way];
	if (recent->has_values)
		*value_of(recent, to) = *value_of(recent, from);
}

/* Moves one of a full bucket to its other one. False: each of those is full, too. */
static bool place_clear(struct rpcs_recent *recent, struct rpcs_recent_bucket *bucket,
			struct place *ret_place)
{
	struct rpcs_recent_choices choices;
	struct place to;
	uint32_t way, room;

	for (way = 0; way < recent->ways; way++) {
		choices = choices_of(recent, bucket->ids[way]);
		to.bucket = choices.buckets[choices.buckets[0] == bucket];
		room = room_of(recent, to.bucket);
		if (!room)
			continue;
		to.way = recent->ways - room;
		*ret_place = (struct place){ bucket, way };
		move(recent, ret_place, &to);
		return true;
	}
	return false;
}

/*
 * The place of the one noted longest ago: the first of them. Which it is nobody could guess, so
 * there are no branches; places that a small one does not have are never the oldest.
 */
static struct place place_oldest(const struct rpcs_recent_choices *choices)
{
	uint64_t oldest_ns = UINT64_MAX;
	uint32_t oldest = 0, at;

#pragma GCC unroll 8
	for (at = 0; at < RPCS_RECENT_CHOICES * WAYS; at++) {
		uint64_t time_ns = choices->buckets[at / WAYS]->times_ns[at % WAYS];
		bool is_older = time_ns < oldest_ns;

		oldest_ns = is_older ? time_ns : oldest_ns;
		oldest = is_older ? at : oldest;
	}
	return (struct place){ choices->buckets[oldest / WAYS], oldest % WAYS };
}

static bool is_full(const struct rpcs_recent *recent, const struct rpcs_recent_bucket *bucket)
{
	return bucket->ids[recent->ways - 1];
}

/* One more than before: soon all of the buckets are in use. */
static void keep_one(struct rpcs_recent *recent)
{
	if (++recent->kept != recent->fill_at)
		return;
	rpcs_pages_fill(recent->buckets, buckets_size(recent));
	if (recent->has_values)
		rpcs_pages_fill(recent->values, values_size(recent));
}

/* A place for a new one, in the bucket that has more room. */
static struct place place_make(struct rpcs_recent *recent,
			       const struct rpcs_recent_choices *choices, uint64_t now_ns)
{
	struct rpcs_recent_bucket *const *both = choices->buckets;
	struct place place;
	uint32_t room, other;

	if (!is_full(recent, both[0]) || !is_full(recent, both[1])) {
		room = room_of(recent, both[0]);
		other = room_of(recent, both[1]);
		keep_one(recent);
		return room >= other ? (struct place){ both[0], recent->ways - room }
				     : (struct place){ both[1], recent->ways - other };
	}
	if (recent->kept < recent->promised &&
	    (place_clear(recent, both[0], &place) || place_clear(recent, both[1], &place))) {
		keep_one(recent);
		return place;
	}
	place = place_oldest(choices);
	if (is_within(place.bucket->times_ns[place.way], now_ns, recent->within_ns))
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
	const struct rpcs_recent_choices choices = choices_of(recent, id_of(id));
	struct place place;

	recent->within_ns = within_ns;
	if (!place_find(&choices, id_of(id), &place))
		return NULL;
	recent->found.time_ns = place.bucket->times_ns[place.way];
	recent->found.value = recent->has_values ? *value_of(recent, &place) : 0;
	return is_within(recent->found.time_ns, now_ns, within_ns) ? &recent->found : NULL;
}

static inline void note(struct rpcs_recent *recent, const struct rpcs_recent_choices *choices,
			const struct place *known, uint64_t id, uint64_t now_ns, uint64_t value)
{
	struct place place = known ? *known : place_make(recent, choices, now_ns);

	place.bucket->ids[place.way] = id;
	place.bucket->times_ns[place.way] = now_ns;
	recent->has_values |= value != 0;
	if (recent->has_values)
		*value_of(recent, &place) = value;
}

void rpcs_recent_note_by(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns, uint64_t value)
{
	const struct rpcs_recent_choices choices = choices_of(recent, id_of(id));
	struct place place;
	bool known = place_find(&choices, id_of(id), &place);

	note(recent, &choices, known ? &place : NULL, id_of(id), now_ns, value);
}

bool rpcs_recent_seen_at(struct rpcs_recent *recent, const struct rpcs_recent_choices *choices,
			 uint64_t id, uint64_t now_ns, uint64_t within_ns)
{
	struct place place;
	bool known = place_find(choices, id_of(id), &place);

	recent->within_ns = within_ns;
	if (known && is_within(place.bucket->times_ns[place.way], now_ns, within_ns))
		return true;
	note(recent, choices, known ? &place : NULL, id_of(id), now_ns, 0);
	return false;
}

bool rpcs_recent_seen_by(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns,
			 uint64_t within_ns)
{
	const struct rpcs_recent_choices choices = choices_of(recent, id_of(id));

	return rpcs_recent_seen_at(recent, &choices, id, now_ns, within_ns);
}

struct rpcs_recent_choices rpcs_recent_fetch(const struct rpcs_recent *recent, uint64_t id)
{
	const struct rpcs_recent_choices choices = choices_of(recent, id_of(id));

	rpcs_prefetch(choices.buckets[0]);
	rpcs_prefetch(choices.buckets[1]);
	return choices;
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

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is counted: a bounded table of keys under what distinct.c and rate.c count. A
 * full table lets go first what nobody misses, then keys that were seen once: a flood of
 * forged sources must not push out one that comes slowly. So keys have ranks (lanes of
 * the table), each of which may keep a third of the room against the others; and of
 * those seen once that had to go a few bits are kept: whoever comes again ranks higher.
 * Within a rank the one goes that came longest ago, about: the order is not kept up each
 * time, which would cost the neighbours' cache lines.
 */
#ifndef RPCSENTRY_DETECT_TALLY_H
#define RPCSENTRY_DETECT_TALLY_H

#include "../base/foresight.h"
#include "../base/hash.h"
#include "../base/table.h"

/**
 * By what something is counted, as 64 bits of the seeded hash of it (ids.h): nobody can choose
 * two that are equal, and by chance that takes some thousand million keys.
 */
struct rpcs_tally_head {
	uint64_t id;
	uint64_t last_ns; /* of what was counted last */
	uint64_t told_ns;
	bool told;    /* an alert was raised, at told_ns */
	bool touched; /* since it was queued: it goes once round before it goes */
	uint32_t own; /* of what counts: it would be padding */
};

/** Ranks, in the order in which they go. */
#define RPCS_TALLY_ONCE RPCS_LANE_FIRST
#define RPCS_TALLY_AGAIN RPCS_LANE_SECOND
#define RPCS_TALLY_NEAR RPCS_LANE_THIRD /* half of what makes an alert, or told */

struct rpcs_tally;

/** More keys than these are none. */
enum { RPCS_TALLY_KEYS_MAX = 1 << 30 };

struct rpcs_tally_options {
	uint64_t keys;			       /* how many at most: limits.sources */
	uint32_t entry_size;		       /* with its head */
	uint64_t memory_ns;		       /* how long what was counted matters */
	uint64_t repeat_ns;		       /* how long an alert is not raised again */
	void (*leave)(void *arg, void *entry); /* before an entry goes; may be NULL */
	void *arg;
	const struct rpcs_hash_seed *seed;
	uint64_t *evictions; /* the caller's: counts entries that went while they mattered */
};

/** NULL: out of memory. */
struct rpcs_tally *rpcs_tally_new(const struct rpcs_tally_options *options);
void rpcs_tally_free(struct rpcs_tally **tally);

/** The entry of `id`, or NULL. */
void *rpcs_tally_find(const struct rpcs_tally *tally, uint64_t id);

/** One of an id that has none, zeroed behind its head. */
void *rpcs_tally_add(struct rpcs_tally *tally, uint64_t id, uint64_t now_ns);

uint32_t rpcs_tally_count(const struct rpcs_tally *tally);

/**
 * The id's entry where it probably is: where one of this table was found before, or
 * rpcs_tally_fetch_entry() says; NULL: nobody knows.
 */
static inline void *rpcs_tally_find_at(const struct rpcs_tally *tally, void *place, uint64_t id)
{
	const struct rpcs_tally_head *head = place;

	/* One that has gone has no id. */
	return head && id && head->id == id ? place : rpcs_tally_find(tally, id);
}

/** The same, made if it is new. */
static inline void *rpcs_tally_get_at(struct rpcs_tally *tally, void *place, uint64_t id,
				      uint64_t now_ns)
{
	void *entry = rpcs_tally_find_at(tally, place, id);

	return entry ? entry : rpcs_tally_add(tally, id, now_ns);
}

static inline void *rpcs_tally_get(struct rpcs_tally *tally, uint64_t id, uint64_t now_ns)
{
	return rpcs_tally_get_at(tally, NULL, id, now_ns);
}

/**
 * What they will touch, some messages ahead. For the message in hand: first where the entry
 * would be found, once that is there the entry, whose probable place is returned.
 */
uint32_t rpcs_tally_foresee(const struct rpcs_tally *tally, uint64_t id,
			    struct rpcs_foresight *lookups);
void rpcs_tally_fetch_bucket(const struct rpcs_tally *tally, uint64_t id);
void *rpcs_tally_fetch_entry(const struct rpcs_tally *tally, uint64_t id);

/** As rpcs_tally_touch(), of an entry that does not rank lowest any more. */
void rpcs_tally_move(struct rpcs_tally *tally, void *entry, enum rpcs_table_lane rank,
		     uint64_t now_ns);

/** Lets one entry above the lowest rank go, but not `keep`. False: there is none. */
bool rpcs_tally_evict(struct rpcs_tally *tally, const void *keep, uint64_t now_ns);

/** Was an alert of it raised less than `within_ns` ago? */
bool rpcs_tally_told(const void *entry, uint64_t now_ns, uint64_t within_ns);

/** Packets may come a little out of order, and captures may be merged: age is never negative. */
static inline uint64_t rpcs_age(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

/** Something was counted: the entry ranks at least so, and about last among its like. */
static inline void rpcs_tally_touch(struct rpcs_tally *tally, void *entry,
				    enum rpcs_table_lane rank, uint64_t now_ns)
{
	struct rpcs_tally_head *head = entry;

	if (rank != RPCS_TALLY_ONCE || rpcs_table_lane_of(entry) != RPCS_TALLY_ONCE) {
		rpcs_tally_move(tally, entry, rank, now_ns);
	} else if (now_ns > head->last_ns) {
		head->touched = true;
		head->last_ns = now_ns;
	}
}

#endif

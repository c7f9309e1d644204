/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much of something came by a key in a time: events or bytes, in series that one entry
 * counts side by side. A window is RPCS_RATE_SLOTS slots, the first of which begins with
 * the first event after a pause as long as the window; what lies in a slot leaves with it.
 * So a sum is never more than what came within the window, and after a pause it is exact;
 * later it may leave out what is as old as the window less one slot. Most keys do not last
 * for more than a slot: the sums are all that is kept of those.
 */
#ifndef RPCSENTRY_DETECT_RATE_H
#define RPCSENTRY_DETECT_RATE_H

#include "tally.h"

enum { RPCS_RATE_SLOTS = 8 };

struct rpcs_rate_entry {
	struct rpcs_tally_head head; /* own: where its slots are, from 1 on; 0: one is in use */
	uint64_t start_ns;	     /* of slot number 0 */
	uint64_t slot;		     /* the number of the one in hand */
	uint64_t note[2];	     /* the family's own */
	uint64_t sums[];	     /* of each series */
};

/** Its members are for this header and rate.c. */
struct rpcs_rate {
	struct rpcs_tally *tally;
	uint64_t slot_ns, repeat_ns;
	uint32_t series;
	/* One for each key at the most. Full slots stay full; a free chunk begins with the next. */
	uint32_t *chunks;
	size_t chunks_size;
	size_t huge_at;	      /* with so many taken, they are large */
	uint32_t fresh, free; /* from `fresh` on they were never used; 0: none is free */
};

/** For `series` side by side; keys, repeat and the rest as in tally.h. NULL: out of memory. */
struct rpcs_rate *rpcs_rate_new(uint64_t window_ns, uint32_t series, uint64_t keys,
				uint64_t repeat_ns, const struct rpcs_hash_seed *seed,
				uint64_t *evictions);
void rpcs_rate_free(struct rpcs_rate **rate);

/** One of an id that has none, at `now_ns`. */
struct rpcs_rate_entry *rpcs_rate_make(struct rpcs_rate *rate, uint64_t id, uint64_t now_ns);

/** To the slot of `now_ns`, once the one in hand is over. */
void rpcs_rate_advance(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns);

/**
 * The id's entry, probably at that place (as in tally.h), made if it is new, at `now_ns`. Valid
 * until the next one is made. Time of the past (packets out of order) counts as that of the slot
 * in hand.
 */
static inline struct rpcs_rate_entry *rpcs_rate_get_at(struct rpcs_rate *rate,
						       struct rpcs_rate_entry *place, uint64_t id,
						       uint64_t now_ns)
{
	struct rpcs_rate_entry *entry = rpcs_tally_find_at(rate->tally, place, id);

	if (!entry)
		return rpcs_rate_make(rate, id, now_ns);
	/* Without a division. */
	if (rpcs_age(now_ns, entry->start_ns) >= (entry->slot + 1) * rate->slot_ns)
		rpcs_rate_advance(rate, entry, now_ns);
	rpcs_tally_touch(rate->tally, entry, RPCS_TALLY_ONCE, now_ns);
	return entry;
}

/** The same, wherever it is. */
struct rpcs_rate_entry *rpcs_rate_get(struct rpcs_rate *rate, uint64_t id, uint64_t now_ns);

/** The id's entry, or NULL; it stays as it was. */
struct rpcs_rate_entry *rpcs_rate_find(struct rpcs_rate *rate, uint64_t id);
struct rpcs_rate_entry *rpcs_rate_find_at(struct rpcs_rate *rate, struct rpcs_rate_entry *place,
					  uint64_t id);

/** Ahead of the two, as in tally.h. */
uint32_t rpcs_rate_foresee(const struct rpcs_rate *rate, uint64_t id,
			   struct rpcs_foresight *lookups);
void rpcs_rate_fetch_bucket(const struct rpcs_rate *rate, uint64_t id);
/* `place`: of an entry that is there, or was; or NULL. */
void rpcs_rate_fetch_slots(const struct rpcs_rate *rate, const struct rpcs_rate_entry *place);
struct rpcs_rate_entry *rpcs_rate_fetch_entry(const struct rpcs_rate *rate, uint64_t id);

/** How many entries there are. */
uint32_t rpcs_rate_count(const struct rpcs_rate *rate);

/** The same as rpcs_rate_add(), where the entry has slots or the slot gets full. */
void rpcs_rate_add_to_slot(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
			   uint64_t amount);

/** Adds to the slot in hand. */
static inline void rpcs_rate_add(struct rpcs_rate *rate, struct rpcs_rate_entry *entry,
				 uint32_t series, uint64_t amount)
{
	if (!entry->head.own && amount <= UINT32_MAX - entry->sums[series])
		entry->sums[series] += amount;
	else
		rpcs_rate_add_to_slot(rate, entry, series, amount);
}

/** Takes back what was added at `then_ns`, if that is not out of the window. */
void rpcs_rate_take(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
		    uint64_t amount, uint64_t then_ns);

/** The sum of a series in the window. */
static inline uint64_t rpcs_rate_sum(const struct rpcs_rate_entry *entry, uint32_t series)
{
	return entry->sums[series];
}

/** The entry is worth keeping: it goes after those that are not. */
void rpcs_rate_raise(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns);

/** May an alert be raised? Remembers that it was. */
bool rpcs_rate_tell(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns);

#endif

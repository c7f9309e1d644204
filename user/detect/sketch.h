/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many different ones there were, and which came most often, in memory that never grows. */
#ifndef RPCSENTRY_DETECT_SKETCH_H
#define RPCSENTRY_DETECT_SKETCH_H

#include "../base/address.h"

enum { RPCS_VARIETY_MAX = 1024, RPCS_HEAVY_MAX = 64 };

/**
 * The smallest hashes of a set: how close together they lie tells how many there are. Exact
 * for up to RPCS_VARIETY_MAX, beyond that wrong by 3 % as a rule.
 */
struct rpcs_variety {
	uint32_t kept;
	bool is_estimate;		     /* there were more than are kept */
	uint64_t smallest[RPCS_VARIETY_MAX]; /* ascending */
};

/** Makes it empty, without touching what it has room for. */
static inline void rpcs_variety_clear(struct rpcs_variety *variety)
{
	variety->kept = 0;
	variety->is_estimate = false;
}

/** Adds what has this hash, which must be a good one; true when the count may have changed. */
bool rpcs_variety_add(struct rpcs_variety *variety, uint64_t hash);

uint32_t rpcs_variety_count(const struct rpcs_variety *variety);

/**
 * Counts of the most frequent prefixes, IPv4 /24 and IPv6 /64 (Metwally's Space-Saving): one
 * that has more than a 64th of all is surely among them.
 */
struct rpcs_heavy {
	uint32_t kept;
	uint32_t floor; /* no count is smaller */
	uint32_t at;	/* where one of the smallest was found last */
	uint32_t hashes[RPCS_HEAVY_MAX];
	uint32_t counts[RPCS_HEAVY_MAX]; /* at the most */
	uint32_t errors[RPCS_HEAVY_MAX]; /* by so much too high at the most */
	struct rpcs_address bases[RPCS_HEAVY_MAX];
};

/** Makes it empty, without touching what it has room for. */
static inline void rpcs_heavy_clear(struct rpcs_heavy *heavy)
{
	heavy->kept = 0;
	heavy->floor = 0;
	heavy->at = 0;
}

/** The /24 or /64 of an address. */
struct rpcs_prefix rpcs_heavy_prefix(const struct rpcs_address *address);

/** Counts the prefix `base`, which has this hash. */
void rpcs_heavy_add(struct rpcs_heavy *heavy, const struct rpcs_address *base, uint32_t hash);

struct rpcs_heavy_hit {
	struct rpcs_prefix prefix;
	uint32_t count; /* that it surely has */
	bool is_least;	/* it may have more */
};

/** Up to `max` of them, the largest first; how many. */
uint32_t rpcs_heavy_top(const struct rpcs_heavy *heavy, struct rpcs_heavy_hit *ret_hits,
			uint32_t max);

#endif

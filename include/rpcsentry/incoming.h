/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The interfaces whose incoming packets the programs see: what was forwarded from one of them
 * has been counted when it leaves. Each stands in the set that its number leads to, or in the
 * next one that has room.
 */
#ifndef RPCSENTRY_INCOMING_H
#define RPCSENTRY_INCOMING_H

#include "portable.h"

enum {
	/* So many find a place whatever their numbers. */
	RPCS_INCOMING_MAX = 256,
	/* Room for a former run's as well, which stay until a new one settles. */
	RPCS_INCOMING_SETS = 256,
	RPCS_INCOMING_OF_SET = 7,
	RPCS_INCOMING_REACH = RPCS_INCOMING_MAX / RPCS_INCOMING_OF_SET,
};

/** Sets, not single places: a loop over those would be thousands of instructions to verify. */
struct rpcs_incoming_set {
	__u32 ifindex[RPCS_INCOMING_OF_SET]; /* 0: nobody's */
	__u32 reach; /* how many sets on the last of those stands whose numbers lead here */
};

/** The value of the map `interfaces`; who attaches and detaches changes it (user/source). */
struct rpcs_incoming {
	struct rpcs_incoming_set sets[RPCS_INCOMING_SETS];
};

/** The set `on` sets behind the one that a number leads to. */
#define RPCS_INCOMING_AT(incoming, ifindex, on) \
	(&(incoming)->sets[((ifindex) + (on)) % RPCS_INCOMING_SETS])

/** The set that an interface stands in, NULL: in none. */
RPCS_INLINE const struct rpcs_incoming_set *rpcs_incoming_find(const struct rpcs_incoming *incoming,
							       __u32 ifindex)
{
	__u32 reach = RPCS_INCOMING_AT(incoming, ifindex, 0)->reach, on, i;
	const struct rpcs_incoming_set *set;

	for (on = 0; ifindex && on <= RPCS_INCOMING_REACH && on <= reach; on++) {
		set = RPCS_INCOMING_AT(incoming, ifindex, on);
		RPCS_UNROLL
		for (i = 0; i < RPCS_INCOMING_OF_SET; i++)
			if (set->ifindex[i] == ifindex)
				return set;
	}
	return NULL;
}

/** Does it stand where most do? A no may be wrong. */
RPCS_INLINE bool rpcs_incoming_is_first(const struct rpcs_incoming *incoming, __u32 ifindex)
{
	return ifindex && RPCS_INCOMING_AT(incoming, ifindex, 0)->ifindex[0] == ifindex;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a result to its counter. */
#ifndef RPCSENTRY_INSPECT_COUNT_H
#define RPCSENTRY_INSPECT_COUNT_H

#include "counters.h"

#define RPCS_COUNTER_OF(name) (__builtin_offsetof(struct rpcs_counters, name) / sizeof(__u64))

_Static_assert(RPCS_COUNTER_OF(packet_tunnel_deep) - RPCS_COUNTER_OF(packet_link_short) ==
		       RPCS_PACKET_tunnel_deep - RPCS_PACKET_link_short,
	       "counters of results lie in their order");
_Static_assert(RPCS_COUNTER_OF(fallback_stream) - RPCS_COUNTER_OF(fallback_fragment) ==
		       RPCS_FALLBACK_stream - RPCS_FALLBACK_fragment,
	       "counters of reasons lie in their order");

/**
 * Adds one to the counter that lies `index` behind `first`, of `count` there are in a row: a
 * case for each would be a way through the program for the verifier.
 */
RPCS_INLINE void rpcs_inspect_count_at(__u64 *first, __u32 index, __u32 count)
{
	RPCS_OPAQUE(index);
	if (index < count)
		first[index] += 1;
}

/** Adds one to the counter of a packet result that has one. */
RPCS_INLINE void rpcs_inspect_count_packet(struct rpcs_counters *c, enum rpcs_packet_result result)
{
	__u64 *first = (__u64 *)c + RPCS_COUNTER_OF(packet_link_short);

	rpcs_inspect_count_at(first, (__u32)result - RPCS_PACKET_link_short,
			      RPCS_PACKET__MAX - RPCS_PACKET_link_short);
}

/** Adds one to the counter of a fallback reason. */
RPCS_INLINE void rpcs_inspect_count_fallback(struct rpcs_counters *c, enum rpcs_fallback reason)
{
	__u64 *first = (__u64 *)c + RPCS_COUNTER_OF(fallback_fragment);

	rpcs_inspect_count_at(first, (__u32)reason - RPCS_FALLBACK_fragment,
			      RPCS_FALLBACK__MAX - RPCS_FALLBACK_fragment);
}

#undef RPCS_COUNTER_OF

#endif

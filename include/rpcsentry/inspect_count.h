/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a result to its counter. */
#ifndef RPCSENTRY_INSPECT_COUNT_H
#define RPCSENTRY_INSPECT_COUNT_H

#include "counters.h"

/** Adds one to the counter of a packet result that has one. */
RPCS_INLINE void rpcs_inspect_count_packet(struct rpcs_counters *c, enum rpcs_packet_result result)
{
	switch (result) {
#define X(name, help)                  \
	case RPCS_PACKET_##name:       \
		c->packet_##name += 1; \
		break;
		RPCS_PACKET_RESULTS(X)
#undef X
	default:
		break;
	}
}

/** Adds one to the counter of a fallback reason. */
RPCS_INLINE void rpcs_inspect_count_fallback(struct rpcs_counters *c, enum rpcs_fallback reason)
{
	switch (reason) {
#define X(name, help)                    \
	case RPCS_FALLBACK_##name:       \
		c->fallback_##name += 1; \
		break;
		RPCS_FALLBACKS(X)
#undef X
	default:
		break;
	}
}

#endif

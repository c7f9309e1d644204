/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is a TCP segment at a record boundary? The state of one direction of a flow
 * is one u64, so that an LRU map needs no lock for it (a spin lock is refused
 * there): 0 for unknown, FALLBACK, or IN_STEP with the sequence number at which
 * the next record begins.
 */
#ifndef RPCSENTRY_FLOW_H
#define RPCSENTRY_FLOW_H

#include "record.h"

enum {
	RPCS_FLOW_FALLBACK = 1, /* the agent reassembles; only a new connection ends it */
	RPCS_FLOW_IN_STEP = 2,
};

/** One direction of a TCP flow: addresses in network order, ports in host order. */
struct rpcs_flow_key {
	__u8 src[16];
	__u8 dst[16];
	__u16 sport;
	__u16 dport;
};

RPCS_INLINE void rpcs_flow_key_fill(struct rpcs_flow_key *key, const struct rpcs_record_head *head)
{
	RPCS_COPY(key->src, head->src, sizeof(key->src));
	RPCS_COPY(key->dst, head->dst, sizeof(key->dst));
	key->sport = head->sport;
	key->dport = head->dport;
}

RPCS_INLINE __u64 rpcs_flow_in_step(__u32 next_seq)
{
	return (__u64)next_seq << 32 | RPCS_FLOW_IN_STEP;
}

/**
 * May a record begin at `seq`? Also where nothing is known of the flow: it was
 * under way before the sensor, and the header's own check decides.
 */
RPCS_INLINE bool rpcs_flow_at_boundary(__u64 state, __u32 seq)
{
	return state == 0 || state == rpcs_flow_in_step(seq);
}

#endif

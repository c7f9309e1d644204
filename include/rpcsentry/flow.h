/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a direction of a TCP flow is in its stream of records. All of it is one
 * u64, so that an LRU map needs no lock for it (a spin lock is refused there) and
 * one compare-and-exchange changes it:
 *
 *	63      32 31                  4 3     2 1     0
 *	| next    | left                | flags | step  |
 *
 * `next` is the sequence number that comes next, `left` the bytes from there to
 * the next record's mark.
 */
#ifndef RPCSENTRY_FLOW_H
#define RPCSENTRY_FLOW_H

#include "record.h"

enum rpcs_flow_step {
	RPCS_STEP_UNKNOWN,  /* the flow is known, its records are not: the next header tells */
	RPCS_STEP_FALLBACK, /* the agent reassembles, and says when it is in step again */
	RPCS_STEP_IN_STEP,
	RPCS_STEP_STOPPED, /* no RPC any more (AUTH_TLS): not looked at until the next SYN */
};

enum rpcs_flow_flag {
	RPCS_FLOW_OPEN = 1 << 2, /* the record under way was reported: its end is told */
	RPCS_FLOW_NEW = 1 << 3,	 /* nothing but the SYN was seen: the next packet is told */
	/* With UNKNOWN, which is 0: no RPC, unless a header says so. `left` means nothing there. */
	RPCS_FLOW_STRANGE = 1 << 4,
};

enum {
	RPCS_FLOW_STEP_MASK = 3,
	RPCS_FLOW_LEFT_SHIFT = 4,
	RPCS_FLOW_LEFT_MAX = (1 << 28) - 1,
};

/** One direction of a TCP flow: addresses in network order, ports in host order. */
struct rpcs_flow_key {
	__u8 src[16];
	__u8 dst[16];
	__u16 sport;
	__u16 dport;
};

/** What is known of it. */
struct rpcs_flow_value {
	__u64 state;
	/* Its SYN's sequence number, else the first that was seen; 0: none. Tells two connections
	   of one 5-tuple apart. */
	__u32 born;
	__u32 second;	/* of the fallback's limit, in the engine's clock */
	__u32 fallback; /* bytes sent in that second */
	__u32 wanted;	/* the agent waits for some of what lies before; 0: for nothing */
	__u32 turn;	/* SYN and fallback packets so far: an older word of the agent's is stale */
	__u32 ports;	/* of the key, where one lies beside it (flow_set.h); else 0 */
};

RPCS_INLINE void rpcs_flow_key_fill(struct rpcs_flow_key *key, const struct rpcs_record_head *head)
{
	RPCS_COPY(key->src, head->src, sizeof(key->src));
	RPCS_COPY(key->dst, head->dst, sizeof(key->dst));
	key->sport = head->sport;
	key->dport = head->dport;
}

/** The state IN_STEP; `left` at most RPCS_FLOW_LEFT_MAX. */
RPCS_INLINE __u64 rpcs_flow_in_step(__u32 next, __u32 left, __u32 flags)
{
	return (__u64)next << 32 | (__u64)left << RPCS_FLOW_LEFT_SHIFT | flags | RPCS_STEP_IN_STEP;
}

RPCS_INLINE enum rpcs_flow_step rpcs_flow_step_of(__u64 state)
{
	return (enum rpcs_flow_step)(state & RPCS_FLOW_STEP_MASK);
}

RPCS_INLINE __u32 rpcs_flow_next(__u64 state)
{
	return state >> 32;
}

RPCS_INLINE __u32 rpcs_flow_left(__u64 state)
{
	return (__u32)state >> RPCS_FLOW_LEFT_SHIFT;
}

#endif

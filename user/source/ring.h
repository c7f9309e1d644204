/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Live source: records from the kernel's rings, in the order of their times. */
#ifndef RPCSENTRY_SOURCE_RING_H
#define RPCSENTRY_SOURCE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <rpcsentry/ring.h>

#include "frame.h"
#include "ring_ahead.h"
#include "ring_memory.h"

struct rpcs_ring;

/** Descriptors of the kernel's maps; they stay the caller's. */
struct rpcs_ring_fds {
	int rings[RPCS_RINGS_MAX];
	uint32_t count;
	int bells;
};

/**
 * Maps the rings and their bells, which needs the right to; all afterwards is memory
 * only. Records go to `emit`, with no frame.
 */
int rpcs_ring_new(const struct rpcs_ring_fds *fds, rpcs_record_fn emit, void *arg,
		  struct rpcs_ring **ret_ring);

/** The same over memory of the caller's; as many bells. */
int rpcs_ring_over(const struct rpcs_ring_memory *memories, uint32_t count, struct rpcs_bell *bells,
		   rpcs_record_fn emit, void *arg, struct rpcs_ring **ret_ring);
void rpcs_ring_free(struct rpcs_ring **ring);

/** Has records told of ahead, if there are many. Not more than once. 0 or -ENOMEM. */
int rpcs_ring_look_out(struct rpcs_ring *ring, const struct rpcs_lookout *lookout);

/**
 * Hands at most `limit` records on, of those that lie there now. *ret_more: not all of them;
 * look again before you sleep.
 */
int rpcs_ring_consume(struct rpcs_ring *ring, uint32_t limit, bool *ret_more);

/** What the last look found: anything, and how much of the fullest ring, in 256ths. */
bool rpcs_ring_found(const struct rpcs_ring *ring);
uint32_t rpcs_ring_fill(const struct rpcs_ring *ring);

/**
 * Asks the programs for a wake-up (EPOLLIN on the descriptor of a ring, told by edge) at the
 * next record. False: there is one already, and nobody was asked.
 */
bool rpcs_ring_arm(struct rpcs_ring *ring);

/** Takes that back. */
void rpcs_ring_disarm(struct rpcs_ring *ring);

#endif

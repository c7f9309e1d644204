/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Live source: records from the kernel's ring. */
#ifndef RPCSENTRY_SOURCE_RING_H
#define RPCSENTRY_SOURCE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

struct rpcs_ring;

/**
 * Maps the ring of `map_fd` (stays the caller's), which needs the right to;
 * consuming afterwards is memory only. Records go to `emit`, with no frame.
 */
int rpcs_ring_new(int map_fd, rpcs_record_fn emit, void *arg, struct rpcs_ring **ret_ring);
void rpcs_ring_free(struct rpcs_ring **ring);

/**
 * Hands at most `limit` records on. *ret_more: the limit ended it, not the
 * ring; call again before sleeping.
 */
int rpcs_ring_consume(struct rpcs_ring *ring, uint32_t limit, bool *ret_more);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A bounded queue of entries before a socket whose reader may stall. */
#ifndef RPCSENTRY_AGENT_QUEUE_H
#define RPCSENTRY_AGENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct rpcs_queue;

struct rpcs_queue_counts {
	uint64_t sent;	  /* handed to the socket */
	uint64_t dropped; /* no room, too long, or the reader has gone */
	uint32_t waiting;
};

/** Room for `slots` entries of at most `slot_size` bytes, taken at once. NULL: out of memory. */
struct rpcs_queue *rpcs_queue_new(uint32_t slots, uint32_t slot_size);
void rpcs_queue_free(struct rpcs_queue **queue);

/** Adds an entry at the end. -ENOBUFS: full; -EMSGSIZE: empty or too long: dropped and counted. */
int rpcs_queue_add(struct rpcs_queue *queue, const void *entry, size_t len);

/** Counts an entry that could not even be made. */
void rpcs_queue_drop(struct rpcs_queue *queue);

/**
 * Sends entries, the oldest first, one message each, until none is left (0) or
 * the socket takes no more (-EAGAIN). Any other -errno: the reader has gone;
 * what waits is dropped.
 */
int rpcs_queue_send(struct rpcs_queue *queue, int fd);

/** Drops what still waits; at the end of a run. */
void rpcs_queue_clear(struct rpcs_queue *queue);

struct rpcs_queue_counts rpcs_queue_counts(const struct rpcs_queue *queue);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The records of one frame, as stages 1 to 4 send them, until stage 6 takes them. */
#ifndef RPCSENTRY_SOURCE_NATIVE_QUEUE_H
#define RPCSENTRY_SOURCE_NATIVE_QUEUE_H

#include <rpcsentry/rpc.h>

#include <stdint.h>

/** A record that waits, aligned for its integers as records in the ring are. */
struct rpcs_queued {
	uint64_t len;
	uint8_t record[];
};

enum {
	/* Those of the largest packet: its pieces, behind as many compact records as fit one. */
	RPCS_QUEUE_BYTES =
		RPCS_PACKET_MAX +
		(RPCS_PACKET_MAX / RPCS_PIECE_BYTES + RPCS_SEGMENT_RECORDS_MAX + 4) *
			(sizeof(struct rpcs_record_buffer) + sizeof(struct rpcs_queued) + 8),
};

struct rpcs_queue {
	uint8_t *bytes; /* RPCS_QUEUE_BYTES */
	uint32_t used;
};

static inline uint32_t rpcs_queue_room(uint64_t len)
{
	return (uint32_t)(sizeof(struct rpcs_queued) + len + 7) & ~7U;
}

/** Where a record of `len` bytes is to be put; NULL: there is no room for it. */
static inline uint8_t *rpcs_queue_add(struct rpcs_queue *queue, uint32_t len)
{
	struct rpcs_queued *queued = (struct rpcs_queued *)(void *)(queue->bytes + queue->used);

	if (RPCS_QUEUE_BYTES - queue->used < rpcs_queue_room(len))
		return NULL;
	queue->used += rpcs_queue_room(len);
	queued->len = len;
	return queued->record;
}

/** The record at *at, which is moved behind it; NULL: there is none. Begins at 0. */
static inline const struct rpcs_queued *rpcs_queue_next(const struct rpcs_queue *queue,
							uint32_t *at)
{
	const struct rpcs_queued *queued = (const void *)(queue->bytes + *at);

	if (*at == queue->used)
		return NULL;
	*at += rpcs_queue_room(queued->len);
	return queued;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A bounded queue of entries: slots of one size, all memory taken at the start. */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct rpcs_queue {
	uint8_t *bytes; /* slots × slot_size */
	uint32_t *lens;
	uint32_t slots, slot_size;
	uint32_t first; /* slot of the oldest entry */
	struct rpcs_queue_counts counts;
};

struct rpcs_queue *rpcs_queue_new(uint32_t slots, uint32_t slot_size)
{
	struct rpcs_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->slots = slots;
	queue->slot_size = slot_size;
	queue->bytes = calloc(slots, slot_size);
	queue->lens = calloc(slots, sizeof(*queue->lens));
	if (!queue->bytes || !queue->lens)
		rpcs_queue_free(&queue);
	return queue;
}

void rpcs_queue_free(struct rpcs_queue **queue)
{
	if (!*queue)
		return;
	free((*queue)->bytes);
	free((*queue)->lens);
	free(*queue);
	*queue = NULL;
}

int rpcs_queue_add(struct rpcs_queue *queue, const void *entry, size_t len)
{
	uint32_t slot;

	if (len == 0 || len > queue->slot_size) {
		queue->counts.dropped++;
		return -EMSGSIZE;
	}
	if (queue->counts.waiting == queue->slots) {
		queue->counts.dropped++;
		return -ENOBUFS;
	}
	slot = (queue->first + queue->counts.waiting) % queue->slots;
	memcpy(queue->bytes + (size_t)slot * queue->slot_size, entry, len);
	queue->lens[slot] = (uint32_t)len;
	queue->counts.waiting++;
	return 0;
}

void rpcs_queue_drop(struct rpcs_queue *queue)
{
	queue->counts.dropped++;
}

int rpcs_queue_send(struct rpcs_queue *queue, int fd)
{
	while (queue->counts.waiting) {
		const uint8_t *entry = queue->bytes + (size_t)queue->first * queue->slot_size;

		if (send(fd, entry, queue->lens[queue->first], MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			int err = errno;

			if (err == EINTR)
				continue;
			/* ENOBUFS: the kernel is short of memory, which passes. */
			if (err == EAGAIN || err == EWOULDBLOCK || err == ENOBUFS)
				return -EAGAIN;
			rpcs_queue_clear(queue);
			return -err;
		}
		queue->first = (queue->first + 1) % queue->slots;
		queue->counts.waiting--;
		queue->counts.sent++;
	}
	return 0;
}

void rpcs_queue_clear(struct rpcs_queue *queue)
{
	queue->counts.dropped += queue->counts.waiting;
	queue->counts.waiting = 0;
	queue->first = 0;
}

struct rpcs_queue_counts rpcs_queue_counts(const struct rpcs_queue *queue)
{
	return queue->counts;
}

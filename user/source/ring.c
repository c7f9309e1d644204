// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libbpf's ring buffer, consumed in bounded steps. */
#include "ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

struct rpcs_ring {
	struct ring_buffer *buffer;
	rpcs_record_fn emit;
	void *arg;
	uint32_t left; /* of the limit of this step */
};

/* libbpf counts a record as taken before it looks at this result. */
static int rpcs_ring_sample(void *ctx, void *data, size_t size)
{
	struct rpcs_ring *ring = ctx;

	ring->emit(ring->arg, data, (uint32_t)size, NULL);
	return --ring->left ? 0 : -ECANCELED;
}

int rpcs_ring_new(int map_fd, rpcs_record_fn emit, void *arg, struct rpcs_ring **ret_ring)
{
	struct rpcs_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->emit = emit;
	ring->arg = arg;
	ring->buffer = ring_buffer__new(map_fd, rpcs_ring_sample, ring, NULL);
	if (!ring->buffer) {
		int err = errno ? -errno : -EINVAL;

		free(ring);
		return err;
	}
	*ret_ring = ring;
	return 0;
}

void rpcs_ring_free(struct rpcs_ring **ring)
{
	if (!*ring)
		return;
	ring_buffer__free((*ring)->buffer);
	free(*ring);
	*ring = NULL;
}

int rpcs_ring_consume(struct rpcs_ring *ring, uint32_t limit, bool *ret_more)
{
	int count;

	if (limit == 0)
		return -EINVAL;
	ring->left = limit;
	count = ring_buffer__consume(ring->buffer);
	if (count < 0 && count != -ECANCELED)
		return count;
	*ret_more = ring->left == 0;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Looks behind the record in hand; see ring_ahead.h. */
#include "ring_ahead.h"

#include <linux/bpf.h>

static void *slot_at(const struct rpcs_ring_ahead *ahead, const struct rpcs_lookout *lookout,
		     uint32_t number)
{
	return ahead->slots + (ahead->first + number) % RPCS_AHEAD * lookout->slot_bytes;
}

/* A record of the ring: at its turn already, and not worth the trouble, where it is the first. */
static void add(struct rpcs_ring_ahead *ahead, const struct rpcs_lookout *lookout,
		const void *record, uint32_t len)
{
	ahead->foreseen[(ahead->first + ahead->count) % RPCS_AHEAD] = ahead->count > 0;
	if (ahead->count > 0)
		lookout->foresee(lookout->arg, record, len, slot_at(ahead, lookout, ahead->count));
	ahead->count++;
}

static void fill(struct rpcs_ring_ahead *ahead, const struct rpcs_ring_memory *memory,
		 const struct rpcs_lookout *lookout)
{
	const uint8_t *head;
	uint32_t len;

	while (ahead->count < RPCS_AHEAD && ahead->to != memory->end) {
		head = memory->data + (ahead->to & (memory->size - 1));
		len = __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			add(ahead, lookout, head + BPF_RINGBUF_HDR_SZ, len);
		ahead->to += rpcs_ring_memory_room(len & ~(uint32_t)BPF_RINGBUF_DISCARD_BIT);
	}
}

void rpcs_ring_ahead_look(struct rpcs_ring_ahead *ahead, const struct rpcs_ring_memory *memory,
			  const struct rpcs_lookout *lookout)
{
	/* Somebody else has read in between, or nothing was left. */
	if (ahead->from != memory->at || ahead->count == 0) {
		ahead->from = ahead->to = memory->at;
		ahead->count = 0;
	}
	fill(ahead, memory, lookout);
	if (ahead->count > RPCS_AHEAD_NEAR)
		lookout->near(lookout->arg, slot_at(ahead, lookout, RPCS_AHEAD_NEAR));
	lookout->turn(lookout->arg,
		      ahead->foreseen[ahead->first] ? slot_at(ahead, lookout, 0) : NULL);
}

void rpcs_ring_ahead_took(struct rpcs_ring_ahead *ahead, const struct rpcs_ring_memory *memory)
{
	ahead->from = memory->at;
	ahead->first = (ahead->first + 1) % RPCS_AHEAD;
	ahead->count--;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reader's side of one ring buffer. The kernel's half of each pair: a record's length
 * loses its busy bit by an exchange, the writer's position is stored with release, the
 * reader's loaded with acquire.
 */
#include "ring_memory.h"

void rpcs_ring_memory_begin(struct rpcs_ring_memory *memory)
{
	memory->at = memory->given = memory->end = *memory->reader;
}

unsigned long rpcs_ring_memory_look(struct rpcs_ring_memory *memory)
{
	return memory->end = __atomic_load_n(memory->writer, __ATOMIC_ACQUIRE);
}

void rpcs_ring_memory_next(struct rpcs_ring_memory *memory, uint32_t len)
{
	memory->at += rpcs_ring_memory_room(len);
}

enum rpcs_ring_head rpcs_ring_memory_head(struct rpcs_ring_memory *memory, const void **ret_record,
					  uint32_t *ret_len)
{
	const uint8_t *head;
	uint32_t len;

	while (memory->at != memory->end) {
		head = memory->data + (memory->at & (memory->size - 1));
		len = __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			return RPCS_RING_BUSY;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			*ret_record = head + BPF_RINGBUF_HDR_SZ;
			*ret_len = len;
			return RPCS_RING_RECORD;
		}
		rpcs_ring_memory_next(memory, len & ~(uint32_t)BPF_RINGBUF_DISCARD_BIT);
	}
	return RPCS_RING_EMPTY;
}

void rpcs_ring_memory_give(struct rpcs_ring_memory *memory)
{
	if (memory->given == memory->at)
		return;
	__atomic_store_n(memory->reader, memory->at, __ATOMIC_RELEASE);
	memory->given = memory->at;
}

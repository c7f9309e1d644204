/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader's side of one ring buffer, by its memory alone (linux/bpf.h, BPF_RINGBUF_HDR_SZ). */
#ifndef RPCSENTRY_SOURCE_RING_MEMORY_H
#define RPCSENTRY_SOURCE_RING_MEMORY_H

#include <linux/bpf.h>
#include <stdint.h>

/** The mapping, and how far its reader is. Positions only grow. */
struct rpcs_ring_memory {
	unsigned long *reader;	     /* behind it the kernel has its room back */
	const unsigned long *writer; /* up to there something has been reserved */
	const uint8_t *data;	     /* `size` bytes twice, one behind the other */
	unsigned long size;	     /* a power of two */
	unsigned long at;	     /* read up to here */
	unsigned long end;	     /* the writer's position at the last look */
	unsigned long given;	     /* the reader's, as the kernel knows it */
};

enum rpcs_ring_head {
	RPCS_RING_EMPTY,
	RPCS_RING_BUSY, /* reserved, and still being written */
	RPCS_RING_RECORD,
};

/** Begins where the last reader of the memory has given back; pointers, `size`: the caller's. */
void rpcs_ring_memory_begin(struct rpcs_ring_memory *memory);

/** Moves `end`. What was stored before a record up to there is seen from here on. */
unsigned long rpcs_ring_memory_look(struct rpcs_ring_memory *memory);

/** What is next before `end`; what was taken back is passed over. *ret_: of a record alone. */
enum rpcs_ring_head rpcs_ring_memory_head(struct rpcs_ring_memory *memory, const void **ret_record,
					  uint32_t *ret_len);

/** What a record of `len` bytes takes. */
static inline unsigned long rpcs_ring_memory_room(uint32_t len)
{
	return ((unsigned long)len + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
}

/** Over the record of `len` bytes that rpcs_ring_memory_head() told; its bytes stay. */
void rpcs_ring_memory_next(struct rpcs_ring_memory *memory, uint32_t len);

/** Gives the room of all that was read back: those bytes are the kernel's. */
void rpcs_ring_memory_give(struct rpcs_ring_memory *memory);

#endif

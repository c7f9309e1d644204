/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A ring buffer in this process's memory, and the kernel's side of it. Include after cmocka.h. */
#ifndef RPCSENTRY_TESTS_RING_FAKE_H
#define RPCSENTRY_TESTS_RING_FAKE_H

#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rpcsentry/record.h>

#include "source/ring_memory.h"

#define FAKE_UNUSED __attribute__((unused))

enum { FAKE_BYTES = 1 << 16 };

/* Positions that run over soon: they only have to grow. */
#define FAKE_BEGIN (0UL - 3 * FAKE_BYTES)

struct fake_ring {
	unsigned long reader, writer;
	uint8_t *data;
};

static void fake_open(struct fake_ring *ring)
{
	int fd = memfd_create("ring", 0), i;
	uint8_t *data = mmap(NULL, 2 * FAKE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(fd >= 0 && data != MAP_FAILED && !ftruncate(fd, FAKE_BYTES));
	for (i = 0; i < 2; i++)
		assert_true(mmap(data + (size_t)i * FAKE_BYTES, FAKE_BYTES, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	close(fd);
	*ring = (struct fake_ring){ .reader = FAKE_BEGIN, .writer = FAKE_BEGIN, .data = data };
}

static void fake_close(struct fake_ring *ring)
{
	munmap(ring->data, 2 * FAKE_BYTES);
}

static struct rpcs_ring_memory fake_memory(struct fake_ring *ring)
{
	return (struct rpcs_ring_memory){
		.reader = &ring->reader,
		.writer = &ring->writer,
		.data = ring->data,
		.size = FAKE_BYTES,
	};
}

/** Room for `len` bytes, still being written; NULL: the ring is full. */
static void *fake_reserve(struct fake_ring *ring, uint32_t len)
{
	unsigned long total = ((unsigned long)len + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
	unsigned long reader = __atomic_load_n(&ring->reader, __ATOMIC_ACQUIRE);
	uint8_t *head = ring->data + ring->writer % FAKE_BYTES;
	uint32_t busy = len | BPF_RINGBUF_BUSY_BIT;

	if (ring->writer + total - reader > FAKE_BYTES)
		return NULL;
	memcpy(head, &busy, sizeof(busy));
	__atomic_store_n(&ring->writer, ring->writer + total, __ATOMIC_RELEASE);
	return head + BPF_RINGBUF_HDR_SZ;
}

static void fake_commit(void *room, uint32_t len)
{
	__atomic_exchange_n((uint32_t *)(void *)((uint8_t *)room - BPF_RINGBUF_HDR_SZ), len,
			    __ATOMIC_SEQ_CST);
}

/** A whole record of `len` bytes, of which the head's time is set; false: full. */
FAKE_UNUSED static bool fake_put(struct fake_ring *ring, uint64_t time_ns, uint32_t len)
{
	struct rpcs_record_head *head = fake_reserve(ring, len);

	if (!head)
		return false;
	head->time_ns = time_ns;
	fake_commit(head, len);
	return true;
}

/** One that was taken back. */
FAKE_UNUSED static void fake_discard(struct fake_ring *ring, uint32_t len)
{
	void *room = fake_reserve(ring, len);

	assert_non_null(room);
	fake_commit(room, len | BPF_RINGBUF_DISCARD_BIT);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map's values in this process's memory (BPF_F_MMAPABLE, kernel 5.5). */
#ifndef RPCSENTRY_SOURCE_MAP_MEMORY_H
#define RPCSENTRY_SOURCE_MAP_MEMORY_H

#include <stddef.h>
#include <sys/mman.h>

/** `size` bytes, until munmap() of as many; the kernel makes whole pages of both. NULL: errno. */
static inline void *rpcs_map_memory(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

#endif

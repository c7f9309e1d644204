/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Room that is there from the start and takes memory only as it is used. */
#ifndef RPCSENTRY_DETECT_PAGES_H
#define RPCSENTRY_DETECT_PAGES_H

#include <stddef.h>
#include <sys/mman.h>

/** Zeroed pages, of which those that are touched become resident. NULL: out of memory. */
static inline void *rpcs_pages_map(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static inline void rpcs_pages_unmap(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

#endif

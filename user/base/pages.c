// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Anonymous memory, in huge pages where they would be full. */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *rpcs_pages_map(size_t size)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t skip;

	if (p == MAP_FAILED)
		return NULL;
	/*
	 * In a large table each look-up would miss the processor's memory of pages, too. Whole
	 * ones only: tables side by side in one huge page would have each other's be touched.
	 */
	skip = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (skip < size)
		madvise(p + skip, (size - skip) & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
	return p;
}

void rpcs_pages_unmap(void *pages, size_t size)
{
	munmap(pages, size);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Anonymous memory, in huge pages where they would be full. */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum {
	HUGE_PAGE = 2 << 20,
	PAGE = 4096,
	/* A quarter as many entries as there are pages has touched a fifth of these. */
	FILL_PART = 4,
	FILL_PAGES_MIN = 8,
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

void *rpcs_pages_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

size_t rpcs_pages_huge_at(const void *pages, size_t size, const void *slots, size_t stride)
{
	size_t skip = -(uintptr_t)pages & (HUGE_PAGE - 1);
	size_t before = (size_t)((const uint8_t *)slots - (const uint8_t *)pages);

	if (skip + HUGE_PAGE > size)
		return SIZE_MAX;
	skip += HUGE_PAGE / 2;
	return skip > before ? (skip - before) / stride : 0;
}

/* Whole ones only: tables side by side in one would have each other's memory be touched. */
static uint8_t *ask_for_huge(void *pages, size_t size, size_t *ret_size)
{
	size_t skip = -(uintptr_t)pages & (HUGE_PAGE - 1);
	uint8_t *first = (uint8_t *)pages + skip;

	if (skip + HUGE_PAGE > size)
		return NULL;
	*ret_size = (size - skip) & ~(size_t)(HUGE_PAGE - 1);
	madvise(first, *ret_size, MADV_HUGEPAGE);
	return first;
}

void rpcs_pages_make_huge(void *pages, size_t size)
{
	size_t whole;
	uint8_t *first = ask_for_huge(pages, size, &whole);

	if (first)
		madvise(first, HUGE_PAGE, MADV_COLLAPSE);
}

void rpcs_pages_fill(void *pages, size_t size)
{
	size_t whole;
	uint8_t *first = ask_for_huge(pages, size, &whole);

	if (first)
		madvise(first, whole, MADV_COLLAPSE);
	madvise(pages, size, MADV_POPULATE_WRITE);
}

size_t rpcs_pages_fill_at(size_t size)
{
	return size < FILL_PAGES_MIN * PAGE ? SIZE_MAX : size / PAGE / FILL_PART;
}

void rpcs_pages_unmap(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

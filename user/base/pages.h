/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory for tables: zeroed, and there as it is touched. */
#ifndef RPCSENTRY_BASE_PAGES_H
#define RPCSENTRY_BASE_PAGES_H

#include <stddef.h>

/** NULL: out of memory. Small pages, until rpcs_pages_make_huge(). */
void *rpcs_pages_map(size_t size);

/**
 * In a large table each look-up would miss the processor's memory of pages, too; in a small one
 * a huge page would be memory that nobody uses. Which of the slots, of `stride` bytes each and
 * used from the first one on, makes it a large one; SIZE_MAX: none does.
 */
size_t rpcs_pages_huge_at(const void *pages, size_t size, const void *slots, size_t stride);

/** Has huge pages, from now on and for what is there already, where the kernel can. */
void rpcs_pages_make_huge(void *pages, size_t size);

/**
 * Has all of it there at once, in huge pages where whole ones fit, where the kernel can. What is
 * touched here and there would take a fault for each page, and two where it is read first.
 */
void rpcs_pages_fill(void *pages, size_t size);

/** Of an index so large: the entries, spread over it by chance, that make filling it worth it. */
size_t rpcs_pages_fill_at(size_t size);

/** NULL is none. */
void rpcs_pages_unmap(void *pages, size_t size);

#endif

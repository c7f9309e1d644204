/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory asked for ahead of its use. */
#ifndef RPCSENTRY_BASE_PREFETCH_H
#define RPCSENTRY_BASE_PREFETCH_H

#include <stddef.h>

/**
 * Asks for the cache line at `at`, which may be no address at all. gcc 12 takes a function that
 * only prefetches for one without effects, and leaves its calls out: hence the asm.
 */
static inline void rpcs_prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

/** All of what stands there, or NULL. */
static inline void rpcs_prefetch_all(const void *what, size_t size)
{
	const char *bytes = what;
	size_t at;

	if (!what)
		return;
	for (at = 0; at < size - 1; at += 64)
		rpcs_prefetch(bytes + at);
	rpcs_prefetch(bytes + size - 1);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory asked for ahead of its use. */
#ifndef RPCSENTRY_BASE_PREFETCH_H
#define RPCSENTRY_BASE_PREFETCH_H

/**
 * Asks for the cache line at `at`, which may be no address at all. gcc 12 takes a function that
 * only prefetches for one without effects, and leaves its calls out: hence the asm.
 */
static inline void rpcs_prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

#endif

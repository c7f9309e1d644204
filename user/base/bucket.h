/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cache line of a table's index, searched in a few steps (table.c). */
#ifndef RPCSENTRY_BASE_BUCKET_H
#define RPCSENTRY_BASE_BUCKET_H

#include <stdint.h>

enum { RPCS_BUCKET_WORDS = 15 };

struct rpcs_bucket {
	uint32_t word[RPCS_BUCKET_WORDS]; /* number + 1 and tag; 0: free */
	uint32_t passed;
};

typedef uint32_t rpcs_quad __attribute__((vector_size(16), may_alias));
typedef uint64_t rpcs_pair __attribute__((vector_size(16)));

/**
 * Bits of the words that are `value` where `mask` has ones. No branches: one guessed wrong
 * costs as much as all of it. The bucket is aligned as a cache line is.
 */
static inline uint32_t rpcs_bucket_match(const struct rpcs_bucket *bucket, uint32_t value,
					 uint32_t mask)
{
	static const rpcs_quad bits[4] = {
		{ 1 << 0, 1 << 1, 1 << 2, 1 << 3 },
		{ 1 << 4, 1 << 5, 1 << 6, 1 << 7 },
		{ 1 << 8, 1 << 9, 1 << 10, 1 << 11 },
		{ 1 << 12, 1 << 13, 1 << 14, 0 }, /* the last is `passed` */
	};
	const rpcs_quad *words = (const rpcs_quad *)(const void *)bucket;
	rpcs_quad found = { 0 };
	rpcs_pair halves;
	int i;

#pragma GCC unroll 4
	for (i = 0; i < 4; i++)
		found |= (rpcs_quad)((words[i] & mask) == value) & bits[i];
	halves = (rpcs_pair)found;
	halves[0] |= halves[1];
	return (uint32_t)halves[0] | (uint32_t)(halves[0] >> 32);
}

#endif

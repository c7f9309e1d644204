/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cache line of a table's index, searched in a few steps (table.c). */
#ifndef RPCSENTRY_BASE_BUCKET_H
#define RPCSENTRY_BASE_BUCKET_H

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { RPCS_BUCKET_WORDS = 15 };

struct rpcs_bucket {
	uint32_t word[RPCS_BUCKET_WORDS]; /* number + 1 and tag; 0: free */
	uint32_t passed;
};

/**
 * Bits of the words that are `value` where `mask` has ones. No branches: one guessed wrong
 * costs as much as all of it. The bucket is aligned as a cache line is.
 */
#ifdef __SSE2__
static inline uint32_t rpcs_bucket_match(const struct rpcs_bucket *bucket, uint32_t value,
					 uint32_t mask)
{
	const __m128i *words = (const __m128i *)(const void *)bucket;
	const __m128i values = _mm_set1_epi32((int)value), masks = _mm_set1_epi32((int)mask);
	__m128i found[4];
	int i;

#pragma GCC unroll 4
	for (i = 0; i < 4; i++)
		found[i] = _mm_cmpeq_epi32(_mm_and_si128(words[i], masks), values);
	/* All ones stay so where words become halves of them, and then bytes. */
	found[0] = _mm_packs_epi16(_mm_packs_epi32(found[0], found[1]),
				   _mm_packs_epi32(found[2], found[3]));
	return (uint32_t)_mm_movemask_epi8(found[0]) & ((1U << RPCS_BUCKET_WORDS) - 1);
}
#else
static inline uint32_t rpcs_bucket_match(const struct rpcs_bucket *bucket, uint32_t value,
					 uint32_t mask)
{
	uint32_t found = 0;
	int i;

	for (i = 0; i < RPCS_BUCKET_WORDS; i++)
		found |= (uint32_t)((bucket->word[i] & mask) == value) << i;
	return found;
}
#endif

#endif

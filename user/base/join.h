/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Small members of a structure as the one word of memory that they are side by side. Whoever is
 * about to read them as a word, to hash or to copy them, stores them so: a load of what was stored
 * in parts has to wait until these have reached the cache, behind all stores before them.
 */
#ifndef RPCSENTRY_BASE_JOIN_H
#define RPCSENTRY_BASE_JOIN_H

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RPCS_JOIN(first, second, bits) ((first) << (bits) | (second))
#else
#define RPCS_JOIN(first, second, bits) ((second) << (bits) | (first))
#endif

static inline uint16_t rpcs_join_8(uint8_t first, uint8_t second)
{
	return (uint16_t)RPCS_JOIN((uint16_t)first, (uint16_t)second, 8);
}

static inline uint32_t rpcs_join_16(uint16_t first, uint16_t second)
{
	return RPCS_JOIN((uint32_t)first, (uint32_t)second, 16);
}

static inline uint64_t rpcs_join_32(uint32_t first, uint32_t second)
{
	return RPCS_JOIN((uint64_t)first, (uint64_t)second, 32);
}

#endif

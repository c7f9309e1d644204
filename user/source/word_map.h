/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map of sets of words (rpcsentry/word_set.h) in this process's memory. */
#ifndef RPCSENTRY_SOURCE_WORD_MAP_H
#define RPCSENTRY_SOURCE_WORD_MAP_H

#include <rpcsentry/word_set.h>
#include <stdint.h>

struct rpcs_word_map {
	union rpcs_word_room *rooms; /* shared with the kernel; NULL: not mapped */
	uint32_t sets;		     /* the seed is behind them */
};

/** How many sets have so many ways. */
uint32_t rpcs_word_map_sets(uint64_t ways);

/** Maps it. 0 or -errno. */
int rpcs_word_map_open(struct rpcs_word_map *map, int fd);
void rpcs_word_map_close(struct rpcs_word_map *map);

/** The seed of its hashes. */
const struct rpcs_set_seed *rpcs_word_map_seed(const struct rpcs_word_map *map);
/** The set of a hash. */
struct rpcs_word_set *rpcs_word_map_set(const struct rpcs_word_map *map, uint64_t hash);

#endif

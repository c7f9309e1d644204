/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's maps `firsts` and `silenced` in this process's memory: see rpcsentry/dated_set.h. */
#ifndef RPCSENTRY_SOURCE_DATED_MAP_H
#define RPCSENTRY_SOURCE_DATED_MAP_H

#include <rpcsentry/dated_set.h>

#include "word_map.h"

/** How many sets hold so many entries, nearly all of them at once. */
uint32_t rpcs_dated_map_sets(uint64_t entries);

/** Is there one, whatever its age? *ret_tick: its date. */
bool rpcs_dated_map_get(const struct rpcs_word_map *map, uint64_t hash, uint32_t *ret_tick);
/** Puts one in, or dates it anew, by `ns` of the kernel's coarse clock; 0: takes it out. */
void rpcs_dated_map_put(const struct rpcs_word_map *map, uint64_t hash, uint64_t ns);

#endif

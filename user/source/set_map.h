/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map of sets (rpcsentry/set_hash.h) in this process's memory, with the seed behind them. */
#ifndef RPCSENTRY_SOURCE_SET_MAP_H
#define RPCSENTRY_SOURCE_SET_MAP_H

#include <rpcsentry/set_hash.h>
#include <stddef.h>
#include <stdint.h>

/** Maps it, of values of `size` bytes, shared with the kernel. NULL: errno says why. */
void *rpcs_set_map_open(int fd, size_t size, uint32_t *ret_sets);
/** `memory` may be NULL. */
void rpcs_set_map_close(void *memory, size_t size, uint32_t sets);

/** The seed by which things lie in a map that is kept, or a new one if it has none. 0 or -errno. */
int rpcs_set_map_seed(int fd, uint32_t sets, struct rpcs_set_seed *ret_seed);
/** Leaves the seed where rpcs_set_map_seed() and the owner of the memory find it. 0 or -errno. */
int rpcs_set_map_set_seed(int fd, uint32_t sets, const struct rpcs_set_seed *seed);

#endif

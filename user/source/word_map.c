// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sets of words, as memory. */
#include "word_map.h"

#include <errno.h>

#include "set_map.h"

uint32_t rpcs_word_map_sets(uint64_t ways)
{
	return (uint32_t)((ways + RPCS_SET_WAYS - 1) / RPCS_SET_WAYS);
}

int rpcs_word_map_open(struct rpcs_word_map *map, int fd)
{
	map->rooms = rpcs_set_map_open(fd, sizeof(*map->rooms), &map->sets);
	return map->rooms ? 0 : -errno;
}

void rpcs_word_map_close(struct rpcs_word_map *map)
{
	rpcs_set_map_close(map->rooms, sizeof(*map->rooms), map->sets);
	map->rooms = NULL;
}

const struct rpcs_set_seed *rpcs_word_map_seed(const struct rpcs_word_map *map)
{
	return &map->rooms[map->sets].seed;
}

struct rpcs_word_set *rpcs_word_map_set(const struct rpcs_word_map *map, uint64_t hash)
{
	return &map->rooms[rpcs_set_of(hash, map->sets)].set;
}

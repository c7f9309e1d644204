// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The agent's hands on what the kernel has dated. */
#include "dated_map.h"

/* Places for each entry: chance fills some sets before others. */
enum { WAYS_EACH = 2 };

uint32_t rpcs_dated_map_sets(uint64_t entries)
{
	return rpcs_word_map_sets(WAYS_EACH * entries);
}

bool rpcs_dated_map_get(const struct rpcs_word_map *map, uint64_t hash, uint32_t *ret_tick)
{
	const struct rpcs_word_set *set = rpcs_word_map_set(map, hash);
	uint64_t word = rpcs_word_at(set, rpcs_word_way_of(set, hash));

	*ret_tick = (uint32_t)word & RPCS_WORD_PAYLOAD;
	return word && rpcs_word_is(word, hash);
}

void rpcs_dated_map_put(const struct rpcs_word_map *map, uint64_t hash, uint64_t ns)
{
	struct rpcs_word_set *set = rpcs_word_map_set(map, hash);

	if (ns)
		rpcs_dated_see(set, hash, rpcs_dated_tick(ns), RPCS_DATED_EVER);
	else
		rpcs_dated_drop(set, hash);
}

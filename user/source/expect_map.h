/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's map `expected` in this process's memory: see rpcsentry/expect_set.h. */
#ifndef RPCSENTRY_SOURCE_EXPECT_MAP_H
#define RPCSENTRY_SOURCE_EXPECT_MAP_H

#include <rpcsentry/expect_set.h>

#include "word_map.h"

/** How many sets hold so many replies that are awaited at once, nearly all of them. */
uint32_t rpcs_expect_map_sets(uint64_t replies);

/** What is known of the call that such a reply is to; a look from here answers nothing. */
enum rpcs_expect_kind rpcs_expect_map_get(const struct rpcs_word_map *map,
					  const struct rpcs_expect_key *key);
/** Has such a reply be let through. */
void rpcs_expect_map_put(const struct rpcs_word_map *map, const struct rpcs_expect_key *key,
			 enum rpcs_expect_kind kind);

#endif

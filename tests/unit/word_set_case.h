/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map of few sets of words in plain memory. Include after cmocka.h. */
#ifndef TESTS_UNIT_WORD_SET_CASE_H
#define TESTS_UNIT_WORD_SET_CASE_H

#include "source/set_map.h"
#include "source/word_map.h"

enum {
	SETS = 64,
	TICK = 1000,
};

static struct rpcs_word_map map;

static int new_map(void **state)
{
	(void)state;
	map.sets = SETS;
	map.rooms = calloc(SETS + 1, sizeof(*map.rooms));
	assert_non_null(map.rooms);
	return rpcs_set_map_seed(-1, SETS, &map.rooms[SETS].seed);
}

static int free_map(void **state)
{
	(void)state;
	free(map.rooms);
	return 0;
}

#endif

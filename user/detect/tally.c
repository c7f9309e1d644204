// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A bounded table of keys, in three ranks; see tally.h. */
#include "tally.h"

#include <stdlib.h>

#include "../base/clock.h"

enum {
	/* Keys seen once and pushed out are known again among so many times the table's size. */
	GHOSTS = 16,
	GHOSTS_MAX = 1 << 20,
};

/* What ranks higher moves less often than it comes: its order is that of seconds. */
#define MOVE_NS RPCS_NSEC_PER_SEC

struct rpcs_tally {
	struct rpcs_tally_options options;
	struct rpcs_hash_seed seed;
	struct rpcs_table *table;
	uint32_t share;	  /* what each rank may keep */
	uint32_t *ghosts; /* a part of the hash of a key that went; 0: none */
	uint32_t ghost_mask;
};

struct rpcs_tally *rpcs_tally_new(const struct rpcs_tally_options *options)
{
	struct rpcs_tally *tally = calloc(1, sizeof(*tally));
	uint32_t keys = options->keys < 1U << 30 ? (uint32_t)options->keys : 1U << 30;
	uint32_t ghosts = 1024;

	if (!tally)
		return NULL;
	while (ghosts < GHOSTS_MAX && ghosts / GHOSTS < keys)
		ghosts *= 2;
	tally->options = *options;
	tally->seed = *options->seed;
	tally->share = keys / RPCS_LANE__MAX;
	tally->ghost_mask = ghosts - 1;
	tally->ghosts = calloc(ghosts, sizeof(*tally->ghosts));
	tally->table = rpcs_table_new(keys, sizeof(struct rpcs_tally_key), options->entry_size,
				      options->seed);
	if (!tally->ghosts || !tally->table)
		rpcs_tally_free(&tally);
	return tally;
}

void rpcs_tally_free(struct rpcs_tally **tally)
{
	if (!*tally)
		return;
	rpcs_table_free(&(*tally)->table);
	free((*tally)->ghosts);
	free(*tally);
	*tally = NULL;
}

bool rpcs_tally_told(const void *entry, uint64_t now_ns, uint64_t within_ns)
{
	const struct rpcs_tally_head *head = entry;

	return head->told && rpcs_age(now_ns, head->told_ns) < within_ns;
}

static bool is_live(const struct rpcs_tally *tally, const void *entry, uint64_t now_ns)
{
	const struct rpcs_tally_head *head = entry;

	return rpcs_age(now_ns, head->last_ns) <= tally->options.memory_ns ||
	       rpcs_tally_told(head, now_ns, tally->options.repeat_ns);
}

static uint32_t *ghost_of(const struct rpcs_tally *tally, const struct rpcs_tally_key *key,
			  uint32_t *ret_print)
{
	uint64_t hash = rpcs_hash(&tally->seed, key, sizeof(*key));

	*ret_print = (uint32_t)(hash >> 32) | 1;
	return &tally->ghosts[hash & tally->ghost_mask];
}

static void let_go(struct rpcs_tally *tally, void *entry, uint64_t now_ns)
{
	const struct rpcs_tally_head *head = entry;
	uint32_t *ghost, print;

	if (is_live(tally, entry, now_ns)) {
		(*tally->options.evictions)++;
		ghost = ghost_of(tally, &head->key, &print);
		*ghost = print;
	}
	if (tally->options.leave)
		tally->options.leave(tally->options.arg, entry);
	rpcs_table_remove(tally->table, entry);
}

/* What nobody misses; else of the lowest rank that has more than its share. */
static void *victim(const struct rpcs_tally *tally, uint64_t now_ns)
{
	void *entry;
	int lane;

	for (lane = RPCS_LANE__MAX - 1; lane >= 0; lane--) {
		entry = rpcs_table_oldest(tally->table, (enum rpcs_table_lane)lane);
		if (entry && !is_live(tally, entry, now_ns))
			return entry;
	}
	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		if (rpcs_table_lane_count(tally->table, (enum rpcs_table_lane)lane) > tally->share)
			break;
	/* A full table has such a rank, unless all have just their share. */
	if (lane == RPCS_LANE__MAX)
		lane = RPCS_LANE_FIRST;
	return rpcs_table_oldest(tally->table, (enum rpcs_table_lane)lane);
}

void *rpcs_tally_find(const struct rpcs_tally *tally, const struct rpcs_tally_key *key)
{
	return rpcs_table_find(tally->table, key);
}

void *rpcs_tally_get(struct rpcs_tally *tally, const struct rpcs_tally_key *key, uint64_t now_ns)
{
	struct rpcs_tally_head *head = rpcs_table_find(tally->table, key);
	uint32_t *ghost, print;

	if (head)
		return head;
	if (!rpcs_table_is_full(tally->table)) {
		head = rpcs_table_add(tally->table, key);
		head->last_ns = now_ns;
		return head;
	}
	let_go(tally, victim(tally, now_ns), now_ns);
	head = rpcs_table_add(tally->table, key);
	head->last_ns = now_ns;
	ghost = ghost_of(tally, key, &print);
	if (*ghost == print)
		rpcs_table_move(tally->table, head, RPCS_TALLY_AGAIN);
	return head;
}

void rpcs_tally_touch(struct rpcs_tally *tally, void *entry, enum rpcs_table_lane rank,
		      uint64_t now_ns)
{
	enum rpcs_table_lane lane = rpcs_table_lane_of(entry);
	struct rpcs_tally_head *head = entry;

	if (rank > lane)
		lane = rank;
	else if (lane != RPCS_TALLY_ONCE && rpcs_age(now_ns, head->last_ns) < MOVE_NS)
		return;
	rpcs_table_move(tally->table, entry, lane);
	if (now_ns > head->last_ns)
		head->last_ns = now_ns;
}

bool rpcs_tally_evict(struct rpcs_tally *tally, const void *keep, uint64_t now_ns)
{
	void *entry;
	int lane;

	for (lane = RPCS_TALLY_AGAIN; lane < RPCS_LANE__MAX; lane++) {
		entry = rpcs_table_oldest(tally->table, (enum rpcs_table_lane)lane);
		if (entry == keep && entry)
			entry = rpcs_table_newer(tally->table, entry);
		if (!entry)
			continue;
		let_go(tally, entry, now_ns);
		return true;
	}
	return false;
}

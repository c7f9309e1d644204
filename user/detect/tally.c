// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A bounded table of keys, in three ranks; see tally.h. */
#include "tally.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/prefetch.h"

enum {
	/* Keys seen once and pushed out are known again among so many times the table's size. */
	GHOSTS = 16,
	GHOSTS_MAX = 1 << 20,
	/* Entries that are let round for one that goes. */
	ROUNDS_MAX = 8,
};

/* What ranks higher moves less often than it comes: its order is that of seconds. */
#define MOVE_NS RPCS_NSEC_PER_SEC

struct rpcs_tally {
	struct rpcs_tally_options options;
	struct rpcs_table *table;
	uint32_t share;	  /* what each rank may keep */
	uint16_t *ghosts; /* a part of the id of one that went; 0: none */
	uint32_t ghost_mask;
};

struct rpcs_tally *rpcs_tally_new(const struct rpcs_tally_options *options)
{
	struct rpcs_tally *tally = calloc(1, sizeof(*tally));
	uint32_t keys = options->keys < RPCS_TALLY_KEYS_MAX ? (uint32_t)options->keys
							    : RPCS_TALLY_KEYS_MAX;
	uint32_t ghosts = 1024;

	if (!tally)
		return NULL;
	while (ghosts < GHOSTS_MAX && ghosts / GHOSTS < keys)
		ghosts *= 2;
	tally->options = *options;
	tally->share = keys / RPCS_LANE__MAX;
	tally->ghost_mask = ghosts - 1;
	tally->ghosts = calloc(ghosts, sizeof(*tally->ghosts));
	tally->table = rpcs_table_new(keys, sizeof(uint64_t), options->entry_size, options->seed);
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

/* The table's hash: the id is one already. */
static uint32_t hash_of(uint64_t id)
{
	return (uint32_t)id;
}

static uint16_t *ghost_of(const struct rpcs_tally *tally, uint64_t id)
{
	return &tally->ghosts[id & tally->ghost_mask];
}

/* Bits that neither choose the ghost nor, mostly, the bucket. */
static uint16_t print_of(uint64_t id)
{
	return (uint16_t)(id >> 48) ? (uint16_t)(id >> 48) : 1;
}

static void let_go(struct rpcs_tally *tally, void *entry, uint64_t now_ns)
{
	struct rpcs_tally_head *head = entry;
	enum rpcs_table_lane lane;

	if (is_live(tally, entry, now_ns)) {
		(*tally->options.evictions)++;
		*ghost_of(tally, head->id) = print_of(head->id);
	}
	if (tally->options.leave)
		tally->options.leave(tally->options.arg, entry);
	lane = rpcs_table_lane_of(entry);
	rpcs_table_remove(tally->table, entry);
	/* Who has its place in mind is to see that it has gone. */
	head->id = 0;
	/* The next one will probably go next, and a new one be written in its place. */
	rpcs_prefetch_all(rpcs_table_oldest(tally->table, lane), tally->options.entry_size);
}

/* The next one to go of a rank. Who came again since it was queued goes round once more. */
static void *oldest(const struct rpcs_tally *tally, enum rpcs_table_lane lane, uint64_t now_ns)
{
	struct rpcs_tally_head *head = rpcs_table_oldest(tally->table, lane);
	uint32_t i;

	for (i = 0; i < ROUNDS_MAX && head && head->touched && is_live(tally, head, now_ns); i++) {
		head->touched = false;
		rpcs_table_move(tally->table, head, lane);
		head = rpcs_table_oldest(tally->table, lane);
	}
	return head;
}

/* What nobody misses; else of the lowest rank that has more than its share. */
static void *victim(const struct rpcs_tally *tally, uint64_t now_ns)
{
	void *entry;
	int lane;

	for (lane = RPCS_LANE__MAX - 1; lane >= 0; lane--) {
		entry = oldest(tally, (enum rpcs_table_lane)lane, now_ns);
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

void *rpcs_tally_find(const struct rpcs_tally *tally, uint64_t id)
{
	return rpcs_table_find_by(tally->table, &id, hash_of(id));
}

void *rpcs_tally_add(struct rpcs_tally *tally, uint64_t id, uint64_t now_ns)
{
	bool full = rpcs_table_is_full(tally->table);
	struct rpcs_tally_head *head;

	if (full)
		let_go(tally, victim(tally, now_ns), now_ns);
	head = rpcs_table_add_by(tally->table, &id, hash_of(id));
	head->last_ns = now_ns;
	if (full && *ghost_of(tally, id) == print_of(id))
		rpcs_table_move(tally->table, head, RPCS_TALLY_AGAIN);
	return head;
}

uint32_t rpcs_tally_count(const struct rpcs_tally *tally)
{
	return rpcs_table_count(tally->table);
}

uint32_t rpcs_tally_foresee(const struct rpcs_tally *tally, uint64_t id,
			    struct rpcs_foresight *lookups)
{
	if (rpcs_table_is_full(tally->table))
		rpcs_prefetch(ghost_of(tally, id));
	return rpcs_foresee_by(lookups, tally->table, hash_of(id));
}

void rpcs_tally_fetch_bucket(const struct rpcs_tally *tally, uint64_t id)
{
	const struct rpcs_tally_head *head;

	rpcs_table_fetch_bucket(tally->table, hash_of(id));
	if (!rpcs_table_is_full(tally->table))
		return;
	rpcs_prefetch(ghost_of(tally, id));
	/* If it is new, this one will probably go for it. */
	head = rpcs_table_oldest(tally->table, RPCS_TALLY_ONCE);
	if (!head)
		return;
	rpcs_table_fetch_bucket(tally->table, hash_of(head->id));
	rpcs_prefetch(ghost_of(tally, head->id));
}

void *rpcs_tally_fetch_entry(const struct rpcs_tally *tally, uint64_t id)
{
	return rpcs_table_fetch_entry(tally->table, hash_of(id));
}

void rpcs_tally_move(struct rpcs_tally *tally, void *entry, enum rpcs_table_lane rank,
		     uint64_t now_ns)
{
	enum rpcs_table_lane lane = rpcs_table_lane_of(entry);
	struct rpcs_tally_head *head = entry;

	if (rank <= lane && rpcs_age(now_ns, head->last_ns) < MOVE_NS)
		return;
	head->touched = false;
	rpcs_table_move(tally->table, entry, rank > lane ? rank : lane);
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

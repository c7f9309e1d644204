// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A bounded table of keys, each with a time and a number, the one noted longest ago first out. */
#include "recent.h"

#include <stdlib.h>

struct rpcs_recent {
	struct rpcs_table *table; /* entries: the key, then the note */
	uint32_t note_offset;
	uint64_t within_ns; /* asked for last: what is older is missed by nobody */
	uint64_t *evictions;
};

struct rpcs_recent *rpcs_recent_new(uint64_t capacity, uint32_t key_size,
				    const struct rpcs_hash_seed *seed, uint64_t *evictions)
{
	struct rpcs_recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return NULL;
	recent->note_offset = (key_size + 7) & ~7U;
	recent->evictions = evictions;
	recent->table = rpcs_table_new(
		capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX, key_size,
		recent->note_offset + (uint32_t)sizeof(struct rpcs_recent_note), seed);
	if (!recent->table)
		rpcs_recent_free(&recent);
	return recent;
}

void rpcs_recent_free(struct rpcs_recent **recent)
{
	if (!*recent)
		return;
	rpcs_table_free(&(*recent)->table);
	free(*recent);
	*recent = NULL;
}

static struct rpcs_recent_note *note_of(const struct rpcs_recent *recent, void *entry)
{
	return (struct rpcs_recent_note *)(void *)((char *)entry + recent->note_offset);
}

/* Packets may come a little out of order, and captures may be merged: age is never negative. */
static bool is_within(const struct rpcs_recent_note *note, uint64_t now_ns, uint64_t within_ns)
{
	return now_ns < note->time_ns || now_ns - note->time_ns < within_ns;
}

const struct rpcs_recent_note *rpcs_recent_find(struct rpcs_recent *recent, const void *key,
						uint64_t now_ns, uint64_t within_ns)
{
	void *entry = rpcs_table_find(recent->table, key);
	const struct rpcs_recent_note *note;

	recent->within_ns = within_ns;
	if (!entry)
		return NULL;
	note = note_of(recent, entry);
	return is_within(note, now_ns, within_ns) ? note : NULL;
}

static void make_room(struct rpcs_recent *recent, uint64_t now_ns)
{
	void *oldest;

	if (!rpcs_table_is_full(recent->table))
		return;
	oldest = rpcs_table_oldest(recent->table, RPCS_LANE_FIRST);
	if (is_within(note_of(recent, oldest), now_ns, recent->within_ns))
		(*recent->evictions)++;
	rpcs_table_remove(recent->table, oldest);
}

void rpcs_recent_note(struct rpcs_recent *recent, const void *key, uint64_t now_ns, uint64_t value)
{
	void *entry = rpcs_table_find(recent->table, key);
	struct rpcs_recent_note *note;

	if (entry) {
		rpcs_table_move(recent->table, entry, RPCS_LANE_FIRST);
	} else {
		make_room(recent, now_ns);
		entry = rpcs_table_add(recent->table, key);
	}
	note = note_of(recent, entry);
	note->time_ns = now_ns;
	note->value = value;
}

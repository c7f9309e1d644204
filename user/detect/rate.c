// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over slots of time; see rate.h. */
#include "rate.h"

#include <stdlib.h>
#include <string.h>

#include "../base/pages.h"
#include "../base/prefetch.h"

static uint32_t *slots_of(const struct rpcs_rate *rate, uint32_t chunk)
{
	return rate->chunks + (size_t)(chunk - 1) * RPCS_RATE_SLOTS * rate->series;
}

/* The entry leaves, or begins anew. */
static void chunk_release(void *arg, void *leaving)
{
	struct rpcs_rate *rate = arg;
	struct rpcs_rate_entry *entry = leaving;

	if (!entry->head.own)
		return;
	*slots_of(rate, entry->head.own) = rate->free;
	rate->free = entry->head.own;
	entry->head.own = 0;
}

/* A second slot begins: what was counted so far is the first one's. */
static void chunk_take(struct rpcs_rate *rate, struct rpcs_rate_entry *entry)
{
	uint32_t *slots, i;

	if (rate->free) {
		entry->head.own = rate->free;
		rate->free = *slots_of(rate, entry->head.own);
	} else {
		if (rate->fresh == rate->huge_at)
			rpcs_pages_make_huge(rate->chunks, rate->chunks_size);
		entry->head.own = ++rate->fresh;
	}
	slots = slots_of(rate, entry->head.own);
	memset(slots, 0, RPCS_RATE_SLOTS * rate->series * sizeof(*slots));
	for (i = 0; i < rate->series; i++)
		slots[i] = (uint32_t)entry->sums[i];
}

struct rpcs_rate *rpcs_rate_new(uint64_t window_ns, uint32_t series, uint64_t keys,
				uint64_t repeat_ns, const struct rpcs_hash_seed *seed,
				uint64_t *evictions)
{
	struct rpcs_rate *rate = calloc(1, sizeof(*rate));
	struct rpcs_tally_options options = {
		.keys = keys,
		.entry_size =
			(uint32_t)(sizeof(struct rpcs_rate_entry) + series * sizeof(uint64_t)),
		.memory_ns = window_ns,
		.repeat_ns = repeat_ns,
		.leave = chunk_release,
		.arg = rate,
		.seed = seed,
		.evictions = evictions,
	};

	if (!rate)
		return NULL;
	rate->slot_ns = window_ns / RPCS_RATE_SLOTS;
	if (!rate->slot_ns)
		rate->slot_ns = 1;
	rate->repeat_ns = repeat_ns;
	rate->series = series;
	rate->tally = rpcs_tally_new(&options);
	if (keys > RPCS_TALLY_KEYS_MAX)
		keys = RPCS_TALLY_KEYS_MAX;
	rate->chunks_size = keys * RPCS_RATE_SLOTS * series * sizeof(*rate->chunks);
	rate->chunks = rpcs_pages_map(rate->chunks_size);
	rate->huge_at = rpcs_pages_huge_at(rate->chunks, rate->chunks_size, rate->chunks,
					   RPCS_RATE_SLOTS * series * sizeof(*rate->chunks));
	if (!rate->tally || !rate->chunks)
		rpcs_rate_free(&rate);
	return rate;
}

void rpcs_rate_free(struct rpcs_rate **rate)
{
	if (!*rate)
		return;
	rpcs_tally_free(&(*rate)->tally);
	rpcs_pages_unmap((*rate)->chunks, (*rate)->chunks_size);
	free(*rate);
	*rate = NULL;
}

static uint32_t *slot_of(const struct rpcs_rate *rate, const struct rpcs_rate_entry *entry,
			 uint64_t slot)
{
	return slots_of(rate, entry->head.own) + slot % RPCS_RATE_SLOTS * rate->series;
}

static void clear(const struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t slot)
{
	uint32_t *values = slot_of(rate, entry, slot), i;

	for (i = 0; i < rate->series; i++) {
		entry->sums[i] -= values[i];
		values[i] = 0;
	}
}

void rpcs_rate_advance(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns)
{
	uint64_t slot = (now_ns - entry->start_ns) / rate->slot_ns;

	if (slot - entry->slot >= RPCS_RATE_SLOTS) {
		chunk_release(rate, entry);
		memset(entry->sums, 0, rate->series * sizeof(*entry->sums));
		entry->start_ns = now_ns;
		entry->slot = 0;
		return;
	}
	if (!entry->head.own)
		chunk_take(rate, entry);
	while (entry->slot < slot)
		clear(rate, entry, ++entry->slot);
}

struct rpcs_rate_entry *rpcs_rate_make(struct rpcs_rate *rate, uint64_t id, uint64_t now_ns)
{
	struct rpcs_rate_entry *entry = rpcs_tally_add(rate->tally, id, now_ns);

	entry->start_ns = now_ns;
	return entry;
}

struct rpcs_rate_entry *rpcs_rate_get(struct rpcs_rate *rate, uint64_t id, uint64_t now_ns)
{
	return rpcs_rate_get_at(rate, NULL, id, now_ns);
}

struct rpcs_rate_entry *rpcs_rate_find(struct rpcs_rate *rate, uint64_t id)
{
	return rpcs_tally_find(rate->tally, id);
}

struct rpcs_rate_entry *rpcs_rate_find_at(struct rpcs_rate *rate, struct rpcs_rate_entry *place,
					  uint64_t id)
{
	return rpcs_tally_find_at(rate->tally, place, id);
}

uint32_t rpcs_rate_count(const struct rpcs_rate *rate)
{
	return rpcs_tally_count(rate->tally);
}

uint32_t rpcs_rate_foresee(const struct rpcs_rate *rate, uint64_t id,
			   struct rpcs_foresight *lookups)
{
	return rpcs_tally_foresee(rate->tally, id, lookups);
}

void rpcs_rate_fetch_slots(const struct rpcs_rate *rate, const struct rpcs_rate_entry *place)
{
	if (!place || !place->head.own)
		return;
	rpcs_prefetch(slot_of(rate, place, place->slot));
	rpcs_prefetch(slot_of(rate, place, place->slot + 1));
}

void rpcs_rate_fetch_bucket(const struct rpcs_rate *rate, uint64_t id)
{
	rpcs_tally_fetch_bucket(rate->tally, id);
}

struct rpcs_rate_entry *rpcs_rate_fetch_entry(const struct rpcs_rate *rate, uint64_t id)
{
	return rpcs_tally_fetch_entry(rate->tally, id);
}

void rpcs_rate_add_to_slot(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
			   uint64_t amount)
{
	uint32_t *value = entry->head.own ? &slot_of(rate, entry, entry->slot)[series] : NULL;
	uint64_t room = UINT32_MAX - (value ? *value : entry->sums[series]);

	if (amount > room)
		amount = room;
	if (value)
		*value += (uint32_t)amount;
	entry->sums[series] += amount;
}

void rpcs_rate_take(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
		    uint64_t amount, uint64_t then_ns)
{
	uint64_t slot = rpcs_age(then_ns, entry->start_ns) / rate->slot_ns;
	uint64_t there = entry->sums[series];

	/* Before a pause, or counted late as of the slot that was in hand. */
	if (slot > entry->slot || then_ns < entry->start_ns)
		return;
	if (entry->slot - slot >= RPCS_RATE_SLOTS)
		return;
	if (entry->head.own)
		there = slot_of(rate, entry, slot)[series];
	if (amount > there)
		amount = there;
	if (entry->head.own)
		slot_of(rate, entry, slot)[series] -= (uint32_t)amount;
	entry->sums[series] -= amount;
}

void rpcs_rate_raise(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns)
{
	rpcs_tally_touch(rate->tally, entry, RPCS_TALLY_AGAIN, now_ns);
}

bool rpcs_rate_tell(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns)
{
	if (rpcs_tally_told(entry, now_ns, rate->repeat_ns))
		return false;
	entry->head.told = true;
	entry->head.told_ns = now_ns;
	rpcs_tally_touch(rate->tally, entry, RPCS_TALLY_NEAR, now_ns);
	return true;
}

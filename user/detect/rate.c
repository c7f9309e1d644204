// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over slots of time; see rate.h. */
#include "rate.h"

#include <stdlib.h>
#include <string.h>

struct rpcs_rate {
	struct rpcs_tally *tally;
	uint64_t slot_ns, repeat_ns;
	uint32_t series;
};

struct rpcs_rate *rpcs_rate_new(uint64_t window_ns, uint32_t series, uint64_t keys,
				uint64_t repeat_ns, const struct rpcs_hash_seed *seed,
				uint64_t *evictions)
{
	struct rpcs_rate *rate = calloc(1, sizeof(*rate));
	struct rpcs_tally_options options = {
		.keys = keys,
		.entry_size = (uint32_t)(sizeof(struct rpcs_rate_entry) +
					 series * RPCS_RATE_SLOTS * sizeof(uint32_t)),
		.memory_ns = window_ns,
		.repeat_ns = repeat_ns,
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
	if (!rate->tally)
		rpcs_rate_free(&rate);
	return rate;
}

void rpcs_rate_free(struct rpcs_rate **rate)
{
	if (!*rate)
		return;
	rpcs_tally_free(&(*rate)->tally);
	free(*rate);
	*rate = NULL;
}

static uint32_t *slot_of(const struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t slot)
{
	return &entry->slots[slot % RPCS_RATE_SLOTS * rate->series];
}

static void clear(const struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t slot)
{
	memset(slot_of(rate, entry, slot), 0, rate->series * sizeof(uint32_t));
}

/* To the slot of `now_ns`; one of the past (packets out of order) counts as the one in hand. */
static void advance(const struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint64_t now_ns)
{
	uint64_t slot = rpcs_age(now_ns, entry->start_ns) / rate->slot_ns;

	if (slot <= entry->slot)
		return;
	if (slot - entry->slot >= RPCS_RATE_SLOTS) {
		memset(entry->slots, 0, RPCS_RATE_SLOTS * rate->series * sizeof(uint32_t));
		entry->start_ns = now_ns;
		entry->slot = 0;
		return;
	}
	while (entry->slot < slot)
		clear(rate, entry, ++entry->slot);
}

struct rpcs_rate_entry *rpcs_rate_get(struct rpcs_rate *rate, const struct rpcs_tally_key *key,
				      uint64_t now_ns)
{
	struct rpcs_rate_entry *entry = rpcs_tally_get(rate->tally, key, now_ns);

	if (!entry->start_ns)
		entry->start_ns = now_ns;
	advance(rate, entry, now_ns);
	rpcs_tally_touch(rate->tally, entry, RPCS_TALLY_ONCE, now_ns);
	return entry;
}

struct rpcs_rate_entry *rpcs_rate_find(struct rpcs_rate *rate, const struct rpcs_tally_key *key)
{
	return rpcs_tally_find(rate->tally, key);
}

void rpcs_rate_add(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
		   uint64_t amount)
{
	uint32_t *value = &slot_of(rate, entry, entry->slot)[series];

	*value = amount < UINT32_MAX - *value ? *value + (uint32_t)amount : UINT32_MAX;
}

void rpcs_rate_take(struct rpcs_rate *rate, struct rpcs_rate_entry *entry, uint32_t series,
		    uint64_t amount, uint64_t then_ns)
{
	uint64_t slot = rpcs_age(then_ns, entry->start_ns) / rate->slot_ns;
	uint32_t *value;

	/* Before a pause, or counted late as of the slot that was in hand. */
	if (slot > entry->slot || then_ns < entry->start_ns)
		return;
	if (entry->slot - slot >= RPCS_RATE_SLOTS)
		return;
	value = &slot_of(rate, entry, slot)[series];
	*value = *value > amount ? *value - (uint32_t)amount : 0;
}

uint64_t rpcs_rate_sum(const struct rpcs_rate *rate, const struct rpcs_rate_entry *entry,
		       uint32_t series)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < RPCS_RATE_SLOTS; i++)
		sum += entry->slots[i * rate->series + series];
	return sum;
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

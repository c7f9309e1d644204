/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Look-ups to come. A table's memory is asked for in two steps, some time before it is
 * searched, since a look-up waits for most of its time otherwise.
 */
#ifndef RPCSENTRY_BASE_FORESIGHT_H
#define RPCSENTRY_BASE_FORESIGHT_H

#include "table.h"

enum {
	RPCS_FORESEEN_MAX = 6,
	/* Packets in hand and ahead. A look-up's memory takes as long as one or less to come. */
	RPCS_AHEAD = 16,
	/* So many before its turn, what its look-ups search has come: what they find next. */
	RPCS_AHEAD_NEAR = 6,
};

/** Of one packet. The tables must be there as long as it is used. */
struct rpcs_foresight {
	struct {
		const struct rpcs_table *table;
		void *place; /* of the entry, probably; NULL: there was none */
		uint32_t hash;
	} at[RPCS_FORESEEN_MAX];
	uint32_t count;
	bool fetched; /* the entries were asked for, and `place` is set */
};

/** Begins anew. */
static inline void rpcs_foresight_clear(struct rpcs_foresight *foresight)
{
	foresight->count = 0;
	foresight->fetched = false;
}

/**
 * Asks for what a look-up by this hash will search, and notes it for what that will find; returns
 * its index. A full list takes no more.
 */
static inline uint32_t rpcs_foresee_by(struct rpcs_foresight *foresight,
				       const struct rpcs_table *table, uint32_t hash)
{
	rpcs_table_fetch_bucket(table, hash);
	if (foresight->count == RPCS_FORESEEN_MAX)
		return RPCS_FORESEEN_MAX;
	foresight->at[foresight->count].table = table;
	foresight->at[foresight->count].hash = hash;
	return foresight->count++;
}

/** Asks for the entries that will be found, once what was asked for first is there. */
static inline void rpcs_foresight_entries(struct rpcs_foresight *foresight)
{
	uint32_t i;

	for (i = 0; i < foresight->count; i++)
		foresight->at[i].place =
			rpcs_table_fetch_entry(foresight->at[i].table, foresight->at[i].hash);
	foresight->fetched = true;
}

/** Where the entry of the look-up of this index probably is; NULL: nobody knows. */
static inline void *rpcs_foresight_place(const struct rpcs_foresight *foresight, uint32_t index)
{
	return foresight->fetched && index < foresight->count ? foresight->at[index].place : NULL;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lies in a ring behind the record in hand, told to whom it will come some records ahead. */
#ifndef RPCSENTRY_SOURCE_RING_AHEAD_H
#define RPCSENTRY_SOURCE_RING_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/foresight.h"
#include "ring_memory.h"

/** Who is told. A slot has room for what he keeps of a record until its turn. */
struct rpcs_lookout {
	size_t slot_bytes;
	/* This record comes, RPCS_AHEAD records from now at the most; then RPCS_AHEAD_NEAR. */
	void (*foresee)(void *arg, const void *record, uint32_t len, void *slot);
	void (*near)(void *arg, void *slot);
	/* The next one is that of this slot; NULL: one that nobody foresaw. */
	void (*turn)(void *arg, const void *slot);
	void *arg;
};

/** Of one ring. */
struct rpcs_ring_ahead {
	unsigned long from, to; /* the records from the first position to the other are in slots: */
	uint32_t first, count;
	bool foreseen[RPCS_AHEAD];
	uint8_t *slots; /* RPCS_AHEAD of them; the caller's */
};

/** Before the record at memory->at, which is there, is taken. */
void rpcs_ring_ahead_look(struct rpcs_ring_ahead *ahead, const struct rpcs_ring_memory *memory,
			  const struct rpcs_lookout *lookout);

/** It was taken, and memory->at is at the next one, or at the end. */
void rpcs_ring_ahead_took(struct rpcs_ring_ahead *ahead, const struct rpcs_ring_memory *memory);

#endif

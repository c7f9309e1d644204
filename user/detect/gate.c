// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * All of them are looked at for each, a few at a time. `since` says when none can have left the
 * window, which is nearly always.
 */
#include "gate.h"

#include "../base/clock.h"

#define WINDOW_NS (60 * RPCS_NSEC_PER_SEC)

enum {
	/* Times of sources are kept in units of 2^20 ns. */
	UNIT_SHIFT = 20,
	WINDOW_UNITS = (int)(WINDOW_NS >> UNIT_SHIFT),
};

static void own_set(struct rpcs_gate *gate, uint32_t at, bool own)
{
	gate->own = (gate->own & ~(1U << at)) | (uint32_t)own << at;
}

static void drop(struct rpcs_gate *gate, uint32_t at)
{
	gate->count--;
	gate->hashes[at] = gate->hashes[gate->count];
	gate->times[at] = gate->times[gate->count];
	own_set(gate, at, gate->own >> gate->count & 1);
}

/* Those that are out of the window leave. */
static void expire(struct rpcs_gate *gate, uint32_t now)
{
	uint32_t i = 0;

	gate->since = now;
	while (i < gate->count) {
		if ((int32_t)(now - gate->times[i]) >= WINDOW_UNITS) {
			drop(gate, i);
			continue;
		}
		if ((int32_t)(gate->times[i] - gate->since) < 0)
			gate->since = gate->times[i];
		i++;
	}
}

typedef uint32_t quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t ages __attribute__((vector_size(16)));

/* Bits of those that are `value`. */
static uint32_t matches(const uint32_t values[RPCS_GATE_SOURCES], uint32_t value)
{
	const quad *quads = (const quad *)(const void *)values;
	quad bits = { 1 << 0, 1 << 1, 1 << 2, 1 << 3 }, found = { 0 };
	int i;

#pragma GCC unroll 8
	for (i = 0; i < RPCS_GATE_SOURCES / 4; i++, bits <<= 4)
		found |= (quad)(quads[i] == value) & bits;
	return found[0] | found[1] | found[2] | found[3];
}

/* Of all places, which are taken: the first one of the oldest. Who comes now may be older yet. */
static uint32_t oldest_of(struct rpcs_gate *gate, uint32_t now)
{
	const quad *times = (const quad *)(const void *)gate->times;
	ages most = (ages)(now - times[0]), more, is_more;
	int32_t oldest;
	uint32_t at;
	int i;

#pragma GCC unroll 8
	for (i = 1; i < RPCS_GATE_SOURCES / 4; i++) {
		more = (ages)(now - times[i]);
		is_more = more > most;
		most = (more & is_more) | (most & ~is_more);
	}
	oldest = most[0];
	for (i = 1; i < 4; i++)
		if (most[i] > oldest)
			oldest = most[i];
	at = (uint32_t)__builtin_ctz(matches(gate->times, now - (uint32_t)oldest));
	gate->since = oldest < 0 ? now : now - (uint32_t)oldest;
	return at;
}

bool rpcs_gate_is_over(const struct rpcs_gate *gate, uint64_t now_ns)
{
	return rpcs_time_is_up(gate->last_ns, WINDOW_NS, now_ns);
}

bool rpcs_gate_is_crowded(struct rpcs_gate *gate, uint32_t hash, uint64_t now_ns)
{
	uint32_t now = (uint32_t)(now_ns >> UNIT_SHIFT), at, found;
	bool crowded;

	if (rpcs_gate_is_over(gate, now_ns))
		gate->count = 0;
	gate->last_ns = now_ns;
	if (now - gate->since >= WINDOW_UNITS)
		expire(gate, now);
	found = matches(gate->hashes, hash) & (uint32_t)((1ULL << gate->count) - 1);
	crowded = gate->count == RPCS_GATE_SOURCES;
	if (found) {
		at = (uint32_t)__builtin_ctz(found);
	} else {
		at = crowded ? oldest_of(gate, now) : gate->count++;
		own_set(gate, at, false);
	}
	gate->hashes[at] = hash;
	gate->times[at] = now;
	gate->own |= (uint32_t)!crowded << at;
	return crowded && !(gate->own >> at & 1);
}

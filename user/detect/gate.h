/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who was new of late, 32 sources at the most: what makes a crowd of those that follow. */
#ifndef RPCSENTRY_DETECT_GATE_H
#define RPCSENTRY_DETECT_GATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RPCS_GATE_SOURCES = 32 /* in 60 s with alerts of their own */ };

/** Each source once, by a hash of it. Zeroed: nobody. */
struct rpcs_gate {
	uint32_t count;
	uint32_t since; /* no time is earlier */
	uint32_t own;	/* a bit for each: it has alerts of its own */
	uint32_t times[RPCS_GATE_SOURCES];
	uint32_t hashes[RPCS_GATE_SOURCES];
	uint64_t last_ns;
};

/** Takes a source: must it share an alert with others? */
bool rpcs_gate_is_crowded(struct rpcs_gate *gate, uint32_t hash, uint64_t now_ns);

/** Nobody was new in the last 60 s. */
bool rpcs_gate_is_over(const struct rpcs_gate *gate, uint64_t now_ns);

#endif

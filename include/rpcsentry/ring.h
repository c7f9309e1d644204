/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rings between programs and agent: how many, and who wakes whom. */
#ifndef RPCSENTRY_RING_H
#define RPCSENTRY_RING_H

#include "portable.h"

enum {
	RPCS_RINGS_MAX = 64, /* CPUs beyond share them */
};

/**
 * Of each ring, in a cache line of its own (map `bells`): set by the agent before it
 * sleeps, cleared by the program that wakes it.
 */
struct rpcs_bell {
	__u32 wanted;
	__u32 pad[15];
};

_Static_assert(sizeof(struct rpcs_bell) == 64, "a cache line");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel's programs counted of sources over their budget, as it grows. */
#ifndef RPCSENTRY_SOURCE_OVER_BUDGET_H
#define RPCSENTRY_SOURCE_OVER_BUDGET_H

#include <stdint.h>

#include <rpcsentry/budget.h>

#include "../base/hash.h"

struct rpcs_over_reader;

/** `count` messages came of this key since it was told last. */
typedef void (*rpcs_over_fn)(void *arg, const struct rpcs_over_key *key,
			     const struct rpcs_over_value *value, uint64_t count);

/** Of the map `over_budget`, whose descriptor stays the caller's. NULL: out of memory. */
struct rpcs_over_reader *rpcs_over_reader_new(int map_fd, const struct rpcs_hash_seed *seed);
void rpcs_over_reader_free(struct rpcs_over_reader **reader);

/**
 * Tells what has grown since the last time. A key that has been at rest for
 * RPCS_OVER_REST_NS goes: by then no program holds its value. 0 or -errno.
 */
int rpcs_over_read(struct rpcs_over_reader *reader, uint64_t monotonic_ns, rpcs_over_fn fn,
		   void *arg);

/** The same at the end of a run: all keys go, so that the next one tells none of it again. */
int rpcs_over_read_last(struct rpcs_over_reader *reader, rpcs_over_fn fn, void *arg);

/** Is there any key that may still grow, or go? */
bool rpcs_over_is_known(const struct rpcs_over_reader *reader);

#define RPCS_OVER_REST_NS 10000000000ULL

#endif

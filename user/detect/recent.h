/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When something was seen last, and a number with it: what several detections remember. */
#ifndef RPCSENTRY_DETECT_RECENT_H
#define RPCSENTRY_DETECT_RECENT_H

#include "../base/hash.h"
#include "../base/table.h"

struct rpcs_recent;

/** What is remembered of a key. */
struct rpcs_recent_note {
	uint64_t time_ns; /* of the packet that said it */
	uint64_t value;
};

/**
 * A table of `capacity` keys of `key_size` bytes without padding; a full one lets the oldest
 * go. `*evictions`, the caller's, counts those that were younger than the time asked for
 * last. NULL: out of memory.
 */
struct rpcs_recent *rpcs_recent_new(uint64_t capacity, uint32_t key_size,
				    const struct rpcs_hash_seed *seed, uint64_t *evictions);
void rpcs_recent_free(struct rpcs_recent **recent);

/** What was noted of `key` in the last `within_ns`; NULL: nothing. Valid until the next note. */
const struct rpcs_recent_note *rpcs_recent_find(struct rpcs_recent *recent, const void *key,
						uint64_t now_ns, uint64_t within_ns);

/** Notes `value` for `key`, instead of what was noted before. */
void rpcs_recent_note(struct rpcs_recent *recent, const void *key, uint64_t now_ns, uint64_t value);

#endif

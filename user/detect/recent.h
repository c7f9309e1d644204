/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When something was seen last, and a number with it: what several detections remember. */
#ifndef RPCSENTRY_DETECT_RECENT_H
#define RPCSENTRY_DETECT_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/hash.h"

struct rpcs_recent;

/** What is remembered of a key. */
struct rpcs_recent_note {
	uint64_t time_ns; /* of the packet that said it */
	uint64_t value;
};

/**
 * `capacity` keys, one at least, of `key_size` bytes without padding, and some more; a full one
 * lets one go of those that were noted longest ago, a small one just that. `*evictions`, the
 * caller's, counts those that were younger than the time asked for last. NULL: out of memory.
 */
struct rpcs_recent *rpcs_recent_new(uint64_t capacity, uint32_t key_size,
				    const struct rpcs_hash_seed *seed, uint64_t *evictions);
void rpcs_recent_free(struct rpcs_recent **recent);

/** What was noted of `key` in the last `within_ns`; NULL: nothing. Valid until the next call. */
const struct rpcs_recent_note *rpcs_recent_find(struct rpcs_recent *recent, const void *key,
						uint64_t now_ns, uint64_t within_ns);

/** Notes `value` for `key`, instead of what was noted before. */
void rpcs_recent_note(struct rpcs_recent *recent, const void *key, uint64_t now_ns, uint64_t value);

enum { RPCS_RECENT_CHOICES = 2 };

/** Where a key may stand. */
struct rpcs_recent_bucket;
struct rpcs_recent_choices {
	struct rpcs_recent_bucket *buckets[RPCS_RECENT_CHOICES];
};

/** The same by the key's id, any 64 bits that are as good as random, and fetching ahead. */
uint64_t rpcs_recent_id(const struct rpcs_recent *recent, const void *key);
struct rpcs_recent_choices rpcs_recent_fetch(const struct rpcs_recent *recent, uint64_t id);
const struct rpcs_recent_note *rpcs_recent_find_by(struct rpcs_recent *recent, uint64_t id,
						   uint64_t now_ns, uint64_t within_ns);
void rpcs_recent_note_by(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns, uint64_t value);

/** Was it noted in the last `within_ns`? Notes it if not. */
bool rpcs_recent_seen_by(struct rpcs_recent *recent, uint64_t id, uint64_t now_ns,
			 uint64_t within_ns);

/** The same where it was fetched. */
bool rpcs_recent_seen_at(struct rpcs_recent *recent, const struct rpcs_recent_choices *choices,
			 uint64_t id, uint64_t now_ns, uint64_t within_ns);

#endif

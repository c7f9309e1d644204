/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many different things did a key touch in a time? Of each key the last things are
 * kept with when each was touched last, as many as make an alert, so that windows are
 * counted exactly up to their thresholds. The first two lie in the key's entry, more of
 * them in chunks of a pool that all keys share. A key whose alert was raised keeps none:
 * it costs one look at the table, until shortly before the alert may be raised again.
 */
#ifndef RPCSENTRY_DETECT_DISTINCT_H
#define RPCSENTRY_DETECT_DISTINCT_H

#include "../base/address.h"
#include "tally.h"

enum {
	/* A higher threshold of the policy counts as this one. */
	RPCS_DISTINCT_MAX = 4096,
	RPCS_DISTINCT_WINDOWS = 2,
};

/** So many things in such a time make an alert; no threshold: there is no such window. */
struct rpcs_distinct_window {
	uint64_t length_ns, threshold;
};

/** What is counted: any of the windows will do. The alert may come again after a while. */
struct rpcs_distinct_rule {
	struct rpcs_distinct_window windows[RPCS_DISTINCT_WINDOWS];
};

struct rpcs_distinct_item {
	struct rpcs_address what; /* an address, or rpcs_distinct_number() */
	uint64_t time_ns : 63;	  /* of the last touch */
	uint64_t mark : 1;	  /* by one with a mark */
};

struct rpcs_distinct;

/** For all of `rules`; keys, repeat and the rest as in tally.h. NULL: out of memory. */
struct rpcs_distinct *rpcs_distinct_new(const struct rpcs_distinct_rule *rules, uint32_t count,
					uint64_t keys, uint64_t repeat_ns,
					const struct rpcs_hash_seed *seed, uint64_t *evictions);
void rpcs_distinct_free(struct rpcs_distinct **distinct);

/**
 * `id` touched `what`. True: that makes an alert, which is to be raised now, and *ret_window
 * says which window is full.
 */
bool rpcs_distinct_note(struct rpcs_distinct *distinct, const struct rpcs_distinct_rule *rule,
			uint64_t id, const struct rpcs_address *what, bool mark, uint64_t now_ns,
			uint32_t *ret_window);

/**
 * Ahead of it, each once what was fetched before is there: what it looks up first; what that finds,
 * probably at the place returned, or NULL; and what that has.
 */
void rpcs_distinct_fetch(const struct rpcs_distinct *distinct, uint64_t id);
const void *rpcs_distinct_fetch_entry(const struct rpcs_distinct *distinct, uint64_t id);
void rpcs_distinct_fetch_items(const struct rpcs_distinct *distinct, const void *place);

/** What made the last alert, the oldest touch first; valid until the next one. */
const struct rpcs_distinct_item *rpcs_distinct_found(const struct rpcs_distinct *distinct,
						     uint32_t *ret_count);

/** Takes a touch back, unless one with a mark was among those of `what`. */
void rpcs_distinct_forget(struct rpcs_distinct *distinct, uint64_t id,
			  const struct rpcs_address *what);

/** A number as a thing, and back. */
struct rpcs_address rpcs_distinct_number(uint32_t number);
uint32_t rpcs_distinct_number_of(const struct rpcs_distinct_item *item);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sets of what was touched, in entries and chunks; see distinct.h. */
#include "distinct.h"

#include <stdlib.h>
#include <string.h>

#include "../base/prefetch.h"

enum {
	INLINE = 2,
	CHUNK = 8,
	CHUNKS_MAX = 1 << 20,
	/* How many keys may go to make room for one thing of another. */
	EVICTIONS_MAX = 16,
};

struct chunk {
	uint32_t next; /* index + 1 of the one filled before, or of a free one; 0: none */
	struct rpcs_distinct_item items[CHUNK];
};

/* The first INLINE things in the entry, the last ones in the chunk at the head. */
struct entry {
	struct rpcs_tally_head head;
	uint32_t count;
	uint32_t chunk; /* as chunk.next */
	struct rpcs_distinct_item items[INLINE];
};

struct rpcs_distinct {
	struct rpcs_tally *tally;
	uint32_t capacity; /* things of a key */
	uint64_t repeat_ns;
	uint64_t *evictions;
	struct chunk *chunks;
	uint32_t chunk_count, fresh, free; /* from `fresh` on they were never used */
	struct rpcs_distinct_item *found;  /* `capacity` of them */
	uint32_t found_count;
};

static void release(void *arg, void *leaving)
{
	struct rpcs_distinct *distinct = arg;
	struct entry *entry = leaving;
	uint32_t index;

	while ((index = entry->chunk)) {
		entry->chunk = distinct->chunks[index - 1].next;
		distinct->chunks[index - 1].next = distinct->free;
		distinct->free = index;
	}
	entry->count = 0;
}

struct rpcs_distinct *rpcs_distinct_new(const struct rpcs_distinct_rule *rules, uint32_t count,
					uint64_t keys, uint64_t repeat_ns,
					const struct rpcs_hash_seed *seed, uint64_t *evictions)
{
	struct rpcs_distinct *distinct = calloc(1, sizeof(*distinct));
	struct rpcs_tally_options options = { .keys = keys,
					      .entry_size = sizeof(struct entry),
					      .repeat_ns = repeat_ns,
					      .leave = release,
					      .arg = distinct,
					      .seed = seed,
					      .evictions = evictions };
	const struct rpcs_distinct_window *window;
	uint64_t capacity = 1;
	uint32_t i;

	if (!distinct)
		return NULL;
	for (i = 0; i < count * RPCS_DISTINCT_WINDOWS; i++) {
		window = &rules[i / RPCS_DISTINCT_WINDOWS].windows[i % RPCS_DISTINCT_WINDOWS];
		if (window->threshold > capacity)
			capacity = window->threshold;
		if (window->threshold && window->length_ns > options.memory_ns)
			options.memory_ns = window->length_ns;
	}
	distinct->capacity = capacity < RPCS_DISTINCT_MAX ? (uint32_t)capacity : RPCS_DISTINCT_MAX;
	distinct->repeat_ns = repeat_ns;
	distinct->evictions = evictions;
	/* A chunk for every other key, and room for a few that are full. */
	distinct->chunk_count = (keys / 2 < CHUNKS_MAX ? (uint32_t)keys / 2 : CHUNKS_MAX) +
				4 * (distinct->capacity / CHUNK + 1);
	distinct->chunks = calloc(distinct->chunk_count, sizeof(*distinct->chunks));
	distinct->found = calloc(distinct->capacity, sizeof(*distinct->found));
	distinct->tally = rpcs_tally_new(&options);
	if (!distinct->chunks || !distinct->found || !distinct->tally)
		rpcs_distinct_free(&distinct);
	return distinct;
}

void rpcs_distinct_free(struct rpcs_distinct **distinct)
{
	if (!*distinct)
		return;
	rpcs_tally_free(&(*distinct)->tally);
	free((*distinct)->chunks);
	free((*distinct)->found);
	free(*distinct);
	*distinct = NULL;
}

/* Steps through an entry's things: the first ones, then chunk by chunk. */
struct walk {
	struct rpcs_distinct_item *items;
	uint32_t left;	/* in `items` */
	uint32_t chunk; /* that comes then */
};

static struct walk walk_of(struct entry *entry)
{
	return (struct walk){ entry->items, entry->count < INLINE ? entry->count : INLINE,
			      entry->chunk };
}

/* How many things the chunk at the head has. */
static uint32_t in_head(const struct entry *entry)
{
	return (entry->count - INLINE - 1) % CHUNK + 1;
}

static struct rpcs_distinct_item *walk_next(struct rpcs_distinct *distinct,
					    const struct entry *entry, struct walk *walk)
{
	if (!walk->left) {
		if (!walk->chunk)
			return NULL;
		walk->items = distinct->chunks[walk->chunk - 1].items;
		walk->left = walk->chunk == entry->chunk ? in_head(entry) : CHUNK;
		walk->chunk = distinct->chunks[walk->chunk - 1].next;
	}
	walk->left--;
	return walk->items++;
}

static bool chunk_push(struct rpcs_distinct *distinct, struct entry *entry, uint64_t now_ns)
{
	uint32_t index, i;

	for (i = 0; !distinct->free && distinct->fresh == distinct->chunk_count; i++)
		if (i == EVICTIONS_MAX || !rpcs_tally_evict(distinct->tally, entry, now_ns))
			return false;
	if (distinct->free) {
		index = distinct->free;
		distinct->free = distinct->chunks[index - 1].next;
	} else {
		index = ++distinct->fresh;
	}
	distinct->chunks[index - 1].next = entry->chunk;
	entry->chunk = index;
	return true;
}

/* Room for one more thing; NULL: there is none. */
static struct rpcs_distinct_item *push(struct rpcs_distinct *distinct, struct entry *entry,
				       uint64_t now_ns)
{
	if (entry->count < INLINE)
		return &entry->items[entry->count++];
	if ((entry->count - INLINE) % CHUNK == 0 && !chunk_push(distinct, entry, now_ns))
		return NULL;
	entry->count++;
	return &distinct->chunks[entry->chunk - 1].items[in_head(entry) - 1];
}

/* Takes the last thing away. */
static struct rpcs_distinct_item pop(struct rpcs_distinct *distinct, struct entry *entry)
{
	struct rpcs_distinct_item item;
	uint32_t index = entry->chunk;

	if (entry->count <= INLINE)
		return entry->items[--entry->count];
	item = distinct->chunks[index - 1].items[in_head(entry) - 1];
	if (in_head(entry) == 1) {
		entry->chunk = distinct->chunks[index - 1].next;
		distinct->chunks[index - 1].next = distinct->free;
		distinct->free = index;
	}
	entry->count--;
	return item;
}

/* What one look over an entry's things finds. */
struct look {
	struct rpcs_distinct_item *same, *oldest;
	uint32_t within[RPCS_DISTINCT_WINDOWS]; /* how many, but for `same` */
	bool known; /* `same` was counted in every window: nothing changes */
};

static bool is_known(const struct rpcs_distinct_rule *rule, const struct rpcs_distinct_item *item,
		     uint64_t now_ns)
{
	uint32_t i;

	for (i = 0; i < RPCS_DISTINCT_WINDOWS; i++)
		if (rule->windows[i].threshold &&
		    rpcs_age(now_ns, item->time_ns) > rule->windows[i].length_ns)
			return false;
	return true;
}

static struct look look_at(struct rpcs_distinct *distinct, const struct rpcs_distinct_rule *rule,
			   struct entry *entry, const struct rpcs_address *what, uint64_t now_ns)
{
	struct walk walk = walk_of(entry);
	struct rpcs_distinct_item *item;
	struct look look = { 0 };
	uint32_t i;

	while ((item = walk_next(distinct, entry, &walk))) {
		if (rpcs_address_equal(&item->what, what)) {
			look.same = item;
			look.known = is_known(rule, item, now_ns);
			if (look.known)
				break;
			continue;
		}
		if (!look.oldest || item->time_ns < look.oldest->time_ns)
			look.oldest = item;
		for (i = 0; i < RPCS_DISTINCT_WINDOWS; i++)
			look.within[i] += rpcs_age(now_ns, item->time_ns) <=
					  rule->windows[i].length_ns;
	}
	return look;
}

static uint64_t threshold_of(const struct rpcs_distinct_rule *rule, uint32_t window)
{
	uint64_t threshold = rule->windows[window].threshold;

	return threshold < RPCS_DISTINCT_MAX ? threshold : RPCS_DISTINCT_MAX;
}

static enum rpcs_table_lane rank_of(const struct rpcs_distinct_rule *rule,
				    const struct entry *entry)
{
	uint32_t i;

	if (entry->count < 2)
		return RPCS_TALLY_ONCE;
	for (i = 0; i < RPCS_DISTINCT_WINDOWS; i++)
		if (rule->windows[i].threshold && entry->count * 2 >= threshold_of(rule, i))
			return RPCS_TALLY_NEAR;
	return RPCS_TALLY_AGAIN;
}

static int compare(const void *a, const void *b)
{
	const struct rpcs_distinct_item *one = a, *other = b;

	return (one->time_ns > other->time_ns) - (one->time_ns < other->time_ns);
}

/* The alert is raised: its things are kept until the next one's, the entry needs them no more. */
static void tell(struct rpcs_distinct *distinct, const struct rpcs_distinct_window *window,
		 struct entry *entry, uint64_t now_ns)
{
	struct walk walk = walk_of(entry);
	struct rpcs_distinct_item *item;

	distinct->found_count = 0;
	while ((item = walk_next(distinct, entry, &walk)))
		if (rpcs_age(now_ns, item->time_ns) <= window->length_ns)
			distinct->found[distinct->found_count++] = *item;
	qsort(distinct->found, distinct->found_count, sizeof(*distinct->found), compare);
	release(distinct, entry);
	entry->head.told = true;
	entry->head.told_ns = now_ns;
	rpcs_tally_touch(distinct->tally, entry, RPCS_TALLY_NEAR, now_ns);
}

/* Counts again in time for the shorter window to be full when the alert may be raised again. */
static bool is_quiet(const struct rpcs_distinct *distinct, const struct rpcs_distinct_rule *rule,
		     const struct entry *entry, uint64_t now_ns)
{
	uint64_t length_ns = rule->windows[0].length_ns;

	return distinct->repeat_ns > length_ns &&
	       rpcs_tally_told(entry, now_ns, distinct->repeat_ns - length_ns);
}

/* The thing's place: its own, a new one, or that of the oldest. */
static void put(struct rpcs_distinct *distinct, struct entry *entry, const struct look *look,
		const struct rpcs_address *what, bool mark, uint64_t now_ns)
{
	struct rpcs_distinct_item *item = look->same;

	if (!item && entry->count < distinct->capacity) {
		item = push(distinct, entry, now_ns);
		*distinct->evictions += !item;
	}
	if (!item)
		item = look->oldest;
	if (!look->same)
		*item = (struct rpcs_distinct_item){ .what = *what };
	if (now_ns > item->time_ns)
		item->time_ns = now_ns;
	item->mark |= mark;
}

void rpcs_distinct_fetch(const struct rpcs_distinct *distinct, uint64_t id)
{
	rpcs_tally_fetch_bucket(distinct->tally, id);
}

const void *rpcs_distinct_fetch_entry(const struct rpcs_distinct *distinct, uint64_t id)
{
	return rpcs_tally_fetch_entry(distinct->tally, id);
}

void rpcs_distinct_fetch_items(const struct rpcs_distinct *distinct, const void *place)
{
	const struct entry *entry = place;

	if (entry && entry->chunk)
		rpcs_prefetch_all(&distinct->chunks[entry->chunk - 1], sizeof(struct chunk));
}

bool rpcs_distinct_note(struct rpcs_distinct *distinct, const struct rpcs_distinct_rule *rule,
			uint64_t id, const struct rpcs_address *what, bool mark, uint64_t now_ns,
			uint32_t *ret_window)
{
	struct entry *entry = rpcs_tally_get(distinct->tally, id, now_ns);
	struct look look;
	uint32_t i;

	if (is_quiet(distinct, rule, entry, now_ns)) {
		rpcs_tally_touch(distinct->tally, entry, RPCS_TALLY_NEAR, now_ns);
		return false;
	}
	look = look_at(distinct, rule, entry, what, now_ns);
	put(distinct, entry, &look, what, mark, now_ns);
	rpcs_tally_touch(distinct->tally, entry, rank_of(rule, entry), now_ns);
	if (look.known || rpcs_tally_told(entry, now_ns, distinct->repeat_ns))
		return false;
	for (i = 0; i < RPCS_DISTINCT_WINDOWS; i++) {
		if (!rule->windows[i].threshold || look.within[i] + 1 < threshold_of(rule, i))
			continue;
		tell(distinct, &rule->windows[i], entry, now_ns);
		*ret_window = i;
		return true;
	}
	return false;
}

const struct rpcs_distinct_item *rpcs_distinct_found(const struct rpcs_distinct *distinct,
						     uint32_t *ret_count)
{
	*ret_count = distinct->found_count;
	return distinct->found;
}

void rpcs_distinct_forget(struct rpcs_distinct *distinct, uint64_t id,
			  const struct rpcs_address *what)
{
	struct rpcs_distinct_item *item, last;
	struct entry *entry = NULL;
	struct walk walk;

	if (rpcs_tally_count(distinct->tally))
		entry = rpcs_tally_find(distinct->tally, id);
	if (!entry)
		return;
	walk = walk_of(entry);
	while ((item = walk_next(distinct, entry, &walk)))
		if (rpcs_address_equal(&item->what, what))
			break;
	if (!item || item->mark)
		return;
	last = pop(distinct, entry);
	/* The last one may have been that very one, and its chunk free by now. */
	if (!rpcs_address_equal(&last.what, what))
		*item = last;
}

struct rpcs_address rpcs_distinct_number(uint32_t number)
{
	struct rpcs_address what = { .bytes = { [12] = (uint8_t)(number >> 24),
						[13] = (uint8_t)(number >> 16),
						[14] = (uint8_t)(number >> 8),
						[15] = (uint8_t)number } };

	return what;
}

uint32_t rpcs_distinct_number_of(const struct rpcs_distinct_item *item)
{
	const uint8_t *bytes = item->what.bytes;

	return (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 | (uint32_t)bytes[14] << 8 |
	       bytes[15];
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prefixes of many sets, sorted once: the innermost one that holds a number. */
#include "key_index.h"

#include <errno.h>
#include <stdlib.h>

#include "model.h"

int rpcs_key_entries_add(struct rpcs_key_entries *entries, rpcs_key key, uint8_t len, uint32_t set)
{
	int err = rpcs_array_grow(&entries->list, entries->count, &entries->size,
				  sizeof(*entries->list));

	if (err < 0)
		return err;
	entries->list[entries->count++] = (struct rpcs_key_entry){ key, set, len };
	return 0;
}

/** The largest prefix that begins at `low` and does not go beyond `high`. */
static uint8_t prefix_at(rpcs_key low, rpcs_key high)
{
	uint8_t len = RPCS_KEY_BITS;

	while (len > 0 && (low & rpcs_key_behind(len - 1U)) == 0 &&
	       (low | rpcs_key_behind(len - 1U)) <= high)
		len--;
	return len;
}

int rpcs_key_entries_add_nets(struct rpcs_key_entries *entries, const struct rpcs_netset *nets,
			      uint32_t set)
{
	for (uint32_t i = 0; i < nets->count; i++) {
		rpcs_key low = nets->ranges[i].low;
		rpcs_key high = nets->ranges[i].high;
		rpcs_key end;

		do {
			uint8_t len = prefix_at(low, high);
			int err = rpcs_key_entries_add(entries, low, len, set);

			if (err < 0)
				return err;
			end = low | rpcs_key_behind(len);
			low = end + 1;
		} while (end < high);
	}
	return 0;
}

/** A prefix comes before those inside it. */
static int entry_compare(const void *a, const void *b)
{
	const struct rpcs_key_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->set < y->set ? -1 : x->set > y->set;
}

/** From `key` on, `node` is the innermost one. */
static void point_set(struct rpcs_key_index *index, rpcs_key key, uint32_t node)
{
	if (!index->point_count || index->points[index->point_count - 1] != key)
		index->points[index->point_count++] = key;
	index->node_at[index->point_count - 1] = node;
}

/** The prefixes that lie around the one in hand, outermost first. */
struct nest {
	rpcs_key end[RPCS_KEY_BITS + 1];
	uint32_t node[RPCS_KEY_BITS + 1];
	uint32_t depth;
};

/** Leaves the prefixes that end before `key`, or all. */
static void nest_leave(struct rpcs_key_index *index, struct nest *nest, bool all, rpcs_key key)
{
	while (nest->depth && (all || nest->end[nest->depth - 1] < key)) {
		rpcs_key next = nest->end[--nest->depth] + 1;

		/* Behind the last number of all there is nothing. */
		if (next)
			point_set(index, next,
				  nest->depth ? nest->node[nest->depth - 1] : RPCS_KEY_NONE);
	}
}

static void sweep(struct rpcs_key_index *index, const struct rpcs_key_entries *entries)
{
	struct nest nest = { .depth = 0 };
	const struct rpcs_key_entry *before = NULL;

	point_set(index, 0, RPCS_KEY_NONE);
	for (uint32_t i = 0; i < entries->count; i++) {
		const struct rpcs_key_entry *entry = &entries->list[i];

		if (!before || before->key != entry->key || before->len != entry->len) {
			nest_leave(index, &nest, false, entry->key);
			index->nodes[index->node_count] = (struct rpcs_key_node){
				.parent = nest.depth ? nest.node[nest.depth - 1] : RPCS_KEY_NONE,
				.first = i,
			};
			nest.end[nest.depth] = entry->key | rpcs_key_behind(entry->len);
			nest.node[nest.depth++] = index->node_count;
			point_set(index, entry->key, index->node_count++);
		}
		index->sets[i] = entry->set;
		index->nodes[index->node_count - 1].count++;
		before = entry;
	}
	nest_leave(index, &nest, true, 0);
}

int rpcs_key_index_build(struct rpcs_key_entries *entries, struct rpcs_key_index *ret_index)
{
	/* Each prefix begins and ends once; and there is the point 0. */
	size_t points = 2 * (size_t)entries->count + 1;
	struct rpcs_key_index index = { 0 };

	index.points = calloc(points, sizeof(*index.points));
	index.node_at = calloc(points, sizeof(*index.node_at));
	index.nodes = calloc(entries->count + 1UL, sizeof(*index.nodes));
	index.sets = calloc(entries->count + 1UL, sizeof(*index.sets));
	if (!index.points || !index.node_at || !index.nodes || !index.sets) {
		rpcs_key_index_clear(&index);
		return -ENOMEM;
	}
	if (entries->count)
		qsort(entries->list, entries->count, sizeof(*entries->list), entry_compare);
	sweep(&index, entries);
	*ret_index = index;
	return 0;
}

uint32_t rpcs_key_index_find(const struct rpcs_key_index *index, rpcs_key key)
{
	const rpcs_key *at = index->points;

	/* Without a branch to be guessed wrong: which half is as good as random. */
	for (uint32_t left = index->point_count; left > 1;) {
		uint32_t half = left / 2;

		at += at[half] <= key ? half : 0;
		left -= half;
	}
	return index->node_at[at - index->points];
}

void rpcs_key_index_clear(struct rpcs_key_index *index)
{
	free(index->points);
	free(index->node_at);
	free(index->nodes);
	free(index->sets);
	*index = (struct rpcs_key_index){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sorted ranges of addresses. */
#include "netset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int room_make(struct rpcs_netset *set, uint32_t more)
{
	uint64_t need = (uint64_t)set->count + more;
	uint64_t size = set->size ? set->size : 4;
	struct rpcs_net_range *ranges;

	if (need <= set->size)
		return 0;
	while (size < need)
		size *= 2;
	if (size > UINT32_MAX)
		return -ENOMEM;
	ranges = reallocarray(set->ranges, size, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	set->ranges = ranges;
	set->size = (uint32_t)size;
	return 0;
}

int rpcs_netset_add(struct rpcs_netset *set, const struct rpcs_prefix *prefix)
{
	struct rpcs_net_range *range;
	int err = room_make(set, 1);

	if (err < 0)
		return err;
	range = &set->ranges[set->count++];
	range->low = rpcs_key_of(&prefix->base);
	range->high = range->low | rpcs_key_behind(prefix->len);
	return 0;
}

int rpcs_netset_add_set(struct rpcs_netset *set, const struct rpcs_netset *from)
{
	int err = room_make(set, from->count);

	if (err < 0)
		return err;
	if (from->count)
		memcpy(set->ranges + set->count, from->ranges, from->count * sizeof(*from->ranges));
	set->count += from->count;
	return 0;
}

static int range_compare(const void *a, const void *b)
{
	const struct rpcs_net_range *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

void rpcs_netset_seal(struct rpcs_netset *set)
{
	uint32_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->ranges, set->count, sizeof(*set->ranges), range_compare);
	for (uint32_t i = 1; i < set->count; i++) {
		struct rpcs_net_range *last = &set->ranges[kept];
		const struct rpcs_net_range *range = &set->ranges[i];

		/* Nor is it the address behind the last one's end. */
		if (range->low > last->high && range->low - last->high > 1)
			set->ranges[++kept] = *range;
		else if (range->high > last->high)
			last->high = range->high;
	}
	set->count = kept + 1;
}

/** The last range that begins at or before the address, or NULL. */
static inline const struct rpcs_net_range *range_find(const struct rpcs_netset *set,
						      rpcs_key address)
{
	const struct rpcs_net_range *range = set->ranges;

	/* Without a branch to be guessed wrong: which half is as good as random. */
	for (uint32_t left = set->count; left > 1;) {
		uint32_t half = left / 2;

		range += range[half].low <= address ? half : 0;
		left -= half;
	}
	return set->count && range->low <= address ? range : NULL;
}

bool rpcs_netset_contains(const struct rpcs_netset *set, const struct rpcs_address *address)
{
	rpcs_key key = rpcs_key_of(address);
	const struct rpcs_net_range *range = range_find(set, key);

	return range && key <= range->high;
}

bool rpcs_netset_covers(const struct rpcs_netset *outer, const struct rpcs_netset *inner)
{
	for (uint32_t i = 0; i < inner->count; i++) {
		const struct rpcs_net_range *range = range_find(outer, inner->ranges[i].low);

		if (!range || inner->ranges[i].high > range->high)
			return false;
	}
	return true;
}

void rpcs_netset_clear(struct rpcs_netset *set)
{
	free(set->ranges);
	*set = (struct rpcs_netset){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sorted ranges of addresses. */
#include "netset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int address_compare(const struct rpcs_address *a, const struct rpcs_address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

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
	range->low = prefix->base;
	range->high = prefix->base;
	for (unsigned int i = prefix->len; i < 8 * sizeof(range->high.bytes); i++)
		range->high.bytes[i / 8] |= (uint8_t)(0x80U >> (i % 8));
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

	return address_compare(&x->low, &y->low);
}

/** Is `b` the address behind `a`? */
static bool follows(const struct rpcs_address *a, const struct rpcs_address *b)
{
	struct rpcs_address next = *a;

	for (size_t i = sizeof(next.bytes); i-- > 0;) {
		if (++next.bytes[i] != 0)
			return rpcs_address_equal(&next, b);
	}
	return false;
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

		if (address_compare(&range->low, &last->high) > 0 &&
		    !follows(&last->high, &range->low))
			set->ranges[++kept] = *range;
		else if (address_compare(&range->high, &last->high) > 0)
			last->high = range->high;
	}
	set->count = kept + 1;
}

/** The last range that begins at or before the address, or NULL. */
static const struct rpcs_net_range *range_find(const struct rpcs_netset *set,
					       const struct rpcs_address *address)
{
	uint32_t low = 0, high = set->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (address_compare(&set->ranges[middle].low, address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &set->ranges[low - 1] : NULL;
}

bool rpcs_netset_contains(const struct rpcs_netset *set, const struct rpcs_address *address)
{
	const struct rpcs_net_range *range = range_find(set, address);

	return range && address_compare(address, &range->high) <= 0;
}

bool rpcs_netset_covers(const struct rpcs_netset *outer, const struct rpcs_netset *inner)
{
	for (uint32_t i = 0; i < inner->count; i++) {
		const struct rpcs_net_range *range = range_find(outer, &inner->ranges[i].low);

		if (!range || address_compare(&inner->ranges[i].high, &range->high) > 0)
			return false;
	}
	return true;
}

void rpcs_netset_clear(struct rpcs_netset *set)
{
	free(set->ranges);
	*set = (struct rpcs_netset){ 0 };
}

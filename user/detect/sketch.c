// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The k smallest hashes (Bar-Yossef and others), and Space-Saving. */
#include "sketch.h"

#include <string.h>

/* The first place whose hash is not smaller. */
static uint32_t place_of(const struct rpcs_variety *variety, uint64_t hash)
{
	uint32_t low = 0, high = variety->kept, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (variety->smallest[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool rpcs_variety_add(struct rpcs_variety *variety, uint64_t hash)
{
	bool full = variety->kept == RPCS_VARIETY_MAX;
	uint32_t at;

	if (full && hash > variety->smallest[RPCS_VARIETY_MAX - 1]) {
		variety->is_estimate = true;
		return false;
	}
	at = place_of(variety, hash);
	if (at < variety->kept && variety->smallest[at] == hash)
		return false;
	if (full)
		variety->is_estimate = true;
	else
		variety->kept++;
	memmove(&variety->smallest[at + 1], &variety->smallest[at],
		(variety->kept - 1 - at) * sizeof(variety->smallest[0]));
	variety->smallest[at] = hash;
	return true;
}

uint32_t rpcs_variety_count(const struct rpcs_variety *variety)
{
	const double all_hashes = 18446744073709551616.0;
	double last, estimate;

	if (!variety->is_estimate)
		return variety->kept;
	last = (double)variety->smallest[RPCS_VARIETY_MAX - 1] + 1;
	estimate = (RPCS_VARIETY_MAX - 1) * (all_hashes / last);
	return estimate < UINT32_MAX ? (uint32_t)estimate : UINT32_MAX;
}

struct rpcs_prefix rpcs_heavy_prefix(const struct rpcs_address *address)
{
	static const uint8_t all_but_last[8] = { 255, 255, 255, 255, 255, 255, 255, 0 };
	bool ip4 = rpcs_address_is_ip4(address);
	struct rpcs_prefix prefix = { .len = ip4 ? 120 : 64 };
	uint64_t words[2], mask;

	memcpy(&mask, all_but_last, sizeof(mask));
	memcpy(words, address, sizeof(words));
	words[1] &= ip4 ? mask : 0;
	memcpy(&prefix.base, words, sizeof(words));
	return prefix;
}

static uint32_t find(const struct rpcs_heavy *heavy, const struct rpcs_address *base, uint32_t hash)
{
	uint32_t i;

	for (i = 0; i < heavy->kept; i++)
		if (heavy->hashes[i] == hash && rpcs_address_equal(&heavy->bases[i], base))
			break;
	return i;
}

/* One with the smallest count. Counts only grow, so most of the time the next one will do. */
static uint32_t least_of(struct rpcs_heavy *heavy)
{
	uint32_t i, least = 0;

	for (i = 0; i < RPCS_HEAVY_MAX; i++) {
		heavy->at = (heavy->at + 1) % RPCS_HEAVY_MAX;
		if (heavy->counts[heavy->at] <= heavy->floor)
			return heavy->at;
	}
	for (i = 1; i < RPCS_HEAVY_MAX; i++)
		if (heavy->counts[i] < heavy->counts[least])
			least = i;
	heavy->floor = heavy->counts[least];
	heavy->at = least;
	return least;
}

void rpcs_heavy_add(struct rpcs_heavy *heavy, const struct rpcs_address *base, uint32_t hash)
{
	uint32_t at = find(heavy, base, hash);

	if (at == heavy->kept) {
		if (heavy->kept < RPCS_HEAVY_MAX)
			heavy->counts[heavy->kept++] = 0;
		else
			at = least_of(heavy);
		/* It may be one that left earlier, with as many as the one that goes now. */
		heavy->errors[at] = heavy->counts[at];
		heavy->hashes[at] = hash;
		heavy->bases[at] = *base;
	}
	heavy->counts[at] += heavy->counts[at] < UINT32_MAX;
}

uint32_t rpcs_heavy_top(const struct rpcs_heavy *heavy, struct rpcs_heavy_hit *ret_hits,
			uint32_t max)
{
	bool taken[RPCS_HEAVY_MAX] = { false };
	uint32_t found, best, sure, i;

	for (found = 0; found < max && found < heavy->kept; found++) {
		best = RPCS_HEAVY_MAX;
		sure = 0;
		for (i = 0; i < heavy->kept; i++) {
			if (taken[i] || heavy->counts[i] - heavy->errors[i] <= sure)
				continue;
			best = i;
			sure = heavy->counts[i] - heavy->errors[i];
		}
		if (best == RPCS_HEAVY_MAX)
			break;
		taken[best] = true;
		ret_hits[found] = (struct rpcs_heavy_hit){
			.prefix = rpcs_heavy_prefix(&heavy->bases[best]),
			.count = sure,
			.is_least = heavy->errors[best] > 0,
		};
	}
	return found;
}

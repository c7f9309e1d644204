// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What has been told already: the same again is told once in alerts.repeat. */
#include "internal.h"

struct told {
	struct rpcs_told_key key;
	uint64_t told_ns;
};

struct rpcs_table *rpcs_told_new(const struct rpcs_settings *settings,
				 const struct rpcs_hash_seed *seed)
{
	return rpcs_table_new((uint32_t)settings->limit_sources, sizeof(struct rpcs_told_key),
			      sizeof(struct told), seed);
}

bool rpcs_told_before(struct rpcs_detect *detect, struct rpcs_table *table,
		      const struct rpcs_told_key *key, uint64_t now_ns)
{
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;
	struct told *told = rpcs_table_find(table, key);
	struct told *oldest;

	if (told) {
		if (now_ns < told->told_ns + repeat_ns)
			return true;
		rpcs_table_move(table, told, RPCS_LANE_FIRST);
	} else {
		if (rpcs_table_is_full(table)) {
			oldest = rpcs_table_oldest(table, RPCS_LANE_FIRST);
			if (now_ns < oldest->told_ns + repeat_ns)
				detect->evictions++;
			rpcs_table_remove(table, oldest);
		}
		told = rpcs_table_add(table, key);
	}
	told->told_ns = now_ns;
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What has been told already: the same again is told once in alerts.repeat. */
#include "families.h"

bool rpcs_told_before(struct rpcs_detect *detect, struct rpcs_recent *told,
		      const struct rpcs_told_key *key, uint64_t now_ns)
{
	return rpcs_recent_seen_by(told, rpcs_recent_id(told, key), now_ns,
				   detect->settings->alert_repeat_ns);
}

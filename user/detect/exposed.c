// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110002: the service list went to an external client. Once per server and client. */
#include "internal.h"

struct key {
	struct rpcs_address server, client;
};

struct exposure {
	struct key key;
	uint64_t told_ns;
};

struct rpcs_table *rpcs_exposed_new(const struct rpcs_settings *settings,
				    const struct rpcs_hash_seed *seed)
{
	return rpcs_table_new((uint32_t)settings->limit_sources, sizeof(struct key),
			      sizeof(struct exposure), seed);
}

/* Has this pair been told of within alerts.repeat? Remembers it if not. */
static bool told_before(struct rpcs_detect *detect, const struct rpcs_call *call, uint64_t now_ns)
{
	const struct key key = { call->message.tuple.dst, call->message.tuple.src };
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;
	struct exposure *exposure = rpcs_table_find(detect->exposed, &key);
	struct exposure *oldest;

	if (exposure) {
		if (now_ns < exposure->told_ns + repeat_ns)
			return true;
		rpcs_table_move(detect->exposed, exposure, RPCS_LANE_FIRST);
	} else {
		if (rpcs_table_is_full(detect->exposed)) {
			oldest = rpcs_table_oldest(detect->exposed, RPCS_LANE_FIRST);
			if (now_ns < oldest->told_ns + repeat_ns)
				detect->evictions++;
			rpcs_table_remove(detect->exposed, oldest);
		}
		exposure = rpcs_table_add(detect->exposed, &key);
	}
	exposure->told_ns = now_ns;
	return false;
}

void rpcs_exposed_outcome(struct rpcs_detect *detect, const struct rpcs_call *call,
			  const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	struct rpcs_alert alert;

	if (outcome != RPCS_OUTCOME_SUCCESS || !reply || reply->portmap.mappings_kept == 0 ||
	    !rpcs_dump_matches(detect, call) ||
	    !detect->settings->detections[RPCS_D_DUMP_EXPOSED].enabled ||
	    rpcs_policy_is_home(detect->policy, &call->message.tuple.src) ||
	    told_before(detect, call, reply->seen.time_ns))
		return;
	if (!rpcs_alert_init(detect, RPCS_D_DUMP_EXPOSED, reply->seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	alert.seen = reply->seen;
	alert.frame = reply->seen.frame;
	alert.reply = reply;
	alert.outcome = outcome;
	rpcs_words_mappings(&reply->portmap, &alert, "the client now has ");
	rpcs_dump_describe(detect, call, &alert);
	rpcs_alert_send(detect, &alert);
}

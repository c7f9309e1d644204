// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Protocol abuse: what its detections have in common. */
#include "abuse.h"

bool rpcs_is_to_portmapper(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	return rpcs_settings_watch(detect->settings, message->tuple.dport);
}

bool rpcs_is_from_portmapper(const struct rpcs_detect *detect, const struct rpcs_message *message)
{
	return rpcs_settings_watch(detect->settings, message->tuple.sport);
}

static bool has_alert(const struct rpcs_call *call, enum rpcs_detection_id id)
{
	uint32_t i;

	for (i = 0; i < call->alert_count; i++)
		if (call->alerts[i].detection == id)
			return true;
	return false;
}

void rpcs_abuse_raise(struct rpcs_detect *detect, enum rpcs_detection_id id,
		      const struct rpcs_message *message, struct rpcs_call *call,
		      enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_call once;

	if (call && has_alert(call, id))
		return;
	if (call && place == RPCS_PLACE_CALL) {
		rpcs_detect_raise(detect, id, call);
		return;
	}
	once = (struct rpcs_call){
		.message = *message, .flow_id = flow_id, .log = true, .rule = RPCS_RULE_NONE
	};
	rpcs_detect_raise(detect, id, &once);
}

struct rpcs_tuple rpcs_tuple_reversed(const struct rpcs_tuple *tuple)
{
	return (struct rpcs_tuple){ .src = tuple->dst,
				    .dst = tuple->src,
				    .sport = tuple->dport,
				    .dport = tuple->sport,
				    .protocol = tuple->protocol };
}

void rpcs_abuse_external(const struct rpcs_detect *detect, struct rpcs_alert *alert)
{
	if (!rpcs_policy_is_home(detect->policy, &alert->tuple.src))
		rpcs_alert_evidence(alert, "the client is external: outside networks.home");
}

bool rpcs_abuse_reply(struct rpcs_detect *detect, enum rpcs_detection_id id,
		      const struct rpcs_message *reply, const struct rpcs_call *call,
		      uint64_t flow_id, struct rpcs_alert *ret_alert)
{
	struct rpcs_tuple tuple = rpcs_tuple_reversed(&reply->tuple);

	if (!rpcs_alert_init(detect, id, reply->seen.time_ns, ret_alert))
		return false;
	if (call) {
		rpcs_alert_set_call(ret_alert, call);
		ret_alert->reply = reply;
		ret_alert->outcome = rpcs_outcome_of(call, reply);
		ret_alert->seen = reply->seen;
		ret_alert->frame = reply->seen.frame;
	} else {
		rpcs_alert_set_packet(ret_alert, &tuple, &reply->seen, flow_id);
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110002: the service list went to an external client. Once per server and client. */
#include "families.h"

void rpcs_exposed_outcome(struct rpcs_detect *detect, const struct rpcs_call *call,
			  const struct rpcs_message *reply, enum rpcs_outcome outcome)
{
	char server[RPCS_ADDRESS_TEXT];
	struct rpcs_alert alert;

	if (outcome != RPCS_OUTCOME_SUCCESS || !reply || reply->portmap.mappings_kept == 0 ||
	    !rpcs_dump_matches(detect, call) ||
	    rpcs_policy_is_home(detect->policy, &call->message.tuple.src))
		return;
	if (!rpcs_alert_init(detect, RPCS_D_DUMP_EXPOSED, reply->seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	alert.seen = reply->seen;
	alert.frame = reply->seen.frame;
	alert.reply = reply;
	alert.outcome = outcome;
	/* Told once a server and client, whatever was asked for; a broadcast has many servers. */
	alert.about = 0;
	alert.server = reply->tuple.src;
	if (!rpcs_alert_admit(detect, &alert))
		return;
	rpcs_words_mappings(&reply->portmap, &alert, "the client now has ");
	if (!rpcs_address_equal(&reply->tuple.src, &call->message.tuple.dst)) {
		rpcs_address_format(&reply->tuple.src, server);
		rpcs_alert_evidence(&alert, "answered by %s", server);
	}
	rpcs_dump_describe(detect, call, &alert);
	rpcs_alert_send(detect, &alert);
}

void rpcs_exposed_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	(void)flow_id;
	if (place == RPCS_PLACE_REPLY_AGAIN && call && call->judged)
		rpcs_exposed_outcome(detect, call, message, rpcs_outcome_of(call, message));
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls worth a notice: asking for figures, leaving the site, changes by the host itself. */
#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "families.h"

/* 1110009 */

bool rpcs_getstat_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return rpcs_call_kind(call) == RPCS_CALL_GETSTAT && !rpcs_call_is_silent(call) &&
	       !rpcs_policy_is_home(detect->policy, &call->message.tuple.src);
}

void rpcs_getstat_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			   struct rpcs_alert *alert)
{
	rpcs_alert_evidence(alert, "asked for the portmapper's own figures (GETSTAT): who was "
				   "told what, and how often");
	rpcs_words_client(detect, call, alert);
}

/* 1110013 */

bool rpcs_outbound_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_tuple *tuple = &message->tuple;

	if (message->program != RPCS_PORTMAP_PROGRAM &&
	    !rpcs_settings_watch(detect->settings, tuple->dport))
		return false;
	if (rpcs_server_is_home(detect, &tuple->dst))
		return false;
	/* A broadcast does not leave the site, and nothing on a wire comes from loopback. */
	return !rpcs_call_is_local(call) && !(message->seen.flags & RPCS_F_GROUP) &&
	       !rpcs_address_is_multicast(&tuple->dst) &&
	       !rpcs_address_is_unspecified(&tuple->dst) &&
	       !rpcs_address_is_loopback(&tuple->src) &&
	       rpcs_policy_is_home(detect->policy, &tuple->src);
}

void rpcs_outbound_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			    struct rpcs_alert *alert)
{
	char server[RPCS_ADDRESS_TEXT];

	rpcs_address_format(&call->message.tuple.dst, server);
	rpcs_alert_evidence(alert, "the portmapper asked is external: %s is outside networks.home",
			    server);
	if (call->message.portmap.shape == RPCS_PORTMAP_MAPPING ||
	    call->message.portmap.shape == RPCS_PORTMAP_RPCB)
		rpcs_mapping_describe(detect, call, alert);
	else
		rpcs_words_client(detect, call, alert);
}

/* 1110073 */

bool rpcs_local_change_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);

	(void)detect;
	return (kind == RPCS_CALL_SET || kind == RPCS_CALL_UNSET) && rpcs_call_is_local(call);
}

void rpcs_local_change_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
				struct rpcs_alert *alert)
{
	rpcs_alert_evidence(alert, "a process of the portmapper's own host: the packet never was "
				   "on a wire");
	rpcs_mapping_describe(detect, call, alert);
}

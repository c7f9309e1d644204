// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110062 and 1110064: more calls than a client would make, and more at once than it would. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "families.h"

/* Which note of an entry says that a reply was seen. */
enum { REPLIED };

/* A source with more in a window is worth keeping. */
enum { CALLS_KEEP = 16, DUMPS_KEEP = 2, PENDING_KEEP = 8 };

struct rpcs_flood {
	struct rpcs_rate *calls, *dumps; /* by source */
	struct rpcs_rate *pending;	 /* unanswered calls, by flow */
	struct rpcs_recent *told;	 /* sources of the latter, by server and client */
};

int rpcs_flood_init(struct rpcs_detect *detect)
{
	struct rpcs_flood *flood = calloc(1, sizeof(*flood));
	uint64_t keys = detect->settings->limit_sources;
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;

	if (!flood)
		return -ENOMEM;
	detect->flood = flood;
	flood->calls = rpcs_rate_new(RPCS_NSEC_PER_SEC, 1, keys, repeat_ns, &detect->seed,
				     &detect->evictions);
	flood->dumps = rpcs_rate_new(RPCS_NSEC_PER_SEC, 1, keys, repeat_ns, &detect->seed,
				     &detect->evictions);
	flood->pending = rpcs_rate_new(detect->settings->call_timeout_ns, 1, keys, repeat_ns,
				       &detect->seed, &detect->evictions);
	flood->told = rpcs_recent_new(keys, sizeof(struct rpcs_told_key), &detect->seed,
				      &detect->evictions);
	return flood->calls && flood->dumps && flood->pending && flood->told ? 0 : -ENOMEM;
}

void rpcs_flood_free(struct rpcs_detect *detect)
{
	struct rpcs_flood *flood = detect->flood;

	if (!flood)
		return;
	rpcs_rate_free(&flood->calls);
	rpcs_rate_free(&flood->dumps);
	rpcs_rate_free(&flood->pending);
	rpcs_recent_free(&flood->told);
	free(flood);
	detect->flood = NULL;
}

/* The call if there is one, else the packet: a repetition is told as the call that it repeats. */
static void set_call(struct rpcs_alert *alert, const struct rpcs_message *message,
		     const struct rpcs_call *call, uint64_t flow_id)
{
	if (call)
		rpcs_alert_set_call(alert, call);
	rpcs_alert_set_packet(alert, &message->tuple, &message->seen, flow_id);
}

/* 1110062. */

static void tell(struct rpcs_detect *detect, const struct rpcs_message *message,
		 const struct rpcs_call *call, uint64_t flow_id, uint64_t count, bool dumps,
		 bool replied)
{
	const uint64_t *threshold = detect->settings->thresholds;
	struct rpcs_alert alert;

	if (!rpcs_alert_init(detect, RPCS_D_FLOOD, message->seen.time_ns, &alert))
		return;
	set_call(&alert, message, call, flow_id);
	rpcs_alert_evidence(&alert, "%" PRIu64 " %s in 1 s (threshold: over %" PRIu64 ")", count,
			    dumps ? "DUMP calls" : "calls",
			    threshold[dumps ? RPCS_T_FLOOD_DUMPS : RPCS_T_FLOOD_CALLS]);
	if (message->tuple.protocol == RPCS_IP_UDP && !replied)
		rpcs_alert_evidence(&alert, "spoofable: UDP, and no reply to this source was seen");
	if (call)
		rpcs_words_asked(&alert, "the last call: ", call);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

static void count_call(struct rpcs_detect *detect, const struct rpcs_message *message,
		       const struct rpcs_call *call, uint64_t flow_id)
{
	const struct rpcs_tally_key key = { .client = message->tuple.src };
	const uint64_t *threshold = detect->settings->thresholds;
	struct rpcs_flood *flood = detect->flood;
	struct rpcs_rate_entry *calls, *dumps;
	uint64_t now_ns = message->seen.time_ns, count;
	bool replied;

	calls = rpcs_rate_get(flood->calls, &key, now_ns);
	rpcs_rate_add(flood->calls, calls, 0, 1);
	replied = calls->note[REPLIED];
	count = rpcs_rate_sum(flood->calls, calls, 0);
	if (count > CALLS_KEEP)
		rpcs_rate_raise(flood->calls, calls, now_ns);
	if (count > threshold[RPCS_T_FLOOD_CALLS] && rpcs_rate_tell(flood->calls, calls, now_ns))
		tell(detect, message, call, flow_id, count, false, replied);
	if (!rpcs_message_is(message, RPCS_CALL_DUMP))
		return;
	dumps = rpcs_rate_get(flood->dumps, &key, now_ns);
	rpcs_rate_add(flood->dumps, dumps, 0, 1);
	count = rpcs_rate_sum(flood->dumps, dumps, 0);
	if (count > DUMPS_KEEP)
		rpcs_rate_raise(flood->dumps, dumps, now_ns);
	if (count > threshold[RPCS_T_FLOOD_DUMPS] && rpcs_rate_tell(flood->dumps, dumps, now_ns))
		tell(detect, message, call, flow_id, count, true, replied);
}

void rpcs_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	const struct rpcs_tuple tuple = rpcs_client_tuple(message);
	const struct rpcs_tally_key key = { .client = tuple.src };
	struct rpcs_rate_entry *entry;

	(void)place;
	if (!rpcs_settings_watch(detect->settings, tuple.dport) ||
	    !detect->settings->detections[RPCS_D_FLOOD].enabled)
		return;
	if (message->is_call) {
		count_call(detect, message, call, flow_id);
		return;
	}
	entry = rpcs_rate_find(detect->flood->calls, &key);
	if (entry)
		entry->note[REPLIED] = 1;
}

/* 1110064. */

static void tell_pending(struct rpcs_detect *detect, const struct rpcs_call *call, uint64_t count,
			 bool replied)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_told_key pair = { .server = message->tuple.dst,
					    .client = message->tuple.src };
	char timeout[RPCS_WORDS_TEXT];
	struct rpcs_alert alert;

	if (rpcs_told_before(detect, detect->flood->told, &pair, message->seen.time_ns) ||
	    !rpcs_alert_init(detect, RPCS_D_PIPELINE_FLOOD, message->seen.time_ns, &alert))
		return;
	rpcs_alert_set_call(&alert, call);
	rpcs_alert_evidence(&alert,
			    "%" PRIu64 " calls of one flow without a reply, all of the last %s "
			    "(threshold: %" PRIu64 ")",
			    count, rpcs_words_duration(detect->settings->call_timeout_ns, timeout),
			    detect->settings->thresholds[RPCS_T_PIPELINE_FLOOD_PENDING]);
	rpcs_alert_evidence(&alert, replied ? "the server answers others of this flow"
					    : "no reply on this flow was seen");
	rpcs_words_asked(&alert, "the last call: ", call);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

static void count_pending(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_tally_key key = { .flow_id = call->flow_id };
	struct rpcs_rate *pending = detect->flood->pending;
	uint64_t now_ns = call->message.seen.time_ns, count;
	struct rpcs_rate_entry *entry;

	entry = rpcs_rate_get(pending, &key, now_ns);
	rpcs_rate_add(pending, entry, 0, 1);
	count = rpcs_rate_sum(pending, entry, 0);
	if (count > PENDING_KEEP)
		rpcs_rate_raise(pending, entry, now_ns);
	if (count >= detect->settings->thresholds[RPCS_T_PIPELINE_FLOOD_PENDING] &&
	    rpcs_rate_tell(pending, entry, now_ns))
		tell_pending(detect, call, count, entry->note[REPLIED]);
}

void rpcs_pipeline_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				 struct rpcs_call *call, enum rpcs_message_place place,
				 uint64_t flow_id)
{
	struct rpcs_tally_key key = { 0 };
	struct rpcs_rate_entry *entry;

	(void)message;
	(void)flow_id;
	/* Where replies cannot be seen nobody knows what is unanswered. */
	if (!call || call->reply_unseen ||
	    !rpcs_settings_watch(detect->settings, call->message.tuple.dport) ||
	    !detect->settings->detections[RPCS_D_PIPELINE_FLOOD].enabled)
		return;
	if (place == RPCS_PLACE_CALL)
		count_pending(detect, call);
	if (place != RPCS_PLACE_REPLY)
		return;
	key.flow_id = call->flow_id;
	entry = rpcs_rate_find(detect->flood->pending, &key);
	if (!entry)
		return;
	entry->note[REPLIED] = 1;
	rpcs_rate_take(detect->flood->pending, entry, 0, 1, call->message.seen.time_ns);
}

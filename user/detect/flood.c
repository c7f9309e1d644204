// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110062: more calls than a client would make. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "families.h"

/* The notes of an entry: was a reply seen, and how many calls. */
enum { REPLIED, RECORDED };

/* A source with more in a window is worth keeping. */
enum { CALLS_KEEP = 16, DUMPS_KEEP = 2 };

struct rpcs_flood {
	struct rpcs_rate *calls, *dumps; /* by source */
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
	return flood->calls && flood->dumps ? 0 : -ENOMEM;
}

void rpcs_flood_free(struct rpcs_detect *detect)
{
	struct rpcs_flood *flood = detect->flood;

	if (!flood)
		return;
	rpcs_rate_free(&flood->calls);
	rpcs_rate_free(&flood->dumps);
	free(flood);
	detect->flood = NULL;
}

static bool is_counted(const struct rpcs_detect *detect)
{
	return detect->parties->watched && detect->settings->detections[RPCS_D_FLOOD].enabled;
}

uint32_t rpcs_flood_foresee(const struct rpcs_detect *detect, uint64_t client,
			    struct rpcs_foresight *lookups)
{
	if (!detect->settings->detections[RPCS_D_FLOOD].enabled)
		return RPCS_FORESEEN_MAX;
	return rpcs_rate_foresee(detect->flood->calls, client, lookups);
}

void rpcs_flood_fetch_slots(const struct rpcs_detect *detect)
{
	rpcs_rate_fetch_slots(detect->flood->calls, detect->parties->calls_place);
}

void rpcs_flood_fetch(const struct rpcs_detect *detect)
{
	if (is_counted(detect))
		rpcs_rate_fetch_bucket(detect->flood->calls, detect->parties->client);
}

void rpcs_flood_fetch_dumps(const struct rpcs_detect *detect)
{
	if (is_counted(detect))
		rpcs_rate_fetch_bucket(detect->flood->dumps, detect->parties->client);
}

void rpcs_flood_fetch_dumps_entry(const struct rpcs_detect *detect)
{
	if (is_counted(detect))
		rpcs_rate_fetch_entry(detect->flood->dumps, detect->parties->client);
}

struct rpcs_rate_entry *rpcs_flood_fetch_entry(const struct rpcs_detect *detect)
{
	return is_counted(detect)
		       ? rpcs_rate_fetch_entry(detect->flood->calls, detect->parties->client)
		       : NULL;
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
		rpcs_alert_evidence(&alert, RPCS_FLOOD_SPOOFABLE);
	if (call)
		rpcs_words_asked(&alert, "the last call: ", call);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
	rpcs_surge_note(detect, &alert);
}

static void count_call(struct rpcs_detect *detect, const struct rpcs_message *message,
		       const struct rpcs_call *call, uint64_t flow_id)
{
	uint64_t client = detect->parties->client;
	const uint64_t *threshold = detect->settings->thresholds;
	struct rpcs_flood *flood = detect->flood;
	struct rpcs_rate_entry *calls, *dumps;
	uint64_t now_ns = message->seen.time_ns, count;
	bool replied;

	calls = rpcs_rate_get_at(flood->calls, detect->parties->calls_place, client, now_ns);
	rpcs_rate_add(flood->calls, calls, 0, 1);
	calls->note[RECORDED]++;
	replied = calls->note[REPLIED];
	count = rpcs_rate_sum(calls, 0);
	if (count > CALLS_KEEP)
		rpcs_rate_raise(flood->calls, calls, now_ns);
	if (count > threshold[RPCS_T_FLOOD_CALLS] && rpcs_rate_tell(flood->calls, calls, now_ns))
		tell(detect, message, call, flow_id, count, false, replied);
	if (detect->parties->kind != RPCS_CALL_DUMP)
		return;
	dumps = rpcs_rate_get(flood->dumps, client, now_ns);
	rpcs_rate_add(flood->dumps, dumps, 0, 1);
	count = rpcs_rate_sum(dumps, 0);
	if (count > DUMPS_KEEP)
		rpcs_rate_raise(flood->dumps, dumps, now_ns);
	if (count > threshold[RPCS_T_FLOOD_DUMPS] && rpcs_rate_tell(flood->dumps, dumps, now_ns))
		tell(detect, message, call, flow_id, count, true, replied);
}

void rpcs_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	struct rpcs_rate_entry *entry;

	(void)place;
	if (!is_counted(detect))
		return;
	if (message->is_call) {
		count_call(detect, message, call, flow_id);
		return;
	}
	entry = rpcs_rate_find_at(detect->flood->calls, detect->parties->calls_place,
				  detect->parties->client);
	if (entry)
		entry->note[REPLIED] = 1;
}

/* Of one series: is the source one that was told of, or is over the threshold now? */
static bool take_aggregate(struct rpcs_rate *rate, uint64_t client,
			   const struct rpcs_aggregate *aggregate, uint64_t threshold)
{
	struct rpcs_rate_entry *entry = rpcs_rate_get(rate, client, aggregate->seen.time_ns);

	rpcs_rate_add(rate, entry, 0, aggregate->count);
	rpcs_rate_raise(rate, entry, aggregate->seen.time_ns);
	if (rpcs_rate_sum(entry, 0) <= threshold)
		return entry->head.told;
	/* Its line is the aggregate's, if records have not had one. */
	rpcs_rate_tell(rate, entry, aggregate->seen.time_ns);
	return true;
}

bool rpcs_flood_aggregate(struct rpcs_detect *detect, const struct rpcs_aggregate *aggregate)
{
	uint64_t client = rpcs_id_of_address(detect, &aggregate->tuple.src);
	const uint64_t *threshold = detect->settings->thresholds;
	bool dumps = aggregate->program == RPCS_PORTMAP_PROGRAM &&
		     rpcs_policy_call_of(aggregate->version, aggregate->procedure) ==
			     RPCS_CALL_DUMP;
	bool is_flood;

	is_flood = take_aggregate(detect->flood->calls, client, aggregate,
				  threshold[RPCS_T_FLOOD_CALLS]);
	if (dumps)
		is_flood |= take_aggregate(detect->flood->dumps, client, aggregate,
					   threshold[RPCS_T_FLOOD_DUMPS]);
	return is_flood;
}

uint64_t rpcs_flood_recorded(struct rpcs_detect *detect, const struct rpcs_address *source,
			     bool *ret_replied)
{
	const struct rpcs_rate_entry *entry =
		rpcs_rate_find(detect->flood->calls, rpcs_id_of_address(detect, source));

	*ret_replied = entry && entry->note[REPLIED];
	return entry ? entry->note[RECORDED] : 0;
}

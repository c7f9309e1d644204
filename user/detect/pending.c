// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110064: more calls at once than a client would make. Most flows have one call: of such a
 * flow no more is kept than when that was and whether it was answered, in a cache line with
 * those that began beside it: so the line of new ones is near, and is full only when all are.
 * Only with its second call a flow gets a window of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../base/prefetch.h"
#include "../stream/flow.h"
#include "families.h"

/* Which note of an entry says that a reply was seen. */
enum { REPLIED };

enum {
	PENDING_KEEP = 8, /* a flow with more is worth keeping */
	WAYS = 4,
	/* A flow with one call takes a window while so few are taken, if its line is full. */
	OVERFLOW_PART = 4,
};

/** A flow's first call. */
struct first {
	uint64_t id; /* 0: free */
	uint64_t time_ns : 63;
	uint64_t answered : 1;
};

struct line {
	struct first ways[WAYS];
};

struct rpcs_pending {
	struct rpcs_rate *calls; /* unanswered ones, by flow */
	struct line *firsts;	 /* flows with one call so far */
	uint32_t line_count;
	struct rpcs_recent *told; /* sources, by server and client */
};

int rpcs_pending_init(struct rpcs_detect *detect)
{
	struct rpcs_pending *pending = calloc(1, sizeof(*pending));
	uint64_t keys = detect->settings->limit_sources;

	if (!pending)
		return -ENOMEM;
	detect->pending = pending;
	pending->line_count = (uint32_t)((keys < UINT32_MAX ? keys : UINT32_MAX) / WAYS + 1);
	pending->firsts = calloc(pending->line_count, sizeof(*pending->firsts));
	pending->calls = rpcs_rate_new(detect->settings->call_timeout_ns, 1, keys,
				       detect->settings->alert_repeat_ns, &detect->seed,
				       &detect->evictions);
	pending->told = rpcs_recent_new(keys, sizeof(struct rpcs_told_key), &detect->seed,
					&detect->evictions);
	return pending->firsts && pending->calls && pending->told ? 0 : -ENOMEM;
}

void rpcs_pending_free(struct rpcs_detect *detect)
{
	struct rpcs_pending *pending = detect->pending;

	if (!pending)
		return;
	rpcs_rate_free(&pending->calls);
	rpcs_recent_free(&pending->told);
	free(pending->firsts);
	free(pending);
	detect->pending = NULL;
}

static void tell_pending(struct rpcs_detect *detect, const struct rpcs_call *call, uint64_t count,
			 bool replied)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_told_key pair = { .server = message->tuple.dst,
					    .client = message->tuple.src };
	char timeout[RPCS_WORDS_TEXT];
	struct rpcs_alert alert;

	if (rpcs_told_before(detect, detect->pending->told, &pair, message->seen.time_ns) ||
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

static struct line *line_of(const struct rpcs_pending *pending, uint64_t flow_id)
{
	uint32_t number = (uint32_t)(rpcs_flow_number(flow_id) / WAYS);

	return &pending->firsts[number % pending->line_count];
}

void rpcs_pending_fetch(const struct rpcs_detect *detect, uint64_t flow_id, uint64_t id)
{
	if (!detect->settings->detections[RPCS_D_PIPELINE_FLOOD].enabled)
		return;
	rpcs_prefetch(line_of(detect->pending, flow_id));
	rpcs_rate_fetch_bucket(detect->pending->calls, id);
}

static struct first *first_find(struct line *line, uint64_t id)
{
	uint32_t i;

	for (i = 0; i < WAYS; i++)
		if (line->ways[i].id == id)
			return &line->ways[i];
	return NULL;
}

/* The flow gets a window, in which its first call stands. */
static void first_open(struct rpcs_pending *pending, struct first *first)
{
	struct rpcs_rate_entry *entry = rpcs_rate_get(pending->calls, first->id, first->time_ns);

	entry->note[REPLIED] |= first->answered;
	rpcs_rate_add(pending->calls, entry, 0, !first->answered);
	*first = (struct first){ 0 };
}

/* Where one more has room: that of one that nobody misses, else of the oldest. */
static struct first *first_make(struct rpcs_detect *detect, struct line *line, uint64_t now_ns)
{
	uint64_t timeout_ns = detect->settings->call_timeout_ns;
	struct rpcs_pending *pending = detect->pending;
	struct first *ways = line->ways, *oldest = ways;
	uint32_t i;

	for (i = 0; i < WAYS; i++) {
		if (!ways[i].id || rpcs_age(now_ns, ways[i].time_ns) > timeout_ns)
			return &ways[i];
		if (ways[i].time_ns < oldest->time_ns)
			oldest = &ways[i];
	}
	if (rpcs_rate_count(pending->calls) < detect->settings->limit_sources / OVERFLOW_PART)
		first_open(pending, oldest);
	else
		detect->evictions += !oldest->answered;
	return oldest;
}

static void count_pending(struct rpcs_detect *detect, const struct rpcs_call *call, uint64_t id)
{
	uint64_t threshold = detect->settings->thresholds[RPCS_T_PIPELINE_FLOOD_PENDING];
	struct rpcs_pending *pending = detect->pending;
	uint64_t now_ns = call->message.seen.time_ns, count;
	struct line *line = line_of(pending, call->flow_id);
	struct first *first = first_find(line, id);
	struct rpcs_rate_entry *entry;

	if (first) {
		first_open(pending, first);
	} else if (threshold > 1 && !rpcs_rate_find(pending->calls, id)) {
		first = first_make(detect, line, now_ns);
		*first = (struct first){ .id = id, .time_ns = now_ns & INT64_MAX };
		return;
	}
	entry = rpcs_rate_get(pending->calls, id, now_ns);
	rpcs_rate_add(pending->calls, entry, 0, 1);
	count = rpcs_rate_sum(entry, 0);
	if (count > PENDING_KEEP)
		rpcs_rate_raise(pending->calls, entry, now_ns);
	if (count >= threshold && rpcs_rate_tell(pending->calls, entry, now_ns))
		tell_pending(detect, call, count, entry->note[REPLIED]);
}

static void take_reply(struct rpcs_pending *pending, const struct rpcs_call *call, uint64_t id)
{
	struct first *first = first_find(line_of(pending, call->flow_id), id);
	struct rpcs_rate_entry *entry;

	if (first) {
		first->answered = true;
		return;
	}
	entry = rpcs_rate_find(pending->calls, id);
	if (!entry)
		return;
	entry->note[REPLIED] = 1;
	rpcs_rate_take(pending->calls, entry, 0, 1, call->message.seen.time_ns);
}

void rpcs_pipeline_flood_message(struct rpcs_detect *detect, const struct rpcs_message *message,
				 struct rpcs_call *call, enum rpcs_message_place place,
				 uint64_t flow_id)
{
	uint64_t id;

	(void)message;
	(void)flow_id;
	/* Where replies cannot be seen nobody knows what is unanswered. */
	if (!call || call->reply_unseen ||
	    !rpcs_settings_watch(detect->settings, call->message.tuple.dport) ||
	    !detect->settings->detections[RPCS_D_PIPELINE_FLOOD].enabled)
		return;
	id = rpcs_id_of_number(call->flow_id);
	if (place == RPCS_PLACE_CALL)
		count_pending(detect, call, id);
	else if (place == RPCS_PLACE_REPLY)
		take_reply(detect->pending, call, id);
}

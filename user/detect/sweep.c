// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110020: one source that goes from portmapper to portmapper.
 *
 * Per source the last targets are kept, each with when it was touched last, so
 * that both windows are counted exactly up to their thresholds. A SYN of a
 * client that then makes an allowed call there does not count: it is taken back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "internal.h"

enum {
	/* A higher threshold of the policy counts as this one. */
	TARGETS_MAX = 4096,
	/* What all sources together may take, whatever the policy's limits are. */
	MEMORY_MAX = 256 << 20,
};

struct target {
	struct rpcs_address address;
	uint64_t time_ns : 63;
	uint64_t called : 1; /* by a call that was not allowed; otherwise only a SYN came */
};

/* Key first, as struct rpcs_table wants it. */
struct source {
	struct rpcs_address address;
	uint64_t last_ns;
	uint64_t told_ns; /* 0: never */
	uint32_t count;
	struct target targets[];
};

struct window {
	uint64_t length_ns;
	uint32_t hosts; /* the threshold */
};

struct rpcs_sweep {
	struct rpcs_table *sources;
	struct window fast, slow;
	uint32_t capacity;	      /* targets a source */
	uint64_t memory_ns;	      /* how long a target matters */
	struct rpcs_address *scratch; /* `capacity` of them, for sorting */
};

/* What one touch tells; `call` or `connection` is behind it. */
struct touch {
	const struct rpcs_tuple *tuple;
	const struct rpcs_sighting *seen;
	const struct rpcs_call *call; /* NULL: a SYN */
	uint64_t flow_id;
};

static uint32_t clamp(uint64_t hosts)
{
	return hosts < TARGETS_MAX ? (uint32_t)hosts : TARGETS_MAX;
}

int rpcs_sweep_init(struct rpcs_detect *detect)
{
	struct rpcs_sweep *sweep = calloc(1, sizeof(*sweep));
	const uint64_t *threshold = detect->settings->thresholds;
	uint64_t entry_size, sources = detect->settings->limit_sources;

	if (!sweep)
		return -ENOMEM;
	detect->sweep = sweep;
	sweep->fast = (struct window){ threshold[RPCS_T_SWEEP_WINDOW],
				       clamp(threshold[RPCS_T_SWEEP_HOSTS]) };
	sweep->slow = (struct window){ threshold[RPCS_T_SWEEP_SLOW_WINDOW],
				       clamp(threshold[RPCS_T_SWEEP_SLOW_HOSTS]) };
	sweep->capacity = sweep->fast.hosts > sweep->slow.hosts ? sweep->fast.hosts
								: sweep->slow.hosts;
	sweep->memory_ns = sweep->fast.length_ns > sweep->slow.length_ns ? sweep->fast.length_ns
									 : sweep->slow.length_ns;
	entry_size = sizeof(struct source) + sweep->capacity * sizeof(struct target);
	if (sources > MEMORY_MAX / entry_size)
		sources = MEMORY_MAX / entry_size;
	sweep->sources = rpcs_table_new((uint32_t)sources, sizeof(struct rpcs_address),
					(uint32_t)entry_size, &detect->seed);
	sweep->scratch = calloc(sweep->capacity, sizeof(*sweep->scratch));
	return sweep->sources && sweep->scratch ? 0 : -ENOMEM;
}

void rpcs_sweep_free(struct rpcs_detect *detect)
{
	struct rpcs_sweep *sweep = detect->sweep;

	if (!sweep)
		return;
	rpcs_table_free(&sweep->sources);
	free(sweep->scratch);
	free(sweep);
	detect->sweep = NULL;
}

/* Packets may come a little out of order, and captures may be merged: age is never negative. */
static uint64_t age(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

static struct source *source_of(struct rpcs_detect *detect, const struct rpcs_address *address,
				uint64_t now_ns)
{
	struct rpcs_sweep *sweep = detect->sweep;
	struct source *source = rpcs_table_find(sweep->sources, address), *oldest;

	if (source) {
		rpcs_table_move(sweep->sources, source, RPCS_LANE_FIRST);
		return source;
	}
	if (rpcs_table_is_full(sweep->sources)) {
		oldest = rpcs_table_oldest(sweep->sources, RPCS_LANE_FIRST);
		/* Nobody misses a source whose targets have all left the windows. */
		if (age(now_ns, oldest->last_ns) <= sweep->memory_ns)
			detect->evictions++;
		rpcs_table_remove(sweep->sources, oldest);
	}
	return rpcs_table_add(sweep->sources, address);
}

static struct target *target_find(struct source *source, const struct rpcs_address *address)
{
	uint32_t i;

	for (i = 0; i < source->count; i++)
		if (rpcs_address_equal(&source->targets[i].address, address))
			return &source->targets[i];
	return NULL;
}

static struct target *target_add(const struct rpcs_sweep *sweep, struct source *source,
				 const struct rpcs_address *address)
{
	struct target *target = &source->targets[0];
	uint32_t i;

	if (source->count < sweep->capacity) {
		target = &source->targets[source->count++];
	} else {
		for (i = 1; i < source->count; i++)
			if (source->targets[i].time_ns < target->time_ns)
				target = &source->targets[i];
	}
	*target = (struct target){ .address = *address };
	return target;
}

static uint32_t count_in(const struct source *source, uint64_t now_ns, uint64_t length_ns)
{
	uint32_t i, count = 0;

	for (i = 0; i < source->count; i++)
		count += age(now_ns, source->targets[i].time_ns) <= length_ns;
	return count;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rpcs_address));
}

static bool follows(const struct rpcs_address *a, const struct rpcs_address *b)
{
	struct rpcs_address next = *a;
	int i;

	for (i = 15; i >= 0 && ++next.bytes[i] == 0; i--)
		;
	return rpcs_address_equal(&next, b);
}

/* Consecutive in any order: scanners like to shuffle. */
static void describe_order(struct rpcs_alert *alert, struct rpcs_address *addresses, uint32_t count)
{
	char low[RPCS_ADDRESS_TEXT], high[RPCS_ADDRESS_TEXT];
	bool consecutive = true;
	uint32_t i;

	qsort(addresses, count, sizeof(*addresses), compare);
	for (i = 1; i < count; i++)
		consecutive &= follows(&addresses[i - 1], &addresses[i]);
	rpcs_address_format(&addresses[0], low);
	rpcs_address_format(&addresses[count - 1], high);
	rpcs_alert_evidence(alert, "addresses %sconsecutive, from %s to %s",
			    consecutive ? "" : "not ", low, high);
}

static void describe(const struct rpcs_sweep *sweep, const struct source *source,
		     const struct window *window, struct rpcs_alert *alert)
{
	const struct target *first = NULL, *last = NULL, *target;
	char first_text[RPCS_ADDRESS_TEXT], last_text[RPCS_ADDRESS_TEXT];
	uint64_t now_ns = alert->time_ns, tenths, seconds;
	uint32_t i, count = 0, calls = 0;

	for (i = 0; i < source->count; i++) {
		target = &source->targets[i];
		if (age(now_ns, target->time_ns) > window->length_ns)
			continue;
		if (!first || target->time_ns < first->time_ns)
			first = target;
		if (!last || target->time_ns >= last->time_ns)
			last = target;
		calls += target->called;
		sweep->scratch[count++] = target->address;
	}
	if (!first || !last)
		return;
	tenths = (last->time_ns - first->time_ns) / (RPCS_NSEC_PER_SEC / 10);
	seconds = window->length_ns / RPCS_NSEC_PER_SEC;
	rpcs_alert_evidence(alert,
			    "%" PRIu32 " hosts in %" PRIu64 ".%" PRIu64 " s (threshold: %" PRIu32
			    " in %" PRIu64 " s)",
			    count, tenths / 10, tenths % 10, window->hosts, seconds);
	rpcs_address_format(&first->address, first_text);
	rpcs_address_format(&last->address, last_text);
	rpcs_alert_evidence(alert, "first target %s, last target %s", first_text, last_text);
	describe_order(alert, sweep->scratch, count);
	rpcs_alert_evidence(alert, "%" PRIu32 " by RPC call, %" PRIu32 " by SYN alone", calls,
			    count - calls);
}

static void tell(struct rpcs_detect *detect, struct source *source, const struct window *window,
		 const struct touch *touch)
{
	struct rpcs_alert alert;

	if (!rpcs_alert_init(detect, RPCS_D_SWEEP, touch->seen->time_ns, &alert))
		return;
	if (touch->call)
		rpcs_alert_set_call(&alert, touch->call);
	else
		rpcs_alert_set_packet(&alert, touch->tuple, touch->seen, touch->flow_id);
	source->told_ns = touch->seen->time_ns;
	if (!rpcs_alert_admit(detect, &alert))
		return;
	describe(detect->sweep, source, window, &alert);
	if (!rpcs_policy_is_home(detect->policy, &touch->tuple->src))
		rpcs_alert_evidence(&alert, "the source is external: outside networks.home");
	rpcs_alert_send(detect, &alert);
}

static void count_touch(struct rpcs_detect *detect, const struct touch *touch)
{
	const struct rpcs_sweep *sweep = detect->sweep;
	uint64_t now_ns = touch->seen->time_ns;
	struct source *source;
	struct target *target;

	if (!detect->settings->detections[RPCS_D_SWEEP].enabled)
		return;
	source = source_of(detect, &touch->tuple->src, now_ns);
	target = target_find(source, &touch->tuple->dst);
	if (!target)
		target = target_add(sweep, source, &touch->tuple->dst);
	if (now_ns > target->time_ns)
		target->time_ns = now_ns;
	target->called |= touch->call != NULL;
	if (now_ns > source->last_ns)
		source->last_ns = now_ns;
	if (source->told_ns && age(now_ns, source->told_ns) < detect->settings->alert_repeat_ns)
		return;
	if (count_in(source, now_ns, sweep->fast.length_ns) >= sweep->fast.hosts)
		tell(detect, source, &sweep->fast, touch);
	else if (count_in(source, now_ns, sweep->slow.length_ns) >= sweep->slow.hosts)
		tell(detect, source, &sweep->slow, touch);
}

/* An allowed call: the SYN that led to it was no part of a sweep. */
static void forgive(struct rpcs_sweep *sweep, const struct rpcs_tuple *tuple)
{
	struct source *source;
	struct target *target;

	if (tuple->protocol != RPCS_IP_TCP)
		return;
	source = rpcs_table_find(sweep->sources, &tuple->src);
	target = source ? target_find(source, &tuple->dst) : NULL;
	if (!target || target->called)
		return;
	*target = source->targets[--source->count];
}

void rpcs_sweep_call(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct touch touch = {
		.tuple = &call->message.tuple,
		.seen = &call->message.seen,
		.call = call,
	};

	if (!rpcs_settings_watch(detect->settings, touch.tuple->dport))
		return;
	if (rpcs_call_is_silent(call))
		forgive(detect->sweep, touch.tuple);
	else
		count_touch(detect, &touch);
}

void rpcs_sweep_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			   uint64_t flow_id)
{
	const struct touch touch = {
		.tuple = &connection->tuple,
		.seen = &connection->seen,
		.flow_id = flow_id,
	};
	uint8_t flags = connection->tcp_flags & (RPCS_TCP_SYN | RPCS_TCP_ACK);

	if (!connection->probe && flags == RPCS_TCP_SYN &&
	    rpcs_settings_watch(detect->settings, touch.tuple->dport))
		count_touch(detect, &touch);
}

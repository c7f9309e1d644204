// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two tables: for each server and detection the last sources that were new, and what the few
 * that are crowded have become. Both are bounded, the oldest first out.
 */
#include "crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/pages.h"
#include "../base/prefetch.h"
#include "gate.h"
#include "sketch.h"

enum {
	GATES_MAX = 16384,
	CROWDS_MAX = 256,
	SHOWN_A_LINE = 5,
};

struct key {
	struct rpcs_address server;
	uint32_t detection;
};

/*
 * Who a crowd is. 10 KB, of which most crowds use a few lines of the beginning: the rest of its
 * pages is touched by large ones only.
 */
struct members {
	struct rpcs_heavy prefixes;
	struct rpcs_variety sources;
} __attribute__((aligned(4096)));

struct crowd {
	struct key key;
	struct rpcs_account account;
	uint32_t next; /* so many sources make the next line */
	struct members *members;
};

/* Who was new of late. Key first, as struct rpcs_table wants it. */
struct gate {
	struct key key;
	struct crowd *crowd;	       /* most likely; see crowd_find() */
	const struct members *members; /* its own then, for fetching them */
	struct rpcs_gate sources;
};

struct rpcs_crowds {
	struct rpcs_table *gates;  /* the one used last at the end */
	struct rpcs_table *crowds; /* in the order in which they begin and so end */
	struct members *members;   /* for as many crowds as there is room for */
	struct members *free[CROWDS_MAX];
	uint32_t free_count, member_count;
};

static uint32_t capacity(const struct rpcs_detect *detect, uint32_t max)
{
	uint64_t sources = detect->settings->limit_sources;

	return sources < max ? (uint32_t)sources : max;
}

int rpcs_crowd_init(struct rpcs_detect *detect)
{
	struct rpcs_crowds *crowds = calloc(1, sizeof(*crowds));
	uint32_t i;

	if (!crowds)
		return -ENOMEM;
	detect->crowds = crowds;
	crowds->member_count = capacity(detect, CROWDS_MAX);
	crowds->gates = rpcs_table_new(capacity(detect, GATES_MAX), sizeof(struct key),
				       sizeof(struct gate), &detect->seed);
	crowds->crowds = rpcs_table_new(crowds->member_count, sizeof(struct key),
					sizeof(struct crowd), &detect->seed);
	crowds->members = rpcs_pages_map(crowds->member_count * sizeof(*crowds->members));
	if (!crowds->gates || !crowds->crowds || !crowds->members)
		return -ENOMEM;
	/* The first ones last: they are taken from the end. */
	for (i = crowds->member_count; i > 0; i--)
		crowds->free[crowds->free_count++] = &crowds->members[i - 1];
	return 0;
}

void rpcs_crowd_free(struct rpcs_detect *detect)
{
	struct rpcs_crowds *crowds = detect->crowds;

	if (!crowds)
		return;
	rpcs_table_free(&crowds->gates);
	rpcs_table_free(&crowds->crowds);
	rpcs_pages_unmap(crowds->members, crowds->member_count * sizeof(*crowds->members));
	free(crowds);
	detect->crowds = NULL;
}

static struct key key_of(const struct rpcs_alert *alert)
{
	return (struct key){ alert->server, alert->detection };
}

void rpcs_crowd_fetch(const struct rpcs_detect *detect, uint32_t hash)
{
	rpcs_table_fetch_bucket(detect->crowds->gates, hash);
}

void rpcs_crowd_fetch_gate(const struct rpcs_detect *detect, uint32_t hash)
{
	rpcs_table_fetch_entry(detect->crowds->gates, hash);
}

static struct gate *gate_of(struct rpcs_detect *detect, const struct key *key, uint32_t hash,
			    uint64_t now_ns)
{
	struct rpcs_table *gates = detect->crowds->gates;
	struct gate *gate = rpcs_table_find_by(gates, key, hash), *oldest;

	if (gate) {
		rpcs_table_move(gates, gate, RPCS_LANE_FIRST);
		return gate;
	}
	if (rpcs_table_is_full(gates)) {
		oldest = rpcs_table_oldest(gates, RPCS_LANE_FIRST);
		detect->evictions += !rpcs_gate_is_over(&oldest->sources, now_ns);
		rpcs_table_remove(gates, oldest);
	}
	return rpcs_table_add_by(gates, key, hash);
}

static bool is_over(const struct rpcs_detect *detect, const struct crowd *crowd, uint64_t now_ns)
{
	return rpcs_time_is_up(crowd->account.first_ns, detect->settings->alert_repeat_ns, now_ns);
}

static void end(struct rpcs_detect *detect, struct crowd *crowd, uint64_t now_ns)
{
	uint64_t end_ns = crowd->account.first_ns + detect->settings->alert_repeat_ns;

	rpcs_alert_close(detect, &crowd->account, end_ns < now_ns ? end_ns : now_ns);
	detect->crowds->free[detect->crowds->free_count++] = crowd->members;
	crowd->members = NULL;
	rpcs_table_remove(detect->crowds->crowds, crowd);
}

static struct crowd *begin(struct rpcs_detect *detect, const struct key *key, uint32_t hash,
			   const struct rpcs_alert *alert)
{
	struct rpcs_crowds *crowds = detect->crowds;
	struct crowd *crowd = rpcs_table_add_by(crowds->crowds, key, hash);

	rpcs_account_begin(detect, &crowd->account, alert);
	crowd->account.is_crowd = true;
	crowd->next = 1;
	crowd->members = crowds->free[--crowds->free_count];
	rpcs_variety_clear(&crowd->members->sources);
	rpcs_heavy_clear(&crowd->members->prefixes);
	return crowd;
}

/* The one that was the gate's last time; it may have ended, and its place be another's. */
static struct crowd *crowd_find(const struct rpcs_crowds *crowds, const struct gate *gate,
				uint32_t hash)
{
	struct crowd *crowd = gate->crowd;

	if (crowd && crowd->members && memcmp(&crowd->key, &gate->key, sizeof(gate->key)) == 0)
		return crowd;
	return rpcs_table_find_by(crowds->crowds, &gate->key, hash);
}

static struct crowd *crowd_of(struct rpcs_detect *detect, struct gate *gate, uint32_t hash,
			      const struct rpcs_alert *alert)
{
	struct rpcs_table *crowds = detect->crowds->crowds;
	struct crowd *crowd = crowd_find(detect->crowds, gate, hash), *oldest;

	if (crowd && is_over(detect, crowd, alert->time_ns)) {
		end(detect, crowd, alert->time_ns);
		crowd = NULL;
	}
	if (crowd) {
		rpcs_account_add(&crowd->account, alert);
		gate->crowd = crowd;
		gate->members = crowd->members;
		return crowd;
	}
	if (rpcs_table_is_full(crowds)) {
		oldest = rpcs_table_oldest(crowds, RPCS_LANE_FIRST);
		detect->evictions += !is_over(detect, oldest, alert->time_ns);
		end(detect, oldest, alert->time_ns);
	}
	gate->crowd = begin(detect, &gate->key, hash, alert);
	gate->members = gate->crowd->members;
	return gate->crowd;
}

/* Most who come to a gate that has a crowd join it: its memory comes while the gate is asked. */
static void fetch(const struct gate *gate)
{
	if (!gate->crowd)
		return;
	rpcs_prefetch_all(gate->crowd, sizeof(*gate->crowd));
	rpcs_prefetch(&gate->members->prefixes);
	rpcs_prefetch(&gate->members->sources);
}

/* For finding it sooner only: whoever chooses prefixes for it gains 64 comparisons. */
static uint32_t prefix_hash(const struct rpcs_prefix *prefix)
{
	uint64_t words[2];

	memcpy(words, prefix->base.bytes, sizeof(words));
	return (uint32_t)rpcs_id_of_pair(words[0], words[1]);
}

struct rpcs_account *rpcs_crowd_take(struct rpcs_detect *detect, const struct rpcs_alert *alert,
				     const struct rpcs_address *source, uint64_t source_id,
				     uint32_t hash)
{
	struct key key = key_of(alert);
	struct gate *gate = gate_of(detect, &key, hash, alert->time_ns);
	struct rpcs_prefix prefix;
	struct crowd *crowd;

	fetch(gate);
	if (!rpcs_gate_is_crowded(&gate->sources, (uint32_t)source_id, alert->time_ns))
		return NULL;
	crowd = crowd_of(detect, gate, hash, alert);
	if (rpcs_variety_add(&crowd->members->sources, source_id) &&
	    rpcs_variety_count(&crowd->members->sources) >= crowd->next)
		crowd->account.has_grown = true;
	prefix = rpcs_heavy_prefix(source);
	rpcs_heavy_add(&crowd->members->prefixes, &prefix.base, prefix_hash(&prefix));
	return &crowd->account;
}

struct rpcs_account *rpcs_crowd_find(struct rpcs_detect *detect, const struct rpcs_alert *alert)
{
	struct key key = key_of(alert);
	uint64_t server_id = rpcs_id_of_server(detect, &key.server);
	struct crowd *crowd = rpcs_table_find_by(detect->crowds->crowds, &key,
						 rpcs_crowd_hash(server_id, alert->detection));

	return crowd && crowd->account.number == alert->mark.number &&
			       !is_over(detect, crowd, alert->time_ns)
		       ? &crowd->account
		       : NULL;
}

static void describe_prefixes(const struct rpcs_heavy_hit *hits, uint32_t count,
			      struct rpcs_alert *alert)
{
	char line[RPCS_EVIDENCE_TEXT], text[RPCS_PREFIX_TEXT];
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		rpcs_prefix_format(&hits[i].prefix, text);
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s (%s%" PRIu32 ")",
					i ? ", " : "", text, hits[i].is_least ? "at least " : "",
					hits[i].count);
		if (len >= sizeof(line))
			break;
	}
	rpcs_alert_evidence(alert, "most alerts came from %s", line);
}

void rpcs_crowd_describe(struct rpcs_account *account, struct rpcs_alert *alert)
{
	struct crowd *crowd =
		(struct crowd *)(void *)((char *)account - offsetof(struct crowd, account));
	const struct rpcs_variety *sources = &crowd->members->sources;
	uint32_t count = rpcs_variety_count(sources), hits, i;
	struct rpcs_heavy_hit top[RPCS_ALERT_PREFIXES_MAX];

	account->has_grown = false;
	while (crowd->next <= count && crowd->next <= UINT32_MAX / 2)
		crowd->next *= 2;
	alert->sources = count;
	alert->sources_estimated = sources->is_estimate;
	rpcs_alert_evidence(alert, "%s%" PRIu32 " %s after %d others in 60 s, told together%s",
			    sources->is_estimate ? "about " : "", count,
			    count == 1 ? "source" : "sources", RPCS_GATE_SOURCES,
			    sources->is_estimate ? " (an estimate, within some 3 %)" : "");
	hits = rpcs_heavy_top(&crowd->members->prefixes, top, RPCS_ALERT_PREFIXES_MAX);
	for (i = 0; i < hits; i++)
		alert->prefixes[i] = top[i].prefix;
	alert->prefix_count = (uint8_t)hits;
	for (i = 0; i < hits; i += SHOWN_A_LINE)
		describe_prefixes(&top[i], hits - i < SHOWN_A_LINE ? hits - i : SHOWN_A_LINE,
				  alert);
}

void rpcs_crowd_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct crowd *oldest;

	while ((oldest = rpcs_table_oldest(detect->crowds->crowds, RPCS_LANE_FIRST)) &&
	       is_over(detect, oldest, now_ns))
		end(detect, oldest, now_ns);
}

void rpcs_crowd_finish(struct rpcs_detect *detect)
{
	struct crowd *oldest;

	while ((oldest = rpcs_table_oldest(detect->crowds->crowds, RPCS_LANE_FIRST)))
		end(detect, oldest, oldest->account.last_ns);
}

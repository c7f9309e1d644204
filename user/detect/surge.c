// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110062 beyond limits.per_source_records: calls that the kernel's programs counted by source
 * and procedure. The alert of the flood is told again when the first of them are known, each
 * minute, and with exact figures once no more come.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "../policy/programs.h"
#include "families.h"

enum {
	SURGES_MAX = 4096,
	ROWS_MAX = 16, /* procedures that are told apart */
	ROWS_TOLD = 5,
};

#define QUIET_NS (3 * RPCS_NSEC_PER_SEC)
#define AGAIN_NS (60 * RPCS_NSEC_PER_SEC)

/* Lanes: sources of floods, and those whose calls are being counted in the kernel. */
#define NOTED RPCS_LANE_FIRST
#define ON RPCS_LANE_SECOND

struct row {
	enum rpcs_over_kind kind;
	uint32_t program, version, procedure;
	uint64_t count;
};

/* Key first, as struct rpcs_table wants it. */
struct surge {
	struct rpcs_address source;
	struct rpcs_tuple tuple; /* this and what follows: of the flood's alert */
	struct rpcs_sighting seen;
	uint64_t flow_id;
	uint32_t about;
	bool is_flood; /* by the thresholds, or told so before */
	uint32_t row_count;
	uint64_t first_ns, last_ns; /* of the calls */
	uint64_t came_ns;	    /* when more were told last */
	uint64_t said_ns;
	uint64_t calls, said; /* so far, and in the last line */
	uint64_t replies;
	uint64_t others; /* calls of procedures that have no row */
	struct row rows[ROWS_MAX];
};

struct rpcs_surges {
	struct rpcs_table *table;
};

int rpcs_surge_init(struct rpcs_detect *detect)
{
	uint64_t sources = detect->settings->limit_sources;

	detect->surges = calloc(1, sizeof(*detect->surges));
	if (!detect->surges)
		return -ENOMEM;
	detect->surges->table =
		rpcs_table_new(sources < SURGES_MAX ? (uint32_t)sources : SURGES_MAX,
			       sizeof(struct rpcs_address), sizeof(struct surge), &detect->seed);
	return detect->surges->table ? 0 : -ENOMEM;
}

void rpcs_surge_free(struct rpcs_detect *detect)
{
	if (!detect->surges)
		return;
	rpcs_table_free(&detect->surges->table);
	free(detect->surges);
	detect->surges = NULL;
}

static void row_format(const struct row *row, char text[RPCS_WORDS_TEXT])
{
	const char *name = rpcs_procedure_name(row->program, row->version, row->procedure);

	if (row->kind == RPCS_OVER_REST)
		snprintf(text, RPCS_WORDS_TEXT, "of other kinds");
	else if (name)
		snprintf(text, RPCS_WORDS_TEXT, "%s version %" PRIu32 "%s", name, row->version,
			 row->kind == RPCS_OVER_ODD ? " (malformed)" : "");
	else
		snprintf(text, RPCS_WORDS_TEXT,
			 "procedure %" PRIu32 " of program %" PRIu32 " version %" PRIu32 "%s",
			 row->procedure, row->program, row->version,
			 row->kind == RPCS_OVER_ODD ? " (malformed)" : "");
}

/* "12 GETPORT version 2, 3 SET version 2, 4 others": the most first. */
static void describe_rows(const struct surge *surge, struct rpcs_alert *alert)
{
	char text[RPCS_EVIDENCE_TEXT] = "", name[RPCS_WORDS_TEXT];
	bool told[ROWS_MAX] = { false };
	uint64_t others = surge->others;
	uint32_t i, n, most;
	size_t len = 0;

	for (n = 0; n < surge->row_count; n++) {
		for (i = 0, most = ROWS_MAX; i < surge->row_count; i++)
			if (!told[i] &&
			    (most == ROWS_MAX || surge->rows[i].count > surge->rows[most].count))
				most = i;
		told[most] = true;
		row_format(&surge->rows[most], name);
		if (n >= ROWS_TOLD || len + strlen(name) + 60 > sizeof(text)) {
			others += surge->rows[most].count;
			continue;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%" PRIu64 " %s",
					len ? ", " : "", surge->rows[most].count, name);
	}
	if (others)
		snprintf(text + len, sizeof(text) - len, "%s%" PRIu64 " others", len ? ", " : "",
			 others);
	rpcs_alert_evidence(alert, "of these %s", text);
}

static void say(struct rpcs_detect *detect, struct surge *surge, uint64_t now_ns)
{
	char first[RPCS_TIME_TEXT], last[RPCS_TIME_TEXT];
	struct rpcs_alert alert;
	uint64_t recorded;
	bool replied;

	surge->said_ns = now_ns;
	if (!surge->is_flood || surge->said == surge->calls ||
	    !rpcs_alert_init(detect, RPCS_D_FLOOD, surge->last_ns, &alert))
		return;
	surge->said = surge->calls;
	rpcs_alert_set_packet(&alert, &surge->tuple, &surge->seen, surge->flow_id);
	alert.about = surge->about;
	alert.fresh = true;
	rpcs_time_format(surge->first_ns, first);
	rpcs_time_format(surge->last_ns, last);
	rpcs_alert_evidence(&alert,
			    "%" PRIu64 " calls over limits.per_source_records (%" PRIu64
			    ") were counted in the kernel, from %s to %s",
			    surge->calls, detect->settings->limit_per_source_records, first, last);
	describe_rows(surge, &alert);
	recorded = rpcs_flood_recorded(detect, &surge->source, &replied);
	rpcs_alert_evidence(&alert, "beside %" PRIu64 " that were recorded one by one", recorded);
	if (surge->tuple.protocol == RPCS_IP_UDP && !replied && !surge->replies)
		rpcs_alert_evidence(&alert, RPCS_FLOOD_SPOOFABLE);
	if (surge->replies)
		rpcs_alert_evidence(&alert, "%" PRIu64 " replies to it were counted likewise",
				    surge->replies);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

/* No more come: what is not said yet, and the next ones are others. */
static void settle(struct rpcs_detect *detect, struct surge *surge, uint64_t now_ns)
{
	say(detect, surge, now_ns);
	surge->calls = surge->said = surge->replies = surge->others = 0;
	surge->row_count = 0;
	surge->is_flood = false;
	rpcs_table_move(detect->surges->table, surge, NOTED);
}

/* The source's, made if it is new: without a tuple then. */
static struct surge *surge_of(struct rpcs_detect *detect, const struct rpcs_address *source)
{
	struct rpcs_table *table = detect->surges->table;
	struct surge *surge = rpcs_table_find(table, source), *oldest;

	if (surge)
		return surge;
	if (rpcs_table_is_full(table)) {
		oldest = rpcs_table_oldest(table, NOTED);
		if (!oldest) {
			oldest = rpcs_table_oldest(table, ON);
			say(detect, oldest, oldest->came_ns);
		}
		rpcs_table_remove(table, oldest);
	}
	return rpcs_table_add(table, source);
}

void rpcs_surge_note(struct rpcs_detect *detect, const struct rpcs_alert *alert)
{
	struct surge *surge = surge_of(detect, &alert->tuple.src);

	surge->tuple = alert->tuple;
	surge->seen = alert->seen;
	surge->flow_id = alert->flow_id;
	surge->about = alert->about;
}

bool rpcs_surge_is_on(const struct rpcs_detect *detect, const struct rpcs_address *source)
{
	const struct surge *surge = rpcs_table_find(detect->surges->table, source);

	return surge && rpcs_table_lane_of(surge) == ON;
}

static void add_row(struct surge *surge, const struct rpcs_aggregate *aggregate)
{
	uint32_t i;

	for (i = 0; i < surge->row_count; i++) {
		struct row *row = &surge->rows[i];

		if (row->kind == aggregate->kind && row->program == aggregate->program &&
		    row->version == aggregate->version && row->procedure == aggregate->procedure) {
			row->count += aggregate->count;
			return;
		}
	}
	if (i == ROWS_MAX) {
		surge->others += aggregate->count;
		return;
	}
	surge->rows[surge->row_count++] = (struct row){
		.kind = aggregate->kind,
		.program = aggregate->program,
		.version = aggregate->version,
		.procedure = aggregate->procedure,
		.count = aggregate->count,
	};
}

void rpcs_detect_aggregate(struct rpcs_detect *detect, const struct rpcs_aggregate *aggregate)
{
	struct surge *surge;

	if (!aggregate->tuple.protocol || aggregate->kind == RPCS_OVER_JUNK ||
	    !rpcs_settings_watch(detect->settings, aggregate->tuple.dport) ||
	    !detect->settings->detections[RPCS_D_FLOOD].enabled)
		return;
	surge = surge_of(detect, &aggregate->tuple.src);
	if (aggregate->kind == RPCS_OVER_REPLY) {
		surge->replies += aggregate->count;
		return;
	}
	if (!surge->tuple.protocol) {
		surge->tuple = aggregate->tuple;
		surge->seen = aggregate->seen;
		surge->about = aggregate->about ? aggregate->about : aggregate->program;
	}
	if (!surge->calls || aggregate->first_ns < surge->first_ns)
		surge->first_ns = aggregate->first_ns;
	if (!surge->calls || aggregate->seen.time_ns > surge->last_ns)
		surge->last_ns = aggregate->seen.time_ns;
	surge->is_flood |= rpcs_flood_aggregate(detect, aggregate);
	surge->calls += aggregate->count;
	add_row(surge, aggregate);
	surge->came_ns = aggregate->seen.time_ns;
	rpcs_table_move(detect->surges->table, surge, ON);
}

void rpcs_detect_aggregates_end(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct surge *surge = rpcs_table_oldest(detect->surges->table, ON);

	for (; surge; surge = rpcs_table_newer(detect->surges->table, surge))
		if (!surge->said || rpcs_time_is_up(surge->said_ns, AGAIN_NS, now_ns))
			say(detect, surge, now_ns);
}

void rpcs_surge_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct surge *oldest;

	while ((oldest = rpcs_table_oldest(detect->surges->table, ON)) &&
	       rpcs_time_is_up(oldest->came_ns, QUIET_NS, now_ns))
		settle(detect, oldest, now_ns);
}

void rpcs_surge_finish(struct rpcs_detect *detect)
{
	struct surge *oldest;

	while ((oldest = rpcs_table_oldest(detect->surges->table, ON)))
		settle(detect, oldest, oldest->came_ns);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Alerts with the same source, server, detection and program within alerts.repeat: a table of
 * accounts that never grows, the oldest first out.
 */
#include "fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/prefetch.h"
#include "crowd.h"

struct key {
	struct rpcs_address server;
	struct rpcs_address source; /* IPv6: its /64 */
	uint32_t about;
	uint32_t detection;
};

/* Key first, as struct rpcs_table wants it. */
struct fold {
	struct key key;
	struct rpcs_account account;
};

/* By which one is found, and what that takes. */
struct name {
	struct key key;
	bool is_per_source;
	uint32_t hash, crowd_hash; /* the latter: not of those per source */
	uint64_t source_id;
};

struct rpcs_fold {
	struct rpcs_table *table; /* one lane, in the order in which accounts begin and so end */
	struct name name;	  /* the last one asked for: an alert's look-up has it fetched */
};

int rpcs_fold_init(struct rpcs_detect *detect)
{
	uint64_t sources = detect->settings->limit_sources;

	detect->fold = calloc(1, sizeof(*detect->fold));
	if (!detect->fold)
		return -ENOMEM;
	detect->fold->table = rpcs_table_new(sources < UINT32_MAX ? (uint32_t)sources : UINT32_MAX,
					     sizeof(struct key), sizeof(struct fold),
					     &detect->seed);
	detect->fold->name.key.detection = RPCS_D__MAX; /* none yet */
	return detect->fold->table ? 0 : -ENOMEM;
}

void rpcs_fold_free(struct rpcs_detect *detect)
{
	if (!detect->fold)
		return;
	rpcs_table_free(&detect->fold->table);
	free(detect->fold);
	detect->fold = NULL;
}

/* The same addresses are asked for most often: their ids are there. */
static uint64_t source_id_of(struct rpcs_detect *detect, const struct rpcs_address *source)
{
	return rpcs_address_is_ip4(source) ? rpcs_id_of_address(detect, source)
					   : rpcs_hash(&detect->seed, source, sizeof(*source));
}

/* An IPv6 source that is not its /64 is none, which costs no more than finding its name. */
static bool is_named(const struct name *name, enum rpcs_detection_id detection,
		     const struct rpcs_address *source, const struct rpcs_address *server,
		     uint32_t about)
{
	return name->key.detection == detection && rpcs_address_equal(&name->key.source, source) &&
	       (name->is_per_source ||
		(name->key.about == about && rpcs_address_equal(&name->key.server, server)));
}

/* With the ids of the source and of the key itself; valid until the next one is asked for. */
static const struct name *name_of(struct rpcs_detect *detect, enum rpcs_detection_id detection,
				  const struct rpcs_address *source,
				  const struct rpcs_address *server, uint32_t about)
{
	struct name *name = &detect->fold->name;
	struct key *key = &name->key;
	uint64_t id, server_id;

	if (is_named(name, detection, source, server, about))
		return name;
	*key = (struct key){ .source = *source, .detection = detection };
	if (!rpcs_address_is_ip4(source))
		memset(&key->source.bytes[8], 0, 8);
	name->source_id = id = source_id_of(detect, &key->source);
	name->is_per_source = rpcs_detection_row(detection)->per_source;
	if (!name->is_per_source) {
		key->server = *server;
		key->about = about;
		server_id = rpcs_id_of_server(detect, server);
		name->crowd_hash = rpcs_crowd_hash(server_id, detection);
		id = rpcs_id_of_pair(id, server_id);
	}
	id = rpcs_id_of_pair(id, rpcs_id_of_number((uint64_t)key->about << 32 | detection));
	name->hash = (uint32_t)id;
	return name;
}

static const struct name *name_of_alert(struct rpcs_detect *detect, const struct rpcs_alert *alert)
{
	return name_of(detect, alert->detection, &alert->tuple.src, &alert->server, alert->about);
}

void rpcs_fold_fetch(struct rpcs_detect *detect, enum rpcs_detection_id detection,
		     const struct rpcs_tuple *tuple, uint32_t about)
{
	const struct name *name = name_of(detect, detection, &tuple->src, &tuple->dst, about);

	rpcs_table_fetch_bucket(detect->fold->table, name->hash);
	if (!name->is_per_source)
		rpcs_crowd_fetch(detect, name->crowd_hash);
}

void rpcs_fold_fetch_entry(struct rpcs_detect *detect)
{
	const struct name *name = &detect->fold->name;

	/* Who has no account yet will be asked for at the gate. */
	if (!rpcs_table_fetch_entry(detect->fold->table, name->hash) && !name->is_per_source)
		rpcs_crowd_fetch_gate(detect, name->crowd_hash);
}

static bool is_over(const struct rpcs_detect *detect, const struct fold *fold, uint64_t now_ns)
{
	return rpcs_time_is_up(fold->account.first_ns, detect->settings->alert_repeat_ns, now_ns);
}

/* At its own end, which may lie before the packet that shows that it has passed. */
static void end(struct rpcs_detect *detect, struct fold *fold, uint64_t now_ns)
{
	uint64_t end_ns = fold->account.first_ns + detect->settings->alert_repeat_ns;

	rpcs_alert_close(detect, &fold->account, end_ns < now_ns ? end_ns : now_ns);
	rpcs_table_remove(detect->fold->table, fold);
	/* In a full table it goes next, and a new one takes its place. */
	rpcs_prefetch_all(rpcs_table_oldest(detect->fold->table, RPCS_LANE_FIRST),
			  sizeof(struct fold));
}

static void make_room(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct rpcs_table *table = detect->fold->table;
	struct fold *oldest;

	if (!rpcs_table_is_full(table))
		return;
	oldest = rpcs_table_oldest(table, RPCS_LANE_FIRST);
	detect->evictions += !is_over(detect, oldest, now_ns);
	end(detect, oldest, now_ns);
}

struct rpcs_account *rpcs_fold_take(struct rpcs_detect *detect, const struct rpcs_alert *alert)
{
	struct rpcs_table *table = detect->fold->table;
	struct rpcs_account *crowd = NULL;
	const struct name *name;
	struct fold *fold;

	if (!detect->settings->alert_repeat_ns)
		return NULL;
	name = name_of_alert(detect, alert);
	fold = rpcs_table_find_by(table, &name->key, name->hash);
	if (fold && is_over(detect, fold, alert->time_ns)) {
		end(detect, fold, alert->time_ns);
		fold = NULL;
	}
	if (fold) {
		rpcs_account_add(&fold->account, alert);
		return &fold->account;
	}
	if (!name->is_per_source)
		crowd = rpcs_crowd_take(detect, alert, &name->key.source, name->source_id,
					name->crowd_hash);
	if (crowd)
		return crowd;
	make_room(detect, alert->time_ns);
	fold = rpcs_table_add_by(table, &name->key, name->hash);
	rpcs_account_begin(detect, &fold->account, alert);
	return &fold->account;
}

struct rpcs_account *rpcs_fold_find(struct rpcs_detect *detect, const struct rpcs_alert *alert)
{
	const struct name *name = name_of_alert(detect, alert);
	struct fold *fold = rpcs_table_find_by(detect->fold->table, &name->key, name->hash);

	return fold && !is_over(detect, fold, alert->time_ns) ? &fold->account
							      : rpcs_crowd_find(detect, alert);
}

void rpcs_fold_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct fold *oldest;

	while ((oldest = rpcs_table_oldest(detect->fold->table, RPCS_LANE_FIRST)) &&
	       is_over(detect, oldest, now_ns))
		end(detect, oldest, now_ns);
}

void rpcs_fold_finish(struct rpcs_detect *detect)
{
	struct fold *oldest;

	while ((oldest = rpcs_table_oldest(detect->fold->table, RPCS_LANE_FIRST)))
		end(detect, oldest, oldest->account.last_ns);
}

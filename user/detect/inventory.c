// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the map of services and the inventory of servers tell: portmappers that
 * were not there before, and mappings that moved.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "../base/clock.h"
#include "families.h"
#include "fold.h"

enum {
	PRIVILEGED_PORTS = 1024,
	/* Of a reply that moves many mappings, as a restarted server's list does. */
	MOVES_SHOWN = 5,
};

/* A SET or UNSET from a wire is held against a change for so long; what is as old counts. */
#define MEDDLED_NS (600 * RPCS_NSEC_PER_SEC + 1)

/*
 * Nearly all that moves, nobody has meddled with: eight KiB of marks say so before the table is
 * looked at. One that is set stays so; once there are too many, the table is asked each time.
 */
enum { MARK_WORDS = 1024 };

struct rpcs_meddled {
	struct rpcs_recent *when;
	uint64_t marks[MARK_WORDS];
};

int rpcs_inventory_init(struct rpcs_detect *detect)
{
	uint64_t capacity = detect->settings->limit_sources;
	struct rpcs_meddled *meddled = calloc(1, sizeof(*meddled));

	if (!meddled)
		return -ENOMEM;
	detect->meddled = meddled;
	meddled->when =
		rpcs_recent_new(capacity, sizeof(uint64_t), &detect->seed, &detect->evictions);
	detect->moved =
		rpcs_recent_new(capacity, sizeof(uint64_t), &detect->seed, &detect->evictions);
	return meddled->when && detect->moved ? 0 : -ENOMEM;
}

void rpcs_inventory_free(struct rpcs_detect *detect)
{
	rpcs_recent_free(&detect->moved);
	if (!detect->meddled)
		return;
	rpcs_recent_free(&detect->meddled->when);
	free(detect->meddled);
	detect->meddled = NULL;
}

/* 1110012 */

static bool is_change(const struct rpcs_message *message)
{
	enum rpcs_policy_call kind = rpcs_policy_call_of(message->version, message->procedure);

	return message->program == RPCS_PORTMAP_PROGRAM &&
	       (kind == RPCS_CALL_SET || kind == RPCS_CALL_UNSET);
}

/* Something of the server's that has this id. */
static uint64_t id_of(uint64_t server_id, uint64_t about)
{
	return rpcs_id_of_pair(server_id, rpcs_id_of_number(about));
}

/* By bits of a meddled program's id. */
static void mark(struct rpcs_meddled *meddled, uint64_t id)
{
	meddled->marks[id >> 54] |= 1ULL << (id >> 48 & 63);
}

static bool is_marked(const struct rpcs_meddled *meddled, uint64_t id)
{
	return meddled->marks[id >> 54] >> (id >> 48 & 63) & 1;
}

void rpcs_meddled_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			  struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	uint64_t id;

	(void)call;
	(void)flow_id;
	if (place > RPCS_PLACE_CALL_AGAIN || !is_change(message) ||
	    (message->seen.flags & RPCS_F_LOCAL) || message->portmap.has < 1)
		return;
	id = id_of(rpcs_id_of_server(detect, &message->tuple.dst), message->portmap.program);
	mark(detect->meddled, id);
	rpcs_recent_note_by(detect->meddled->when, id, message->seen.time_ns, 0);
}

/* What is asked for to know whether a mapping that moved is news. */
struct mover {
	struct rpcs_detect *detect;
	uint64_t server_id, now_ns;
};

/* The id by which the table has to be asked; 0: nobody has meddled with the program. */
static uint64_t meddled_id(const struct mover *mover, uint32_t program)
{
	uint64_t id = id_of(mover->server_id, program);

	return is_marked(mover->detect->meddled, id) ? id : 0;
}

/* 0: not worth a word. Hosts that share an address answer with their ports in turns. */
static uint8_t severity_of(const struct mover *mover, const struct rpcs_service_change *change)
{
	if (change->returned)
		return 0;
	if ((change->port < PRIVILEGED_PORTS && change->old_port >= PRIVILEGED_PORTS) ||
	    rpcs_policy_is_sensitive(mover->detect->policy, change->program))
		return 3;
	return rpcs_detection_info(RPCS_D_MAPPING_CHANGED)->severity;
}

/* The versions of a program move together, but lookups tell them one by one. */
static uint64_t move_id(const struct mover *mover, const struct rpcs_service_change *change,
			uint8_t severity)
{
	uint64_t about = (uint64_t)change->program << 32 | (uint32_t)change->port << 8 |
			 (uint32_t)change->transport << 4 | severity;

	return id_of(mover->server_id, about);
}

/* A mapping that moved, and by what it is known whether that has been told. */
struct move {
	const struct rpcs_service_change *change;
	uint64_t meddled; /* as meddled_id(): if it is not 0, that is held for true at first */
	uint64_t id;
	struct rpcs_recent_choices told; /* where that is known */
	uint8_t severity;
};

/* Of so many changes at once the look-ups overlap: a list has dozens. */
enum { AT_ONCE = 32, MEDDLED_SEVERITY = 1 };

static void move_name(const struct mover *mover, struct move *move, uint8_t severity)
{
	move->severity = severity;
	move->id = move_id(mover, move->change, severity);
	move->told = rpcs_recent_fetch(mover->detect->moved, move->id);
}

/* The moves of the changes from `*at` on that are worth a word, unless nobody has meddled. */
static uint32_t moves_take(const struct mover *mover, const struct rpcs_service_change **at,
			   const struct rpcs_service_change *end, struct move moves[AT_ONCE])
{
	const struct rpcs_service_change *change = *at;
	struct move *move = moves;
	uint8_t severity;

	for (; change < end && move < moves + AT_ONCE; change++) {
		if (change->kind != RPCS_CHANGE_CHANGED)
			continue;
		move->meddled = meddled_id(mover, change->program);
		if (move->meddled)
			rpcs_recent_fetch(mover->detect->meddled->when, move->meddled);
		severity = move->meddled ? MEDDLED_SEVERITY : severity_of(mover, change);
		if (!severity)
			continue;
		move->change = change;
		move_name(mover, move++, severity);
	}
	*at = change;
	return (uint32_t)(move - moves);
}

/* Has nobody meddled with it of late, it may be worth a word all the same. */
static bool is_news(const struct mover *mover, struct move *move)
{
	struct rpcs_detect *detect = mover->detect;
	uint8_t severity;

	if (move->meddled &&
	    !rpcs_recent_find_by(detect->meddled->when, move->meddled, mover->now_ns, MEDDLED_NS)) {
		severity = severity_of(mover, move->change);
		if (!severity)
			return false;
		move_name(mover, move, severity);
	}
	return !rpcs_recent_seen_at(detect->moved, &move->told, move->id, mover->now_ns,
				    detect->settings->alert_repeat_ns);
}

static void describe_move(const struct rpcs_service_change *change, struct rpcs_alert *alert)
{
	char program[RPCS_WORDS_TEXT];

	rpcs_alert_evidence(alert, "%s version %" PRIu32 " over %s: port %u -> %u",
			    rpcs_words_program(change->program, program), change->version,
			    rpcs_transport_netid(change->transport), change->old_port,
			    change->port);
}

/* The alert that a reply raises; the server is who answered, also to a broadcast. */
static bool alert_begin(struct rpcs_detect *detect, enum rpcs_detection_id id,
			const struct rpcs_lesson *lesson, struct rpcs_alert *ret_alert)
{
	const struct rpcs_message *reply = lesson->reply;

	if (!rpcs_alert_init(detect, id, reply->seen.time_ns, ret_alert))
		return false;
	rpcs_alert_set_call(ret_alert, lesson->call);
	ret_alert->tuple.dst = reply->tuple.src;
	ret_alert->tuple.dport = reply->tuple.sport;
	ret_alert->seen = reply->seen;
	ret_alert->frame = reply->seen.frame;
	ret_alert->reply = reply;
	ret_alert->outcome = RPCS_OUTCOME_SUCCESS;
	return true;
}

/* What a reply moved, as far as it is news. */
struct news {
	const struct rpcs_service_change *shown[MOVES_SHOWN];
	uint32_t moves;
	uint32_t program; /* of the gravest */
	uint8_t severity;
};

static void news_take(const struct mover *mover, struct move *move, struct news *news)
{
	if (!is_news(mover, move))
		return;
	if (news->moves < MOVES_SHOWN)
		news->shown[news->moves] = move->change;
	news->moves++;
	if (move->severity >= news->severity)
		return;
	news->program = move->change->program;
	news->severity = move->severity;
}

static void describe_news(const struct news *news, struct rpcs_alert *alert)
{
	uint32_t i;

	for (i = 0; i < news->moves && i < MOVES_SHOWN; i++)
		describe_move(news->shown[i], alert);
	if (news->moves > MOVES_SHOWN)
		rpcs_alert_evidence(alert, "and %" PRIu32 " more mappings of this server",
				    news->moves - MOVES_SHOWN);
	if (news->severity == 1)
		rpcs_alert_evidence(alert, "a SET or UNSET for it came from the network within "
					   "the last 10 minutes");
}

/* What is told of a crowd stands there since the alert was let pass; it comes behind the news. */
static void describe_first(const struct news *news, struct rpcs_alert *alert)
{
	char later[RPCS_EVIDENCE_MAX][RPCS_EVIDENCE_TEXT];
	uint8_t count = alert->evidence_count, i;

	memcpy(later, alert->evidence, count * sizeof(later[0]));
	alert->evidence_count = 0;
	describe_news(news, alert);
	for (i = 0; i < count; i++)
		rpcs_alert_evidence(alert, "%s", later[i]);
}

/* What is not told yet will be asked for by the gravest, most likely: see news_take(). */
static void fetch_alert(struct rpcs_detect *detect, const struct rpcs_lesson *lesson,
			const struct move *moves, uint32_t count)
{
	const struct rpcs_tuple *tuple = &lesson->call->message.tuple;
	const struct move *gravest = &moves[0];
	uint32_t i;

	for (i = 1; i < count; i++)
		if (moves[i].severity < gravest->severity)
			gravest = &moves[i];
	rpcs_fold_fetch(detect, RPCS_D_MAPPING_CHANGED, tuple, gravest->change->program);
}

static void news_find(struct rpcs_detect *detect, const struct rpcs_lesson *lesson,
		      struct news *news)
{
	const struct rpcs_message *reply = lesson->reply;
	struct mover mover = { detect, rpcs_id_of_server(detect, &reply->tuple.src),
			       reply->seen.time_ns };
	const struct rpcs_service_change *at = lesson->changes, *end = at + lesson->count;
	struct move moves[AT_ONCE];
	uint32_t count, i;

	while (at < end) {
		count = moves_take(&mover, &at, end, moves);
		if (!news->moves && count)
			fetch_alert(detect, lesson, moves, count);
		for (i = 0; i < count; i++)
			news_take(&mover, &moves[i], news);
	}
	if (news->moves)
		rpcs_fold_fetch_entry(detect);
}

/* One alert for all that a reply moved: a server that was restarted moves many at once. */
static void tell_moves(struct rpcs_detect *detect, const struct rpcs_lesson *lesson)
{
	const struct rpcs_detection_setting *setting =
		&detect->settings->detections[RPCS_D_MAPPING_CHANGED];
	struct news news = { .severity = UINT8_MAX };
	struct rpcs_alert alert;

	if (!setting->enabled)
		return;
	news_find(detect, lesson, &news);
	if (!news.moves || !alert_begin(detect, RPCS_D_MAPPING_CHANGED, lesson, &alert))
		return;
	alert.about = news.program;
	if (!setting->severity_set)
		alert.severity = news.severity;
	if (!rpcs_alert_admit(detect, &alert))
		return;
	describe_first(&news, &alert);
	rpcs_alert_send(detect, &alert);
}

/* 1110011 */

static void tell_server(struct rpcs_detect *detect, const struct rpcs_lesson *lesson,
			const struct rpcs_service_change *change)
{
	char server[RPCS_ADDRESS_TEXT];
	struct rpcs_alert alert;

	if (lesson->learning_ns < detect->settings->thresholds[RPCS_T_NEW_SERVER_LEARN] ||
	    rpcs_policy_is_server(detect->policy, &change->server) ||
	    !alert_begin(detect, RPCS_D_NEW_SERVER, lesson, &alert))
		return;
	rpcs_address_format(&change->server, server);
	rpcs_alert_evidence(&alert, "%s answered as a portmapper, for the first time", server);
	rpcs_alert_evidence(&alert,
			    "the inventory has %" PRIu64 " other server%s, and has been learning "
			    "for %" PRIu64 " h",
			    lesson->servers - 1, lesson->servers == 2 ? "" : "s",
			    (uint64_t)(lesson->learning_ns / (3600 * RPCS_NSEC_PER_SEC)));
	if (!rpcs_policy_is_home(detect->policy, &change->server))
		rpcs_alert_evidence(&alert, "the server is external: outside networks.home");
	rpcs_alert_send(detect, &alert);
}

void rpcs_detect_lesson(struct rpcs_detect *detect, const struct rpcs_lesson *lesson,
			bool inventory)
{
	/* It comes first, if it is there. */
	if (inventory && lesson->count && lesson->changes[0].kind == RPCS_CHANGE_NEW_SERVER)
		tell_server(detect, lesson, &lesson->changes[0]);
	tell_moves(detect, lesson);
}

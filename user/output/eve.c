// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The EVE JSON sink: a line for each event (spec events.md). */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rpcsentry/portmap.h>

#include "eve_line.h"
#include "lines.h"
#include "names.h"
#include "outputs.h"

/*
 * Transactions whose lines are written together: the code for a line is 6 KB of a cache of 32 that
 * the next record needs for other code.
 */
enum { EVE_WAITING = 16 };

struct eve {
	struct rpcs_sink sink; /* first: the caller holds its address */
	struct rpcs_eve_maker maker;
	struct rpcs_lines lines;
	uint32_t waiting_count;
	struct rpcs_eve_plain waiting[EVE_WAITING];
	struct rpcs_eve_mappings mappings; /* of these */
};

/* A line that does not fit is told again in less detail, never cut and never lost. */
static size_t eve_line(struct eve *eve, const struct rpcs_eve_event *event, char *room)
{
	static const struct rpcs_eve_detail details[] = {
		{ .mappings = true, .string_max = UINT32_MAX },
		{ .mappings = false, .string_max = UINT32_MAX, .shortened = true },
		{ .mappings = false, .string_max = 1024, .shortened = true },
	};
	size_t len = 0;
	uint32_t ids;
	size_t i;

	if (eve->maker.ids.count == RPCS_COMMUNITY_IDS)
		rpcs_community_ids_make(&eve->maker.ids);
	ids = eve->maker.ids.count;
	for (i = 0; i < sizeof(details) / sizeof(details[0]) && len == 0; i++) {
		eve->maker.ids.count = ids;
		len = rpcs_eve_format(&eve->maker, event, &details[i], room);
	}
	if (len == 0) {
		eve->maker.ids.count = ids;
		rpcs_lines_lose(&eve->lines);
	} else {
		rpcs_lines_add(&eve->lines, len);
	}
	return len;
}

/* The type of a transaction's event. */
static struct rpcs_name type_of(uint32_t program)
{
	static const struct rpcs_name types[] = { RPCS_NAME("rpc_call"), RPCS_NAME("portmap") };

	return types[program == RPCS_PORTMAP_PROGRAM];
}

/* Lines of what waits. All have room: each had it when it came, and together they are short. */
static void eve_write_waiting(struct eve *eve)
{
	struct rpcs_eve_event event = { .plain = NULL };
	uint32_t i;

	for (i = 0; i < eve->waiting_count; i++) {
		const struct rpcs_eve_plain *plain = &eve->waiting[i];

		event.common = (struct rpcs_eve_common){
			.event_type = type_of(plain->program),
			.time_ns = plain->seen.time_ns,
			.frame = plain->seen.frame,
			.seen = &plain->seen,
			.tuple = &plain->tuple,
			.flow_id = plain->flow_id,
		};
		event.plain = plain;
		eve_line(eve, &event, rpcs_lines_end_of(&eve->lines));
	}
	eve->waiting_count = 0;
	eve->mappings.used = 0;
}

static int eve_write(struct eve *eve, const struct rpcs_eve_event *event)
{
	char *room;
	int err;

	eve_write_waiting(eve);
	err = rpcs_lines_room(&eve->lines, &room);
	if (err)
		return err;
	return eve_line(eve, event, room) ? 0 : -EMSGSIZE;
}

static int eve_message(struct rpcs_sink *sink, const struct rpcs_message *message, uint64_t flow_id)
{
	struct rpcs_eve_event event = {
		.common = {
			.event_type = RPCS_NAME("rpc"),
			.time_ns = message->seen.time_ns,
			.frame = message->seen.frame,
			.seen = &message->seen,
			.tuple = &message->tuple,
			.flow_id = flow_id,
		},
		.message = message,
	};

	return eve_write((struct eve *)sink, &event);
}

/* False: it cannot wait. */
static bool eve_wait(struct eve *eve, const struct rpcs_call *call,
		     const struct rpcs_message *reply)
{
	if (!rpcs_eve_plain_take(call, reply, &eve->mappings, &eve->waiting[eve->waiting_count]))
		return false;
	eve->waiting_count++;
	if (eve->waiting_count == EVE_WAITING || eve->mappings.used > RPCS_MAPPINGS_MAX)
		eve_write_waiting(eve);
	return true;
}

static int eve_write_call(struct eve *eve, const struct rpcs_call *call,
			  const struct rpcs_message *reply)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_eve_event event = {
		.common = {
			.event_type = type_of(message->program),
			.time_ns = message->seen.time_ns,
			.frame = message->seen.frame,
			.seen = &message->seen,
			.tuple = &message->tuple,
			.flow_id = call->flow_id,
		},
		.call = call,
		.reply = reply,
	};

	return eve_write(eve, &event);
}

static int eve_call(struct rpcs_sink *sink, const struct rpcs_call *call,
		    const struct rpcs_message *reply)
{
	struct eve *eve = (struct eve *)sink;
	char *room;
	int err;

	if (!eve->maker.context.transactions || !call->log)
		return 0;
	err = rpcs_lines_are_few(&eve->lines) ? 0 : rpcs_lines_room(&eve->lines, &room);
	if (err || eve_wait(eve, call, reply))
		return err;
	return eve_write_call(eve, call, reply);
}

static int eve_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	static const struct rpcs_name types[] = { RPCS_NAME("alert"), RPCS_NAME("alert_update") };
	struct rpcs_eve_event event = {
		.common = {
			.event_type = types[alert->update && !alert->raised],
			.time_ns = alert->time_ns,
			.frame = alert->frame,
			.seen = &alert->seen,
			.tuple = &alert->tuple,
			.flow_id = alert->flow_id,
		},
		.call = alert->call,
		.reply = alert->reply,
		.alert = alert,
	};

	return eve_write((struct eve *)sink, &event);
}

static int eve_stats(struct rpcs_sink *sink, const struct rpcs_stats *stats)
{
	struct rpcs_eve_event event = {
		.common = { .event_type = RPCS_NAME("stats"), .time_ns = stats->time_ns },
		.stats = stats,
	};

	return eve_write((struct eve *)sink, &event);
}

static int eve_service(struct rpcs_sink *sink, const struct rpcs_lesson *lesson,
		       const struct rpcs_service_change *change)
{
	struct eve *eve = (struct eve *)sink;
	struct rpcs_eve_event event = {
		.common = {
			.event_type = RPCS_NAME("services"),
			.time_ns = lesson->reply->seen.time_ns,
			.frame = lesson->reply->seen.frame,
			.seen = &lesson->reply->seen,
			.tuple = &lesson->call->message.tuple,
			.flow_id = lesson->call->flow_id,
		},
		.service = change,
	};

	return eve->maker.context.transactions ? eve_write(eve, &event) : 0;
}

static void eve_finish(void *arg)
{
	struct eve *eve = arg;

	eve_write_waiting(eve);
	rpcs_community_ids_make(&eve->maker.ids);
}

static int eve_flush(struct rpcs_sink *sink)
{
	/* What an error keeps waiting is not lost yet: the lines count what is. */
	rpcs_lines_flush(&((struct eve *)sink)->lines);
	return 0;
}

struct rpcs_sink *rpcs_eve_new(int fd, const struct rpcs_output_context *context)
{
	struct eve *eve = calloc(1, sizeof(*eve));

	if (!eve)
		return NULL;
	if (rpcs_lines_init(&eve->lines, fd, context->path ? context->path : "standard output",
			    context->live)) {
		free(eve);
		return NULL;
	}
	eve->lines.finish = eve_finish;
	eve->lines.finish_arg = eve;
	eve->maker.context = *context;
	eve->sink = (struct rpcs_sink){
		.message = eve_message,
		.call = eve_call,
		.alert = eve_alert,
		.stats = eve_stats,
		.flush = eve_flush,
		.service = eve_service,
	};
	/* The zone and the names come from files and sockets: not once the sensor is confined. */
	tzset();
	if (context->live)
		rpcs_interfaces_init(&eve->maker.interfaces);
	return &eve->sink;
}

void rpcs_eve_free(struct rpcs_sink **sink)
{
	struct eve *eve = (struct eve *)*sink;

	if (!eve)
		return;
	rpcs_lines_flush(&eve->lines);
	rpcs_lines_free(&eve->lines);
	free(eve);
	*sink = NULL;
}

struct rpcs_lines *rpcs_eve_lines(struct rpcs_sink *sink)
{
	return &((struct eve *)sink)->lines;
}

void rpcs_eve_reopen(struct rpcs_sink *sink, int fd)
{
	rpcs_lines_reopen(&((struct eve *)sink)->lines, fd);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sink for people: what `read` prints without --eve.
 *
 * On a terminal times are short, a line tells when the day changes, and an
 * alert has its facts below it; on a pipe each event is one line, so that grep
 * finds all of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "names.h"
#include "outputs.h"
#include "phrase.h"

enum {
	LINE_TEXT = 4096,
	DATE_LEN = 10,	     /* 2026-11-22 */
	SHORT_TIME_LEN = 12, /* 01:15:57.123 */
	TUPLE_WIDTH = 38,
	INDENT = 13, /* below the time */
	NAME_WIDTH = 24,
};

struct text {
	struct rpcs_sink sink; /* first: the caller holds its address */
	struct rpcs_lines lines;
	bool terminal;
	bool transactions;
	bool each;		 /* somebody watches `read`: each line at once */
	char date[DATE_LEN + 1]; /* told last */
};

/* The places where colour may come in; all empty on a pipe. */
enum paint { PLAIN, DIM, HIGH, MEDIUM, LOW, INFO };

static void text_paint(const struct text *text, struct rpcs_line *line, enum paint paint)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m",	 [DIM] = "\033[2m",  [HIGH] = "\033[1;31m",
		[MEDIUM] = "\033[1;33m", [LOW] = "\033[36m", [INFO] = "\033[2m",
	};

	if (text->terminal)
		rpcs_line_add(line, "%s", codes[paint]);
}

static int text_put(struct text *text, struct rpcs_line *line)
{
	char *room;
	int err;

	rpcs_line_add(line, "\n");
	/* A line as long as the buffer has lost its end, but keeps its newline. */
	if (line->len + 1 == line->size)
		line->buf[line->len - 1] = '\n';
	err = rpcs_lines_room(&text->lines, &room);
	if (err)
		return err;
	memcpy(room, line->buf, line->len);
	rpcs_lines_add(&text->lines, line->len);
	if (text->each)
		rpcs_lines_flush(&text->lines);
	return 0;
}

/* Begins a line with the time; on a terminal a new day has a line of its own before. */
static int text_begin(struct text *text, struct rpcs_line *line, char *buf, uint64_t time_ns)
{
	char time[RPCS_TIME_TEXT];
	int err = 0;

	rpcs_time_format(time_ns, time);
	rpcs_line_init(line, buf, LINE_TEXT);
	if (!text->terminal) {
		rpcs_line_add(line, "%s ", time);
		return 0;
	}
	if (memcmp(time, text->date, DATE_LEN) != 0) {
		memcpy(text->date, time, DATE_LEN);
		text_paint(text, line, DIM);
		rpcs_line_add(line, "--- %s ---", text->date);
		text_paint(text, line, PLAIN);
		err = text_put(text, line);
		rpcs_line_init(line, buf, LINE_TEXT);
	}
	text_paint(text, line, DIM);
	rpcs_line_add(line, "%.*s", SHORT_TIME_LEN, time + DATE_LEN + 1);
	text_paint(text, line, PLAIN);
	rpcs_line_add(line, " ");
	return err;
}

static void text_tuple(const struct text *text, struct rpcs_line *line,
		       const struct rpcs_tuple *tuple)
{
	size_t from = line->len;

	rpcs_phrase_tuple(line, tuple);
	if (text->terminal)
		rpcs_line_pad(line, from, TUPLE_WIDTH);
	rpcs_line_add(line, " ");
}

static int text_message(struct rpcs_sink *sink, const struct rpcs_message *message,
			uint64_t flow_id)
{
	struct text *text = (struct text *)sink;
	struct rpcs_line line;
	char buf[LINE_TEXT];
	int err;

	(void)flow_id;
	err = text_begin(text, &line, buf, message->seen.time_ns);
	if (err)
		return err;
	rpcs_line_add(&line, message->is_call ? "call  " : "reply ");
	text_tuple(text, &line, &message->tuple);
	if (message->is_call || message->call_known)
		rpcs_phrase_call(&line, message);
	else
		rpcs_line_add(&line, "to a call not seen");
	if (!message->is_call) {
		rpcs_line_add(&line, ": ");
		rpcs_phrase_reply(&line, message);
	} else if (message->malformed) {
		rpcs_line_add(&line, " [malformed: %s]", message->malformed);
	}
	rpcs_line_add(&line, " xid 0x%08" PRIx32, message->xid);
	return text_put(text, &line);
}

static int text_call(struct rpcs_sink *sink, const struct rpcs_call *call,
		     const struct rpcs_message *reply)
{
	struct text *text = (struct text *)sink;
	struct rpcs_line line;
	char buf[LINE_TEXT];
	int err;

	if (!text->transactions || !call->log)
		return 0;
	err = text_begin(text, &line, buf, call->message.seen.time_ns);
	if (err)
		return err;
	rpcs_line_add(&line, "call   ");
	text_tuple(text, &line, &call->message.tuple);
	rpcs_phrase_call(&line, &call->message);
	if (call->message.malformed)
		rpcs_line_add(&line, " [malformed: %s]", call->message.malformed);
	rpcs_line_add(&line, " => ");
	rpcs_phrase_outcome(&line, call, reply);
	return text_put(text, &line);
}

/* On a terminal a fact of an alert has its own line, on a pipe all are on one. */
static int text_break(struct text *text, struct rpcs_line *line)
{
	int err = 0;

	if (!text->terminal) {
		/* An alert without a call has nothing behind its two ends. */
		while (line->len && line->buf[line->len - 1] == ' ')
			line->len--;
		rpcs_line_add(line, "; ");
		return 0;
	}
	err = text_put(text, line);
	rpcs_line_init(line, line->buf, line->size);
	rpcs_line_pad(line, 0, INDENT);
	return err;
}

static void text_headline(const struct text *text, struct rpcs_line *line,
			  const struct rpcs_alert *alert)
{
	const struct rpcs_detection_info *info = rpcs_detection_info(alert->detection);
	enum paint paint = alert->severity >= 1 && alert->severity <= RPCS_SEVERITIES
				   ? HIGH + (alert->severity - 1)
				   : INFO;
	size_t from;

	text_paint(text, line, paint);
	rpcs_line_add(line, alert->update && !alert->raised ? "UPDATE" : "ALERT ");
	rpcs_line_add(line, " %-6s ", rpcs_severity_name(alert->severity));
	from = line->len;
	rpcs_line_add(line, "%s", info->name);
	if (text->terminal)
		rpcs_line_pad(line, from, NAME_WIDTH);
	text_paint(text, line, PLAIN);
	rpcs_line_add(line, " %s; outcome: %s", info->signature, rpcs_outcome_name(alert->outcome));
	if (alert->count > 1)
		rpcs_line_add(line, " (%" PRIu32 " times)", alert->count);
	if (alert->sources)
		rpcs_line_add(line, " (%s%" PRIu32 " sources)",
			      alert->sources_estimated ? "about " : "", alert->sources);
}

static int text_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	struct text *text = (struct text *)sink;
	struct rpcs_line line;
	char buf[LINE_TEXT];
	uint32_t i;
	int err;

	err = text_begin(text, &line, buf, alert->time_ns);
	if (err)
		return err;
	text_headline(text, &line, alert);
	if (alert->tuple.protocol) {
		err = text_break(text, &line);
		text_tuple(text, &line, &alert->tuple);
		if (alert->call)
			rpcs_phrase_call(&line, &alert->call->message);
		if (alert->call && alert->update) {
			rpcs_line_add(&line, " => ");
			rpcs_phrase_outcome(&line, alert->call, alert->reply);
		}
	}
	for (i = 0; i < alert->evidence_count && i < RPCS_EVIDENCE_MAX && !err; i++) {
		err = text_break(text, &line);
		if (text->terminal)
			rpcs_line_add(&line, "- ");
		rpcs_line_plain(&line, alert->evidence[i]);
	}
	return err ? err : text_put(text, &line);
}

static int text_counter(struct text *text, const char *name, const char *help, uint64_t value)
{
	struct rpcs_line line;
	char buf[LINE_TEXT];

	if (value == 0)
		return 0;
	rpcs_line_init(&line, buf, sizeof(buf));
	rpcs_line_add(&line, "  %-26s %12" PRIu64 "  ", name, value);
	text_paint(text, &line, DIM);
	rpcs_line_add(&line, "%s", help);
	text_paint(text, &line, PLAIN);
	return text_put(text, &line);
}

static int text_rules(struct text *text, const struct rpcs_stats *stats)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < stats->rule_count && !err; i++) {
		const struct rpcs_rule_hits *rule = &stats->rules[i];
		struct rpcs_line line;
		char buf[LINE_TEXT];

		if (!rule->hits && !rule->suppressed)
			continue;
		rpcs_line_init(&line, buf, sizeof(buf));
		rpcs_line_add(&line, "  %-26s %12" PRIu64 "  ", "allow rule",
			      (uint64_t)(rule->hits + rule->suppressed));
		rpcs_line_plain(&line, rule->name);
		if (rule->suppressed)
			rpcs_line_add(&line, " (%" PRIu64 " suppressed)",
				      (uint64_t)rule->suppressed);
		err = text_put(text, &line);
	}
	return err;
}

static int text_stats(struct rpcs_sink *sink, const struct rpcs_stats *stats)
{
	struct text *text = (struct text *)sink;
	struct rpcs_line line;
	char buf[LINE_TEXT];
	int err;

	err = text_begin(text, &line, buf, stats->time_ns);
	rpcs_line_add(&line,
		      "%" PRIu64 " calls, %" PRIu64 " answered, %" PRIu64 " not in time; %" PRIu64
		      " alerts, %" PRIu64 " updates of alerts; what was counted, zeros left out:",
		      stats->agent.calls, stats->agent.replies, stats->agent.calls_timeout,
		      stats->agent.alerts, stats->agent.alerts_updated);
	err = err ? err : text_put(text, &line);
#define X(name, help) err = err ? err : text_counter(text, #name, help, stats->kernel.name);
	RPCS_COUNTERS(X)
#undef X
#define X(name, help) \
	err = err ? err : text_counter(text, "packet_" #name, help, stats->kernel.packet_##name);
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help)   \
	err = err ? err \
		  : text_counter(text, "fallback_" #name, help, stats->kernel.fallback_##name);
	RPCS_FALLBACKS(X)
#undef X
#define X(name, help) err = err ? err : text_counter(text, "agent " #name, help, stats->agent.name);
	RPCS_AGENT_COUNTERS(X)
#undef X
	return err ? err : text_rules(text, stats);
}

static int text_service(struct rpcs_sink *sink, const struct rpcs_lesson *lesson,
			const struct rpcs_service_change *change)
{
	struct text *text = (struct text *)sink;
	struct rpcs_line line;
	char buf[LINE_TEXT];
	int err;

	/* The line of the call tells what is new. */
	if (!text->transactions || change->kind == RPCS_CHANGE_NEW_MAPPING)
		return 0;
	err = text_begin(text, &line, buf, lesson->reply->seen.time_ns);
	if (err)
		return err;
	rpcs_line_add(&line, "server ");
	rpcs_phrase_service(&line, change);
	return text_put(text, &line);
}

static int text_flush(struct rpcs_sink *sink)
{
	/* As for events: the lines count what is lost. */
	rpcs_lines_flush(&((struct text *)sink)->lines);
	return 0;
}

struct rpcs_sink *rpcs_text_new(int fd, bool terminal, const struct rpcs_output_context *context)
{
	struct text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	if (rpcs_lines_init(&text->lines, fd, "standard output", context->live)) {
		free(text);
		return NULL;
	}
	text->terminal = terminal;
	text->each = !context->live && isatty(fd);
	text->transactions = context->transactions;
	text->sink = (struct rpcs_sink){
		.message = text_message,
		.call = text_call,
		.alert = text_alert,
		.stats = text_stats,
		.flush = text_flush,
		.service = text_service,
	};
	return &text->sink;
}

void rpcs_text_free(struct rpcs_sink **sink)
{
	struct text *text = (struct text *)*sink;

	if (!text)
		return;
	rpcs_lines_flush(&text->lines);
	rpcs_lines_free(&text->lines);
	free(text);
	*sink = NULL;
}

struct rpcs_lines *rpcs_text_lines(struct rpcs_sink *sink)
{
	return &((struct text *)sink)->lines;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The times of the last 20 lines of each detection: one more may leave a second after the first. */
#include "pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../base/clock.h"

enum { LINES = 20 };

struct lane {
	uint64_t times_ns[LINES]; /* of the last ones, in a ring */
	uint32_t lines;		  /* so many of them are used */
	uint32_t oldest;
	uint64_t held; /* since it was said last */
	uint64_t first_ns, last_ns;
	uint64_t said_ns; /* 0: never */
};

struct rpcs_pace {
	struct lane lanes[RPCS_D__MAX];
	uint32_t waiting; /* lanes with lines held back */
	uint64_t next_ns; /* no such lane has room before */
	bool is_over;
};

int rpcs_pace_init(struct rpcs_detect *detect)
{
	detect->pace = calloc(1, sizeof(*detect->pace));
	return detect->pace ? 0 : -ENOMEM;
}

void rpcs_pace_free(struct rpcs_detect *detect)
{
	free(detect->pace);
	detect->pace = NULL;
}

static bool has_room(const struct lane *lane, uint64_t now_ns)
{
	return lane->lines < LINES ||
	       rpcs_time_is_up(lane->times_ns[lane->oldest], RPCS_NSEC_PER_SEC, now_ns);
}

/* Once a second, or all the room that there is would go to it. */
static uint64_t due_ns(const struct lane *lane)
{
	uint64_t room_ns = lane->times_ns[lane->oldest] + RPCS_NSEC_PER_SEC;
	uint64_t said_ns = lane->said_ns + RPCS_NSEC_PER_SEC;

	return room_ns > said_ns ? room_ns : said_ns;
}

static bool is_due(const struct lane *lane, uint64_t now_ns)
{
	return lane->held && has_room(lane, now_ns) &&
	       rpcs_time_is_up(lane->said_ns, RPCS_NSEC_PER_SEC, now_ns);
}

static void note(struct lane *lane, uint64_t now_ns)
{
	lane->times_ns[lane->oldest] = now_ns;
	lane->oldest = (lane->oldest + 1) % LINES;
	lane->lines += lane->lines < LINES;
}

/* An alert of its own, of no packet: what it counts may be of many clients and servers. */
static void say(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t now_ns)
{
	struct lane *lane = &detect->pace->lanes[id];
	char first[RPCS_TIME_TEXT], last[RPCS_TIME_TEXT];
	struct rpcs_alert alert;

	detect->pace->waiting--;
	note(lane, now_ns);
	rpcs_alert_clear(&alert, id, now_ns);
	alert.severity = detect->settings->detections[id].severity;
	alert.count = lane->held < UINT32_MAX ? (uint32_t)lane->held : UINT32_MAX;
	rpcs_alert_name(detect, &alert);
	rpcs_time_format(lane->first_ns, first);
	rpcs_time_format(lane->last_ns, last);
	rpcs_alert_evidence(
		&alert, "%" PRIu64 " further %s held back: %d leave in a second at the most",
		lane->held,
		lane->held == 1 ? "line of this detection was" : "lines of this detection were",
		LINES);
	rpcs_alert_evidence(&alert, "the first at %s, the last at %s", first, last);
	lane->held = 0;
	lane->said_ns = now_ns;
	detect->emit(detect->arg, &alert);
}

bool rpcs_pace_take(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t now_ns)
{
	struct lane *lane = &detect->pace->lanes[id];

	if (detect->pace->is_over)
		return true;
	if (is_due(lane, now_ns))
		say(detect, id, now_ns);
	if (!has_room(lane, now_ns))
		return false;
	note(lane, now_ns);
	return true;
}

void rpcs_pace_hold(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t now_ns)
{
	struct rpcs_pace *pace = detect->pace;
	struct lane *lane = &pace->lanes[id];

	if (lane->held++ == 0) {
		lane->first_ns = now_ns;
		if (pace->waiting++ == 0 || due_ns(lane) < pace->next_ns)
			pace->next_ns = due_ns(lane);
	}
	lane->last_ns = now_ns;
	detect->alerts_held++;
}

void rpcs_pace_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	struct rpcs_pace *pace = detect->pace;
	uint64_t next_ns = UINT64_MAX;
	const struct lane *lane;
	uint32_t id;

	/* This runs for each record, so most of the time it must be no more than this. */
	if (!pace->waiting ||
	    (now_ns < pace->next_ns && pace->next_ns - now_ns <= RPCS_NSEC_PER_SEC))
		return;
	for (id = 0; id < RPCS_D__MAX; id++) {
		lane = &pace->lanes[id];
		if (is_due(lane, now_ns))
			say(detect, id, now_ns);
		if (lane->held && due_ns(lane) < next_ns)
			next_ns = due_ns(lane);
	}
	pace->next_ns = next_ns;
}

void rpcs_pace_finish(struct rpcs_detect *detect)
{
	struct lane *lane;
	uint32_t id;

	detect->pace->is_over = true;
	for (id = 0; id < RPCS_D__MAX; id++) {
		lane = &detect->pace->lanes[id];
		if (lane->held)
			say(detect, id, lane->last_ns);
	}
}

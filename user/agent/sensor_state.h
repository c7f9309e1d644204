/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sensor's state, shared by its set-up (sensor.c) and its loop (sensor_loop.c). */
#ifndef RPCSENTRY_AGENT_SENSOR_STATE_H
#define RPCSENTRY_AGENT_SENSOR_STATE_H

#include "../base/clock.h"
#include "../output/sink.h"
#include "../pipeline.h"
#include "../services/inventory.h"
#include "../source/over_budget.h"
#include "../source/ring.h"
#include "rest.h"
#include "sensor.h"

enum { RPCS_SENSOR_SINKS_MAX = 3 };

/** What wakes the loop; the data of its epoll events. */
enum rpcs_sensor_event {
	RPCS_SENSOR_RING, /* a program woke us: the rings are looked at after every wait */
	RPCS_SENSOR_PARENT,
	RPCS_SENSOR_TIMER,
	RPCS_SENSOR_JOURNAL,
	RPCS_SENSOR_EVENT__MAX
};

enum { RPCS_SENSOR_OWN_MAX = 256 };

struct rpcs_sensor {
	const struct rpcs_sensor_options *options;
	const struct rpcs_settings *settings;
	struct rpcs_sink *eve, *text, *journal;
	struct rpcs_sink *sinks[RPCS_SENSOR_SINKS_MAX];
	uint32_t sink_count;
	struct rpcs_state *state; /* the programs' */
	struct rpcs_pipeline *pipeline;
	struct rpcs_address own[RPCS_SENSOR_OWN_MAX]; /* this host's, where egress is not watched */
	struct rpcs_ring *ring;
	struct rpcs_over_reader *over;
	uint64_t next_over_ns; /* CLOCK_MONOTONIC */
	uint64_t over_told;    /* records over a budget, when the programs were asked last */
	int epoll_fd, timer_fd, eve_fd;
	uint64_t offset_ns; /* CLOCK_MONOTONIC to real time, for records and clock alike */
	uint64_t start_ns, next_stats_ns;
	struct rpcs_rest rest;
	bool backlog;	       /* the rings held more than the last batch */
	uint64_t caught_up_ns; /* all records up to then were taken */
	bool stopping;
	bool keeps;			  /* the inventory has a file */
	struct rpcs_inventory_save *save; /* being made, and where; kept until the parent took it */
	int save_fd;
	uint64_t saved_ns, next_save_ns; /* CLOCK_MONOTONIC */
};

/** The time that records have: one clock for both, or windows would jump with the wall clock. */
static inline uint64_t rpcs_sensor_now(const struct rpcs_sensor *sensor)
{
	return rpcs_clock_monotonic() + sensor->offset_ns;
}

/**
 * The clock was set, or the host slept: records and clock go on with the new
 * offset. Differences that only say how well a clock can be read are left.
 */
void rpcs_sensor_clock(struct rpcs_sensor *sensor, uint64_t offset_ns);

/** After the drop of rights; -errno: cannot start. What is wrong with the file is told. */
int rpcs_sensor_load_inventory(struct rpcs_sensor *sensor,
			       enum rpcs_inventory_verdict *ret_verdict);

/** At each tick: a step, when a save is under way or due. */
void rpcs_sensor_save_inventory(struct rpcs_sensor *sensor);

/** At the end: all at once. */
void rpcs_sensor_save_last(struct rpcs_sensor *sensor);

/** Has the policy in `fd`, which is consumed, replace the one in force, if it is right; -ENOMEM. */
int rpcs_sensor_take_policy(struct rpcs_sensor *sensor, int fd);

/** At each tick: once a second what the programs have counted of floods. 0 or -errno. */
int rpcs_sensor_read_over(struct rpcs_sensor *sensor, const struct rpcs_counters *kernel);

/** At the end, after the last record: all of it. */
int rpcs_sensor_read_over_last(struct rpcs_sensor *sensor);

/** Runs until the parent says stop or has gone; -errno: cannot go on. */
int rpcs_sensor_loop(struct rpcs_sensor *sensor);

/** The programs are off: what is left in the ring, the pending calls, the last line. */
int rpcs_sensor_finish(struct rpcs_sensor *sensor);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sensor's process: made whole while it still has rights, then without any. */
#include "sensor.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "../output/outputs.h"
#include "child.h"
#include "home.h"
#include "ipc.h"
#include "sensor_state.h"

enum { RPCS_SENSOR_TICK_MS = 100 };

static void rpcs_sensor_add_sink(struct rpcs_sensor *sensor, struct rpcs_sink *sink)
{
	if (sink)
		sensor->sinks[sensor->sink_count++] = sink;
}

static int rpcs_sensor_make_sinks(struct rpcs_sensor *sensor)
{
	const struct rpcs_sensor_options *options = sensor->options;
	struct rpcs_output_context context = {
		.sensor_name = sensor->settings->sensor_name,
		.path = options->eve_path,
		.live = true,
		.transactions = true,
		.ports = sensor->settings->ports,
		.port_count = sensor->settings->port_count,
	};

	if (options->eve_fd >= 0) {
		sensor->eve_fd = options->eve_fd;
		sensor->eve = rpcs_eve_new(options->eve_fd, &context);
		if (!sensor->eve)
			return -ENOMEM;
	}
	if (options->text) {
		context.transactions = options->text_transactions;
		sensor->text = rpcs_text_new(STDOUT_FILENO, options->text_terminal, &context);
		if (!sensor->text)
			return -ENOMEM;
	}
	if (options->journal_fd >= 0) {
		sensor->journal = rpcs_journal_sink_new(options->journal_fd);
		if (!sensor->journal)
			return -ENOMEM;
	}
	rpcs_sensor_add_sink(sensor, sensor->eve);
	rpcs_sensor_add_sink(sensor, sensor->text);
	rpcs_sensor_add_sink(sensor, sensor->journal);
	return 0;
}

static int rpcs_sensor_watch(struct rpcs_sensor *sensor, int fd, uint32_t events,
			     enum rpcs_sensor_event which)
{
	struct epoll_event event = { .events = events, .data.u32 = which };

	return epoll_ctl(sensor->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/** By edge, which only a program's wake-up is: what lies in them is looked at anyway. */
static int rpcs_sensor_watch_rings(struct rpcs_sensor *sensor)
{
	const struct rpcs_ring_fds *rings = &sensor->options->rings;
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < rings->count; i++)
		err = rpcs_sensor_watch(sensor, rings->rings[i], EPOLLIN | EPOLLET,
					RPCS_SENSOR_RING);
	return err;
}

static int rpcs_sensor_make_loop(struct rpcs_sensor *sensor)
{
	const struct itimerspec every = {
		.it_interval.tv_nsec = RPCS_SENSOR_TICK_MS * (long)RPCS_NSEC_PER_MSEC,
		.it_value.tv_nsec = RPCS_SENSOR_TICK_MS * (long)RPCS_NSEC_PER_MSEC,
	};
	int err;

	sensor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	sensor->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (sensor->epoll_fd < 0 || sensor->timer_fd < 0 ||
	    timerfd_settime(sensor->timer_fd, 0, &every, NULL))
		return -errno;
	err = rpcs_sensor_watch_rings(sensor);
	if (!err)
		err = rpcs_sensor_watch(sensor, sensor->options->parent_fd, EPOLLIN,
					RPCS_SENSOR_PARENT);
	if (!err)
		err = rpcs_sensor_watch(sensor, sensor->timer_fd, EPOLLIN, RPCS_SENSOR_TIMER);
	/* By edge: the queue's socket has room nearly always. */
	if (!err && sensor->journal)
		err = rpcs_sensor_watch(sensor, sensor->options->journal_fd, EPOLLOUT | EPOLLET,
					RPCS_SENSOR_JOURNAL);
	return err;
}

static int rpcs_sensor_make_ring(struct rpcs_sensor *sensor)
{
	struct rpcs_lookout lookout;
	int err = rpcs_ring_new(&sensor->options->rings, rpcs_pipeline_record, sensor->pipeline,
				&sensor->ring);

	rpcs_pipeline_lookout(sensor->pipeline, &lookout);
	return err ? err : rpcs_ring_look_out(sensor->ring, &lookout);
}

static int rpcs_sensor_make(struct rpcs_sensor *sensor)
{
	struct rpcs_pipeline_options pipeline = {
		.policy = sensor->options->policy,
		.sinks = sensor->sinks,
		.inventory = true,
	};
	int err;

	tzset(); /* reads a file: while we still may */
	err = rpcs_sensor_make_sinks(sensor);
	if (!err)
		err = rpcs_hash_seed_random(&pipeline.seed);
	if (err)
		return err;
	sensor->offset_ns = rpcs_clock_monotonic_offset();
	sensor->start_ns = rpcs_sensor_now(sensor);
	sensor->next_stats_ns = sensor->start_ns + sensor->settings->stats_interval_ns;
	if (!sensor->options->egress) {
		pipeline.unseen = sensor->own;
		pipeline.unseen_count = rpcs_home_addresses(sensor->own, RPCS_SENSOR_OWN_MAX);
	}
	pipeline.sink_count = sensor->sink_count;
	pipeline.monotonic_offset_ns = sensor->offset_ns;
	pipeline.live_since_ns = sensor->start_ns;
	sensor->state = rpcs_state_maps(&sensor->options->state_fds);
	if (!sensor->state)
		return -errno;
	pipeline.state = sensor->state;
	sensor->pipeline = rpcs_pipeline_new(&pipeline);
	if (!sensor->pipeline)
		return -ENOMEM;
	sensor->caught_up_ns = sensor->start_ns;
	sensor->over = rpcs_over_reader_new(sensor->options->state_fds.over_budget, &pipeline.seed);
	if (!sensor->over)
		return -ENOMEM;
	err = rpcs_sensor_make_ring(sensor);
	return err ? err : rpcs_sensor_make_loop(sensor);
}

static void rpcs_sensor_release(struct rpcs_sensor *sensor)
{
	rpcs_ring_free(&sensor->ring);
	rpcs_over_reader_free(&sensor->over);
	rpcs_inventory_save_free(&sensor->save);
	rpcs_cleanup_fd(&sensor->save_fd);
	rpcs_pipeline_free(&sensor->pipeline);
	rpcs_state_free(&sensor->state);
	if (sensor->eve)
		rpcs_eve_free(&sensor->eve);
	if (sensor->text)
		rpcs_text_free(&sensor->text);
	rpcs_journal_sink_free(&sensor->journal);
	rpcs_cleanup_fd(&sensor->timer_fd);
	rpcs_cleanup_fd(&sensor->epoll_fd);
}

/** All descriptors that the sensor keeps of what the parent has. */
static int rpcs_sensor_enter(const struct rpcs_sensor_options *options)
{
	const struct rpcs_state_fds *state = &options->state_fds;
	const int keep[] = { options->parent_fd, options->rings.bells, options->counters_fd,
			     options->eve_fd,	 options->journal_fd,  state->flows,
			     state->expected,	 state->ports,	       state->rules,
			     state->silenced,	 state->sensitive,     state->suppress,
			     state->xdp_look,	 state->tc_look,       options->inventory_fd,
			     state->over_budget, state->sieve };
	int all[RPCS_RINGS_MAX + sizeof(keep) / sizeof(keep[0])];
	uint32_t rings = options->rings.count;

	memcpy(all, options->rings.rings, rings * sizeof(*all));
	memcpy(all + rings, keep, sizeof(keep));
	return rpcs_child_enter("rpcs-sensor", all, rings + sizeof(keep) / sizeof(keep[0]));
}

static int rpcs_sensor_begin(const struct rpcs_sensor_options *options, struct rpcs_sensor *sensor)
{
	struct rpcs_ipc_message ready = { .kind = RPCS_IPC_READY };
	enum rpcs_inventory_verdict verdict = RPCS_INVENTORY_GOOD;
	int err = rpcs_sensor_enter(options);

	if (!err)
		err = rpcs_sensor_make(sensor);
	if (!err)
		err = rpcs_privilege_drop(&options->identity);
	if (!err)
		err = rpcs_child_follow(options->parent);
	if (!err)
		err = rpcs_sensor_load_inventory(sensor, &verdict);
	ready.verdict = verdict;
	if (!err)
		err = rpcs_ipc_send(options->parent_fd, &ready, -1);
	if (err)
		rpcs_log_error("cannot start the sensor: %s; run as root, or with smaller limits",
			       strerror(-err));
	return err;
}

static void rpcs_sensor_cleanup(struct rpcs_sensor *sensor)
{
	rpcs_sensor_release(sensor);
}

int rpcs_sensor_main(const struct rpcs_sensor_options *options)
{
	RPCS_CLEANUP(rpcs_sensor_cleanup)
	struct rpcs_sensor sensor = { .options = options,
				      .settings = rpcs_policy_settings(options->policy),
				      .epoll_fd = -1,
				      .timer_fd = -1,
				      .eve_fd = -1,
				      .save_fd = -1 };
	int err = rpcs_sensor_begin(options, &sensor);

	if (err)
		return RPCS_EXIT_FAILURE;
	err = rpcs_sensor_loop(&sensor);
	if (!err)
		err = rpcs_sensor_finish(&sensor);
	if (err) {
		rpcs_log_error("the sensor cannot go on: %s; start it again", strerror(-err));
		return RPCS_EXIT_FAILURE;
	}
	return RPCS_EXIT_OK;
}

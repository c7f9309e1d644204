// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One epoll loop over the rings, the parent, the journal's queue and a clock. */
#include "sensor_state.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "../base/cleanup.h"
#include "../output/outputs.h"
#include "../source/kernel.h"
#include "ipc.h"

enum {
	/* Records in one go: a word from the parent waits no longer than these take. */
	RPCS_SENSOR_BATCH = 1024,
	/* With --keep the programs go on: the last look at the ring must end. */
	RPCS_SENSOR_LAST_BATCHES = 4096,
	/* A program may still run on another CPU when its link has gone. */
	RPCS_SENSOR_SETTLE_TRIES = 50,
	RPCS_SENSOR_SETTLE_MS = 2,
	RPCS_SENSOR_JOURNAL_DRAIN_MS = 2000,
	/* For whoever reads the events, at the end. */
	RPCS_SENSOR_LINES_MS = 1000,
};

#define RPCS_SENSOR_CLOCK_MOVED_NS ((int64_t)(10 * RPCS_NSEC_PER_MSEC))

static int rpcs_sensor_consume(struct rpcs_sensor *sensor)
{
	uint64_t now = rpcs_sensor_now(sensor);
	int err = rpcs_ring_consume(sensor->ring, RPCS_SENSOR_BATCH, &sensor->backlog);

	if (err || sensor->backlog)
		return err;
	sensor->caught_up_ns = now;
	/* Quiet rings: lines leave at once. Under load the tick flushes. */
	rpcs_pipeline_flush(sensor->pipeline);
	return 0;
}

static struct rpcs_queue_counts rpcs_sensor_journal_counts(struct rpcs_sensor *sensor)
{
	struct rpcs_queue_counts counts = { 0 };

	if (sensor->journal) {
		counts = rpcs_journal_sink_counts(sensor->journal);
		rpcs_pipeline_counters(sensor->pipeline)->journal_sent = counts.sent;
		rpcs_pipeline_counters(sensor->pipeline)->journal_dropped = counts.dropped;
	}
	return counts;
}

/** Lines lost, whichever way; the pipeline sees only those that a sink refused. */
static uint64_t rpcs_sensor_count_lost(struct rpcs_sensor *sensor)
{
	uint64_t lost = 0;

	if (sensor->eve)
		lost += rpcs_eve_lines(sensor->eve)->lost;
	if (sensor->text)
		lost += rpcs_text_lines(sensor->text)->lost;
	rpcs_pipeline_counters(sensor->pipeline)->eve_errors = lost;
	return lost;
}

static void rpcs_sensor_stats(struct rpcs_sensor *sensor, const struct rpcs_counters *kernel)
{
	struct rpcs_stats stats = { .kernel = *kernel };

	rpcs_sensor_journal_counts(sensor);
	rpcs_sensor_count_lost(sensor);
	stats.time_ns = rpcs_sensor_now(sensor);
	stats.uptime_ns = stats.time_ns - sensor->start_ns;
	stats.kernel_packets = kernel->packets;
	stats.kernel_drops = kernel->records_lost;
	rpcs_pipeline_stats(sensor->pipeline, &stats);
}

void rpcs_sensor_clock(struct rpcs_sensor *sensor, uint64_t offset_ns)
{
	int64_t moved = (int64_t)(offset_ns - sensor->offset_ns);

	if (moved <= RPCS_SENSOR_CLOCK_MOVED_NS && moved >= -RPCS_SENSOR_CLOCK_MOVED_NS)
		return;
	sensor->offset_ns = offset_ns;
	/* Times that have passed and times to wait are no other for that. */
	sensor->start_ns += (uint64_t)moved;
	sensor->next_stats_ns += (uint64_t)moved;
	rpcs_pipeline_clock(sensor->pipeline, offset_ns);
}

static int rpcs_sensor_tick(struct rpcs_sensor *sensor)
{
	struct rpcs_counters kernel;
	uint64_t expirations, now;
	int err;

	if (read(sensor->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	if (sensor->journal)
		rpcs_journal_sink_send(sensor->journal);
	err = rpcs_kernel_counters_read(sensor->options->counters_fd, &kernel);
	if (err)
		return err;
	rpcs_sensor_clock(sensor, rpcs_clock_monotonic_offset());
	now = rpcs_sensor_now(sensor);
	rpcs_pipeline_loss(sensor->pipeline, &kernel, rpcs_sensor_journal_counts(sensor).dropped,
			   now);
	/* Replies that came since may still lie in the rings: records alone move the time there. */
	if (!sensor->backlog)
		rpcs_pipeline_tick(sensor->pipeline, sensor->caught_up_ns);
	err = rpcs_sensor_read_over(sensor, &kernel);
	if (err)
		return err;
	if (now >= sensor->next_stats_ns) {
		rpcs_sensor_stats(sensor, &kernel);
		/* By the interval, not by this tick: no drift, and no burst after a stop. */
		while (sensor->next_stats_ns <= now)
			sensor->next_stats_ns += sensor->settings->stats_interval_ns;
	}
	rpcs_pipeline_flush(sensor->pipeline);
	rpcs_sensor_save_inventory(sensor);
	return 0;
}

static void rpcs_sensor_take_eve(struct rpcs_sensor *sensor, int fd)
{
	if (!sensor->eve) {
		close(fd);
		return;
	}
	rpcs_eve_reopen(sensor->eve, fd);
	if (sensor->eve_fd > STDERR_FILENO)
		close(sensor->eve_fd);
	sensor->eve_fd = fd;
}

static int rpcs_sensor_listen(struct rpcs_sensor *sensor)
{
	struct rpcs_ipc_message message;
	int passed, err;

	for (;;) {
		err = rpcs_ipc_receive(sensor->options->parent_fd, &message, &passed);
		if (err == -EAGAIN)
			return 0;
		if (err == -EPIPE) { /* the parent wants the end, or has gone with its links */
			sensor->stopping = true;
			return 0;
		}
		if (err)
			return err;
		if (message.kind == RPCS_IPC_EVE)
			rpcs_sensor_take_eve(sensor, passed);
		else if (message.kind == RPCS_IPC_POLICY)
			err = rpcs_sensor_take_policy(sensor, passed);
		else
			rpcs_cleanup_fd(&passed);
		if (err)
			return err;
	}
}

static int rpcs_sensor_handle(struct rpcs_sensor *sensor, enum rpcs_sensor_event which)
{
	switch (which) {
	case RPCS_SENSOR_RING:
		return 0;
	case RPCS_SENSOR_PARENT:
		return rpcs_sensor_listen(sensor);
	case RPCS_SENSOR_TIMER:
		return rpcs_sensor_tick(sensor);
	default:
		rpcs_journal_sink_send(sensor->journal);
		return 0;
	}
}

/** Waits for whatever comes first, as long as the rings may be left alone; as epoll_wait(). */
static int rpcs_sensor_wait(struct rpcs_sensor *sensor, struct epoll_event *events)
{
	uint32_t fill = rpcs_ring_fill(sensor->ring);
	int rest =
		rpcs_rest_next(&sensor->rest, sensor->backlog, rpcs_ring_found(sensor->ring), fill);
	const struct timespec pause = { .tv_nsec = rest * (long)RPCS_NSEC_PER_USEC };
	int count;

	if (rest == RPCS_REST_FOREVER && !rpcs_ring_arm(sensor->ring))
		return 0;
	count = epoll_pwait2(sensor->epoll_fd, events, RPCS_SENSOR_EVENT__MAX,
			     rest == RPCS_REST_FOREVER ? NULL : &pause, NULL);
	if (rest == RPCS_REST_FOREVER)
		rpcs_ring_disarm(sensor->ring);
	return count;
}

int rpcs_sensor_loop(struct rpcs_sensor *sensor)
{
	struct epoll_event events[RPCS_SENSOR_EVENT__MAX];
	int count, i, err;

	while (!sensor->stopping) {
		count = rpcs_sensor_wait(sensor, events);
		if (count < 0 && errno != EINTR)
			return -errno;
		/* First: time passes up to where all records are known. */
		err = rpcs_sensor_consume(sensor);
		if (err)
			return err;
		for (i = 0; i < count; i++) {
			err = rpcs_sensor_handle(sensor,
						 (enum rpcs_sensor_event)events[i].data.u32);
			if (err)
				return err;
		}
	}
	return 0;
}

/** Reads the counters once nothing is in flight any more, or after a while all the same. */
static int rpcs_sensor_settle(struct rpcs_sensor *sensor, struct rpcs_counters *ret_kernel)
{
	const struct timespec pause = { .tv_nsec =
						RPCS_SENSOR_SETTLE_MS * (long)RPCS_NSEC_PER_MSEC };
	struct rpcs_counters kernel;
	int tries, err;

	for (tries = 0; tries < RPCS_SENSOR_SETTLE_TRIES; tries++) {
		err = rpcs_kernel_counters_read(sensor->options->counters_fd, &kernel);
		if (err)
			return err;
		if (kernel.rpc_seen ==
		    kernel.records_sent + kernel.records_suppressed + kernel.records_lost)
			break;
		nanosleep(&pause, NULL);
	}
	*ret_kernel = kernel;
	return 0;
}

/**
 * A parent that was killed has left the maps pinned, and in them the programs that the entries
 * go on to. The parent's own end has removed both by now.
 */
static void rpcs_sensor_let_go(const struct rpcs_sensor *sensor)
{
	const struct rpcs_state_fds *fds = &sensor->options->state_fds;
	const uint32_t zero = 0;

	if (sensor->options->keep)
		return;
	bpf_map_delete_elem(fds->xdp_look, &zero);
	bpf_map_delete_elem(fds->tc_look, &zero);
}

int rpcs_sensor_finish(struct rpcs_sensor *sensor)
{
	struct rpcs_ipc_message done = { .kind = RPCS_IPC_DONE };
	struct rpcs_counters kernel;
	int batches, err;

	rpcs_sensor_let_go(sensor);
	err = rpcs_sensor_settle(sensor, &kernel);
	sensor->backlog = true;
	for (batches = 0; !err && sensor->backlog && batches < RPCS_SENSOR_LAST_BATCHES; batches++)
		err = rpcs_sensor_consume(sensor);
	if (!err)
		err = rpcs_sensor_read_over_last(sensor);
	if (err)
		return err;
	rpcs_pipeline_loss(sensor->pipeline, &kernel, rpcs_sensor_journal_counts(sensor).dropped,
			   rpcs_sensor_now(sensor));
	rpcs_pipeline_finish(sensor->pipeline);
	rpcs_sensor_save_last(sensor);
	if (sensor->journal)
		rpcs_journal_sink_drain(sensor->journal, RPCS_SENSOR_JOURNAL_DRAIN_MS);
	rpcs_sensor_stats(sensor, &kernel);
	if (sensor->eve)
		done.lines_given_up +=
			rpcs_lines_end(rpcs_eve_lines(sensor->eve), RPCS_SENSOR_LINES_MS);
	if (sensor->text)
		done.lines_given_up +=
			rpcs_lines_end(rpcs_text_lines(sensor->text), RPCS_SENSOR_LINES_MS);

	done.lines_lost = rpcs_sensor_count_lost(sensor);
	done.alerts = rpcs_pipeline_counters(sensor->pipeline)->alerts;
	done.records_lost = kernel.records_lost;
	done.journal_dropped = rpcs_pipeline_counters(sensor->pipeline)->journal_dropped;
	/* A parent that has gone needs no answer. */
	rpcs_ipc_send(sensor->options->parent_fd, &done, -1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of a run, in this order: programs, sensor, journal writer. */
#include "parent_state.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "ipc.h"

enum {
	/* For the sensor: the rest of the ring, and a journal that does not answer. */
	RPCS_PARENT_SENSOR_MS = 15000,
	RPCS_PARENT_WRITER_MS = 5000,
};

static void rpcs_parent_detach(struct rpcs_parent *parent)
{
	if (!parent->attachments)
		return;
	if (parent->plan->keep && !parent->failed) {
		int err = rpcs_attachments_keep(parent->attachments);

		if (err) {
			rpcs_log_error("cannot keep the programs: %s; they are taken off",
				       strerror(-err));
			parent->failed = true;
		} else {
			rpcs_log_info("the programs stay; the next run picks them up, "
				      "`rpcsentry detach` takes them off");
		}
	}
	rpcs_attachments_free(&parent->attachments);
}

/** What the sensor sends last: the inventory, and the totals when it came to them. */
static void rpcs_parent_take_last(struct rpcs_parent *parent)
{
	struct rpcs_ipc_message message;
	RPCS_OWNED_FD inventory = -1;
	int passed, err;

	while ((err = rpcs_ipc_receive(parent->sensor_fd, &message, &passed)) == 0 ||
	       err == -EBADMSG) {
		if (err)
			continue;
		if (passed >= 0) { /* the newest is enough */
			rpcs_cleanup_fd(&inventory);
			inventory = passed;
		}
		/* After a failure its one line says enough. */
		if (message.kind != RPCS_IPC_DONE || parent->failed)
			continue;
		rpcs_log_info("ended: %llu alerts, %llu records lost, %llu alerts not in the "
			      "journal, %llu event lines not written",
			      (unsigned long long)message.alerts,
			      (unsigned long long)message.records_lost,
			      (unsigned long long)message.journal_dropped,
			      (unsigned long long)message.lines_lost);
		/* Lost for good, by an output that is broken to the end. */
		if (message.lines_given_up)
			parent->failed = true;
	}
	if (inventory >= 0)
		rpcs_parent_store_inventory(parent, inventory, true);
}

static void rpcs_parent_stop_sensor(struct rpcs_parent *parent)
{
	struct rpcs_child *sensor = &parent->sensor;

	if (!sensor->pid)
		return;
	/* The end of what we send is the word to end; no queue can be too full for it. */
	shutdown(parent->sensor_fd, SHUT_WR);
	if (rpcs_child_wait(sensor, RPCS_PARENT_SENSOR_MS)) {
		rpcs_log_error("the sensor does not end and is killed: the last events are lost; "
			       "see whether the event file can be written");
		rpcs_child_kill(sensor);
		parent->failed = true;
		return;
	}
	if (!rpcs_child_ended_well(sensor))
		parent->failed = true;
	rpcs_parent_take_last(parent);
}

static void rpcs_parent_stop_writer(struct rpcs_parent *parent)
{
	/* It ends by itself once it has written what the sensor sent. */
	if (!rpcs_child_wait(&parent->writer, RPCS_PARENT_WRITER_MS))
		return;
	rpcs_log_error("the journal does not answer, its writer is killed: the last alerts are "
		       "not in the journal; see to systemd-journald");
	rpcs_child_kill(&parent->writer);
}

void rpcs_parent_stop(struct rpcs_parent *parent)
{
	sd_notify(0, "STOPPING=1");
	rpcs_parent_detach(parent);
	rpcs_parent_stop_sensor(parent);
	/* Without a sensor the writer sees the end of its input at once. */
	rpcs_cleanup_fd(&parent->sensor_fd);
	rpcs_parent_stop_writer(parent);
}

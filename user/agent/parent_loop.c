// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the parent does while it watches: nothing, until a signal, a child or an interface. */
#include "parent_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "ipc.h"
#include "link_watch.h"

enum { RPCS_PARENT_SENSOR_DEATH_MS = 200 };

enum rpcs_parent_event {
	RPCS_PARENT_SIGNAL,
	RPCS_PARENT_SENSOR,
	RPCS_PARENT_WRITER,
	RPCS_PARENT_LINKS,
	RPCS_PARENT_MESSAGES,
	RPCS_PARENT_EVENT__MAX
};

int rpcs_parent_open_eve(const char *path)
{
	RPCS_OWNED_FD fd = -1;
	int flags;

	if (!strcmp(path, "-"))
		return STDOUT_FILENO;
	/* Not blocking: a FIFO that nobody reads must not hold the parent up. */
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (fd < 0) {
		int err = -errno;

		rpcs_log_error("cannot open the event file %s: %s; %s", path,
			       err == -ENXIO ? "nobody reads this FIFO" : strerror(-err),
			       err == -ENOENT ? "make its directory"
					      : "give another one with --eve");
		return err;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK)) {
		int err = -errno;

		rpcs_log_error("cannot use the event file %s: %s", path, strerror(-err));
		return err;
	}
	return RPCS_TAKE_FD(fd);
}

/** One line about a child that ended on its own. */
static void rpcs_parent_child_ended(struct rpcs_parent *parent, struct rpcs_child *child)
{
	char how[64];
	pid_t pid = child->pid;

	rpcs_child_wait(child, -1);
	rpcs_child_describe(child, how, sizeof(how));
	rpcs_log_error("the %s (process %d) ended on its own: %s; the programs are taken off, "
		       "start it again",
		       child->role, (int)pid, how);
	parent->failed = true;
}

/** A sensor that dies takes the writer along, which may be the first to be gone for good. */
static void rpcs_parent_writer_ended(struct rpcs_parent *parent)
{
	struct pollfd sensor = { .fd = parent->sensor.pidfd, .events = POLLIN };

	if (poll(&sensor, 1, RPCS_PARENT_SENSOR_DEATH_MS) > 0)
		rpcs_parent_child_ended(parent, &parent->sensor);
	else
		rpcs_parent_child_ended(parent, &parent->writer);
}

/** SIGHUP: log rotation has moved the event file away. */
static void rpcs_parent_reopen(struct rpcs_parent *parent)
{
	const struct rpcs_ipc_message message = { .kind = RPCS_IPC_EVE };
	const char *path = parent->plan->eve;
	RPCS_OWNED_FD fd = -1;
	int err;

	if (!path || !strcmp(path, "-"))
		return;
	fd = rpcs_parent_open_eve(path);
	if (fd < 0)
		return; /* said so; the old file goes on */
	err = rpcs_ipc_send(parent->sensor_fd, &message, fd);
	if (err)
		rpcs_log_error("cannot hand %s to the sensor: %s; the old file goes on", path,
			       strerror(-err));
	else
		rpcs_log_info("SIGHUP: %s is opened anew", path);
}

/** Not blocking, and a file only: who writes the policy at a pipe's other end is unknown. */
static int rpcs_parent_open_policy(const char *path)
{
	RPCS_OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	return S_ISREG(status.st_mode) ? RPCS_TAKE_FD(fd) : -EINVAL;
}

/** And the policy may be another one. The sensor reads it, and says what comes of it. */
static void rpcs_parent_reload(struct rpcs_parent *parent)
{
	const struct rpcs_ipc_message message = { .kind = RPCS_IPC_POLICY };
	const char *path = parent->plan->policy_path;
	RPCS_OWNED_FD fd = -1;
	int err;

	if (!path) {
		rpcs_log_info("SIGHUP: the built-in policy is in force; -c FILE names one that "
			      "can change");
		return;
	}
	fd = rpcs_parent_open_policy(path);
	err = fd < 0 ? fd : rpcs_ipc_send(parent->sensor_fd, &message, fd);
	if (err)
		rpcs_log_error("SIGHUP: policy %s: %s; the one before stays in force", path,
			       err == -EINVAL ? "no regular file" : strerror(-err));
}

/** Takes the signals that are there; true: one of them ends the run. */
static bool rpcs_parent_signalled(struct rpcs_parent *parent)
{
	struct signalfd_siginfo info;
	bool end = false, hangup = false;

	while (read(parent->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM)
			end = true;
		else if (info.ssi_signo == SIGHUP)
			hangup = true;
	}
	if (hangup && !end) {
		rpcs_parent_reopen(parent);
		rpcs_parent_reload(parent);
	}
	return end;
}

static void rpcs_parent_look_at_links(struct rpcs_parent *parent)
{
	uint32_t i;

	rpcs_link_watch_drain(parent->links_fd);
	for (i = 0; i < parent->plan->interface_count; i++) {
		char name[IF_NAMESIZE];

		if (parent->gone[i] || if_indextoname(parent->interfaces[i].ifindex, name) ||
		    errno != ENXIO)
			continue;
		parent->gone[i] = true;
		rpcs_log_error("%s: the interface has vanished and is not watched any more; "
			       "start anew once it is back",
			       parent->interfaces[i].name);
	}
}

static int rpcs_parent_poll_fd(const struct rpcs_child *child)
{
	return child->pid ? child->pidfd : -1;
}

void rpcs_parent_loop(struct rpcs_parent *parent)
{
	for (;;) {
		struct pollfd events[RPCS_PARENT_EVENT__MAX] = {
			[RPCS_PARENT_SIGNAL] = { .fd = parent->signal_fd, .events = POLLIN },
			[RPCS_PARENT_SENSOR] = { .fd = rpcs_parent_poll_fd(&parent->sensor),
						 .events = POLLIN },
			[RPCS_PARENT_WRITER] = { .fd = rpcs_parent_poll_fd(&parent->writer),
						 .events = POLLIN },
			[RPCS_PARENT_LINKS] = { .fd = parent->links_fd, .events = POLLIN },
			[RPCS_PARENT_MESSAGES] = { .fd = parent->deaf ? -1 : parent->sensor_fd,
						   .events = POLLIN },
		};

		if (poll(events, RPCS_PARENT_EVENT__MAX, -1) < 0 && errno != EINTR) {
			rpcs_log_error("cannot wait for events: %s", strerror(errno));
			parent->failed = true;
			return;
		}
		if (events[RPCS_PARENT_LINKS].revents)
			rpcs_parent_look_at_links(parent);
		if (events[RPCS_PARENT_MESSAGES].revents)
			rpcs_parent_hear(parent);
		if (events[RPCS_PARENT_SENSOR].revents)
			rpcs_parent_child_ended(parent, &parent->sensor);
		else if (events[RPCS_PARENT_WRITER].revents)
			rpcs_parent_writer_ended(parent);
		if (parent->failed)
			return;
		if (events[RPCS_PARENT_SIGNAL].revents && rpcs_parent_signalled(parent))
			return;
	}
}

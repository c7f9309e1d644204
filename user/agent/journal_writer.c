// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes one entry after the other from the sensor and hands it to journald. */
#include "journal_writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/log.h"
#include "../output/outputs.h"
#include "child.h"
#include "journal_sink.h"

/** One entry; 0 when the sensor has gone, -errno when the socket fails, else its length. */
static ssize_t rpcs_journal_writer_take(int fd, char *entry, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t len;

	for (;;) {
		len = recv(fd, entry, size, MSG_TRUNC);
		if (len >= 0)
			return len;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (errno == EAGAIN && poll(&wait, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
}

static int rpcs_journal_writer_loop(int fd)
{
	static char entry[RPCS_JOURNAL_ENTRY_MAX];
	bool told = false;
	ssize_t len;
	int err;

	while ((len = rpcs_journal_writer_take(fd, entry, sizeof(entry))) > 0) {
		/* The sensor reads hostile bytes; what it sends must have the form. */
		if ((size_t)len > sizeof(entry) || entry[len - 1] != '\0')
			continue;
		err = rpcs_journal_send(entry, (size_t)len);
		if (err && !told)
			rpcs_log_error("cannot write to the journal: %s; see to systemd-journald, "
				       "or run with --no-journal",
				       strerror(-err));
		told = err != 0;
	}
	return len < 0 ? (int)len : 0;
}

int rpcs_journal_writer_main(int fd, pid_t parent, const struct rpcs_identity *identity)
{
	int err = rpcs_child_enter("rpcs-journal", &fd, 1);

	if (!err)
		err = rpcs_privilege_drop(identity);
	if (!err)
		err = rpcs_child_follow(parent);
	if (err) {
		rpcs_log_error("cannot start the journal writer: %s; run as root", strerror(-err));
		return RPCS_EXIT_FAILURE;
	}
	return rpcs_journal_writer_loop(fd) ? RPCS_EXIT_FAILURE : RPCS_EXIT_OK;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Alerts to the journal writer. Never blocks: a stalled journal costs entries, not packets. */
#include "journal_sink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../output/interfaces.h"
#include "../output/outputs.h"

struct rpcs_journal_sink {
	struct rpcs_sink sink; /* first: a struct rpcs_sink * is one of these */
	struct rpcs_queue *queue;
	int fd;
	bool stalled; /* the socket is full: wait for rpcs_journal_sink_send() */
	struct rpcs_interfaces interfaces;
	char entry[RPCS_JOURNAL_ENTRY_MAX];
};

static int rpcs_journal_sink_alert(struct rpcs_sink *sink, const struct rpcs_alert *alert)
{
	struct rpcs_journal_sink *journal = (struct rpcs_journal_sink *)sink;
	const char *iface = NULL;
	int len;

	if (alert->seen.ifindex)
		iface = rpcs_interfaces_name(&journal->interfaces, alert->seen.ifindex);
	len = rpcs_journal_entry(alert, iface, journal->entry, sizeof(journal->entry));
	if (len < 0) {
		rpcs_queue_drop(journal->queue);
		return 0;
	}
	/* What the queue drops it counts: no error of this line. */
	if (!rpcs_queue_add(journal->queue, journal->entry, (size_t)len) && !journal->stalled)
		rpcs_journal_sink_send(sink);
	return 0;
}

struct rpcs_sink *rpcs_journal_sink_new(int fd)
{
	struct rpcs_journal_sink *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	journal->queue = rpcs_queue_new(RPCS_JOURNAL_QUEUE_MAX, RPCS_JOURNAL_ENTRY_MAX);
	if (!journal->queue) {
		free(journal);
		return NULL;
	}
	journal->sink.alert = rpcs_journal_sink_alert;
	journal->fd = fd;
	rpcs_interfaces_init(&journal->interfaces);
	return &journal->sink;
}

void rpcs_journal_sink_free(struct rpcs_sink **sink)
{
	struct rpcs_journal_sink *journal = (struct rpcs_journal_sink *)*sink;

	if (!journal)
		return;
	rpcs_queue_free(&journal->queue);
	free(journal);
	*sink = NULL;
}

int rpcs_journal_sink_send(struct rpcs_sink *sink)
{
	struct rpcs_journal_sink *journal = (struct rpcs_journal_sink *)sink;
	int err = rpcs_queue_send(journal->queue, journal->fd);

	journal->stalled = err == -EAGAIN;
	return err;
}

void rpcs_journal_sink_drain(struct rpcs_sink *sink, int timeout_ms)
{
	struct rpcs_journal_sink *journal = (struct rpcs_journal_sink *)sink;
	uint64_t end = rpcs_clock_monotonic() + (uint64_t)timeout_ms * RPCS_NSEC_PER_MSEC;

	while (rpcs_journal_sink_send(sink) == -EAGAIN) {
		struct pollfd wait = { .fd = journal->fd, .events = POLLOUT };
		uint64_t now = rpcs_clock_monotonic();

		if (now >= end)
			break;
		if (poll(&wait, 1, (int)((end - now) / RPCS_NSEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			break;
	}
	rpcs_queue_clear(journal->queue);
}

struct rpcs_queue_counts rpcs_journal_sink_counts(const struct rpcs_sink *sink)
{
	return rpcs_queue_counts(((const struct rpcs_journal_sink *)sink)->queue);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sensor's side of the journal: alerts become entries in a bounded queue. */
#ifndef RPCSENTRY_AGENT_JOURNAL_SINK_H
#define RPCSENTRY_AGENT_JOURNAL_SINK_H

#include "../output/sink.h"
#include "queue.h"

enum {
	/* Eight lines of evidence and all other fields fit; what does not is counted. */
	RPCS_JOURNAL_ENTRY_MAX = 8192,
	RPCS_JOURNAL_QUEUE_MAX = 1024,
};

/** Entries go to the writer's socket `fd`, which stays the caller's. NULL: out of memory. */
struct rpcs_sink *rpcs_journal_sink_new(int fd);
void rpcs_journal_sink_free(struct rpcs_sink **sink);

/** Sends what waits; 0 when nothing is left, else as rpcs_queue_send(). */
int rpcs_journal_sink_send(struct rpcs_sink *sink);

/** Waits for the writer, at most `timeout_ms`, then drops what is left: the end of a run. */
void rpcs_journal_sink_drain(struct rpcs_sink *sink, int timeout_ms);

struct rpcs_queue_counts rpcs_journal_sink_counts(const struct rpcs_sink *sink);

#endif

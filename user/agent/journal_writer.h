/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The journal writer's process: entries in, sd_journal_send out; may block there for good. */
#ifndef RPCSENTRY_AGENT_JOURNAL_WRITER_H
#define RPCSENTRY_AGENT_JOURNAL_WRITER_H

#include "privilege.h"

/**
 * The whole life of the process, from after the fork to its exit status:
 * writes entries from the sensor's socket `fd` until the sensor closes it.
 */
int rpcs_journal_writer_main(int fd, pid_t parent, const struct rpcs_identity *identity);

#endif

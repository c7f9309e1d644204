/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frames of a capture, some of them read ahead of the one in hand, so that what the
 * pipeline will look up for them is on its way into the processor's caches by then.
 */
#ifndef RPCSENTRY_READ_AHEAD_H
#define RPCSENTRY_READ_AHEAD_H

#include "pipeline.h"
#include "source/pcap.h"

struct rpcs_read_ahead;

/** All stay the caller's. What has no size, as a pipe, is not read ahead. NULL: out of memory. */
struct rpcs_read_ahead *rpcs_read_ahead_new(struct rpcs_pcap *pcap, struct rpcs_pipeline *pipeline,
					    const struct rpcs_settings *settings);
void rpcs_read_ahead_free(struct rpcs_read_ahead **ahead);

/** As rpcs_pcap_next(). The frame is there until the next call. */
int rpcs_read_ahead_next(struct rpcs_read_ahead *ahead, const struct rpcs_frame **ret_frame);

#endif

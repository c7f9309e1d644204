/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 10: what can be told, and who may be listening. */
#ifndef RPCSENTRY_OUTPUT_SINK_H
#define RPCSENTRY_OUTPUT_SINK_H

#include "../detect/alert.h"
#include "../services/services.h"
#include "stats.h"

/**
 * A listener. A member may be NULL. `flow_id` and `flow_start_ns` belong to the
 * message's flow. Every function returns 0 or -errno; an error is counted and
 * told by the caller, and does not stop the others.
 */
struct rpcs_sink {
	int (*message)(struct rpcs_sink *sink, const struct rpcs_message *message,
		       uint64_t flow_id);
	int (*call)(struct rpcs_sink *sink, const struct rpcs_call *call,
		    const struct rpcs_message *reply);
	int (*alert)(struct rpcs_sink *sink, const struct rpcs_alert *alert);
	int (*stats)(struct rpcs_sink *sink, const struct rpcs_stats *stats);
	int (*flush)(struct rpcs_sink *sink);
	/* one of the changes of `lesson`, whose `told` is set */
	int (*service)(struct rpcs_sink *sink, const struct rpcs_lesson *lesson,
		       const struct rpcs_service_change *change);
};

#endif

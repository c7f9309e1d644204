/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of the pipeline share. */
#ifndef RPCSENTRY_PIPELINE_PRIVATE_H
#define RPCSENTRY_PIPELINE_PRIVATE_H

#include "detect/detect.h"
#include "match/calls.h"
#include "pipeline.h"
#include "services/services.h"
#include "stream/portmap.h"
#include "stream/service.h"
#include "stream/stream.h"

struct rpcs_pipeline {
	struct rpcs_pipeline_options options;
	const struct rpcs_settings *settings;
	struct rpcs_agent_counters counters;
	struct rpcs_stream *stream;
	struct rpcs_calls *calls;
	struct rpcs_detect *detect;
	struct rpcs_services *services;
	struct rpcs_mapping_room room; /* of the reply in hand */
	uint32_t reloads;	       /* so far */
	/* What the last look-ups of rpcs_pipeline_near() find; `flow`: NULL if nothing. */
	struct {
		const void *flow;
		uint32_t reloads; /* before that */
		uint8_t protocol;
	} near;
	uint64_t now_ns;
	struct rpcs_loss loss; /* of the kernel and the journal, as last given */
	uint64_t losses_ns;    /* and when */
};

/** Tells all sinks that listen to `member`; what fails is counted. */
#define TELL(pipeline, member, ...)                                                         \
	do {                                                                                \
		uint32_t tell_i;                                                            \
		for (tell_i = 0; tell_i < (pipeline)->options.sink_count; tell_i++) {       \
			struct rpcs_sink *tell_sink = (pipeline)->options.sinks[tell_i];    \
			if (tell_sink->member && tell_sink->member(tell_sink, __VA_ARGS__)) \
				(pipeline)->counters.eve_errors++;                          \
		}                                                                           \
	} while (0)

/** Stages 7 to 9 of a message; `pipeline` is a struct rpcs_pipeline. */
void rpcs_pipeline_take_message(void *pipeline, struct rpcs_message *message,
				struct rpcs_flow *flow);

/** The same of a call that leaves unanswered. */
void rpcs_pipeline_call_left(void *pipeline, struct rpcs_call *call);

#endif

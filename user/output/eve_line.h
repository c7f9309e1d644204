/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One event as a line of EVE JSON. */
#ifndef RPCSENTRY_OUTPUT_EVE_LINE_H
#define RPCSENTRY_OUTPUT_EVE_LINE_H

#include "community.h"
#include "eve_objects.h"
#include "interfaces.h"
#include "outputs.h"

/** What lines are made with. */
struct rpcs_eve_maker {
	struct rpcs_output_context context;
	struct rpcs_community_ids ids; /* of lines that wait */
	struct rpcs_interfaces interfaces;
};

/** The common fields of a line; NULL and 0 for what it does not have. */
struct rpcs_eve_common {
	struct rpcs_name event_type;
	uint64_t time_ns;
	uint64_t frame;
	const struct rpcs_sighting *seen;
	const struct rpcs_tuple *tuple;
	uint64_t flow_id;
};

/** One event, whatever it is: just the members that its line needs. */
struct rpcs_eve_event {
	struct rpcs_eve_common common;
	const struct rpcs_message *message;
	const struct rpcs_eve_plain *plain; /* instead of all below */
	const struct rpcs_call *call;
	const struct rpcs_message *reply;
	const struct rpcs_alert *alert;
	const struct rpcs_stats *stats;
	const struct rpcs_service_change *service;
};

/**
 * The line in the room, which is RPCS_LINE_MAX. Its length, or 0 when it does not fit. The
 * community id is one of those that wait, and there is room for it there.
 */
size_t rpcs_eve_format(struct rpcs_eve_maker *maker, const struct rpcs_eve_event *event,
		       const struct rpcs_eve_detail *detail, char *room);

#endif

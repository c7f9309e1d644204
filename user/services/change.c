// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a reply changed, and how much of it is told: a server that lies must not flood the log. */
#include <assert.h>

#include "../base/clock.h"
#include "map.h"

static const char *const names[] = {
	[RPCS_CHANGE_NEW_SERVER] = "new_server",
	[RPCS_CHANGE_NEW_MAPPING] = "new_mapping",
	[RPCS_CHANGE_CHANGED] = "changed",
	[RPCS_CHANGE_REMOVED] = "removed",
};

static_assert(sizeof(names) / sizeof(names[0]) == RPCS_CHANGE__MAX, "a name for each change");

const char *rpcs_service_change_name(enum rpcs_service_change_kind kind)
{
	return names[kind];
}

enum {
	/* Changes told at once, and how many more each second: of one server, and of all. */
	TOLD_BURST = 128,
	TOLD_RATE = 1,
	TOLD_BURST_ALL = 1024,
	TOLD_RATE_ALL = 20,
};

/* A bucket that is filled `rate` times a second; takes one out if there is one. */
static bool take_token(uint32_t *used, uint64_t *since_ns, uint64_t now_ns, uint32_t burst,
		       uint32_t rate)
{
	uint64_t seconds;

	if (now_ns < *since_ns || *used == 0)
		*since_ns = now_ns;
	if (now_ns - *since_ns >= RPCS_NSEC_PER_SEC) {
		seconds = (now_ns - *since_ns) / RPCS_NSEC_PER_SEC;
		*used = seconds * rate >= *used ? 0 : *used - (uint32_t)seconds * rate;
		*since_ns += seconds * RPCS_NSEC_PER_SEC;
	}
	if (*used >= burst)
		return false;
	(*used)++;
	return true;
}

static bool may_tell(struct rpcs_services *services, struct rpcs_server *server, uint64_t now_ns)
{
	bool told = take_token(&server->told, &server->told_ns, now_ns, TOLD_BURST, TOLD_RATE) &&
		    take_token(&services->told, &services->told_ns, now_ns, TOLD_BURST_ALL,
			       TOLD_RATE_ALL);

	services->counts.changes_untold += !told;
	return told;
}

struct rpcs_service_change *rpcs_services_note(struct rpcs_services *services,
					       struct rpcs_server *server,
					       enum rpcs_service_change_kind kind, uint64_t now_ns)
{
	struct rpcs_service_change *change;

	/* A list of RPCS_MAPPINGS_MAX and the server itself: there is room. */
	change = &services->changes[services->change_count++];
	*change = (struct rpcs_service_change){
		.kind = kind,
		.server = server->address,
		.first_seen_ns = server->first_seen_ns,
		.told = may_tell(services, server, now_ns),
	};
	services->changed = true;
	return change;
}

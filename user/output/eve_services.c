// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The `services` object: what a reply changed in the map of services. */
#include "../base/clock.h"
#include "eve_objects.h"
#include "names.h"

static void eve_mapping(struct rpcs_json *json, const struct rpcs_service_change *change)
{
	const char *name = rpcs_program_name(change->program);

	rpcs_json_uint(json, "program", change->program);
	if (name)
		rpcs_json_string(json, "program_name", name);
	rpcs_json_uint(json, "version", change->version);
	rpcs_json_string(json, "netid", rpcs_transport_netid(change->transport));
	rpcs_json_uint(json, "protocol", rpcs_transport_protocol(change->transport));
	rpcs_json_uint(json, "port", change->port);
	if (change->kind == RPCS_CHANGE_CHANGED)
		rpcs_json_uint(json, "old_port", change->old_port);
	/* An UNSET is no way of learning that a mapping has. */
	rpcs_json_string(json, "learned_from",
			 change->kind == RPCS_CHANGE_REMOVED ? "unset"
							     : rpcs_learned_by_name(change->by));
}

void rpcs_eve_service(struct rpcs_json *json, const struct rpcs_service_change *change)
{
	char address[RPCS_ADDRESS_TEXT], time[RPCS_TIME_TEXT];

	rpcs_json_open(json, "services", '{');
	rpcs_json_string(json, "change", rpcs_service_change_name(change->kind));
	rpcs_address_format(&change->server, address);
	rpcs_json_string(json, "server", address);
	if (change->kind != RPCS_CHANGE_NEW_SERVER)
		eve_mapping(json, change);
	rpcs_time_format(change->first_seen_ns, time);
	rpcs_json_string(json, "first_seen", time);
	rpcs_json_close(json, '}');
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a reply of version 2 will have looked up: most replies are. */
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "map.h"

bool rpcs_services_teaches(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	return call->message.program == RPCS_PORTMAP_PROGRAM && reply->reply_has >= 2 &&
	       reply->reply_stat == RPCS_REPLY_ACCEPTED && reply->stat == RPCS_ACCEPT_SUCCESS;
}

static void foresee(struct rpcs_services *services, uint32_t program, uint32_t version,
		    uint32_t protocol)
{
	struct rpcs_services_ahead *ahead = &services->ahead;
	struct rpcs_service_target *target = &ahead->targets[ahead->count++];

	*target = rpcs_services_target(services, ahead->server, program, version,
				       rpcs_transport_of_protocol(protocol));
	rpcs_prefetch(target->chain);
}

static void foresee_list(struct rpcs_services *services, const struct rpcs_portmap *told)
{
	const struct rpcs_mapping *m;
	uint32_t i;

	for (i = 0; i < told->mappings_kept && i < RPCS_HEADS_AHEAD; i++) {
		m = &told->mappings[i];
		foresee(services, m->program, m->version, m->protocol);
	}
}

/* A lookup, or SET: where the mapping stands that was asked about. Forwarded calls go by UDP. */
static void foresee_one(struct rpcs_services *services, const struct rpcs_portmap *asked)
{
	if (asked->shape == RPCS_PORTMAP_MAPPING)
		foresee(services, asked->program, asked->version, asked->protocol);
	else if (asked->shape == RPCS_PORTMAP_CALLIT_ARGS)
		foresee(services, asked->program, asked->version, RPCS_IP_UDP);
}

void rpcs_services_foresee(struct rpcs_services *services, const struct rpcs_call *call,
			   const struct rpcs_message *reply)
{
	const struct rpcs_portmap *asked = &call->message.portmap, *told = &reply->portmap;
	struct rpcs_services_ahead *ahead = &services->ahead;
	uint32_t i;

	ahead->reply = NULL;
	ahead->count = 0;
	if (!rpcs_services_teaches(call, reply))
		return;
	/* Not searched for: most are known, and one that is not may have no mappings. */
	ahead->server = *rpcs_services_known(services, &reply->tuple.src);
	if (!ahead->server || !rpcs_address_equal(&ahead->server->address, &reply->tuple.src))
		return;
	ahead->reply = reply;
	switch (told->shape) {
	case RPCS_PORTMAP_MAPPINGS:
		foresee_list(services, told);
		break;
	case RPCS_PORTMAP_PORT:
	case RPCS_PORTMAP_RESULT:
	case RPCS_PORTMAP_CALLIT_PORT:
		foresee_one(services, asked);
		break;
	default:
		break;
	}
	/* The processor goes on while the heads of the chains are on their way. */
	for (i = 0; i < ahead->count && i < RPCS_FIRST_AHEAD; i++)
		rpcs_services_fetch(ahead->targets[i].chain);
}

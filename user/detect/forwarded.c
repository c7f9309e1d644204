// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110008: what rpcbind itself will not relay, because the relayed call would come from home. */
#include <inttypes.h>

#include <rpcsentry/portmap.h>

#include "families.h"

enum { YPSERV = 100004, YPBIND = 100007, YPXFRD = 100069 };

/* The list of rpcbind's check_callit(), and that of Wietse Venema's portmap. */
static bool is_forbidden(const struct rpcs_portmap *pm)
{
	if (pm->has >= 1 && pm->program == RPCS_PORTMAP_PROGRAM)
		return true;
	if (pm->has < 3)
		return false;
	switch (pm->program) {
	case RPCS_NFS_PROGRAM:
	case YPBIND:
	case RPCS_YPPASSWD_PROGRAM:
	case RPCS_RQUOTA_PROGRAM:
	case YPXFRD:
		return pm->procedure != 0;
	case RPCS_MOUNT_PROGRAM:
		return pm->procedure == 1 || pm->procedure == 3; /* MNT, UMNT */
	case YPSERV:
		return pm->procedure > 2; /* NULL, DOMAIN and DOMAIN_NONACK find servers */
	default:
		return false;
	}
}

static bool reaches_forbidden(const struct rpcs_call *call)
{
	const struct rpcs_portmap *pm = &call->message.portmap;

	return rpcs_call_is_forwarded(call) && rpcs_call_is_unicast(call) &&
	       pm->shape == RPCS_PORTMAP_CALLIT_ARGS && is_forbidden(pm);
}

bool rpcs_forbidden_target_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	(void)detect;
	return reaches_forbidden(call) && !rpcs_call_is_silent(call);
}

bool rpcs_forwards_change(const struct rpcs_call *call, enum rpcs_policy_call change)
{
	const struct rpcs_portmap *pm = &call->message.portmap;
	uint32_t procedure = change == RPCS_CALL_SET ? RPCS_PORTMAP_SET : RPCS_PORTMAP_UNSET;

	return reaches_forbidden(call) && pm->program == RPCS_PORTMAP_PROGRAM && pm->has >= 3 &&
	       pm->procedure == procedure;
}

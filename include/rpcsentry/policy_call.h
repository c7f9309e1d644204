/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a call is to a rule of the policy: one bit for each name that `calls` knows. */
#ifndef RPCSENTRY_POLICY_CALL_H
#define RPCSENTRY_POLICY_CALL_H

#include "portmap.h"
#include "portable.h"

enum rpcs_policy_call {
	RPCS_CALL_NULL,
	RPCS_CALL_SET,
	RPCS_CALL_UNSET,
	RPCS_CALL_GETPORT,
	RPCS_CALL_GETADDR,
	RPCS_CALL_GETVERSADDR,
	RPCS_CALL_DUMP,
	RPCS_CALL_GETADDRLIST,
	RPCS_CALL_CALLIT,
	RPCS_CALL_BCAST,
	RPCS_CALL_INDIRECT,
	RPCS_CALL_GETTIME,
	RPCS_CALL_UADDR2TADDR,
	RPCS_CALL_TADDR2UADDR,
	RPCS_CALL_GETSTAT,
	RPCS_CALL_OTHER,  /* a version or procedure RFC 1833 does not have, or another program */
	RPCS_CALL_DIRECT, /* an RPC call to another port than the portmapper's */
	RPCS_CALL__MAX
};

/**
 * The call a portmapper version and procedure are: version first, 5 is BCAST in 4 alone. The agent
 * has the same as a table (rpcs_policy_calls), held against this by test_call_names.
 */
RPCS_INLINE enum rpcs_policy_call rpcs_policy_call_kind(__u32 version, __u32 procedure)
{
	if (version < RPCS_PORTMAP_VERSION_FIRST || version > RPCS_PORTMAP_VERSION_LAST ||
	    (version == 2 && procedure > RPCS_PORTMAP_CALLIT) ||
	    (version == 3 && procedure > RPCS_PORTMAP_TADDR2UADDR))
		return RPCS_CALL_OTHER;
	switch (procedure) {
	case RPCS_PORTMAP_NULL:
		return RPCS_CALL_NULL;
	case RPCS_PORTMAP_SET:
		return RPCS_CALL_SET;
	case RPCS_PORTMAP_UNSET:
		return RPCS_CALL_UNSET;
	case RPCS_PORTMAP_GETPORT:
		return version == 2 ? RPCS_CALL_GETPORT : RPCS_CALL_GETADDR;
	case RPCS_PORTMAP_DUMP:
		return RPCS_CALL_DUMP;
	case RPCS_PORTMAP_CALLIT:
		return version == 4 ? RPCS_CALL_BCAST : RPCS_CALL_CALLIT;
	case RPCS_PORTMAP_GETTIME:
		return RPCS_CALL_GETTIME;
	case RPCS_PORTMAP_UADDR2TADDR:
		return RPCS_CALL_UADDR2TADDR;
	case RPCS_PORTMAP_TADDR2UADDR:
		return RPCS_CALL_TADDR2UADDR;
	case RPCS_PORTMAP_GETVERSADDR:
		return RPCS_CALL_GETVERSADDR;
	case RPCS_PORTMAP_INDIRECT:
		return RPCS_CALL_INDIRECT;
	case RPCS_PORTMAP_GETADDRLIST:
		return RPCS_CALL_GETADDRLIST;
	case RPCS_PORTMAP_GETSTAT:
		return RPCS_CALL_GETSTAT;
	default:
		return RPCS_CALL_OTHER;
	}
}

#endif

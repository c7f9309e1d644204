// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Facts about a call that several detections ask for. */
#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>

#include "internal.h"

enum rpcs_policy_call rpcs_call_kind(const struct rpcs_call *call)
{
	if (call->message.program != RPCS_PORTMAP_PROGRAM)
		return RPCS_CALL_OTHER;
	return rpcs_policy_call_of(call->message.version, call->message.procedure);
}

bool rpcs_call_is_silent(const struct rpcs_call *call)
{
	enum rpcs_policy_call kind = rpcs_call_kind(call);

	if (kind == RPCS_CALL_SET || kind == RPCS_CALL_UNSET)
		return call->allowed && call->names_change;
	return call->allowed;
}

bool rpcs_call_is_local(const struct rpcs_call *call)
{
	return call->message.seen.flags & RPCS_F_LOCAL;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names that `calls` of an allow rule knows, as masks of enum rpcs_policy_call. */
#ifndef RPCSENTRY_POLICY_CALL_NAMES_H
#define RPCSENTRY_POLICY_CALL_NAMES_H

#include "mistakes.h"

#define RPCS_CALL_BIT(call) (1U << (call))

enum {
	RPCS_CALLS_ALL = (1U << RPCS_CALL__MAX) - 1,
	/* What no group name and no default ever permits by accident. */
	RPCS_CALLS_CHANGE = RPCS_CALL_BIT(RPCS_CALL_SET) | RPCS_CALL_BIT(RPCS_CALL_UNSET),
	RPCS_CALLS_FORWARD = RPCS_CALL_BIT(RPCS_CALL_CALLIT) | RPCS_CALL_BIT(RPCS_CALL_BCAST) |
			     RPCS_CALL_BIT(RPCS_CALL_INDIRECT),
	RPCS_CALLS_DEFAULT = RPCS_CALLS_ALL & ~(RPCS_CALLS_CHANGE | RPCS_CALLS_FORWARD),
	/* `suppress: kernel` never applies to the others. */
	RPCS_CALLS_SUPPRESSIBLE = RPCS_CALLS_DEFAULT,
};

/** The calls a name stands for: "GETPORT", "=GETPORT", "all"; 0 when there is none. */
uint32_t rpcs_call_names_parse(const char *text);

/** Offers every name there is. */
void rpcs_call_names_suggest(struct rpcs_suggestion *suggestion);

#endif

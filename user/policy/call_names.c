// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From procedure numbers and names to the calls of a rule. */
#include "call_names.h"

#include <string.h>

#include "policy.h"

#define BIT RPCS_CALL_BIT

const uint8_t rpcs_policy_calls[][RPCS_POLICY_ROW] = {
	{ RPCS_CALL_NULL, RPCS_CALL_SET, RPCS_CALL_UNSET, RPCS_CALL_GETPORT, RPCS_CALL_DUMP,
	  RPCS_CALL_CALLIT, [6 ... RPCS_POLICY_ROW - 1] = RPCS_CALL_OTHER },
	{ RPCS_CALL_NULL, RPCS_CALL_SET, RPCS_CALL_UNSET, RPCS_CALL_GETADDR, RPCS_CALL_DUMP,
	  RPCS_CALL_CALLIT, RPCS_CALL_GETTIME, RPCS_CALL_UADDR2TADDR, RPCS_CALL_TADDR2UADDR,
	  [9 ... RPCS_POLICY_ROW - 1] = RPCS_CALL_OTHER },
	{ RPCS_CALL_NULL, RPCS_CALL_SET, RPCS_CALL_UNSET, RPCS_CALL_GETADDR, RPCS_CALL_DUMP,
	  RPCS_CALL_BCAST, RPCS_CALL_GETTIME, RPCS_CALL_UADDR2TADDR, RPCS_CALL_TADDR2UADDR,
	  RPCS_CALL_GETVERSADDR, RPCS_CALL_INDIRECT, RPCS_CALL_GETADDRLIST, RPCS_CALL_GETSTAT,
	  [13 ... RPCS_POLICY_ROW - 1] = RPCS_CALL_OTHER },
};

/** `alone` is what "=NAME" stands for, `group` what "NAME" does. */
static const struct call_name {
	const char *name;
	uint32_t alone, group;
} call_names[] = {
	{ "NULL", BIT(RPCS_CALL_NULL), BIT(RPCS_CALL_NULL) },
	{ "SET", BIT(RPCS_CALL_SET), BIT(RPCS_CALL_SET) },
	{ "UNSET", BIT(RPCS_CALL_UNSET), BIT(RPCS_CALL_UNSET) },
	{ "GETPORT", BIT(RPCS_CALL_GETPORT),
	  BIT(RPCS_CALL_GETPORT) | BIT(RPCS_CALL_GETADDR) | BIT(RPCS_CALL_GETVERSADDR) },
	{ "GETADDR", BIT(RPCS_CALL_GETADDR), BIT(RPCS_CALL_GETADDR) },
	{ "GETVERSADDR", BIT(RPCS_CALL_GETVERSADDR), BIT(RPCS_CALL_GETVERSADDR) },
	{ "DUMP", BIT(RPCS_CALL_DUMP), BIT(RPCS_CALL_DUMP) | BIT(RPCS_CALL_GETADDRLIST) },
	{ "GETADDRLIST", BIT(RPCS_CALL_GETADDRLIST), BIT(RPCS_CALL_GETADDRLIST) },
	{ "CALLIT", BIT(RPCS_CALL_CALLIT), RPCS_CALLS_FORWARD },
	{ "BCAST", BIT(RPCS_CALL_BCAST), BIT(RPCS_CALL_BCAST) },
	{ "INDIRECT", BIT(RPCS_CALL_INDIRECT), BIT(RPCS_CALL_INDIRECT) },
	{ "GETTIME", BIT(RPCS_CALL_GETTIME), BIT(RPCS_CALL_GETTIME) },
	{ "UADDR2TADDR", BIT(RPCS_CALL_UADDR2TADDR), BIT(RPCS_CALL_UADDR2TADDR) },
	{ "TADDR2UADDR", BIT(RPCS_CALL_TADDR2UADDR), BIT(RPCS_CALL_TADDR2UADDR) },
	{ "GETSTAT", BIT(RPCS_CALL_GETSTAT), BIT(RPCS_CALL_GETSTAT) },
	{ "DIRECT", BIT(RPCS_CALL_DIRECT), BIT(RPCS_CALL_DIRECT) },
	{ "all", 0, RPCS_CALLS_ALL },
};

uint32_t rpcs_call_names_parse(const char *text)
{
	bool alone = text[0] == '=';
	const char *name = alone ? text + 1 : text;

	for (size_t i = 0; i < sizeof(call_names) / sizeof(call_names[0]); i++) {
		if (strcmp(call_names[i].name, name) == 0)
			return alone ? call_names[i].alone : call_names[i].group;
	}
	return 0;
}

void rpcs_call_names_suggest(struct rpcs_suggestion *suggestion)
{
	for (size_t i = 0; i < sizeof(call_names) / sizeof(call_names[0]); i++)
		rpcs_suggestion_offer(suggestion, call_names[i].name);
}

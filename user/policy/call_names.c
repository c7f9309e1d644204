// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From procedure numbers and names to the calls of a rule. */
#include "call_names.h"

#include <string.h>

#define BIT RPCS_CALL_BIT

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

enum rpcs_policy_call rpcs_policy_call_of(uint32_t version, uint32_t procedure)
{
	static const enum rpcs_policy_call version2[] = {
		RPCS_CALL_NULL,	   RPCS_CALL_SET,  RPCS_CALL_UNSET,
		RPCS_CALL_GETPORT, RPCS_CALL_DUMP, RPCS_CALL_CALLIT,
	};
	/* Version 3 ends with TADDR2UADDR; version 4 calls 5 BCAST (RFC 1833 2.2.1). */
	static const enum rpcs_policy_call version3and4[] = {
		RPCS_CALL_NULL,	       RPCS_CALL_SET,	      RPCS_CALL_UNSET,
		RPCS_CALL_GETADDR,     RPCS_CALL_DUMP,	      RPCS_CALL_CALLIT,
		RPCS_CALL_GETTIME,     RPCS_CALL_UADDR2TADDR, RPCS_CALL_TADDR2UADDR,
		RPCS_CALL_GETVERSADDR, RPCS_CALL_INDIRECT,    RPCS_CALL_GETADDRLIST,
		RPCS_CALL_GETSTAT,
	};
	enum { VERSION2_END = 6, VERSION3_END = 9, VERSION4_END = 13, BCAST = 5 };

	if (version == 2 && procedure < VERSION2_END)
		return version2[procedure];
	if (version == 4 && procedure == BCAST)
		return RPCS_CALL_BCAST;
	if ((version == 3 && procedure < VERSION3_END) ||
	    (version == 4 && procedure < VERSION4_END))
		return version3and4[procedure];
	return RPCS_CALL_OTHER;
}

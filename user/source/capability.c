// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The capabilities of this process, by the names an operator knows. */
#include "capability.h"

#include <stdio.h>
#include <string.h>
#include <sys/capability.h>

static const struct {
	cap_value_t value;
	unsigned int bit;
	const char *name;
} rpcs_capabilities[] = {
	{ CAP_BPF, RPCS_CAPABILITY_BPF, "CAP_BPF" },
	{ CAP_NET_ADMIN, RPCS_CAPABILITY_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_PERFMON, RPCS_CAPABILITY_PERFMON, "CAP_PERFMON" },
	{ CAP_SYS_ADMIN, RPCS_CAPABILITY_SYS_ADMIN, "CAP_SYS_ADMIN" },
};

enum { RPCS_CAPABILITY_COUNT = sizeof(rpcs_capabilities) / sizeof(rpcs_capabilities[0]) };

static unsigned int rpcs_capability_held(void)
{
	cap_flag_value_t on;
	unsigned int held = 0;
	cap_t caps;
	int i;

	caps = cap_get_proc();
	if (!caps)
		return 0;
	for (i = 0; i < RPCS_CAPABILITY_COUNT; i++)
		if (!cap_get_flag(caps, rpcs_capabilities[i].value, CAP_EFFECTIVE, &on) &&
		    on == CAP_SET)
			held |= rpcs_capabilities[i].bit;
	cap_free(caps);
	if (held & RPCS_CAPABILITY_SYS_ADMIN)
		held |= RPCS_CAPABILITY_BPF | RPCS_CAPABILITY_PERFMON;
	return held;
}

unsigned int rpcs_capability_missing(unsigned int wanted)
{
	return wanted & ~rpcs_capability_held();
}

const char *rpcs_capability_format(unsigned int set, char text[RPCS_CAPABILITY_TEXT])
{
	size_t len = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < RPCS_CAPABILITY_COUNT; i++) {
		const char *joint = "";

		if (!(set & rpcs_capabilities[i].bit))
			continue;
		set &= ~rpcs_capabilities[i].bit;
		if (len)
			joint = set ? ", " : " and ";
		len += snprintf(text + len, RPCS_CAPABILITY_TEXT - len, "%s%s", joint,
				rpcs_capabilities[i].name);
		if (len >= RPCS_CAPABILITY_TEXT)
			break;
	}
	return text;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the policy tells stages 1 to 4: rodata for the kernel's programs. */
#ifndef RPCSENTRY_CONFIG_H
#define RPCSENTRY_CONFIG_H

#include "limits.h"
#include "portable.h"

/** Settings of the fast path; constant while a program is loaded. */
struct rpcs_config {
	__u16 ports[RPCS_PORTS_MAX]; /* host order; unused places repeat the first */
	__u16 port_count;
	__u16 timeless; /* a test run over a capture: the kernel's clock means nothing */
};

/** Is this a portmapper port? */
RPCS_INLINE bool rpcs_config_watches(const volatile struct rpcs_config *config, __u16 port)
{
	int i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_PORTS_MAX; i++) {
		if (i >= config->port_count)
			break;
		if (config->ports[i] == port)
			return true;
	}
	return false;
}

#endif

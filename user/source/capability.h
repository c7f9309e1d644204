/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which capabilities the BPF programs need, and which of them are missing. */
#ifndef RPCSENTRY_SOURCE_CAPABILITY_H
#define RPCSENTRY_SOURCE_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

enum {
	RPCS_CAPABILITY_BPF = 1 << 0,
	RPCS_CAPABILITY_NET_ADMIN = 1 << 1,
	RPCS_CAPABILITY_PERFMON = 1 << 2,
	RPCS_CAPABILITY_SYS_ADMIN = 1 << 3,
	/* What loading and attaching takes. */
	RPCS_CAPABILITY_ALL = RPCS_CAPABILITY_BPF | RPCS_CAPABILITY_NET_ADMIN |
			      RPCS_CAPABILITY_PERFMON,
};

enum { RPCS_CAPABILITY_TEXT = 80 };

/** Those of `wanted` that this process lacks; CAP_SYS_ADMIN stands for BPF and PERFMON. */
unsigned int rpcs_capability_missing(unsigned int wanted);

/** "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"; returns `text`. */
const char *rpcs_capability_format(unsigned int set, char text[RPCS_CAPABILITY_TEXT]);

#endif

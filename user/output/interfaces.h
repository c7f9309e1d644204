/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interface names by index, looked up once each. */
#ifndef RPCSENTRY_OUTPUT_INTERFACES_H
#define RPCSENTRY_OUTPUT_INTERFACES_H

#include <net/if.h>
#include <stdint.h>

enum { RPCS_INTERFACES_KEPT = 64 };

struct rpcs_interface_name {
	uint32_t ifindex;
	char name[IF_NAMESIZE]; /* empty: has none that can be looked up */
};

struct rpcs_interfaces {
	struct rpcs_interface_name kept[RPCS_INTERFACES_KEPT];
	uint32_t count;
	uint32_t oldest; /* the next to be replaced once all are taken */
};

/** Learns those there are now, while they can be looked up; a sandbox may forbid it later. */
void rpcs_interfaces_init(struct rpcs_interfaces *interfaces);

/** NULL when the interface is gone or cannot be looked up. */
const char *rpcs_interfaces_name(struct rpcs_interfaces *interfaces, uint32_t ifindex);

#endif

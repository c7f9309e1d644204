/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of each port: two bits of one table, so that the gate costs two loads. */
#ifndef RPCSENTRY_PORTS_H
#define RPCSENTRY_PORTS_H

#include "portable.h"

/** In the order of what counts when the two ports of a packet differ. */
enum rpcs_port_class {
	RPCS_PORT_OTHER,
	RPCS_PORT_RPC, /* has shown RPC, was told by a portmapper, or is one that is scanned */
	RPCS_PORT_PORTMAPPER, /* sensor.ports */
	RPCS_PORT_VXLAN,
};

enum { RPCS_PORT_WORDS = 65536 / 16 };

/** The value of the map `ports`. Bits change by atomic OR only. */
struct rpcs_ports {
	__u32 words[RPCS_PORT_WORDS];
	/* sensor.any_port as it stands; a program that was loaded with `off` has no other. */
	__u32 any_port;
	/* limits.per_source_records, and how many of them pass uncounted by source (budget.h). */
	__u32 budget;
	__u32 budget_free;
	__u32 pad;
};

/** `port` in host order. */
RPCS_INLINE enum rpcs_port_class rpcs_port_class(const struct rpcs_ports *ports, __u16 port)
{
	return (enum rpcs_port_class)(ports->words[port >> 4] >> ((port & 15) * 2) & 3);
}

/** Gives a port of class OTHER another; one that has a class keeps it. */
RPCS_INLINE void rpcs_port_mark(struct rpcs_ports *ports, __u16 port, enum rpcs_port_class class)
{
	if (rpcs_port_class(ports, port) == RPCS_PORT_OTHER)
		__sync_fetch_and_or(&ports->words[port >> 4], (__u32) class << ((port & 15) * 2));
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of ports before the first packet. */
#ifndef RPCSENTRY_SOURCE_PORTS_H
#define RPCSENTRY_SOURCE_PORTS_H

#include <rpcsentry/ports.h>

#include "../policy/policy.h"

/** Classes by the policy: the portmapper's ports (`list`), those that scanners try, tunnels. */
void rpcs_ports_fill(struct rpcs_ports *ports, const uint16_t *list, uint32_t count,
		     enum rpcs_any_port any_port, bool tunnels);

/**
 * Gives `table` the classes of `policy`, also while programs read and mark it.
 * A port that the policy says nothing of stays RPC if it was; other classes were
 * those of an earlier policy.
 */
void rpcs_ports_replace(struct rpcs_ports *table, const struct rpcs_ports *policy);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changing the set of interfaces whose incoming packets are seen: one who does at a time. */
#ifndef RPCSENTRY_SOURCE_INCOMING_H
#define RPCSENTRY_SOURCE_INCOMING_H

#include <stdint.h>

#include <rpcsentry/incoming.h>

/** Packets see it while it is added. -ENOSPC: others have all places that it may have. */
int rpcs_incoming_add(struct rpcs_incoming *incoming, uint32_t ifindex);

/** Nothing where it is not there. */
void rpcs_incoming_remove(struct rpcs_incoming *incoming, uint32_t ifindex);

/**
 * A map's memory, of a descriptor (NULL: errno says why) or of the one that is pinned (NULL:
 * none, or of another form).
 */
struct rpcs_incoming *rpcs_incoming_open(int fd);
struct rpcs_incoming *rpcs_incoming_open_pinned(void);
void rpcs_incoming_close(struct rpcs_incoming **incoming);

#endif

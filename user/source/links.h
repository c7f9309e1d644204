/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One program on one hook of one interface: made, taken over, pinned, taken off. */
#ifndef RPCSENTRY_SOURCE_LINKS_H
#define RPCSENTRY_SOURCE_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "../policy/policy.h"
#include "pins.h"

/** A hook held. `fd`: the link, or with clsact the program; -1 for none. */
struct rpcs_link {
	int fd;
	enum rpcs_pin_hook hook; /* clsact ones included */
	bool pinned;
};

#define RPCS_LINK_NONE ((struct rpcs_link){ .fd = -1 })

/** Where a link goes. */
struct rpcs_link_place {
	const char *iface;
	uint32_t ifindex;
	int program_fd;
};

/**
 * XDP in mode native or generic. A kept link is taken over and gets this
 * program in one step. -errno as the kernel's: -EBUSY when another program is
 * there.
 */
int rpcs_links_add_xdp(const struct rpcs_link_place *place, enum rpcs_mode mode,
		       struct rpcs_link *ret_link);

/** TC: TCX where the kernel has it (6.6), else a clsact filter; takes over likewise. */
int rpcs_links_add_tc(const struct rpcs_link_place *place, bool egress, struct rpcs_link *ret_link);

/** Pins it, so that it outlives this process. */
int rpcs_links_pin(const char *iface, struct rpcs_link *link);

/** Takes the program off the interface, and its pin. Closes the descriptor. */
void rpcs_links_remove(const char *iface, uint32_t ifindex, struct rpcs_link *link);

/** Removes what is pinned for a hook of an interface; true when there was something. */
bool rpcs_links_remove_pin(const char *iface, enum rpcs_pin_hook hook);

/** Is anything pinned that sees what comes in on this interface? */
bool rpcs_links_is_ingress_kept(const char *iface);

/** Has this kernel TCX? 1, 0, or -errno where it may not be asked (CAP_NET_ADMIN). */
int rpcs_links_has_tcx(void);

/** Is it a clsact filter's hook? Then the pin holds the program, and the filter is elsewhere. */
bool rpcs_links_is_clsact(enum rpcs_pin_hook hook);

/** The id of the program behind a kept XDP link of ours on this interface, 0 for none. */
uint32_t rpcs_links_own_xdp(const char *iface, uint32_t ifindex);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A set of addresses as sorted ranges without overlap: asked by binary search. */
#ifndef RPCSENTRY_POLICY_NETSET_H
#define RPCSENTRY_POLICY_NETSET_H

#include "../base/address.h"

/** From `low` to `high`, both within. */
struct rpcs_net_range {
	struct rpcs_address low, high;
};

struct rpcs_netset {
	struct rpcs_net_range *ranges;
	uint32_t count, size;
};

/** Adds without order; call rpcs_netset_seal() before asking. 0 or -ENOMEM. */
int rpcs_netset_add(struct rpcs_netset *set, const struct rpcs_prefix *prefix);

/** Adds every range of `from`; as rpcs_netset_add. */
int rpcs_netset_add_set(struct rpcs_netset *set, const struct rpcs_netset *from);

/** Sorts, and joins what overlaps or touches. */
void rpcs_netset_seal(struct rpcs_netset *set);

bool rpcs_netset_contains(const struct rpcs_netset *set, const struct rpcs_address *address);

/** Is the whole of `inner` inside `outer`? */
bool rpcs_netset_covers(const struct rpcs_netset *outer, const struct rpcs_netset *inner);

/** Frees the ranges; the set is empty then. */
void rpcs_netset_clear(struct rpcs_netset *set);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A set of addresses as sorted ranges without overlap: asked by binary search. */
#ifndef RPCSENTRY_POLICY_NETSET_H
#define RPCSENTRY_POLICY_NETSET_H

#include <endian.h>

#include "../base/address.h"

/** An address as a number, in the same order as its bytes: it compares in two steps. */
typedef unsigned __int128 rpcs_key;

enum { RPCS_KEY_BITS = 128 };

static inline rpcs_key rpcs_key_of(const struct rpcs_address *address)
{
	uint64_t high, low;

	__builtin_memcpy(&high, address->bytes, sizeof(high));
	__builtin_memcpy(&low, address->bytes + sizeof(high), sizeof(low));
	return (rpcs_key)be64toh(high) << 64 | be64toh(low);
}

/** The bits behind a prefix of that length. */
static inline rpcs_key rpcs_key_behind(unsigned int len)
{
	return len == RPCS_KEY_BITS ? 0 : ~(rpcs_key)0 >> len;
}

/** From `low` to `high`, both within. */
struct rpcs_net_range {
	rpcs_key low, high;
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

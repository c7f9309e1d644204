/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's list of calls that never become a record. */
#ifndef RPCSENTRY_SOURCE_SUPPRESS_MAP_H
#define RPCSENTRY_SOURCE_SUPPRESS_MAP_H

#include "../policy/policy.h"

/**
 * Gives a map `suppress` the content of the list, and the map `sieve` the bits for it, also
 * while programs look them up:
 * at no moment do they suppress what neither the old list nor the new one does.
 * Below a prefix that stays they may suppress less for a moment. 0 or -errno.
 */
int rpcs_suppress_replace(int map_fd, int sieve_fd, const struct rpcs_suppress_entry *list,
			  uint32_t count);

/** Gives every address under the prefix a bit of the sieve; see there. */
void rpcs_sieve_add(struct rpcs_suppress_sieve *sieve, const struct rpcs_suppress_key *prefix);

#endif

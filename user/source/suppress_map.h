/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's list of calls that never become a record. */
#ifndef RPCSENTRY_SOURCE_SUPPRESS_MAP_H
#define RPCSENTRY_SOURCE_SUPPRESS_MAP_H

#include "../policy/policy.h"

/**
 * Gives a map `suppress` the content of the list, also while programs look it up:
 * at no moment do they suppress what neither the old list nor the new one does.
 * Below a prefix that stays they may suppress less for a moment. 0 or -errno.
 */
int rpcs_suppress_replace(int map_fd, const struct rpcs_suppress_entry *list, uint32_t count);

#endif

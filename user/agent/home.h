/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What "home" is on this host when the policy does not say. */
#ifndef RPCSENTRY_AGENT_HOME_H
#define RPCSENTRY_AGENT_HOME_H

#include <netinet/in.h>

#include "../policy/policy.h"

enum { RPCS_HOME_PREFIXES_MAX = 256 };

/** The prefix of an address and its netmask (both of one family); -EAFNOSUPPORT for others. */
int rpcs_home_prefix(const struct sockaddr *address, const struct sockaddr *mask,
		     struct rpcs_prefix *ret_prefix);

/** Gives the policy the prefixes of this host's interfaces, unless its file set `home`. */
int rpcs_home_apply(struct rpcs_policy *policy);

/** This host's own addresses but loopback's, `max` at the most; returns how many. */
uint32_t rpcs_home_addresses(struct rpcs_address *ret_addresses, uint32_t max);

#endif

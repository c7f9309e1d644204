// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The prefixes of the local interfaces, watched ones among them. */
#include "home.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "../base/cleanup.h"

int rpcs_home_prefix(const struct sockaddr *address, const struct sockaddr *mask,
		     struct rpcs_prefix *ret_prefix)
{
	struct rpcs_prefix prefix = { 0 };
	uint8_t bits[16];
	size_t i;

	memset(bits, 0xff, sizeof(bits));
	if (address->sa_family == AF_INET) {
		prefix.base.bytes[10] = 0xff;
		prefix.base.bytes[11] = 0xff;
		memcpy(prefix.base.bytes + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
		memcpy(bits + 12, &((const struct sockaddr_in *)mask)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		memcpy(prefix.base.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
		memcpy(bits, &((const struct sockaddr_in6 *)mask)->sin6_addr, 16);
	} else {
		return -EAFNOSUPPORT;
	}
	for (i = 0; i < sizeof(bits); i++) {
		prefix.base.bytes[i] &= bits[i];
		prefix.len += (uint8_t)__builtin_popcount(bits[i]);
	}
	*ret_prefix = prefix;
	return 0;
}

static bool rpcs_home_is_narrow(const struct rpcs_prefix *prefix)
{
	uint8_t family_bits = rpcs_address_is_ip4(&prefix->base) ? 96 : 0;

	return prefix->len > family_bits && !rpcs_address_is_link_local(&prefix->base);
}

static void rpcs_home_free_list(struct ifaddrs **list)
{
	if (*list)
		freeifaddrs(*list);
}

int rpcs_home_apply(struct rpcs_policy *policy)
{
	__attribute__((cleanup(rpcs_home_free_list))) struct ifaddrs *list = NULL;
	struct rpcs_prefix prefixes[RPCS_HOME_PREFIXES_MAX];
	const struct ifaddrs *entry;
	size_t count = 0;

	if (rpcs_policy_home_is_set(policy))
		return 0;
	if (getifaddrs(&list))
		return -errno;
	for (entry = list; entry && count < RPCS_HOME_PREFIXES_MAX; entry = entry->ifa_next) {
		if (!entry->ifa_addr || !entry->ifa_netmask || entry->ifa_flags & IFF_LOOPBACK)
			continue;
		if (rpcs_home_prefix(entry->ifa_addr, entry->ifa_netmask, &prefixes[count]))
			continue;
		/* A mask of nothing would make the whole world home. */
		if (rpcs_home_is_narrow(&prefixes[count]))
			count++;
	}
	return rpcs_policy_home_default(policy, prefixes, count);
}

uint32_t rpcs_home_addresses(struct rpcs_address *ret_addresses, uint32_t max)
{
	__attribute__((cleanup(rpcs_home_free_list))) struct ifaddrs *list = NULL;
	const struct ifaddrs *entry;
	struct rpcs_prefix prefix;
	uint8_t ones[sizeof(struct sockaddr_in6)];
	uint32_t count = 0;

	/* A mask of ones leaves the whole address. */
	memset(ones, 0xff, sizeof(ones));
	if (getifaddrs(&list))
		return 0;
	for (entry = list; entry && count < max; entry = entry->ifa_next) {
		if (!entry->ifa_addr || entry->ifa_flags & IFF_LOOPBACK ||
		    rpcs_home_prefix(entry->ifa_addr, (const struct sockaddr *)(const void *)ones,
				     &prefix))
			continue;
		ret_addresses[count++] = prefix.base;
	}
	return count;
}

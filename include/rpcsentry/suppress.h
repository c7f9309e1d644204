/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rules of the policy share with stages 1 to 4: how often each decided, and
 * which calls of which clients never become a record (policy.md, `suppress`).
 */
#ifndef RPCSENTRY_SUPPRESS_H
#define RPCSENTRY_SUPPRESS_H

#include "policy_call.h"

enum {
	/* Prefixes of clients; a policy that takes more suppresses nothing. */
	RPCS_SUPPRESS_MAX = 65536,
	/* Replies awaited of calls that were suppressed; 16 bytes each in the kernel. */
	RPCS_SILENCED_MAX = 65536,
	/* The rules whose hits can be seen from outside; a policy may have more. */
	RPCS_RULES_SHOWN_MAX = 4096,
	RPCS_RULE_NAME_BYTES = 64,
	/* Words of the sieve ahead of the list: by 17 bits, and by the top bits of a hash. */
	RPCS_SIEVE_NET_WORDS = 1 << 11,
	RPCS_SIEVE_HOST_BITS = 12,
	RPCS_SIEVE_IP6 = 1 << 16,
};

/** The values of the map `rules`: one for each rule, in the file's order. */
struct rpcs_rule_hits {
	__u64 hits;			 /* calls that the agent had it decide */
	__u64 suppressed;		 /* calls that stages 1 to 4 suppressed by it */
	char name[RPCS_RULE_NAME_BYTES]; /* ends with '\0'; empty: no such rule */
};

_Static_assert(sizeof(struct rpcs_rule_hits) == 80, "no padding");

/** A prefix of clients: the key of the map `suppress`, which finds the longest. */
struct rpcs_suppress_key {
	__u32 prefixlen; /* of 128: an IPv4 /24 has 120 */
	__u8 client[16];
};

/** Which calls of theirs never become a record, a bit for each enum rpcs_policy_call. */
struct rpcs_suppress_value {
	__u32 calls;
	__u32 generation;	     /* of the list that it is from */
	__u32 rules[RPCS_CALL__MAX]; /* for each call the rule that says so */
};

_Static_assert(sizeof(struct rpcs_suppress_key) == 20, "no padding");

/**
 * The value of the map `sieve`: whose address has neither of its two bits is under no prefix of
 * the list, which need not be searched then. Prefixes of many addresses have theirs in `net`, by
 * the address's first 16 bits, the others in `host`, by all of IPv4 and the first 64 of IPv6. The
 * agent only ever adds bits, so that who was in a former list still has one: replies
 * to calls that were suppressed may be on their way.
 */
struct rpcs_suppress_sieve {
	__u64 net[RPCS_SIEVE_NET_WORDS];
	__u64 host[1 << RPCS_SIEVE_HOST_BITS];
};

/** Is the address, as two numbers in host order, one of IPv4 that is mapped into IPv6? */
RPCS_INLINE bool rpcs_sieve_is_ip4(__u64 high, __u64 low)
{
	return high == 0 && low >> 32 == 0xffff;
}

/** The bit of a net: its number is 16 bits, with RPCS_SIEVE_IP6 or without. */
RPCS_INLINE __u32 rpcs_sieve_net(__u64 high, __u64 low)
{
	return rpcs_sieve_is_ip4(high, low) ? (__u32)low >> 16 : RPCS_SIEVE_IP6 | high >> 48;
}

/** Of an IPv4 address, or the first half of one of IPv6. Who collides only gets searched for. */
RPCS_INLINE __u32 rpcs_sieve_host(__u64 number)
{
	return number * 0x9e3779b97f4a7c15ULL >> (58 - RPCS_SIEVE_HOST_BITS);
}

/** May a prefix of the list have this address? */
RPCS_INLINE bool rpcs_sieve_lets_through(const struct rpcs_suppress_sieve *sieve, __u64 high,
					 __u64 low)
{
	__u32 net = rpcs_sieve_net(high, low);
	__u32 host = rpcs_sieve_host(rpcs_sieve_is_ip4(high, low) ? (__u32)low : high);

	return (sieve->net[net >> 6] >> (net & 63) & 1) ||
	       (sieve->host[host >> 6] >> (host & 63) & 1);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments that are not the first have no ports: they share the first one's
 * fate. One that comes before the first is sent, since nobody can tell yet.
 */
#ifndef RPCSENTRY_FRAGMENT_H
#define RPCSENTRY_FRAGMENT_H

#include "packet.h"

enum rpcs_fragment_verdict {
	RPCS_FRAGMENT_UNKNOWN,
	RPCS_FRAGMENT_WATCHED,
	RPCS_FRAGMENT_OTHERS, /* the first one names ports that nobody watches */
	RPCS_FRAGMENT_LAST,   /* no first one yet, but the last */
};

/* Longer than hosts wait for the rest (RFC 8200 4.5): the same id is another packet then. */
#define RPCS_FRAGMENT_VERDICT_NS 30000000000ULL

/** A verdict and when it was found, in the engine's own clock. */
struct rpcs_fragment_value {
	__u64 time_ns;
	__u32 verdict;
	__u32 pad;
};

/** What the fragments of one packet have in common (RFC 791 3.2, RFC 8200 4.5). */
struct rpcs_fragment_key {
	__u8 src[16];
	__u8 dst[16];
	__u32 id;	/* host order */
	__u32 protocol; /* IPv4 only: in IPv6 it is no part of the identity */
};

/** The verdict, if it still holds. */
RPCS_INLINE enum rpcs_fragment_verdict
rpcs_fragment_verdict_at(const struct rpcs_fragment_value *value, __u64 now_ns)
{
	if (now_ns > value->time_ns && now_ns - value->time_ns > RPCS_FRAGMENT_VERDICT_NS)
		return RPCS_FRAGMENT_UNKNOWN;
	return value->verdict;
}

/** Fills the key; false when the IP header is out of reach. `key` must be zeroed. */
RPCS_INLINE bool rpcs_fragment_key_fill(struct rpcs_fragment_key *key,
					const struct rpcs_packet *pkt, const __u8 *data,
					const __u8 *end)
{
	const __u8 *ip = rpcs_at(data, pkt->network_offset, RPCS_NETWORK_OFFSET_MAX);
	bool ip6 = pkt->flags & RPCS_F_IP6;

	if (!ip || RPCS_BEYOND(ip, ip6 ? 40 : 20, end))
		return false;
	rpcs_packet_addresses(ip, ip6, key->src, key->dst);
	key->id = pkt->fragment_id;
	if (!ip6)
		key->protocol = pkt->protocol;
	return true;
}

/** May this protocol's fragments carry RPC? */
RPCS_INLINE bool rpcs_fragment_may_matter(const struct rpcs_packet *pkt)
{
	if (pkt->protocol == RPCS_IP_UDP || pkt->protocol == RPCS_IP_TCP)
		return true;
	/* In IPv6 more extension headers may follow the fragment header. */
	return (pkt->flags & RPCS_F_IP6) && rpcs_packet_is_extension(pkt->protocol);
}

#endif

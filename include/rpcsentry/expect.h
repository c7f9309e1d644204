/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RPC on other ports (policy.md, any_port): which calls are new, and which replies
 * belong to calls that were reported.
 */
#ifndef RPCSENTRY_EXPECT_H
#define RPCSENTRY_EXPECT_H

#include "packet.h"

/** A call's program and procedure on its flow; zeroed before it is filled. */
struct rpcs_first_key {
	__u8 src[16];
	__u8 dst[16];
	__u16 sport;
	__u16 dport;
	__u32 born; /* TCP: as in struct rpcs_flow_value */
	__u32 program;
	__u32 procedure;
	__u32 protocol;
};

/** A reply as it will come: to this client, with this XID, from whichever address. */
struct rpcs_expect_key {
	__u8 client[16];
	__u16 port;
	__u16 protocol;
	__u32 xid;
};

/* In a program's place: a portmapper was asked for a TCP port, and its reply tells one. */
#define RPCS_EXPECT_PORT 0xffffffffU

/** Was this call seen so long ago that its UDP flow is another one by now? */
RPCS_INLINE bool rpcs_first_is_over(const struct rpcs_first_key *key, __u64 last_ns, __u64 now_ns,
				    __u64 timeout_ns)
{
	return key->protocol == RPCS_IP_UDP && now_ns > last_ns && now_ns - last_ns > timeout_ns;
}

_Static_assert(sizeof(struct rpcs_first_key) == 52, "no padding");
_Static_assert(sizeof(struct rpcs_expect_key) == 24, "no padding");

#endif

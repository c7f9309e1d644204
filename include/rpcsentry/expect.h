/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RPC on other ports (policy.md, any_port): which calls are new, and which replies
 * belong to calls that were reported.
 */
#ifndef RPCSENTRY_EXPECT_H
#define RPCSENTRY_EXPECT_H

#include "packet.h"
#include "portmap.h"

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

enum {
	/* Replies that nobody waits for, remembered for a second or two. */
	RPCS_EARLY_BITS = 12,
	RPCS_EARLY_SLOTS = 1 << RPCS_EARLY_BITS,
};

/** The last of them in each slot: 32 bits of its key's hash above the second it came in. */
struct rpcs_early {
	__u64 slot[RPCS_EARLY_SLOTS];
};

/** What is known of the call whose reply is to come. */
enum rpcs_expect_kind {
	RPCS_EXPECT_NOTHING, /* no such call was seen */
	RPCS_EXPECT_REPLY,
	RPCS_EXPECT_PORTMAPPER, /* a portmapper's: its results are read to the end */
	RPCS_EXPECT_PORT,	/* its results tell a TCP port, as it was asked for one */
};

/** Of a call of that program. */
RPCS_INLINE enum rpcs_expect_kind rpcs_expect_kind_of(__u32 program)
{
	return program == RPCS_PORTMAP_PROGRAM ? RPCS_EXPECT_PORTMAPPER : RPCS_EXPECT_REPLY;
}

RPCS_INLINE __u64 rpcs_expect_hash(const struct rpcs_expect_key *key)
{
	__u64 word[3];

	RPCS_COPY(word, key, sizeof(word));
	return (word[0] ^ (word[1] << 32 | word[1] >> 32) ^ word[2] * 0x9e3779b97f4a7c15ULL) *
	       0xd6e8feb86659fd93ULL;
}

/** Remembers a reply that was kept off the ring. */
RPCS_INLINE void rpcs_early_add(struct rpcs_early *lately, const struct rpcs_expect_key *key,
				__u64 now_ns)
{
	__u64 hash = rpcs_expect_hash(key);

	/* Whole before it is looked for the call once more, as that one is before it looks here. */
	__sync_lock_test_and_set(&lately->slot[hash >> (64 - RPCS_EARLY_BITS)],
				 hash << 32 | (__u32)(now_ns >> 30));
}

/** Has such a reply passed in this second or the one before? */
RPCS_INLINE bool rpcs_early_find(const struct rpcs_early *lately, const struct rpcs_expect_key *key,
				 __u64 now_ns)
{
	__u64 hash = rpcs_expect_hash(key);
	__u64 slot = lately->slot[hash >> (64 - RPCS_EARLY_BITS)];

	return slot >> 32 == (__u32)hash && slot && (__u32)(now_ns >> 30) - (__u32)slot <= 1;
}

_Static_assert(sizeof(struct rpcs_first_key) == 52, "no padding");
_Static_assert(sizeof(struct rpcs_expect_key) == 24, "no padding");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tables in sets have in common (flow_set.h, expect_set.h): memory that the kernel's
 * programs and the agent share without a lock, in sets of eight ways that a secret hash finds.
 *
 * Much of it is arithmetic where comparisons would do: the verifier follows each branch, in each
 * of eight ways, and which way something is in no branch predictor can guess either.
 */
#ifndef RPCSENTRY_SET_HASH_H
#define RPCSENTRY_SET_HASH_H

#include "portable.h"

enum {
	RPCS_SET_WAYS = 8,
};

/** The secret of a table's hash, kept behind its last set. */
struct rpcs_set_seed {
	__u64 word[8];
};

/** NH's sum (Black et al., UMAC, 1999): two keys have the same one in 2^32 seeds. */
RPCS_INLINE __u64 rpcs_set_nh(__u64 word, __u64 seed)
{
	__u32 low = (__u32)word + (__u32)seed;
	__u32 high = (__u32)(word >> 32) + (__u32)(seed >> 32);

	return (__u64)low * high;
}

/** The hash of a sum: what tells keys apart goes into all of its bits. */
RPCS_INLINE __u64 rpcs_set_hash(__u64 sum)
{
	sum ^= sum >> 32;
	return sum * 0xd6e8feb86659fd93ULL;
}

/** Which of `sets` sets. */
RPCS_INLINE __u32 rpcs_set_of(__u64 hash, __u32 sets)
{
	return ((hash >> 32) * sets) >> 32;
}

/** A way, as the verifier sees that it is one. */
RPCS_INLINE __u32 rpcs_set_way(__u32 way)
{
	RPCS_OPAQUE(way);
	return way & (RPCS_SET_WAYS - 1);
}

/** Its highest bit. The compiler is not to see how it came about: it would compare instead. */
RPCS_INLINE __u32 rpcs_set_sign(__u64 number)
{
	RPCS_OPAQUE(number);
	return number >> 63;
}

/** The larger one; they differ at most in the lower 63 bits. */
RPCS_INLINE __u64 rpcs_set_larger(__u64 a, __u64 b)
{
	__u64 less = -(__u64)rpcs_set_sign(a - b);

	RPCS_OPAQUE(less);
	return a + ((b - a) & less);
}

/** 1 if they are the same, else 0; they differ at most in the lower 63 bits. */
RPCS_INLINE __u32 rpcs_set_same(__u64 a, __u64 b)
{
	return rpcs_set_sign((a ^ b) - 1);
}

/** 1 if a number is not 0. */
RPCS_INLINE __u32 rpcs_set_some(__u64 number)
{
	return rpcs_set_sign(number | -number);
}

#endif

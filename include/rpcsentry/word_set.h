/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets of eight words, a cache line each, in memory that the agent may have mapped (expect_set.h,
 * dated_set.h). A word says all of an entry, so it is put in and taken by one
 * compare-and-exchange. Of the key it has 40 bits of a secret hash, and the set has others: who
 * does not know the secret finds a key that is taken for another one by chance only, a try in
 * 2^32 or less. The other 24 bits are what the entry says.
 */
#ifndef RPCSENTRY_WORD_SET_H
#define RPCSENTRY_WORD_SET_H

#include "set_hash.h"

enum {
	RPCS_WORD_PRINT_BIT = 24, /* up to the highest: of the key's hash */
	RPCS_WORD_PAYLOAD = (1 << RPCS_WORD_PRINT_BIT) - 1,
};

struct rpcs_word_set {
	__u64 words[RPCS_SET_WAYS]; /* 0: free */
};

/** A map's value: the last one has no entries but what others are found by. */
union rpcs_word_room {
	struct rpcs_word_set set;
	struct rpcs_set_seed seed;
};

_Static_assert(sizeof(union rpcs_word_room) == 64, "a cache line");

/** 1 if a word is of that hash's key, else 0. A free one of print 0 is so too: it says nothing. */
RPCS_INLINE __u32 rpcs_word_is(__u64 word, __u64 hash)
{
	return rpcs_set_same(word >> RPCS_WORD_PRINT_BIT,
			     hash << RPCS_WORD_PRINT_BIT >> RPCS_WORD_PRINT_BIT);
}

/** The way that is looked at first. */
RPCS_INLINE __u32 rpcs_word_home(__u64 hash)
{
	return rpcs_set_way(hash);
}

RPCS_INLINE __u64 rpcs_word_at(const struct rpcs_word_set *set, __u32 way)
{
	return *(const volatile __u64 *)&set->words[way];
}

/** Puts `word` in place of `old`; false: another CPU was faster. */
RPCS_INLINE bool rpcs_word_swap(struct rpcs_word_set *set, __u32 way, __u64 old, __u64 word)
{
	return __sync_val_compare_and_swap(&set->words[way], old, word) == old;
}

/** The way of the hash's entry; of one that is not there: some way. */
RPCS_INLINE __u32 rpcs_word_way_of(const struct rpcs_word_set *set, __u64 hash)
{
	__u32 way = rpcs_word_home(hash), i;

	if (rpcs_word_is(rpcs_word_at(set, way), hash))
		return way;
	way = 0;
	RPCS_UNROLL
	for (i = 1; i < RPCS_SET_WAYS; i++)
		way += (i - way) & -rpcs_word_is(rpcs_word_at(set, i), hash);
	return rpcs_set_way(way);
}

#endif

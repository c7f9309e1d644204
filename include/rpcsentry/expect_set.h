/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the kernel remembers replies that are to come (expect.h), in sets of words (word_set.h).
 * A reply that nobody awaits and that is let through by chance comes to an agent that tells it
 * from others.
 *
 * Nothing is taken out: an entry whose reply has come stays until another needs the place, for
 * some seconds as a rule, since replies come twice, and to a broadcast from many. A key that is
 * put in again while its first entry is elsewhere may lie in two ways: its own way is looked at
 * first, and has the later one.
 */
#ifndef RPCSENTRY_EXPECT_SET_H
#define RPCSENTRY_EXPECT_SET_H

#include "expect.h"
#include "word_set.h"

/* Where a test has another CPU come in between. */
#ifndef RPCS_EXPECT_BETWEEN
#define RPCS_EXPECT_BETWEEN() ((void)0)
#endif

/* A word, from the lowest bit on: 0 is a free one. */
enum {
	RPCS_EXPECT_KIND = 3, /* enum rpcs_expect_kind */
	RPCS_EXPECT_ANSWERED = 4,
	RPCS_EXPECT_TICK_BIT = 3, /* when it was put in */
	RPCS_EXPECT_TICKS = 0x1fffff,
	RPCS_EXPECT_TICK_SHIFT = 2,   /* of jiffies: 4 ms with 1,000 in a second, 16 with 250 */
	RPCS_EXPECT_TICKS_AHEAD = 16, /* so far another CPU's clock may be ahead */
	RPCS_EXPECT_SETTLED = 1024, /* ticks: then an answered one is as good as free, 4 to 16 s */
	RPCS_EXPECT_TRIES = 2,
};

/** The hash of a reply's key: the client's address in the order of memory, and the rest. */
RPCS_INLINE __u64 rpcs_expect_keyed(const volatile struct rpcs_set_seed *seed,
				    const __u64 client[2], __u16 port, __u16 protocol, __u32 xid)
{
	__u64 rest = (__u64)((__u32)port << 16 | protocol) << 32 | xid;

	return rpcs_set_hash(rpcs_set_nh(client[0], seed->word[0]) +
			     rpcs_set_nh(client[1], seed->word[1]) +
			     rpcs_set_nh(rest, seed->word[2]));
}

/** The same of a key that may lie at any address, but not on a program's stack. */
RPCS_INLINE __u64 rpcs_expect_key_hash(const volatile struct rpcs_set_seed *seed,
				       const struct rpcs_expect_key *key)
{
	__u64 client[2];

	RPCS_FETCH(&client[0], key->client, 8);
	RPCS_FETCH(&client[1], key->client + 8, 8);
	return rpcs_expect_keyed(seed, client, key->port, key->protocol, key->xid);
}

RPCS_INLINE __u64 rpcs_expect_word(__u64 hash, __u32 kind, __u32 tick)
{
	return hash << RPCS_WORD_PRINT_BIT |
	       (__u64)(tick & RPCS_EXPECT_TICKS) << RPCS_EXPECT_TICK_BIT | kind;
}

/** Ticks since it was put in, and RPCS_EXPECT_TICKS_AHEAD more. */
RPCS_INLINE __u32 rpcs_expect_age(__u64 word, __u32 tick)
{
	__u32 since = word >> RPCS_EXPECT_TICK_BIT & RPCS_EXPECT_TICKS;

	return (tick + RPCS_EXPECT_TICKS_AHEAD - since) & RPCS_EXPECT_TICKS;
}

/** 1 if its reply has come, else 0. */
RPCS_INLINE __u32 rpcs_expect_is_answered(__u64 word)
{
	return word >> 2 & 1;
}

/** 1 if its reply came so long ago that no other will, else 0. */
RPCS_INLINE __u32 rpcs_expect_is_settled(__u64 word, __u32 tick)
{
	return rpcs_expect_is_answered(word) &
	       rpcs_set_sign((__u64)RPCS_EXPECT_SETTLED - rpcs_expect_age(word, tick));
}

/** What is awaited by the hash's key, from that way; 0: nothing. `answer`: now it has come. */
RPCS_INLINE __u32 rpcs_expect_take(struct rpcs_word_set *set, __u32 way, __u64 hash, bool answer)
{
	__u64 word = rpcs_word_at(set, way);

	if (!rpcs_word_is(word, hash))
		return 0;
	if (answer && !(word & RPCS_EXPECT_ANSWERED))
		rpcs_word_swap(set, way, word, word | RPCS_EXPECT_ANSWERED);
	return word & RPCS_EXPECT_KIND;
}

/** Puts an entry into the hash's own way, if that is free, settled, or its key's already. */
RPCS_INLINE bool rpcs_expect_put_home(struct rpcs_word_set *set, __u64 hash, __u32 kind, __u32 tick)
{
	__u64 word = rpcs_expect_word(hash, kind, tick);
	__u32 way = rpcs_word_home(hash);
	__u64 old = rpcs_word_at(set, way);

	if (!((1 - rpcs_set_some(old)) | rpcs_word_is(old, hash) |
	      rpcs_expect_is_settled(old, tick)))
		return false;
	return rpcs_word_swap(set, way, old, word);
}

/**
 * How well a way can be done without, and in the lowest bits which it is: the key's own best of
 * all, then a free one, one that is settled, one that is answered, and of those alike the oldest.
 */
RPCS_INLINE __u32 rpcs_expect_worn(__u64 old, __u64 hash, __u32 tick, __u32 way)
{
	return rpcs_word_is(old, hash) << 31 | (1 - rpcs_set_some(old)) << 30 |
	       rpcs_expect_is_settled(old, tick) << 29 | rpcs_expect_is_answered(old) << 28 |
	       rpcs_expect_age(old, tick) << 4 | rpcs_set_same(way, rpcs_word_home(hash)) << 3 |
	       way;
}

/** What rpcs_expect_worn() says of the way for an entry. */
RPCS_INLINE __u32 rpcs_expect_victim(const struct rpcs_word_set *set, __u64 hash, __u32 tick)
{
	__u64 most = 0;
	__u32 i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		RPCS_FORGET(); /* one way after the other: all at once takes 200 bytes of stack */
		most = rpcs_set_larger(most, rpcs_expect_worn(rpcs_word_at(set, i), hash, tick, i));
	}
	return most;
}

/** Puts an entry in. False: others were faster each time. */
RPCS_INLINE bool rpcs_expect_put(struct rpcs_word_set *set, __u64 hash, __u32 kind, __u32 tick)
{
	__u64 word = rpcs_expect_word(hash, kind, tick), old;
	__u32 worn, way, i;

	for (i = 0; i < RPCS_EXPECT_TRIES; i++) {
		worn = rpcs_expect_victim(set, hash, tick);
		RPCS_EXPECT_BETWEEN();
		way = rpcs_set_way(worn);
		old = rpcs_word_at(set, way);
		/* What was put in since is not what was judged. */
		if (rpcs_expect_worn(old, hash, tick, way) == worn &&
		    rpcs_word_swap(set, way, old, word))
			return true;
	}
	return false;
}

#endif

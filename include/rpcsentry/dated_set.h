/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the kernel remembers what was seen, and when it was seen last: calls on other ports
 * (any_port's `first`), and calls that were suppressed. Of a set that is full the oldest entry
 * makes room.
 *
 * The clock is the engine's coarse one, in ticks of 0.27 s. They come round in 52 days: what is as
 * old as that, give or take its timeout, counts as of now.
 */
#ifndef RPCSENTRY_DATED_SET_H
#define RPCSENTRY_DATED_SET_H

#include "expect.h"
#include "word_set.h"

/* Where a test has another CPU come in between. */
#ifndef RPCS_DATED_BETWEEN
#define RPCS_DATED_BETWEEN() ((void)0)
#endif

enum {
	RPCS_DATED_TICK_SHIFT = 28,  /* of nanoseconds */
	RPCS_DATED_TICKS_AHEAD = 16, /* so far another CPU's clock may be ahead */
	RPCS_DATED_EVER = RPCS_WORD_PAYLOAD - RPCS_DATED_TICKS_AHEAD, /* nothing is older */
	RPCS_DATED_TRIES = 3,
};

/** What a look at an entry came to that also dates it. */
enum rpcs_dated_seen {
	RPCS_DATED_NEW, /* not there, or too old: now it is there */
	RPCS_DATED_AGAIN,
	RPCS_DATED_LOST, /* others were faster each time: neither put in nor dated */
};

/** `ns` of the engine's coarse clock. */
RPCS_INLINE __u32 rpcs_dated_tick(__u64 ns)
{
	return ns >> RPCS_DATED_TICK_SHIFT & RPCS_WORD_PAYLOAD;
}

/** Ticks that are no more than so many nanoseconds; at most an eternity. */
RPCS_INLINE __u32 rpcs_dated_ticks(__u64 ns)
{
	ns >>= RPCS_DATED_TICK_SHIFT;
	return ns < RPCS_DATED_EVER ? ns : RPCS_DATED_EVER;
}

/** Ticks since then, of a date alone or of a word, and RPCS_DATED_TICKS_AHEAD more. */
RPCS_INLINE __u32 rpcs_dated_age(__u64 then, __u32 tick)
{
	return (tick + RPCS_DATED_TICKS_AHEAD - (__u32)then) & RPCS_WORD_PAYLOAD;
}

/** Is it no more than so many ticks old? */
RPCS_INLINE bool rpcs_dated_holds(__u64 then, __u32 tick, __u32 most)
{
	return rpcs_dated_age(then, tick) <= most + RPCS_DATED_TICKS_AHEAD;
}

RPCS_INLINE __u64 rpcs_dated_word(__u64 hash, __u32 tick)
{
	return hash << RPCS_WORD_PRINT_BIT | tick;
}

/** Is there an entry of the hash's key, not older than so many ticks? It is dated anew. */
RPCS_INLINE bool rpcs_dated_renew(struct rpcs_word_set *set, __u64 hash, __u32 tick, __u32 most)
{
	__u32 way = rpcs_word_way_of(set, hash);
	__u64 old = rpcs_word_at(set, way);

	if (!old || !rpcs_word_is(old, hash) || !rpcs_dated_holds(old, tick, most))
		return false;
	/* Where another CPU is faster it has a date as good as this one. */
	if ((old & RPCS_WORD_PAYLOAD) != tick)
		rpcs_word_swap(set, way, old, rpcs_dated_word(hash, tick));
	return true;
}

/** The same, and it stays as old as it is. */
RPCS_INLINE bool rpcs_dated_find(const struct rpcs_word_set *set, __u64 hash, __u32 tick,
				 __u32 most)
{
	__u64 old = rpcs_word_at(set, rpcs_word_way_of(set, hash));

	return old && rpcs_word_is(old, hash) && rpcs_dated_holds(old, tick, most);
}

/** Takes an entry out, if it is there; two CPUs that put it in at once may have left two. */
RPCS_INLINE void rpcs_dated_drop(struct rpcs_word_set *set, __u64 hash)
{
	__u32 way, i;
	__u64 old;

	for (i = 0; i < 2; i++) {
		way = rpcs_word_way_of(set, hash);
		old = rpcs_word_at(set, way);
		if (!rpcs_word_is(old, hash))
			return;
		rpcs_word_swap(set, way, old, 0);
	}
}

/**
 * How well a way does for an entry, and in the lowest bits which it is: the key's own best of all,
 * then a free one, then the oldest.
 */
RPCS_INLINE __u32 rpcs_dated_fitness(__u64 old, __u64 hash, __u32 tick, __u32 way)
{
	__u32 some = rpcs_set_some(old);

	return (some & rpcs_word_is(old, hash)) << 31 | (1 - some) << 30 |
	       rpcs_dated_age(old, tick) << 4 | rpcs_set_same(way, rpcs_word_home(hash)) << 3 | way;
}

RPCS_INLINE __u32 rpcs_dated_victim(const struct rpcs_word_set *set, __u64 hash, __u32 tick)
{
	__u64 most = 0;
	__u32 i;

	RPCS_UNROLL
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		RPCS_FORGET(); /* one way after the other: all at once takes 200 bytes of stack */
		most = rpcs_set_larger(most,
				       rpcs_dated_fitness(rpcs_word_at(set, i), hash, tick, i));
	}
	return most;
}

/**
 * Puts an entry in, or dates it anew. NEW: it was not there, or older than `most` ticks. Of two
 * CPUs that are at it at once the second one finds what the first one did.
 */
RPCS_INLINE enum rpcs_dated_seen rpcs_dated_see(struct rpcs_word_set *set, __u64 hash, __u32 tick,
						__u32 most)
{
	__u64 word = rpcs_dated_word(hash, tick), old;
	__u32 way, best, i;
	bool again;

	for (i = 0; i < RPCS_DATED_TRIES; i++) {
		best = rpcs_dated_victim(set, hash, tick);
		RPCS_DATED_BETWEEN();
		way = rpcs_set_way(best);
		old = rpcs_word_at(set, way);
		/* What was put in since is not what was judged. */
		if (rpcs_dated_fitness(old, hash, tick, way) != best)
			continue;
		again = best >> 31 && rpcs_dated_holds(old, tick, most);
		if ((again && old == word) || rpcs_word_swap(set, way, old, word))
			return again ? RPCS_DATED_AGAIN : RPCS_DATED_NEW;
	}
	return RPCS_DATED_LOST;
}

/** The hash of a call on its flow. */
RPCS_INLINE __u64 rpcs_first_keyed(const volatile struct rpcs_set_seed *seed, const __u64 src[2],
				   const __u64 dst[2], __u32 ports, __u32 born, __u64 procedure,
				   __u16 protocol)
{
	return rpcs_set_hash(
		rpcs_set_nh(src[0], seed->word[0]) + rpcs_set_nh(src[1], seed->word[1]) +
		rpcs_set_nh(dst[0], seed->word[2]) + rpcs_set_nh(dst[1], seed->word[3]) +
		rpcs_set_nh((__u64)ports << 32 | born, seed->word[4]) +
		rpcs_set_nh(procedure, seed->word[5]) + rpcs_set_nh(protocol, seed->word[6]));
}

/** The same of a key that may lie at any address, but not on a program's stack. */
RPCS_INLINE __u64 rpcs_first_key_hash(const volatile struct rpcs_set_seed *seed,
				      const struct rpcs_first_key *key)
{
	__u64 src[2], dst[2];

	RPCS_FETCH(&src[0], key->src, 8);
	RPCS_FETCH(&src[1], key->src + 8, 8);
	RPCS_FETCH(&dst[0], key->dst, 8);
	RPCS_FETCH(&dst[1], key->dst + 8, 8);
	return rpcs_first_keyed(seed, src, dst, (__u32)key->sport << 16 | key->dport, key->born,
				(__u64)key->program << 32 | key->procedure, key->protocol);
}

/** The most ticks that a suppressed call may be old and its reply still be awaited. */
RPCS_INLINE __u32 rpcs_silence_most(__u64 call_timeout_ns)
{
	return rpcs_dated_ticks(call_timeout_ns) + 1;
}

/** The most ticks that a call may be old and still have been seen, by its protocol. */
RPCS_INLINE __u32 rpcs_first_most(__u32 protocol, __u64 flow_timeout_ns)
{
	/* TCP tells connections apart by itself. */
	return protocol == RPCS_IP_UDP ? rpcs_dated_ticks(flow_timeout_ns) : (__u32)RPCS_DATED_EVER;
}

#endif

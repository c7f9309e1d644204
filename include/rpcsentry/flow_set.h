/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the states of TCP flows lie in the kernel: sets of eight, found by a secret hash, in
 * memory that the agent has mapped. Nobody locks: a state changes by compare-and-exchange, and
 * so does a set's tag, by which a slot goes to another flow.
 *
 * A slot changes hands in this order: its tag, its state 0, the key and the rest, its state. Who
 * looks for the new flow meanwhile finds another key there and takes it for unknown; who has
 * the old one in hand finds that its state has changed. Two that make room for one flow at the
 * same time see each other's tags, since each sets its own first, and take their own back.
 */
#ifndef RPCSENTRY_FLOW_SET_H
#define RPCSENTRY_FLOW_SET_H

#include "flow.h"
#include "set_hash.h"

/* Where a test has another CPU come in between. */
#ifndef RPCS_FLOW_BETWEEN
#define RPCS_FLOW_BETWEEN() ((void)0)
#endif

enum {
	/* Ticks by which a flow that has spoken outlives others: SYNs alone push none out. */
	RPCS_FLOW_GRACE = 256,
	RPCS_FLOW_TICK_SHIFT = 6, /* of jiffies: 64 ms with 1,000 in a second, 256 with 250 */
};

/** One direction of a flow: what is known of it, with its ports, sport above dport, and its key. */
struct rpcs_flow_slot {
	struct rpcs_flow_value value;
	__u64 src[2];
	__u64 dst[2];
};

/** A cache line of tags, and one for each slot. */
struct rpcs_flow_set {
	__u32 tags[RPCS_SET_WAYS];    /* 0: never used; otherwise odd */
	__u32 touched[RPCS_SET_WAYS]; /* in ticks */
	struct rpcs_flow_slot slots[RPCS_SET_WAYS];
};

/** The value of the map `flows`: the last one has no flows but what others are found by. */
union rpcs_flow_room {
	struct rpcs_flow_set set;
	struct rpcs_set_seed seed;
};

_Static_assert(sizeof(struct rpcs_flow_slot) == 64, "a cache line");
_Static_assert(sizeof(union rpcs_flow_room) == 576, "nine cache lines");

/** A flow's key as it is compared: addresses in the order of memory, sport above dport. */
struct rpcs_flow_words {
	__u64 src[2];
	__u64 dst[2];
	__u32 ports;
};

/** What insertion came to. */
enum rpcs_flow_inserted {
	RPCS_FLOW_INSERTED,
	RPCS_FLOW_REPLACED, /* and one in use made room: it had spoken within the grace */
	RPCS_FLOW_RACED,    /* another CPU is at it, or was */
};

/** `key` may lie at any address, but not on a program's stack. */
RPCS_INLINE void rpcs_flow_words_fill(struct rpcs_flow_words *words,
				      const struct rpcs_flow_key *key)
{
	RPCS_FETCH(&words->src[0], key->src, 8);
	RPCS_FETCH(&words->src[1], key->src + 8, 8);
	RPCS_FETCH(&words->dst[0], key->dst, 8);
	RPCS_FETCH(&words->dst[1], key->dst + 8, 8);
	words->ports = (__u32)key->sport << 16 | key->dport;
}

RPCS_INLINE __u64 rpcs_flow_hash(const volatile struct rpcs_set_seed *seed,
				 const struct rpcs_flow_words *words)
{
	__u64 hash = rpcs_set_nh(words->src[0], seed->word[0]) +
		     rpcs_set_nh(words->src[1], seed->word[1]) +
		     rpcs_set_nh(words->dst[0], seed->word[2]) +
		     rpcs_set_nh(words->dst[1], seed->word[3]) +
		     rpcs_set_nh(words->ports, seed->word[4]);

	return rpcs_set_hash(hash);
}

RPCS_INLINE __u32 rpcs_flow_tag(__u64 hash)
{
	return (__u32)hash | 1;
}

RPCS_INLINE bool rpcs_flow_is(const struct rpcs_flow_slot *slot,
			      const struct rpcs_flow_words *words)
{
	return !((slot->src[0] ^ words->src[0]) | (slot->src[1] ^ words->src[1]) |
		 (slot->dst[0] ^ words->dst[0]) | (slot->dst[1] ^ words->dst[1]) |
		 (slot->value.ports ^ words->ports));
}

/** How many ways have the tag. */
RPCS_INLINE __u32 rpcs_flow_count(const struct rpcs_flow_set *set, __u32 tag)
{
	__u32 i, ways = 0;

	RPCS_UNROLL
	for (i = 0; i < RPCS_SET_WAYS; i++)
		ways += rpcs_set_same(*(const volatile __u32 *)&set->tags[i], tag);
	return ways;
}

/** The way that is a flow's own, if nobody else has it. */
RPCS_INLINE __u32 rpcs_flow_home(__u64 hash)
{
	return hash >> 1 & (RPCS_SET_WAYS - 1);
}

/** The way that the flow is in; RPCS_SET_WAYS: none. */
RPCS_INLINE __u32 rpcs_flow_way_of(const struct rpcs_flow_set *set,
				   const struct rpcs_flow_words *words, __u64 hash)
{
	__u32 tag = rpcs_flow_tag(hash), way = rpcs_flow_home(hash), i;

	if (set->tags[way] != tag) {
		way = 0;
		RPCS_UNROLL
		for (i = 1; i < RPCS_SET_WAYS; i++)
			way |= i & -rpcs_set_same(set->tags[i], tag);
		way &= RPCS_SET_WAYS - 1;
	}
	return set->tags[way] == tag && rpcs_flow_is(&set->slots[way], words) ? way : RPCS_SET_WAYS;
}

RPCS_INLINE void rpcs_flow_touch(struct rpcs_flow_set *set, __u32 way, __u32 tick)
{
	/* Other CPUs read the line. */
	if (set->touched[way] == tick)
		return;
	set->touched[way] = tick;
}

RPCS_INLINE void rpcs_flow_slot_get(const struct rpcs_flow_slot *slot,
				    struct rpcs_flow_value *ret_value)
{
	*ret_value = slot->value;
	ret_value->ports = 0;
}

/** All but the state, and but what the agent alone sets. */
RPCS_INLINE void rpcs_flow_slot_note(struct rpcs_flow_slot *slot,
				     const struct rpcs_flow_value *value)
{
	slot->value.born = value->born;
	slot->value.second = value->second;
	slot->value.fallback = value->fallback;
	slot->value.turn = value->turn;
}

/** 1 if anything has come behind its SYN, else 0. */
RPCS_INLINE __u32 rpcs_flow_has_spoken(const struct rpcs_flow_slot *slot)
{
	__u64 state = slot->value.state;
	__u32 beyond = (rpcs_flow_next(state) ^ (slot->value.born + 1)) | rpcs_flow_left(state);

	/* UNKNOWN is 0, unless it is STRANGE, and IN_STEP 2: with a place in its stream. */
	return (state & 1) | (rpcs_set_some(state) & rpcs_set_some(beyond));
}

_Static_assert(RPCS_STEP_UNKNOWN == 0 && RPCS_STEP_IN_STEP == 2 && (RPCS_STEP_FALLBACK & 1) &&
		       (RPCS_STEP_STOPPED & 1),
	       "as rpcs_flow_has_spoken() takes them");

/** Ticks since the way was touched; 0 if by a CPU whose clock is ahead. */
RPCS_INLINE __u32 rpcs_flow_age(const struct rpcs_flow_set *set, __u32 way, __u32 tick)
{
	__u32 age = tick - set->touched[way];

	return age & ((age >> 31) - 1);
}

/** How well a way can be done without: one never used best of all, then one that has ended. */
RPCS_INLINE __u32 rpcs_flow_worn(const struct rpcs_flow_set *set, __u32 way, __u32 tick)
{
	const struct rpcs_flow_slot *slot = &set->slots[way];
	__u32 worn = rpcs_flow_age(set, way, tick);

	worn += RPCS_FLOW_GRACE & (rpcs_flow_has_spoken(slot) - 1);
	worn |= (1 - rpcs_set_some(slot->value.state | slot->value.born)) << 31;
	return worn | -rpcs_set_same(set->tags[way], 0);
}

/** The way for a flow that is not there: its own, unless another one can better be done without. */
RPCS_INLINE __u32 rpcs_flow_victim(const struct rpcs_flow_set *set, __u64 hash, __u32 tick)
{
	__u32 home = rpcs_flow_home(hash), i;
	__u64 worn, most = 0;

	RPCS_UNROLL
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		RPCS_FORGET(); /* one way after the other: all at once takes 200 bytes of stack */
		worn = (__u64)rpcs_flow_worn(set, i, tick) << 4 | rpcs_set_same(i, home) << 3 | i;
		most += (worn - most) & -(__u64)rpcs_set_sign(most - worn);
	}
	return most & (RPCS_SET_WAYS - 1);
}

/** Puts in a flow that was not found, where the one that can best be done without was. */
RPCS_INLINE enum rpcs_flow_inserted
rpcs_flow_slot_insert(struct rpcs_flow_set *set, const struct rpcs_flow_words *words, __u64 hash,
		      const struct rpcs_flow_value *value, __u32 tick)
{
	__u32 tag = rpcs_flow_tag(hash), way = rpcs_flow_victim(set, hash, tick), old;
	struct rpcs_flow_slot *slot;
	bool in_use, raced;

	slot = &set->slots[way];
	old = set->tags[way];
	in_use = old && rpcs_flow_has_spoken(slot) &&
		 rpcs_flow_age(set, way, tick) < RPCS_FLOW_GRACE;
	if (__sync_val_compare_and_swap(&set->tags[way], old, tag) != old)
		return RPCS_FLOW_RACED;
	RPCS_FLOW_BETWEEN();
	__sync_lock_test_and_set(&slot->value.state, 0);
	slot->src[0] = words->src[0];
	slot->src[1] = words->src[1];
	slot->dst[0] = words->dst[0];
	slot->dst[1] = words->dst[1];
	slot->value.ports = words->ports;
	slot->value.wanted = value->wanted;
	rpcs_flow_slot_note(slot, value);
	set->touched[way] = tick;
	raced = __sync_val_compare_and_swap(&slot->value.state, 0, value->state) != 0;
	if (*(const volatile __u32 *)&set->tags[way] != tag) {
		/* Taken meanwhile: whose key and state are there now nobody knows. */
		__sync_lock_test_and_set(&set->tags[way], 0);
		raced = true;
	} else if (raced || rpcs_flow_count(set, tag) > 1) {
		__sync_val_compare_and_swap(&set->tags[way], tag, 0);
		raced = true;
	}
	if (raced)
		return RPCS_FLOW_RACED;
	return in_use ? RPCS_FLOW_REPLACED : RPCS_FLOW_INSERTED;
}

#endif

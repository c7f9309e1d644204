/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of expect_set.h: replies that are to come, in the map `expected`. */
#ifndef RPCSENTRY_BPF_EXPECTED_H
#define RPCSENTRY_BPF_EXPECTED_H

#include "maps.h"

/** The set that a key's entry is in, if it is anywhere; NULL cannot happen but to the verifier. */
RPCS_INLINE struct rpcs_word_set *rpcs_expected_set(__u64 hash)
{
	__u32 index = rpcs_set_of(hash, rpcs_config.sets[RPCS_SETS_EXPECTED].count);

	return bpf_map_lookup_elem(&expected, &index);
}

RPCS_INLINE __u32 rpcs_expected_tick(void)
{
	return bpf_jiffies64() >> RPCS_EXPECT_TICK_SHIFT;
}

/*
 * Global functions, for the long way and for what is rare: verified once, and a call of seven
 * nanoseconds beside what is in one place for most.
 */

/** What is awaited by the key of that hash (enum rpcs_expect_kind); now its reply has come. */
__noinline int rpcs_expected_find(__u64 hash)
{
	struct rpcs_word_set *set = rpcs_expected_set(hash);

	if (!set)
		return RPCS_EXPECT_NOTHING;
	return rpcs_expect_take(set, rpcs_word_way_of(set, hash), hash, true);
}

/** Has that be awaited. Counted where it can't. */
__noinline int rpcs_expected_put(__u64 hash, __u32 kind)
{
	struct rpcs_word_set *set = rpcs_expected_set(hash);
	__u32 tick = rpcs_expected_tick(), zero = 0;
	struct rpcs_counters *c;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (!set || !c)
		return 0;
	if (!rpcs_expect_put_home(set, hash, kind, tick) && !rpcs_expect_put(set, hash, kind, tick))
		c->state_full += 1;
	return 0;
}

/** The same of the key in the scratch memory. */
__noinline int rpcs_expected_find_key(void)
{
	struct rpcs_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return RPCS_EXPECT_NOTHING;
	return rpcs_expected_find(
		rpcs_expect_key_hash(&rpcs_config.sets[RPCS_SETS_EXPECTED].seed, &s->keys.expect));
}

__noinline int rpcs_expected_put_key(__u32 kind)
{
	struct rpcs_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (s)
		rpcs_expected_put(rpcs_expect_key_hash(&rpcs_config.sets[RPCS_SETS_EXPECTED].seed,
						       &s->keys.expect),
				  kind);
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of dated_set.h: the maps `firsts` and `silenced`. */
#ifndef RPCSENTRY_BPF_DATED_H
#define RPCSENTRY_BPF_DATED_H

#include "maps.h"

/** The engine's coarse clock: where each packet would pay for reading a finer one. */
RPCS_INLINE __u64 rpcs_dated_now(void)
{
	return rpcs_config.test_clock
		       ? rpcs_test_time
		       : (bpf_jiffies64() - rpcs_config.jiffies) * rpcs_config.jiffy_ns;
}

RPCS_INLINE __u32 rpcs_dated_tick_now(void)
{
	return rpcs_dated_tick(rpcs_dated_now());
}

/** The sets that a hash leads to; NULL cannot happen but to the verifier. */
RPCS_INLINE struct rpcs_word_set *rpcs_firsts_set(__u64 hash)
{
	__u32 index = rpcs_set_of(hash, rpcs_config.sets[RPCS_SETS_FIRSTS].count);

	return bpf_map_lookup_elem(&firsts, &index);
}

RPCS_INLINE struct rpcs_word_set *rpcs_silenced_set_of(__u64 hash)
{
	__u32 index = rpcs_set_of(hash, rpcs_config.sets[RPCS_SETS_SILENCED].count);

	return bpf_map_lookup_elem(&silenced, &index);
}

RPCS_INLINE __u64 rpcs_silenced_hash(const struct rpcs_expect_key *key)
{
	return rpcs_expect_key_hash(&rpcs_config.sets[RPCS_SETS_SILENCED].seed, key);
}

/* Global functions, as in expected.h. */

/** The call in the scratch memory was seen: enum rpcs_dated_seen; LOST is counted. */
__noinline int rpcs_firsts_see(void)
{
	struct rpcs_word_set *set;
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0;
	__u64 hash;
	int seen;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s)
		return RPCS_DATED_LOST;
	hash = rpcs_first_key_hash(&rpcs_config.sets[RPCS_SETS_FIRSTS].seed, &s->keys.first);
	set = rpcs_firsts_set(hash);
	if (!set)
		return RPCS_DATED_LOST;
	seen = rpcs_dated_see(set, hash, rpcs_dated_tick_now(),
			      rpcs_first_most(s->keys.first.protocol, rpcs_config.flow_timeout_ns));
	c->state_full += seen == RPCS_DATED_LOST;
	return seen;
}

/** Was a call of that hash suppressed whose reply may still come? */
__noinline int rpcs_silenced_find(__u64 hash)
{
	const struct rpcs_word_set *set = rpcs_silenced_set_of(hash);

	return set && rpcs_dated_find(set, hash, rpcs_dated_tick_now(),
				      rpcs_silence_most(rpcs_config.call_timeout_ns));
}

/** One was suppressed just now, or (`on` is 0) one with that hash was not. */
__noinline int rpcs_silenced_set(__u64 hash, int on)
{
	struct rpcs_word_set *set = rpcs_silenced_set_of(hash);
	struct rpcs_counters *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (!set || !c)
		return 0;
	if (!on)
		rpcs_dated_drop(set, hash);
	else
		c->state_full += rpcs_dated_see(set, hash, rpcs_dated_tick_now(),
						RPCS_DATED_EVER) == RPCS_DATED_LOST;
	return 0;
}

#endif

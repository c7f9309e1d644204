/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of inspect_suppress.h: the list of suppressed calls, and their replies. */
#ifndef RPCSENTRY_BPF_SUPPRESS_H
#define RPCSENTRY_BPF_SUPPRESS_H

#include "budget.h"

/** May the client be in the list of `suppress`, or has it been? */
RPCS_INLINE bool rpcs_sieve_here(__u64 high, __u64 low)
{
	return rpcs_sieve_lets_through(&rpcs_sieve, high, low);
}

RPCS_INLINE const struct rpcs_suppress_value *rpcs_engine_suppress(struct rpcs_engine *eng)
{
	struct rpcs_suppress_key *key = &eng->keys->suppress;
	const __u8 *src = eng->record->rpc.head.src;

	if (!rpcs_sieve_here(rpcs_load_be64(src), rpcs_load_be64(src + 8)))
		return NULL;
	key->prefixlen = 8 * sizeof(key->client);
	RPCS_COPY(key->client, src, sizeof(key->client));
	return bpf_map_lookup_elem(&suppress, key);
}

RPCS_INLINE void rpcs_engine_suppress_count(struct rpcs_engine *eng, __u32 rule)
{
	struct rpcs_rule_hits *hits = bpf_map_lookup_elem(&rules, &rule);

	/* Of a rule beyond those that are shown only the sum counts. */
	if (hits)
		__sync_fetch_and_add(&hits->suppressed, 1);
}

RPCS_INLINE void rpcs_engine_silence(struct rpcs_engine *eng, const struct rpcs_expect_key *key,
				     bool on)
{
	rpcs_silenced_set(rpcs_silenced_hash(key), on);
}

RPCS_INLINE bool rpcs_engine_silenced(struct rpcs_engine *eng, const struct rpcs_expect_key *key)
{
	if (!rpcs_sieve_here(rpcs_load_be64(key->client), rpcs_load_be64(key->client + 8)))
		return false;
	return rpcs_silenced_find(rpcs_silenced_hash(key));
}

/* A global function for each kind of context, as RPCS_STAGES. */
#define RPCS_SUPPRESS_STAGE(kind, type)                                                         \
	__noinline int rpcs_##kind##_known(struct type *ctx, int reason, __u32 skip)            \
	{                                                                                       \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                             \
                                                                                                \
		return rpcs_engine_complete(&eng) && rpcs_inspect_is_known(&eng, reason, skip); \
	}

#endif

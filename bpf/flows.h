/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of flow_set.h: the states of TCP flows in the map `flows`. */
#ifndef RPCSENTRY_BPF_FLOWS_H
#define RPCSENTRY_BPF_FLOWS_H

#include "maps.h"

/** The set that a flow is in, if it is anywhere; NULL cannot happen but to the verifier. */
RPCS_INLINE struct rpcs_flow_set *rpcs_flows_set(__u64 hash)
{
	__u32 index = rpcs_set_of(hash, rpcs_config.sets[RPCS_SETS_FLOWS].count);

	return bpf_map_lookup_elem(&flows, &index);
}

RPCS_INLINE __u32 rpcs_flows_tick(void)
{
	return bpf_jiffies64() >> RPCS_FLOW_TICK_SHIFT;
}

/** The slot at a place; NULL: -1. */
RPCS_INLINE struct rpcs_flow_slot *rpcs_flows_at(int place)
{
	__u32 index = (__u32)place / RPCS_SET_WAYS;
	struct rpcs_flow_set *set;

	if (place < 0)
		return NULL;
	set = bpf_map_lookup_elem(&flows, &index);
	return set ? &set->slots[place & (RPCS_SET_WAYS - 1)] : NULL;
}

/*
 * What is rare, or of the long way, is a global function: verified once, and its callers keep
 * the stack. What it is about lies in the scratch memory.
 */

/** Looks for the flow with those words; its place. */
__noinline int rpcs_flows_find(void)
{
	const struct rpcs_flow_slot *slot;
	struct rpcs_flow_set *set;
	struct rpcs_scratch *s;
	__u32 zero = 0, way;
	__u64 hash;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return -1;
	s->flow.place = -1;
	s->flow.old = RPCS_STEP_UNKNOWN;
	hash = rpcs_flow_hash(&rpcs_config.sets[RPCS_SETS_FLOWS].seed, &s->flow.words);
	set = rpcs_flows_set(hash);
	if (!set)
		return -1;
	way = rpcs_flow_way_of(set, &s->flow.words, hash);
	if (way >= RPCS_SET_WAYS)
		return -1;
	rpcs_flow_touch(set, way, rpcs_flows_tick());
	slot = &set->slots[way];
	s->flow.old = slot->value.state;
	/* Another flow's by now? Its state must not be taken for this one's. */
	RPCS_FORGET();
	if (set->tags[way] != rpcs_flow_tag(hash)) {
		s->flow.old = RPCS_STEP_UNKNOWN;
		return -1;
	}
	s->flow.place =
		rpcs_set_of(hash, rpcs_config.sets[RPCS_SETS_FLOWS].count) * RPCS_SET_WAYS + way;
	return s->flow.place;
}

/** The same, and its value. */
__noinline int rpcs_flows_get(void)
{
	int place = rpcs_flows_find();
	const struct rpcs_flow_slot *slot = rpcs_flows_at(place);
	struct rpcs_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!slot || !s)
		return -1;
	rpcs_flow_slot_get(slot, &s->flow.value);
	s->flow.value.state = s->flow.old;
	return place;
}

/** Puts the flow in, as it is not there. enum rpcs_flow_inserted. */
__noinline int rpcs_flows_insert(void)
{
	struct rpcs_flow_set *set;
	struct rpcs_scratch *s;
	__u32 zero = 0;
	__u64 hash;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return RPCS_FLOW_RACED;
	hash = rpcs_flow_hash(&rpcs_config.sets[RPCS_SETS_FLOWS].seed, &s->flow.words);
	set = rpcs_flows_set(hash);
	if (!set)
		return RPCS_FLOW_RACED;
	return rpcs_flow_slot_insert(set, &s->flow.words, hash, &s->flow.value, rpcs_flows_tick());
}

/**
 * Puts the flow's value where it was found, if the state there is still the same. enum
 * rpcs_flow_inserted, counted; RACED: it has been looked for once more.
 */
__noinline int rpcs_flows_put(void)
{
	struct rpcs_flow_slot *slot;
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0;
	int put;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s)
		return RPCS_FLOW_RACED;
	slot = rpcs_flows_at(s->flow.place);
	if (!slot) {
		put = rpcs_flows_insert();
	} else if (__sync_val_compare_and_swap(&slot->value.state, s->flow.old,
					       s->flow.value.state) == s->flow.old) {
		rpcs_flow_slot_note(slot, &s->flow.value);
		return RPCS_FLOW_INSERTED;
	} else {
		put = RPCS_FLOW_RACED;
	}
	c->flows_replaced += put == RPCS_FLOW_REPLACED;
	if (put != RPCS_FLOW_RACED)
		return put;
	c->flows_raced += 1;
	/* The agent's update, or another flow's, may have put it into another slot. */
	rpcs_flows_find();
	return put;
}

/** The slot of a flow with these words, or NULL: what is in its own way, as most are, inlined. */
RPCS_INLINE struct rpcs_flow_slot *rpcs_flows_find_plain(const struct rpcs_flow_words *words)
{
	__u64 hash = rpcs_flow_hash(&rpcs_config.sets[RPCS_SETS_FLOWS].seed, words);
	struct rpcs_flow_set *set = rpcs_flows_set(hash);
	__u32 way = rpcs_flow_home(hash), zero = 0;
	struct rpcs_scratch *s;

	if (!set)
		return NULL;
	if (set->tags[way] == rpcs_flow_tag(hash) && rpcs_flow_is(&set->slots[way], words)) {
		rpcs_flow_touch(set, way, rpcs_flows_tick());
		return &set->slots[way];
	}
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return NULL;
	s->flow.words = *words;
	return rpcs_flows_at(rpcs_flows_find());
}

#endif

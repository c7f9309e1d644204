/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The budget of a source (rpcsentry/budget.h): most records cost a slot's count, which is
 * inlined; all the rest is one function, since whoever comes there sends too much or nearly.
 */
#ifndef RPCSENTRY_BPF_BUDGET_H
#define RPCSENTRY_BPF_BUDGET_H

#include "engine.h"

#include <rpcsentry/budget.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_budget_slots);
} budget_slots SEC(".maps");

/* An eviction has a source begin anew; nothing that was counted is lost with it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RPCS_BUDGET_SOURCES_MAX);
	__type(key, struct rpcs_budget_key);
	__type(value, struct rpcs_budget_source);
} budget_sources SEC(".maps");

/* What was kept off the ring, by source and kind: the agent reads it and removes old keys. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RPCS_OVER_MAX);
	__type(key, struct rpcs_over_key);
	__type(value, struct rpcs_over_value);
} over_budget SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_muted);
} muted SEC(".maps");

/** Whose the message in hand is, by hash, and when it came. */
struct rpcs_budget_who {
	__u64 client; /* the hash of a call's source, or of a reply's destination */
	__u32 second;
	bool is_reply;
};

/* Beside amounts: what a message's slot said of it. */
enum {
	RPCS_BUDGET_FINE = 0,
	RPCS_BUDGET_MUTED = -1,	 /* the reply to a call that was kept off the ring */
	RPCS_BUDGET_UNSAID = -2, /* nothing was asked yet */
};

/** The time that counts, for a record stamped so. */
RPCS_INLINE __u64 rpcs_budget_now(__u64 stamp)
{
	return rpcs_config.test_clock ? rpcs_test_time : stamp;
}

RPCS_INLINE struct rpcs_muted *rpcs_muted_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&muted, &zero);
}

/** Counts a record. How many its source's own count is to get; FINE: that need not be asked. */
RPCS_INLINE int rpcs_budget_spend(const struct rpcs_ports *table, const struct rpcs_budget_who *who)
{
	__u64 hash = who->is_reply ? ~who->client : who->client, *slot, value;
	__u32 zero = 0, free = table->budget_free;
	struct rpcs_budget_slots *slots = bpf_map_lookup_elem(&budget_slots, &zero);

	if (!slots)
		return RPCS_BUDGET_FINE;
	slot = &slots->slot[rpcs_budget_slot(hash)];
	value = rpcs_budget_count(*slot, rpcs_budget_head(hash, who->second));
	*slot = value;
	return (__u32)value <= free ? RPCS_BUDGET_FINE : (int)rpcs_budget_amount(value, free);
}

/** Is this the reply to a call that was kept off the ring? */
RPCS_INLINE bool rpcs_budget_is_muted(const struct rpcs_budget_who *who, __u16 port, __u8 protocol,
				      __u32 xid)
{
	const struct rpcs_muted *calls = rpcs_muted_here();

	return calls && rpcs_muted_is_in_use(calls, who->second) &&
	       rpcs_muted_find(calls,
			       rpcs_muted_hash(rpcs_config.seed, who->client, port, protocol, xid),
			       who->second);
}

/** The number in the lower half of *word, which belongs to the second in the upper one. */
RPCS_INLINE __u32 rpcs_budget_add(__u64 *word, __u32 second, __u32 amount)
{
	__u64 old = *word;

	if (old >> 32 != second)
		__sync_val_compare_and_swap(word, old, (__u64)second << 32);
	return __sync_fetch_and_add(word, amount) + amount;
}

/** The count of whose message this is. NULL: no memory for it at this moment. */
RPCS_INLINE struct rpcs_budget_source *rpcs_budget_source(struct rpcs_over *over)
{
	struct rpcs_budget_source *source;

	source = bpf_map_lookup_elem(&budget_sources, &over->key.whose);
	if (source)
		return source;
	bpf_map_update_elem(&budget_sources, &over->key.whose, &over->source, BPF_NOEXIST);
	return bpf_map_lookup_elem(&budget_sources, &over->key.whose);
}

/** A new key's value. NULL: the map is full. */
RPCS_INLINE struct rpcs_over_value *rpcs_over_make(struct rpcs_over *over)
{
	bpf_map_update_elem(&over_budget, &over->key, &over->value, BPF_NOEXIST);
	return bpf_map_lookup_elem(&over_budget, &over->key);
}

/** Where a message is counted that has no key of its own: nothing is uncounted. */
RPCS_INLINE struct rpcs_over_value *rpcs_over_rest(struct rpcs_over *over)
{
	struct rpcs_over_value *value;

	over->key.kind = RPCS_OVER_REST;
	over->key.program = over->key.version = over->key.procedure = over->key.about = 0;
	value = bpf_map_lookup_elem(&over_budget, &over->key);
	if (!value)
		value = rpcs_over_make(over);
	if (value)
		return value;
	/* The last key of all has been there since before the map could be full. */
	RPCS_ZERO(&over->key.whose);
	return bpf_map_lookup_elem(&over_budget, &over->key);
}

/** The value of a key that is not there. NULL: the source has its share, or the map is full. */
RPCS_INLINE struct rpcs_over_value *rpcs_over_add(struct rpcs_over *over,
						  struct rpcs_budget_source *source, __u32 second)
{
	if (!rpcs_over_is_beside(&over->key) &&
	    rpcs_budget_add(&source->kinds, second >> RPCS_OVER_SHARE_SHIFT, 1) > RPCS_OVER_SHARE) {
		if (!over->key.about)
			return NULL;
		/* Not told apart by the program asked for any more. */
		over->key.about = 0;
	}
	return rpcs_over_make(over);
}

/**
 * Takes `amount` from the source's budget. True: that was used up, and this kind has had its
 * allowance; *value is then where it is counted, or NULL where it has no place of its own.
 */
RPCS_INLINE bool rpcs_over_is_used_up(struct rpcs_over *over, struct rpcs_over_value **value,
				      __u32 budget, __u32 amount, __u32 second)
{
	struct rpcs_budget_source *source = rpcs_budget_source(over);
	__u32 count;

	if (!source)
		return false;
	count = rpcs_budget_add(&source->records, second, amount);
	if (count + rpcs_over_window(budget) <= budget)
		return false;
	if (!*value)
		*value = rpcs_over_add(over, source, second);
	if (*value && rpcs_budget_add(&(*value)->spent, second, 1) <= RPCS_OVER_ALLOWANCE)
		return false;
	if (count <= budget)
		return false;
	if (*value)
		(*value)->over = second;
	return true;
}

RPCS_INLINE void rpcs_budget_who(struct rpcs_budget_who *who, const struct rpcs_record_rpc *rec,
				 __u64 now)
{
	const __u8 *client = rec->head.kind == RPCS_RECORD_REPLY ? rec->head.dst : rec->head.src;

	who->is_reply = rec->head.kind == RPCS_RECORD_REPLY;
	who->second = rpcs_budget_second(now);
	who->client = rpcs_budget_hash(rpcs_config.seed, rpcs_load_be64(client),
				       rpcs_load_be64(client + 8));
}

/** What the slot says of a message. */
RPCS_INLINE int rpcs_budget_glance(const struct rpcs_ports *table,
				   const struct rpcs_budget_who *who, __u16 port, __u8 protocol,
				   __u32 xid)
{
	if (who->is_reply && rpcs_budget_is_muted(who, port, protocol, xid))
		return RPCS_BUDGET_MUTED;
	return rpcs_budget_spend(table, who);
}

/** The replies to the call in the record would come to nobody who waits for them. */
RPCS_INLINE void rpcs_budget_mute(const struct rpcs_budget_who *who,
				  const struct rpcs_record_rpc *rec)
{
	struct rpcs_muted *calls = rpcs_muted_here();

	if (calls)
		rpcs_muted_add(calls,
			       rpcs_muted_hash(rpcs_config.seed, who->client, rec->head.sport,
					       rec->head.protocol, rec->xid),
			       who->second);
}

/** As rpcs_budget_over(). */
RPCS_INLINE bool rpcs_budget_judge(struct rpcs_scratch *s, const struct rpcs_ports *table,
				   enum rpcs_fallback reason, int said)
{
	const struct rpcs_record_rpc *rec = &s->record.rpc;
	enum rpcs_over_kind kind = rpcs_over_kind_of(rec, reason);
	__u64 now = rpcs_budget_now(rec->head.time_ns);
	struct rpcs_over_value *value;
	struct rpcs_budget_who who;

	if (kind == RPCS_OVER__MAX)
		return false;
	rpcs_budget_who(&who, rec, now);
	if (said == RPCS_BUDGET_UNSAID)
		said = rpcs_budget_glance(table, &who, rec->head.dport, rec->head.protocol,
					  rec->xid);
	if (said == RPCS_BUDGET_FINE)
		return false;
	rpcs_over_fill(&s->over, rec, kind, now);
	value = bpf_map_lookup_elem(&over_budget, &s->over.key);
	if (said != RPCS_BUDGET_MUTED && !(value && value->over == who.second) &&
	    !rpcs_over_is_used_up(&s->over, &value, table->budget, said, who.second))
		return false;
	if (kind == RPCS_OVER_CALL || kind == RPCS_OVER_ODD)
		rpcs_budget_mute(&who, rec);
	if (!value && said == RPCS_BUDGET_MUTED)
		value = rpcs_over_make(&s->over);
	if (!value)
		value = rpcs_over_rest(&s->over);
	if (!value)
		return true;
	__sync_fetch_and_add(&value->count, 1);
	value->last_ns = now;
	return true;
}

/**
 * Is the message in the scratch memory's record, decoded with `reason`, one more than its
 * source's budget? Then it has been counted. `said` is what the plain way has had from
 * its slot.
 */
__noinline int rpcs_budget_over(int reason, int said)
{
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s)
		return 0;
	if (!rpcs_budget_judge(s, &rpcs_ports, reason, said))
		return 0;
	c->records_over_budget += 1;
	return 1;
}

/** Of the message in eng->record; compiled out where there is no budget. */
RPCS_INLINE bool rpcs_engine_over_budget(struct rpcs_engine *eng, enum rpcs_fallback reason)
{
	return rpcs_config.budget && rpcs_budget_over(reason, RPCS_BUDGET_UNSAID);
}

#endif

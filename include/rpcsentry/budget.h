/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * limits.per_source_records: how many records a source may send in a second, and what
 * is counted of one that sends more. What the kernel's programs and the agent share.
 *
 * Nearly every record is counted in a slot, one of few on its CPU, that the source's hash
 * finds: no key is compared and nothing is made. Only once a slot has had budget_free
 * records in a second is each source in it counted by itself, whatever CPU its packets
 * come to; so others in its slot cost a source a look-up, never a record.
 */
#ifndef RPCSENTRY_BUDGET_H
#define RPCSENTRY_BUDGET_H

#include "rpc.h"

enum {
	/* 32 KiB for each CPU: the largest value a per-CPU map takes. */
	RPCS_BUDGET_BITS = 12,
	RPCS_BUDGET_SLOTS = 1 << RPCS_BUDGET_BITS,
	/* Sources counted by themselves; the one longest untouched goes, and begins anew. */
	RPCS_BUDGET_SOURCES_MAX = 16384,
	/* Kinds of messages, of all sources together, that are counted by themselves. */
	RPCS_OVER_MAX = 16384,
	/* Records of a kind that are sent all the same in a second: a flood hides no other kind. */
	RPCS_OVER_ALLOWANCE = 4,
	/* Kinds that a source may add in 16 s, beside the portmapper's own procedures. */
	RPCS_OVER_SHARE = 64,
	RPCS_OVER_SHARE_SHIFT = 4,
	/* Calls that were kept off the ring a moment ago: their replies follow them. */
	RPCS_MUTED_BITS = 16,
	RPCS_MUTED_SLOTS = 1 << RPCS_MUTED_BITS,
};

/**
 * The slots of one CPU: a head of 32 bits (16 of the second, 15 of the hash, and whether
 * another hash was counted here in that second) above a count.
 */
struct rpcs_budget_slots {
	__u64 slot[RPCS_BUDGET_SLOTS];
};

/** Whose budget a record is taken from; a client's is for the replies to it. */
enum rpcs_over_side {
	RPCS_OVER_SOURCE,
	RPCS_OVER_CLIENT,
};

enum rpcs_over_kind {
	RPCS_OVER_CALL,
	RPCS_OVER_ODD,	 /* a call that breaks a limit of RFC 5531 or is very long */
	RPCS_OVER_JUNK,	 /* a datagram that is no RPC message */
	RPCS_OVER_REPLY, /* to the client that is the key's source */
	RPCS_OVER_REST,	 /* of a source with more kinds than its share; of all where it is :: */
	RPCS_OVER__MAX
};

/** The key of the map `budget_sources`, and the beginning of that of `over_budget`. */
struct rpcs_budget_key {
	__u8 source[16];
	__u32 side; /* enum rpcs_over_side */
};

/** The value of the map `budget_sources`: each the second above what was counted in it. */
struct rpcs_budget_source {
	__u64 records;
	__u64 kinds; /* made; the second here is one of 16 */
};

/** The key of the map `over_budget`. */
struct rpcs_over_key {
	struct rpcs_budget_key whose;
	__u32 kind; /* enum rpcs_over_kind */
	__u32 program;
	__u32 version;
	__u32 procedure;
	__u32 about; /* the program that a portmapper is asked for; 0: none, or any */
};

/** The value: what was kept off the ring, ever since the key was made. */
struct rpcs_over_value {
	__u64 count;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 spent; /* of the allowance: second and records */
	__u32 over;  /* the second in which the source was last over its budget */
	/* Of the first one: */
	__u32 ifindex;
	__u8 server[16];
	__u16 sport; /* the client's */
	__u16 dport; /* the server's */
	__u8 protocol;
	__u8 hook;
	__u8 pad[2];
};

_Static_assert(sizeof(struct rpcs_budget_key) == 20, "no padding");
_Static_assert(sizeof(struct rpcs_over_key) == 40, "no padding");
_Static_assert(sizeof(struct rpcs_over_value) == 64, "no padding");

/** A message in hand: its key and, where these are new, its value and its source. */
struct rpcs_over {
	struct rpcs_over_key key;
	struct rpcs_over_value value;
	struct rpcs_budget_source source;
};

/** The value of the map `muted`: as struct rpcs_early, with a hash that nobody can guess. */
struct rpcs_muted {
	__u64 second; /* of the last call in it */
	__u64 slot[RPCS_MUTED_SLOTS];
};

/**
 * The second of a time in nanoseconds, without a division; it takes 0.9999964 of them. Never 0.
 */
RPCS_INLINE __u32 rpcs_budget_second(__u64 now_ns)
{
	return ((now_ns >> 20) * 70369 >> 26) + 1;
}

/** By a secret seed. `high` and `low`: an address as two numbers in host order. */
RPCS_INLINE __u64 rpcs_budget_hash(const volatile __u64 *seed, __u64 high, __u64 low)
{
	__u64 hash = (high + seed[0]) * (seed[1] | 1) + (low + seed[2]) * (seed[3] | 1);

	hash ^= hash >> 32;
	return hash * 0xd6e8feb86659fd93ULL;
}

/** The low half of an IPv4 address, as it is mapped into IPv6. */
RPCS_INLINE __u64 rpcs_budget_low4(__u32 address)
{
	return 0xffff00000000ULL | address;
}

RPCS_INLINE __u32 rpcs_budget_slot(__u64 hash)
{
	return hash >> (64 - RPCS_BUDGET_BITS);
}

RPCS_INLINE __u32 rpcs_budget_head(__u64 hash, __u32 second)
{
	return second << 16 | ((__u32)(hash >> 32) & 0x7fff) << 1;
}

/** The bit of a head that says that the slot was another hash's as well. */
#define RPCS_BUDGET_SHARED (1ULL << 32)

/** What becomes of a slot with a record more. */
RPCS_INLINE __u64 rpcs_budget_count(__u64 slot, __u32 head)
{
	if ((slot >> 32) == head)
		return slot + 1;
	if (slot >> 48 != head >> 16)
		return ((__u64)head << 32) + 1;
	return (slot | RPCS_BUDGET_SHARED) + 1;
}

/**
 * How many records the source's own count gets for the one that made a slot, over its
 * `free`, what it is: all that were in it, if no other source can have been among them.
 */
RPCS_INLINE __u32 rpcs_budget_amount(__u64 slot, __u32 free)
{
	return (slot & RPCS_BUDGET_SHARED) || (__u32)slot != free + 1 ? 1 : free + 1;
}

/** Records behind which, short of the budget, kinds are told apart: no kind is new then. */
RPCS_INLINE __u32 rpcs_over_window(__u32 budget)
{
	return budget / 16 > RPCS_OVER_ALLOWANCE ? budget / 16 : RPCS_OVER_ALLOWANCE;
}

/** Is this kind one that every source may have beside its share? */
RPCS_INLINE bool rpcs_over_is_beside(const struct rpcs_over_key *key)
{
	if (key->kind == RPCS_OVER_REPLY || key->kind == RPCS_OVER_REST)
		return true;
	return key->program == RPCS_PORTMAP_PROGRAM && key->about == 0 &&
	       key->version - RPCS_PORTMAP_VERSION_FIRST <=
		       RPCS_PORTMAP_VERSION_LAST - RPCS_PORTMAP_VERSION_FIRST &&
	       key->procedure < 13;
}

/** RPCS_OVER__MAX: what is not kept off the ring, since what follows hangs on it. */
RPCS_INLINE enum rpcs_over_kind rpcs_over_kind_of(const struct rpcs_record_rpc *rec,
						  enum rpcs_fallback reason)
{
	if (rec->head.protocol != RPCS_IP_UDP &&
	    (reason != RPCS_FALLBACK_NONE || rec->cred_flavor == RPCS_AUTH_TLS))
		return RPCS_OVER__MAX;
	if (rec->head.kind == RPCS_RECORD_REPLY)
		return RPCS_OVER_REPLY;
	if (rec->head.kind != RPCS_RECORD_CALL)
		return RPCS_OVER_JUNK;
	if (reason == RPCS_FALLBACK_credential || reason == RPCS_FALLBACK_verifier ||
	    reason == RPCS_FALLBACK_short || rec->call.rpc_version != RPCS_RPC_VERSION ||
	    rec->message_len > RPCS_RECORD_HUGE_PORTMAPPER)
		return RPCS_OVER_ODD;
	return RPCS_OVER_CALL;
}

/** Do the portmapper procedure's arguments begin with a program? */
RPCS_INLINE bool rpcs_over_has_about(__u32 program, __u32 procedure)
{
	const __u32 with = 1U << RPCS_PORTMAP_SET | 1U << RPCS_PORTMAP_UNSET |
			   1U << RPCS_PORTMAP_GETPORT | 1U << RPCS_PORTMAP_CALLIT |
			   1U << RPCS_PORTMAP_GETVERSADDR | 1U << RPCS_PORTMAP_INDIRECT |
			   1U << RPCS_PORTMAP_GETADDRLIST;

	return program == RPCS_PORTMAP_PROGRAM && procedure < 32 && (with >> procedure & 1);
}

/** Fills the key of a message, and what a new one's value begins with. */
RPCS_INLINE void rpcs_over_fill(struct rpcs_over *over, const struct rpcs_record_rpc *rec,
				enum rpcs_over_kind kind, __u64 now)
{
	const bool is_reply = kind == RPCS_OVER_REPLY;

	RPCS_ZERO(over);
	over->key.kind = kind;
	over->value.first_ns = now;
	over->value.ifindex = rec->head.ifindex;
	over->value.protocol = rec->head.protocol;
	over->value.hook = rec->head.hook;
	over->value.sport = is_reply ? rec->head.dport : rec->head.sport;
	over->value.dport = is_reply ? rec->head.sport : rec->head.dport;
	if (is_reply) {
		over->key.whose.side = RPCS_OVER_CLIENT;
		RPCS_COPY(over->key.whose.source, rec->head.dst, 16);
		RPCS_COPY(over->value.server, rec->head.src, 16);
		return;
	}
	RPCS_COPY(over->key.whose.source, rec->head.src, 16);
	RPCS_COPY(over->value.server, rec->head.dst, 16);
	if (kind == RPCS_OVER_JUNK)
		return;
	over->key.program = rec->call.program;
	over->key.version = rec->call.version;
	over->key.procedure = rec->call.procedure;
	if (rpcs_over_has_about(rec->call.program, rec->call.procedure))
		over->key.about = rec->body[0];
}

/** The hash of a call, or of the reply to it, from the hash of its client. */
RPCS_INLINE __u64 rpcs_muted_hash(const volatile __u64 *seed, __u64 client, __u16 port,
				  __u8 protocol, __u32 xid)
{
	return rpcs_budget_hash(seed, client, (__u64)xid << 32 | (__u32)port << 8 | protocol);
}

RPCS_INLINE void rpcs_muted_add(struct rpcs_muted *muted, __u64 hash, __u32 second)
{
	muted->slot[hash >> (64 - RPCS_MUTED_BITS)] = hash << 32 | second;
	/* Not written for each call: other CPUs read it for each reply. */
	if (muted->second < second)
		muted->second = second;
}

/** Has any call been muted in this second or the one before? */
RPCS_INLINE bool rpcs_muted_is_in_use(const struct rpcs_muted *muted, __u32 second)
{
	return muted->second && second - (__u32)muted->second <= 1;
}

/** And this one? */
RPCS_INLINE bool rpcs_muted_find(const struct rpcs_muted *muted, __u64 hash, __u32 second)
{
	__u64 slot = muted->slot[hash >> (64 - RPCS_MUTED_BITS)];

	return slot >> 32 == (__u32)hash && slot && second - (__u32)slot <= 1;
}

#endif

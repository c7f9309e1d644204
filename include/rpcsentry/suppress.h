/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rules of the policy share with stages 1 to 4: how often each decided, and
 * which calls of which clients never become a record (policy.md, `suppress`).
 */
#ifndef RPCSENTRY_SUPPRESS_H
#define RPCSENTRY_SUPPRESS_H

#include "policy_call.h"

enum {
	/* Prefixes of clients; a policy that takes more suppresses nothing. */
	RPCS_SUPPRESS_MAX = 65536,
	/* Replies awaited of calls that were suppressed; 96 bytes each in the kernel. */
	RPCS_SILENCED_MAX = 65536,
	/* The rules whose hits can be seen from outside; a policy may have more. */
	RPCS_RULES_SHOWN_MAX = 4096,
	RPCS_RULE_NAME_BYTES = 64,
};

/** The values of the map `rules`: one for each rule, in the file's order. */
struct rpcs_rule_hits {
	__u64 hits;			 /* calls that the agent had it decide */
	__u64 suppressed;		 /* calls that stages 1 to 4 suppressed by it */
	char name[RPCS_RULE_NAME_BYTES]; /* ends with '\0'; empty: no such rule */
};

_Static_assert(sizeof(struct rpcs_rule_hits) == 80, "no padding");

/** A prefix of clients: the key of the map `suppress`, which finds the longest. */
struct rpcs_suppress_key {
	__u32 prefixlen; /* of 128: an IPv4 /24 has 120 */
	__u8 client[16];
};

/** Which calls of theirs never become a record, a bit for each enum rpcs_policy_call. */
struct rpcs_suppress_value {
	__u32 calls;
	__u32 generation;	     /* of the list that it is from */
	__u32 rules[RPCS_CALL__MAX]; /* for each call the rule that says so */
};

_Static_assert(sizeof(struct rpcs_suppress_key) == 20, "no padding");

/** Is the reply to a call that was suppressed at `call_ns` (0: none was) still awaited? */
RPCS_INLINE bool rpcs_silence_holds(__u64 call_ns, __u64 now_ns, __u64 timeout_ns)
{
	return call_ns && (now_ns < call_ns || now_ns - call_ns <= timeout_ns);
}

#endif

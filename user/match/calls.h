/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 7: calls that wait for their replies, and replies that find their calls. */
#ifndef RPCSENTRY_MATCH_CALLS_H
#define RPCSENTRY_MATCH_CALLS_H

#include "../base/hash.h"
#include "../stream/flow.h"
#include "call.h"

struct rpcs_calls;

/** Told of a call that leaves the table unanswered; its status says why. */
typedef void (*rpcs_calls_fn)(void *arg, struct rpcs_call *call);

/**
 * Room for `capacity` calls. A call waits `timeout_ns` for its reply; an
 * answered one is kept as long, for further replies, but is the first to go
 * when the table is full, or when those are more than a quarter of it and 4,096.
 * `leave` is called for unanswered ones. NULL: out of memory.
 */
struct rpcs_calls *rpcs_calls_new(uint32_t capacity, uint64_t timeout_ns,
				  const struct rpcs_hash_seed *seed, rpcs_calls_fn leave,
				  void *arg);
void rpcs_calls_free(struct rpcs_calls **calls);

/**
 * Takes a call. *ret_new is false for a retransmission of a pending call, which
 * is counted in the call returned. The same XID with other content is a call
 * of its own, and says so (`conflict`) when it is on the same flow; RPCSEC_GSS hides
 * what would be compared. The call, like that of rpcs_calls_answer(), is the caller's
 * to read and change until the matcher is asked for anything else. NULL: out of
 * memory for its texts, counted as evicted.
 */
struct rpcs_call *rpcs_calls_add(struct rpcs_calls *calls, const struct rpcs_message *message,
				 const struct rpcs_flow *flow, bool *ret_new);

/** What `message`, a call, asks for. */
void rpcs_question_fill(const struct rpcs_message *message, struct rpcs_question *ret_question);

/**
 * The call that a reply answers, or NULL. *ret_first: it was pending until now
 * (its status is ANSWERED from here on).
 */
struct rpcs_call *rpcs_calls_answer(struct rpcs_calls *calls, const struct rpcs_message *reply,
				    bool *ret_first);

/** Fetches what such a call, to come, will be looked up in. Most are new, and not found. */
void rpcs_calls_foresee(const struct rpcs_calls *calls, const struct rpcs_tuple *tuple,
			uint32_t xid);

/** Lets calls time out. */
void rpcs_calls_expire(struct rpcs_calls *calls, uint64_t now_ns);

/** The end: every pending call leaves with status PENDING. None is taken or answered after it. */
void rpcs_calls_finish(struct rpcs_calls *calls);

/** Pending calls that a full table pushed out, since the start. */
uint64_t rpcs_calls_evicted(const struct rpcs_calls *calls);

#endif

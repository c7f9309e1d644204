/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Do two ways to a message say the same of it? */
#ifndef RPCSENTRY_TESTS_MESSAGE_SAME_H
#define RPCSENTRY_TESTS_MESSAGE_SAME_H

#include "fuzz.h"
#include "stream/message.h"

static inline bool text_same(struct rpcs_text a, struct rpcs_text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static inline void auth_same(const struct rpcs_auth *a, const struct rpcs_auth *b)
{
	FUZZ_HOLDS(a->flavor == b->flavor);
	FUZZ_HOLDS(a->len == b->len);
	FUZZ_HOLDS(a->malformed == b->malformed);
	FUZZ_HOLDS(a->sys == b->sys);
	FUZZ_HOLDS(a->uid == b->uid);
	FUZZ_HOLDS(a->gid == b->gid);
	FUZZ_HOLDS(text_same(a->machine, b->machine));
}

static inline void reply_same(const struct rpcs_message *a, const struct rpcs_message *b)
{
	FUZZ_HOLDS(a->reply_has == b->reply_has);
	FUZZ_HOLDS(a->reply_stat == b->reply_stat);
	FUZZ_HOLDS(a->stat == b->stat);
	FUZZ_HOLDS(a->has_mismatch == b->has_mismatch);
	FUZZ_HOLDS(a->mismatch_low == b->mismatch_low);
	FUZZ_HOLDS(a->mismatch_high == b->mismatch_high);
	FUZZ_HOLDS(a->has_auth_stat == b->has_auth_stat);
	FUZZ_HOLDS(a->auth_stat == b->auth_stat);
}

/** Ends the run where they differ, but for how much of the body a compact record has. */
static inline void message_same(const struct rpcs_message *a, const struct rpcs_message *b)
{
	uint32_t there = a->body_available < b->body_available ? a->body_available
							       : b->body_available;

	FUZZ_HOLDS(a->is_call == b->is_call);
	FUZZ_HOLDS(a->xid == b->xid);
	FUZZ_HOLDS(a->length == b->length);
	FUZZ_HOLDS(a->truncated == b->truncated);
	FUZZ_HOLDS(!a->malformed == !b->malformed);
	FUZZ_HOLDS(!a->malformed || strcmp(a->malformed, b->malformed) == 0);
	FUZZ_HOLDS(a->rpc_version == b->rpc_version);
	FUZZ_HOLDS(a->program == b->program);
	FUZZ_HOLDS(a->version == b->version);
	FUZZ_HOLDS(a->procedure == b->procedure);
	FUZZ_HOLDS(a->has_auth == b->has_auth);
	auth_same(&a->auth, &b->auth);
	FUZZ_HOLDS(a->has_verf == b->has_verf);
	FUZZ_HOLDS(a->verf_flavor == b->verf_flavor);
	FUZZ_HOLDS(a->verf_len == b->verf_len);
	reply_same(a, b);
	FUZZ_HOLDS(a->body_len == b->body_len);
	FUZZ_HOLDS(there == 0 || memcmp(a->body, b->body, there) == 0);
}

#endif

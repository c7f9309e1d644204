/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tells calls apart: where they are looked for, and what they say. */
#ifndef RPCSENTRY_MATCH_IDENTITY_H
#define RPCSENTRY_MATCH_IDENTITY_H

#include "../base/hash.h"
#include "../stream/message.h"

/** The server only of TCP: it may answer UDP from another of its addresses and ports. */
struct rpcs_call_key {
	struct rpcs_address client;
	uint64_t server; /* a hash of its address and port, which are compared all the same */
	union {
		struct {
			uint32_t xid;
			uint16_t port;
			uint16_t protocol;
		};
		uint64_t last; /* these as one word, see join.h */
	};
};

/** The hashes of one table of calls. */
struct rpcs_identity {
	struct rpcs_hash_seed seed;
	struct rpcs_key_hash server, content;
};

void rpcs_identity_init(struct rpcs_identity *identity, const struct rpcs_hash_seed *seed);

/** The key of a call, or of the call that a reply is for. */
void rpcs_identity_key(const struct rpcs_identity *identity, const struct rpcs_tuple *tuple,
		       uint32_t xid, bool is_call, struct rpcs_call_key *ret_key);

/**
 * A hash of what makes two messages the same call: not credential and verifier
 * (detections.md, 1110048).
 */
uint64_t rpcs_identity_content(const struct rpcs_identity *identity,
			       const struct rpcs_message *message);

#endif

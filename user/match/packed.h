/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A call as the matcher keeps it: most of it is zero, and hundreds of thousands are kept. */
#ifndef RPCSENTRY_MATCH_PACKED_H
#define RPCSENTRY_MATCH_PACKED_H

#include "call.h"

enum {
	RPCS_CALL_WORDS = sizeof(struct rpcs_call) / sizeof(uint64_t),
	RPCS_CALL_MAP_WORDS = (RPCS_CALL_WORDS + 63) / 64,
	/* What a call with AUTH_SYS and an alert has. */
	RPCS_CALL_WORDS_INLINE = 28,
	RPCS_CALL_TEXTS_INLINE = 40,
};

/** All zero it is an empty call. */
struct rpcs_packed_call {
	uint64_t map[RPCS_CALL_MAP_WORDS];	/* which words of the call are not zero, */
	uint64_t words[RPCS_CALL_WORDS_INLINE]; /* those in order, */
	uint64_t *more;				/* and what is beyond; owned */
	uint8_t *texts;				/* owned, where they do not fit inline */
	uint8_t inline_texts[RPCS_CALL_TEXTS_INLINE];
};

/** Puts the call in the place of what was packed. -ENOMEM: that is still there. */
int rpcs_call_pack(const struct rpcs_call *call, struct rpcs_packed_call *packed);
void rpcs_call_unpack(const struct rpcs_packed_call *packed, struct rpcs_call *ret_call);

/** Moves the message's texts here, so that they outlive its packet. -ENOMEM: where they were. */
int rpcs_packed_call_keep(struct rpcs_packed_call *packed, struct rpcs_message *message);

/** What did not fit in it; the rest is its owner's. */
void rpcs_packed_call_free(struct rpcs_packed_call *packed);

#endif

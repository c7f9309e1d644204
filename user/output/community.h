/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Community ID version 1, seed 0: "1:" and base64 of a tuple's SHA-1. */
#ifndef RPCSENTRY_OUTPUT_COMMUNITY_H
#define RPCSENTRY_OUTPUT_COMMUNITY_H

#include "../stream/message.h"

enum { RPCS_COMMUNITY_ID_LEN = 30, RPCS_COMMUNITY_IDS = 8 };

typedef uint64_t rpcs_pair __attribute__((vector_size(16)));

/** The id and its end. */
void rpcs_community_id(const struct rpcs_tuple *tuple, char text[RPCS_COMMUNITY_ID_LEN + 1]);

/**
 * Ids that are made later, together: each step of SHA-1 waits for the one before, so that a
 * processor that works on several at a time takes less than half as long for each.
 */
struct rpcs_community_ids {
	uint32_t count;
	struct {
		rpcs_pair block[4];
		char *text;
	} waiting[RPCS_COMMUNITY_IDS];
};

/**
 * Room of RPCS_COMMUNITY_ID_LEN at `text` gets the tuple's id when they are made; it has to be
 * there until then. No more than RPCS_COMMUNITY_IDS may wait.
 */
void rpcs_community_ids_add(struct rpcs_community_ids *ids, const struct rpcs_tuple *tuple,
			    char *text);

/** Makes those that wait. */
void rpcs_community_ids_make(struct rpcs_community_ids *ids);

#endif

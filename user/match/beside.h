/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lies beside a packed call: words of it that are not usual, and the message's texts. */
#ifndef RPCSENTRY_MATCH_BESIDE_H
#define RPCSENTRY_MATCH_BESIDE_H

#include "../stream/message.h"

/** `count` words, room for `room`; their places in the call, ascending, and texts follow. */
struct rpcs_beside {
	uint16_t texts_len;
	uint8_t room, count;
	uint64_t words[];
};

static inline uint8_t *rpcs_beside_places(struct rpcs_beside *beside)
{
	return (uint8_t *)(beside->words + beside->room);
}

/** The place behind the last of the words; 0: there are none. */
static inline uint32_t rpcs_beside_end(struct rpcs_beside *beside)
{
	return beside && beside->count ? rpcs_beside_places(beside)[beside->count - 1] + 1U : 0;
}

/** The word of that place, or 0. */
uint64_t rpcs_beside_word(struct rpcs_beside *beside, uint32_t place);

/** Puts these words there instead of others, the texts kept. -ENOMEM: nothing has changed. */
int rpcs_beside_put(struct rpcs_beside **beside, const uint8_t *places, const uint64_t *words,
		    uint32_t count);

/** Has the message's texts, whose lengths it knows, point here. */
void rpcs_beside_point(struct rpcs_beside *beside, struct rpcs_message *message);

#endif

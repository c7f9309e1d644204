// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of a call that are not zero; see packed.h. */
#include "packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = RPCS_CALL_WORDS,
	INLINE = RPCS_CALL_WORDS_INLINE,
	TEXTS = 5,
	/* Names and addresses longer than any that is valid are kept up to this, all together. */
	TEXTS_MAX = 4096,
};

_Static_assert(sizeof(struct rpcs_call) % sizeof(uint64_t) == 0, "it is packed by words");

int rpcs_call_pack(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	uint64_t words[WORDS], kept[WORDS] = { 0 }, map[RPCS_CALL_MAP_WORDS] = { 0 }, *more = NULL;
	uint32_t count = 0, beyond, i;

	memcpy(words, call, sizeof(words));
	for (i = 0; i < WORDS; i++) {
		kept[count] = words[i];
		count += words[i] != 0;
		map[i / 64] |= (uint64_t)(words[i] != 0) << i % 64;
	}
	beyond = count > INLINE ? count - INLINE : 0;
	if (beyond) {
		more = malloc(beyond * sizeof(*more));
		if (!more)
			return -ENOMEM;
		memcpy(more, kept + INLINE, beyond * sizeof(*more));
	}
	memcpy(packed->map, map, sizeof(map));
	memcpy(packed->words, kept, (count - beyond) * sizeof(*kept));
	free(packed->more);
	packed->more = more;
	return 0;
}

void rpcs_call_unpack(const struct rpcs_packed_call *packed, struct rpcs_call *ret_call)
{
	uint64_t words[WORDS] = { 0 }, map;
	uint32_t count = 0, at, i;

	for (i = 0; i < RPCS_CALL_MAP_WORDS; i++) {
		for (map = packed->map[i]; map; map &= map - 1, count++) {
			at = i * 64 + (uint32_t)__builtin_ctzll(map);
			words[at] = count < INLINE ? packed->words[count]
						   : packed->more[count - INLINE];
		}
	}
	memcpy(ret_call, words, sizeof(words));
}

int rpcs_packed_call_keep(struct rpcs_packed_call *packed, struct rpcs_message *message)
{
	struct rpcs_text *texts[TEXTS] = { &message->auth.machine, &message->portmap.netid,
					   &message->portmap.address, &message->portmap.owner,
					   &message->service.text };
	uint32_t room = TEXTS_MAX, total = 0, i;
	uint8_t *to = packed->inline_texts;

	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len > room)
			texts[i]->len = room;
		room -= texts[i]->len;
		total += texts[i]->len;
	}
	if (total > sizeof(packed->inline_texts)) {
		to = packed->texts = malloc(total);
		if (!to)
			return -ENOMEM;
	}
	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len)
			memcpy(to, texts[i]->bytes, texts[i]->len);
		texts[i]->bytes = texts[i]->len ? to : NULL;
		to += texts[i]->len;
	}
	return 0;
}

void rpcs_packed_call_free(struct rpcs_packed_call *packed)
{
	free(packed->more);
	free(packed->texts);
	packed->more = NULL;
	packed->texts = NULL;
}

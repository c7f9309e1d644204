// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory of its own for the calls that need more than their slot. */
#include "beside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packed.h"

enum {
	TEXTS = 5,
	/* Names and addresses longer than any that is valid are kept up to this, all together. */
	TEXTS_MAX = 4096,
	/* Room for words where texts come first: AUTH_SYS has as many. */
	ROOM = 6,
};

static uint8_t *texts_of(struct rpcs_beside *beside)
{
	return rpcs_beside_places(beside) + beside->room;
}

static struct rpcs_beside *beside_new(uint32_t room, uint32_t texts_len)
{
	struct rpcs_beside *beside =
		malloc(sizeof(*beside) + room * (sizeof(uint64_t) + 1) + texts_len);

	if (beside)
		*beside = (struct rpcs_beside){ .room = (uint8_t)room,
						.texts_len = (uint16_t)texts_len };
	return beside;
}

uint64_t rpcs_beside_word(struct rpcs_beside *beside, uint32_t place)
{
	uint32_t i;

	for (i = 0; beside && i < beside->count; i++)
		if (rpcs_beside_places(beside)[i] == place)
			return beside->words[i];
	return 0;
}

/* Makes room for so many words. */
static int grow(struct rpcs_beside **beside, uint32_t room)
{
	struct rpcs_beside *old = *beside, *grown;

	if (old && old->room >= room)
		return 0;
	grown = beside_new(room, old ? old->texts_len : 0);
	if (!grown)
		return -ENOMEM;
	if (old)
		memcpy(texts_of(grown), texts_of(old), old->texts_len);
	free(old);
	*beside = grown;
	return 0;
}

int rpcs_beside_put(struct rpcs_beside **beside, const uint8_t *places, const uint64_t *words,
		    uint32_t count)
{
	if (grow(beside, count))
		return -ENOMEM;
	(*beside)->count = (uint8_t)count;
	memcpy((*beside)->words, words, count * sizeof(words[0]));
	memcpy(rpcs_beside_places(*beside), places, count);
	return 0;
}

/* The texts of a message, in the order in which they are kept. */
static void list_texts(struct rpcs_message *message, struct rpcs_text *ret_texts[TEXTS])
{
	ret_texts[0] = &message->auth.machine;
	ret_texts[1] = &message->portmap.netid;
	ret_texts[2] = &message->portmap.address;
	ret_texts[3] = &message->portmap.owner;
	ret_texts[4] = &message->service.text;
}

/* Most have none; not asked of the copy, whose stores would have to be waited for. */
static bool has_texts(const struct rpcs_message *message)
{
	return message->auth.machine.len | message->portmap.netid.len |
	       message->portmap.address.len | message->portmap.owner.len |
	       message->service.text.len;
}

static void point_nowhere(struct rpcs_message *message)
{
	message->auth.machine.bytes = NULL;
	message->portmap.netid.bytes = message->portmap.address.bytes = NULL;
	message->portmap.owner.bytes = message->service.text.bytes = NULL;
}

static void point_texts(struct rpcs_text *const texts[TEXTS], const uint8_t *at)
{
	uint32_t i;

	for (i = 0; i < TEXTS; i++) {
		texts[i]->bytes = NULL;
		if (!texts[i]->len)
			continue;
		texts[i]->bytes = at;
		at += texts[i]->len;
	}
}

void rpcs_beside_point(struct rpcs_beside *beside, struct rpcs_message *message)
{
	struct rpcs_text *texts[TEXTS];

	if (!beside->texts_len)
		return;
	list_texts(message, texts);
	point_texts(texts, texts_of(beside));
}

int rpcs_packed_call_keep(struct rpcs_packed_call *packed, const struct rpcs_message *message,
			  struct rpcs_message *copy)
{
	uint32_t room = TEXTS_MAX, total = 0, i;
	struct rpcs_text *texts[TEXTS];
	uint8_t *to;

	if (!has_texts(message)) {
		point_nowhere(copy);
		return 0;
	}
	list_texts(copy, texts);
	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len > room)
			texts[i]->len = room;
		room -= texts[i]->len;
		total += texts[i]->len;
	}
	packed->beside = beside_new(ROOM, total);
	if (!packed->beside)
		return -ENOMEM;
	to = texts_of(packed->beside);
	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len)
			memcpy(to, texts[i]->bytes, texts[i]->len);
		to += texts[i]->len;
	}
	point_texts(texts, texts_of(packed->beside));
	return 0;
}

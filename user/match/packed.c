// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The members that most calls have, and words of the call with anything else; see packed.h. */
#include "packed.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

enum {
	WORDS = sizeof(struct rpcs_call) / sizeof(uint64_t),
	TEXTS = 5,
	/* Names and addresses longer than any that is valid are kept up to this, all together. */
	TEXTS_MAX = 4096,
	/* Room for words where texts come first: AUTH_SYS has as many. */
	ROOM = 6,
};

_Static_assert(sizeof(struct rpcs_call) % sizeof(uint64_t) == 0, "it is packed by words");
_Static_assert(WORDS <= UINT8_MAX, "a place is a byte");
_Static_assert(RPCS_PORTMAP_SHAPE__MAX <= 16 && RPCS_STATUS__MAX <= 4, "they have so many bits");
_Static_assert(RPCS_CALL_ALERTS_MAX < 16, "so has their number");
/* What no member names need not be zero, and would be kept beside each call. */
#define NAMES_ALL(type) (offsetof(type, pad) + sizeof(((type *)0)->pad) == sizeof(type))
_Static_assert(NAMES_ALL(struct rpcs_tuple) && NAMES_ALL(struct rpcs_sighting), "no padding");

/* Words that differ from a usual call's beyond what is packed; places and texts follow. */
struct rpcs_beside {
	uint16_t texts_len;
	uint8_t room, count;
	uint64_t words[];
};

typedef uint64_t word __attribute__((may_alias));

/* What a call has whose words are not beside it, in members that are not packed. */
static const struct rpcs_call usual = {
	.message = { .tuple = { .dst = { { [10] = 0xff, [11] = 0xff } } },
		     .is_call = true,
		     .rpc_version = RPCS_RPC_VERSION,
		     .has_auth = true,
		     .has_verf = true },
};

#define KEPT_TEXT                                     \
	{                                             \
		.bytes = (const uint8_t *)UINTPTR_MAX \
	}

/* The bits of each member that are packed, or found otherwise: in the key, by texts' lengths. */
static const struct rpcs_call kept = {
	.message = {
		.tuple = { .src = { { [0 ... 15] = 0xff } },
			   .dst = { { [12 ... 15] = 0xff } },
			   .sport = UINT16_MAX,
			   .dport = UINT16_MAX,
			   .protocol = UINT8_MAX },
		.seen = { .time_ns = UINT64_MAX,
			  .frame = UINT32_MAX,
			  .ifindex = UINT32_MAX,
			  .flags = UINT16_MAX,
			  .vlan = { UINT16_MAX, UINT16_MAX },
			  .vlan_count = UINT8_MAX,
			  .ttl = UINT8_MAX },
		.reassembled = true,
		.truncated = true,
		.portmapper = true,
		.confirmed = true,
		.xid = UINT32_MAX,
		.length = UINT16_MAX,
		.program = UINT32_MAX,
		.version = UINT16_MAX,
		.procedure = UINT16_MAX,
		.auth.machine = KEPT_TEXT,
		.body_len = UINT16_MAX,
		.body_available = UINT16_MAX,
		.portmap = { .shape = 15,
			     .has = 7,
			     .program = UINT32_MAX,
			     .version = UINT16_MAX,
			     .protocol = UINT16_MAX,
			     .port = UINT16_MAX,
			     .netid = KEPT_TEXT,
			     .address = KEPT_TEXT,
			     .owner = KEPT_TEXT },
		.service.text = KEPT_TEXT,
	},
	.flow_id = UINT64_MAX,
	.flow_start_ns = UINT64_MAX,
	.status = 3,
	.tcp_handshake = true,
	.tcp_midstream = true,
	.tls = true,
	.reply_unseen = true,
	.conflict = true,
	.allowed = true,
	.names_change = true,
	.held = true,
	.log = true,
	.judged = true,
	.rule = UINT32_MAX,
	.alerts[0] = { .number = UINT64_MAX,
		       .time_ms = (1ULL << 45) - 1,
		       .detection = 255,
		       .severity = 7,
		       .said = 1,
		       .said_severity = 7,
		       .said_outcome = 15 },
	.alert_count = 15,
};

static uint8_t *places_of(struct rpcs_beside *beside)
{
	return (uint8_t *)(beside->words + beside->room);
}

static uint8_t *texts_of(struct rpcs_beside *beside)
{
	return places_of(beside) + beside->room;
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

/* Makes room for so many words, the texts kept. */
static int beside_grow(struct rpcs_packed_call *packed, uint32_t room)
{
	struct rpcs_beside *old = packed->beside, *beside;

	if (old && old->room >= room)
		return 0;
	beside = beside_new(room, old ? old->texts_len : 0);
	if (!beside)
		return -ENOMEM;
	if (old)
		memcpy(texts_of(beside), texts_of(old), old->texts_len);
	free(old);
	packed->beside = beside;
	return 0;
}

static uint64_t beyond(const struct rpcs_call *call, uint32_t i)
{
	return (((const word *)call)[i] ^ ((const word *)&usual)[i]) & ~((const word *)&kept)[i];
}

static int pack_rest(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	struct rpcs_beside *beside;
	uint64_t any = 0, rest;
	uint32_t i, count = 0;
	uint8_t *places;

	for (i = 0; i < WORDS; i++)
		any |= beyond(call, i);
	for (i = 0; any && i < WORDS; i++)
		count += beyond(call, i) != 0;
	if (count && beside_grow(packed, count))
		return -ENOMEM;
	beside = packed->beside;
	if (!beside)
		return 0;
	places = places_of(beside);
	beside->count = 0;
	for (i = 0; any && i < WORDS; i++) {
		rest = beyond(call, i);
		if (!rest)
			continue;
		places[beside->count] = (uint8_t)i;
		beside->words[beside->count++] = rest;
	}
	return 0;
}

int rpcs_call_pack(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_sighting *seen = &message->seen;
	const struct rpcs_portmap *asked = &message->portmap;

	if (pack_rest(call, packed))
		return -ENOMEM;
	*packed = (struct rpcs_packed_call){
		.beside = packed->beside,
		.time_ns = seen->time_ns,
		.flow_id = call->flow_id,
		.flow_start_ns = call->flow_start_ns,
		.alert = call->alerts[0],
		.frame = (uint32_t)seen->frame,
		.ifindex = seen->ifindex,
		.program = message->program,
		.rule = call->rule,
		.asked_program = asked->program,
		.dport = message->tuple.dport,
		.flags = seen->flags,
		.vlan = { seen->vlan[0], seen->vlan[1] },
		.length = (uint16_t)message->length,
		.version = (uint16_t)message->version,
		.procedure = (uint16_t)message->procedure,
		.body_len = (uint16_t)message->body_len,
		.body_available = (uint16_t)message->body_available,
		.asked_version = (uint16_t)asked->version,
		.asked_protocol = (uint16_t)asked->protocol,
		.asked_port = (uint16_t)asked->port,
		.vlan_count = seen->vlan_count,
		.ttl = seen->ttl,
		.shape = asked->shape & 15,
		.has = asked->has & 7,
		.status = call->status & 3,
		.alert_count = call->alert_count & 15,
		.reassembled = message->reassembled,
		.truncated = message->truncated,
		.portmapper = message->portmapper,
		.confirmed = message->confirmed,
		.tcp_handshake = call->tcp_handshake,
		.tcp_midstream = call->tcp_midstream,
		.tls = call->tls,
		.reply_unseen = call->reply_unseen,
		.conflict = call->conflict,
		.allowed = call->allowed,
		.names_change = call->names_change,
		.held = call->held,
		.log = call->log,
		.judged = call->judged,
	};
	memcpy(&packed->dst, message->tuple.dst.bytes + 12, sizeof(packed->dst));
	return 0;
}

static void unpack_message(const struct rpcs_packed_call *packed, struct rpcs_message *message)
{
	message->tuple.dport = packed->dport;
	memcpy(message->tuple.dst.bytes + 12, &packed->dst, sizeof(packed->dst));
	message->seen.time_ns = packed->time_ns;
	message->seen.frame = packed->frame;
	message->seen.ifindex = packed->ifindex;
	message->seen.flags = packed->flags;
	message->seen.vlan[0] = packed->vlan[0];
	message->seen.vlan[1] = packed->vlan[1];
	message->seen.vlan_count = packed->vlan_count;
	message->seen.ttl = packed->ttl;
	message->reassembled = packed->reassembled;
	message->truncated = packed->truncated;
	message->portmapper = packed->portmapper;
	message->confirmed = packed->confirmed;
	message->length = packed->length;
	message->program = packed->program;
	message->version = packed->version;
	message->procedure = packed->procedure;
	message->body_len = packed->body_len;
	message->body_available = packed->body_available;
	message->portmap.shape = packed->shape;
	message->portmap.has = packed->has;
	message->portmap.program = packed->asked_program;
	message->portmap.version = packed->asked_version;
	message->portmap.protocol = packed->asked_protocol;
	message->portmap.port = packed->asked_port;
}

static void unpack_call(const struct rpcs_packed_call *packed, struct rpcs_call *call)
{
	call->flow_id = packed->flow_id;
	call->flow_start_ns = packed->flow_start_ns;
	call->status = packed->status;
	call->tcp_handshake = packed->tcp_handshake;
	call->tcp_midstream = packed->tcp_midstream;
	call->tls = packed->tls;
	call->reply_unseen = packed->reply_unseen;
	call->conflict = packed->conflict;
	call->allowed = packed->allowed;
	call->names_change = packed->names_change;
	call->held = packed->held;
	call->log = packed->log;
	call->judged = packed->judged;
	call->rule = packed->rule;
	call->alerts[0] = packed->alert;
	call->alert_count = packed->alert_count;
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

void rpcs_call_unpack(const struct rpcs_packed_call *packed, struct rpcs_call *ret_call)
{
	struct rpcs_beside *beside = packed->beside;
	struct rpcs_text *texts[TEXTS];
	const uint8_t *places;
	uint32_t i;

	memcpy(ret_call, &usual, sizeof(*ret_call));
	unpack_message(packed, &ret_call->message);
	unpack_call(packed, ret_call);
	if (!beside)
		return;
	places = places_of(beside);
	for (i = 0; i < beside->count; i++)
		((word *)ret_call)[places[i]] ^= beside->words[i];
	if (!beside->texts_len)
		return;
	list_texts(&ret_call->message, texts);
	point_texts(texts, texts_of(beside));
}

int rpcs_packed_call_keep(struct rpcs_packed_call *packed, struct rpcs_message *message)
{
	uint32_t room = TEXTS_MAX, total = 0, i;
	struct rpcs_text *texts[TEXTS];
	uint8_t *to;

	list_texts(message, texts);
	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len > room)
			texts[i]->len = room;
		room -= texts[i]->len;
		total += texts[i]->len;
	}
	if (!total) {
		point_texts(texts, NULL);
		return 0;
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

void rpcs_packed_call_free(struct rpcs_packed_call *packed)
{
	free(packed->beside);
	packed->beside = NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The members that most calls have, and words of the call with anything else; see packed.h. */
#include "packed.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/rpc.h>

#include "beside.h"

enum {
	WORDS = sizeof(struct rpcs_call) / sizeof(uint64_t),
	/* The words from here on may change of a call that was packed. */
	CHANGING = offsetof(struct rpcs_call, status) / sizeof(uint64_t),
};

_Static_assert(sizeof(struct rpcs_call) % sizeof(uint64_t) == 0, "it is packed by words");
_Static_assert(WORDS <= UINT8_MAX, "a place is a byte");
_Static_assert(RPCS_PORTMAP_SHAPE__MAX <= 16 && RPCS_STATUS__MAX <= 4, "they have so many bits");
/* What no member names need not be zero, and would be kept beside each call. */
#define NAMES_ALL(type) (offsetof(type, pad) + sizeof(((type *)0)->pad) == sizeof(type))
_Static_assert(NAMES_ALL(struct rpcs_tuple) && NAMES_ALL(struct rpcs_sighting), "no padding");

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
			     .has = 15,
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
	.tcp_handshake = true,
	.tcp_midstream = true,
	.reply_unseen = true,
	.conflict = true,
	.status = 3,
	.tls = true,
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
	.alert_count = UINT8_MAX,
};

/* Where the first of four bools is that follow each other; each is a byte of 0 or 1. */
enum {
	READ = offsetof(struct rpcs_call, message.reassembled),
	CAME = offsetof(struct rpcs_call, tcp_handshake),
	DECIDED = offsetof(struct rpcs_call, tls),
};

#define IS_FOURTH(place, member) (offsetof(struct rpcs_call, member) == (place) + 3)
_Static_assert(sizeof(bool) == 1, "four of them are four bytes");
_Static_assert(IS_FOURTH(READ, message.confirmed) && IS_FOURTH(CAME, conflict) &&
		       IS_FOURTH(DECIDED, held),
	       "these are four");

/* The lowest bits of four bytes, side by side: the product has each in the upper four once. */
static uint8_t four_get(const struct rpcs_call *call, size_t place)
{
	uint32_t bytes;

	memcpy(&bytes, (const uint8_t *)call + place, sizeof(bytes));
	return (uint8_t)(bytes * 0x10204080U >> 28);
}

static void four_put(struct rpcs_call *call, size_t place, uint32_t bits)
{
	uint32_t bytes = bits * 0x00204081U & 0x01010101U;

	memcpy((uint8_t *)call + place, &bytes, sizeof(bytes));
}

static uint64_t beyond(const struct rpcs_call *call, uint32_t i)
{
	return (((const word *)call)[i] ^ ((const word *)&usual)[i]) & ~((const word *)&kept)[i];
}

/*
 * Has any word from `first` on something beyond what is packed? Unrolled it is little more than an
 * OR of each, since what is packed of them is known when this is compiled.
 */
static inline bool has_beyond(const struct rpcs_call *call, uint32_t first)
{
	uint64_t any = 0;
	uint32_t i;

#pragma GCC unroll 128
	for (i = first; i < WORDS; i++)
		any |= beyond(call, i);
	return any;
}

/* Puts words beside what is packed, instead of those that are there. */
static int put_beside(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	uint64_t words[WORDS], rest;
	uint8_t places[WORDS];
	uint32_t i, count = 0;

#pragma GCC unroll 128
	for (i = 0; i < WORDS; i++) {
		rest = beyond(call, i);
		if (!rest)
			continue;
		places[count] = (uint8_t)i;
		words[count++] = rest;
	}
	return rpcs_beside_put(&packed->beside, places, words, count);
}

static void pack_changing(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	packed->alert = call->alerts[0];
	packed->rule = call->rule;
	packed->decided = four_get(call, DECIDED) & 15;
	packed->log = call->log;
	packed->judged = call->judged;
	packed->status = call->status & 3;
	packed->alert_count = call->alert_count;
}

int rpcs_call_pack(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	const struct rpcs_message *message = &call->message;
	const struct rpcs_sighting *seen = &message->seen;
	const struct rpcs_portmap *asked = &message->portmap;
	/* Known beforehand, so that a byte is stored whole, without a look at what was there. */
	const uint8_t read = four_get(call, READ) & 15, came = four_get(call, CAME) & 15;

	/* Whoever says who they are has words for it beside. */
	if (message->auth.flavor || has_beyond(call, 0)) {
		if (put_beside(call, packed))
			return -ENOMEM;
	} else if (packed->beside) {
		packed->beside->count = 0;
	}
	packed->time_ns = seen->time_ns;
	packed->flow_id = call->flow_id;
	packed->flow_start_ns = call->flow_start_ns;
	packed->frame = (uint32_t)seen->frame;
	packed->ifindex = seen->ifindex;
	packed->program = message->program;
	packed->asked_program = asked->program;
	packed->dport = message->tuple.dport;
	packed->flags = seen->flags;
	packed->vlan[0] = seen->vlan[0];
	packed->vlan[1] = seen->vlan[1];
	packed->length = (uint16_t)message->length;
	packed->version = (uint16_t)message->version;
	packed->procedure = (uint16_t)message->procedure;
	packed->body_len = (uint16_t)message->body_len;
	packed->body_available = (uint16_t)message->body_available;
	packed->asked_version = (uint16_t)asked->version;
	packed->asked_protocol = (uint16_t)asked->protocol;
	packed->asked_port = (uint16_t)asked->port;
	packed->vlan_count = seen->vlan_count;
	packed->ttl = seen->ttl;
	packed->shape = asked->shape & 15;
	packed->read = read;
	packed->has = asked->has & 15;
	packed->came = came;
	memcpy(&packed->dst, message->tuple.dst.bytes + 12, sizeof(packed->dst));
	pack_changing(call, packed);
	return 0;
}

int rpcs_call_repack(const struct rpcs_call *call, struct rpcs_packed_call *packed)
{
	if (rpcs_beside_end(packed->beside) > CHANGING || has_beyond(call, CHANGING))
		return rpcs_call_pack(call, packed);
	pack_changing(call, packed);
	return 0;
}

bool rpcs_packed_call_is_to(const struct rpcs_packed_call *packed,
			    const struct rpcs_address *address, uint16_t port)
{
	enum { DST = offsetof(struct rpcs_call, message.tuple.dst) / sizeof(uint64_t) };
	uint32_t third, last;
	uint64_t words[2];

	memcpy(&last, address->bytes + 12, sizeof(last));
	if (packed->dport != port || packed->dst != last)
		return false;
	words[0] = ((const word *)&usual)[DST] ^ rpcs_beside_word(packed->beside, DST);
	words[1] = ((const word *)&usual)[DST + 1] ^ rpcs_beside_word(packed->beside, DST + 1);
	memcpy(&third, &words[1], sizeof(third));
	return memcmp(address, words, 8) == 0 && memcmp(address->bytes + 8, &third, 4) == 0;
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
	four_put(call, READ, packed->read);
	four_put(call, CAME, packed->came);
	four_put(call, DECIDED, packed->decided);
	call->status = packed->status;
	call->log = packed->log;
	call->judged = packed->judged;
	call->rule = packed->rule;
	call->alerts[0] = packed->alert;
	call->alert_count = packed->alert_count;
}

void rpcs_call_unpack(const struct rpcs_packed_call *packed, struct rpcs_call *ret_call)
{
	struct rpcs_beside *beside = packed->beside;
	const uint8_t *places;
	uint32_t i;

	memcpy(ret_call, &usual, sizeof(*ret_call));
	unpack_message(packed, &ret_call->message);
	unpack_call(packed, ret_call);
	if (!beside)
		return;
	places = rpcs_beside_places(beside);
	for (i = 0; i < beside->count; i++)
		((word *)ret_call)[places[i]] ^= beside->words[i];
	rpcs_beside_point(beside, &ret_call->message);
}

void rpcs_packed_call_free(struct rpcs_packed_call *packed)
{
	free(packed->beside);
	packed->beside = NULL;
}

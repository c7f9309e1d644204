// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads frames ahead, and has the pipeline foresee what they will need; see read_ahead.h. */
#include "read_ahead.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/rpc.h>

struct slot {
	struct rpcs_frame frame;
	struct rpcs_foreseen foreseen;
};

struct rpcs_read_ahead {
	struct rpcs_pcap *pcap;
	struct rpcs_pipeline *pipeline;
	const struct rpcs_settings *settings;
	struct slot slots[RPCS_AHEAD];
	uint32_t depth, first, count;
	bool in_hand; /* the first one is with the caller */
	int end;      /* what rpcs_pcap_next() said last */
	/* RPCS_FRAME_MAX for each slot, touched as far as frames reach; NULL: they lie in place. */
	uint8_t *bytes;
};

struct rpcs_read_ahead *rpcs_read_ahead_new(struct rpcs_pcap *pcap, struct rpcs_pipeline *pipeline,
					    const struct rpcs_settings *settings)
{
	struct rpcs_read_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->pcap = pcap;
	ahead->pipeline = pipeline;
	ahead->settings = settings;
	ahead->depth = rpcs_pcap_size(pcap) ? RPCS_AHEAD : 1;
	ahead->end = 1;
	if (ahead->depth == 1 || rpcs_pcap_is_in_place(pcap))
		return ahead;
	ahead->bytes = malloc((size_t)ahead->depth * RPCS_FRAME_MAX);
	if (!ahead->bytes)
		rpcs_read_ahead_free(&ahead);
	return ahead;
}

void rpcs_read_ahead_free(struct rpcs_read_ahead **ahead)
{
	if (!*ahead)
		return;
	free((*ahead)->bytes);
	free(*ahead);
	*ahead = NULL;
}

/** What a frame seems to be, and where in it that lies. */
struct guess {
	bool ip6;
	uint8_t protocol;
	uint32_t ports, message;
};

/*
 * Plain IPv4 and IPv6 over plain Ethernet; what is out of the ordinary is not foreseen. One taken
 * for another does no harm, since it decides nothing. The message's first 12 bytes are there.
 */
static bool guess_packet(const struct rpcs_frame *frame, struct guess *guess)
{
	const uint8_t *p = frame->bytes;
	uint16_t type;

	if (frame->len < 14 + 20 + 20)
		return false;
	type = rpcs_load_be16(p + 12);
	if (type == RPCS_ETH_IP4 && p[14] == 0x45) {
		*guess = (struct guess){ .protocol = p[23], .ports = 14 + 20 };
	} else if (type == RPCS_ETH_IP6 && frame->len >= 14 + 40 + 20) {
		*guess = (struct guess){ .ip6 = true, .protocol = p[20], .ports = 14 + 40 };
	} else {
		return false;
	}
	if (guess->protocol == RPCS_IP_UDP)
		guess->message = guess->ports + 8;
	else if (guess->protocol == RPCS_IP_TCP)
		guess->message = guess->ports + (p[guess->ports + 12] >> 4) * 4 + RPCS_MARK_BYTES;
	else
		return false;
	return guess->message + 12 <= frame->len;
}

/* Is it a call that the pipeline will see? What a reply is looked up in its call has touched. */
static bool is_call(const struct rpcs_read_ahead *ahead, const uint8_t *bytes,
		    const struct guess *guess)
{
	const uint8_t *message = bytes + guess->message;

	return rpcs_load_be32(message + 4) == RPCS_MSG_CALL &&
	       (rpcs_load_be32(message + 8) == RPCS_RPC_VERSION ||
		rpcs_settings_watch(ahead->settings, rpcs_load_be16(bytes + guess->ports + 2)));
}

static void tuple_of(struct rpcs_tuple *tuple, const uint8_t *bytes, const struct guess *guess)
{
	rpcs_tuple_set(tuple, rpcs_load_be16(bytes + guess->ports),
		       rpcs_load_be16(bytes + guess->ports + 2), guess->protocol);
	rpcs_packet_addresses(bytes + 14, guess->ip6, tuple->src.bytes, tuple->dst.bytes);
}

static void foresee(const struct rpcs_read_ahead *ahead, struct slot *slot)
{
	const uint8_t *bytes = slot->frame.bytes;
	struct rpcs_tuple tuple;
	struct guess guess;

	rpcs_foresight_clear(&slot->foreseen.lookups);
	if (!guess_packet(&slot->frame, &guess) || !is_call(ahead, bytes, &guess))
		return;
	tuple_of(&tuple, bytes, &guess);
	rpcs_pipeline_foresee(ahead->pipeline, &tuple, rpcs_load_be32(bytes + guess.message),
			      &slot->foreseen);
}

/* The one that comes so many frames behind the oldest. */
static struct slot *slot_at(struct rpcs_read_ahead *ahead, uint32_t number)
{
	return &ahead->slots[(ahead->first + number) % RPCS_AHEAD];
}

/* Copies a frame that would not outlast the next. */
static void keep(struct rpcs_read_ahead *ahead, struct slot *slot)
{
	uint8_t *bytes = ahead->bytes + (size_t)(slot - ahead->slots) * RPCS_FRAME_MAX;

	memcpy(bytes, slot->frame.bytes, slot->frame.len);
	slot->frame.bytes = bytes;
}

/* False: it is not read yet, or there is none. */
static bool next(struct rpcs_read_ahead *ahead, struct slot *slot)
{
	if (ahead->count > 0 && !ahead->bytes)
		return rpcs_pcap_next_beside(ahead->pcap, &slot_at(ahead, 0)->frame, &slot->frame);
	ahead->end = rpcs_pcap_next(ahead->pcap, &slot->frame);
	if (ahead->end == 1 && ahead->bytes)
		keep(ahead, slot);
	return ahead->end == 1;
}

static void fill(struct rpcs_read_ahead *ahead)
{
	struct slot *slot;

	while (ahead->count < ahead->depth && ahead->end == 1) {
		slot = slot_at(ahead, ahead->count);
		if (!next(ahead, slot))
			return;
		foresee(ahead, slot);
		ahead->count++;
	}
}

int rpcs_read_ahead_next(struct rpcs_read_ahead *ahead, const struct rpcs_frame **ret_frame)
{
	const struct slot *slot;

	if (ahead->in_hand) {
		ahead->first = (ahead->first + 1) % RPCS_AHEAD;
		ahead->count--;
		ahead->in_hand = false;
	}
	fill(ahead);
	if (ahead->count == 0) {
		rpcs_pipeline_turn(ahead->pipeline, NULL);
		return ahead->end;
	}
	if (ahead->count > RPCS_AHEAD_NEAR)
		rpcs_pipeline_near(ahead->pipeline, &slot_at(ahead, RPCS_AHEAD_NEAR)->foreseen);
	slot = slot_at(ahead, 0);
	rpcs_pipeline_turn(ahead->pipeline, &slot->foreseen);
	*ret_frame = &slot->frame;
	ahead->in_hand = true;
	return 1;
}

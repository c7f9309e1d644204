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
	bool in_hand;	/* the first one is with the caller */
	int end;	/* what rpcs_pcap_next() said last */
	uint8_t *bytes; /* RPCS_FRAME_MAX for each slot; touched as far as frames reach */
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

/** What a frame seems to be; one taken for another does no harm, since it decides nothing. */
struct guess {
	struct rpcs_tuple tuple;
	const uint8_t *message; /* where one would begin; its first 12 bytes are there */
};

/* Plain IPv4 and IPv6 over plain Ethernet; what is out of the ordinary is not foreseen. */
static bool guess_packet(const struct rpcs_frame *frame, struct guess *guess)
{
	struct rpcs_tuple *tuple = &guess->tuple;
	const uint8_t *p = frame->bytes;
	uint32_t at;

	if (frame->len < 14 + 20 + 20)
		return false;
	if (p[12] == 0x08 && p[13] == 0x00 && p[14] == 0x45) {
		memset(tuple, 0, sizeof(*tuple));
		memset(tuple->src.bytes + 10, 0xff, 2);
		memset(tuple->dst.bytes + 10, 0xff, 2);
		memcpy(tuple->src.bytes + 12, p + 26, 4);
		memcpy(tuple->dst.bytes + 12, p + 30, 4);
		tuple->protocol = p[23];
		at = 34;
	} else if (p[12] == 0x86 && p[13] == 0xdd && frame->len >= 14 + 40 + 20) {
		memcpy(tuple->src.bytes, p + 22, 16);
		memcpy(tuple->dst.bytes, p + 38, 16);
		tuple->protocol = p[20];
		at = 54;
	} else {
		return false;
	}
	tuple->sport = rpcs_load_be16(p + at);
	tuple->dport = rpcs_load_be16(p + at + 2);
	if (tuple->protocol == RPCS_IP_UDP)
		at += 8;
	else if (tuple->protocol == RPCS_IP_TCP)
		at += (p[at + 12] >> 4) * 4 + RPCS_MARK_BYTES;
	else
		return false;
	guess->message = p + at;
	return at + 12 <= frame->len;
}

/* Only calls that the pipeline will see: what a reply is looked up in its call has touched. */
static void foresee(const struct rpcs_read_ahead *ahead, struct slot *slot)
{
	struct guess guess;

	rpcs_foresight_clear(&slot->foreseen.lookups);
	if (!guess_packet(&slot->frame, &guess) ||
	    rpcs_load_be32(guess.message + 4) != RPCS_MSG_CALL)
		return;
	if (rpcs_settings_watch(ahead->settings, guess.tuple.dport) ||
	    rpcs_load_be32(guess.message + 8) == RPCS_RPC_VERSION)
		rpcs_pipeline_foresee(ahead->pipeline, &guess.tuple, rpcs_load_be32(guess.message),
				      &slot->foreseen);
}

static void fill(struct rpcs_read_ahead *ahead)
{
	uint32_t at;
	struct slot *slot;
	uint8_t *bytes;

	while (ahead->count < ahead->depth && ahead->end == 1) {
		at = (ahead->first + ahead->count) % ahead->depth;
		slot = &ahead->slots[at];
		ahead->end = rpcs_pcap_next(ahead->pcap, &slot->frame);
		if (ahead->end != 1)
			return;
		bytes = ahead->bytes + (size_t)at * RPCS_FRAME_MAX;
		memcpy(bytes, slot->frame.bytes, slot->frame.len);
		slot->frame.bytes = bytes;
		foresee(ahead, slot);
		ahead->count++;
	}
}

int rpcs_read_ahead_next(struct rpcs_read_ahead *ahead, struct rpcs_frame *ret_frame)
{
	const struct slot *slot;

	if (ahead->in_hand) {
		ahead->first = (ahead->first + 1) % ahead->depth;
		ahead->count--;
		ahead->in_hand = false;
	}
	fill(ahead);
	if (ahead->count == 0) {
		rpcs_pipeline_turn(ahead->pipeline, NULL);
		return ahead->end;
	}
	if (ahead->count > RPCS_AHEAD_NEAR)
		rpcs_pipeline_near(
			ahead->pipeline,
			&ahead->slots[(ahead->first + RPCS_AHEAD_NEAR) % ahead->depth].foreseen);
	slot = &ahead->slots[ahead->first];
	rpcs_pipeline_turn(ahead->pipeline, &slot->foreseen);
	*ret_frame = slot->frame;
	ahead->in_hand = true;
	return 1;
}

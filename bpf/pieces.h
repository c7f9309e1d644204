/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's bytes on their way to the agent, in numbered pieces. */
#ifndef RPCSENTRY_BPF_PIECES_H
#define RPCSENTRY_BPF_PIECES_H

#include "engine.h"

/** Sends the bytes of the scratch's piece from `offset` on, as many as go into one. 0: done. */
RPCS_INLINE int rpcs_engine_piece(void *ctx, bool xdp, __u32 offset)
{
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0, len;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s)
		return 1;
	len = s->piece.packet_len - offset;
	if (len > RPCS_PIECE_BYTES)
		len = RPCS_PIECE_BYTES;
	if (!rpcs_engine_bound(&len, RPCS_PIECE_BYTES))
		return 1;
	if (rpcs_engine_load(ctx, xdp, s->packet.network_offset + offset, s->bytes, len)) {
		c->pieces_unread += 1;
		return 1;
	}
	s->piece.offset = offset;
	s->piece.piece_len = len;
	c->pieces += 1;
	rpcs_send_copy(c, &s->piece, sizeof(s->piece) + len);
	return 0;
}

/* Pieces that one function sends: the verifier takes 16 turns of it and 16 of its caller. */
enum { RPCS_PIECES = 16 };

/* Global functions: verified once each, not once for every piece and state of their callers. */
__noinline int rpcs_xdp_piece(struct xdp_md *ctx, __u32 offset)
{
	return rpcs_engine_piece(ctx, true, offset);
}

__noinline int rpcs_tc_piece(struct __sk_buff *skb, __u32 offset)
{
	return rpcs_engine_piece(skb, false, offset);
}

/** As many as there are from `offset` on, RPCS_PIECES at the most. Not 0: that was all. */
__noinline int rpcs_xdp_pieces(struct xdp_md *ctx, __u32 offset, __u32 total)
{
	int i;

	for (i = 0; i < RPCS_PIECES && offset < total; i++, offset += RPCS_PIECE_BYTES)
		if (rpcs_xdp_piece(ctx, offset))
			return 1;
	return 0;
}

__noinline int rpcs_tc_pieces(struct __sk_buff *skb, __u32 offset, __u32 total)
{
	int i;

	for (i = 0; i < RPCS_PIECES && offset < total; i++, offset += RPCS_PIECE_BYTES)
		if (rpcs_tc_piece(skb, offset))
			return 1;
	return 0;
}

/** As rpcs_engine_emit_packet(), in a global function of each kind of context. */
RPCS_INLINE void rpcs_engine_packet(struct rpcs_engine *eng, __u8 reason)
{
	struct rpcs_record_piece *piece = &eng->scratch->piece;
	const struct rpcs_packet *pkt = eng->packet;
	__u32 total = eng->frame_len - pkt->network_offset, at;

	if (total > pkt->network_len)
		total = pkt->network_len;
	if (total > RPCS_PACKET_MAX) {
		total = RPCS_PACKET_MAX;
		eng->counters->pieces_capped += 1;
	}
	rpcs_piece_fill(piece, eng->head, eng->work, reason);
	piece->packet_len = total;
	piece->wire_len = pkt->network_len;
	piece->packet_id = eng->scratch->next_packet_id++;
	piece->cpu = bpf_get_smp_processor_id();
	for (at = 0; at < RPCS_PACKET_MAX && at < total; at += RPCS_PIECES * RPCS_PIECE_BYTES)
		if (eng->hook == RPCS_HOOK_XDP ? rpcs_xdp_pieces(eng->ctx, at, total)
					       : rpcs_tc_pieces(eng->ctx, at, total))
			break;
}

#endif

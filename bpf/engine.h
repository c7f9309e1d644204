/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of the contract in rpcsentry/inspect.h: flow state and emission. */
#ifndef RPCSENTRY_BPF_ENGINE_H
#define RPCSENTRY_BPF_ENGINE_H

#include "maps.h"

/** One packet's context. */
struct rpcs_engine {
	void *ctx; /* struct xdp_md or struct __sk_buff, by hook */
	struct rpcs_counters *counters;
	const __u8 *data;
	const __u8 *end;
	struct rpcs_scratch *scratch;
	struct rpcs_record_buffer *record;
	struct rpcs_record_connection *connection;
	__u32 frame_len; /* bytes of the frame, also beyond `end` */
	__u32 ifindex;
	__u8 hook;
};

RPCS_INLINE __u64 rpcs_engine_flow_get(struct rpcs_engine *eng, const struct rpcs_flow_key *key)
{
	__u64 *state = bpf_map_lookup_elem(&flows, key);

	return state ? *state : 0;
}

RPCS_INLINE void rpcs_engine_flow_set(struct rpcs_engine *eng, const struct rpcs_flow_key *key,
				      __u64 state)
{
	if (state == 0)
		bpf_map_delete_elem(&flows, key);
	else if (bpf_map_update_elem(&flows, key, &state, BPF_ANY))
		eng->counters->flows_full += 1;
}

RPCS_INLINE enum rpcs_fragment_verdict rpcs_engine_fragment_get(struct rpcs_engine *eng,
								const struct rpcs_fragment_key *key)
{
	const struct rpcs_fragment_value *value = bpf_map_lookup_elem(&fragments, key);

	if (!value || rpcs_config.timeless)
		return RPCS_FRAGMENT_UNKNOWN;
	return rpcs_fragment_verdict_at(value, bpf_ktime_get_ns());
}

RPCS_INLINE void rpcs_engine_fragment_set(struct rpcs_engine *eng,
					  const struct rpcs_fragment_key *key, __u32 verdict)
{
	struct rpcs_fragment_value value = { .time_ns = bpf_ktime_get_ns(), .verdict = verdict };

	bpf_map_update_elem(&fragments, key, &value, BPF_ANY);
}

RPCS_INLINE __u64 rpcs_engine_now(struct rpcs_engine *eng)
{
	return bpf_ktime_get_ns();
}

/** Counts a portmapper call by version and procedure. */
RPCS_INLINE void rpcs_engine_count_call(struct rpcs_engine *eng, __u32 version, __u32 procedure)
{
	__u32 zero = 0, index = sizeof(struct rpcs_procedures) / sizeof(__u64) - 1;
	struct rpcs_procedures *p;

	p = bpf_map_lookup_elem(&procedures, &zero);
	if (!p)
		return;
	/* In the order of RPCS_PORTMAP_PROCEDURES: 6, 9 and 13 procedures. */
	if (version == 2 && procedure < 6)
		index = procedure;
	else if (version == 3 && procedure < 9)
		index = 6 + procedure;
	else if (version == 4 && procedure < 13)
		index = 15 + procedure;
	RPCS_OPAQUE(index);
	if (index < sizeof(*p) / sizeof(__u64))
		((__u64 *)p)[index] += 1;
}

/**
 * Is *len at least 1 and at most `max`? Kernel 6.1's verifier takes a lower bound
 * only from an addition, not from a comparison with 0.
 */
RPCS_INLINE bool rpcs_engine_bound(__u32 *len, __u32 max)
{
	__u32 less = *len - 1;

	RPCS_OPAQUE(less);
	if (less >= max)
		return false;
	*len = less + 1;
	return true;
}

RPCS_INLINE long rpcs_engine_load(void *ctx, bool xdp, __u32 offset, void *dst, __u32 len)
{
	if (xdp)
		return bpf_xdp_load_bytes(ctx, offset, dst, len);
	return bpf_skb_load_bytes(ctx, offset, dst, len);
}

/** Sends one record. Counted once, sent or lost, whatever happens. */
RPCS_INLINE void rpcs_engine_output(struct rpcs_counters *c, void *record, __u32 len)
{
	c->rpc_seen += 1;
	if (bpf_ringbuf_output(&ring, record, len, 0))
		c->records_lost += 1;
	else
		c->records_sent += 1;
}

RPCS_INLINE void rpcs_engine_emit(struct rpcs_engine *eng, void *record, __u32 len)
{
	rpcs_engine_output(eng->counters, record, len);
}

RPCS_INLINE void rpcs_engine_emit_rpc(struct rpcs_engine *eng, __u32 machine_offset,
				      struct rpcs_record_buffer *buf)
{
	__u32 len = buf->rpc.machine_len;

	/* The decoder capped it, but the record lies in a map: nothing is known of it here. */
	if (!rpcs_engine_bound(&len, RPCS_RECORD_MACHINE_MAX) ||
	    rpcs_engine_load(eng->ctx, eng->hook == RPCS_HOOK_XDP, machine_offset, buf->machine,
			     len))
		len = 0;
	rpcs_engine_output(eng->counters, buf, sizeof(buf->rpc) + len);
}

/** Sends the scratch's piece and the bytes it stands for, `total` from `network_offset` on. */
RPCS_INLINE int rpcs_engine_pieces(void *ctx, bool xdp)
{
	struct rpcs_counters *c;
	struct rpcs_scratch *s;
	__u32 zero = 0, total, offset, len;
	int i;

	c = bpf_map_lookup_elem(&counters, &zero);
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !s)
		return 0;
	total = s->piece.packet_len;
	for (i = 0; i < RPCS_PIECES_MAX; i++) {
		offset = i * RPCS_PIECE_BYTES;
		if (offset >= total)
			break;
		len = total - offset;
		if (len > RPCS_PIECE_BYTES)
			len = RPCS_PIECE_BYTES;
		if (!rpcs_engine_bound(&len, RPCS_PIECE_BYTES))
			break;
		if (rpcs_engine_load(ctx, xdp, s->packet.network_offset + offset, s->bytes, len)) {
			c->pieces_unread += 1;
			break;
		}
		s->piece.offset = offset;
		s->piece.piece_len = len;
		c->pieces += 1;
		rpcs_engine_output(c, &s->piece, sizeof(s->piece) + len);
	}
	return 0;
}

/* Global functions: verified once each, not once for every state of their callers. */
__noinline int rpcs_xdp_pieces(struct xdp_md *ctx)
{
	return rpcs_engine_pieces(ctx, true);
}

__noinline int rpcs_tc_pieces(struct __sk_buff *skb)
{
	return rpcs_engine_pieces(skb, false);
}

/** Sends the packet's bytes from the IP header on, in numbered pieces. */
RPCS_INLINE void rpcs_engine_emit_packet(struct rpcs_engine *eng, const struct rpcs_packet *pkt,
					 const struct rpcs_record_head *head, __u8 reason)
{
	struct rpcs_record_piece *piece = &eng->scratch->piece;
	__u32 total = eng->frame_len - pkt->network_offset;

	if (total > pkt->network_len)
		total = pkt->network_len;
	if (total > RPCS_PACKET_MAX) {
		total = RPCS_PACKET_MAX;
		eng->counters->pieces_capped += 1;
	}
	RPCS_ZERO(piece);
	piece->head = *head;
	piece->packet_len = total;
	piece->wire_len = pkt->network_len;
	piece->packet_id = eng->scratch->next_packet_id++;
	piece->cpu = bpf_get_smp_processor_id();
	piece->reason = reason;
	if (eng->hook == RPCS_HOOK_XDP)
		rpcs_xdp_pieces(eng->ctx);
	else
		rpcs_tc_pieces(eng->ctx);
}

#endif

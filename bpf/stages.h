/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One packet's engine of each kind of context, and the functions of the whole way. */
#ifndef RPCSENTRY_BPF_STAGES_H
#define RPCSENTRY_BPF_STAGES_H

#include "pieces.h"
#include "suppress.h"

#include <rpcsentry/inspect.h>

RPCS_INLINE struct rpcs_counters *rpcs_counters_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

RPCS_INLINE struct rpcs_scratch *rpcs_scratch_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/** Adds the maps' part to an engine; false cannot happen but to the verifier. */
RPCS_INLINE bool rpcs_engine_complete(struct rpcs_engine *eng)
{
	eng->config = &rpcs_config;
	eng->counters = rpcs_counters_here();
	eng->ports = &rpcs_ports;
	eng->scratch = rpcs_scratch_here();
	if (!eng->counters || !eng->scratch)
		return false;
	eng->packet = &eng->scratch->packet;
	eng->work = &eng->scratch->work;
	eng->keys = &eng->scratch->keys;
	eng->head = &eng->scratch->head;
	eng->record = &eng->scratch->record;
	eng->connection = &eng->scratch->connection;
	return true;
}

RPCS_INLINE bool rpcs_is_extended(const struct rpcs_packet *pkt)
{
	return (pkt->flags & RPCS_F_IP6) && rpcs_packet_is_extension(pkt->protocol);
}

RPCS_INLINE struct rpcs_engine rpcs_xdp_engine(struct xdp_md *ctx)
{
	return (struct rpcs_engine){
		.ctx = ctx,
		.data = (const __u8 *)(long)ctx->data,
		.end = (const __u8 *)(long)ctx->data_end,
		.frame_len = bpf_xdp_get_buff_len(ctx),
		.ifindex = ctx->ingress_ifindex,
		.hook = RPCS_HOOK_XDP,
	};
}

RPCS_INLINE struct rpcs_engine rpcs_tc_engine(struct __sk_buff *skb)
{
	return (struct rpcs_engine){
		.ctx = skb,
		.data = (const __u8 *)(long)skb->data,
		.end = (const __u8 *)(long)skb->data_end,
		.frame_len = skb->len,
		.ifindex = skb->ifindex,
		.hook = RPCS_HOOK_TC_INGRESS,
	};
}

__noinline int rpcs_connection(int kind, __u32 seq)
{
	struct rpcs_engine eng = {};

	if (rpcs_engine_complete(&eng))
		rpcs_inspect_connection(&eng, kind, seq);
	return 0;
}

/*
 * The stages behind the gate, each a global function for each kind of context:
 * verified once, not once for every state of its callers. The packet lies in the
 * scratch memory; `arg` is a port class, or a packet result and a port class.
 */
#define RPCS_STAGES(kind, type)                                                              \
	__noinline int rpcs_##kind##_packet(struct type *ctx, int reason)                    \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		if (rpcs_engine_complete(&eng))                                              \
			rpcs_engine_packet(&eng, reason);                                    \
		return 0;                                                                    \
	}                                                                                    \
                                                                                             \
	__noinline int rpcs_##kind##_step(struct type *ctx)                                  \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		return rpcs_engine_complete(&eng) ? rpcs_inspect_step(&eng) : 0;             \
	}                                                                                    \
                                                                                             \
	__noinline int rpcs_##kind##_steps(struct type *ctx)                                 \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		return rpcs_inspect_steps(&eng);                                             \
	}                                                                                    \
                                                                                             \
	__noinline int rpcs_##kind##_message(struct type *ctx)                               \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		return rpcs_engine_complete(&eng) ? rpcs_inspect_message(&eng) : 0;          \
	}                                                                                    \
                                                                                             \
	__noinline int rpcs_##kind##_watched(struct type *ctx, int port_class)               \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		if (rpcs_engine_complete(&eng))                                              \
			rpcs_inspect(&eng, port_class);                                      \
		return 0;                                                                    \
	}                                                                                    \
                                                                                             \
	__noinline int rpcs_##kind##_fragment(struct type *ctx, int result, int port_class)  \
	{                                                                                    \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                          \
                                                                                             \
		if (rpcs_engine_complete(&eng))                                              \
			rpcs_inspect_fragment(&eng, result, port_class);                     \
		return 0;                                                                    \
	}                                                                                    \
                                                                                             \
	/* Packets with IPv6 extension headers are rare; their loop is checked by itself. */ \
	__noinline int rpcs_##kind##_extensions(struct type *ctx)                            \
	{                                                                                    \
		struct rpcs_scratch *s = rpcs_scratch_here();                                \
                                                                                             \
		if (!s)                                                                      \
			return RPCS_PACKET_NOT_IP;                                           \
		return rpcs_packet_extensions(&s->packet, (const __u8 *)(long)ctx->data,     \
					      (const __u8 *)(long)ctx->data_end);            \
	}                                                                                    \
                                                                                             \
	RPCS_INLINE enum rpcs_packet_result rpcs_##kind##_parse(                             \
		struct type *ctx, struct rpcs_packet *pkt, __u32 frame_len, __u16 l3_type)   \
	{                                                                                    \
		const __u8 *data = (const __u8 *)(long)ctx->data;                            \
		const __u8 *end = (const __u8 *)(long)ctx->data_end;                         \
		enum rpcs_packet_result result;                                              \
                                                                                             \
		result = rpcs_packet_network(pkt, data, end, frame_len, l3_type);            \
		if (result != RPCS_PACKET_OK)                                                \
			return result;                                                       \
		if (RPCS_UNLIKELY(rpcs_is_extended(pkt))) {                                  \
			result = rpcs_##kind##_extensions(ctx);                              \
			if (result != RPCS_PACKET_OK)                                        \
				return result;                                               \
		}                                                                            \
		return rpcs_packet_transport(pkt, data, end);                                \
	}

#endif

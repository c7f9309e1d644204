/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's half of rpcs_inspect_tunnels(): functions that most packets never enter. */
#ifndef RPCSENTRY_BPF_TUNNEL_H
#define RPCSENTRY_BPF_TUNNEL_H

#include "suppress.h"

#include <rpcsentry/inspect.h>

/** Is the packet one to look for another one in? The UDP and TCP of others pay a comparison. */
RPCS_INLINE bool rpcs_is_tunnelled(const struct rpcs_packet *pkt, enum rpcs_packet_result result,
				   enum rpcs_port_class class)
{
	return rpcs_config.tunnels && RPCS_UNLIKELY(rpcs_tunnel_kind(pkt, result, class));
}

/* A global function returns one number: a packet result, and a port class above it. */
enum { RPCS_SAID_CLASS_SHIFT = 8 };

RPCS_INLINE enum rpcs_packet_result rpcs_said_result(int said)
{
	return (enum rpcs_packet_result)(said & ((1 << RPCS_SAID_CLASS_SHIFT) - 1));
}

RPCS_INLINE enum rpcs_port_class rpcs_said_class(int said)
{
	return (enum rpcs_port_class)(said >> RPCS_SAID_CLASS_SHIFT);
}

/* Global functions for each kind of context, as RPCS_STAGES, to be expanded after it. */
#define RPCS_TUNNEL_STAGES(kind, type)                                                            \
	/* One tunnel off the packet in the scratch memory. */                                    \
	__noinline int rpcs_##kind##_decapsulate(struct type *ctx, int tunnel)                    \
	{                                                                                         \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                               \
		enum rpcs_packet_result result;                                                   \
                                                                                                  \
		if (!rpcs_engine_complete(&eng))                                                  \
			return RPCS_PACKET_NOT_IP;                                                \
		result = rpcs_tunnel_enter(eng.packet, eng.data, eng.end, eng.frame_len, tunnel); \
		RPCS_FORGET();                                                                    \
		if (result == RPCS_PACKET_OK && rpcs_is_extended(eng.packet))                     \
			result = rpcs_##kind##_extensions(ctx);                                   \
		if (result == RPCS_PACKET_OK)                                                     \
			result = rpcs_packet_transport(eng.packet, eng.data, eng.end);            \
		return result;                                                                    \
	}                                                                                         \
                                                                                                  \
	/* From a result and a class to those of the packet inside, which it leaves there. */     \
	__noinline int rpcs_##kind##_tunnels(struct type *ctx, int result, int port_class)        \
	{                                                                                         \
		struct rpcs_engine eng = rpcs_##kind##_engine(ctx);                               \
		enum rpcs_port_class class = port_class;                                          \
                                                                                                  \
		if (rpcs_engine_complete(&eng))                                                   \
			result = rpcs_inspect_tunnels(&eng, result, &class);                      \
		return result | class << RPCS_SAID_CLASS_SHIFT;                                   \
	}

#endif

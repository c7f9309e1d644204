/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's counters: one list gives the pinned map's struct, `stats`, the
 * events and the documentation their names.
 */
#ifndef RPCSENTRY_COUNTERS_H
#define RPCSENTRY_COUNTERS_H

#include "packet.h"
#include "portmap.h"
#include "rpc.h"

/* X(name, help). rpc_seen == records_sent + records_suppressed + records_lost, always. */
#define RPCS_COUNTERS(X)                                                                    \
	X(packets, "frames that passed the programs, other people's included")              \
	X(packets_watched, "packets to or from a portmapper port")                          \
	X(packets_forwarded, "watched packets leaving that were counted when they came in") \
	X(rpc_seen, "records the programs decided to report, one each")                     \
	X(records_sent, "records that reached the ring")                                    \
	X(records_suppressed, "records kept off the ring by the policy")                    \
	X(records_lost, "records for which the ring had no room")                           \
	X(calls, "RPC calls sent as compact records")                                       \
	X(replies, "RPC replies sent as compact records")                                   \
	X(connections, "SYN, FIN and RST of portmapper ports")                              \
	X(fallbacks, "packets sent with their bytes, for the agent to parse")               \
	X(pieces, "records those bytes took")                                               \
	X(pieces_capped, "fallback packets over 65,536 bytes, sent without their end")      \
	X(pieces_unread, "fallback packets whose bytes the kernel refused to copy")         \
	X(packets_unread, "watched packets whose headers moved away under the program")     \
	X(tcp_empty, "TCP segments of portmapper ports without data or SYN, FIN, RST")      \
	X(flows_full, "TCP flows whose state the kernel could not keep")

/** The value of the pinned map `counters`. */
struct rpcs_counters {
#define X(name, help) __u64 name;
	RPCS_COUNTERS(X)
#undef X
#define X(name, help) __u64 packet_##name;
	RPCS_PACKET_RESULTS(X)
#undef X
#define X(name, help) __u64 fallback_##name;
	RPCS_FALLBACKS(X)
#undef X
};

/** The value of the pinned map `procedures`: calls by portmapper version and procedure. */
struct rpcs_procedures {
#define X(version, number, text, name) __u64 name;
	RPCS_PORTMAP_PROCEDURES(X)
#undef X
	__u64 other;
};

#endif

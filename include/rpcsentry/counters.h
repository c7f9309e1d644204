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
#define RPCS_COUNTERS(X)                                                                         \
	X(packets, "frames that passed the programs, other people's included")                   \
	X(packets_watched, "packets of a portmapper port, or of RPC on another one")             \
	X(packets_forwarded, "watched packets leaving that were counted when they came in")      \
	X(rpc_seen, "records the programs decided to report, one each")                          \
	X(records_sent, "records that reached the ring")                                         \
	X(records_suppressed, "records kept off the ring by the policy")                         \
	X(records_lost, "records the ring had no room for, or over a limit")                     \
	X(records_over_budget,                                                                   \
	  "of the suppressed: over limits.per_source_records of their source")                   \
	X(wakeups, "records behind which a sleeping agent was woken")                            \
	X(calls, "RPC calls sent as compact records")                                            \
	X(replies, "RPC replies sent as compact records")                                        \
	X(calls_suppressed, "RPC calls kept off the ring by the policy")                         \
	X(replies_suppressed, "RPC replies whose calls were kept off the ring, or not seen")     \
	X(replies_early, "RPC replies kept off the ring that passed before their call was seen") \
	X(connections, "SYN, FIN, RST and first acknowledgements of watched TCP flows")          \
	X(ends, "segments that completed a record reported before")                              \
	X(probes, "TCP packets of no known flow, and UDP datagrams without bytes")               \
	X(fallbacks, "packets sent with their bytes, for the agent to parse")                    \
	X(pieces, "records those bytes took")                                                    \
	X(pieces_capped, "fallback packets over 512 KiB, sent without their end")                \
	X(pieces_unread, "fallback packets whose bytes the kernel refused to copy")              \
	X(packets_unread, "watched packets whose headers moved away under the program")          \
	X(fallbacks_capped, "packets over the limit of fallback bytes a flow and second")        \
	X(tcp_empty, "TCP segments of watched flows without data or SYN, FIN, RST")              \
	X(tcp_skipped, "TCP segments in the middle of a record, stepped over")                   \
	X(tcp_repeated, "TCP segments that only repeat what came before")                        \
	X(tcp_stopped, "TCP segments of flows that went over to TLS")                            \
	X(tcp_strange, "TCP records and segments of other ports that are no RPC")                \
	X(flow_unknown, "TCP segments with data on a watched flow without state")                \
	X(flows_raced, "TCP flows that two CPUs stepped at once: the agent takes them")          \
	X(flows_replaced, "TCP flows in use whose state made room for another's")                \
	X(state_full, "fragments, calls and awaited replies that the kernel could not keep")     \
	X(tunnelled, "packets inside GRE, IP, VXLAN, PPPoE or MPLS that were looked into")       \
	X(tunnel_fragments, "fragments of a tunnel's own packets, not looked into")

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

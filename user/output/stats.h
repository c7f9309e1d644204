/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The agent's own counters, and a snapshot of all counters for a `stats` line. */
#ifndef RPCSENTRY_OUTPUT_STATS_H
#define RPCSENTRY_OUTPUT_STATS_H

#include <stdint.h>

#include <rpcsentry/counters.h>
#include <rpcsentry/suppress.h>

/* X(name, help) */
#define RPCS_AGENT_COUNTERS(X)                                                             \
	X(frames, "frames read from the capture")                                          \
	X(records, "records taken from the ring, or made by the native engine")            \
	X(records_bad, "records of a form this agent does not know")                       \
	X(messages, "RPC messages")                                                        \
	X(calls, "RPC calls, retransmissions not counted")                                 \
	X(calls_retransmitted, "calls that the client sent again while they were pending") \
	X(calls_timeout, "calls without a reply in timeouts.call")                         \
	X(calls_evicted, "pending calls pushed out of a full table, the oldest first")     \
	X(replies, "replies that belong to a call")                                        \
	X(replies_unpaired, "replies whose call was not seen")                             \
	X(messages_junk, "payloads on a portmapper port that are no RPC message")          \
	X(messages_incomplete, "large RPC messages whose end was never seen")              \
	X(packets_incomplete, "fallback packets of which a piece was lost")                \
	X(packets_bad, "fallback packets whose headers do not parse")                      \
	X(ip_fragments, "IP fragments taken")                                              \
	X(ip_reassembled, "IP packets put together from fragments")                        \
	X(ip_expired, "IP packets incomplete after timeouts.fragment, or at the end")      \
	X(ip_evicted, "incomplete IP packets pushed out of a full table")                  \
	X(ip_overlaps, "IP fragments that differ from earlier ones where they overlap")    \
	X(tcp_segments, "TCP segments taken from the fallback")                            \
	X(tcp_unplaced, "bytes of TCP segments that no record could be found in")          \
	X(tcp_oversize, "TCP records too large to be put together, stepped over")          \
	X(tcp_overlaps, "TCP segments that differ from earlier ones where they overlap")   \
	X(tcp_tls, "records and segments of flows that went over to TLS")                  \
	X(probes, "packets of no flow: scans, stray ends, datagrams without bytes")        \
	X(tcp_evicted, "flows that gave up held segments for limits.reassembly")           \
	X(flows, "flows seen")                                                             \
	X(flows_evicted, "flows pushed out of a full table")                               \
	X(sources_evicted, "sources pushed out of a detection's full table")               \
	X(servers, "portmappers in the inventory")                                         \
	X(servers_evicted, "portmappers pushed out of a full inventory")                   \
	X(services, "mappings in the map of services")                                     \
	X(services_evicted, "mappings pushed out of the map, or of their server's share")  \
	X(services_untold, "changes of the map beyond the rate at which they are told")    \
	X(alerts, "alerts sent")                                                           \
	X(alerts_updated, "updates of alerts sent")                                        \
	X(alerts_folded, "alerts counted with the one they repeat, without a line")        \
	X(alerts_held, "lines held back: over 20 of one detection in a second")            \
	X(policy_allowed, "calls that the policy allowed")                                 \
	X(journal_sent, "alerts handed to the journal writer")                             \
	X(journal_dropped, "alerts for which the journal writer's queue had no room")      \
	X(eve_errors, "event lines that could not be written")                             \
	X(engine_fallbacks, "frames that the kernel engine could not take: native instead")

struct rpcs_agent_counters {
#define X(name, help) uint64_t name;
	RPCS_AGENT_COUNTERS(X)
#undef X
};

/** One look at everything, for `stats` lines, `rpcsentry stats` and metrics. */
struct rpcs_stats {
	uint64_t time_ns; /* since the epoch */
	uint64_t uptime_ns;
	struct rpcs_counters kernel; /* summed over CPUs */
	struct rpcs_agent_counters agent;
	uint64_t kernel_packets; /* stats.capture, as Suricata has them */
	uint64_t kernel_drops;
	const struct rpcs_rule_hits *rules; /* the policy's first RPCS_RULES_SHOWN_MAX, or NULL */
	uint32_t rule_count;
};

#endif

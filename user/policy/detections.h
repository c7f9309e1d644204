/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The identity of every detection (spec detections.md): what the policy file
 * can name and set. What they do lies in detect/.
 */
#ifndef RPCSENTRY_POLICY_DETECTIONS_H
#define RPCSENTRY_POLICY_DETECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define RPCS_CAT_DECODE "Decode of an RPC Query"
#define RPCS_CAT_LEAK "Attempted Information Leak"
#define RPCS_CAT_ADMIN "Attempted Administrator Privilege Gain"
#define RPCS_CAT_ATTACK "Misc Attack"
#define RPCS_CAT_DOS "Attempted Denial of Service"
#define RPCS_CAT_BAD "Potentially Bad Traffic"
#define RPCS_CAT_SCAN "Network Scan"
#define RPCS_CAT_MISC "Misc activity"

/* X(ID, signature_id, name, default severity, category, signature) */
#define RPCS_DETECTIONS(X)                                                                         \
	X(DUMP, 1110001, "portmap-dump", 2, RPCS_CAT_LEAK, "PORTMAP DUMP not allowed by policy")   \
	X(DUMP_EXPOSED, 1110002, "portmap-dump-exposed", 1, RPCS_CAT_LEAK,                         \
	  "PORTMAP service list left to an external client")                                       \
	X(GETPORT, 1110003, "portmap-getport", 3, RPCS_CAT_DECODE,                                 \
	  "PORTMAP lookup not allowed by policy")                                                  \
	X(GETPORT_SENSITIVE, 1110004, "portmap-getport-sensitive", 2, RPCS_CAT_DECODE,             \
	  "PORTMAP lookup of a sensitive program not allowed by policy")                           \
	X(SET_REMOTE, 1110005, "portmap-set-remote", 1, RPCS_CAT_ADMIN,                            \
	  "PORTMAP SET from the network")                                                          \
	X(UNSET_REMOTE, 1110006, "portmap-unset-remote", 1, RPCS_CAT_ADMIN,                        \
	  "PORTMAP UNSET from the network")                                                        \
	X(CALLIT, 1110007, "portmap-callit", 1, RPCS_CAT_ATTACK,                                   \
	  "PORTMAP forwarded call (CALLIT) not allowed by policy")                                 \
	X(CALLIT_FORBIDDEN_TARGET, 1110008, "portmap-callit-forbidden-target", 1, RPCS_CAT_ADMIN,  \
	  "PORTMAP forwarded call to a target that rpcbind refuses")                               \
	X(GETSTAT, 1110009, "portmap-getstat", 2, RPCS_CAT_LEAK,                                   \
	  "PORTMAP GETSTAT from an external client")                                               \
	X(SPOOFED_LOCAL, 1110010, "portmap-spoofed-local", 1, RPCS_CAT_ADMIN,                      \
	  "PORTMAP call from a forged local address")                                              \
	X(NEW_SERVER, 1110011, "portmap-new-server", 2, RPCS_CAT_MISC,                             \
	  "PORTMAP server not in the inventory")                                                   \
	X(MAPPING_CHANGED, 1110012, "portmap-mapping-changed", 4, RPCS_CAT_MISC,                   \
	  "PORTMAP mapping changed")                                                               \
	X(OUTBOUND, 1110013, "portmap-outbound", 3, RPCS_CAT_BAD,                                  \
	  "PORTMAP call to an external server")                                                    \
	X(SWEEP, 1110020, "portmap-sweep", 2, RPCS_CAT_SCAN, "PORTMAP sweep over many hosts")      \
	X(FANOUT, 1110021, "portmap-fanout", 2, RPCS_CAT_SCAN,                                     \
	  "PORTMAP lookups of many programs or servers")                                           \
	X(PORT_SCAN, 1110022, "rpc-port-scan", 2, RPCS_CAT_SCAN, "RPC port scan of one host")      \
	X(GRIND, 1110023, "rpc-grind", 1, RPCS_CAT_SCAN, "RPC program grind")                      \
	X(TOOL_FINGERPRINT, 1110024, "tool-fingerprint", 3, RPCS_CAT_SCAN,                         \
	  "RPC call of a known scanning tool")                                                     \
	X(UNKNOWN_PROGRAM, 1110025, "portmap-unknown-program", 3, RPCS_CAT_BAD,                    \
	  "PORTMAP lookup of an unknown program")                                                  \
	X(EMPTY_DATAGRAM, 1110026, "portmap-empty-datagram", 3, RPCS_CAT_SCAN,                     \
	  "PORTMAP empty datagram")                                                                \
	X(RPC_SWEEP, 1110027, "rpc-sweep", 2, RPCS_CAT_SCAN,                                       \
	  "RPC service sweep over many hosts without lookups")                                     \
	X(PORT_TOUCH, 1110028, "rpc-port-touch", 4, RPCS_CAT_SCAN,                                 \
	  "RPC high port touched from outside")                                                    \
	X(DIRECT, 1110030, "rpc-direct", 2, RPCS_CAT_BAD, "RPC call without a portmapper lookup")  \
	X(DIRECT_SENSITIVE, 1110031, "rpc-direct-sensitive", 1, RPCS_CAT_ADMIN,                    \
	  "RPC call to a sensitive program without a portmapper lookup")                           \
	X(ALT_PORT, 1110032, "portmap-alt-port", 1, RPCS_CAT_BAD,                                  \
	  "PORTMAP program called on another port")                                                \
	X(LOOKUP_THEN_CALL, 1110033, "lookup-then-call", 4, RPCS_CAT_MISC,                         \
	  "RPC call to a port learned by lookup")                                                  \
	X(OVERSIZED_ARGS, 1110034, "rpc-oversized-args", 1, RPCS_CAT_ADMIN,                        \
	  "RPC arguments over the program's limit")                                                \
	X(MOUNT_EXTERNAL, 1110035, "nfs-mount-external", 2, RPCS_CAT_LEAK,                         \
	  "NFS mount request from an external client")                                             \
	X(FORGED_ROOT, 1110036, "rpc-forged-root", 2, RPCS_CAT_ADMIN,                              \
	  "RPC call with forged root credentials")                                                 \
	X(LENGTH_BOMB, 1110040, "xdr-length-bomb", 1, RPCS_CAT_DOS,                                \
	  "RPC string length beyond the message")                                                  \
	X(OVERSIZED_CREDENTIAL, 1110041, "rpc-oversized-credential", 1, RPCS_CAT_ATTACK,           \
	  "RPC credential or verifier over its limit")                                             \
	X(TINY_FRAGMENT, 1110042, "rpc-tiny-fragment", 1, RPCS_CAT_ATTACK,                         \
	  "RPC record fragment under 24 bytes")                                                    \
	X(FRAGMENTED_RECORD, 1110043, "rpc-fragmented-record", 2, RPCS_CAT_BAD,                    \
	  "PORTMAP call in several record fragments")                                              \
	X(ZERO_FRAGMENT, 1110044, "rpc-zero-fragment", 1, RPCS_CAT_DOS,                            \
	  "RPC record fragment of length zero")                                                    \
	X(HUGE_RECORD, 1110045, "rpc-huge-record", 1, RPCS_CAT_DOS, "RPC record over its limit")   \
	X(INCONSISTENT_OVERLAP, 1110046, "tcp-inconsistent-overlap", 1, RPCS_CAT_ATTACK,           \
	  "TCP overlap with different bytes on an RPC flow")                                       \
	X(FRAGMENT_OVERLAP, 1110047, "ip-fragment-overlap", 1, RPCS_CAT_ATTACK,                    \
	  "IP fragments of a portmapper packet overlap or are needless")                           \
	X(XID_CONFLICT, 1110048, "xid-conflict", 2, RPCS_CAT_ATTACK,                               \
	  "RPC XID used again with other content")                                                 \
	X(JUNK, 1110049, "rpc-junk", 3, RPCS_CAT_BAD, "PORTMAP bytes that are no RPC message")     \
	X(BAD_PORT, 1110050, "portmap-bad-port", 2, RPCS_CAT_BAD,                                  \
	  "PORTMAP port or universal address that cannot be")                                      \
	X(ROLE, 1110051, "rpc-role", 3, RPCS_CAT_BAD, "RPC message from the wrong side")           \
	X(WRONG_PROGRAM, 1110052, "portmap-wrong-program", 2, RPCS_CAT_BAD,                        \
	  "PORTMAP port called with another program")                                              \
	X(UNKNOWN_PROCEDURE, 1110053, "portmap-unknown-procedure", 3, RPCS_CAT_BAD,                \
	  "PORTMAP unknown version or procedure")                                                  \
	X(LONG_ADDRESS, 1110054, "portmap-long-address", 1, RPCS_CAT_ADMIN,                        \
	  "PORTMAP overlong universal address in a reply")                                         \
	X(MISMATCH_RANGE, 1110055, "rpc-mismatch-range", 2, RPCS_CAT_DOS,                          \
	  "RPC PROG_MISMATCH with an absurd range")                                                \
	X(GSS_VERIFIER, 1110056, "portmap-gss-verifier", 1, RPCS_CAT_ADMIN,                        \
	  "PORTMAP call with a verifier or RPCSEC_GSS")                                            \
	X(SET_DUMP_PAIR, 1110057, "portmap-set-dump-pair", 1, RPCS_CAT_ADMIN,                      \
	  "PORTMAP SET and DUMP of one source in a row")                                           \
	X(CALLIT_OVERLONG, 1110058, "portmap-callit-overlong", 1, RPCS_CAT_ADMIN,                  \
	  "PORTMAP CALLIT with overlong arguments")                                                \
	X(AMPLIFICATION, 1110060, "portmap-amplification", 1, RPCS_CAT_DOS,                        \
	  "PORTMAP used as an amplifier")                                                          \
	X(REFLECTION_VICTIM, 1110061, "portmap-reflection-victim", 1, RPCS_CAT_DOS,                \
	  "PORTMAP replies flood an address that did not ask")                                     \
	X(FLOOD, 1110062, "portmap-flood", 2, RPCS_CAT_DOS, "PORTMAP call flood")                  \
	X(IDLE_CONNECTIONS, 1110063, "portmap-idle-connections", 2, RPCS_CAT_DOS,                  \
	  "PORTMAP idle TCP connections")                                                          \
	X(PIPELINE_FLOOD, 1110064, "rpc-pipeline-flood", 2, RPCS_CAT_DOS,                          \
	  "RPC flow with many unanswered calls")                                                   \
	X(HOST_REFUSED, 1110070, "host-refused", 3, RPCS_CAT_LEAK, "RPC call refused by the host") \
	X(HOST_SERVICE_CRASH, 1110071, "host-service-crash", 1, RPCS_CAT_ADMIN,                    \
	  "RPC service crashed")                                                                   \
	X(HOST_LOG_UNSEEN, 1110072, "host-log-unseen", 3, RPCS_CAT_MISC,                           \
	  "RPC call in a host log that the sensor did not see")                                    \
	X(HOST_LOCAL_CHANGE, 1110073, "host-local-change", 4, RPCS_CAT_MISC,                       \
	  "PORTMAP mapping changed by a local process")                                            \
	X(HOST_PROBE_REPORTED, 1110074, "host-probe-reported", 3, RPCS_CAT_SCAN,                   \
	  "RPC probe reported by a host")                                                          \
	X(SENSOR_LOSS, 1110080, "sensor-loss", 2, RPCS_CAT_MISC,                                   \
	  "Sensor lost records or evicted live state")

enum rpcs_detection_id {
#define X(id, sid, name, severity, category, signature) RPCS_D_##id,
	RPCS_DETECTIONS(X)
#undef X
		RPCS_D__MAX
};

enum rpcs_threshold_kind {
	RPCS_THRESHOLD_COUNT,
	RPCS_THRESHOLD_DURATION, /* nanoseconds */
	RPCS_THRESHOLD_PORTS,	 /* a list of {program, port}: rpc-direct's `ok` */
};

/* X(DETECTION, KEY, "key", kind, default); durations in milliseconds here */
#define RPCS_THRESHOLDS(X)                                         \
	X(NEW_SERVER, LEARN, "learn", DURATION, 24 * 3600000ULL)   \
	X(SWEEP, HOSTS, "hosts", COUNT, 16)                        \
	X(SWEEP, WINDOW, "window", DURATION, 60000)                \
	X(SWEEP, SLOW_HOSTS, "slow_hosts", COUNT, 64)              \
	X(SWEEP, SLOW_WINDOW, "slow_window", DURATION, 3600000)    \
	X(FANOUT, PROGRAMS, "programs", COUNT, 5)                  \
	X(FANOUT, SERVERS, "servers", COUNT, 5)                    \
	X(FANOUT, WINDOW, "window", DURATION, 60000)               \
	X(FANOUT, SLOW, "slow", COUNT, 8)                          \
	X(FANOUT, SLOW_WINDOW, "slow_window", DURATION, 1800000)   \
	X(PORT_SCAN, PORTS, "ports", COUNT, 8)                     \
	X(PORT_SCAN, WINDOW, "window", DURATION, 60000)            \
	X(GRIND, PROGRAMS, "programs", COUNT, 4)                   \
	X(GRIND, WINDOW, "window", DURATION, 60000)                \
	X(RPC_SWEEP, HOSTS, "hosts", COUNT, 16)                    \
	X(RPC_SWEEP, WINDOW, "window", DURATION, 60000)            \
	X(DIRECT, OK, "ok", PORTS, 0)                              \
	X(DIRECT, LEARN, "learn", DURATION, 3600000)               \
	X(LOOKUP_THEN_CALL, WINDOW, "window", DURATION, 120000)    \
	X(AMPLIFICATION, RATIO, "ratio", COUNT, 7)                 \
	X(AMPLIFICATION, WINDOW, "window", DURATION, 10000)        \
	X(AMPLIFICATION, BYTES, "bytes", COUNT, 100000)            \
	X(REFLECTION_VICTIM, RATE, "rate", COUNT, 50)              \
	X(FLOOD, CALLS, "calls", COUNT, 1000)                      \
	X(FLOOD, DUMPS, "dumps", COUNT, 10)                        \
	X(IDLE_CONNECTIONS, CONNECTIONS, "connections", COUNT, 64) \
	X(IDLE_CONNECTIONS, IDLE, "idle", DURATION, 30000)         \
	X(PIPELINE_FLOOD, PENDING, "pending", COUNT, 64)

/** An index for each threshold: RPCS_T_SWEEP_HOSTS, … */
enum rpcs_threshold_id {
#define X(detection, key, text, kind, value) RPCS_T_##detection##_##key,
	RPCS_THRESHOLDS(X)
#undef X
		RPCS_T__MAX
};

/** What the policy file may set of a detection. */
struct rpcs_detection_setting {
	bool enabled;
	uint8_t severity; /* 1 to 4; the row's own unless set */
	bool severity_set;
};

/** A row of the list above. */
struct rpcs_detection_info {
	uint32_t signature_id;
	const char *name;
	uint8_t severity;
	const char *category;
	const char *signature;
};

/** The row of `id`; never NULL for a valid one. */
const struct rpcs_detection_info *rpcs_detection_info(enum rpcs_detection_id id);

/** The detection of that name, or RPCS_D__MAX. */
enum rpcs_detection_id rpcs_detection_find(const char *name);

#endif

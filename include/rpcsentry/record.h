/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What crosses the ring from the kernel to the agent. Both sides are built
 * together; RPCS_RECORD_ABI guards a ring that a former run left pinned.
 *
 * All integers are in host order; addresses are in network order, IPv4 mapped
 * into IPv6. Every record is zeroed before it is filled.
 */
#ifndef RPCSENTRY_RECORD_H
#define RPCSENTRY_RECORD_H

#include "limits.h"
#include "portable.h"

enum { RPCS_RECORD_ABI = 3 };

enum rpcs_record_kind {
	RPCS_RECORD_NONE,
	RPCS_RECORD_CALL,	/* struct rpcs_record_rpc */
	RPCS_RECORD_REPLY,	/* struct rpcs_record_rpc */
	RPCS_RECORD_CONNECTION, /* struct rpcs_record_connection: SYN, FIN, RST, first ACK */
	RPCS_RECORD_PIECE,	/* struct rpcs_record_piece: fallback bytes */
	RPCS_RECORD_END,	/* struct rpcs_record_connection: an OPEN record is whole */
	RPCS_RECORD_PROBE,	/* struct rpcs_record_connection: no flow's, or no bytes */
	RPCS_RECORD__MAX
};

/** Which program wrote a record. */
enum rpcs_hook {
	RPCS_HOOK_FILE, /* the native build, from a capture */
	RPCS_HOOK_XDP,
	RPCS_HOOK_TC_INGRESS,
	RPCS_HOOK_TC_EGRESS,
	RPCS_HOOK__MAX
};

/** The beginning of every record. */
struct rpcs_record_head {
	__u8 kind; /* enum rpcs_record_kind */
	__u8 abi;  /* RPCS_RECORD_ABI */
	__u8 hook; /* enum rpcs_hook */
	__u8 protocol;
	__u32 ifindex;
	__u64 time_ns; /* CLOCK_MONOTONIC; 0 from a capture, where the frame's time counts */
	__u8 src[16];
	__u8 dst[16];
	__u16 sport;
	__u16 dport;
	__u16 flags; /* enum rpcs_packet_flag */
	__u16 vlan[RPCS_VLANS_MAX];
	__u8 vlan_count;
	__u8 tcp_flags;
	__u8 ttl;
	__u8 text_len; /* bytes that follow a compact record: the AUTH_SYS machine name */
	__u16 have;    /* OPEN: bytes of the message that the segment had; 65,535: or more */
};

_Static_assert(sizeof(struct rpcs_record_head) == 64, "the head is one cache line");
_Static_assert(__builtin_offsetof(struct rpcs_record_head, time_ns) == 8, "kind, abi, then time");

/**
 * A packet of which only the headers count.
 *
 * CONNECTION: SYN, or FIN or RST of a flow that is known, or the third step of the
 * handshake. END: the segment that brought the last byte of the record that an OPEN
 * compact record told of; `seq` is one past that byte. PROBE: a TCP packet that
 * belongs to no known flow and is no SYN (ACK, NULL, FIN, XMAS scans, a stray RST),
 * or a UDP datagram without bytes.
 */
struct rpcs_record_connection {
	struct rpcs_record_head head;
	__u32 seq;
	__u32 ack;
	__u32 turn; /* of its direction, where this packet has changed it; else 0 */
	__u32 pad;
};

_Static_assert(sizeof(struct rpcs_record_connection) == 80, "no padding");

/**
 * An RPC header (RFC 5531 9) that lay whole in one packet, with the first
 * RPCS_RECORD_WORDS units of its arguments or results; `head.text_len` bytes of
 * the AUTH_SYS machine name follow. With RPCS_F_OPEN in the head's flags the
 * record goes on behind its segment, and an END record will tell its last byte.
 */
struct rpcs_record_rpc {
	struct rpcs_record_head head;
	__u32 seq;	   /* TCP: of the record mark's first byte */
	__u32 message_len; /* bytes of the RPC message, without record mark */
	__u16 cred_len;
	__u16 verf_len;
	__u32 xid;
	union {
		struct {
			__u32 rpc_version;
			__u32 program;
			__u32 version;
			__u32 procedure;
		} call;
		struct {
			__u32 reply_stat;
			__u32 stat; /* accept_stat or reject_stat */
			__u32 unused[2];
		} reply;
	};
	__u32 cred_flavor; /* call only */
	__u32 verf_flavor;
	__u32 uid; /* AUTH_SYS only */
	__u32 gid;
	__u32 body[RPCS_RECORD_WORDS]; /* as many units as the packet has, the rest 0 */
};

_Static_assert(sizeof(struct rpcs_record_rpc) == 128, "a compact record has at most 128 bytes");
_Static_assert(__builtin_offsetof(struct rpcs_record_rpc, call) ==
		       __builtin_offsetof(struct rpcs_record_rpc, reply),
	       "call and reply share their place");

/**
 * A part of a packet that the kernel could not say in compact records: bytes
 * from the IP header on. The pieces of one packet share (cpu, packet_id) and
 * come in order, offset 0 first. With RPCS_F_IN_STEP in the head's flags the
 * kernel was in step with the stream up to here: it has seen and reported, or
 * stepped over, all bytes before `next`, and a record begins at `boundary`. An IP
 * fragment says so where it is the first of a TCP segment. `turn` counts what stage 3
 * sends of a direction: what the agent says of it holds up to there (source/state.h).
 */
struct rpcs_record_piece {
	struct rpcs_record_head head;
	__u32 packet_len; /* bytes of the packet that cross, in all its pieces */
	__u32 wire_len;	  /* bytes it has by its IP header */
	__u32 offset;	  /* of this piece's bytes in the packet */
	__u32 packet_id;
	__u32 next;	/* TCP sequence number */
	__u32 boundary; /* likewise; behind `next` by what is left of a record */
	__u16 piece_len;
	__u16 cpu;
	__u8 reason; /* enum rpcs_fallback */
	__u8 pad[3];
	__u32 turn;
	__u32 pad2;
};

_Static_assert(sizeof(struct rpcs_record_piece) == 104, "bytes follow without a gap");

/** The largest record: what a consumer must be ready for. */
enum { RPCS_RECORD_BYTES_MAX = sizeof(struct rpcs_record_piece) + RPCS_PIECE_BYTES };

#endif

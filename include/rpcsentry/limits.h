/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every limit on what the wire may make us do, with its source. */
#ifndef RPCSENTRY_LIMITS_H
#define RPCSENTRY_LIMITS_H

enum {
	/* 802.1ad outside, 802.1Q inside. */
	RPCS_VLANS_MAX = 2,
	/* A tunnel in a tunnel; MPLS labels that one packet may have on it. */
	RPCS_TUNNELS_MAX = 2,
	RPCS_LABELS_MAX = 8,
	/* Where in a frame an IP header is looked for, behind all of these. */
	RPCS_NETWORK_OFFSET_MAX = 512,
	/* RFC 8200 4.1 has each kind at most once, but hosts take any number in any order. */
	RPCS_IP6_EXTENSIONS_MAX = 12,
	/* RFC 5531 8.2: opaque_auth body<400>. */
	RPCS_AUTH_BODY_MAX = 400,
	/* The longest step over bytes that are not looked at: a padded opaque_auth body. */
	RPCS_SKIP_MAX = RPCS_AUTH_BODY_MAX,
	/* RFC 5531 appendix A: machinename<255>, gids<16>. */
	RPCS_MACHINE_MAX = 255,
	RPCS_GIDS_MAX = 16,
	/* A longer machine name takes the fallback, so that a record stays small. */
	RPCS_RECORD_MACHINE_MAX = 64,
	/* Arguments or results that ride in a compact record, in XDR units of 4 bytes. */
	RPCS_RECORD_WORDS = 4,
	/* A fallback packet crosses the ring in pieces of this many bytes. */
	RPCS_PIECE_BYTES = 2048,
	/* Linux's largest offload buffer (GSO_MAX_SIZE); an IP packet has 65,535 bytes at most. */
	RPCS_PACKET_MAX = 1 << 19,
	/*
	 * The window that stage 2 reads an RPC message through: record mark, call header,
	 * both opaque_auth at their limit, and the units of a compact record's body.
	 */
	RPCS_WINDOW_BYTES = 1024,
	/* Records of one segment that the kernel takes apart; the agent takes one with more. */
	RPCS_SEGMENT_RECORDS_MAX = 64,
	/* The largest record that the kernel steps over: 128 MiB, above any that NFS makes. */
	RPCS_STEP_MAX = 1 << 27,
	/*
	 * A record over this is told of on any port (detections.md, 1110045): an NFS WRITE of
	 * 4 MiB and its header. The agent puts none together that is larger.
	 */
	RPCS_RECORD_HUGE = (4 << 20) + (1 << 16),
	/* The largest record on a portmapper port that has a use (RPC_BUF_MAX of rpcbind). */
	RPCS_RECORD_HUGE_PORTMAPPER = 1 << 16,
	/* No call's header fits in a record fragment that is shorter (detections.md, 1110042). */
	RPCS_FRAGMENT_TINY = 24,
	/* Fallback bytes that one direction of a TCP flow may send the agent in a second. */
	RPCS_FALLBACK_BYTES_MAX = 4 << 20,
	/* IP packets whose first fragment's verdict is kept for the others. */
	RPCS_FRAGMENTS_MAX = 8192,
	/* Replies awaited on other ports, or that tell one; 32 bytes each in the kernel. */
	RPCS_EXPECTED_MAX = 65536,
	/* policy.md, any_port: calls with more bytes of arguments are always sent. */
	RPCS_LARGE_ARGUMENTS = 256,
	/*
	 * An NFS call with a name and no more bytes goes to the agent whole: two names of 255,
	 * two handles, and a header. Longer ones are cut, or their bulk would be too much.
	 */
	RPCS_NFS_NAMES_MAX = 1536,
	/*
	 * What a flow of another port repeats goes to the agent, which knows what it said
	 * before: from so far back, and so many bytes a second.
	 */
	RPCS_REPEAT_REACH = 1 << 16,
	RPCS_REPEAT_BYTES_MAX = 1 << 14,
	/* Portmapper versions 2 to 4 (RFC 1833); procedures 0 to 12, and one for the rest. */
	RPCS_VERSIONS = 3,
	RPCS_PROCEDURES = 14,
};

#endif

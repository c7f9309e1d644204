/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every limit on what the wire may make us do, with its source. */
#ifndef RPCSENTRY_LIMITS_H
#define RPCSENTRY_LIMITS_H

enum {
	/* The portmapper ports of a site: 111 and the old Solaris ones. */
	RPCS_PORTS_MAX = 8,
	/* 802.1ad outside, 802.1Q inside. */
	RPCS_VLANS_MAX = 2,
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
	/* The largest IP packet (RFC 791); a larger GSO buffer is capped and counted. */
	RPCS_PACKET_MAX = 65536,
	RPCS_PIECES_MAX = RPCS_PACKET_MAX / RPCS_PIECE_BYTES,
	/* The most of an RPC message that stage 2 reads: both opaque_auth at their limit. */
	RPCS_HEADER_REACH = 1024,
	/* Portmapper versions 2 to 4 (RFC 1833); procedures 0 to 12, and one for the rest. */
	RPCS_VERSIONS = 3,
	RPCS_PROCEDURES = 14,
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Puts IP fragments together (RFC 791 3.2, RFC 8200 4.5), in any order. */
#ifndef RPCSENTRY_STREAM_IP_FRAGMENTS_H
#define RPCSENTRY_STREAM_IP_FRAGMENTS_H

#include "../base/hash.h"
#include "message.h"

struct rpcs_ip_fragments;

/** A packet whose fragments are all there, made whole: an IP header and its payload. */
struct rpcs_ip_packet {
	const uint8_t *bytes;	   /* valid until the next call */
	uint32_t len;		   /* bytes that are there; the capture may have cut a fragment */
	uint16_t type;		   /* EtherType */
	struct rpcs_sighting seen; /* of the fragment that came last */
};

/** What this stage counts. */
struct rpcs_ip_fragment_counts {
	uint64_t fragments;   /* taken */
	uint64_t reassembled; /* packets */
	uint64_t expired;     /* packets that stayed incomplete */
	uint64_t evicted;     /* incomplete packets that a full table pushed out */
	uint64_t overlaps;    /* fragments that said of a byte something else than an earlier one */
	uint64_t bad;	      /* fragments that can't be valid */
};

/**
 * Told, once a packet each, of fragments that differ where they overlap, and of
 * needless ones (detections.md, 1110047); not before the first fragment has named
 * the ports. Exact duplicates are none.
 */
typedef void (*rpcs_overlap_fn)(void *arg, const struct rpcs_overlap *overlap);

/** At most `byte_limit` bytes are held; a packet waits `timeout_ns`. NULL: out of memory. */
struct rpcs_ip_fragments *rpcs_ip_fragments_new(uint64_t byte_limit, uint64_t timeout_ns,
						const struct rpcs_hash_seed *seed);
void rpcs_ip_fragments_free(struct rpcs_ip_fragments **fragments);

/** Whom to tell of overlaps; nobody until then. */
void rpcs_ip_fragments_watch(struct rpcs_ip_fragments *fragments, rpcs_overlap_fn told, void *arg);

/** Takes a fragment, `bytes` from its IP header on. True: it completed *ret_packet. */
bool rpcs_ip_fragments_add(struct rpcs_ip_fragments *fragments, const uint8_t *bytes, uint32_t len,
			   const struct rpcs_sighting *seen, struct rpcs_ip_packet *ret_packet);

/** Lets incomplete packets go whose time is up. */
void rpcs_ip_fragments_expire(struct rpcs_ip_fragments *fragments, uint64_t now_ns);

/** No more fragments will come: packets that are incomplete go as if their time were up. */
void rpcs_ip_fragments_finish(struct rpcs_ip_fragments *fragments);

const struct rpcs_ip_fragment_counts *
rpcs_ip_fragments_counts(const struct rpcs_ip_fragments *fragments);

#endif

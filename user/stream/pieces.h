/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fallback packets that cross the ring in several pieces; those of several CPUs mix. */
#ifndef RPCSENTRY_STREAM_PIECES_H
#define RPCSENTRY_STREAM_PIECES_H

#include <stdint.h>

#include <rpcsentry/record.h>

enum { RPCS_CPUS_MAX = 1024 };

struct rpcs_assembly;

/** Zeroed to begin with. */
struct rpcs_pieces {
	struct rpcs_assembly *assemblies[RPCS_CPUS_MAX]; /* made when that CPU first needs one */
	uint64_t incomplete;				 /* packets of which a piece was lost */
};

/**
 * Takes a piece of `len` bytes. 1: its packet is whole at *ret_packet, with
 * piece->packet_len bytes that live until the next call; 0: more are to come, or
 * one was lost; -EINVAL: not a piece.
 */
int rpcs_pieces_add(struct rpcs_pieces *pieces, const struct rpcs_record_piece *piece, uint32_t len,
		    const uint8_t **ret_packet);

/** No more pieces will come: packets without their end are counted. */
void rpcs_pieces_finish(struct rpcs_pieces *pieces);

void rpcs_pieces_free(struct rpcs_pieces *pieces);

#endif

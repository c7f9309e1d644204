// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Joins pieces by CPU and packet id; most packets are one piece and cost no copy. */
#include "pieces.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One CPU's packet in several pieces; made when that CPU first sends one. */
struct rpcs_assembly {
	uint32_t packet_id;
	uint32_t filled;
	uint32_t lost_id; /* the last packet counted as incomplete */
	bool lost;
	uint8_t packet[RPCS_PACKET_MAX];
};

/* A packet with a piece that the ring had no room for; once, however many were lost. */
static void count_lost(struct rpcs_pieces *pieces, struct rpcs_assembly *assembly,
		       uint32_t packet_id)
{
	if (assembly->lost && assembly->lost_id == packet_id)
		return;
	assembly->lost = true;
	assembly->lost_id = packet_id;
	pieces->incomplete++;
}

/* The packet that `piece` goes on with or begins; NULL: its beginning was lost to the ring. */
static struct rpcs_assembly *assembly_of(struct rpcs_pieces *pieces,
					 const struct rpcs_record_piece *piece)
{
	struct rpcs_assembly **place = &pieces->assemblies[piece->cpu % RPCS_CPUS_MAX];
	struct rpcs_assembly *assembly;

	if (!*place)
		*place = calloc(1, sizeof(**place));
	assembly = *place;
	if (!assembly)
		return NULL;
	if (piece->offset == assembly->filled && piece->packet_id == assembly->packet_id)
		return assembly;
	if (assembly->filled)
		count_lost(pieces, assembly, assembly->packet_id);
	assembly->filled = 0;
	if (piece->offset != 0) {
		count_lost(pieces, assembly, piece->packet_id);
		return NULL;
	}
	assembly->packet_id = piece->packet_id;
	return assembly;
}

int rpcs_pieces_add(struct rpcs_pieces *pieces, const struct rpcs_record_piece *piece, uint32_t len,
		    const uint8_t **ret_packet)
{
	const uint8_t *bytes = (const uint8_t *)(piece + 1);
	struct rpcs_assembly *assembly;

	if (len < sizeof(*piece) || len - sizeof(*piece) < piece->piece_len ||
	    piece->packet_len > RPCS_PACKET_MAX || piece->offset > piece->packet_len ||
	    piece->piece_len > piece->packet_len - piece->offset)
		return -EINVAL;
	if (piece->piece_len == piece->packet_len) {
		*ret_packet = bytes;
		return 1;
	}
	assembly = assembly_of(pieces, piece);
	if (!assembly)
		return 0;
	memcpy(assembly->packet + piece->offset, bytes, piece->piece_len);
	assembly->filled += piece->piece_len;
	if (assembly->filled < piece->packet_len)
		return 0;
	assembly->filled = 0;
	*ret_packet = assembly->packet;
	return 1;
}

void rpcs_pieces_finish(struct rpcs_pieces *pieces)
{
	struct rpcs_assembly *assembly;
	int i;

	for (i = 0; i < RPCS_CPUS_MAX; i++) {
		assembly = pieces->assemblies[i];
		if (!assembly || !assembly->filled)
			continue;
		count_lost(pieces, assembly, assembly->packet_id);
		assembly->filled = 0;
	}
}

void rpcs_pieces_free(struct rpcs_pieces *pieces)
{
	int i;

	for (i = 0; i < RPCS_CPUS_MAX; i++)
		free(pieces->assemblies[i]);
}

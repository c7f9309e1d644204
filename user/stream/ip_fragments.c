// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fragments are kept as they came, sorted by offset; where two overlap the bytes
 * that came first win, and a difference is counted.
 */
#include "ip_fragments.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/fragment.h>

#include "../base/table.h"

enum {
	PACKETS_MAX = 4096,
	/* A packet in more pieces than this is made to cost time, not to arrive. */
	PIECES_MAX = 512,
	HEADER_MAX = 60,
};

struct piece {
	struct piece *next;
	uint32_t offset; /* in the packet's payload */
	uint32_t len;	 /* by the fragment's IP header */
	uint32_t available;
	uint8_t bytes[];
};

struct packet {
	struct rpcs_fragment_key key;
	struct piece *pieces;
	uint32_t piece_count, held;
	uint32_t covered; /* bytes of the payload that came */
	uint32_t total;	  /* of the payload; 0 until the last fragment came */
	uint32_t reach;	  /* the end of the piece that lies farthest back */
	uint64_t since_ns;
	uint8_t header[HEADER_MAX]; /* of the first fragment */
	uint8_t header_len;	    /* 0 until it came */
	uint8_t protocol;
};

struct rpcs_ip_fragments {
	struct rpcs_table *table;
	struct rpcs_ip_fragment_counts counts;
	uint64_t held, limit, timeout_ns;
	uint8_t whole[HEADER_MAX + 65536];
};

/** A fragment taken apart. */
struct fragment {
	struct rpcs_packet pkt;
	struct rpcs_fragment_key key;
	const uint8_t *header, *payload;
	uint32_t header_len;
	uint32_t offset, len, available;
	bool more;
	uint8_t protocol;
};

struct rpcs_ip_fragments *rpcs_ip_fragments_new(uint64_t byte_limit, uint64_t timeout_ns,
						const struct rpcs_hash_seed *seed)
{
	struct rpcs_ip_fragments *fragments = calloc(1, sizeof(*fragments));

	if (!fragments)
		return NULL;
	fragments->limit = byte_limit;
	fragments->timeout_ns = timeout_ns;
	fragments->table = rpcs_table_new(PACKETS_MAX, sizeof(struct rpcs_fragment_key),
					  sizeof(struct packet), seed);
	if (!fragments->table)
		rpcs_ip_fragments_free(&fragments);
	return fragments;
}

static void packet_drop(struct rpcs_ip_fragments *fragments, struct packet *packet)
{
	struct piece *piece;

	while ((piece = packet->pieces)) {
		packet->pieces = piece->next;
		free(piece);
	}
	fragments->held -= packet->held;
	rpcs_table_remove(fragments->table, packet);
}

void rpcs_ip_fragments_free(struct rpcs_ip_fragments **fragments)
{
	struct packet *packet;

	if (!*fragments)
		return;
	while ((*fragments)->table &&
	       (packet = rpcs_table_oldest((*fragments)->table, RPCS_LANE_FIRST)))
		packet_drop(*fragments, packet);
	rpcs_table_free(&(*fragments)->table);
	free(*fragments);
	*fragments = NULL;
}

static bool parse_ip4(struct fragment *f, const uint8_t *bytes, uint32_t len)
{
	uint32_t field = rpcs_load_be16(bytes + 6);

	f->offset = (field & 0x1fff) * 8;
	f->more = field & 0x2000;
	f->protocol = f->pkt.protocol;
	f->header_len = f->pkt.payload_offset;
	f->len = f->pkt.payload_len;
	f->payload = bytes + f->header_len;
	return f->header_len <= len;
}

/* The fixed header stands for all: what lies before the fragment header is for the routers. */
static bool parse_ip6(struct fragment *f, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *ext;
	uint32_t field;
	int i;

	for (i = 0; i < RPCS_IP6_EXTENSIONS_MAX; i++) {
		ext = bytes + f->pkt.payload_offset;
		if (f->pkt.payload_offset + 8 > len || f->pkt.payload_len < 8)
			return false;
		if (f->pkt.protocol == RPCS_IP_FRAGMENT)
			break;
		if (!rpcs_packet_is_extension(f->pkt.protocol) ||
		    rpcs_packet_extension(&f->pkt, bytes, bytes + len) != RPCS_PACKET_OK)
			return false;
	}
	if (i == RPCS_IP6_EXTENSIONS_MAX)
		return false;
	field = rpcs_load_be16(ext + 2);
	f->offset = field & 0xfff8;
	f->more = field & 1;
	f->protocol = ext[0];
	f->pkt.fragment_id = rpcs_load_be32(ext + 4);
	f->header_len = 40;
	f->len = f->pkt.payload_len - 8;
	f->payload = ext + 8;
	return true;
}

static bool fragment_parse(struct fragment *f, const uint8_t *bytes, uint32_t len)
{
	enum rpcs_packet_result result;
	uint32_t there;
	bool ip6;

	if (len < 20)
		return false;
	ip6 = (bytes[0] >> 4) == 6;
	result = rpcs_packet_network(&f->pkt, bytes, bytes + len, len,
				     ip6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4);
	if (result != RPCS_PACKET_OK && result != RPCS_PACKET_fragment_later)
		return false;
	f->header = bytes;
	if (!(ip6 ? parse_ip6(f, bytes, len) : parse_ip4(f, bytes, len)))
		return false;
	there = (uint32_t)(bytes + len - f->payload);
	f->available = there < f->len ? there : f->len;
	/* All but the last are multiples of 8; nothing reaches behind the largest packet. */
	if (f->len == 0 || (f->more && f->len % 8) || f->offset + f->len > 65535)
		return false;
	return rpcs_fragment_key_fill(&f->key, &f->pkt, bytes, bytes + len);
}

/* Puts the fragment's bytes [from, to) of the payload in before `*at`. */
static bool piece_insert(struct rpcs_ip_fragments *fragments, struct packet *packet,
			 struct piece **at, const struct fragment *f, uint32_t from, uint32_t to)
{
	uint32_t skip = from - f->offset;
	uint32_t there = f->available > skip ? f->available - skip : 0;
	struct piece *piece;

	if (there > to - from)
		there = to - from;
	if (packet->piece_count >= PIECES_MAX || !(piece = malloc(sizeof(*piece) + there)))
		return false;
	piece->next = *at;
	piece->offset = from;
	piece->len = to - from;
	piece->available = there;
	memcpy(piece->bytes, f->payload + skip, there);
	*at = piece;
	packet->piece_count++;
	packet->covered += piece->len;
	packet->held += (uint32_t)sizeof(*piece) + there;
	fragments->held += sizeof(*piece) + there;
	return true;
}

/* Does the fragment say something else of bytes that are there already? */
static bool differs(const struct piece *piece, const struct fragment *f)
{
	uint32_t from = piece->offset > f->offset ? piece->offset : f->offset;
	uint32_t to = piece->offset + piece->available;

	if (f->offset + f->available < to)
		to = f->offset + f->available;
	return from < to && memcmp(piece->bytes + (from - piece->offset),
				   f->payload + (from - f->offset), to - from) != 0;
}

static void packet_fill(struct rpcs_ip_fragments *fragments, struct packet *packet,
			const struct fragment *f)
{
	uint32_t from = f->offset, end = f->offset + f->len, to;
	struct piece **at = &packet->pieces;
	bool conflict = false;

	while (from < end) {
		while (*at && (*at)->offset + (*at)->len <= from)
			at = &(*at)->next;
		if (*at && (*at)->offset <= from) {
			conflict |= differs(*at, f);
			from = (*at)->offset + (*at)->len;
			continue;
		}
		to = *at && (*at)->offset < end ? (*at)->offset : end;
		if (!piece_insert(fragments, packet, at, f, from, to))
			break;
		from = to;
	}
	fragments->counts.overlaps += conflict;
	if (end > packet->reach)
		packet->reach = end;
	if (f->offset == 0 && !packet->header_len) {
		memcpy(packet->header, f->header, f->header_len);
		packet->header_len = (uint8_t)f->header_len;
		packet->protocol = f->protocol;
	}
	if (!f->more && packet->total == 0)
		packet->total = end;
}

static struct packet *packet_get(struct rpcs_ip_fragments *fragments, const struct fragment *f,
				 uint64_t now_ns)
{
	struct packet *packet = rpcs_table_find(fragments->table, &f->key);

	if (packet)
		return packet;
	if (rpcs_table_is_full(fragments->table)) {
		packet_drop(fragments, rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST));
		fragments->counts.evicted++;
	}
	packet = rpcs_table_add(fragments->table, &f->key);
	packet->since_ns = now_ns;
	return packet;
}

/* Header and payload in one piece, with the lengths of a packet that never was fragmented. */
static void packet_join(struct rpcs_ip_fragments *fragments, const struct packet *packet,
			struct rpcs_ip_packet *ret_packet)
{
	uint8_t *whole = fragments->whole;
	uint32_t len = packet->header_len, total;
	const struct piece *piece;
	bool ip6 = (packet->header[0] >> 4) == 6;

	memcpy(whole, packet->header, packet->header_len);
	total = packet->total + (ip6 ? 0 : packet->header_len);
	if (total > 65535)
		total = 65535;
	whole[ip6 ? 4 : 2] = (uint8_t)(total >> 8);
	whole[ip6 ? 5 : 3] = (uint8_t)total;
	if (ip6)
		whole[6] = packet->protocol;
	else
		whole[6] = whole[7] = 0;
	for (piece = packet->pieces; piece; piece = piece->next) {
		memcpy(whole + len, piece->bytes, piece->available);
		len += piece->available;
		if (piece->available < piece->len)
			break; /* the capture cut it: nothing behind it has its place */
	}
	ret_packet->bytes = whole;
	ret_packet->len = len;
	ret_packet->type = ip6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4;
}

bool rpcs_ip_fragments_add(struct rpcs_ip_fragments *fragments, const uint8_t *bytes, uint32_t len,
			   const struct rpcs_sighting *seen, struct rpcs_ip_packet *ret_packet)
{
	struct fragment f = { 0 };
	struct packet *packet;

	if (!fragment_parse(&f, bytes, len)) {
		fragments->counts.bad++;
		return false;
	}
	fragments->counts.fragments++;
	packet = packet_get(fragments, &f, seen->time_ns);
	packet_fill(fragments, packet, &f);
	/* Two ends, or bytes behind the end: no host puts that together. */
	if (packet->total && packet->reach > packet->total) {
		packet_drop(fragments, packet);
		fragments->counts.bad++;
		return false;
	}
	if (fragments->held > fragments->limit) {
		packet_drop(fragments, rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST));
		fragments->counts.evicted++;
		return false;
	}
	if (!packet->total || !packet->header_len || packet->covered < packet->total)
		return false;
	packet_join(fragments, packet, ret_packet);
	ret_packet->seen = *seen;
	packet_drop(fragments, packet);
	fragments->counts.reassembled++;
	return true;
}

void rpcs_ip_fragments_expire(struct rpcs_ip_fragments *fragments, uint64_t now_ns)
{
	struct packet *packet;

	while ((packet = rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST)) &&
	       packet->since_ns + fragments->timeout_ns <= now_ns) {
		packet_drop(fragments, packet);
		fragments->counts.expired++;
	}
}

const struct rpcs_ip_fragment_counts *
rpcs_ip_fragments_counts(const struct rpcs_ip_fragments *fragments)
{
	return &fragments->counts;
}

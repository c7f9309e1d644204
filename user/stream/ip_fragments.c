// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fragments are kept as they came, sorted by offset; where two overlap the bytes
 * that came first win, and a difference is counted.
 */
#include "ip_fragments.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/table.h"
#include "fragment_parse.h"

enum {
	PACKETS_MAX = 4096,
	/* No search goes over more pieces than lie in one such part of the payload. */
	PART_BYTES = 4096,
	PARTS = 65536 / PART_BYTES + 1,
	HEADER_MAX = 60,
	/* detections.md, 1110047: no link makes such fragments of a packet that needs none. */
	NEEDLESS_UNDER = 256,
	NEEDLESS_WHOLE_MAX = 1280,
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
	struct piece *before[PARTS]; /* the last piece that ends where the part begins, or before */
	uint32_t held;
	uint32_t covered; /* bytes of the payload that came */
	uint32_t total;	  /* of the payload; 0 until the last fragment came */
	uint32_t reach;	  /* the end of the piece that lies farthest back */
	uint64_t since_ns;
	uint8_t header[HEADER_MAX]; /* of the first fragment */
	uint8_t header_len;	    /* 0 until it came */
	uint8_t protocol;
	bool has_ports; /* tuple is set */
	bool told_overlap, told_needless;
	uint32_t smallest; /* payload of the smallest fragment but the last; 0 for none */
	struct rpcs_tuple tuple;
	struct rpcs_overlap overlap; /* the first; bytes 0 for none */
};

struct rpcs_ip_fragments {
	struct rpcs_table *table;
	struct rpcs_ip_fragment_counts counts;
	uint64_t held, limit, timeout_ns;
	rpcs_overlap_fn told;
	void *told_arg;
	uint8_t whole[HEADER_MAX + 65536];
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

void rpcs_ip_fragments_watch(struct rpcs_ip_fragments *fragments, rpcs_overlap_fn told, void *arg)
{
	fragments->told = told;
	fragments->told_arg = arg;
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

/* Where to look for the first piece that ends behind `from`. */
static struct piece **piece_place(struct packet *packet, uint32_t from)
{
	struct piece *before = packet->before[from / PART_BYTES];
	struct piece **at = before ? &before->next : &packet->pieces;

	while (*at && (*at)->offset + (*at)->len <= from)
		at = &(*at)->next;
	return at;
}

static void piece_note(struct packet *packet, struct piece *piece)
{
	uint32_t end = piece->offset + piece->len;
	uint32_t part = (end + PART_BYTES - 1) / PART_BYTES;

	for (; part < PARTS; part++)
		if (!packet->before[part] || packet->before[part]->offset < piece->offset)
			packet->before[part] = piece;
}

/* Puts the fragment's bytes [from, to) of the payload in before `*at`. */
static bool piece_insert(struct rpcs_ip_fragments *fragments, struct packet *packet,
			 struct piece **at, const struct rpcs_ip_fragment *f, uint32_t from,
			 uint32_t to)
{
	uint32_t skip = from - f->offset;
	uint32_t there = f->available > skip ? f->available - skip : 0;
	struct piece *piece;

	if (there > to - from)
		there = to - from;
	piece = malloc(sizeof(*piece) + there);
	if (!piece)
		return false;
	piece->next = *at;
	piece->offset = from;
	piece->len = to - from;
	piece->available = there;
	memcpy(piece->bytes, f->payload + skip, there);
	*at = piece;
	piece_note(packet, piece);
	packet->covered += piece->len;
	packet->held += (uint32_t)sizeof(*piece) + there;
	fragments->held += sizeof(*piece) + there;
	return true;
}

/* What the fragment says otherwise of bytes that are there already. */
static void compare(const struct piece *piece, const struct rpcs_ip_fragment *f,
		    struct rpcs_overlap *overlap)
{
	uint32_t at = piece->offset > f->offset ? piece->offset : f->offset;
	uint32_t to = piece->offset + piece->available;
	const uint8_t *was, *is;

	if (f->offset + f->available < to)
		to = f->offset + f->available;
	for (; at < to; at++) {
		was = piece->bytes + (at - piece->offset);
		is = f->payload + (at - f->offset);
		if (*was == *is || overlap->bytes++)
			continue;
		overlap->seq = at;
		overlap->shown = to - at < sizeof(overlap->was) ? to - at : sizeof(overlap->was);
		memcpy(overlap->was, was, overlap->shown);
		memcpy(overlap->is, is, overlap->shown);
	}
}

/* The ports of a first fragment. Behind more extension headers only where all are there. */
static void packet_ports(struct packet *packet, const uint8_t *ip, uint32_t len, uint8_t protocol,
			 const uint8_t *transport, uint32_t available)
{
	struct rpcs_tuple *tuple = &packet->tuple;
	struct rpcs_packet pkt = { 0 };

	tuple->protocol = protocol;
	if ((protocol == RPCS_IP_UDP || protocol == RPCS_IP_TCP) && available >= 4) {
		tuple->sport = rpcs_load_be16(transport);
		tuple->dport = rpcs_load_be16(transport + 2);
	} else if (rpcs_packet_parse(&pkt, ip, ip + len, len,
				     (ip[0] >> 4) == 6 ? RPCS_ETH_IP6 : RPCS_ETH_IP4) ==
		   RPCS_PACKET_OK) {
		tuple->sport = pkt.sport;
		tuple->dport = pkt.dport;
		tuple->protocol = pkt.protocol;
	} else {
		return;
	}
	memcpy(tuple->src.bytes, packet->key.src, sizeof(packet->key.src));
	memcpy(tuple->dst.bytes, packet->key.dst, sizeof(packet->key.dst));
	packet->has_ports = true;
}

static uint32_t packet_whole(const struct packet *packet)
{
	return packet->header_len + packet->total;
}

/* Tells what is known by now, each once. */
static void packet_tell(struct rpcs_ip_fragments *fragments, struct packet *packet,
			const struct rpcs_sighting *seen)
{
	struct rpcs_overlap needless = {
		.tuple = packet->tuple,
		.seen = *seen,
		.fragments = true,
		.needless = true,
		.smallest = packet->smallest,
		.whole = packet_whole(packet),
	};

	if (!packet->has_ports || !fragments->told)
		return;
	if (packet->overlap.bytes && !packet->told_overlap) {
		packet->told_overlap = true;
		packet->overlap.tuple = packet->tuple;
		fragments->told(fragments->told_arg, &packet->overlap);
	}
	if (packet->total && packet->reach <= packet->total && packet->smallest &&
	    packet->smallest < NEEDLESS_UNDER && packet_whole(packet) <= NEEDLESS_WHOLE_MAX &&
	    !packet->told_needless) {
		packet->told_needless = true;
		fragments->told(fragments->told_arg, &needless);
	}
}

static void packet_fill(struct rpcs_ip_fragments *fragments, struct packet *packet,
			const struct rpcs_ip_fragment *f, const struct rpcs_sighting *seen)
{
	uint32_t from = f->offset, end = f->offset + f->len, to;
	struct rpcs_overlap overlap = { .seen = *seen, .fragments = true };
	struct piece **at = piece_place(packet, from);

	while (from < end) {
		while (*at && (*at)->offset + (*at)->len <= from)
			at = &(*at)->next;
		if (*at && (*at)->offset <= from) {
			compare(*at, f, &overlap);
			from = (*at)->offset + (*at)->len;
			continue;
		}
		to = *at && (*at)->offset < end ? (*at)->offset : end;
		if (!piece_insert(fragments, packet, at, f, from, to))
			break;
		from = to;
	}
	fragments->counts.overlaps += overlap.bytes != 0;
	if (!packet->overlap.bytes)
		packet->overlap = overlap;
	if (f->more && (!packet->smallest || f->len < packet->smallest))
		packet->smallest = f->len;
	if (end > packet->reach)
		packet->reach = end;
	if (f->offset == 0 && !packet->header_len) {
		memcpy(packet->header, f->header, f->header_len);
		packet->header_len = (uint8_t)f->header_len;
		packet->protocol = f->protocol;
		packet_ports(packet, f->header, (uint32_t)(f->payload - f->header) + f->available,
			     f->protocol, f->payload, f->available);
	}
	if (!f->more && packet->total == 0)
		packet->total = end;
}

static struct packet *packet_get(struct rpcs_ip_fragments *fragments,
				 const struct rpcs_ip_fragment *f, uint64_t now_ns)
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

/* A fragment may be larger than all of the oldest packet: as many go as it takes. */
static void hold_limit(struct rpcs_ip_fragments *fragments)
{
	while (fragments->held > fragments->limit) {
		packet_drop(fragments, rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST));
		fragments->counts.evicted++;
	}
}

bool rpcs_ip_fragments_add(struct rpcs_ip_fragments *fragments, const uint8_t *bytes, uint32_t len,
			   const struct rpcs_sighting *seen, struct rpcs_ip_packet *ret_packet)
{
	struct rpcs_ip_fragment f = { 0 };
	struct packet *packet;

	if (!rpcs_ip_fragment_parse(&f, bytes, len)) {
		fragments->counts.bad++;
		return false;
	}
	fragments->counts.fragments++;
	packet = packet_get(fragments, &f, seen->time_ns);
	packet_fill(fragments, packet, &f, seen);
	packet_tell(fragments, packet, seen);
	/* Two ends, or bytes behind the end: no host puts that together. */
	if (packet->total && packet->reach > packet->total) {
		packet_drop(fragments, packet);
		fragments->counts.bad++;
		return false;
	}
	if (!packet->total || !packet->header_len || packet->covered < packet->total) {
		hold_limit(fragments);
		return false;
	}
	packet_join(fragments, packet, ret_packet);
	if (!packet->has_ports) {
		packet_ports(packet, ret_packet->bytes, ret_packet->len, 0, NULL, 0);
		packet_tell(fragments, packet, seen);
	}
	ret_packet->seen = *seen;
	packet_drop(fragments, packet);
	fragments->counts.reassembled++;
	return true;
}

static void packet_expire(struct rpcs_ip_fragments *fragments, struct packet *packet)
{
	packet_drop(fragments, packet);
	fragments->counts.expired++;
}

void rpcs_ip_fragments_expire(struct rpcs_ip_fragments *fragments, uint64_t now_ns)
{
	struct packet *packet;

	while ((packet = rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST)) &&
	       rpcs_time_is_up(packet->since_ns, fragments->timeout_ns, now_ns))
		packet_expire(fragments, packet);
}

void rpcs_ip_fragments_finish(struct rpcs_ip_fragments *fragments)
{
	struct packet *packet;

	while ((packet = rpcs_table_oldest(fragments->table, RPCS_LANE_FIRST)))
		packet_expire(fragments, packet);
}

const struct rpcs_ip_fragment_counts *
rpcs_ip_fragments_counts(const struct rpcs_ip_fragments *fragments)
{
	return &fragments->counts;
}

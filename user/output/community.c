// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Community ID version 1: the same text for both directions of a flow, in every tool. */
#include <endian.h>
#include <string.h>

#include <nettle/sha1.h>

#include <rpcsentry/cursor.h>

#include "community.h"

enum { SEED_LEN = 2, IP4_LEN = 4, IP6_LEN = 16 };

typedef int8_t sixteen __attribute__((vector_size(16)));

/*
 * What is hashed: a seed, two addresses, a protocol, a zero, two ports, of the lesser end first;
 * then what SHA-1 adds, a bit and the length, all in one block. It is stored in pieces of the size
 * in which it is loaded: else the loads would wait until the stores are done.
 */
static void block_ip4(rpcs_pair block[4], const struct rpcs_tuple *tuple)
{
	uint64_t src = rpcs_load_be32(tuple->src.bytes + IP6_LEN - IP4_LEN);
	uint64_t dst = rpcs_load_be32(tuple->dst.bytes + IP6_LEN - IP4_LEN);
	uint64_t a = src << 16 | tuple->sport, b = dst << 16 | tuple->dport;
	uint64_t first = a < b ? a : b, second = a < b ? b : a;
	uint64_t lower = second >> 16 << 48 | (uint64_t)tuple->protocol << 40 |
			 (first & UINT16_MAX) << 16 | (second & UINT16_MAX);

	block[0] = (rpcs_pair){ htobe64(first >> 16 << 16 | second >> 32), htobe64(lower) };
	block[1] = (rpcs_pair){ htobe64(1ULL << 63) };
	block[2] = (rpcs_pair){ 0 };
	block[3] = (rpcs_pair){ 0, htobe64(8 * sizeof(rpcs_pair)) };
}

/* Is the tuple the one of its two directions that the id is made of? */
static bool is_ordered(const struct rpcs_tuple *tuple)
{
	int order = memcmp(tuple->src.bytes, tuple->dst.bytes, IP6_LEN);

	return order < 0 || (order == 0 && tuple->sport < tuple->dport);
}

/* Apart, so that IPv4 has no registers to put aside. */
__attribute__((noinline)) static void block_ip6(rpcs_pair block[4], const struct rpcs_tuple *tuple)
{
	bool ordered = is_ordered(tuple);
	uint16_t first = ordered ? tuple->sport : tuple->dport;
	uint16_t second = ordered ? tuple->dport : tuple->sport;
	uint32_t ports = htobe32((uint32_t)first << 16 | second);
	uint8_t *p = (uint8_t *)block + SEED_LEN;

	memset(block, 0, SHA1_BLOCK_SIZE);
	memcpy(p, ordered ? tuple->src.bytes : tuple->dst.bytes, IP6_LEN);
	p += IP6_LEN;
	memcpy(p, ordered ? tuple->dst.bytes : tuple->src.bytes, IP6_LEN);
	p += IP6_LEN;
	p[0] = tuple->protocol;
	p = (uint8_t *)memcpy(p + 2, &ports, sizeof(ports)) + sizeof(ports);
	*p = 0x80;
	block[3][1] = htobe64(8 * (uint64_t)(p - (uint8_t *)block));
}

/* Twice 48 bits as eight characters each. */
static sixteen base64(uint64_t first, uint64_t second)
{
	rpcs_pair bits = { first, second };
	sixteen six;

	/* Halves change places, then their halves and theirs: six in each byte, the first ahead. */
	bits = bits >> 24 | (bits & 0xffffffULL) << 32;
	bits = (bits >> 12 & 0xfff00000fffULL) | (bits & 0xfff00000fffULL) << 16;
	bits = (bits >> 6 & 0x3f003f003f003fULL) | (bits & 0x3f003f003f003fULL) << 8;
	bits = (rpcs_pair){ htole64(bits[0]), htole64(bits[1]) };
	/* A to Z, a to z, 0 to 9, '+' and '/', by how far each range is from the one before. */
	six = (sixteen)bits;
	return six + 'A' + ((six > 25) & ('a' - 'Z' - 1)) - ((six > 51) & ('z' + 1 - '0')) -
	       ((six > 61) & ('9' + 1 - '+')) + ((six > 62) & ('/' - '+' - 1));
}

/* "1:", 160 bits in base64, which are 27 characters, and a filler. */
static void put(char *text, const uint32_t digest[5])
{
	sixteen first = base64((uint64_t)digest[0] << 16 | digest[1] >> 16,
			       (uint64_t)(digest[1] & 0xffff) << 32 | digest[2]);
	sixteen second = base64((uint64_t)digest[3] << 16 | digest[4] >> 16,
				(uint64_t)(digest[4] & 0xffff) << 32);

	memcpy(text, "1:", 2);
	memcpy(text + 2, &first, 16);
	memcpy(text + 18, &second, 11);
	text[29] = '=';
}

void rpcs_community_ids_add(struct rpcs_community_ids *ids, const struct rpcs_tuple *tuple,
			    char *text)
{
	uint32_t i = ids->count++;

	ids->waiting[i].text = text;
	if (rpcs_address_is_ip4(&tuple->src) && rpcs_address_is_ip4(&tuple->dst))
		block_ip4(ids->waiting[i].block, tuple);
	else
		block_ip6(ids->waiting[i].block, tuple);
}

void rpcs_community_ids_make(struct rpcs_community_ids *ids)
{
	static const uint32_t start[] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
					  0xc3d2e1f0 };
	uint32_t digests[RPCS_COMMUNITY_IDS][5];
	uint32_t i;

	/* Nothing between them that waits for one. */
	for (i = 0; i < ids->count; i++) {
		memcpy(digests[i], start, sizeof(start));
		nettle_sha1_compress(digests[i], (const uint8_t *)ids->waiting[i].block);
	}
	for (i = 0; i < ids->count; i++)
		put(ids->waiting[i].text, digests[i]);
	ids->count = 0;
}

void rpcs_community_id(const struct rpcs_tuple *tuple, char text[RPCS_COMMUNITY_ID_LEN + 1])
{
	struct rpcs_community_ids ids = { .count = 0 };

	rpcs_community_ids_add(&ids, tuple, text);
	rpcs_community_ids_make(&ids);
	text[RPCS_COMMUNITY_ID_LEN] = '\0';
}

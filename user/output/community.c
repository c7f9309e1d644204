// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Community ID version 1: the same text for both directions of a flow, in every tool. */
#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "outputs.h"

enum {
	SEED_LEN = 2,
	IP4_LEN = 4,
	IP6_LEN = 16,
	/* seed, two addresses, protocol, a zero, two ports */
	INPUT_MAX = SEED_LEN + 2 * IP6_LEN + 2 + 4,
	ID_LEN = 2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE),
};

static void put_be16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

/* Is the tuple the one of its two directions that the id is made of: the lesser end first? */
static bool is_ordered(const struct rpcs_tuple *tuple)
{
	int order = memcmp(tuple->src.bytes, tuple->dst.bytes, IP6_LEN);

	return order < 0 || (order == 0 && tuple->sport < tuple->dport);
}

size_t rpcs_community_id(const struct rpcs_tuple *tuple, char text[40])
{
	bool ip4 = rpcs_address_is_ip4(&tuple->src) && rpcs_address_is_ip4(&tuple->dst);
	bool ordered = is_ordered(tuple);
	const uint8_t *first = ordered ? tuple->src.bytes : tuple->dst.bytes;
	const uint8_t *second = ordered ? tuple->dst.bytes : tuple->src.bytes;
	size_t len = ip4 ? IP4_LEN : IP6_LEN;
	uint8_t input[INPUT_MAX] = { 0 };
	uint8_t digest[SHA1_DIGEST_SIZE];
	uint8_t *p = input + SEED_LEN;
	struct sha1_ctx sha1;

	memcpy(p, first + IP6_LEN - len, len);
	p += len;
	memcpy(p, second + IP6_LEN - len, len);
	p += len;
	*p++ = tuple->protocol;
	*p++ = 0;
	put_be16(p, ordered ? tuple->sport : tuple->dport);
	put_be16(p + 2, ordered ? tuple->dport : tuple->sport);
	p += 4;

	sha1_init(&sha1);
	sha1_update(&sha1, p - input, input);
	sha1_digest(&sha1, sizeof(digest), digest);
	memcpy(text, "1:", 2);
	base64_encode_raw(text + 2, sizeof(digest), digest);
	text[ID_LEN] = '\0';
	return ID_LEN;
}

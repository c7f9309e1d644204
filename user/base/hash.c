// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SipHash-1-3 (Aumasson and Bernstein): one round a word, three at the end; and a hash of short
 * keys for tables.
 *
 * The latter is a sum of products, one for each 128 bits: (first + secret) * (second + secret), all
 * of it kept. Two keys, chosen without knowing the secrets, have one sum with a chance of 2^-64,
 * whichever they are (NH of Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC: fast and secure
 * message authentication"). One more product with secrets stirs the sum into 64 bits. Nobody
 * outside sees a value, nor how long a look-up took, since a sensor answers nothing: so no key
 * can be chosen by what came of earlier ones.
 */
#include "hash.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t sip_rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = sip_rotate(s->v1, 13) ^ s->v0;
	s->v0 = sip_rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = sip_rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = sip_rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = sip_rotate(s->v1, 17) ^ s->v2;
	s->v2 = sip_rotate(s->v2, 32);
}

static inline void sip_word(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* Words are little-endian by definition; a short one is filled up with zeros. */
static inline uint64_t sip_load(const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, bytes, len);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

uint64_t rpcs_hash(const struct rpcs_hash_seed *seed, const void *data, size_t len)
{
	struct sip_state s = {
		.v0 = seed->k0 ^ 0x736f6d6570736575ULL,
		.v1 = seed->k1 ^ 0x646f72616e646f6dULL,
		.v2 = seed->k0 ^ 0x6c7967656e657261ULL,
		.v3 = seed->k1 ^ 0x7465646279746573ULL,
	};
	const uint8_t *bytes = data;
	size_t left = len;

	for (; left >= 8; left -= 8, bytes += 8)
		sip_word(&s, sip_load(bytes, 8));
	/* The last word holds the rest and, on top, the length. */
	sip_word(&s, (left ? sip_load(bytes, left) : 0) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/*
 * The fixed seed of `read` is known: a capture could be made against it. Where a key stands in a
 * table shows in nothing, so that this need not repeat.
 */
static struct rpcs_hash_seed with_own_secret(const struct rpcs_hash_seed *seed)
{
	static struct rpcs_hash_seed own;
	static bool drawn;

	if (!drawn)
		drawn = rpcs_hash_seed_random(&own) == 0;
	return (struct rpcs_hash_seed){ seed->k0 ^ own.k0, seed->k1 ^ own.k1 };
}

void rpcs_key_hash_init(struct rpcs_key_hash *hash, const struct rpcs_hash_seed *seed, uint32_t len)
{
	uint32_t i;

	*hash = (struct rpcs_key_hash){ .seed = with_own_secret(seed), .len = len };
	if (len < 8 || len > RPCS_KEY_PAIRS_MAX * 16)
		return;
	hash->pairs = (len + 15) / 16;
	for (i = 0; i < (RPCS_KEY_PAIRS_MAX + 1) * 2; i++)
		hash->secret[i / 2][i % 2] = rpcs_hash(&hash->seed, &i, sizeof(i));
}

static inline unsigned __int128 product(const uint8_t *first, const uint8_t *second,
					const uint64_t *secrets)
{
	uint64_t a, b;

	memcpy(&a, first, sizeof(a));
	memcpy(&b, second, sizeof(b));
	return (unsigned __int128)(a + secrets[0]) * (b + secrets[1]);
}

uint64_t rpcs_key_hash(const struct rpcs_key_hash *hash, const void *key)
{
	const uint64_t(*secrets)[2] = hash->secret;
	const uint8_t *bytes = key, *end = bytes + hash->len;
	uint32_t pairs = hash->pairs;
	unsigned __int128 sum;

	if (!pairs)
		return rpcs_hash(&hash->seed, key, hash->len);
	/* The last pair may begin before the one ahead of it ends; so may its halves. */
	sum = product(pairs == 1 && hash->len < 16 ? bytes : end - 16, end - 8, secrets[0]);
	if (pairs > 1)
		sum += product(bytes, bytes + 8, secrets[1]);
	if (pairs > 2)
		sum += product(bytes + 16, bytes + 24, secrets[2]);
	if (pairs > 3)
		sum += product(bytes + 32, bytes + 40, secrets[3]);
	secrets += RPCS_KEY_PAIRS_MAX;
	sum = ((uint64_t)sum ^ secrets[0][0]) *
	      (unsigned __int128)((uint64_t)(sum >> 64) ^ secrets[0][1]);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

int rpcs_hash_seed_random(struct rpcs_hash_seed *ret_seed)
{
	struct rpcs_hash_seed seed;
	ssize_t got;

	do {
		got = getrandom(&seed, sizeof(seed), 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got != sizeof(seed)) /* up to 256 bytes come whole (getrandom(2)) */
		return -EIO;
	*ret_seed = seed;
	return 0;
}

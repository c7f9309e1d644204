/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Seeded hashing: an attacker who chooses keys cannot choose buckets. */
#ifndef RPCSENTRY_BASE_HASH_H
#define RPCSENTRY_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The secret of this process; from getrandom() live, fixed for `read` so that runs repeat. */
struct rpcs_hash_seed {
	uint64_t k0, k1;
};

/** SipHash-1-3 of `len` bytes. */
uint64_t rpcs_hash(const struct rpcs_hash_seed *seed, const void *data, size_t len);

enum {
	/* The longest key that rpcs_key_hash() takes itself; longer ones go to rpcs_hash(). */
	RPCS_KEY_PAIRS_MAX = 4, /* of 64 bits */
};

/** Secrets for the keys of one table, all of one length. */
struct rpcs_key_hash {
	struct rpcs_hash_seed seed;
	uint32_t len, pairs;
	uint64_t secret[RPCS_KEY_PAIRS_MAX + 1][2];
};

/** Draws the secrets from the seed and one of this process's own, for keys of `len` bytes. */
void rpcs_key_hash_init(struct rpcs_key_hash *hash, const struct rpcs_hash_seed *seed,
			uint32_t len);

/**
 * A hash of a key for choosing its place in a table, by its upper bits: quicker than rpcs_hash(),
 * whose secret nobody finds from its values, as they would from these. So they stay inside.
 */
uint64_t rpcs_key_hash(const struct rpcs_key_hash *hash, const void *key);

static inline uint64_t rpcs_key_word(const void *key, uint32_t at)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)key + at, sizeof(word));
	return word;
}

/**
 * Whether two keys of `len` bytes are the same. In line: a call of memcmp() costs more than it
 * does. The last words may begin before those ahead of them end.
 */
static inline bool rpcs_key_equal(const void *key, const void *other, uint32_t len)
{
	uint32_t at, last = len - 8;
	uint64_t differs;

	if (len < 8)
		return memcmp(key, other, len) == 0;
	differs = rpcs_key_word(key, last) ^ rpcs_key_word(other, last);
	for (at = 0; at < last; at += 8)
		differs |= rpcs_key_word(key, at) ^ rpcs_key_word(other, at);
	return !differs;
}

/** Copies a key, in line as well. */
static inline void rpcs_key_copy(void *to, const void *from, uint32_t len)
{
	uint32_t at, last = len - 8;
	uint64_t word;

	if (len < 8) {
		memcpy(to, from, len);
		return;
	}
	for (at = 0; at < last; at += 8) {
		word = rpcs_key_word(from, at);
		memcpy((uint8_t *)to + at, &word, sizeof(word));
	}
	word = rpcs_key_word(from, last);
	memcpy((uint8_t *)to + last, &word, sizeof(word));
}

/** Fills the seed from getrandom(); 0 or -errno. */
int rpcs_hash_seed_random(struct rpcs_hash_seed *ret_seed);

#endif

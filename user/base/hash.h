/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Seeded hashing: an attacker who chooses keys cannot choose buckets. */
#ifndef RPCSENTRY_BASE_HASH_H
#define RPCSENTRY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** The secret of this process; from getrandom() live, fixed for `read` so that runs repeat. */
struct rpcs_hash_seed {
	uint64_t k0, k1;
};

/** SipHash-1-3 of `len` bytes. */
uint64_t rpcs_hash(const struct rpcs_hash_seed *seed, const void *data, size_t len);

enum {
	/* The longest key that rpcs_key_hash() takes itself; longer ones go to rpcs_hash(). */
	RPCS_KEY_WORDS_MAX = 8,
};

/** Secrets for the keys of one table, all of one length. */
struct rpcs_key_hash {
	struct rpcs_hash_seed seed;
	uint32_t len, words;
	uint64_t secret[RPCS_KEY_WORDS_MAX][2];
};

/** Draws the secrets from the seed and one of this process's own, for keys of `len` bytes. */
void rpcs_key_hash_init(struct rpcs_key_hash *hash, const struct rpcs_hash_seed *seed,
			uint32_t len);

/**
 * A hash of a key for choosing its place in a table, by its upper bits: quicker than rpcs_hash(),
 * whose secret nobody finds from its values, as they would from these. So they stay inside.
 */
uint64_t rpcs_key_hash(const struct rpcs_key_hash *hash, const void *key);

/** Fills the seed from getrandom(); 0 or -errno. */
int rpcs_hash_seed_random(struct rpcs_hash_seed *ret_seed);

#endif

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

/** Fills the seed from getrandom(); 0 or -errno. */
int rpcs_hash_seed_random(struct rpcs_hash_seed *ret_seed);

#endif

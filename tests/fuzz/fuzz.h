/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the fuzz targets share: taking values from the input, and a check that ends the run. */
#ifndef RPCSENTRY_TESTS_FUZZ_H
#define RPCSENTRY_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/cursor.h>

/** The fuzzer's entry; every target defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** An invariant. Where it breaks, the fuzzer keeps the input. */
#define FUZZ_HOLDS(x)                                                                          \
	do {                                                                                   \
		if (!(x)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/** The rest of the input; what is taken behind its end is 0. */
struct fuzz_input {
	const uint8_t *pos;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->pos++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t high = fuzz_u16(in);

	return high << 16 | fuzz_u16(in);
}

/** How often something is repeated: few times, or more than any table takes, which is slow. */
static inline uint32_t fuzz_count(struct fuzz_input *in)
{
	uint8_t count = fuzz_u8(in);

	return count == 0xff && fuzz_u8(in) == 0xff ? 4200 : count;
}

/** At most `want` bytes of the input itself. */
static inline const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t want, size_t *ret_len)
{
	const uint8_t *bytes = in->pos;

	*ret_len = want < in->left ? want : in->left;
	in->pos += *ret_len;
	in->left -= *ret_len;
	return bytes;
}

/** A copy of its own, so that a read behind the end is seen; never NULL. */
static inline uint8_t *fuzz_copy(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	FUZZ_HOLDS(copy);
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

#endif

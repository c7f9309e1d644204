/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that is read in large pieces, so that what it holds can be taken where it lies. The
 * stream over it gives a library the same bytes, from where the taking has come to.
 *
 * Pieces go to two halves in turn, so what was taken lasts until the second turn after.
 */
#ifndef RPCSENTRY_SOURCE_AHEAD_H
#define RPCSENTRY_SOURCE_AHEAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	/* Small enough to stay in a processor's own cache beside the tables. */
	RPCS_AHEAD_BYTES = 1 << 16,
};

/** Before what is read there is room for the rest of the other half, which goes on in it. */
struct rpcs_ahead_half {
	uint8_t rest[RPCS_AHEAD_BYTES];
	uint8_t bytes[RPCS_AHEAD_BYTES];
};

struct rpcs_ahead {
	FILE *stream; /* closing it closes `fd`, but for standard input */
	int fd;
	uint32_t half;	       /* the one that was read to last */
	const uint8_t *pinned; /* these are in use, with what came since; NULL: none are */
	uint64_t read;	       /* bytes of the file so far */
	uint8_t *at, *have;    /* the next byte, and where they end */
	struct rpcs_ahead_half halves[2];
};

/** Opens a file, "-" for standard input. 0 or -errno. */
int rpcs_ahead_open(struct rpcs_ahead *ahead, const char *path);

/**
 * The next `len` bytes, which are not taken yet. Reads at most once.
 * NULL: fewer are there, which the stream will tell of.
 */
const uint8_t *rpcs_ahead_peek(struct rpcs_ahead *ahead, size_t len);

/** Takes `len` of the bytes that were peeked at. */
static inline void rpcs_ahead_take(struct rpcs_ahead *ahead, size_t len)
{
	ahead->at += len;
}

/** Until they are let go, peeking goes only as far as these bytes, and what came since, last. */
static inline void rpcs_ahead_pin(struct rpcs_ahead *ahead, const uint8_t *bytes)
{
	ahead->pinned = bytes;
}

static inline void rpcs_ahead_let_go(struct rpcs_ahead *ahead)
{
	ahead->pinned = NULL;
}

/** How far the taking has come. */
static inline uint64_t rpcs_ahead_position(const struct rpcs_ahead *ahead)
{
	return ahead->read - (uint64_t)(ahead->have - ahead->at);
}

#endif

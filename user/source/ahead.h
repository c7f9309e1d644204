/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that is read in large pieces, so that what it holds can be taken where it lies. The
 * stream over it gives a library the same bytes, from where the taking has come to.
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

struct rpcs_ahead {
	FILE *stream; /* closing it closes `fd`, but for standard input */
	int fd;
	uint64_t read;	 /* bytes of the file so far */
	size_t at, have; /* in `bytes`: the next one, and how many there are */
	uint8_t bytes[RPCS_AHEAD_BYTES];
};

/** Opens a file, "-" for standard input. 0 or -errno. */
int rpcs_ahead_open(struct rpcs_ahead *ahead, const char *path);

/**
 * The next `len` bytes, valid until the next call; they are not taken yet. Reads at most once.
 * NULL: fewer are there, which the stream will tell of.
 */
const uint8_t *rpcs_ahead_peek(struct rpcs_ahead *ahead, size_t len);

/** Takes `len` of the bytes that were peeked at. */
static inline void rpcs_ahead_take(struct rpcs_ahead *ahead, size_t len)
{
	ahead->at += len;
}

/** How far the taking has come. */
static inline uint64_t rpcs_ahead_position(const struct rpcs_ahead *ahead)
{
	return ahead->read - (ahead->have - ahead->at);
}

#endif

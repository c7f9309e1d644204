// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One buffer in two halves, and a stream without one of its own that reads from it. */
#include "ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* One read() into the room that there is; 0 at the end, or -1. */
static ssize_t ahead_read(struct rpcs_ahead *ahead, void *to, size_t size)
{
	ssize_t got;

	do
		got = read(ahead->fd, to, size);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		ahead->read += (uint64_t)got;
	return got;
}

/* The room behind what is there. */
static size_t room(const struct rpcs_ahead *ahead)
{
	return (size_t)(ahead->halves[ahead->half].bytes + RPCS_AHEAD_BYTES - ahead->have);
}

/* Are bytes of the other half in use, or those of nobody knows where? */
static bool is_pinned(const struct rpcs_ahead *ahead)
{
	const struct rpcs_ahead_half *half = &ahead->halves[ahead->half];

	return ahead->pinned && (uintptr_t)ahead->pinned - (uintptr_t)half >= sizeof(*half);
}

static void turn_over(struct rpcs_ahead *ahead)
{
	struct rpcs_ahead_half *half = &ahead->halves[ahead->half ^= 1];
	size_t left = (size_t)(ahead->have - ahead->at);
	uint8_t *rest = half->rest + sizeof(half->rest) - left;

	memcpy(rest, ahead->at, left);
	ahead->at = rest;
	ahead->have = half->bytes;
}

/* Reads behind what is there, which is to become `len` bytes. */
__attribute__((noinline)) static ssize_t ahead_fill(struct rpcs_ahead *ahead, size_t len)
{
	ssize_t got;

	if (room(ahead) < len - (size_t)(ahead->have - ahead->at)) {
		if (is_pinned(ahead))
			return 0;
		turn_over(ahead);
	}
	got = ahead_read(ahead, ahead->have, room(ahead));
	if (got > 0)
		ahead->have += got;
	return got;
}

static ssize_t stream_read(void *cookie, char *to, size_t size)
{
	struct rpcs_ahead *ahead = cookie;
	size_t left;

	if (ahead->at == ahead->have) {
		ssize_t got = size < RPCS_AHEAD_BYTES ? ahead_fill(ahead, 1)
						      : ahead_read(ahead, to, size);

		if (got <= 0 || size >= RPCS_AHEAD_BYTES)
			return got;
	}
	left = (size_t)(ahead->have - ahead->at);
	if (size > left)
		size = left;
	memcpy(to, ahead->at, size);
	ahead->at += size;
	return (ssize_t)size;
}

static int stream_close(void *cookie)
{
	struct rpcs_ahead *ahead = cookie;

	return ahead->fd == STDIN_FILENO ? 0 : close(ahead->fd);
}

int rpcs_ahead_open(struct rpcs_ahead *ahead, const char *path)
{
	const cookie_io_functions_t functions = { .read = stream_read, .close = stream_close };
	int err;

	ahead->half = 0;
	ahead->pinned = NULL;
	ahead->at = ahead->have = ahead->halves[0].bytes;
	ahead->read = 0;
	ahead->fd = STDIN_FILENO;
	if (strcmp(path, "-"))
		ahead->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ahead->fd < 0)
		return -errno;
	ahead->stream = fopencookie(ahead, "rb", functions);
	if (!ahead->stream) {
		err = errno;
		stream_close(ahead);
		return -err;
	}
	/* What it holds back would be missing here. */
	setvbuf(ahead->stream, NULL, _IONBF, 0);
	return 0;
}

const uint8_t *rpcs_ahead_peek(struct rpcs_ahead *ahead, size_t len)
{
	if ((size_t)(ahead->have - ahead->at) < len &&
	    (len > RPCS_AHEAD_BYTES || ahead_fill(ahead, len) <= 0 ||
	     (size_t)(ahead->have - ahead->at) < len))
		return NULL;
	return ahead->at;
}

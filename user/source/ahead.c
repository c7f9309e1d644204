// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One buffer, and a stream without one of its own that reads from it. */
#include "ahead.h"

#include <errno.h>
#include <fcntl.h>
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

static ssize_t ahead_fill(struct rpcs_ahead *ahead)
{
	size_t left = ahead->have - ahead->at;
	ssize_t got;

	memmove(ahead->bytes, ahead->bytes + ahead->at, left);
	ahead->at = 0;
	ahead->have = left;
	got = ahead_read(ahead, ahead->bytes + left, sizeof(ahead->bytes) - left);
	if (got > 0)
		ahead->have += (size_t)got;
	return got;
}

static ssize_t stream_read(void *cookie, char *to, size_t size)
{
	struct rpcs_ahead *ahead = cookie;
	size_t left;

	if (ahead->at == ahead->have) {
		ssize_t got = size < sizeof(ahead->bytes) ? ahead_fill(ahead)
							  : ahead_read(ahead, to, size);

		if (got <= 0 || size >= sizeof(ahead->bytes))
			return got;
	}
	left = ahead->have - ahead->at;
	if (size > left)
		size = left;
	memcpy(to, ahead->bytes + ahead->at, size);
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

	ahead->at = ahead->have = 0;
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
	if (ahead->have - ahead->at < len &&
	    (len > sizeof(ahead->bytes) || ahead_fill(ahead) <= 0 || ahead->have - ahead->at < len))
		return NULL;
	return ahead->bytes + ahead->at;
}

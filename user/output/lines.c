// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A buffer of whole lines before a descriptor. */
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int rpcs_lines_init(struct rpcs_lines *lines, int fd)
{
	*lines = (struct rpcs_lines){ .fd = fd };
	lines->buf = malloc(RPCS_LINES_BATCH + RPCS_LINE_MAX);
	return lines->buf ? 0 : -ENOMEM;
}

void rpcs_lines_free(struct rpcs_lines *lines)
{
	free(lines->buf);
	lines->buf = NULL;
}

int rpcs_lines_room(struct rpcs_lines *lines, char **ret_room)
{
	int err = 0;

	if (lines->used >= RPCS_LINES_BATCH)
		err = rpcs_lines_flush(lines);
	if (lines->used > RPCS_LINES_BATCH)
		return err ? err : -ENOBUFS;
	*ret_room = lines->buf + lines->used;
	return 0;
}

void rpcs_lines_add(struct rpcs_lines *lines, size_t len)
{
	lines->used += len;
}

/* One write(); waits where the descriptor is not a blocking one. Bytes written or -errno. */
static ssize_t lines_write(int fd, const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t written;

	for (;;) {
		written = write(fd, bytes, len);
		if (written > 0)
			return written;
		if (written == 0)
			return -EIO;
		if (errno == EAGAIN) {
			if (poll(&ready, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

int rpcs_lines_flush(struct rpcs_lines *lines)
{
	size_t done = 0;
	int err = 0;

	while (done < lines->used) {
		ssize_t written = lines_write(lines->fd, lines->buf + done, lines->used - done);

		if (written < 0) {
			err = written;
			break;
		}
		done += written;
	}
	if (done > 0) {
		lines->cut = lines->buf[done - 1] != '\n';
		memmove(lines->buf, lines->buf + done, lines->used - done);
		lines->used -= done;
	}
	return err;
}

void rpcs_lines_reopen(struct rpcs_lines *lines, int fd)
{
	const char *end;
	size_t rest;

	/* An error here shows again at the next line, on the new descriptor or not at all. */
	rpcs_lines_flush(lines);
	lines->fd = fd;
	if (!lines->cut)
		return;
	end = memchr(lines->buf, '\n', lines->used);
	rest = end ? (size_t)(end + 1 - lines->buf) : lines->used;
	memmove(lines->buf, lines->buf + rest, lines->used - rest);
	lines->used -= rest;
	lines->cut = false;
}

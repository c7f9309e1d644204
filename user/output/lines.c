// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A buffer of whole lines before a descriptor. */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"

enum {
	/* Blocks that a file gets at once. */
	BLOCKS_AHEAD = 8 * 1024 * 1024,
	/* A pipe that is ready takes this much (PIPE_BUF) without waiting. */
	PIPE_PORTION = 4096,
	/* A terminal may have little more room than none. */
	TERMINAL_PORTION = 256,
};

/*
 * A batch for a file ends with the last line before a multiple of its size there. Of the page cache
 * a write gets pieces as large as the place where it begins is even: few large ones like this.
 */
static void lines_plan(struct rpcs_lines *lines)
{
	_Static_assert(2 * RPCS_LINES_BATCH <= RPCS_LINES_WAITING, "what is not due has room");
	uint64_t even = lines->at + RPCS_LINES_BATCH + RPCS_LINES_BATCH / 2;

	lines->due = RPCS_LINES_BATCH;
	if (lines->kind == RPCS_LINES_FILE)
		lines->due = (size_t)(even - even % RPCS_LINES_BATCH - lines->at);
}

/*
 * ext4 takes half as long for a write to blocks that the file has already; others have ways of
 * their own. Not live, where a file grows by what a moment brought and would lie in many places.
 */
static bool lines_may_allocate(const struct rpcs_lines *lines)
{
	struct statfs fs;

	return !lines->live && !fstatfs(lines->fd, &fs) && fs.f_type == EXT4_SUPER_MAGIC;
}

static void lines_open_file(struct rpcs_lines *lines, uint64_t size)
{
	off_t at = lseek(lines->fd, 0, SEEK_CUR);

	lines->kind = RPCS_LINES_FILE;
	lines->at = at < 0 ? 0 : (uint64_t)at;
	/* Elsewhere than at the end (or appended, which looks the same) there may be blocks. */
	lines->allocates = lines->at == size && lines_may_allocate(lines);
	lines->allocated = lines->at;
}

static void lines_open(struct rpcs_lines *lines, int fd)
{
	struct stat stat;

	lines->fd = fd;
	lines->at = 0;
	lines->allocated = 0;
	lines->allocates = false;
	lines->cut = false;
	lines->err = 0;
	lines->kind = RPCS_LINES_STREAM;
	lines->portion = isatty(fd) ? TERMINAL_PORTION : PIPE_PORTION;
	if (fstat(fd, &stat) == 0) { /* else the first write says why */
		if (S_ISREG(stat.st_mode))
			lines_open_file(lines, (uint64_t)stat.st_size);
		else if (S_ISSOCK(stat.st_mode))
			lines->kind = RPCS_LINES_SOCKET;
	}
	lines_plan(lines);
}

int rpcs_lines_init(struct rpcs_lines *lines, int fd, const char *name, bool live)
{
	*lines = (struct rpcs_lines){ .name = name, .live = live };
	lines_open(lines, fd);
	lines->buf = malloc(RPCS_LINES_WAITING + 2 * RPCS_LINE_MAX);
	return lines->buf ? 0 : -ENOMEM;
}

/* Gives back the blocks that no line came for, unless somebody else has written behind them. */
static void lines_trim(const struct rpcs_lines *lines)
{
	struct stat stat;

	if (lines->allocated > lines->at && fstat(lines->fd, &stat) == 0 &&
	    (uint64_t)stat.st_size == lines->at && ftruncate(lines->fd, stat.st_size))
		rpcs_log_error("%s: %s", lines->name, strerror(errno));
}

void rpcs_lines_free(struct rpcs_lines *lines)
{
	lines_trim(lines);
	free(lines->buf);
	lines->buf = NULL;
}

/* Said once for all errors until it works again. */
static void lines_tell_failing(struct rpcs_lines *lines, int err)
{
	if (lines->failing)
		return;
	lines->failing = true;
	lines->lost_told = lines->lost;
	if (!lines->live)
		rpcs_log_error("%s: %s", lines->name, strerror(-err));
	else if (err == -EAGAIN)
		rpcs_log_error("%s: events are lost: its reader has stopped; let it read on, or "
			       "end it",
			       lines->name);
	else
		rpcs_log_error("%s: events cannot be written: %s; make room or give another "
			       "--eve, the first MiB waits for it",
			       lines->name, strerror(-err));
}

static void lines_tell_over(struct rpcs_lines *lines)
{
	if (!lines->failing)
		return;
	lines->failing = false;
	if (lines->live)
		rpcs_log_info("%s: events are written again; lines lost: %llu", lines->name,
			      (unsigned long long)(lines->lost - lines->lost_told));
}

void rpcs_lines_add(struct rpcs_lines *lines, size_t len)
{
	lines->used += len;
}

void rpcs_lines_lose(struct rpcs_lines *lines)
{
	lines->lost++;
}

/* One write() that does not wait. Bytes written or -errno. */
static ssize_t lines_write_live(const struct rpcs_lines *lines, const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = lines->fd, .events = POLLOUT };
	ssize_t written;

	if (lines->kind == RPCS_LINES_SOCKET) {
		written = send(lines->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		return written < 0 ? -errno : written;
	}
	if (lines->kind == RPCS_LINES_STREAM) {
		if (poll(&ready, 1, 0) <= 0)
			return -EAGAIN;
		if (len > lines->portion)
			len = lines->portion;
	}
	written = write(lines->fd, bytes, len);
	return written < 0 ? -errno : written;
}

/* One write() that waits, even where the descriptor is not a blocking one. */
static ssize_t lines_write_waiting(const struct rpcs_lines *lines, const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = lines->fd, .events = POLLOUT };
	ssize_t written;

	while ((written = write(lines->fd, bytes, len)) < 0 && errno == EAGAIN)
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			break;
	return written < 0 ? -errno : written;
}

static ssize_t lines_write(const struct rpcs_lines *lines, const char *bytes, size_t len)
{
	ssize_t written;

	do
		written = lines->live ? lines_write_live(lines, bytes, len)
				      : lines_write_waiting(lines, bytes, len);
	while (written == -EINTR);
	return written ? written : -EIO;
}

/* Of `done` bytes written, those of whole lines: what is left of a line is cut off the file. */
static size_t lines_take_back(const struct rpcs_lines *lines, size_t done)
{
	const char *end = done ? memrchr(lines->buf, '\n', done) : NULL;
	size_t whole = end ? (size_t)(end + 1 - lines->buf) : 0;
	struct stat stat;
	off_t at;

	if (whole == done || lines->kind != RPCS_LINES_FILE || (!whole && lines->cut))
		return done;
	at = lseek(lines->fd, 0, SEEK_CUR);
	/* Somebody else has written behind it: not ours to cut. */
	if (at < 0 || fstat(lines->fd, &stat) || stat.st_size != at)
		return done;
	at -= (off_t)(done - whole);
	if (ftruncate(lines->fd, at) || lseek(lines->fd, at, SEEK_SET) < 0)
		return done;
	return whole;
}

static void lines_drop_front(struct rpcs_lines *lines, size_t len)
{
	memmove(lines->buf, lines->buf + len, lines->used - len);
	lines->used -= len;
}

/* Nobody will read the rest together with the beginning. */
static void lines_drop_cut(struct rpcs_lines *lines)
{
	const char *end = memchr(lines->buf, '\n', lines->used);

	if (!lines->cut)
		return;
	lines_drop_front(lines, end ? (size_t)(end + 1 - lines->buf) : lines->used);
	lines->cut = false;
	rpcs_lines_lose(lines);
}

/* Blocks for the next `len` bytes and more. Who refuses is not asked again. */
static void lines_allocate(struct rpcs_lines *lines, size_t len)
{
	if (!lines->allocates || lines->at + len <= lines->allocated)
		return;
	lines->allocates =
		!fallocate(lines->fd, FALLOC_FL_KEEP_SIZE, (off_t)lines->allocated, BLOCKS_AHEAD);
	/* Where there is not so much room, some of it may be ours now. */
	lines->allocated += BLOCKS_AHEAD;
}

static void lines_finish(const struct rpcs_lines *lines)
{
	if (lines->finish)
		lines->finish(lines->finish_arg);
}

/* Writes the first `len` bytes that wait. */
static int lines_write_out(struct rpcs_lines *lines, size_t len)
{
	size_t done = 0;
	int err = 0;

	lines_finish(lines);
	lines_allocate(lines, len);
	while (done < len && !err) {
		ssize_t written = lines_write(lines, lines->buf + done, len - done);

		if (written < 0)
			err = (int)written;
		else
			done += (size_t)written;
	}
	lines->err = err == -EAGAIN ? 0 : err;
	if (lines->err) {
		lines_tell_failing(lines, err);
		done = lines_take_back(lines, done);
	}
	if (done > 0) {
		lines->cut = lines->buf[done - 1] != '\n';
		lines->at += done;
		lines_plan(lines);
		lines_drop_front(lines, done);
	}
	/* The next reader of a FIFO begins with a line of its own. */
	if (err == -EPIPE)
		lines_drop_cut(lines);
	if (!err)
		lines_tell_over(lines);
	return err;
}

int rpcs_lines_flush(struct rpcs_lines *lines)
{
	lines_finish(lines);
	return lines->used ? lines_write_out(lines, lines->used) : 0; /* which proves nothing */
}

/* What of a full batch is written now; what is behind its last line waits on. */
static size_t lines_batch(const struct rpcs_lines *lines)
{
	const char *end = NULL;

	if (lines->kind == RPCS_LINES_FILE)
		end = memrchr(lines->buf, '\n', lines->due);
	return end ? (size_t)(end + 1 - lines->buf) : lines->used;
}

int rpcs_lines_room(struct rpcs_lines *lines, char **ret_room)
{
	/* After an error the next try is the tick's: not one for each line. */
	while (lines->used >= lines->due && !lines->err &&
	       lines_write_out(lines, lines_batch(lines)) == 0)
		;
	if (lines->used > RPCS_LINES_WAITING) {
		lines_tell_failing(lines, lines->err ? lines->err : -EAGAIN);
		rpcs_lines_lose(lines);
		return -ENOBUFS;
	}
	*ret_room = lines->buf + lines->used;
	return 0;
}

uint64_t rpcs_lines_end(struct rpcs_lines *lines, int timeout_ms)
{
	uint64_t end = rpcs_clock_monotonic() + (uint64_t)timeout_ms * RPCS_NSEC_PER_MSEC;
	uint64_t lost = lines->lost;
	const char *at = lines->buf;
	uint64_t now;
	int err;

	while ((err = rpcs_lines_flush(lines)) == -EAGAIN && (now = rpcs_clock_monotonic()) < end) {
		struct pollfd ready = { .fd = lines->fd, .events = POLLOUT };

		if (poll(&ready, 1, (int)((end - now) / RPCS_NSEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			break;
	}
	if (lines->used)
		lines_tell_failing(lines, err);
	for (; (at = memchr(at, '\n', (size_t)(lines->buf + lines->used - at))); at++)
		rpcs_lines_lose(lines);
	lines->used = 0;
	lines->cut = false;
	return lines->lost - lost;
}

void rpcs_lines_reopen(struct rpcs_lines *lines, int fd)
{
	/* An error here shows again at the next line, on the new descriptor or not at all. */
	rpcs_lines_flush(lines);
	lines_drop_cut(lines);
	lines_trim(lines);
	lines_open(lines, fd);
}

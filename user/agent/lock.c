// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* flock() goes with its process however that ends; the file itself says nothing about a run. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../base/cleanup.h"

enum { RPCS_LOCK_TRIES = 16 };

static pid_t rpcs_lock_holder(int fd)
{
	char text[24] = { 0 };
	unsigned long pid;
	char *end;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	errno = 0;
	pid = strtoul(text, &end, 10);
	if (errno || *end != '\n' || pid > INT_MAX)
		return 0;
	return (pid_t)pid;
}

/** Does the path still name the file we locked? The last holder may have removed it meanwhile. */
static bool rpcs_lock_is_current(int fd, const char *path)
{
	struct stat held, named;

	return !fstat(fd, &held) && !stat(path, &named) && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

static int rpcs_lock_write(int fd)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return errno ? -errno : -EIO;
	return 0;
}

int rpcs_lock_take(struct rpcs_lock *lock, pid_t *ret_holder)
{
	const char *dir = getenv(RPCS_RUN_DIR_ENV);
	int len, tries;

	lock->fd = -1;
	len = snprintf(lock->path, sizeof(lock->path), "%s/rpcsentry.lock",
		       dir && *dir ? dir : "/run");
	if (len < 0 || (size_t)len >= sizeof(lock->path))
		return -ENAMETOOLONG;

	for (tries = 0; tries < RPCS_LOCK_TRIES; tries++) {
		RPCS_OWNED_FD fd =
			open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		int err;

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			if (errno != EWOULDBLOCK)
				return -errno;
			*ret_holder = rpcs_lock_holder(fd);
			return -EBUSY;
		}
		if (!rpcs_lock_is_current(fd, lock->path))
			continue;
		err = rpcs_lock_write(fd);
		if (err)
			return err;
		lock->fd = RPCS_TAKE_FD(fd);
		return 0;
	}
	return -EAGAIN;
}

void rpcs_lock_release(struct rpcs_lock *lock)
{
	if (lock->fd < 0)
		return;
	unlink(lock->path);
	close(lock->fd);
	lock->fd = -1;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The new file is made beside the old one, brought to the disk, and takes its name. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../base/cleanup.h"

enum { CHUNK = 65536, SUFFIX_MAX = 12, STORE_MODE = 0640 };

int rpcs_store_open(const char *path, struct rpcs_store *ret_store)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct rpcs_store store = RPCS_STORE_NONE;
	char folder[PATH_MAX] = ".";

	if (!*name || strlen(name) > RPCS_STORE_NAME_MAX)
		return *name ? -ENAMETOOLONG : -EISDIR;
	if (slash && (size_t)(slash - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
	memcpy(store.name, name, strlen(name) + 1);
	store.folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.folder_fd < 0)
		return -errno;
	*ret_store = store;
	return 0;
}

void rpcs_store_close(struct rpcs_store *store)
{
	rpcs_cleanup_fd(&store->folder_fd);
}

int rpcs_store_read(const struct rpcs_store *store)
{
	RPCS_OWNED_FD fd = -1;
	struct stat stat;

	/* Not blocking: whatever lies there may be a FIFO. */
	fd = openat(store->folder_fd, store->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
	return RPCS_TAKE_FD(fd);
}

static void name_with(const struct rpcs_store *store, const char *suffix,
		      char name[RPCS_STORE_NAME_MAX + SUFFIX_MAX])
{
	snprintf(name, RPCS_STORE_NAME_MAX + SUFFIX_MAX, "%s%s", store->name, suffix);
}

/*
 * The new file under its passing name; what a crash left there goes. The folder is locked, since
 * a sensor and a `read` may write at once.
 */
static int open_new(const struct rpcs_store *store, const char *name)
{
	int fd;

	if (flock(store->folder_fd, LOCK_EX | LOCK_NB))
		return -errno;
	if (unlinkat(store->folder_fd, name, 0) && errno != ENOENT)
		return -errno;
	fd = openat(store->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    STORE_MODE);
	return fd < 0 ? -errno : fd;
}

static int close_new(const struct rpcs_store *store, const char *name, int err)
{
	if (err)
		unlinkat(store->folder_fd, name, 0);
	flock(store->folder_fd, LOCK_UN);
	return err;
}

int rpcs_store_try(const struct rpcs_store *store)
{
	char name[RPCS_STORE_NAME_MAX + SUFFIX_MAX];
	RPCS_OWNED_FD fd = -1;
	int err = 0;

	name_with(store, ".new", name);
	fd = open_new(store, name);
	if (fd < 0)
		err = fd;
	else if (unlinkat(store->folder_fd, name, 0))
		err = -errno;
	flock(store->folder_fd, LOCK_UN);
	return err;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	ssize_t written;

	while (len > 0) {
		written = write(fd, bytes, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

/* From its beginning, by offset: whoever handed it over holds it still, and its position. */
static int copy(int from, int to, uint64_t max)
{
	char chunk[CHUNK];
	uint64_t at = 0;
	ssize_t len;
	int err;

	for (;;) {
		len = pread(from, chunk, sizeof(chunk), (off_t)at);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len < 0 ? -errno : 0;
		at += (uint64_t)len;
		if (at > max)
			return -EFBIG;
		err = write_all(to, chunk, (size_t)len);
		if (err)
			return err;
	}
}

int rpcs_store_replace(const struct rpcs_store *store, int fd, uint64_t max)
{
	char name[RPCS_STORE_NAME_MAX + SUFFIX_MAX];
	RPCS_OWNED_FD new_fd = -1;
	struct stat stat;
	int err = 0;

	/* A pipe would hold us up for as long as its other end likes. */
	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	name_with(store, ".new", name);
	new_fd = open_new(store, name);
	if (new_fd < 0)
		return close_new(store, name, new_fd);
	err = copy(fd, new_fd, max);
	/* Whatever the umask is; and on the disk before its name is. */
	if (!err && (fchmod(new_fd, STORE_MODE) || fsync(new_fd)))
		err = -errno;
	if (!err && renameat(store->folder_fd, name, store->folder_fd, store->name))
		err = -errno;
	if (!err && fsync(store->folder_fd))
		err = -errno;
	return close_new(store, name, err);
}

int rpcs_store_set_aside(const struct rpcs_store *store)
{
	char name[RPCS_STORE_NAME_MAX + SUFFIX_MAX];

	name_with(store, ".damaged", name);
	return renameat(store->folder_fd, store->name, store->folder_fd, name) ? -errno : 0;
}

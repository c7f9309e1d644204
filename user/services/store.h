/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file that is replaced whole or not at all. What it holds is not looked at here. */
#ifndef RPCSENTRY_SERVICES_STORE_H
#define RPCSENTRY_SERVICES_STORE_H

#include <stdint.h>

enum { RPCS_STORE_NAME_MAX = 240 };

/** Where the file lies; `folder_fd` is -1 when there is no store. */
struct rpcs_store {
	int folder_fd;
	char name[RPCS_STORE_NAME_MAX + 1];
};

#define RPCS_STORE_NONE ((struct rpcs_store){ .folder_fd = -1 })

/** Opens the folder of `path`, which must be there; -errno. The file need not. */
int rpcs_store_open(const char *path, struct rpcs_store *ret_store);
void rpcs_store_close(struct rpcs_store *store);

/** A descriptor to read the file by, the caller's; -ENOENT when there is none, or -errno. */
int rpcs_store_read(const struct rpcs_store *store);

/** Can a file be made in the folder? 0 or -errno. */
int rpcs_store_try(const struct rpcs_store *store);

/**
 * Puts a copy of `fd`, a regular file of at most `max` bytes, in the place of the file, with
 * mode 0640; on the disk before it returns. After a crash in the middle, or an
 * error (-errno), the old file is there as it was.
 */
int rpcs_store_replace(const struct rpcs_store *store, int fd, uint64_t max);

/** Renames the file to NAME.damaged, in the place of an earlier one; -errno. */
int rpcs_store_set_aside(const struct rpcs_store *store);

#endif

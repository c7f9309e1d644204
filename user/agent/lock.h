/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One `run` a host: a locked file with the process id in it. */
#ifndef RPCSENTRY_AGENT_LOCK_H
#define RPCSENTRY_AGENT_LOCK_H

#include <limits.h>
#include <sys/types.h>

/** Tests and odd systems put the lock elsewhere than /run. */
#define RPCS_RUN_DIR_ENV "RPCSENTRY_RUN_DIR"

struct rpcs_lock {
	int fd; /* -1: not held */
	char path[PATH_MAX];
};

/**
 * Takes the lock. -EBUSY: another run holds it, *ret_holder is its process id
 * (0 when the file does not say); else -errno of the file. lock->path is set
 * in every case but -ENAMETOOLONG.
 */
int rpcs_lock_take(struct rpcs_lock *lock, pid_t *ret_holder);

/** Removes the file and lets go; nothing when it is not held. */
void rpcs_lock_release(struct rpcs_lock *lock);

#endif

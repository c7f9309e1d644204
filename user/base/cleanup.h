/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Owners free what they own when they leave scope. */
#ifndef RPCSENTRY_BASE_CLEANUP_H
#define RPCSENTRY_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RPCS_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void rpcs_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void rpcs_cleanup_free(void *p)
{
	void **owner = p;

	free(*owner);
	*owner = NULL;
}

static inline void rpcs_cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
	*f = NULL;
}

/** An owned descriptor, -1 for none; an owned block; an owned stdio stream. */
#define RPCS_OWNED_FD RPCS_CLEANUP(rpcs_cleanup_fd) int
#define RPCS_OWNED_BLOCK RPCS_CLEANUP(rpcs_cleanup_free)
#define RPCS_OWNED_FILE RPCS_CLEANUP(rpcs_cleanup_file) FILE

/** Passes ownership on: the value, with the owner reset. */
#define RPCS_TAKE_FD(fd)               \
	({                             \
		int rpcs_taken = (fd); \
		(fd) = -1;             \
		rpcs_taken;            \
	})
#define RPCS_TAKE(p)                            \
	({                                      \
		__typeof__(p) rpcs_taken = (p); \
		(p) = NULL;                     \
		rpcs_taken;                     \
	})

#endif

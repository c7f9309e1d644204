/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines on their way to a descriptor: collected, and written whole. */
#ifndef RPCSENTRY_OUTPUT_LINES_H
#define RPCSENTRY_OUTPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum {
	/* Lines are written once this much is waiting. */
	RPCS_LINES_BATCH = 256 * 1024,
	/*
	 * Room for one line: a call and a reply of 64 KiB each with every byte
	 * escaped are 768 KiB. Pages that no line reaches cost nothing.
	 */
	RPCS_LINE_MAX = 1024 * 1024,
};

struct rpcs_lines {
	int fd;	   /* the caller's */
	char *buf; /* RPCS_LINES_BATCH + RPCS_LINE_MAX */
	size_t used;
	bool cut; /* the beginning of the first line in `buf` is written already */
};

/** 0 or -ENOMEM. */
int rpcs_lines_init(struct rpcs_lines *lines, int fd);
void rpcs_lines_free(struct rpcs_lines *lines);

/** Room for a line of RPCS_LINE_MAX; flushes first when a batch waits. 0 or -errno. */
int rpcs_lines_room(struct rpcs_lines *lines, char **ret_room);

/** The line in the room is `len` bytes long, its newline included. */
void rpcs_lines_add(struct rpcs_lines *lines, size_t len);

/** Writes what waits; what an error leaves stays for the next time. 0 or -errno. */
int rpcs_lines_flush(struct rpcs_lines *lines);

/** Goes on to `fd`; the rest of a line whose beginning is in the old file is dropped. */
void rpcs_lines_reopen(struct rpcs_lines *lines, int fd);

#endif

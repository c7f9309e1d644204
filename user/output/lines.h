/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines on their way to a descriptor: collected, and written whole. */
#ifndef RPCSENTRY_OUTPUT_LINES_H
#define RPCSENTRY_OUTPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Lines are written once about this much is waiting. */
	RPCS_LINES_BATCH = 256 * 1024,
	/* What waits while the descriptor takes nothing; lines beyond it are lost. */
	RPCS_LINES_WAITING = 1024 * 1024,
	/*
	 * Room for one line: a call and a reply of 64 KiB each with every byte
	 * escaped are 768 KiB. Pages that no line reaches cost nothing.
	 */
	RPCS_LINE_MAX = 1024 * 1024,
};

/** How a descriptor is written without waiting for whoever reads it. */
enum rpcs_lines_kind { RPCS_LINES_FILE, RPCS_LINES_SOCKET, RPCS_LINES_STREAM };

struct rpcs_lines {
	int fd;		  /* the caller's */
	const char *name; /* of it, for messages; the caller's */
	bool live;	  /* never waits, and goes on after an error */
	enum rpcs_lines_kind kind;
	size_t portion;	    /* of one write to a stream that is ready */
	uint64_t at;	    /* where in a file the next line goes */
	bool allocates;	    /* its blocks first */
	uint64_t allocated; /* up to where they were asked for */
	size_t due;	    /* what makes a batch full */
	char *buf;	    /* RPCS_LINES_WAITING + 2 * RPCS_LINE_MAX: some may be put off */
	size_t used;
	bool cut;	    /* the beginning of the first line in `buf` is written already */
	int err;	    /* of the last write; 0: it went well, or has to wait */
	bool failing;	    /* told so, and not yet that it is over */
	uint64_t lost;	    /* lines that were never written, or not to their end */
	uint64_t lost_told; /* those before the errors that are told now */
	/* What is left to do before lines are written or moved: it may add some. NULL: nothing. */
	void (*finish)(void *arg);
	void *finish_arg;
};

/**
 * `live`: does not wait for a reader, and tells when errors begin and end. Else
 * waits as long as it takes, and tells the first error. 0 or -ENOMEM.
 */
int rpcs_lines_init(struct rpcs_lines *lines, int fd, const char *name, bool live);
void rpcs_lines_free(struct rpcs_lines *lines);

/**
 * Room for a line of RPCS_LINE_MAX; writes first when a batch waits, and leaves what is more.
 * -ENOBUFS: too much waits, the line is lost and counted as such.
 */
int rpcs_lines_room(struct rpcs_lines *lines, char **ret_room);

/** Is nothing due? Then rpcs_lines_room() has room, and nothing else to do. */
static inline bool rpcs_lines_are_few(const struct rpcs_lines *lines)
{
	return lines->used < lines->due;
}

/**
 * Room for a line that was put off when rpcs_lines_room() had room for it; all of those that were
 * together are no longer than RPCS_LINE_MAX.
 */
static inline char *rpcs_lines_end_of(const struct rpcs_lines *lines)
{
	return lines->buf + lines->used;
}

/** The line in the room is `len` bytes long, its newline included. */
void rpcs_lines_add(struct rpcs_lines *lines, size_t len);

/** A line that there is no way to write. */
void rpcs_lines_lose(struct rpcs_lines *lines);

/**
 * Writes what waits; what is left stays for the next time. 0, -EAGAIN when the
 * reader has to catch up first, or -errno. A line torn by an error is taken
 * back where that is possible: a file holds whole lines only.
 */
int rpcs_lines_flush(struct rpcs_lines *lines);

/** The last flush: waits for the reader at most so long. Returns lines given up. */
uint64_t rpcs_lines_end(struct rpcs_lines *lines, int timeout_ms);

/** Goes on to `fd`; the rest of a line whose beginning is in the old file is dropped. */
void rpcs_lines_reopen(struct rpcs_lines *lines, int fd);

#endif

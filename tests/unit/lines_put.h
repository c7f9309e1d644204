/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line of one character, for tests of what becomes of lines. */
#ifndef RPCSENTRY_TESTS_LINES_PUT_H
#define RPCSENTRY_TESTS_LINES_PUT_H

#include <string.h>

#include "output/lines.h"

static inline int put(struct rpcs_lines *lines, size_t len, char c)
{
	char *room;
	int err = rpcs_lines_room(lines, &room);

	if (err)
		return err;
	memset(room, c, len - 1);
	room[len - 1] = '\n';
	rpcs_lines_add(lines, len);
	return 0;
}

#endif

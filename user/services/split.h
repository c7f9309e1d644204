/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takes one large JSON object apart, so that no more than an element of its list is parsed at
 * a time: the object with an empty list, and the list's elements, which are objects.
 */
#ifndef RPCSENTRY_SERVICES_SPLIT_H
#define RPCSENTRY_SERVICES_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RPCS_SPLIT_FRAME_MAX = 4096, RPCS_SPLIT_ELEMENT_MAX = 512 * 1024 };

/** An element of the list; false ends it all. */
typedef bool (*rpcs_split_fn)(void *arg, const char *text, size_t len);

/** Zeroed but for the function and its argument. What lies within elements is not looked at. */
struct rpcs_split {
	rpcs_split_fn element;
	void *arg;
	int depth;
	bool in_string, escaped;
	bool list_seen, wants_comma, wants_element;
	size_t frame_len, element_len;
	char frame[RPCS_SPLIT_FRAME_MAX]; /* the object around the list, as far as it has come */
	char text[RPCS_SPLIT_ELEMENT_MAX];
};

/** Takes bytes as they come; NULL, or a literal that says what is wrong with them. */
const char *rpcs_split_take(struct rpcs_split *split, const char *bytes, size_t len);

/** The end of the bytes; likewise. */
const char *rpcs_split_end(const struct rpcs_split *split);

#endif

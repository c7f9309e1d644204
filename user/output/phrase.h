/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events in words for people, printable ASCII whatever came from the wire. */
#ifndef RPCSENTRY_OUTPUT_PHRASE_H
#define RPCSENTRY_OUTPUT_PHRASE_H

#include <stddef.h>

#include "../detect/alert.h"
#include "../services/services.h"

/** A line in the making; what does not fit is cut. `buf` is the caller's, always terminated. */
struct rpcs_line {
	char *buf;
	size_t size;
	size_t len;
};

void rpcs_line_init(struct rpcs_line *line, char *buf, size_t size);
void rpcs_line_add(struct rpcs_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Spaces up to `column`, counted from `from`. */
void rpcs_line_pad(struct rpcs_line *line, size_t from, size_t column);

/** A string from the wire in quotes, escaped as in the events, a long one shortened. */
void rpcs_line_wire(struct rpcs_line *line, struct rpcs_text text);

/** Bytes that are not printable ASCII become '?'. */
void rpcs_line_plain(struct rpcs_line *line, const char *text);

/** "10.0.0.1:856 -> 10.0.0.2:111 UDP"; IPv6 addresses in brackets. */
void rpcs_phrase_tuple(struct rpcs_line *line, const struct rpcs_tuple *tuple);

/** "portmap v2 GETPORT mountd v3 udp", "nfs v3 procedure 1". */
void rpcs_phrase_call(struct rpcs_line *line, const struct rpcs_message *call);

/** What a reply says, "port 20048", "29 mappings", "prog_unavail", its call known or not. */
void rpcs_phrase_reply(struct rpcs_line *line, const struct rpcs_message *reply);

/** "10.0.0.2 nfs v3 tcp: port 700 -> 2049 (dump)"; of any change but a new mapping. */
void rpcs_phrase_service(struct rpcs_line *line, const struct rpcs_service_change *change);

/** What became of a call: its reply's phrase and the time it took, or that none came. */
void rpcs_phrase_outcome(struct rpcs_line *line, const struct rpcs_call *call,
			 const struct rpcs_message *reply);

#endif

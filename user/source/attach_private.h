/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The attachments of a run, for the files that make and end them. */
#ifndef RPCSENTRY_SOURCE_ATTACH_PRIVATE_H
#define RPCSENTRY_SOURCE_ATTACH_PRIVATE_H

#include <sys/types.h>

#include "attach.h"
#include "incoming.h"
#include "links.h"

enum {
	RPCS_ATTACHMENTS_MAX = RPCS_INCOMING_MAX,
	RPCS_PINS_MAX = RPCS_ATTACHMENTS_MAX * 3,
};

struct rpcs_attachment {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	struct rpcs_link in;
	struct rpcs_link out;
};

struct rpcs_attachments {
	struct rpcs_kernel *kernel;
	struct rpcs_incoming *incoming; /* the map's memory */
	struct rpcs_attachment *list[RPCS_ATTACHMENTS_MAX];
	uint32_t count;
	pid_t owner; /* only the process that attached takes programs off */
	bool kept;
};

/** NULL: this run does not watch it. */
struct rpcs_attachment *rpcs_attachments_find(const struct rpcs_attachments *attachments,
					      uint32_t ifindex);

/** Takes one interface's programs off. */
void rpcs_attachment_remove(const struct rpcs_attachments *attachments, struct rpcs_attachment *at);

/** Takes off what former runs left on other hooks of this interface. */
void rpcs_attachment_drop_others(const struct rpcs_attachment *at);

#endif

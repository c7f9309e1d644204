/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Turning what a list names - sets, addresses, programs - into what it means. */
#ifndef RPCSENTRY_POLICY_RESOLVE_H
#define RPCSENTRY_POLICY_RESOLVE_H

#include "schema.h"

/** Parses an address or prefix at a node; false after telling the mistake. */
bool rpcs_prefix_read(struct rpcs_loader *loader, uint32_t node, const char *text,
		      const char *expected, struct rpcs_prefix *ret_prefix);

#endif

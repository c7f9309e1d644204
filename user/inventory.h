/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The inventory's file for the commands: `read --state`, `services`. */
#ifndef RPCSENTRY_INVENTORY_H
#define RPCSENTRY_INVENTORY_H

#include <stdbool.h>

#include "services/services.h"
#include "services/store.h"

/**
 * Reads `path` into an empty map. A file that is not there is an empty one, unless it `must_exist`.
 * What is damaged or not ours is refused: -errno, and why has been logged.
 */
int rpcs_inventory_read(const char *path, bool must_exist, struct rpcs_services *services,
			const struct rpcs_policy *policy);

/** Writes the map to `path`, in the place of what is there; likewise. */
int rpcs_inventory_write(const char *path, struct rpcs_services *services);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map and the inventory as a file: one JSON object with a list of servers, each
 * with its mappings. Times are microseconds since the epoch. It is written
 * in parts, and believed no more than what comes from the wire when it is read.
 */
#ifndef RPCSENTRY_SERVICES_INVENTORY_H
#define RPCSENTRY_SERVICES_INVENTORY_H

#include "services.h"

enum {
	RPCS_INVENTORY_VERSION = 1,
	RPCS_INVENTORY_BYTES_MAX = 64 * 1024 * 1024, /* three times what a full map takes */
	RPCS_INVENTORY_WHY = 120,
};

/** Later times, which only a capture can have, are written as this. */
#define RPCS_INVENTORY_TIME_MAX_US (INT64_MAX / 1000)

/** What a file turned out to be. */
enum rpcs_inventory_verdict {
	RPCS_INVENTORY_GOOD,	/* read, or empty */
	RPCS_INVENTORY_DAMAGED, /* ours, but it does not hold */
	RPCS_INVENTORY_FOREIGN, /* no inventory */
	RPCS_INVENTORY_NEWER,	/* of a version that this one does not know */
	RPCS_INVENTORY_VERDICT__MAX
};

/**
 * Reads a file into an empty map. Whatever is wrong with it, the map is empty then, and `why`
 * says what in printable ASCII. -errno: it cannot be read.
 */
int rpcs_inventory_load(struct rpcs_services *services, const struct rpcs_policy *policy, int fd,
			enum rpcs_inventory_verdict *ret_verdict, char why[RPCS_INVENTORY_WHY]);

/** How much has changed since the last save began. */
enum rpcs_inventory_change { RPCS_INVENTORY_SAME, RPCS_INVENTORY_TIMES, RPCS_INVENTORY_MAPPINGS };

enum rpcs_inventory_change rpcs_inventory_changed(const struct rpcs_services *services);

struct rpcs_inventory_save;

/**
 * Begins to write all there is to `fd`, which stays the caller's. The map may go on learning
 * between the steps; what it learns meanwhile is written or not. NULL: out of memory. One
 * save at a time.
 */
struct rpcs_inventory_save *rpcs_inventory_save_new(struct rpcs_services *services, int fd);

/** Also in the middle of it. */
void rpcs_inventory_save_free(struct rpcs_inventory_save **save);

/** The next part, of at most a millisecond or two: 1 when there is more, 0 at the end, -errno. */
int rpcs_inventory_save_step(struct rpcs_inventory_save *save);

#endif

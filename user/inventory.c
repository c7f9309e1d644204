// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening, reading and replacing the inventory's file, with a line for all that can go wrong. */
#include "inventory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "services/inventory.h"

static int refuse(const char *path, enum rpcs_inventory_verdict verdict, const char *why)
{
	if (verdict == RPCS_INVENTORY_DAMAGED)
		rpcs_log_error("the inventory %s is damaged: %s; move it away to begin a new one",
			       path, why);
	else if (verdict == RPCS_INVENTORY_NEWER)
		rpcs_log_error("the inventory %s is of a newer rpcsentry; use that one's", path);
	else
		rpcs_log_error("%s is no inventory: %s; give the file that a sensor or "
			       "`read --state` wrote",
			       path, why);
	return -EINVAL;
}

static int fail(const char *what, const char *path, int err)
{
	rpcs_log_error("cannot %s the inventory %s: %s", what, path, strerror(-err));
	return err;
}

int rpcs_inventory_read(const char *path, bool must_exist, struct rpcs_services *services,
			const struct rpcs_policy *policy)
{
	RPCS_CLEANUP(rpcs_store_close) struct rpcs_store store = RPCS_STORE_NONE;
	enum rpcs_inventory_verdict verdict;
	char why[RPCS_INVENTORY_WHY];
	RPCS_OWNED_FD fd = -1;
	int err = rpcs_store_open(path, &store);

	if (err && (err != -ENOENT || !must_exist))
		return fail("read", path, err);
	fd = err ? err : rpcs_store_read(&store);
	if (fd == -ENOENT && !must_exist)
		return 0;
	if (fd == -ENOENT) {
		rpcs_log_error("there is no inventory %s; a sensor makes it (rpcsentry run), or "
			       "`rpcsentry read --state FILE`",
			       path);
		return fd;
	}
	if (fd < 0)
		return fail("read", path, fd);
	err = rpcs_inventory_load(services, policy, fd, &verdict, why);
	if (err)
		return fail("read", path, err);
	return verdict == RPCS_INVENTORY_GOOD ? 0 : refuse(path, verdict, why);
}

int rpcs_inventory_write(const char *path, struct rpcs_services *services)
{
	RPCS_CLEANUP(rpcs_inventory_save_free) struct rpcs_inventory_save *save = NULL;
	RPCS_CLEANUP(rpcs_store_close) struct rpcs_store store = RPCS_STORE_NONE;
	RPCS_OWNED_FD fd = -1;
	int err = rpcs_store_open(path, &store);

	if (err)
		return fail("write", path, err);
	fd = memfd_create("rpcsentry-services", MFD_CLOEXEC);
	if (fd < 0)
		return fail("write", path, -errno);
	save = rpcs_inventory_save_new(services, fd);
	err = save ? 1 : -ENOMEM;
	while (err > 0)
		err = rpcs_inventory_save_step(save);
	if (!err)
		err = rpcs_store_replace(&store, fd, RPCS_INVENTORY_BYTES_MAX);
	return err ? fail("write", path, err) : 0;
}

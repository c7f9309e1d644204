// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The inventory's file. The sensor makes what it holds and reads it, and has no right to
 * open it; the parent opens and replaces it, and looks at nothing in it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "ipc.h"
#include "parent_state.h"

#define MEND "give another one in the policy (inventory.file)"

/* A sensor that has been taken over must not wear the disk out. */
#define STORE_GAP_NS (2 * RPCS_NSEC_PER_SEC)

static const char *file_of(const struct rpcs_parent *parent)
{
	return rpcs_policy_settings(parent->policy)->inventory_file;
}

static void give_up(struct rpcs_parent *parent, const char *what, int err)
{
	rpcs_log_error("cannot %s the inventory %s: %s; what is learned of servers is not kept: "
		       "make its directory writable, or " MEND,
		       what, file_of(parent), strerror(-err));
	rpcs_store_close(&parent->store);
	rpcs_cleanup_fd(&parent->inventory_fd);
}

/* The last folder of the path, as systemd's StateDirectory= would make it. */
static int make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return -ENOENT;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	return mkdir(folder, 0755) ? -errno : 0;
}

void rpcs_parent_open_inventory(struct rpcs_parent *parent)
{
	const char *path = file_of(parent);
	int err;

	if (!path)
		return;
	err = rpcs_store_open(path, &parent->store);
	if (err == -ENOENT && !make_folder(path))
		err = rpcs_store_open(path, &parent->store);
	if (err) {
		give_up(parent, "keep", err);
		return;
	}
	parent->inventory_fd = rpcs_store_read(&parent->store);
	if (parent->inventory_fd < 0 && parent->inventory_fd != -ENOENT)
		give_up(parent, "read", parent->inventory_fd);
	if (parent->inventory_fd < 0)
		parent->inventory_fd = -1;
}

void rpcs_parent_check_inventory(struct rpcs_parent *parent)
{
	int err;

	if (parent->store.folder_fd < 0)
		return;
	err = rpcs_store_try(&parent->store);
	/* A `read` writes there just now. */
	if (err && err != -EWOULDBLOCK)
		give_up(parent, "keep", err);
}

void rpcs_parent_judge_inventory(struct rpcs_parent *parent, enum rpcs_inventory_verdict verdict)
{
	int err;

	rpcs_cleanup_fd(&parent->inventory_fd);
	if (parent->store.folder_fd < 0 || verdict == RPCS_INVENTORY_GOOD)
		return;
	/* The sensor has said what is wrong with it. */
	if (verdict != RPCS_INVENTORY_DAMAGED) {
		rpcs_store_close(&parent->store);
		return;
	}
	err = rpcs_store_set_aside(&parent->store);
	if (err)
		give_up(parent, "set aside", err);
}

void rpcs_parent_store_inventory(struct rpcs_parent *parent, int fd, bool last)
{
	uint64_t now_ns = rpcs_clock_monotonic();
	int err;

	if (parent->store.folder_fd < 0 ||
	    (!last && parent->stored_ns && now_ns - parent->stored_ns < STORE_GAP_NS))
		return;
	err = rpcs_store_replace(&parent->store, fd, RPCS_INVENTORY_BYTES_MAX);
	parent->stored_ns = now_ns;
	if (err && !parent->store_failing)
		rpcs_log_error("cannot write the inventory %s: %s; the old one stays, and it is "
			       "tried again",
			       file_of(parent), strerror(-err));
	else if (!err && parent->store_failing)
		rpcs_log_info("the inventory %s is written again", file_of(parent));
	parent->store_failing = err != 0;
}

void rpcs_parent_hear(struct rpcs_parent *parent)
{
	struct rpcs_ipc_message message;
	int passed, err;

	while ((err = rpcs_ipc_receive(parent->sensor_fd, &message, &passed)) == 0 ||
	       err == -EBADMSG) {
		if (err)
			continue;
		if (message.kind == RPCS_IPC_INVENTORY)
			rpcs_parent_store_inventory(parent, passed, false);
		rpcs_cleanup_fd(&passed);
	}
	/* Its process will be heard of next. */
	if (err != -EAGAIN)
		parent->deaf = true;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a child gives up all rights, and who it becomes. */
#ifndef RPCSENTRY_AGENT_PRIVILEGE_H
#define RPCSENTRY_AGENT_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

/** Who the children become. */
struct rpcs_identity {
	uid_t uid;
	gid_t gid;
	bool change; /* false: started without the right to change, stays as it is */
};

/** The user "rpcsentry" where there is one, else nobody. */
struct rpcs_identity rpcs_privilege_identity(void);

/**
 * Gives up everything for good: capabilities with their bounding and ambient
 * sets, groups, user; sets no_new_privs and makes the process undumpable.
 * Checks that it worked: -EPERM when a right is left.
 */
int rpcs_privilege_drop(const struct rpcs_identity *identity);

/**
 * What the parent needs once everything is attached: BPF and NET_ADMIN (or
 * SYS_ADMIN where that stands for BPF), KILL for children of another user, and
 * with `files` DAC_OVERRIDE, to open an event file anew in a directory of
 * somebody else. Of these what it has; all else goes, from the bounding set
 * too, and no_new_privs is set. 0 or -errno.
 */
int rpcs_privilege_reduce(bool files);

#endif

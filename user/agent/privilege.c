// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Giving up every right, and making sure of it. */
#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Kernel and libc call it nobody everywhere. */
enum { RPCS_NOBODY = 65534 };

static void rpcs_cap_cleanup(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

static bool rpcs_privilege_has(cap_value_t capability)
{
	__attribute__((cleanup(rpcs_cap_cleanup))) cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	return caps && !cap_get_flag(caps, capability, CAP_EFFECTIVE, &value) && value == CAP_SET;
}

struct rpcs_identity rpcs_privilege_identity(void)
{
	struct rpcs_identity identity = { .uid = RPCS_NOBODY, .gid = RPCS_NOBODY };
	const struct passwd *user = getpwnam("rpcsentry");

	if (!rpcs_privilege_has(CAP_SETUID) || !rpcs_privilege_has(CAP_SETGID)) {
		identity.uid = geteuid();
		identity.gid = getegid();
		return identity;
	}
	identity.change = true;
	/* A user of that name with root's number would be a trap. */
	if (user && user->pw_uid && user->pw_gid) {
		identity.uid = user->pw_uid;
		identity.gid = user->pw_gid;
	}
	return identity;
}

/** Drops all from the bounding set but those in `keep`. */
static int rpcs_privilege_drop_bounding(const cap_value_t *keep, size_t count)
{
	cap_value_t capability;
	size_t i;

	/* Without this right the set stays; no_new_privs takes its meaning away. */
	if (!rpcs_privilege_has(CAP_SETPCAP))
		return 0;
	for (capability = 0; CAP_IS_SUPPORTED(capability); capability++) {
		for (i = 0; i < count && keep[i] != capability; i++)
			;
		if (i == count && cap_drop_bound(capability))
			return -errno;
	}
	return 0;
}

static int rpcs_privilege_change_user(const struct rpcs_identity *identity)
{
	if (!identity->change)
		return 0;
	if (setgroups(0, NULL))
		return -errno;
	if (setresgid(identity->gid, identity->gid, identity->gid))
		return -errno;
	if (setresuid(identity->uid, identity->uid, identity->uid))
		return -errno;
	return 0;
}

/** Nothing may be left, and nothing may come back. */
static int rpcs_privilege_verify(const struct rpcs_identity *identity)
{
	__attribute__((cleanup(rpcs_cap_cleanup))) cap_t none = cap_init();
	__attribute__((cleanup(rpcs_cap_cleanup))) cap_t now = cap_get_proc();
	uid_t real, effective, saved;

	if (!none || !now)
		return -ENOMEM;
	if (cap_compare(none, now) != 0)
		return -EPERM;
	if (getresuid(&real, &effective, &saved))
		return -errno;
	if (real != identity->uid || effective != identity->uid || saved != identity->uid)
		return -EPERM;
	if (identity->uid != 0 && setresuid(0, 0, 0) == 0)
		return -EPERM;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

int rpcs_privilege_drop(const struct rpcs_identity *identity)
{
	__attribute__((cleanup(rpcs_cap_cleanup))) cap_t none = cap_init();
	int err;

	if (!none)
		return -ENOMEM;
	err = rpcs_privilege_drop_bounding(NULL, 0);
	if (err)
		return err;
	if (cap_reset_ambient() || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return -errno;
	err = rpcs_privilege_change_user(identity);
	if (err)
		return err;
	if (cap_set_proc(none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return rpcs_privilege_verify(identity);
}

int rpcs_privilege_reduce(bool files)
{
	__attribute__((cleanup(rpcs_cap_cleanup))) cap_t caps = cap_init();
	const cap_value_t bpf = rpcs_privilege_has(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN;
	const cap_value_t wanted[] = { bpf, CAP_NET_ADMIN, CAP_KILL, CAP_DAC_OVERRIDE };
	cap_value_t keep[sizeof(wanted) / sizeof(wanted[0])];
	size_t i, count = 0;
	int err;

	if (!caps)
		return -ENOMEM;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (rpcs_privilege_has(wanted[i]) && (files || wanted[i] != CAP_DAC_OVERRIDE))
			keep[count++] = wanted[i];
	if (cap_set_flag(caps, CAP_PERMITTED, (int)count, keep, CAP_SET) ||
	    cap_set_flag(caps, CAP_EFFECTIVE, (int)count, keep, CAP_SET))
		return -errno;
	err = rpcs_privilege_drop_bounding(keep, count);
	if (err)
		return err;
	if (cap_reset_ambient() || cap_set_proc(caps) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

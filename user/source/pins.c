// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pins: their directory, their names, and the file system they need. */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "kernel.h"

#define RPCS_BPFFS "/sys/fs/bpf"

static const char *const rpcs_pin_hooks[] = {
	[RPCS_PIN_XDP] = "xdp",
	[RPCS_PIN_INGRESS] = "ingress",
	[RPCS_PIN_EGRESS] = "egress",
	[RPCS_PIN_INGRESS_CLSACT] = "ingress_clsact",
	[RPCS_PIN_EGRESS_CLSACT] = "egress_clsact",
};

_Static_assert(sizeof(rpcs_pin_hooks) / sizeof(rpcs_pin_hooks[0]) == RPCS_PIN__MAX,
	       "a name for each hook");

const char *rpcs_pins_hook_name(enum rpcs_pin_hook hook)
{
	return rpcs_pin_hooks[hook];
}

const char *rpcs_pins_dir(void)
{
	const char *dir = secure_getenv(RPCS_PIN_DIR_VARIABLE);

	return dir && *dir ? dir : RPCS_PIN_DIR;
}

int rpcs_pins_path(const char *name, char path[RPCS_PIN_PATH])
{
	int len = snprintf(path, RPCS_PIN_PATH, "%s/%s", rpcs_pins_dir(), name);

	return len < RPCS_PIN_PATH ? 0 : -ENAMETOOLONG;
}

int rpcs_pins_link_path(const char *iface, enum rpcs_pin_hook hook, char path[RPCS_PIN_PATH])
{
	char name[IF_NAMESIZE];
	size_t i;
	int len;

	for (i = 0; i < sizeof(name) - 1 && iface[i]; i++)
		name[i] = iface[i] == '.' ? ':' : iface[i];
	name[i] = '\0';
	len = snprintf(path, RPCS_PIN_PATH, "%s/links/%s-%s", rpcs_pins_dir(), name,
		       rpcs_pin_hooks[hook]);
	return len < RPCS_PIN_PATH ? 0 : -ENAMETOOLONG;
}

/** The pin that a file name under links/ stands for; false: not one of ours. */
static bool rpcs_pins_parse(const char *file, struct rpcs_pin *ret_pin)
{
	const char *dash = strrchr(file, '-');
	struct rpcs_pin pin = {};
	size_t i, len;
	int hook;

	if (!dash || dash == file || dash - file >= IF_NAMESIZE)
		return false;
	len = dash - file;
	for (i = 0; i < len; i++)
		pin.iface[i] = file[i] == ':' ? '.' : file[i];
	for (hook = 0; hook < RPCS_PIN__MAX; hook++) {
		if (strcmp(dash + 1, rpcs_pin_hooks[hook]))
			continue;
		pin.hook = hook;
		*ret_pin = pin;
		return true;
	}
	return false;
}

int rpcs_pins_list(struct rpcs_pin *pins, int max)
{
	char path[RPCS_PIN_PATH];
	struct dirent *entry;
	int count = 0, ret;
	DIR *dir;

	ret = rpcs_pins_path("links", path);
	if (ret)
		return ret;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (count < max && (entry = readdir(dir)))
		if (rpcs_pins_parse(entry->d_name, &pins[count]))
			count++;
	closedir(dir);
	return count;
}

void rpcs_pins_tidy(void)
{
	char path[RPCS_PIN_PATH];

	if (!rpcs_pins_path("links", path))
		rmdir(path);
	rmdir(rpcs_pins_dir());
}

int rpcs_pins_open(const char *path)
{
	int fd = bpf_obj_get(path);

	return fd < 0 ? -errno : fd;
}

uint32_t rpcs_pins_map_id(const char *path)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	RPCS_OWNED_FD fd = rpcs_pins_open(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	return info.id;
}

static bool rpcs_pins_is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/** The directory above the pins, which has to lie on a BPF file system. */
static int rpcs_pins_parent(char parent[RPCS_PIN_PATH])
{
	const char *dir = rpcs_pins_dir();
	const char *slash = strrchr(dir, '/');

	if (!slash || slash == dir || slash - dir >= RPCS_PIN_PATH)
		return -EINVAL;
	memcpy(parent, dir, slash - dir);
	parent[slash - dir] = '\0';
	return 0;
}

static int rpcs_pins_make(const char *path)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return -errno;
}

int rpcs_pins_prepare(void)
{
	char parent[RPCS_PIN_PATH], links[RPCS_PIN_PATH];
	int ret;

	ret = rpcs_pins_parent(parent);
	if (!ret)
		ret = rpcs_pins_path("links", links);
	if (ret) {
		rpcs_log_error("can't pin to %s: not the path of a directory; mend %s",
			       rpcs_pins_dir(), RPCS_PIN_DIR_VARIABLE);
		return ret;
	}
	if (!rpcs_pins_is_bpffs(parent) &&
	    (strcmp(parent, RPCS_BPFFS) || mount("bpf", RPCS_BPFFS, "bpf", 0, "mode=0700"))) {
		rpcs_log_error("can't pin to %s: %s is no BPF file system; "
			       "mount one as root: mount -t bpf bpf %s",
			       rpcs_pins_dir(), parent, parent);
		return -EOPNOTSUPP;
	}
	ret = rpcs_pins_make(rpcs_pins_dir());
	if (!ret)
		ret = rpcs_pins_make(links);
	if (ret)
		rpcs_log_error("can't make %s: %s; run as root", rpcs_pins_dir(), strerror(-ret));
	return ret;
}

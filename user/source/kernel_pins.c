// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps' pins: what a `run --keep` leaves, and how the next run takes it over. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "kernel_object.h"
#include "pins.h"

static const char *const rpcs_kernel_pin_names[RPCS_KERNEL_PINS] = {
	[RPCS_KERNEL_COUNTERS] = "counters", [RPCS_KERNEL_PROCEDURES] = "procedures",
	[RPCS_KERNEL_RINGS] = "rings",	     [RPCS_KERNEL_BELLS] = "bells",
	[RPCS_KERNEL_FLOWS] = "flows",	     [RPCS_KERNEL_FRAGMENTS] = "fragments",
	[RPCS_KERNEL_FIRSTS] = "firsts",     [RPCS_KERNEL_EXPECTED] = "expected",
	[RPCS_KERNEL_PORTS] = "ports",	     [RPCS_KERNEL_INTERFACES] = "interfaces",
	[RPCS_KERNEL_RULES] = "rules",	     [RPCS_KERNEL_SUPPRESS] = "suppress",
	[RPCS_KERNEL_SILENCED] = "silenced", [RPCS_KERNEL_OVER_BUDGET] = "over_budget",
	[RPCS_KERNEL_XDP_LOOK] = "xdp_look", [RPCS_KERNEL_TC_LOOK] = "tc_look",
	[RPCS_KERNEL_TC_WAY] = "tc_way",     [RPCS_KERNEL_SIEVE] = "sieve",
};

/** Is the map that a former run left the one this program would make? */
static bool rpcs_kernel_is_compatible(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) &&
	       info.map_flags == bpf_map__map_flags(map);
}

/** Takes a kept map over, or says why a fresh one replaces it. */
static int rpcs_kernel_reuse(struct bpf_map *map, const char *name, const char *path)
{
	RPCS_OWNED_FD fd = rpcs_pins_open(path);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		rpcs_log_error("can't open %s: %s; remove it", path, strerror(-fd));
		return fd;
	}
	if (rpcs_kernel_is_compatible(map, fd))
		return bpf_map__reuse_fd(map, fd);
	rpcs_log_info("the kept map %s has another size or form (another version or policy): "
		      "it starts afresh, what it held is lost",
		      name);
	unlink(path);
	return 0;
}

/**
 * What a former run left: with links it was kept and its maps are taken over;
 * without, it was killed and its maps are nobody's.
 */
int rpcs_kernel_take_over(struct rpcs_kernel *kernel)
{
	char path[RPCS_PIN_PATH];
	struct rpcs_pin pin;
	int i, ret;

	ret = rpcs_pins_list(&pin, 1);
	if (ret < 0) {
		rpcs_log_error("can't read %s: %s; run as root", rpcs_pins_dir(), strerror(-ret));
		return ret;
	}
	if (ret == 0) {
		rpcs_kernel_unpin_all();
		return 0;
	}
	ret = rpcs_kernel_rings_take_over(kernel);
	for (i = 0; !ret && i < RPCS_KERNEL_PINS; i++) {
		ret = rpcs_pins_path(rpcs_kernel_pin_names[i], path);
		if (!ret)
			ret = rpcs_kernel_reuse(kernel->maps[i], rpcs_kernel_pin_names[i], path);
	}
	return ret;
}

int rpcs_kernel_pin_maps(struct rpcs_kernel *kernel)
{
	char path[RPCS_PIN_PATH];
	int i, ret;

	for (i = 0; i < RPCS_KERNEL_PINS; i++) {
		ret = rpcs_pins_path(rpcs_kernel_pin_names[i], path);
		if (ret)
			return ret;
		ret = bpf_obj_pin(bpf_map__fd(kernel->maps[i]), path) ? -errno : 0;
		/* A map taken over has its pin already. */
		if (ret && ret != -EEXIST) {
			rpcs_log_error("can't pin %s: %s", path, strerror(-ret));
			return ret;
		}
		kernel->pinned = true;
	}
	return rpcs_kernel_rings_pin(kernel);
}

void rpcs_kernel_keep(struct rpcs_kernel *kernel)
{
	kernel->keep = true;
}

void rpcs_kernel_unpin_all(void)
{
	char path[RPCS_PIN_PATH];
	int i;

	for (i = 0; i < RPCS_KERNEL_PINS; i++)
		if (!rpcs_pins_path(rpcs_kernel_pin_names[i], path))
			unlink(path);
	rpcs_kernel_rings_unpin_all();
}

void rpcs_kernel_unpin(struct rpcs_kernel *kernel)
{
	char path[RPCS_PIN_PATH];
	struct bpf_map_info info;
	struct rpcs_pin pin;
	uint32_t len;
	int i;

	/* Kept programs that this run did not touch still use them. */
	if (rpcs_pins_list(&pin, 1) > 0)
		return;
	for (i = 0; i < RPCS_KERNEL_PINS; i++) {
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (rpcs_pins_path(rpcs_kernel_pin_names[i], path) ||
		    bpf_obj_get_info_by_fd(bpf_map__fd(kernel->maps[i]), &info, &len))
			continue;
		if (rpcs_pins_map_id(path) == info.id)
			unlink(path);
	}
	rpcs_kernel_rings_unpin(kernel);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The BPF object: opened, sized, loaded, its maps pinned and taken over. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <rpcsentry/config.h>
#include <rpcsentry/counters.h>
#include <rpcsentry/record.h>

#include "rpcsentry.skel.h"

#include "../base/cleanup.h"
#include "../base/log.h"
#include "capability.h"
#include "kernel_private.h"
#include "pins.h"

#define RPCS_VMLINUX_BTF "/sys/kernel/btf/vmlinux"

enum {
	RPCS_VERIFIER_LOG = 1 << 20,
	/* Prevents absurd sizes; the kernel refuses what it has no memory for. */
	RPCS_RING_MAX = 1 << 30,
	RPCS_FLOWS_MAX = 1 << 26,
};

/** The maps that a later run, or another process, finds by name. */
enum rpcs_kernel_pin {
	RPCS_KERNEL_COUNTERS,
	RPCS_KERNEL_PROCEDURES,
	RPCS_KERNEL_RING,
	RPCS_KERNEL_FLOWS,
	RPCS_KERNEL_INTERFACES,
	RPCS_KERNEL_PINS
};

static const char *const rpcs_kernel_pin_names[RPCS_KERNEL_PINS] = {
	[RPCS_KERNEL_COUNTERS] = "counters",
	[RPCS_KERNEL_PROCEDURES] = "procedures",
	[RPCS_KERNEL_RING] = "ring",
	[RPCS_KERNEL_FLOWS] = "flows",
	[RPCS_KERNEL_INTERFACES] = "interfaces",
};

struct rpcs_kernel {
	struct rpcsentry_bpf *skel;
	struct bpf_map *maps[RPCS_KERNEL_PINS];
	char *log;
	pid_t owner; /* only the process that pinned takes pins off */
	bool pinned;
	bool keep;
};

static int __attribute__((format(printf, 2, 0)))
rpcs_kernel_print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (!rpcs_verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

void rpcs_kernel_quiet(void)
{
	libbpf_set_print(rpcs_kernel_print);
}

/** A power of two of at least one page, as ring buffers have to be. */
static uint32_t rpcs_kernel_ring_size(uint64_t wanted)
{
	uint64_t size = sysconf(_SC_PAGESIZE);

	while (size < wanted && size < RPCS_RING_MAX)
		size *= 2;
	return size;
}

static uint32_t rpcs_kernel_flow_states(uint64_t flows)
{
	if (flows == 0)
		return 2;
	return 2 * (flows < RPCS_FLOWS_MAX ? flows : RPCS_FLOWS_MAX);
}

static void rpcs_kernel_set_ports(struct rpcs_config *config,
				  const struct rpcs_kernel_options *options)
{
	uint32_t count = options->port_count, i;

	if (count > RPCS_PORTS_MAX)
		count = RPCS_PORTS_MAX;
	if (count == 0)
		return; /* the object's own: 111 */
	for (i = 0; i < RPCS_PORTS_MAX; i++)
		config->ports[i] = options->ports[i < count ? i : 0];
	config->port_count = count;
}

static int rpcs_kernel_open(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = kernel->log,
		    .kernel_log_size = RPCS_VERIFIER_LOG);
	struct rpcsentry_bpf *skel;
	int ret;

	skel = rpcsentry_bpf__open_opts(&opts);
	if (!skel) {
		ret = errno ? -errno : -EINVAL;
		rpcs_log_error("can't open the BPF object inside this program: %s", strerror(-ret));
		return ret;
	}
	kernel->skel = skel;
	kernel->maps[RPCS_KERNEL_COUNTERS] = skel->maps.counters;
	kernel->maps[RPCS_KERNEL_PROCEDURES] = skel->maps.procedures;
	kernel->maps[RPCS_KERNEL_RING] = skel->maps.ring;
	kernel->maps[RPCS_KERNEL_FLOWS] = skel->maps.flows;
	kernel->maps[RPCS_KERNEL_INTERFACES] = skel->maps.interfaces;
	rpcs_kernel_set_ports(&skel->rodata->rpcs_config, options);
	skel->rodata->rpcs_config.timeless = options->timeless;
	ret = bpf_map__set_max_entries(skel->maps.ring, rpcs_kernel_ring_size(options->ring_size));
	if (!ret)
		ret = bpf_map__set_max_entries(skel->maps.flows,
					       rpcs_kernel_flow_states(options->flows));
	if (ret)
		rpcs_log_error("can't size the kernel's maps: %s", strerror(-ret));
	return ret;
}

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
static int rpcs_kernel_take_over(struct rpcs_kernel *kernel)
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
	for (i = 0; i < RPCS_KERNEL_PINS; i++) {
		ret = rpcs_pins_path(rpcs_kernel_pin_names[i], path);
		if (!ret)
			ret = rpcs_kernel_reuse(kernel->maps[i], rpcs_kernel_pin_names[i], path);
		if (ret)
			return ret;
	}
	return 0;
}

/** The one line for a load that failed with `error` (positive). */
static void rpcs_kernel_explain(const struct rpcs_kernel *kernel, int error)
{
	if (access(RPCS_VMLINUX_BTF, R_OK)) {
		rpcs_log_error("can't load the BPF programs: the kernel offers no type "
			       "information (%s); it takes a kernel built with "
			       "CONFIG_DEBUG_INFO_BTF=y",
			       RPCS_VMLINUX_BTF);
	} else if (kernel->log[0]) {
		if (rpcs_verbose)
			fprintf(stderr, "%s\n", kernel->log);
		rpcs_log_error("can't load the BPF programs: the kernel's verifier refused "
			       "them (%s)%s",
			       strerror(error), rpcs_verbose ? "" : "; -v shows why");
	} else if (error == EPERM) {
		rpcs_log_error("can't load the BPF programs: the kernel forbids it (%s); run "
			       "outside of containers, user namespaces and lockdown",
			       strerror(error));
	} else if (error == ENOMEM) {
		rpcs_log_error("can't load the BPF programs: no memory for the maps; lower "
			       "sensor.ring_size or limits.flows in the policy");
	} else {
		rpcs_log_error("can't load the BPF programs: %s%s", strerror(error),
			       rpcs_verbose ? "" : "; -v shows libbpf's messages");
	}
}

static int rpcs_kernel_pin_maps(struct rpcs_kernel *kernel)
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
	return 0;
}

static int rpcs_kernel_check_privilege(void)
{
	char text[RPCS_CAPABILITY_TEXT];
	unsigned int missing = rpcs_capability_missing(RPCS_CAPABILITY_ALL);

	if (!missing)
		return 0;
	rpcs_log_error("can't load the BPF programs: this process lacks %s; run it as root or "
		       "grant them",
		       rpcs_capability_format(missing, text));
	return -EPERM;
}

static int rpcs_kernel_start(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	int ret = rpcs_kernel_check_privilege();

	if (!ret && options->pin)
		ret = rpcs_pins_prepare();
	if (!ret)
		ret = rpcs_kernel_open(kernel, options);
	if (!ret && options->pin)
		ret = rpcs_kernel_take_over(kernel);
	if (ret)
		return ret;
	ret = rpcsentry_bpf__load(kernel->skel);
	if (ret) {
		rpcs_kernel_explain(kernel, -ret);
		return ret;
	}
	if (options->pin)
		ret = rpcs_kernel_pin_maps(kernel);
	return ret;
}

int rpcs_kernel_load(const struct rpcs_kernel_options *options, struct rpcs_kernel **ret_kernel)
{
	RPCS_CLEANUP(rpcs_kernel_free) struct rpcs_kernel *kernel = NULL;
	int ret;

	rpcs_kernel_quiet();
	kernel = calloc(1, sizeof(*kernel));
	if (kernel)
		kernel->log = calloc(1, RPCS_VERIFIER_LOG);
	if (!kernel || !kernel->log) {
		rpcs_log_error("can't load the BPF programs: out of memory");
		return -ENOMEM;
	}
	kernel->owner = getpid();
	ret = rpcs_kernel_start(kernel, options);
	if (ret)
		return ret;
	rpcs_kernel_cpus(); /* remembers the count while it can still be read */
	rpcs_cleanup_free(&kernel->log);
	*ret_kernel = RPCS_TAKE(kernel);
	return 0;
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
}

/** Removes the pins of this object's maps, and leaves those of a later run. */
static void rpcs_kernel_unpin(struct rpcs_kernel *kernel)
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
}

void rpcs_kernel_free(struct rpcs_kernel **kernel_owner)
{
	struct rpcs_kernel *kernel = *kernel_owner;

	if (!kernel)
		return;
	if (kernel->owner == getpid() && !kernel->keep) {
		if (kernel->pinned)
			rpcs_kernel_unpin(kernel);
		rpcs_pins_tidy();
	}
	rpcsentry_bpf__destroy(kernel->skel);
	free(kernel->log);
	free(kernel);
	*kernel_owner = NULL;
}

int rpcs_kernel_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook)
{
	switch (hook) {
	case RPCS_HOOK_XDP:
		return bpf_program__fd(kernel->skel->progs.rpcs_xdp);
	case RPCS_HOOK_TC_INGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_ingress);
	case RPCS_HOOK_TC_EGRESS:
		return bpf_program__fd(kernel->skel->progs.rpcs_tc_egress);
	default:
		return -EINVAL;
	}
}

int rpcs_kernel_ring_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.ring);
}

int rpcs_kernel_counters_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.counters);
}

int rpcs_kernel_procedures_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.procedures);
}

int rpcs_kernel_interfaces_fd(const struct rpcs_kernel *kernel)
{
	return bpf_map__fd(kernel->skel->maps.interfaces);
}

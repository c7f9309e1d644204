// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs' rings: how many, of which size, made before the load or taken over. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rpcsentry/counters.h>
#include <rpcsentry/record.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "kernel_object.h"
#include "kernel_skeleton.h"
#include "pins.h"
#include "ring.h"

enum {
	/* Prevents absurd sizes; the kernel refuses what it has no memory for. */
	RPCS_RING_MAX = 1 << 30,
	/* A ring of its own is worth less to a CPU than room for a burst: 3,855 records. */
	RPCS_RING_MIN = 512 << 10,
};

/** A power of two of at least one page, as ring buffers have to be. */
static uint32_t rpcs_kernel_ring_size(uint64_t wanted)
{
	uint64_t size = sysconf(_SC_PAGESIZE);

	while (size < wanted && size < RPCS_RING_MAX)
		size *= 2;
	return size;
}

/** As many as CPUs, to a power of two, as long as each has the least size. */
int rpcs_kernel_rings_plan(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	uint32_t size = rpcs_kernel_ring_size(options->ring_size), count = 1;
	long cpus = options->rings ? (long)options->rings : sysconf(_SC_NPROCESSORS_ONLN);

	/* A capture's frames pass one by one. */
	if (options->test_clock)
		cpus = 1;
	while (count < cpus && count < RPCS_RINGS_MAX && size / 2 >= RPCS_RING_MIN) {
		count *= 2;
		size /= 2;
	}
	kernel->rings.count = count;
	kernel->ring_size = size;
	kernel->skel->rodata->rpcs_config.ring_mask = count - 1;
	return bpf_map__set_max_entries(kernel->skel->maps.rings, count);
}

static void rpcs_kernel_ring_name(uint32_t number, char name[BPF_OBJ_NAME_LEN])
{
	snprintf(name, BPF_OBJ_NAME_LEN, "ring_%u", number);
}

static int rpcs_kernel_ring_path(uint32_t number, char path[RPCS_PIN_PATH])
{
	char name[BPF_OBJ_NAME_LEN];

	rpcs_kernel_ring_name(number, name);
	return rpcs_pins_path(name, path);
}

static uint32_t rpcs_kernel_map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/** The kept ring with this number, if it is the array's and has the size; else -errno. */
static int rpcs_kernel_ring_open(const struct rpcs_kernel *kernel, int array_fd, uint32_t number)
{
	char path[RPCS_PIN_PATH];
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), id;
	int ret = rpcs_kernel_ring_path(number, path);
	RPCS_OWNED_FD fd = -1;

	if (ret)
		return ret;
	fd = rpcs_pins_open(path);
	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || bpf_map_lookup_elem(array_fd, &number, &id))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF || info.max_entries != kernel->ring_size ||
	    info.id != id)
		return -EINVAL;
	return RPCS_TAKE_FD(fd);
}

/** All of them or none: their array and they belong together. */
static bool rpcs_kernel_rings_adopt(struct rpcs_kernel *kernel, int array_fd)
{
	struct rpcs_ring_fds *rings = &kernel->rings;
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), i;

	if (bpf_obj_get_info_by_fd(array_fd, &info, &len) ||
	    info.type != BPF_MAP_TYPE_ARRAY_OF_MAPS || info.max_entries != rings->count)
		return false;
	for (i = 0; i < rings->count; i++) {
		rings->rings[i] = rpcs_kernel_ring_open(kernel, array_fd, i);
		if (rings->rings[i] < 0)
			break;
	}
	if (i == rings->count)
		return true;
	while (i--)
		rpcs_cleanup_fd(&rings->rings[i]);
	return false;
}

void rpcs_kernel_rings_unpin_all(void)
{
	char path[RPCS_PIN_PATH];
	uint32_t i;

	for (i = 0; i < RPCS_RINGS_MAX; i++)
		if (!rpcs_kernel_ring_path(i, path))
			unlink(path);
}

int rpcs_kernel_rings_take_over(struct rpcs_kernel *kernel)
{
	static const char *const others[] = { "rings", "bells" };
	char path[RPCS_PIN_PATH];
	RPCS_OWNED_FD array = -1;
	int ret = rpcs_pins_path("rings", path);
	size_t i;

	if (ret)
		return ret;
	array = rpcs_pins_open(path);
	if (array == -ENOENT)
		return 0;
	if (array >= 0 && rpcs_kernel_rings_adopt(kernel, array))
		return 0;
	rpcs_log_info("the kept rings have another size or form (another version, policy or "
		      "number of CPUs): they start afresh, what they held is lost");
	rpcs_kernel_rings_unpin_all();
	/* The bells too: programs that go on with the old rings must not clear the new ones'. */
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!rpcs_pins_path(others[i], path))
			unlink(path);
	return 0;
}

/** Before the load: the verifier takes what it knows of a ring from the first one. */
int rpcs_kernel_rings_make(struct rpcs_kernel *kernel)
{
	struct rpcs_ring_fds *rings = &kernel->rings;
	char name[BPF_OBJ_NAME_LEN];
	uint32_t i;

	/* Those that were taken over are in their array. */
	if (rings->rings[0] >= 0)
		return 0;
	for (i = 0; i < rings->count; i++) {
		rpcs_kernel_ring_name(i, name);
		rings->rings[i] =
			bpf_map_create(BPF_MAP_TYPE_RINGBUF, name, 0, 0, kernel->ring_size, NULL);
		if (rings->rings[i] < 0)
			return -errno;
	}
	return bpf_map__set_inner_map_fd(kernel->skel->maps.rings, rings->rings[0]);
}

int rpcs_kernel_rings_fill(struct rpcs_kernel *kernel)
{
	int array = bpf_map__fd(kernel->skel->maps.rings);
	struct rpcs_ring_fds *rings = &kernel->rings;
	uint32_t i, id;

	rings->bells = bpf_map__fd(kernel->skel->maps.data_bells);
	for (i = 0; i < rings->count; i++) {
		/* Kept programs may be at work in those that are there. */
		if (!bpf_map_lookup_elem(array, &i, &id) &&
		    id == rpcs_kernel_map_id(rings->rings[i]))
			continue;
		if (bpf_map_update_elem(array, &i, &rings->rings[i], BPF_ANY))
			return -errno;
	}
	return 0;
}

int rpcs_kernel_rings_pin(struct rpcs_kernel *kernel)
{
	char path[RPCS_PIN_PATH];
	uint32_t i;
	int ret;

	for (i = 0; i < kernel->rings.count; i++) {
		ret = rpcs_kernel_ring_path(i, path);
		if (!ret && bpf_obj_pin(kernel->rings.rings[i], path) && errno != EEXIST)
			ret = -errno;
		if (ret) {
			rpcs_log_error("can't pin %s: %s", path, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

void rpcs_kernel_rings_unpin(struct rpcs_kernel *kernel)
{
	char path[RPCS_PIN_PATH];
	uint32_t i;

	for (i = 0; i < kernel->rings.count; i++)
		if (!rpcs_kernel_ring_path(i, path) &&
		    rpcs_pins_map_id(path) == rpcs_kernel_map_id(kernel->rings.rings[i]))
			unlink(path);
}

void rpcs_kernel_rings_free(struct rpcs_kernel *kernel)
{
	uint32_t i;

	for (i = 0; i < RPCS_RINGS_MAX; i++)
		rpcs_cleanup_fd(&kernel->rings.rings[i]);
}

void rpcs_kernel_ring_fds(const struct rpcs_kernel *kernel, struct rpcs_ring_fds *ret_fds)
{
	*ret_fds = kernel->rings;
}

int rpcs_kernel_ring_new(const struct rpcs_kernel *kernel, rpcs_record_fn emit, void *arg,
			 struct rpcs_ring **ret_ring)
{
	return rpcs_ring_new(&kernel->rings, emit, arg, ret_ring);
}

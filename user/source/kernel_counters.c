// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading the per-CPU counter maps, summed, and who writes them. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "kernel.h"
#include "kernel_private.h"
#include "pins.h"

/* More than our programs on hooks have. */
enum { RPCS_PROGRAM_MAPS = 32 };

int rpcs_kernel_cpus(void)
{
	/* Asked once: a process that has given up its rights may not see sysfs any more. */
	static int count;

	if (count <= 0)
		count = libbpf_num_possible_cpus();
	return count;
}

/** Adds every CPU's value, which is `words` u64, into sum[]. */
static int rpcs_kernel_sum(int fd, __u64 *sum, size_t words)
{
	RPCS_OWNED_BLOCK __u64 *values = NULL;
	int cpus = rpcs_kernel_cpus(), cpu;
	uint32_t zero = 0;
	size_t i;

	if (cpus <= 0)
		return cpus < 0 ? cpus : -EINVAL;
	values = calloc(cpus, words * sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, values))
		return -errno;
	for (cpu = 0; cpu < cpus; cpu++)
		for (i = 0; i < words; i++)
			sum[i] += values[cpu * words + i];
	return 0;
}

int rpcs_kernel_counters_read(int counters_fd, struct rpcs_counters *ret_counters)
{
	struct rpcs_counters sum = {};
	int ret;

	ret = rpcs_kernel_sum(counters_fd, (__u64 *)&sum, sizeof(sum) / sizeof(__u64));
	if (!ret)
		*ret_counters = sum;
	return ret;
}

int rpcs_kernel_procedures_read(int procedures_fd, struct rpcs_procedures *ret_procedures)
{
	struct rpcs_procedures sum = {};
	int ret;

	ret = rpcs_kernel_sum(procedures_fd, (__u64 *)&sum, sizeof(sum) / sizeof(__u64));
	if (!ret)
		*ret_procedures = sum;
	return ret;
}

/** Does the program with this id use the map? */
static bool rpcs_kernel_program_uses(uint32_t program_id, uint32_t map_id)
{
	uint32_t maps[RPCS_PROGRAM_MAPS] = { 0 }, len, i;
	RPCS_OWNED_FD fd = bpf_prog_get_fd_by_id(program_id);
	struct bpf_prog_info info = {
		.nr_map_ids = RPCS_PROGRAM_MAPS,
		.map_ids = (uintptr_t)maps,
	};

	len = sizeof(info);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	for (i = 0; i < info.nr_map_ids && i < RPCS_PROGRAM_MAPS; i++)
		if (maps[i] == map_id)
			return true;
	return false;
}

static bool rpcs_kernel_is_used(const char *name)
{
	char path[RPCS_PIN_PATH];
	uint32_t map_id, id = 0;

	if (rpcs_pins_path(name, path))
		return false;
	map_id = rpcs_pins_map_id(path);
	if (!map_id)
		return false;
	while (!bpf_prog_get_next_id(id, &id))
		if (rpcs_kernel_program_uses(id, map_id))
			return true;
	return false;
}

bool rpcs_kernel_is_running(void)
{
	/* Only programs on hooks use these; what lies in them stays as long as their pins. */
	return rpcs_kernel_is_used("xdp_look") || rpcs_kernel_is_used("tc_look");
}

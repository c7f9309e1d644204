// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel's maps of sets: how many sets they have, and the secrets that these are found by. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <rpcsentry/config.h>
#include <string.h>

#include "../base/log.h"
#include "dated_map.h"
#include "expect_map.h"
#include "flow_map.h"
#include "kernel_object.h"
#include "set_map.h"
#include "state.h"

#include "kernel_skeleton.h"

static const enum rpcs_kernel_pin pins[RPCS_SETS__MAX] = {
	[RPCS_SETS_FLOWS] = RPCS_KERNEL_FLOWS,
	[RPCS_SETS_EXPECTED] = RPCS_KERNEL_EXPECTED,
	[RPCS_SETS_FIRSTS] = RPCS_KERNEL_FIRSTS,
	[RPCS_SETS_SILENCED] = RPCS_KERNEL_SILENCED,
};

/* Prevents absurd sizes; the kernel refuses what it has no memory for. */
enum { ENTRIES_MAX = 1 << 26 };

/** How many entries a map gets that is to hold `wanted`. */
static uint32_t entries(uint64_t wanted)
{
	if (wanted == 0)
		return 1;
	return wanted < ENTRIES_MAX ? (uint32_t)wanted : ENTRIES_MAX;
}

static struct rpcs_set_config *config_of(struct rpcs_kernel *kernel)
{
	return ((struct rpcs_config *)&kernel->skel->rodata->rpcs_config)->sets;
}

int rpcs_kernel_sets_size(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options)
{
	struct rpcs_set_config *sets = config_of(kernel);
	uint32_t flows = entries(options->flows);
	int ret = 0, i;

	sets[RPCS_SETS_FLOWS].count = rpcs_flow_map_sets(2 * (uint64_t)flows);
	sets[RPCS_SETS_EXPECTED].count = rpcs_expect_map_sets(entries(options->calls));
	sets[RPCS_SETS_FIRSTS].count = rpcs_dated_map_sets(flows);
	sets[RPCS_SETS_SILENCED].count =
		rpcs_dated_map_sets(options->suppresses ? RPCS_SILENCED_MAX : 1);
	for (i = 0; i < RPCS_SETS__MAX && !ret; i++)
		ret = bpf_map__set_max_entries(kernel->maps[pins[i]], sets[i].count + 1);
	return ret;
}

int rpcs_kernel_sets_seed(struct rpcs_kernel *kernel)
{
	struct rpcs_set_config *sets = config_of(kernel);
	int ret = 0, i;

	for (i = 0; i < RPCS_SETS__MAX && !ret; i++)
		ret = rpcs_set_map_seed(bpf_map__fd(kernel->maps[pins[i]]), sets[i].count,
					&sets[i].seed);
	if (ret)
		rpcs_log_error("can't seed the hashes of the kernel's maps: %s", strerror(-ret));
	return ret;
}

int rpcs_kernel_sets_keep_seeds(struct rpcs_kernel *kernel)
{
	const struct rpcs_set_config *sets = config_of(kernel);
	int ret = 0, i;

	for (i = 0; i < RPCS_SETS__MAX && !ret; i++)
		ret = rpcs_set_map_set_seed(bpf_map__fd(kernel->maps[pins[i]]), sets[i].count,
					    &sets[i].seed);
	return ret;
}

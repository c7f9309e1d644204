// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel's part of a source's budget: sizes, limits and a secret. */
#include "budget.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>

#include "../base/hash.h"
#include "kernel_private.h"

enum {
	/* Of the budget, what all CPUs together need not count by source. */
	FREE_SHARE = 8,
	/* But so many on each: under a flood of forged sources slots fill without any's fault. */
	FREE_MIN = 128,
};

void rpcs_budget_fill(struct rpcs_ports *ports, uint64_t records)
{
	int cpus = rpcs_kernel_cpus();
	uint64_t share = records / FREE_SHARE, free = cpus > 1 ? share / (unsigned int)cpus : share;

	if (free < FREE_MIN)
		free = share < FREE_MIN ? share : FREE_MIN;
	ports->budget = records < INT32_MAX ? (uint32_t)records : INT32_MAX;
	ports->budget_free = (uint32_t)free;
}

int rpcs_budget_seed(__u64 ret_seed[4])
{
	struct rpcs_hash_seed seed[2];
	int err = rpcs_hash_seed_random(&seed[0]);

	if (!err)
		err = rpcs_hash_seed_random(&seed[1]);
	if (err)
		return err;
	ret_seed[0] = seed[0].k0;
	ret_seed[1] = seed[0].k1;
	ret_seed[2] = seed[1].k0;
	ret_seed[3] = seed[1].k1;
	return 0;
}

int rpcs_budget_size(struct bpf_map *sources, struct bpf_map *over)
{
	int err = bpf_map__set_max_entries(sources, 1);

	return err ? err : bpf_map__set_max_entries(over, 1);
}

int rpcs_over_begin(int over_fd)
{
	const struct rpcs_over_key rest = { .kind = RPCS_OVER_REST };
	const struct rpcs_over_value none = { 0 };

	return bpf_map_update_elem(over_fd, &rest, &none, BPF_NOEXIST) && errno != EEXIST ? -1 : 0;
}

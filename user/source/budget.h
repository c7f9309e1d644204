/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* limits.per_source_records as the kernel's programs have it. */
#ifndef RPCSENTRY_SOURCE_BUDGET_H
#define RPCSENTRY_SOURCE_BUDGET_H

#include <stdint.h>

#include <rpcsentry/budget.h>
#include <rpcsentry/ports.h>

struct bpf_map;

/** The budget of records a second, and how many of them a CPU need not count by source. */
void rpcs_budget_fill(struct rpcs_ports *ports, uint64_t records);

/** Fills the secret of the programs' hashes; 0 or -errno. */
int rpcs_budget_seed(__u64 ret_seed[4]);

/** Before the load: without a budget nothing is counted. 0 or -errno. */
int rpcs_budget_size(struct bpf_map *sources, struct bpf_map *over);

/** Puts in the key of whatever finds no room; 0, or -1 and errno says why. */
int rpcs_over_begin(int over_fd);

#endif

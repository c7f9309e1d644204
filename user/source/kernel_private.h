/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What attaching needs of the kernel object besides kernel.h. */
#ifndef RPCSENTRY_SOURCE_KERNEL_PRIVATE_H
#define RPCSENTRY_SOURCE_KERNEL_PRIVATE_H

#include "kernel.h"

/** From now on rpcs_kernel_free() leaves the pins of the maps. */
void rpcs_kernel_keep(struct rpcs_kernel *kernel);

/** Takes all pins of maps off, whoever made them. */
void rpcs_kernel_unpin_all(void);

/** Is any program on a hook still one that works with the pinned maps? */
bool rpcs_kernel_is_running(void);

/** Sends libbpf's messages to standard error with -v, else nowhere. */
void rpcs_kernel_quiet(void);

/** Possible CPUs: how many values a per-CPU map has; negative: -errno. */
int rpcs_kernel_cpus(void);

#endif

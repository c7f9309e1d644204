/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loaded object itself, for loading (kernel.c) and its pins (kernel_pins.c). */
#ifndef RPCSENTRY_SOURCE_KERNEL_OBJECT_H
#define RPCSENTRY_SOURCE_KERNEL_OBJECT_H

#include <bpf/libbpf.h>
#include <sys/types.h>

#include "kernel_private.h"
#include "ring.h"

struct rpcsentry_bpf;

/**
 * The maps that a later run, or another process, finds by name. All that the
 * programs remember is among them, so that a restart neither loses nor repeats
 * anything; `sensitive` is the policy's alone.
 */
enum rpcs_kernel_pin {
	RPCS_KERNEL_COUNTERS,
	RPCS_KERNEL_PROCEDURES,
	RPCS_KERNEL_RINGS,
	RPCS_KERNEL_BELLS,
	RPCS_KERNEL_FLOWS,
	RPCS_KERNEL_FRAGMENTS,
	RPCS_KERNEL_FIRSTS,
	RPCS_KERNEL_EXPECTED,
	RPCS_KERNEL_PORTS,
	RPCS_KERNEL_INTERFACES,
	RPCS_KERNEL_RULES,
	RPCS_KERNEL_SUPPRESS,
	RPCS_KERNEL_SIEVE,
	RPCS_KERNEL_SILENCED,
	RPCS_KERNEL_OVER_BUDGET,
	/* Pins keep kept programs' tail calls: what a program array holds goes with the last of
	   its references from user space. A later run puts its own programs in. */
	RPCS_KERNEL_XDP_LOOK,
	RPCS_KERNEL_TC_LOOK,
	RPCS_KERNEL_TC_WAY,
	RPCS_KERNEL_PINS
};

struct rpcs_kernel {
	struct rpcsentry_bpf *skel;
	struct bpf_map *maps[RPCS_KERNEL_PINS];
	struct rpcs_ring_fds rings; /* owned, but the bells; -1: not there */
	uint32_t ring_size;
	char *log;
	pid_t owner; /* only the process that pinned takes pins off */
	bool pinned;
	bool keep;
};

/** The one line for a load that failed with `error` (positive). */
void rpcs_kernel_explain(const struct rpcs_kernel *kernel, int error);

/** -EPERM, which has been logged: this process may not load programs. */
int rpcs_kernel_check_privilege(void);

/** Before the load: uses the maps that a `run --keep` left; -errno has been logged. */
int rpcs_kernel_take_over(struct rpcs_kernel *kernel);

/** After it: pins those that are not; -errno has been logged. */
int rpcs_kernel_pin_maps(struct rpcs_kernel *kernel);

/** Removes the pins of this object's maps, and leaves those of a later run. */
void rpcs_kernel_unpin(struct rpcs_kernel *kernel);

/** The sizes of the maps of sets, into the object. 0 or -errno. */
int rpcs_kernel_sets_size(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options);
/** Before the load: what is kept is found by the seeds it was kept by. -errno has been logged. */
int rpcs_kernel_sets_seed(struct rpcs_kernel *kernel);
/** After it: the seeds into the maps. 0 or -errno. */
int rpcs_kernel_sets_keep_seeds(struct rpcs_kernel *kernel);

/** How many rings, of which size: into the object, before all else. */
int rpcs_kernel_rings_plan(struct rpcs_kernel *kernel, const struct rpcs_kernel_options *options);

/** Before their array is: takes the rings over that fit, or removes their pins. */
int rpcs_kernel_rings_take_over(struct rpcs_kernel *kernel);

/** Before the load, those that are not there; after it, into their array. */
int rpcs_kernel_rings_make(struct rpcs_kernel *kernel);
int rpcs_kernel_rings_fill(struct rpcs_kernel *kernel);

/** Their own pins, beside the array's. */
int rpcs_kernel_rings_pin(struct rpcs_kernel *kernel);
void rpcs_kernel_rings_unpin(struct rpcs_kernel *kernel);
void rpcs_kernel_rings_unpin_all(void);

void rpcs_kernel_rings_free(struct rpcs_kernel *kernel);

#endif

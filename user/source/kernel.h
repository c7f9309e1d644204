/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF object: loading, its maps, pins. Stages 1 to 4 run in it. */
#ifndef RPCSENTRY_SOURCE_KERNEL_H
#define RPCSENTRY_SOURCE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <rpcsentry/counters.h>

#include "frame.h"

#define RPCS_PIN_DIR "/sys/fs/bpf/rpcsentry"

struct rpcs_kernel;

struct rpcs_kernel_options {
	const uint16_t *ports;
	uint32_t port_count;
	uint64_t ring_size; /* bytes, a power of two and a multiple of the page size */
	uint64_t flows;	    /* TCP flows that the kernel keeps a state of */
	bool timeless;	    /* for test runs over a capture: nothing depends on the clock */
	bool pin;	    /* under RPCS_PIN_DIR; takes maps over that a `run --keep` left */
};

/**
 * Opens, sizes and loads the object. On failure the one clear line has been
 * logged (missing capability, no BTF, verifier) and -errno is returned.
 */
int rpcs_kernel_load(const struct rpcs_kernel_options *options, struct rpcs_kernel **ret_kernel);

/** Takes pins off that this load made, closes everything. */
void rpcs_kernel_free(struct rpcs_kernel **kernel);

/** Descriptors stay the kernel object's; hook: enum rpcs_hook but FILE. */
int rpcs_kernel_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook);
int rpcs_kernel_ring_fd(const struct rpcs_kernel *kernel);
int rpcs_kernel_counters_fd(const struct rpcs_kernel *kernel);
int rpcs_kernel_procedures_fd(const struct rpcs_kernel *kernel);
int rpcs_kernel_interfaces_fd(const struct rpcs_kernel *kernel);

/** Sums a per-CPU counters map; works on a held descriptor without privilege (kernel 5.19). */
int rpcs_kernel_counters_read(int counters_fd, struct rpcs_counters *ret_counters);
int rpcs_kernel_procedures_read(int procedures_fd, struct rpcs_procedures *ret_procedures);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stages 1 to 4 over frames of a capture: natively, or through the loaded program. */
#ifndef RPCSENTRY_SOURCE_ENGINE_H
#define RPCSENTRY_SOURCE_ENGINE_H

#include "../policy/policy.h"
#include "frame.h"
#include "kernel.h"

struct rpcs_native;
struct rpcs_state;

struct rpcs_native_options {
	const struct rpcs_settings *settings;
	const struct rpcs_policy *policy; /* for the sensitive set; stays the caller's; or NULL */
	struct rpcs_state *state;	  /* the caller's too; NULL: tables of its own */
	rpcs_record_fn emit;
	void *arg;
};

/** The native build of the parser; records go to `emit`. NULL: out of memory. */
struct rpcs_native *rpcs_native_new(const struct rpcs_native_options *options);
void rpcs_native_free(struct rpcs_native **native);
void rpcs_native_frame(struct rpcs_native *native, const struct rpcs_frame *frame);
const struct rpcs_counters *rpcs_native_counters(const struct rpcs_native *native);

/** What it remembers, for the agent to change; lives as long as the engine. */
struct rpcs_state *rpcs_native_state(struct rpcs_native *native);

struct rpcs_test_run;

/**
 * Passes frames through a loaded program with BPF_PROG_TEST_RUN and hands the
 * ring's records on. Frames the kernel refuses (under 14 bytes, or longer than
 * it shows a program) go through `native`, which has to share the kernel's state
 * (rpcs_state_maps()), or flows get out of step; *fallbacks counts them.
 */
int rpcs_test_run_new(struct rpcs_kernel *kernel, enum rpcs_hook hook, struct rpcs_native *native,
		      rpcs_record_fn emit, void *arg, struct rpcs_test_run **ret_run);
void rpcs_test_run_free(struct rpcs_test_run **run);
int rpcs_test_run_frame(struct rpcs_test_run *run, const struct rpcs_frame *frame);
uint64_t rpcs_test_run_fallbacks(const struct rpcs_test_run *run);

#endif

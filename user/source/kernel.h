/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF object: loading, its maps, pins. Stages 1 to 4 run in it. */
#ifndef RPCSENTRY_SOURCE_KERNEL_H
#define RPCSENTRY_SOURCE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <rpcsentry/counters.h>
#include <rpcsentry/suppress.h>

#include "../policy/policy.h"
#include "frame.h"

#define RPCS_PIN_DIR "/sys/fs/bpf/rpcsentry"

struct rpcs_kernel;
struct rpcs_ring;
struct rpcs_ring_fds;
struct rpcs_state_fds;

struct rpcs_kernel_options {
	const uint16_t *ports;
	uint32_t port_count;
	uint64_t ring_size; /* bytes of all rings, rounded up to a power of two of pages */
	uint32_t rings;	    /* at most so many, as far as they have the room; 0: a CPU one */
	uint64_t flows;	    /* TCP flows that the kernel keeps a state of */
	uint64_t calls;	    /* calls on other ports whose replies it waits for */
	uint64_t flow_timeout_ns;
	enum rpcs_any_port any_port;
	bool tunnels;
	const uint32_t *sensitive; /* programs; see detections.md */
	uint32_t sensitive_count;
	uint64_t call_timeout_ns;
	bool suppresses; /* a rule does; `suppress` may be empty all the same */
	const struct rpcs_suppress_entry *suppress;
	uint32_t suppress_count;
	uint64_t budget; /* limits.per_source_records; 0: whatever comes becomes a record */
	bool test_clock; /* for test runs over a capture: rpcs_kernel_set_time() is the clock */
	uint32_t hooks;	 /* whose programs are loaded: a bit (1 << hook) each; 0: all */
	bool pin;	 /* under RPCS_PIN_DIR; takes maps over that a `run --keep` left */
};

/** What the policy says; test_clock, set before, and pin are left to the caller. */
void rpcs_kernel_options_fill(struct rpcs_kernel_options *options,
			      const struct rpcs_policy *policy);

/**
 * Opens, sizes and loads the object. On failure the one clear line has been
 * logged (missing capability, no BTF, verifier) and -errno is returned.
 */
int rpcs_kernel_load(const struct rpcs_kernel_options *options, struct rpcs_kernel **ret_kernel);

/** Takes pins off that this load made, closes everything. */
void rpcs_kernel_free(struct rpcs_kernel **kernel);

/** Descriptors stay the kernel object's; hook: enum rpcs_hook but FILE. */
int rpcs_kernel_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook);
/** The programs for packets that begin with an IP header; TC only, -EINVAL for XDP. */
int rpcs_kernel_l3_program_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook);
/** The program that this hook's one goes on to where a glance is not enough. */
int rpcs_kernel_look_fd(const struct rpcs_kernel *kernel, enum rpcs_hook hook);
int rpcs_kernel_counters_fd(const struct rpcs_kernel *kernel);
int rpcs_kernel_procedures_fd(const struct rpcs_kernel *kernel);
/** For rpcs_incoming_open(). */
int rpcs_kernel_interfaces_fd(const struct rpcs_kernel *kernel);

/** Those of the rings, for rpcs_ring_new(); or that at once, by this process. */
void rpcs_kernel_ring_fds(const struct rpcs_kernel *kernel, struct rpcs_ring_fds *ret_fds);
int rpcs_kernel_ring_new(const struct rpcs_kernel *kernel, rpcs_record_fn emit, void *arg,
			 struct rpcs_ring **ret_ring);

/** Those of what the programs remember, for rpcs_state_maps(). */
void rpcs_kernel_state_fds(const struct rpcs_kernel *kernel, struct rpcs_state_fds *ret_fds);

/** With test_clock: the time of the frame to come. */
void rpcs_kernel_set_time(struct rpcs_kernel *kernel, uint64_t time_ns);

/** Sums a per-CPU counters map; works on a held descriptor without privilege (kernel 5.19). */
int rpcs_kernel_counters_read(int counters_fd, struct rpcs_counters *ret_counters);
int rpcs_kernel_procedures_read(int procedures_fd, struct rpcs_procedures *ret_procedures);

/** The rules of a map `rules` into RPCS_RULES_SHOWN_MAX places; how many there are, or -errno. */
int rpcs_kernel_rules_read(int rules_fd, struct rpcs_rule_hits *list);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the policy tells stages 1 to 4: rodata for the kernel's programs. */
#ifndef RPCSENTRY_CONFIG_H
#define RPCSENTRY_CONFIG_H

#include "set_hash.h"

/** sensor.any_port: RPC on other ports than the portmapper's. */
enum rpcs_any_port {
	RPCS_ANY_PORT_OFF,
	RPCS_ANY_PORT_FIRST, /* what is new: a flow's first call of a procedure, and its reply */
	RPCS_ANY_PORT_ALL,
};

/** The maps of sets (set_hash.h). */
enum rpcs_sets {
	RPCS_SETS_FLOWS,
	RPCS_SETS_EXPECTED,
	RPCS_SETS_FIRSTS,
	RPCS_SETS_SILENCED,
	RPCS_SETS__MAX
};

/** One of them: how many sets it has, and its secret, which it has behind them too. */
struct rpcs_set_config {
	struct rpcs_set_seed seed;
	__u32 count;
	__u32 pad;
};

/** Settings of the fast path; constant while a program is loaded. The ports have a map. */
struct rpcs_config {
	__u32 any_port;	  /* enum rpcs_any_port */
	__u32 tunnels;	  /* are GRE, IP in IP, VXLAN, PPPoE and MPLS looked into? */
	__u32 test_clock; /* a test run over a capture: the frame's time counts, not the kernel's */
	__u32 suppress;	  /* does any rule suppress calls? */
	__u32 budget;	  /* has a source a budget of records? How many, `ports` says */
	__u32 ring_mask;  /* of a CPU's number, for its ring's; 0: there is one ring */
	__u64 flow_timeout_ns; /* a UDP flow silent for longer is another one */
	__u64 call_timeout_ns; /* a suppressed call's reply may come so late */
	__u64 jiffy_ns;	       /* the kernel's tick */
	__u64 jiffies;	       /* of them there were when it began */
	__u64 seed[4];	       /* secret: of the hashes of who spends a budget */
	struct rpcs_set_config sets[RPCS_SETS__MAX];
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps; sizes marked "set at load" come from the policy. */
#ifndef RPCSENTRY_BPF_MAPS_H
#define RPCSENTRY_BPF_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include <rpcsentry/budget.h>
#include <rpcsentry/engine.h>
#include <rpcsentry/expect_set.h>
#include <rpcsentry/flow_set.h>
#include <rpcsentry/incoming.h>
#include <rpcsentry/ring.h>
#include <rpcsentry/suppress.h>

/* BPF_F_MMAPABLE (kernel 5.5) and BPF_F_NO_PREALLOC, which no type of vmlinux.h names. */
enum { RPCS_MMAPABLE = 1 << 10, RPCS_NO_PREALLOC = 1 << 0 };

/** A flow in hand, for the functions of flows.h. */
struct rpcs_flow_at {
	struct rpcs_flow_words words;
	struct rpcs_flow_value value;
	__u64 old; /* its state in the map, when it was looked for last */
	int place; /* there: set and way as one number; -1: it is not there */
};

/**
 * One CPU's working memory. What a function leaves here for the next one is
 * unknown to the verifier there, which so checks each of them once instead of
 * once for every way through the one before (kernels 6.1 to 6.18).
 */
struct rpcs_scratch {
	struct rpcs_packet packet;
	struct rpcs_work work;
	struct rpcs_keys keys;
	struct rpcs_flow_at flow;
	struct rpcs_over over;
	struct rpcs_record_head head;
	struct rpcs_record_buffer record;
	struct rpcs_record_connection connection;
	struct rpcs_record_piece piece;
	__u8 bytes[RPCS_PIECE_BYTES]; /* behind the piece, with which they cross the ring */
	__u8 window[RPCS_WINDOW_BYTES];
	__u32 next_packet_id;
};

const volatile struct rpcs_config rpcs_config = {};

/** With rpcs_config.test_clock: the time of the frame under test, nanoseconds. */
__u64 rpcs_test_time;

/* The rings that send.h chooses from; the agent makes them at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, __u32);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_procedures);
} procedures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_scratch);
} scratch SEC(".maps");

/*
 * Both directions of a TCP flow have a state of their own, in one of these sets; behind them is
 * their hash's seed. The agent finds and changes them in its own mapping.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, RPCS_MMAPABLE);
	__uint(max_entries, 2 * 65536 / RPCS_SET_WAYS + 1); /* set at load */
	__type(key, __u32);
	__type(value, union rpcs_flow_room);
} flows SEC(".maps");

/* What the first fragment of a packet was, for those that follow it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RPCS_FRAGMENTS_MAX);
	__type(key, struct rpcs_fragment_key);
	__type(value, struct rpcs_fragment_value);
} fragments SEC(".maps");

/* Calls on other ports, dated by when they were seen last, in sets: any_port's `first`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, RPCS_MMAPABLE);
	__uint(max_entries, 2); /* set at load */
	__type(key, __u32);
	__type(value, union rpcs_word_room);
} firsts SEC(".maps");

/*
 * Replies that are to be let through on other ports, or that tell a port, in sets; behind them
 * is their hash's seed. The agent adds others in its own mapping.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, RPCS_MMAPABLE);
	__uint(max_entries, 2); /* set at load */
	__type(key, __u32);
	__type(value, union rpcs_word_room);
} expected SEC(".maps");

/* Replies that were let through to nobody lately. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rpcs_early);
} early SEC(".maps");

/* The programs of the sensitive set (detections.md). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} sensitive SEC(".maps");

/* The clients whose calls never become a record (policy.md, `suppress`). */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, RPCS_NO_PREALLOC);
	__uint(max_entries, RPCS_SUPPRESS_MAX);
	__type(key, struct rpcs_suppress_key);
	__type(value, struct rpcs_suppress_value);
} suppress SEC(".maps");

/* Suppressed calls whose replies are yet to come, dated, in sets. The agent takes some back. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, RPCS_MMAPABLE);
	__uint(max_entries, 2); /* set at load */
	__type(key, __u32);
	__type(value, union rpcs_word_room);
} silenced SEC(".maps");

/* How often each rule of the policy decided: the agent writes names and hits. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, RPCS_MMAPABLE);
	__uint(max_entries, RPCS_RULES_SHOWN_MAX);
	__type(key, __u32);
	__type(value, struct rpcs_rule_hits);
} rules SEC(".maps");

/*
 * The programs that hold the whole way of a packet (rpcs_xdp_look, rpcs_tc_look), each
 * alone in an array. Its last reference from user space keeps what is in such an array.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xdp_look SEC(".maps"), tc_look SEC(".maps");

/* How the packet under way came to TC's hook, for rpcs_tc_look: enum rpcs_way. */
enum rpcs_way {
	RPCS_WAY_EGRESS = 1 << 0,
	RPCS_WAY_L3 = 1 << 1, /* it begins with its IP header */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tc_way SEC(".maps");

/*
 * What follows has a section each, which is a map of one value that can be pinned and mapped, and
 * takes no look-up here.
 */

/** Filled at load; the agent adds ports that a portmapper tells, by its own mapping. */
struct rpcs_ports rpcs_ports SEC(".data.ports");

/** The interfaces watched; who attaches or detaches changes them by a mapping. */
struct rpcs_incoming rpcs_interfaces SEC(".data.interfaces");

/** Who may be in `suppress`. */
struct rpcs_suppress_sieve rpcs_sieve SEC(".data.sieve");

/** By a ring's number; the agent sets them by its own mapping. */
struct rpcs_bell rpcs_bells[RPCS_RINGS_MAX] SEC(".data.bells");

#endif

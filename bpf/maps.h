/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps; sizes marked "set at load" come from the policy. */
#ifndef RPCSENTRY_BPF_MAPS_H
#define RPCSENTRY_BPF_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include <rpcsentry/config.h>
#include <rpcsentry/counters.h>
#include <rpcsentry/flow.h>
#include <rpcsentry/fragment.h>
#include <rpcsentry/record.h>

/**
 * One CPU's working memory. What a function leaves here for the next one is
 * unknown to the verifier there, which so checks each of them once instead of
 * once for every way through the one before (kernels 6.1 to 6.18).
 */
struct rpcs_scratch {
	struct rpcs_packet packet;
	struct rpcs_record_buffer record;
	struct rpcs_record_connection connection;
	struct rpcs_record_piece piece;
	__u8 bytes[RPCS_PIECE_BYTES];
	__u32 next_packet_id;
};

const volatile struct rpcs_config rpcs_config = {
	.ports = { 111 },
	.port_count = 1,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set at load */
} ring SEC(".maps");

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

/* Both directions of a TCP flow have a state of their own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2 * 65536); /* set at load */
	__type(key, struct rpcs_flow_key);
	__type(value, __u64);
} flows SEC(".maps");

/* What the first fragment of a packet was, for those that follow it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct rpcs_fragment_key);
	__type(value, struct rpcs_fragment_value);
} fragments SEC(".maps");

/* The interfaces watched: a forwarded packet counts where it came in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} interfaces SEC(".maps");

#endif

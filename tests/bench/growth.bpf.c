// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes of the frame of a test run the next of many: another client, connection or XID at
 * each run, and then goes on to the program under test. BPF_PROG_TEST_RUN gives every run
 * the bytes that the run before left.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { SOURCE = 14 + 12, SPORT = 14 + 20, SEQ = SPORT + 4, XID = SPORT + 8, CLIENTS = 1000 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} growth_next SEC(".maps");

/* A yardstick: what one look-up takes in a map of the kernel that has as many keys. */
struct growth_key {
	__u32 words[9];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, struct growth_key);
	__type(value, __u64[5]);
} growth_keys SEC(".maps");

/* How many there are; each comes once a round, in an order that `factor` makes. */
const volatile __u32 number = 1;
/* Bytes by which a connection has gone on from round to round; 0: UDP, a client a key. */
const volatile __u32 step;
/* XIDs: of the run, or of the key, so that as many calls are awaited. */
const volatile __u32 keyed;
/* Of clients: the addresses of a policy may lie apart. */
const volatile __u32 apart = 1;
__u64 at, factor;

SEC("xdp.frags")
int growth_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int growth_step(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 i = at++, round = i / number;
	__u32 key = (__u32)((i - round * number) * factor % number), client = key * apart, word;
	__u16 port = 900;

	if (data + XID + 4 > end)
		return XDP_DROP;
	if (step) {
		client = key % CLIENTS;
		port = (__u16)(1024 + key / CLIENTS);
		word = bpf_htonl(1000 + (__u32)round * step);
		__builtin_memcpy(data + SEQ, &word, sizeof(word));
	} else {
		word = bpf_htonl((keyed ? key : (__u32)i) * 0x9e3779b1);
		__builtin_memcpy(data + XID, &word, sizeof(word));
	}
	word = bpf_htonl(0x0a400000 + client);
	__builtin_memcpy(data + SOURCE, &word, sizeof(word));
	port = bpf_htons(port);
	__builtin_memcpy(data + SPORT, &port, sizeof(port));
	bpf_tail_call(ctx, &growth_next, 0);
	return XDP_DROP;
}

/** The client, as growth_step made it, is in the map: after the first round. */
SEC("xdp.frags")
int growth_look_up(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct growth_key key = {};
	__u64 *value, fresh[5] = {};

	if (data + XID + 4 > end)
		return XDP_DROP;
	__builtin_memcpy(&key.words[3], data + SOURCE, sizeof(key.words[3]));
	value = bpf_map_lookup_elem(&growth_keys, &key);
	if (value)
		*value += 1;
	else
		bpf_map_update_elem(&growth_keys, &key, fresh, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

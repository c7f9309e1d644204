// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The yardsticks of bench_packet: what the least that such a program can do costs on
 * this machine. Nothing of the product is in here.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TC_ACT_UNSPEC (-1)

enum { RECORD_BYTES = 64, TCP_SEQ = 14 + 20 + 4 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} yard_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

/* Bytes by which the sequence number of the frame under test moves at each run. */
__u32 step;
__u64 hits;

SEC("xdp.frags")
int yard_xdp_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int yard_tc_empty(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

/** Ethernet, IPv4 or IPv6, and is one of the ports 111? As short as it gets. */
static __always_inline int is_portmapper(const __u8 *data, const __u8 *end)
{
	const __u8 *l4 = data + 14 + 20;
	__u16 type, sport, dport;

	if (data + 14 + 40 > end)
		return 0;
	__builtin_memcpy(&type, data + 12, 2);
	if (type == bpf_htons(0x86dd)) {
		l4 = data + 14 + 40;
		if (l4 + 8 > end || (data[20] != 17 && data[20] != 6))
			return 0;
	} else if (type != bpf_htons(0x0800) || data[14] != 0x45 ||
		   (data[23] != 17 && data[23] != 6)) {
		return 0;
	}
	__builtin_memcpy(&sport, l4, 2);
	__builtin_memcpy(&dport, l4 + 2, 2);
	return sport == bpf_htons(111) || dport == bpf_htons(111);
}

SEC("xdp.frags")
int yard_xdp_parse(struct xdp_md *ctx)
{
	if (is_portmapper((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		hits++;
	return XDP_PASS;
}

SEC("tc")
int yard_tc_parse(struct __sk_buff *skb)
{
	if (is_portmapper((void *)(long)skb->data, (void *)(long)skb->data_end))
		hits++;
	return TC_ACT_UNSPEC;
}

static __always_inline void record(__u64 now)
{
	__u8 *room = bpf_ringbuf_reserve(&yard_ring, RECORD_BYTES, 0);

	if (!room)
		return;
	__builtin_memset(room, 1, RECORD_BYTES);
	if (now)
		*(__u64 *)room = now;
	bpf_ringbuf_submit(room, BPF_RB_NO_WAKEUP);
}

SEC("xdp.frags")
int yard_xdp_record(struct xdp_md *ctx)
{
	record(0);
	return XDP_PASS;
}

SEC("tc")
int yard_tc_record(struct __sk_buff *skb)
{
	record(0);
	return TC_ACT_UNSPEC;
}

/* The same with the time in it: what no record of a call can be without. */
SEC("xdp.frags")
int yard_xdp_stamped(struct xdp_md *ctx)
{
	record(bpf_ktime_get_ns());
	return XDP_PASS;
}

SEC("tc")
int yard_tc_stamped(struct __sk_buff *skb)
{
	record(bpf_ktime_get_ns());
	return TC_ACT_UNSPEC;
}

/*
 * BPF_PROG_TEST_RUN gives every run of a frame the bytes that the run before left, so
 * that a stream can be made of it: each run is the next segment.
 */
SEC("xdp.frags")
int yard_xdp_stream(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 seq;

	if (data + TCP_SEQ + 4 > end)
		return XDP_PASS;
	__builtin_memcpy(&seq, data + TCP_SEQ, 4);
	seq = bpf_htonl(bpf_ntohl(seq) + step);
	__builtin_memcpy(data + TCP_SEQ, &seq, 4);
	bpf_tail_call(ctx, &next, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

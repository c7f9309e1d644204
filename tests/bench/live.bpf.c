// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both ends of a wire for bench_live: makes packets in the kernel, and counts those that come. */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { SOURCE = 14 + 12, SPORT = 14 + 20, XID = 14 + 20 + 8 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} came SEC(".maps");

const volatile __u32 out_ifindex;
/* Sources and ports that the calls come from, one after the other: powers of two. */
const volatile __u32 sources = 4096;
/* Nanoseconds from one call to the next; 0: as fast as it goes. */
const volatile __u64 gap_ns;
/* What live_count does with the packets: the product passes them on. */
const volatile __u32 verdict = XDP_PASS;
__u64 made, due_ns, end_ns;

SEC("xdp.frags")
int live_count(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&came, &zero);

	if (count)
		*count += 1;
	return verdict;
}

/*
 * BPF_F_TEST_XDP_LIVE_FRAMES runs this on pages that it uses again and again: what one
 * run wrote the next may find, so every field that moves is written each time.
 */
SEC("xdp")
int live_send(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 number = made, now = bpf_ktime_get_ns();
	__u32 source, xid;
	__u16 port;

	/* The rate is kept here: a system call takes longer than a thousand calls. */
	if (data + XID + 4 > end || now >= end_ns || (gap_ns && now < due_ns))
		return XDP_DROP;
	made++;
	due_ns += gap_ns;
	source = bpf_htonl(0x0a400000 + ((__u32)number & (sources - 1)));
	port = bpf_htons(1024 + (number >> 4 & 0x7fff));
	xid = (__u32)number * 0x9e3779b1;
	__builtin_memcpy(data + SOURCE, &source, sizeof(source));
	__builtin_memcpy(data + SPORT, &port, sizeof(port));
	__builtin_memcpy(data + XID, &xid, sizeof(xid));
	return bpf_redirect(out_ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

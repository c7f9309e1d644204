// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entry points: XDP ingress, TC ingress and egress. Every packet passes on unchanged. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "engine.h"

#include <rpcsentry/inspect.h>

#define TC_ACT_UNSPEC (-1) /* a macro in the kernel's uapi, so not in BTF */

/* TC gets this much of a watched packet into its linear part: headers at their largest. */
enum { RPCS_PULL_BYTES = 14 + 2 * 4 + 60 + 60 + RPCS_HEADER_REACH };

RPCS_INLINE bool rpcs_is_watched(const struct rpcs_packet *pkt)
{
	return rpcs_config_watches(&rpcs_config, pkt->dport) ||
	       rpcs_config_watches(&rpcs_config, pkt->sport);
}

RPCS_INLINE struct rpcs_counters *rpcs_counters_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

RPCS_INLINE struct rpcs_scratch *rpcs_scratch_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/** Leaves the packet for the next function; false cannot happen but to the verifier. */
RPCS_INLINE bool rpcs_hand_over(const struct rpcs_packet *pkt)
{
	struct rpcs_scratch *s = rpcs_scratch_here();

	if (!s)
		return false;
	s->packet = *pkt;
	return true;
}

/** Adds the maps' part to an engine; false cannot happen but to the verifier. */
RPCS_INLINE bool rpcs_engine_complete(struct rpcs_engine *eng)
{
	eng->counters = rpcs_counters_here();
	eng->scratch = rpcs_scratch_here();
	if (!eng->counters || !eng->scratch)
		return false;
	eng->record = &eng->scratch->record;
	eng->connection = &eng->scratch->connection;
	return true;
}

/** Stages 2 to 4 for the packet in the scratch memory. */
RPCS_INLINE int rpcs_watched(struct rpcs_engine *eng)
{
	if (rpcs_engine_complete(eng))
		rpcs_inspect(eng, &eng->scratch->packet);
	return 0;
}

RPCS_INLINE int rpcs_fragment(struct rpcs_engine *eng, int result, int watched)
{
	if (rpcs_engine_complete(eng))
		rpcs_inspect_fragment(eng, &eng->scratch->packet, result, watched);
	return 0;
}

RPCS_INLINE struct rpcs_engine rpcs_xdp_engine(struct xdp_md *ctx)
{
	return (struct rpcs_engine){
		.ctx = ctx,
		.data = (const __u8 *)(long)ctx->data,
		.end = (const __u8 *)(long)ctx->data_end,
		.frame_len = bpf_xdp_get_buff_len(ctx),
		.ifindex = ctx->ingress_ifindex,
		.hook = RPCS_HOOK_XDP,
	};
}

__noinline int rpcs_xdp_watched(struct xdp_md *ctx)
{
	struct rpcs_engine eng = rpcs_xdp_engine(ctx);

	return rpcs_watched(&eng);
}

/* `watched` as in rpcs_inspect_fragment(), whose packet lies in the scratch memory. */
__noinline int rpcs_xdp_fragment(struct xdp_md *ctx, int result, int watched)
{
	struct rpcs_engine eng = rpcs_xdp_engine(ctx);

	return rpcs_fragment(&eng, result, watched);
}

RPCS_INLINE struct rpcs_engine rpcs_tc_engine(struct __sk_buff *skb)
{
	return (struct rpcs_engine){
		.ctx = skb,
		.data = (const __u8 *)(long)skb->data,
		.end = (const __u8 *)(long)skb->data_end,
		.frame_len = skb->len,
		.ifindex = skb->ifindex,
		.hook = RPCS_HOOK_TC_INGRESS,
	};
}

__noinline int rpcs_tc_watched(struct __sk_buff *skb)
{
	struct rpcs_engine eng = rpcs_tc_engine(skb);

	return rpcs_watched(&eng);
}

__noinline int rpcs_tc_fragment(struct __sk_buff *skb, int result, int watched)
{
	struct rpcs_engine eng = rpcs_tc_engine(skb);

	return rpcs_fragment(&eng, result, watched);
}

/* Packets with IPv6 extension headers are rare; their loop is checked by itself. */
__noinline int rpcs_xdp_extensions(struct xdp_md *ctx)
{
	struct rpcs_scratch *s = rpcs_scratch_here();

	if (!s)
		return RPCS_PACKET_NOT_IP;
	return rpcs_packet_extensions(&s->packet, (const __u8 *)(long)ctx->data,
				      (const __u8 *)(long)ctx->data_end);
}

__noinline int rpcs_tc_extensions(struct __sk_buff *skb)
{
	struct rpcs_scratch *s = rpcs_scratch_here();

	if (!s)
		return RPCS_PACKET_NOT_IP;
	return rpcs_packet_extensions(&s->packet, (const __u8 *)(long)skb->data,
				      (const __u8 *)(long)skb->data_end);
}

RPCS_INLINE bool rpcs_is_extended(const struct rpcs_packet *pkt)
{
	return (pkt->flags & RPCS_F_IP6) && rpcs_packet_is_extension(pkt->protocol);
}

/** Takes back what rpcs_hand_over() left, as the function called since has changed it. */
RPCS_INLINE void rpcs_take_back(struct rpcs_packet *pkt)
{
	struct rpcs_scratch *s = rpcs_scratch_here();

	if (s)
		*pkt = s->packet;
}

RPCS_INLINE enum rpcs_packet_result rpcs_xdp_parse(struct xdp_md *ctx, struct rpcs_packet *pkt)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	enum rpcs_packet_result result;

	result = rpcs_packet_network(pkt, data, end, bpf_xdp_get_buff_len(ctx), 0);
	if (result != RPCS_PACKET_OK)
		return result;
	if (RPCS_UNLIKELY(rpcs_is_extended(pkt)) && rpcs_hand_over(pkt)) {
		result = rpcs_xdp_extensions(ctx);
		rpcs_take_back(pkt);
		if (result != RPCS_PACKET_OK)
			return result;
	}
	return rpcs_packet_transport(pkt, data, end);
}

SEC("xdp.frags")
int rpcs_xdp(struct xdp_md *ctx)
{
	struct rpcs_counters *c = rpcs_counters_here();
	struct rpcs_packet pkt = {};
	enum rpcs_packet_result result;

	if (!c)
		return XDP_PASS;
	c->packets += 1;
	result = rpcs_xdp_parse(ctx, &pkt);
	if (RPCS_UNLIKELY(rpcs_inspect_is_fragment(&pkt, result))) {
		if (rpcs_hand_over(&pkt))
			rpcs_xdp_fragment(ctx, result,
					  result != RPCS_PACKET_OK || rpcs_is_watched(&pkt));
		if (result == RPCS_PACKET_OK)
			return XDP_PASS;
	}
	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(c, result);
	else if (rpcs_is_watched(&pkt) && rpcs_hand_over(&pkt))
		rpcs_xdp_watched(ctx);
	return XDP_PASS;
}

/** Parses an skb, whose outer VLAN tag the kernel mostly keeps beside the frame. */
RPCS_INLINE enum rpcs_packet_result rpcs_tc_parse(struct __sk_buff *skb, struct rpcs_packet *pkt)
{
	const __u8 *data = (const __u8 *)(long)skb->data;
	const __u8 *end = (const __u8 *)(long)skb->data_end;
	enum rpcs_packet_result result;

	if (skb->vlan_present) {
		pkt->vlan[0] = skb->vlan_tci & 0x0fff;
		pkt->vlan_count = 1;
	}
	result = rpcs_packet_network(pkt, data, end, skb->len, 0);
	if (result != RPCS_PACKET_OK)
		return result;
	if (RPCS_UNLIKELY(rpcs_is_extended(pkt)) && rpcs_hand_over(pkt)) {
		result = rpcs_tc_extensions(skb);
		rpcs_take_back(pkt);
		if (result != RPCS_PACKET_OK)
			return result;
	}
	return rpcs_packet_transport(pkt, data, end);
}

/** May the headers lie outside the skb's linear part? GRO keeps 66 bytes there. */
RPCS_INLINE bool rpcs_tc_scattered(struct __sk_buff *skb, enum rpcs_packet_result result)
{
	if (result != RPCS_PACKET_link_short && result != RPCS_PACKET_ip_short &&
	    result != RPCS_PACKET_transport_short)
		return false;
	return (__u64)skb->data_end - (__u64)skb->data < skb->len;
}

/** A forwarded packet was seen where it came in, if that interface is watched too. */
RPCS_INLINE bool rpcs_was_seen(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ingress_ifindex;

	return ifindex && bpf_map_lookup_elem(&interfaces, &ifindex);
}

/** What a TC program does with a packet that has been parsed, with `result`. */
RPCS_INLINE void rpcs_tc_report(struct __sk_buff *skb, struct rpcs_counters *c,
				struct rpcs_packet *pkt, enum rpcs_packet_result result,
				bool egress)
{
	bool fragment = rpcs_inspect_is_fragment(pkt, result);
	bool watched = result != RPCS_PACKET_OK || rpcs_is_watched(pkt);

	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(c, result);
	if (!fragment && (result != RPCS_PACKET_OK || !watched))
		return;
	if (egress) {
		if (rpcs_was_seen(skb)) {
			c->packets_forwarded += 1;
			return;
		}
		pkt->flags |= RPCS_F_OUTBOUND;
	}
	/* Offsets stay true when pulling moves the bytes. */
	bpf_skb_pull_data(skb, skb->len < RPCS_PULL_BYTES ? skb->len : RPCS_PULL_BYTES);
	if (!rpcs_hand_over(pkt))
		return;
	if (RPCS_UNLIKELY(fragment))
		rpcs_tc_fragment(skb, result, watched);
	else
		rpcs_tc_watched(skb);
}

/* The whole way once more, over a longer linear part: rare, so a function of its own. */
__noinline int rpcs_tc_again(struct __sk_buff *skb)
{
	struct rpcs_packet pkt = {};
	enum rpcs_packet_result result;

	bpf_skb_pull_data(skb, skb->len < RPCS_PULL_BYTES ? skb->len : RPCS_PULL_BYTES);
	result = rpcs_tc_parse(skb, &pkt);
	rpcs_hand_over(&pkt);
	return result;
}

RPCS_INLINE int rpcs_tc(struct __sk_buff *skb, bool egress)
{
	struct rpcs_counters *c = rpcs_counters_here();
	struct rpcs_packet pkt = {};
	enum rpcs_packet_result result;

	if (!c)
		return TC_ACT_UNSPEC;
	c->packets += 1;
	result = rpcs_tc_parse(skb, &pkt);
	if (RPCS_UNLIKELY(rpcs_tc_scattered(skb, result))) {
		result = rpcs_tc_again(skb);
		rpcs_take_back(&pkt);
	}
	rpcs_tc_report(skb, c, &pkt, result, egress);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int rpcs_tc_ingress(struct __sk_buff *skb)
{
	return rpcs_tc(skb, false);
}

SEC("tc")
int rpcs_tc_egress(struct __sk_buff *skb)
{
	return rpcs_tc(skb, true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

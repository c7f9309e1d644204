// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Entry points: XDP ingress, TC ingress and egress. Every packet passes on unchanged.
 *
 * The verifier takes each program by itself, with all that it calls. So the programs on
 * the hooks hold only what most packets need, a glance and the plain way, and go on by a
 * tail call to one program for each kind of context that holds all the rest: TC's four
 * share one verification (which took 0.15 to 0.3 s each).
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "engine.h"
#include "suppress.h"

#include <rpcsentry/glance.h>
#include <rpcsentry/inspect.h>

#include "plain_tcp.h"
#include "stages.h"
#include "transit.h"
#include "tunnel.h"

#define TC_ACT_UNSPEC (-1) /* a macro in the kernel's uapi, so not in BTF */

/*
 * TC gets this much of a packet whose headers lie scattered into its linear part; in
 * tunnels two more Ethernet headers with tags, IPv6, UDP and VXLAN.
 */
enum {
	RPCS_PULL_BYTES = 14 + 2 * 4 + 60 + 60,
	RPCS_PULL_TUNNEL_BYTES = RPCS_PULL_BYTES + 2 * (14 + 2 * 4 + 40 + 8 + 8),
};

RPCS_STAGES(xdp, xdp_md)
RPCS_STAGES(tc, __sk_buff)
RPCS_TUNNEL_STAGES(xdp, xdp_md)
RPCS_TUNNEL_STAGES(tc, __sk_buff)
RPCS_SUPPRESS_STAGE(xdp, xdp_md)
RPCS_SUPPRESS_STAGE(tc, __sk_buff)

/** The bytes behind an skb's linear part that alone decide: is the packet other people's? */
RPCS_INLINE bool rpcs_is_others_afar(const struct rpcs_plain *plain,
				     const struct rpcs_glance *glance)
{
	__u64 words;

	return plain->hook != RPCS_HOOK_XDP &&
	       !bpf_skb_load_bytes(plain->ctx, glance->far, &words, sizeof(words)) &&
	       !rpcs_glance_is_message(words, glance->replies);
}

/** Is this a forwarded packet that was surely seen where it came in? */
RPCS_INLINE bool rpcs_came_in(const struct rpcs_plain *plain)
{
	return rpcs_incoming_is_first(&rpcs_interfaces,
				      ((const struct __sk_buff *)plain->ctx)->ingress_ifindex);
}

/**
 * Is this a packet that was seen where it came in, and surely of a kind that was looked at there?
 * Counted then; the long way asks the same of all the others.
 */
RPCS_INLINE bool rpcs_is_forwarded(const struct rpcs_plain *plain, struct rpcs_counters *c,
				   bool any_port, const struct rpcs_glance *glance)
{
	const __u8 *l4 = glance->l4;
	__u32 len;

	if (!rpcs_came_in(plain))
		return false;
	if (glance->protocol == RPCS_IP_UDP) {
		len = rpcs_load_be16(l4 + 4);
		if (!glance->portmapper || len < 8)
			return false;
	} else {
		len = (l4[12] >> 4) * 4;
		if (!(glance->portmapper || (any_port && glance->watched)) || len < 20 ||
		    len > glance->len)
			return false;
	}
	c->packets_forwarded += 1;
	return true;
}

/** Counts the packet. True: it takes more than a glance and more than the plain way. */
RPCS_INLINE bool rpcs_entry(const struct rpcs_plain *plain, bool egress, bool tagged)
{
	struct rpcs_counters *c = rpcs_counters_here();
	struct rpcs_glance glance;
	bool any_port;

	if (!c)
		return false;
	c->packets += 1;
	any_port = rpcs_config.any_port != RPCS_ANY_PORT_OFF &&
		   rpcs_ports.any_port != RPCS_ANY_PORT_OFF;
	if (rpcs_glance_is_others(&rpcs_ports, any_port, plain->data, plain->end, &glance))
		return false;
	if (glance.far) /* so it is not plain either */
		return !(egress && rpcs_came_in(plain)) && !rpcs_is_others_afar(plain, &glance);
	if (tagged || !glance.l4)
		return true;
	if (egress && ((const struct __sk_buff *)plain->ctx)->ingress_ifindex)
		return !rpcs_is_forwarded(plain, c, any_port, &glance);
	if (glance.portmapper)
		return !rpcs_plain_take(plain, c, any_port, &glance);
	return !any_port || !rpcs_transit_take(plain, &glance);
}

/** The rest of the work on a packet that a glance was not enough for; it ends the program. */
RPCS_INLINE void rpcs_xdp_go_on(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &xdp_look, 0);
}

/* TC's program behind the call is told how the packet came. */
RPCS_INLINE void rpcs_tc_go_on(struct __sk_buff *skb, __u32 how)
{
	__u32 zero = 0, *there = bpf_map_lookup_elem(&tc_way, &zero);

	if (!there)
		return;
	*there = how;
	bpf_tail_call(skb, &tc_look, 0);
}

/* The whole way of a packet, behind rpcs_xdp_go_on(). */
SEC("xdp.frags")
int rpcs_xdp_look(struct xdp_md *ctx)
{
	struct rpcs_engine eng = rpcs_xdp_engine(ctx);
	enum rpcs_port_class class = RPCS_PORT_PORTMAPPER;
	enum rpcs_packet_result result;
	int said;

	if (!rpcs_engine_complete(&eng))
		return XDP_PASS;
	RPCS_ZERO(eng.packet);
	result = rpcs_xdp_parse(ctx, eng.packet, eng.frame_len, 0);
	if (result == RPCS_PACKET_OK)
		class = rpcs_gate(&eng, eng.packet);
	if (rpcs_is_tunnelled(eng.packet, result, class)) {
		said = rpcs_xdp_tunnels(ctx, result, class);
		eng.counters->tunnelled += rpcs_was_tunnelled(eng.packet);
		result = rpcs_said_result(said);
		class = rpcs_said_class(said);
	}
	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(eng.counters, result);
	if (RPCS_UNLIKELY(rpcs_inspect_is_fragment(eng.packet, result)))
		rpcs_xdp_fragment(ctx, result, class);
	else if (result == RPCS_PACKET_OK && class != RPCS_PORT_OTHER)
		rpcs_xdp_watched(ctx, class);
	return XDP_PASS;
}

SEC("xdp.frags")
int rpcs_xdp(struct xdp_md *ctx)
{
	const struct rpcs_plain plain = rpcs_xdp_plain(ctx);

	if (rpcs_entry(&plain, false, false))
		rpcs_xdp_go_on(ctx);
	return XDP_PASS;
}

/** Parses an skb, whose outer VLAN tag the kernel mostly keeps beside the frame. */
RPCS_INLINE enum rpcs_packet_result rpcs_skb_parse(struct __sk_buff *skb, struct rpcs_packet *pkt,
						   bool l3)
{
	if (skb->vlan_present) {
		pkt->vlan[0] = skb->vlan_tci & 0x0fff;
		pkt->vlan_count = 1;
	}
	return rpcs_tc_parse(skb, pkt, skb->len, l3 ? bpf_ntohs(skb->protocol) : 0);
}

/** May the headers lie outside the skb's linear part? GRO keeps 66 bytes there. */
RPCS_INLINE bool rpcs_tc_scattered(struct __sk_buff *skb, enum rpcs_packet_result result)
{
	if (result != RPCS_PACKET_link_short && result != RPCS_PACKET_ip_short &&
	    result != RPCS_PACKET_transport_short && result != RPCS_PACKET_tunnel_short)
		return false;
	return (__u64)skb->data_end - (__u64)skb->data < skb->len;
}

/* Its loop costs thousands of instructions wherever it is verified: so a function of its own. */
__noinline int rpcs_tc_was_seen(__u32 ifindex)
{
	return rpcs_incoming_find(&rpcs_interfaces, ifindex) != NULL;
}

/** A forwarded packet was seen where it came in, if that interface is watched too. */
RPCS_INLINE bool rpcs_was_seen(struct __sk_buff *skb)
{
	return skb->ingress_ifindex && rpcs_tc_was_seen(skb->ingress_ifindex);
}

/* The whole way once more, over a longer linear part: rare, so a function of its own. */
__noinline int rpcs_tc_again(struct __sk_buff *skb, int l3, __u32 pull)
{
	struct rpcs_scratch *s = rpcs_scratch_here();

	if (!s)
		return RPCS_PACKET_NOT_IP;
	bpf_skb_pull_data(skb, skb->len < pull ? skb->len : pull);
	RPCS_ZERO(&s->packet);
	return rpcs_skb_parse(skb, &s->packet, l3);
}

/** Takes the tunnels off a packet; result and *class become those of the one inside. */
RPCS_INLINE enum rpcs_packet_result rpcs_tc_unwrap(struct __sk_buff *skb,
						   enum rpcs_packet_result result,
						   enum rpcs_port_class *class, bool l3)
{
	int said = rpcs_tc_tunnels(skb, result, *class);

	if (RPCS_UNLIKELY(rpcs_tc_scattered(skb, rpcs_said_result(said)))) {
		result = rpcs_tc_again(skb, l3, RPCS_PULL_TUNNEL_BYTES);
		said = rpcs_tc_tunnels(skb, result, *class);
	}
	*class = rpcs_said_class(said);
	return rpcs_said_result(said);
}

/** What a TC program does with the packet in the scratch memory, parsed with `result`. */
RPCS_INLINE void rpcs_tc_report(struct __sk_buff *skb, enum rpcs_packet_result result, bool egress,
				bool l3)
{
	enum rpcs_port_class class = RPCS_PORT_PORTMAPPER;
	struct rpcs_engine eng = rpcs_tc_engine(skb);
	bool fragment;

	if (!rpcs_engine_complete(&eng))
		return;
	if (result == RPCS_PACKET_OK)
		class = rpcs_gate(&eng, eng.packet);
	if (rpcs_is_tunnelled(eng.packet, result, class))
		result = rpcs_tc_unwrap(skb, result, &class, l3);
	eng.counters->tunnelled += rpcs_was_tunnelled(eng.packet);
	if (result != RPCS_PACKET_OK)
		rpcs_inspect_count_packet(eng.counters, result);
	fragment = rpcs_inspect_is_fragment(eng.packet, result);
	if (!fragment && (result != RPCS_PACKET_OK || class == RPCS_PORT_OTHER))
		return;
	if (egress) {
		if (rpcs_was_seen(skb)) {
			eng.counters->packets_forwarded += 1;
			return;
		}
		eng.packet->flags |= RPCS_F_OUTBOUND;
	}
	if (RPCS_UNLIKELY(fragment))
		rpcs_tc_fragment(skb, result, class);
	else
		rpcs_tc_watched(skb, class);
}

/* The whole way of a packet, behind rpcs_tc_go_on(). */
SEC("tc")
int rpcs_tc_look(struct __sk_buff *skb)
{
	struct rpcs_scratch *s = rpcs_scratch_here();
	__u32 zero = 0, *way = bpf_map_lookup_elem(&tc_way, &zero);
	enum rpcs_packet_result result;
	bool egress, l3;

	if (!s || !way)
		return TC_ACT_UNSPEC;
	egress = *way & RPCS_WAY_EGRESS;
	l3 = *way & RPCS_WAY_L3;
	RPCS_ZERO(&s->packet);
	result = rpcs_skb_parse(skb, &s->packet, l3);
	if (RPCS_UNLIKELY(rpcs_tc_scattered(skb, result)))
		result = rpcs_tc_again(skb, l3, RPCS_PULL_BYTES);
	rpcs_tc_report(skb, result, egress, l3);
	return TC_ACT_UNSPEC;
}

RPCS_INLINE int rpcs_tc(struct __sk_buff *skb, bool egress)
{
	const struct rpcs_plain plain = rpcs_tc_plain(skb, egress);

	if (rpcs_entry(&plain, egress, skb->vlan_present))
		rpcs_tc_go_on(skb, egress ? RPCS_WAY_EGRESS : 0);
	return TC_ACT_UNSPEC;
}

RPCS_INLINE int rpcs_tc_l3(struct __sk_buff *skb, bool egress)
{
	struct rpcs_counters *c = rpcs_counters_here();

	if (!c)
		return TC_ACT_UNSPEC;
	c->packets += 1;
	rpcs_tc_go_on(skb, RPCS_WAY_L3 | (egress ? RPCS_WAY_EGRESS : 0));
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

/* For devices without an Ethernet header: tun, IP tunnels, PPP. */
SEC("tc")
int rpcs_tc_l3_ingress(struct __sk_buff *skb)
{
	return rpcs_tc_l3(skb, false);
}

SEC("tc")
int rpcs_tc_l3_egress(struct __sk_buff *skb)
{
	return rpcs_tc_l3(skb, true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

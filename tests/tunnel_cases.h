/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames in tunnels, honest and hostile; what they must come to stands in tunnel_table.h. */
#ifndef RPCSENTRY_TESTS_TUNNEL_CASES_H
#define RPCSENTRY_TESTS_TUNNEL_CASES_H

#include "tunnel_frames.h"

static void in_ip(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_IP4);
	tunnel_getport(t);
}

static void in_ip_local(struct tunnel_frame *t)
{
	in_ip(t);
	memset(t->f.bytes, 0, 12);
}

static void ip6_in_ip4(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_IP6);
	tunnel_getport6(t);
}

static void ip4_in_ip6(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP6);
	tunnel_ip6(t, RPCS_IP_DESTINATION);
	frame_ip6_ext(&t->f, RPCS_IP_IP4, 0); /* as Linux's ip6tnl has it (RFC 2473 4.1.1) */
	tunnel_getport(t);
}

static void in_gre(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void in_gre_options(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP6);
	tunnel_ip6(t, RPCS_IP_GRE);
	tunnel_gre(t, 0xb000, RPCS_ETH_IP6);
	tunnel_getport6(t);
}

static void in_gre_key(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0x2000, RPCS_ETH_IP4);
	tunnel_getport(t);
}

/* Bits 6 to 12 must be ignored (RFC 2784 2.3); Linux ignores 4 and 5 as well. */
static void in_gre_reserved(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0x0ff8, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void in_gre_bridged(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0x2000, RPCS_ETH_BRIDGED);
	tunnel_eth(t, RPCS_ETH_IP4);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 5);
	tunnel_getport(t);
}

static void gre_routing(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0x4000, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void gre_version_1(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0x3001, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void gre_arp(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0, 0x0806);
	tunnel_getport(t);
}

static void vxlan(struct tunnel_frame *t, uint16_t sport, uint32_t vni)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_UDP);
	tunnel_vxlan(t, sport, vni);
	tunnel_eth(t, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void in_vxlan(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
}

/* One of the ports that old RPC services have: any_port's class must not win. */
static void in_vxlan_rpc_port(struct tunnel_frame *t)
{
	vxlan(t, 32770, 66);
}

/* VNI and MAC address as an RPC call's constants. */
static void in_vxlan_like_rpc(struct tunnel_frame *t)
{
	static const uint8_t mac[4] = { 0, 0, 0, 2 };

	vxlan(t, 50000, 0);
	memcpy(t->f.bytes + t->inner - 14, mac, sizeof(mac));
}

static void in_vxlan_group(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	t->f.bytes[t->inner - 14] |= 1;
}

/* The tunnel's own frame is flooded, the one inside is not. */
static void in_vxlan_flooded(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	t->f.bytes[0] |= 1;
}

static void in_vxlan_odd_bits(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	set16(&t->f, t->udp[0] + 8, 0x8aff);
}

static void vxlan_no_vni(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	t->f.bytes[t->udp[0] + 8] = 0;
}

static void vxlan_from_port(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	set16(&t->f, t->udp[0], VXLAN_PORT);
	set16(&t->f, t->udp[0] + 2, 50000);
}

static void in_vxlan_tags(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP6);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 100);
	tunnel_ip6(t, RPCS_IP_UDP);
	tunnel_vxlan(t, 50000, 66);
	tunnel_eth(t, RPCS_ETH_IP4);
	frame_vlan(&t->f, RPCS_ETH_QINQ, 200);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 300);
	tunnel_getport(t);
}

static void vxlan_three_tags(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_UDP);
	tunnel_vxlan(t, 50000, 66);
	tunnel_eth(t, RPCS_ETH_IP4);
	frame_vlan(&t->f, RPCS_ETH_QINQ, 200);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 300);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 400);
	tunnel_getport(t);
}

static void in_pppoe(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_PPPOE);
	frame_vlan(&t->f, RPCS_ETH_VLAN, 7);
	tunnel_pppoe(t, RPCS_PPP_IP4, false);
	tunnel_getport(t);
}

static void in_pppoe_compressed(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_PPPOE);
	tunnel_pppoe(t, RPCS_PPP_IP6, true);
	tunnel_getport6(t);
}

static void pppoe_lcp(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_PPPOE);
	tunnel_pppoe(t, 0xc021, false);
	tunnel_getport(t);
}

static void in_mpls(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS);
	tunnel_mpls(t, 1, true);
	tunnel_getport(t);
}

static void in_mpls_eight(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS_UPSTREAM);
	tunnel_mpls(t, RPCS_LABELS_MAX, true);
	tunnel_getport6(t);
}

static void mpls_nine(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS);
	tunnel_mpls(t, RPCS_LABELS_MAX + 1, true);
	tunnel_getport(t);
}

static void mpls_bottomless(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS);
	tunnel_mpls(t, 3, false);
	put_zeros(&t->f, 100);
}

static void mpls_ends(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0, RPCS_ETH_MPLS);
	tunnel_mpls(t, 5, false);
}

static void mpls_pseudowire(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS);
	tunnel_mpls(t, 2, true);
	put32(&t->f, 0); /* a control word (RFC 4448 4.6) */
	tunnel_eth(t, RPCS_ETH_IP4);
	tunnel_getport(t);
}

static void mpls_in_gre(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0, RPCS_ETH_MPLS);
	tunnel_mpls(t, 2, true);
	tunnel_getport(t);
}

static void vxlan_in_pppoe(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_PPPOE);
	tunnel_pppoe(t, RPCS_PPP_IP4, false);
	tunnel_ip4(t, RPCS_IP_UDP);
	tunnel_vxlan(t, 50000, 66);
	tunnel_eth(t, RPCS_ETH_IP6);
	tunnel_getport6(t);
}

static void three_deep(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_IP4);
	tunnel_ip4(t, RPCS_IP_GRE);
	tunnel_gre(t, 0, RPCS_ETH_IP4);
	tunnel_ip4(t, RPCS_IP_IP4);
	tunnel_getport(t);
}

static void vxlan_third(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_MPLS);
	tunnel_mpls(t, 1, true);
	tunnel_ip4(t, RPCS_IP_IP4);
	tunnel_ip4(t, RPCS_IP_UDP);
	tunnel_vxlan(t, 50000, 66);
	tunnel_eth(t, RPCS_ETH_IP4);
	tunnel_getport(t);
}

/* More outer headers than a frame is searched for. */
static void outer_too_long(struct tunnel_frame *t)
{
	tunnel_begin(t, RPCS_ETH_IP6);
	tunnel_ip6(t, RPCS_IP_DESTINATION);
	frame_ip6_ext(&t->f, RPCS_IP_IP4, 60);
	tunnel_getport(t);
}

static void outer_first_fragment(struct tunnel_frame *t)
{
	in_gre(t);
	set16(&t->f, t->ip4[0] + 6, 0x2000);
}

static void vxlan_first_fragment(struct tunnel_frame *t)
{
	vxlan(t, 50000, 66);
	set16(&t->f, t->ip4[0] + 6, 0x2000);
}

static void inner_first_fragment(struct tunnel_frame *t)
{
	in_gre(t);
	set16(&t->f, t->inner + 6, 0x2000);
}

/* The session's length ends inside the call: a host would drop the packet, or take less. */
static void pppoe_length_lies(struct tunnel_frame *t)
{
	in_pppoe(t);
	tunnel_end(t);
	set16(&t->f, t->pppoe[0] + 4, 60);
	t->pppoes = 0;
}

static void outer_length_lies(struct tunnel_frame *t)
{
	in_ip(t);
	tunnel_end(t);
	set16(&t->f, t->ip4[0] + 2, 20 + 50);
	t->ip4s = 0;
}

static void inner_length_lies(struct tunnel_frame *t)
{
	in_mpls(t);
	set16(&t->f, t->inner + 2, 1400);
}

/* No room for an IP header in the outer packet, though the frame has it. */
static void outer_without_inner(struct tunnel_frame *t)
{
	in_ip(t);
	tunnel_end(t);
	set16(&t->f, t->ip4[0] + 2, 20);
	t->ip4s = 0;
}

static void inner_version_lies(struct tunnel_frame *t)
{
	in_ip(t);
	t->f.bytes[t->inner] = 0x65;
}

static void inner_other_port(struct tunnel_frame *t)
{
	in_gre(t);
	set16(&t->f, t->f.udp + 2, 4444);
	set16(&t->f, t->f.udp + 12, 7); /* no RPC either */
}

#endif

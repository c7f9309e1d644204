/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A frame for each case; what it must come to stands in packet_table.h. */
#ifndef RPCSENTRY_TESTS_PACKET_CASES_H
#define RPCSENTRY_TESTS_PACKET_CASES_H

#include "packets.h"

enum { PROC_GETPORT = RPCS_PORTMAP_GETPORT, PROC_DUMP = RPCS_PORTMAP_DUMP };
static void b_getport(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_padded(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
	put_zeros(f, 30); /* Ethernet's own */
}

static void b_vlan(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_vlan(f, RPCS_ETH_VLAN, 100);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_qinq(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_vlan(f, RPCS_ETH_QINQ, 300);
	frame_vlan(f, RPCS_ETH_VLAN, 7);
	frame_ip6(f, RPCS_IP_UDP);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_three_vlans(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_vlan(f, RPCS_ETH_QINQ, 1);
	frame_vlan(f, RPCS_ETH_VLAN, 2);
	frame_vlan(f, RPCS_ETH_VLAN, 3);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_options(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 10);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT);
	frame_mapping(f, 100003, 3, 6, 0);
	frame_end(f);
}

static void b_ip6_extensions(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_HOP_BY_HOP);
	frame_ip6_ext(f, RPCS_IP_DESTINATION, 2);
	frame_ip6_ext(f, RPCS_IP_ROUTING, 0);
	frame_ip6_ext(f, RPCS_IP_UDP, 1);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_ip6_atomic(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_FRAGMENT);
	frame_ip6_ext(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_ip6_deep(struct test_frame *f)
{
	int i;

	frame_eth(f, RPCS_ETH_IP6);
	frame_ip6(f, RPCS_IP_DESTINATION);
	for (i = 0; i < RPCS_IP6_EXTENSIONS_MAX; i++)
		frame_ip6_ext(f, RPCS_IP_DESTINATION, 0);
	frame_ip6_ext(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 111);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_fragment(struct test_frame *f)
{
	b_getport(f);
	set16(f, f->ip + 6, 0x2000);
}

static void b_fragment_later(struct test_frame *f)
{
	b_getport(f);
	set16(f, f->ip + 6, 0x0010);
}

static void b_auth_sys(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	frame_auth_sys(f, "client-7", 3);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_auth_sys_stamp_zero(struct test_frame *f)
{
	uint32_t at;

	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	at = f->len;
	frame_auth_sys(f, "client-7", 3);
	memset(f->bytes + at + 8, 0, 4);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_auth_sys_64(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	frame_auth_sys(f, "0123456789012345678901234567890123456789012345678901234567890123", 16);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_auth_sys_65(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	frame_auth_sys(f, "01234567890123456789012345678901234567890123456789012345678901234", 0);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_auth_sys_17_groups(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_DUMP);
	frame_auth_sys(f, "m", 17);
	frame_end(f);
}

static void credential(struct test_frame *f, uint32_t len, uint32_t there)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	put32(f, RPCS_AUTH_SHORT);
	put32(f, len);
	put_zeros(f, there);
	put_zeros(f, 8);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_cred_400(struct test_frame *f)
{
	credential(f, 400, 400);
}

static void b_cred_401(struct test_frame *f)
{
	credential(f, 401, 404);
}

static void b_cred_beyond(struct test_frame *f)
{
	credential(f, 396, 8);
}

static void b_verf_400(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_DUMP);
	put_zeros(f, 8);
	put32(f, RPCS_AUTH_GSS);
	put32(f, 400);
	put_zeros(f, 400);
	frame_end(f);
}

static void b_both_400(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_GETPORT);
	put32(f, RPCS_AUTH_GSS);
	put32(f, 400);
	put_zeros(f, 400);
	put32(f, RPCS_AUTH_GSS);
	put32(f, 399);
	put_zeros(f, 400);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_verf_lies(struct test_frame *f)
{
	frame_udp4(f);
	frame_call_open(f, 1, PROC_DUMP);
	put_zeros(f, 12);
	put32(f, 0xffffffff);
	frame_end(f);
}

static void b_callit_null(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_CALLIT);
	put32(f, 100008);
	put32(f, 1);
	put_zeros(f, 8);
	frame_end(f);
}

static void b_callit(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_CALLIT);
	put32(f, 100008);
	put32(f, 1);
	put32(f, 2);
	put32(f, 40);
	put_zeros(f, 40);
	frame_end(f);
}

static void b_getaddr(struct test_frame *f)
{
	frame_udp4(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 4, 3);
	put32(f, 100005);
	put32(f, 3);
	put32(f, 3);
	put_bytes(f, "udp\0", 4);
	put_zeros(f, 8);
	frame_end(f);
}

static void b_short_call(struct test_frame *f)
{
	frame_udp4(f);
	put32(f, 1);
	put32(f, RPCS_MSG_CALL);
	put_zeros(f, 12);
	frame_end(f);
}

static void b_not_rpc(struct test_frame *f)
{
	frame_udp4(f);
	put_bytes(f, "GET / HTTP/1.0\r\n\r\n", 18);
	frame_end(f);
}

static void b_truncated(struct test_frame *f)
{
	b_getport(f);
	f->len -= 8;
}

static void b_other_port(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 800, 112);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_DUMP);
	frame_end(f);
}

static void b_arp(struct test_frame *f)
{
	frame_eth(f, 0x0806);
	put_zeros(f, 46);
}

static void b_local(struct test_frame *f)
{
	b_getport(f);
	memset(f->bytes, 0, 12);
}

static void b_broadcast(struct test_frame *f)
{
	b_getport(f);
	memset(f->bytes, 0xff, 6);
}

static void reply_frame(struct test_frame *f)
{
	frame_eth(f, RPCS_ETH_IP4);
	frame_ip4(f, RPCS_IP_UDP, 0);
	frame_udp(f, 111, 800);
}

static void b_reply_port(struct test_frame *f)
{
	reply_frame(f);
	frame_accepted(f, 1, RPCS_ACCEPT_SUCCESS);
	put32(f, 635);
	frame_end(f);
}

static void b_reply_dump(struct test_frame *f)
{
	reply_frame(f);
	frame_accepted(f, 1, RPCS_ACCEPT_SUCCESS);
	put32(f, 1);
	frame_mapping(f, 100000, 2, 17, 111);
	put32(f, 0);
	frame_end(f);
}

static void b_reply_denied(struct test_frame *f)
{
	reply_frame(f);
	put32(f, 1);
	put32(f, RPCS_MSG_REPLY);
	put32(f, RPCS_REPLY_DENIED);
	put32(f, RPCS_REJECT_AUTH_ERROR);
	put32(f, 5);
	frame_end(f);
}

static void b_reply_odd(struct test_frame *f)
{
	reply_frame(f);
	put32(f, 1);
	put32(f, RPCS_MSG_REPLY);
	put32(f, 9);
	put_zeros(f, 12);
	frame_end(f);
}

static void b_syn(struct test_frame *f)
{
	frame_tcp4(f, 99, RPCS_TCP_SYN);
	frame_end(f);
}

static void b_ack(struct test_frame *f)
{
	frame_tcp4(f, 100, RPCS_TCP_ACK);
	frame_end(f);
}

static void b_tcp_call(struct test_frame *f)
{
	frame_tcp4(f, 100, RPCS_TCP_ACK | RPCS_TCP_PSH);
	frame_mark(f);
	frame_call(f, 1, RPCS_PORTMAP_PROGRAM, 2, PROC_GETPORT);
	frame_mapping(f, 100005, 3, 17, 0);
	frame_end(f);
}

static void b_tcp_half(struct test_frame *f)
{
	b_tcp_call(f);
	set16(f, f->mark + 2, 100);
}

static void b_tcp_call_fin(struct test_frame *f)
{
	b_tcp_call(f);
	f->bytes[f->tcp + 13] |= RPCS_TCP_FIN;
}

static void b_rst_text(struct test_frame *f)
{
	frame_tcp4(f, 100, RPCS_TCP_RST);
	put_bytes(f, "go away", 7);
	frame_end(f);
}

static void b_tcp_bad_offset(struct test_frame *f)
{
	b_tcp_call(f);
	f->bytes[f->tcp + 12] = 0x40;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers of the protocols below RPC, as IEEE and IANA gave them. */
#ifndef RPCSENTRY_PROTOCOLS_H
#define RPCSENTRY_PROTOCOLS_H

enum {
	RPCS_ETH_IP4 = 0x0800,
	RPCS_ETH_IP6 = 0x86dd,
	RPCS_ETH_ARP = 0x0806,
	RPCS_ETH_VLAN = 0x8100,	 /* IEEE 802.1Q */
	RPCS_ETH_QINQ = 0x88a8,	 /* IEEE 802.1ad */
	RPCS_ETH_QINQ9 = 0x9100, /* its forerunner, still met on provider links */

	RPCS_IP_HOP_BY_HOP = 0,
	RPCS_IP_TCP = 6,
	RPCS_IP_UDP = 17,
	RPCS_IP_ROUTING = 43,
	RPCS_IP_FRAGMENT = 44,
	RPCS_IP_AUTH = 51,
	RPCS_IP_DESTINATION = 60,

	RPCS_TCP_FIN = 0x01,
	RPCS_TCP_SYN = 0x02,
	RPCS_TCP_RST = 0x04,
	RPCS_TCP_PSH = 0x08,
	RPCS_TCP_ACK = 0x10,
};

#endif

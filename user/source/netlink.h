/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rtnetlink says of interfaces. Not sysfs: that may show another network
 * namespace than the one this process is in (nsenter --net=).
 */
#ifndef RPCSENTRY_SOURCE_NETLINK_H
#define RPCSENTRY_SOURCE_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/** The first message of an answer; larger than any that the kernel makes for these questions. */
struct rpcs_netlink_reply {
	char bytes[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static inline const struct nlmsghdr *rpcs_netlink_head(const struct rpcs_netlink_reply *reply)
{
	return (const struct nlmsghdr *)reply->bytes;
}

/** Sends one request and takes the first message of its answer; an error message is its -errno. */
int rpcs_netlink_talk(int protocol, struct nlmsghdr *request, struct rpcs_netlink_reply *reply);

/** Takes one attribute of a list. */
typedef void (*rpcs_netlink_fn)(void *arg, const struct rtattr *attr);

/** Hands each of the attributes in `len` bytes to `take`. */
void rpcs_netlink_walk(const struct rtattr *attr, int len, rpcs_netlink_fn take, void *arg);

struct rpcs_netlink_link {
	char name[IF_NAMESIZE];
	char kind[32]; /* "veth", "bridge", …; empty for hardware and loopback */
	char bus[32];  /* of the device behind it: "pci", "virtio"; empty for none */
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t flags;	   /* IFF_* */
	uint32_t master;   /* ifindex of the bridge, bond, team or VRF it is a port of, or 0 */
	uint32_t lower;	   /* ifindex of the device it is made on or paired with, or 0 */
	bool lower_away;   /* `lower` is of another network namespace */
	uint16_t type;	   /* ARPHRD_* */
	bool peerless;	   /* a tunnel's remote end is nobody's address, or a group's */
	bool external;	   /* a tunnel's ends come with each packet (collect_md) */
	uint32_t xdp_id;   /* of the XDP program on it, 0 for none */
	uint8_t xdp_where; /* XDP_ATTACHED_* */
};

/** -ENODEV when there is no such interface; needs no privilege. */
int rpcs_netlink_link_get(uint32_t ifindex, struct rpcs_netlink_link *ret_link);

/** Does a parent (TC_H_*) of a qdisc have any filter? */
int rpcs_netlink_has_filters(uint32_t ifindex, uint32_t parent, bool *ret_any);

#endif

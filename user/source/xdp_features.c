// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Generic netlink's family "netdev": newer than the headers of Debian 12, so numbered here. */
#include "xdp_features.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "netlink.h"

#define RPCS_NETDEV_FAMILY "netdev"

enum {
	RPCS_NETDEV_DEV_GET = 1,
	RPCS_NETDEV_IFINDEX = 1,
	RPCS_NETDEV_XDP_FEATURES = 3,
	RPCS_NETDEV_XDP_BASIC = 1 << 0,
	RPCS_NETDEV_XDP_RX_SG = 1 << 5,
};

struct rpcs_netdev_request {
	struct nlmsghdr head;
	struct genlmsghdr generic;
	struct rtattr attr;
	union {
		char family[sizeof(RPCS_NETDEV_FAMILY)];
		uint32_t ifindex;
	};
};

static void rpcs_netdev_take_id(void *arg, const struct rtattr *attr)
{
	if (attr->rta_type == CTRL_ATTR_FAMILY_ID && RTA_PAYLOAD(attr) >= sizeof(uint16_t))
		memcpy(arg, RTA_DATA(attr), sizeof(uint16_t));
}

static void rpcs_netdev_take_features(void *arg, const struct rtattr *attr)
{
	if (attr->rta_type == RPCS_NETDEV_XDP_FEATURES && RTA_PAYLOAD(attr) >= sizeof(uint64_t))
		memcpy(arg, RTA_DATA(attr), sizeof(uint64_t));
}

/** Asks with one attribute of `len` bytes, already in place, and hands the answer's to `take`. */
static int rpcs_netdev_ask(struct rpcs_netdev_request *request, uint32_t len, rpcs_netlink_fn take,
			   void *arg)
{
	struct rpcs_netlink_reply reply;
	const struct nlmsghdr *head;
	const struct rtattr *first;
	int ret, left;

	request->attr.rta_len = RTA_LENGTH(len);
	request->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + RTA_SPACE(len);
	request->generic.version = 1;
	ret = rpcs_netlink_talk(NETLINK_GENERIC, &request->head, &reply);
	if (ret)
		return ret;
	head = rpcs_netlink_head(&reply);
	left = NLMSG_PAYLOAD(head, GENL_HDRLEN);
	if (left < 0)
		return -EPROTO;
	first = (const struct rtattr *)((const char *)NLMSG_DATA(head) + GENL_HDRLEN);
	rpcs_netlink_walk(first, left, take, arg);
	return 0;
}

int rpcs_xdp_features_get(uint32_t ifindex, struct rpcs_xdp_features *ret_features)
{
	struct rpcs_netdev_request family = {
		.head.nlmsg_type = GENL_ID_CTRL,
		.generic.cmd = CTRL_CMD_GETFAMILY,
		.attr.rta_type = CTRL_ATTR_FAMILY_NAME,
		.family = RPCS_NETDEV_FAMILY,
	};
	struct rpcs_netdev_request device = {
		.generic.cmd = RPCS_NETDEV_DEV_GET,
		.attr.rta_type = RPCS_NETDEV_IFINDEX,
		.ifindex = ifindex,
	};
	uint64_t features = 0;
	uint16_t id = 0;
	int ret;

	ret = rpcs_netdev_ask(&family, sizeof(family.family), rpcs_netdev_take_id, &id);
	if (ret == -ENOENT || (!ret && !id))
		return -EOPNOTSUPP;
	if (ret)
		return ret;
	device.head.nlmsg_type = id;
	ret = rpcs_netdev_ask(&device, sizeof(device.ifindex), rpcs_netdev_take_features,
			      &features);
	if (ret)
		return ret;
	ret_features->driver = features & RPCS_NETDEV_XDP_BASIC;
	ret_features->frags = features & RPCS_NETDEV_XDP_RX_SG;
	return 0;
}

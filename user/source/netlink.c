// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Questions to netlink, one message and its answer: interfaces, and the filters on them. */
#include "netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/cleanup.h"

struct rpcs_netlink_request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct tcmsg filter;
	};
};

void rpcs_netlink_walk(const struct rtattr *attr, int len, rpcs_netlink_fn take, void *arg)
{
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		take(arg, attr);
}

static void rpcs_netlink_nest(const struct rtattr *attr, rpcs_netlink_fn take, void *arg)
{
	rpcs_netlink_walk(RTA_DATA(attr), RTA_PAYLOAD(attr), take, arg);
}

static void rpcs_netlink_text(const struct rtattr *attr, char *text, size_t size)
{
	size_t len = strnlen(RTA_DATA(attr), RTA_PAYLOAD(attr));

	if (len >= size)
		len = size - 1;
	memcpy(text, RTA_DATA(attr), len);
	text[len] = '\0';
}

static uint32_t rpcs_netlink_u32(const struct rtattr *attr)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static void rpcs_netlink_take_gre(void *arg, const struct rtattr *attr)
{
	struct rpcs_netlink_link *link = arg;

	if (attr->rta_type == IFLA_GRE_COLLECT_METADATA)
		link->external = true;
}

static void rpcs_netlink_take_info(void *arg, const struct rtattr *attr)
{
	struct rpcs_netlink_link *link = arg;

	if (attr->rta_type == IFLA_INFO_KIND)
		rpcs_netlink_text(attr, link->kind, sizeof(link->kind));
	else if ((attr->rta_type & NLA_TYPE_MASK) == IFLA_INFO_DATA && strstr(link->kind, "gre"))
		rpcs_netlink_nest(attr, rpcs_netlink_take_gre, link);
}

/** The broadcast address of a tunnel is that of its remote end. */
static bool rpcs_netlink_is_peerless(const struct rtattr *attr)
{
	const uint8_t *address = RTA_DATA(attr);
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < RTA_PAYLOAD(attr); i++)
		any |= address[i];
	/* 224.0.0.0/4 */
	return i && (!any || (i == 4 && (address[0] & 0xf0) == 0xe0));
}

static void rpcs_netlink_take_xdp(void *arg, const struct rtattr *attr)
{
	struct rpcs_netlink_link *link = arg;

	switch (attr->rta_type) {
	case IFLA_XDP_ATTACHED:
		if (RTA_PAYLOAD(attr) >= 1)
			link->xdp_where = *(const uint8_t *)RTA_DATA(attr);
		break;
	/* With several programs each has an id of its own and there is no common one. */
	case IFLA_XDP_PROG_ID:
	case IFLA_XDP_DRV_PROG_ID:
	case IFLA_XDP_SKB_PROG_ID:
	case IFLA_XDP_HW_PROG_ID:
		if (!link->xdp_id)
			link->xdp_id = rpcs_netlink_u32(attr);
		break;
	default:
		break;
	}
}

static void rpcs_netlink_take_link(void *arg, const struct rtattr *attr)
{
	struct rpcs_netlink_link *link = arg;

	switch (attr->rta_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		rpcs_netlink_text(attr, link->name, sizeof(link->name));
		break;
	case IFLA_BROADCAST:
		link->peerless = rpcs_netlink_is_peerless(attr);
		break;
	case IFLA_MTU:
		link->mtu = rpcs_netlink_u32(attr);
		break;
	case IFLA_MASTER:
		link->master = rpcs_netlink_u32(attr);
		break;
	case IFLA_LINK:
		link->lower = rpcs_netlink_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		link->lower_away = true;
		break;
	case IFLA_LINKINFO:
		rpcs_netlink_nest(attr, rpcs_netlink_take_info, link);
		break;
	case IFLA_XDP:
		rpcs_netlink_nest(attr, rpcs_netlink_take_xdp, link);
		break;
	case IFLA_PARENT_DEV_BUS_NAME:
		rpcs_netlink_text(attr, link->bus, sizeof(link->bus));
		break;
	default:
		break;
	}
}

static int rpcs_netlink_error(const struct nlmsghdr *head)
{
	const struct nlmsgerr *error = NLMSG_DATA(head);

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
		return -EPROTO;
	return error->error ? error->error : -EPROTO;
}

int rpcs_netlink_talk(int protocol, struct nlmsghdr *request, struct rpcs_netlink_reply *reply)
{
	struct timeval patience = { .tv_sec = 5 };
	RPCS_OWNED_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	const struct nlmsghdr *head;
	ssize_t len;

	if (fd < 0)
		return -errno;
	request->nlmsg_flags |= NLM_F_REQUEST;
	request->nlmsg_seq = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, reply->bytes, sizeof(reply->bytes), 0);
	if (len < 0)
		return -errno;
	head = rpcs_netlink_head(reply);
	if (!NLMSG_OK(head, (size_t)len))
		return -EPROTO;
	return head->nlmsg_type == NLMSG_ERROR ? rpcs_netlink_error(head) : 0;
}

int rpcs_netlink_link_get(uint32_t ifindex, struct rpcs_netlink_link *ret_link)
{
	struct rpcs_netlink_request request = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.head.nlmsg_type = RTM_GETLINK,
		.link.ifi_index = ifindex,
	};
	struct rpcs_netlink_reply reply;
	const struct nlmsghdr *head;
	struct rpcs_netlink_link link = {};
	const struct ifinfomsg *info;
	int ret;

	ret = rpcs_netlink_talk(NETLINK_ROUTE, &request.head, &reply);
	if (ret)
		return ret;
	head = rpcs_netlink_head(&reply);
	if (head->nlmsg_type != RTM_NEWLINK || head->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EPROTO;
	info = NLMSG_DATA(head);
	link.ifindex = info->ifi_index;
	link.flags = info->ifi_flags;
	link.type = info->ifi_type;
	rpcs_netlink_walk(IFLA_RTA(info), IFLA_PAYLOAD(head), rpcs_netlink_take_link, &link);
	*ret_link = link;
	return 0;
}

int rpcs_netlink_has_filters(uint32_t ifindex, uint32_t parent, bool *ret_any)
{
	struct rpcs_netlink_request request = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
		.head.nlmsg_type = RTM_GETTFILTER,
		.head.nlmsg_flags = NLM_F_DUMP,
		.filter = { .tcm_ifindex = ifindex, .tcm_parent = parent },
	};
	struct rpcs_netlink_reply reply;
	int ret = rpcs_netlink_talk(NETLINK_ROUTE, &request.head, &reply);

	if (ret)
		return ret;
	/* The first message tells: a filter, or the end of an empty list. */
	*ret_any = rpcs_netlink_head(&reply)->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

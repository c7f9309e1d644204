// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an interface is, and which attach mode it gets (spec cli.md). */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "attach.h"
#include "links.h"
#include "netlink.h"

/* Not in net/if_arp.h, and the kernel's own header does not go with net/if.h. */
enum { RPCS_ARPHRD_IP6GRE = 823 };

/** The driver's name, empty where it has none to tell. */
static void rpcs_interface_driver(const char *name, char *driver, size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	RPCS_OWNED_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (!ioctl(fd, SIOCETHTOOL, &request))
		snprintf(driver, size, "%.31s", info.driver);
}

/** The name of a program; needs a privilege, empty without. */
static void rpcs_interface_program_name(uint32_t id, char *name, size_t size)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	RPCS_OWNED_FD fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
		snprintf(name, size, "%s", info.name);
}

int rpcs_interface_inspect(const char *name, struct rpcs_interface *ret_interface)
{
	struct rpcs_interface interface = {};
	struct rpcs_netlink_link link;
	uint32_t ifindex;
	int ret;

	ifindex = if_nametoindex(name);
	if (!ifindex)
		return -ENODEV;
	ret = rpcs_netlink_link_get(ifindex, &link);
	if (ret)
		return ret;
	/* The name the kernel uses, should `name` be an alternative one. */
	memcpy(interface.name, link.name, sizeof(interface.name));
	interface.ifindex = ifindex;
	interface.mtu = link.mtu;
	interface.type = link.type;
	/* Without a fixed remote the outer header is made above TC, and taken off above it. */
	interface.outer = link.peerless && !link.external && strstr(link.kind, "gre") &&
			  (link.type == ARPHRD_IPGRE || link.type == RPCS_ARPHRD_IP6GRE);
	interface.loopback = link.flags & IFF_LOOPBACK;
	interface.physical = link.bus[0] && !link.kind[0];
	rpcs_interface_driver(link.name, interface.driver, sizeof(interface.driver));
	if (!interface.driver[0])
		snprintf(interface.driver, sizeof(interface.driver), "%s", link.kind);
	if (link.xdp_id && link.xdp_id != rpcs_links_own_xdp(link.name, ifindex)) {
		interface.foreign_xdp = link.xdp_id;
		rpcs_interface_program_name(link.xdp_id, interface.foreign_xdp_name,
					    sizeof(interface.foreign_xdp_name));
	}
	interface.mode = RPCS_MODE_TC;
	interface.reason = "";
	*ret_interface = interface;
	return 0;
}

enum rpcs_layer rpcs_interface_layer(const struct rpcs_interface *interface)
{
	switch (interface->type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return RPCS_LAYER_ETHERNET;
	case ARPHRD_NONE:  /* tun, WireGuard, VXLAN-GPE, xfrm */
	case ARPHRD_RAWIP: /* mobile modems */
	case ARPHRD_PPP:   /* its two bytes are put on below TC */
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case RPCS_ARPHRD_IP6GRE:
		return interface->outer ? RPCS_LAYER_OTHER : RPCS_LAYER_IP;
	default:
		return RPCS_LAYER_OTHER;
	}
}

void rpcs_interface_explain_layer(const struct rpcs_interface *interface)
{
	rpcs_log_error("can't watch %s: its packets begin with a header that is not taken off here "
		       "(link type %u); watch the interface above or below it",
		       interface->name, interface->type);
}

void rpcs_interface_choose(struct rpcs_interface *interface, enum rpcs_mode wanted, bool egress)
{
	/* What leaves on loopback comes in on loopback again. */
	interface->egress = egress && !interface->loopback;
	if (wanted != RPCS_MODE_AUTO) {
		interface->mode = wanted;
		interface->reason = "asked for";
		return;
	}
	interface->mode = RPCS_MODE_TC;
	if (interface->loopback)
		interface->reason = "loopback has no driver XDP";
	else if (rpcs_interface_layer(interface) == RPCS_LAYER_IP)
		interface->reason = "it has no Ethernet header, which XDP needs";
	else if (!interface->physical)
		interface->reason = "a virtual interface: driver XDP would cost more than TC";
	else if (interface->foreign_xdp)
		interface->reason = "another XDP program is on it";
	else {
		interface->mode = RPCS_MODE_NATIVE;
		interface->reason = "a NIC: driver XDP sees packets first";
	}
}

uint32_t rpcs_interface_hooks(const struct rpcs_interface *interface, enum rpcs_mode wanted)
{
	uint32_t hooks = 0;

	if (interface->mode != RPCS_MODE_TC)
		hooks |= 1U << RPCS_HOOK_XDP;
	/* Where it was not asked for, XDP may fall to TC. */
	if (interface->mode == RPCS_MODE_TC || wanted == RPCS_MODE_AUTO)
		hooks |= 1U << RPCS_HOOK_TC_INGRESS;
	if (interface->egress)
		hooks |= 1U << RPCS_HOOK_TC_EGRESS;
	return hooks;
}

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

bool rpcs_interface_has_ethernet(const struct rpcs_interface *interface)
{
	return interface->type == ARPHRD_ETHER || interface->type == ARPHRD_LOOPBACK;
}

void rpcs_interface_explain_type(const struct rpcs_interface *interface)
{
	rpcs_log_error("%s: has no Ethernet header (link type %u), not supported yet; watch the "
		       "interface below it",
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
	else if (!interface->physical)
		interface->reason = "a virtual interface: driver XDP would cost more than TC";
	else if (interface->foreign_xdp)
		interface->reason = "another XDP program is on it";
	else {
		interface->mode = RPCS_MODE_NATIVE;
		interface->reason = "a NIC: driver XDP sees packets first";
	}
}

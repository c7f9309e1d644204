// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * XDP and TCX links, and clsact filters where the kernel has no TCX. A kept link
 * gets the new program in one step, so that not a packet passes unseen.
 */
#include "links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "clsact.h"
#include "netlink.h"

/* Newer than the headers of Debian 12 (kernel 6.6). */
enum {
	RPCS_TCX_INGRESS = 46,
	RPCS_TCX_EGRESS = 47,
	RPCS_TCX_BEFORE = 1 << 3, /* BPF_F_BEFORE: ahead of the programs that may drop */
};

/** Makes kernels with TCX take the older way; for tests, and tools that know no TCX. */
#define RPCS_NO_TCX_VARIABLE "RPCSENTRY_NO_TCX"

static int rpcs_links_info(int fd, struct bpf_link_info *ret_info)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	*ret_info = info;
	return 0;
}

/** Opens a kept link of this interface; -ENOENT when there is none that is of use. */
static int rpcs_links_open(const struct rpcs_link_place *place, enum rpcs_pin_hook hook)
{
	struct bpf_link_info info;
	char path[RPCS_PIN_PATH];
	RPCS_OWNED_FD fd = -1;

	if (rpcs_pins_link_path(place->iface, hook, path))
		return -ENOENT;
	fd = rpcs_pins_open(path);
	if (fd < 0)
		return -ENOENT;
	/* TCX links have their ifindex in the same place as XDP's. */
	if (rpcs_links_info(fd, &info) || info.xdp.ifindex != place->ifindex)
		return -ENOENT;
	return RPCS_TAKE_FD(fd);
}

uint32_t rpcs_links_own_xdp(const char *iface, uint32_t ifindex)
{
	const struct rpcs_link_place place = { .iface = iface, .ifindex = ifindex };
	RPCS_OWNED_FD fd = rpcs_links_open(&place, RPCS_PIN_XDP);
	struct bpf_link_info info;

	if (fd < 0 || rpcs_links_info(fd, &info))
		return 0;
	return info.prog_id;
}

/** Gives a kept link this program; false: nothing of use was kept, and it is gone now. */
static bool rpcs_links_take_over(const struct rpcs_link_place *place, enum rpcs_pin_hook hook,
				 struct rpcs_link *ret_link)
{
	RPCS_OWNED_FD fd = rpcs_links_open(place, hook);

	if (fd < 0 || bpf_link_update(fd, place->program_fd, NULL)) {
		rpcs_links_remove_pin(place->iface, hook);
		return false;
	}
	*ret_link = (struct rpcs_link){ .fd = RPCS_TAKE_FD(fd), .hook = hook, .pinned = true };
	return true;
}

/** Does the XDP program on the interface run in the mode that is wanted? */
static bool rpcs_links_xdp_mode_is(uint32_t ifindex, enum rpcs_mode mode)
{
	struct rpcs_netlink_link link;

	if (rpcs_netlink_link_get(ifindex, &link))
		return false;
	return link.xdp_where == (mode == RPCS_MODE_GENERIC ? XDP_ATTACHED_SKB : XDP_ATTACHED_DRV);
}

int rpcs_links_add_xdp(const struct rpcs_link_place *place, enum rpcs_mode mode,
		       struct rpcs_link *ret_link)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == RPCS_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd;

	if (!rpcs_links_xdp_mode_is(place->ifindex, mode))
		rpcs_links_remove_pin(place->iface, RPCS_PIN_XDP);
	else if (rpcs_links_take_over(place, RPCS_PIN_XDP, ret_link))
		return 0;
	fd = bpf_link_create(place->program_fd, place->ifindex, BPF_XDP, &opts);
	if (fd < 0)
		return -errno;
	*ret_link = (struct rpcs_link){ .fd = fd, .hook = RPCS_PIN_XDP };
	return 0;
}

int rpcs_links_has_tcx(void)
{
	uint32_t count = 0;

	/* Asked of loopback; what matters is whether the kernel knows the question. */
	if (!bpf_prog_query(1, (enum bpf_attach_type)RPCS_TCX_INGRESS, 0, NULL, NULL, &count) ||
	    errno == ENODEV || errno == ENOENT)
		return 1;
	return errno == EINVAL ? 0 : -errno;
}

static int rpcs_links_add_tcx(const struct rpcs_link_place *place, bool egress)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = egress ? 0 : RPCS_TCX_BEFORE);
	int fd;

	if (secure_getenv(RPCS_NO_TCX_VARIABLE))
		return -EOPNOTSUPP;
	fd = bpf_link_create(place->program_fd, place->ifindex,
			     (enum bpf_attach_type)(egress ? RPCS_TCX_EGRESS : RPCS_TCX_INGRESS),
			     &opts);
	if (fd >= 0)
		return fd;
	/* Kernels under 6.6 do not know the attach type. */
	return errno == EINVAL ? -EOPNOTSUPP : -errno;
}

static int rpcs_links_add_clsact(const struct rpcs_link_place *place, bool egress,
				 struct rpcs_link *ret_link)
{
	enum rpcs_pin_hook hook = egress ? RPCS_PIN_EGRESS_CLSACT : RPCS_PIN_INGRESS_CLSACT;
	RPCS_OWNED_FD fd = fcntl(place->program_fd, F_DUPFD_CLOEXEC, 3);
	int ret;

	if (fd < 0)
		return -errno;
	ret = rpcs_clsact_attach(place->ifindex, fd, egress);
	if (ret)
		return ret;
	/* The kept pin holds the old program, which is off the interface by now. */
	rpcs_links_remove_pin(place->iface, hook);
	*ret_link = (struct rpcs_link){ .fd = RPCS_TAKE_FD(fd), .hook = hook };
	return 0;
}

int rpcs_links_add_tc(const struct rpcs_link_place *place, bool egress, struct rpcs_link *ret_link)
{
	enum rpcs_pin_hook hook = egress ? RPCS_PIN_EGRESS : RPCS_PIN_INGRESS;
	enum rpcs_pin_hook older = egress ? RPCS_PIN_EGRESS_CLSACT : RPCS_PIN_INGRESS_CLSACT;
	int fd;

	if (rpcs_links_take_over(place, hook, ret_link))
		return 0;
	fd = rpcs_links_add_tcx(place, egress);
	if (fd == -EOPNOTSUPP)
		return rpcs_links_add_clsact(place, egress, ret_link);
	if (fd < 0)
		return fd;
	/* A filter that a former run left would see every packet a second time. */
	rpcs_clsact_detach(place->ifindex, egress);
	rpcs_links_remove_pin(place->iface, older);
	*ret_link = (struct rpcs_link){ .fd = fd, .hook = hook };
	return 0;
}

int rpcs_links_pin(const char *iface, struct rpcs_link *link)
{
	char path[RPCS_PIN_PATH];
	int ret;

	if (link->fd < 0 || link->pinned)
		return 0;
	ret = rpcs_pins_link_path(iface, link->hook, path);
	if (ret)
		return ret;
	if (bpf_obj_pin(link->fd, path))
		return -errno;
	link->pinned = true;
	return 0;
}

bool rpcs_links_is_clsact(enum rpcs_pin_hook hook)
{
	return hook == RPCS_PIN_INGRESS_CLSACT || hook == RPCS_PIN_EGRESS_CLSACT;
}

bool rpcs_links_is_ingress_kept(const char *iface)
{
	static const enum rpcs_pin_hook hooks[] = { RPCS_PIN_XDP, RPCS_PIN_INGRESS,
						    RPCS_PIN_INGRESS_CLSACT };
	char path[RPCS_PIN_PATH];
	size_t i;

	for (i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!rpcs_pins_link_path(iface, hooks[i], path) && !access(path, F_OK))
			return true;
	return false;
}

void rpcs_links_remove(const char *iface, uint32_t ifindex, struct rpcs_link *link)
{
	char path[RPCS_PIN_PATH];

	if (link->fd < 0)
		return;
	if (rpcs_links_is_clsact(link->hook))
		rpcs_clsact_detach(ifindex, link->hook == RPCS_PIN_EGRESS_CLSACT);
	else
		bpf_link_detach(link->fd);
	if (link->pinned && !rpcs_pins_link_path(iface, link->hook, path))
		unlink(path);
	rpcs_cleanup_fd(&link->fd);
	*link = RPCS_LINK_NONE;
}

bool rpcs_links_remove_pin(const char *iface, enum rpcs_pin_hook hook)
{
	char path[RPCS_PIN_PATH];
	RPCS_OWNED_FD fd = -1;

	if (rpcs_pins_link_path(iface, hook, path))
		return false;
	fd = rpcs_pins_open(path);
	if (fd == -ENOENT)
		return false;
	/* Now, not when the kernel gets round to what the pin held. */
	if (fd >= 0 && !rpcs_links_is_clsact(hook))
		bpf_link_detach(fd);
	unlink(path);
	return true;
}

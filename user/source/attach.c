// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The interfaces of a run: programs on their hooks, and the map that names them. */
#include "attach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "attach_private.h"
#include "kernel_private.h"
#include "links.h"
#include "stacked.h"

int rpcs_attachments_new(struct rpcs_kernel *kernel, struct rpcs_attachments **ret_attachments)
{
	RPCS_OWNED_BLOCK struct rpcs_attachments *attachments = calloc(1, sizeof(*attachments));

	if (!attachments)
		return -ENOMEM;
	attachments->kernel = kernel;
	attachments->incoming = rpcs_incoming_open(rpcs_kernel_interfaces_fd(kernel));
	if (!attachments->incoming)
		return -errno;
	attachments->owner = getpid();
	*ret_attachments = RPCS_TAKE(attachments);
	return 0;
}

struct rpcs_attachment *rpcs_attachments_find(const struct rpcs_attachments *attachments,
					      uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < attachments->count; i++)
		if (attachments->list[i]->ifindex == ifindex)
			return attachments->list[i];
	return NULL;
}

static struct rpcs_link_place rpcs_attach_place(const struct rpcs_attachments *attachments,
						const struct rpcs_interface *interface,
						enum rpcs_hook hook)
{
	const struct rpcs_kernel *kernel = attachments->kernel;
	bool l3 = rpcs_interface_layer(interface) == RPCS_LAYER_IP;

	return (struct rpcs_link_place){
		.iface = interface->name,
		.ifindex = interface->ifindex,
		.program_fd = l3 ? rpcs_kernel_l3_program_fd(kernel, hook)
				 : rpcs_kernel_program_fd(kernel, hook),
	};
}

/** Has a driver's refusal to do with the MTU? The errors are the drivers' own. */
static bool rpcs_attach_is_mtu(const struct rpcs_interface *interface, int error)
{
	/* A page less XDP's headroom and the buffer's tail: what one buffer holds. */
	const uint32_t one_buffer = 3498;

	if (interface->mtu <= 1500)
		return false;
	return error == ERANGE || error == E2BIG ||
	       (error == EINVAL && interface->mtu > one_buffer);
}

static void rpcs_attach_explain_busy(struct rpcs_interface *interface)
{
	struct rpcs_interface now;

	if (!interface->foreign_xdp && !rpcs_interface_inspect(interface->name, &now)) {
		interface->foreign_xdp = now.foreign_xdp;
		memcpy(interface->foreign_xdp_name, now.foreign_xdp_name,
		       sizeof(interface->foreign_xdp_name));
	}
	rpcs_log_error("can't attach to %s: another XDP program is on it (id %u%s%s); use -m tc, "
		       "or take it off: ip link set dev %s xdp off",
		       interface->name, interface->foreign_xdp,
		       interface->foreign_xdp_name[0] ? ", " : "", interface->foreign_xdp_name,
		       interface->name);
}

/** The one line for an XDP program that the kernel did not take; `error` is positive. */
static void rpcs_attach_explain_xdp(struct rpcs_interface *interface, int error)
{
	const char *driver = interface->driver[0] ? interface->driver : "none";
	const char *name = interface->name;
	bool native = interface->mode == RPCS_MODE_NATIVE;

	if (error == EBUSY || error == EEXIST)
		rpcs_attach_explain_busy(interface);
	else if (error == EPERM || error == EACCES)
		rpcs_log_error("can't attach to %s: %s; it takes CAP_NET_ADMIN and CAP_BPF in its "
			       "network namespace",
			       name, strerror(error));
	else if (native && rpcs_attach_is_mtu(interface, error))
		rpcs_log_error("can't attach to %s: its MTU of %u is too large for XDP in driver "
			       "mode; use -m tc, or lower it: ip link set dev %s mtu 1500",
			       name, interface->mtu, name);
	else if (native && (error == EOPNOTSUPP || error == EINVAL))
		rpcs_log_error("can't attach to %s: its driver (%s) takes no XDP program in driver "
			       "mode as it is set up; use -m tc or -m generic",
			       name, driver);
	else
		rpcs_log_error("can't attach to %s: %s; use -m tc", name, strerror(error));
}

static const char *rpcs_attach_fall_reason(const struct rpcs_interface *interface, int error)
{
	if (error == EBUSY || error == EEXIST)
		return "another XDP program is on it";
	if (rpcs_attach_is_mtu(interface, error))
		return "its MTU is too large for driver XDP";
	if (error == EOPNOTSUPP)
		return "its driver has no XDP";
	return "its driver refused XDP";
}

static int rpcs_attach_tc(const struct rpcs_attachments *attachments,
			  const struct rpcs_interface *interface, bool egress,
			  struct rpcs_link *ret_link)
{
	const struct rpcs_link_place place = rpcs_attach_place(
		attachments, interface, egress ? RPCS_HOOK_TC_EGRESS : RPCS_HOOK_TC_INGRESS);
	int ret = rpcs_links_add_tc(&place, egress, ret_link);

	if (ret)
		rpcs_log_error("can't attach to %s: TC %s: %s; it takes CAP_NET_ADMIN and a kernel "
			       "with CONFIG_NET_CLS_BPF and CONFIG_NET_SCH_INGRESS, or 6.6",
			       interface->name, egress ? "egress" : "ingress", strerror(-ret));
	return ret;
}

/** What comes in: XDP, or TC where it was chosen or XDP fell to it. */
static int rpcs_attach_ingress(const struct rpcs_attachments *attachments,
			       struct rpcs_interface *interface, enum rpcs_mode wanted,
			       struct rpcs_link *ret_link)
{
	const struct rpcs_link_place place =
		rpcs_attach_place(attachments, interface, RPCS_HOOK_XDP);
	int ret;

	if (interface->mode == RPCS_MODE_TC)
		return rpcs_attach_tc(attachments, interface, false, ret_link);
	ret = interface->foreign_xdp ? -EBUSY
				     : rpcs_links_add_xdp(&place, interface->mode, ret_link);
	if (!ret)
		return 0;
	if (wanted != RPCS_MODE_AUTO || ret == -EPERM || ret == -ENODEV) {
		rpcs_attach_explain_xdp(interface, -ret);
		return ret;
	}
	interface->reason = rpcs_attach_fall_reason(interface, -ret);
	interface->mode = RPCS_MODE_TC;
	return rpcs_attach_tc(attachments, interface, false, ret_link);
}

void rpcs_attachment_remove(const struct rpcs_attachments *attachments, struct rpcs_attachment *at)
{
	rpcs_links_remove(at->name, at->ifindex, &at->out);
	rpcs_links_remove(at->name, at->ifindex, &at->in);
	/* A run that fails may leave a kept program there. */
	if (!rpcs_links_is_ingress_kept(at->name))
		rpcs_incoming_remove(attachments->incoming, at->ifindex);
}

/** From here on the way out takes what came in here for seen. */
static int rpcs_attach_watch(const struct rpcs_attachments *attachments,
			     const struct rpcs_attachment *at)
{
	int ret = rpcs_incoming_add(attachments->incoming, at->ifindex);

	if (ret)
		rpcs_log_error("can't attach to %s: the map of interfaces: %s", at->name,
			       strerror(-ret));
	return ret;
}

/** What would show nothing, or each packet twice, is refused; one line. */
static int rpcs_attach_check(const struct rpcs_attachments *attachments,
			     const struct rpcs_interface *interface)
{
	enum rpcs_layer layer = rpcs_interface_layer(interface);
	uint32_t others[RPCS_ATTACHMENTS_MAX], i;
	int found;

	if (layer == RPCS_LAYER_OTHER) {
		rpcs_interface_explain_layer(interface);
		return -EPROTONOSUPPORT;
	}
	if (layer == RPCS_LAYER_IP && interface->mode != RPCS_MODE_TC) {
		rpcs_log_error("can't attach to %s: it has no Ethernet header (link type %u), "
			       "which XDP needs; use -m tc",
			       interface->name, interface->type);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < attachments->count; i++)
		others[i] = attachments->list[i]->ifindex;
	found = rpcs_stacked_find(interface->ifindex, others, attachments->count);
	if (found >= 0) {
		rpcs_log_error("can't attach to %s and %s: packets of one pass the other and would "
			       "count twice; watch one of them",
			       attachments->list[found]->name, interface->name);
		return -EBUSY;
	}
	if (found == -ENOENT)
		return 0;
	rpcs_log_error("can't attach to %s: the list of interfaces: %s", interface->name,
		       strerror(-found));
	return found;
}

int rpcs_attachments_add(struct rpcs_attachments *attachments, struct rpcs_interface *interface,
			 enum rpcs_mode wanted)
{
	RPCS_OWNED_BLOCK struct rpcs_attachment *at = NULL;
	int ret;

	if (rpcs_attachments_find(attachments, interface->ifindex))
		return 0;
	ret = rpcs_attach_check(attachments, interface);
	if (ret)
		return ret;
	at = calloc(1, sizeof(*at));
	if (!at || attachments->count >= RPCS_ATTACHMENTS_MAX) {
		rpcs_log_error("can't attach to %s: %s", interface->name,
			       at ? "there are 256 interfaces already" : "out of memory");
		return at ? -E2BIG : -ENOMEM;
	}
	memcpy(at->name, interface->name, sizeof(at->name));
	at->ifindex = interface->ifindex;
	at->in = RPCS_LINK_NONE;
	at->out = RPCS_LINK_NONE;
	ret = rpcs_attach_ingress(attachments, interface, wanted, &at->in);
	if (!ret)
		ret = rpcs_attach_watch(attachments, at);
	if (!ret && interface->egress)
		ret = rpcs_attach_tc(attachments, interface, true, &at->out);
	if (ret) {
		rpcs_attachment_remove(attachments, at);
		return ret;
	}
	attachments->list[attachments->count++] = at;
	rpcs_attachment_drop_others(RPCS_TAKE(at));
	return 0;
}

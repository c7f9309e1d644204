/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Putting the programs on interfaces, and taking them off. */
#ifndef RPCSENTRY_SOURCE_ATTACH_H
#define RPCSENTRY_SOURCE_ATTACH_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "../policy/policy.h"
#include "kernel.h"

/** What the packets of an interface begin with, as the programs see them. */
enum rpcs_layer {
	RPCS_LAYER_OTHER, /* a header that they cannot take off: refused */
	RPCS_LAYER_ETHERNET,
	RPCS_LAYER_IP, /* none, as on tun, WireGuard, PPP and IP tunnels: TC only */
};

/** What one interface offers and what the sensor chose on it. */
struct rpcs_interface {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	char driver[32]; /* "veth", "virtio_net", …; empty where there is none */
	bool physical;	 /* on a bus: a NIC or virtio */
	bool loopback;
	uint16_t type; /* ARPHRD_* */
	bool outer;    /* a GRE tunnel whose packets still begin with the outer header */
	uint32_t mtu;
	uint32_t foreign_xdp; /* id of another XDP program, 0 for none */
	char foreign_xdp_name[32];

	enum rpcs_mode mode; /* chosen: native, generic or tc; never auto */
	bool egress;	     /* TC egress is watched as well */
	const char *reason;  /* why this mode, for the operator */
};

struct rpcs_attachments;

/** Looks at an interface; -ENODEV when there is none of that name. Needs no privilege. */
int rpcs_interface_inspect(const char *name, struct rpcs_interface *ret_interface);

enum rpcs_layer rpcs_interface_layer(const struct rpcs_interface *interface);

/** The one line for an interface of a layer that is refused. */
void rpcs_interface_explain_layer(const struct rpcs_interface *interface);

/** The mode that `wanted` comes to on this interface (spec cli.md), with its reason. */
void rpcs_interface_choose(struct rpcs_interface *interface, enum rpcs_mode wanted, bool egress);

/** The hooks that it may get a program on, a bit (1 << enum rpcs_hook) each. */
uint32_t rpcs_interface_hooks(const struct rpcs_interface *interface, enum rpcs_mode wanted);

/** One entry per interface attached; owned by the caller. */
int rpcs_attachments_new(struct rpcs_kernel *kernel, struct rpcs_attachments **ret_attachments);

/**
 * Attaches to one interface as chosen; in auto mode falls to TC where driver
 * XDP is refused, and says so in `interface`. Logs the one clear line on
 * failure; returns -errno.
 */
int rpcs_attachments_add(struct rpcs_attachments *attachments, struct rpcs_interface *interface,
			 enum rpcs_mode wanted);

/**
 * To be called when every interface has been added: takes off what a former
 * `run --keep` left on interfaces and hooks that this run does not watch.
 */
void rpcs_attachments_settle(struct rpcs_attachments *attachments);

/**
 * Pins what is attached, so that it outlives even a killed process; an orderly
 * end still takes it off, but for rpcs_attachments_keep(). Logs one line on
 * failure; -errno.
 */
int rpcs_attachments_pin(struct rpcs_attachments *attachments);

/** Leaves the programs running behind pins at the end: `run --keep`. */
int rpcs_attachments_keep(struct rpcs_attachments *attachments);

/** Detaches everything that was not kept, and frees. */
void rpcs_attachments_free(struct rpcs_attachments **attachments);

/** `rpcsentry detach`: takes off what a run left; name NULL: all. -ENODEV: no such interface. */
int rpcs_attachments_detach(const char *name, uint32_t *ret_count);

#endif

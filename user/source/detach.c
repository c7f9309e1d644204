// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of attachments: kept behind pins, taken off, or found from a former run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/log.h"
#include "attach.h"
#include "attach_private.h"
#include "clsact.h"
#include "kernel_private.h"
#include "links.h"
#include "pins.h"

/* The kernel frees a program some time after its last link: tries of 10 ms. */
enum { RPCS_DETACH_TRIES = 50 };

/** Is this pin one that the run took over or made? */
static bool rpcs_attachment_holds(const struct rpcs_attachment *at, enum rpcs_pin_hook hook)
{
	return (at->in.fd >= 0 && at->in.hook == hook) || (at->out.fd >= 0 && at->out.hook == hook);
}

static bool rpcs_attachments_hold(const struct rpcs_attachments *attachments,
				  const struct rpcs_pin *pin)
{
	uint32_t i;

	for (i = 0; i < attachments->count; i++)
		if (!strcmp(attachments->list[i]->name, pin->iface) &&
		    rpcs_attachment_holds(attachments->list[i], pin->hook))
			return true;
	return false;
}

void rpcs_attachment_drop_others(const struct rpcs_attachment *at)
{
	int hook;

	for (hook = 0; hook < RPCS_PIN__MAX; hook++)
		if (!rpcs_attachment_holds(at, hook))
			rpcs_links_remove_pin(at->name, hook);
	/* Filters outlive their pins: a killed run leaves them without any. */
	if (!rpcs_attachment_holds(at, RPCS_PIN_EGRESS_CLSACT))
		rpcs_clsact_detach(at->ifindex, true);
	if (!rpcs_attachment_holds(at, RPCS_PIN_INGRESS_CLSACT))
		rpcs_clsact_detach(at->ifindex, false);
}

/** The interfaces in the map that this run does not watch: a former one's. */
static void rpcs_attachments_forget(const struct rpcs_attachments *attachments)
{
	struct rpcs_incoming *incoming = attachments->incoming;
	uint32_t i, ifindex;

	for (i = 0; i < RPCS_INCOMING_SETS * RPCS_INCOMING_OF_SET; i++) {
		ifindex =
			incoming->sets[i / RPCS_INCOMING_OF_SET].ifindex[i % RPCS_INCOMING_OF_SET];
		if (ifindex && !rpcs_attachments_find(attachments, ifindex))
			rpcs_incoming_remove(incoming, ifindex);
	}
}

/** A kept clsact pin says that filters may still be there; its interface knows. */
static void rpcs_detach_pin(const struct rpcs_pin *pin)
{
	uint32_t ifindex = if_nametoindex(pin->iface);

	rpcs_links_remove_pin(pin->iface, pin->hook);
	if (!ifindex)
		return;
	if (pin->hook == RPCS_PIN_EGRESS_CLSACT)
		rpcs_clsact_detach(ifindex, true);
	else if (pin->hook == RPCS_PIN_INGRESS_CLSACT)
		rpcs_clsact_detach(ifindex, false);
}

/** All pins; the caller frees. Returns their number or -errno. */
static int rpcs_detach_list(struct rpcs_pin **ret_pins)
{
	struct rpcs_pin *pins = calloc(RPCS_PINS_MAX, sizeof(*pins));
	int count;

	if (!pins)
		return -ENOMEM;
	count = rpcs_pins_list(pins, RPCS_PINS_MAX);
	if (count < 0) {
		free(pins);
		return count;
	}
	*ret_pins = pins;
	return count;
}

/** Does this run leave the interface alone, and is this the first of its pins? */
static bool rpcs_settle_is_news(const struct rpcs_attachments *attachments,
				const struct rpcs_pin *pins, int at)
{
	uint32_t k;
	int i;

	for (k = 0; k < attachments->count; k++)
		if (!strcmp(attachments->list[k]->name, pins[at].iface))
			return false;
	for (i = 0; i < at; i++)
		if (!strcmp(pins[i].iface, pins[at].iface))
			return false;
	return true;
}

void rpcs_attachments_settle(struct rpcs_attachments *attachments)
{
	RPCS_OWNED_BLOCK struct rpcs_pin *pins = NULL;
	int count = rpcs_detach_list(&pins), i;

	for (i = 0; i < count; i++) {
		if (rpcs_attachments_hold(attachments, &pins[i]))
			continue;
		rpcs_detach_pin(&pins[i]);
		if (rpcs_settle_is_news(attachments, pins, i))
			rpcs_log_info("%s: programs of a former run taken off", pins[i].iface);
	}
	rpcs_attachments_forget(attachments);
}

static int rpcs_attachments_pin_links(struct rpcs_attachments *attachments)
{
	uint32_t i;
	int ret;

	for (i = 0; i < attachments->count; i++) {
		struct rpcs_attachment *at = attachments->list[i];

		ret = rpcs_links_pin(at->name, &at->in);
		if (!ret)
			ret = rpcs_links_pin(at->name, &at->out);
		if (ret)
			return ret;
	}
	return 0;
}

int rpcs_attachments_pin(struct rpcs_attachments *attachments)
{
	int ret = rpcs_attachments_pin_links(attachments);

	if (ret)
		rpcs_log_error("can't keep the programs: pinning to %s: %s; start without --keep",
			       rpcs_pins_dir(), strerror(-ret));
	return ret;
}

int rpcs_attachments_keep(struct rpcs_attachments *attachments)
{
	int ret = rpcs_attachments_pin_links(attachments);

	if (ret)
		return ret;
	attachments->kept = true;
	rpcs_kernel_keep(attachments->kernel);
	return 0;
}

void rpcs_attachments_free(struct rpcs_attachments **attachments_owner)
{
	struct rpcs_attachments *attachments = *attachments_owner;
	bool end;
	uint32_t i;

	if (!attachments)
		return;
	end = !attachments->kept && attachments->owner == getpid();
	for (i = 0; i < attachments->count; i++) {
		struct rpcs_attachment *at = attachments->list[i];

		if (end)
			rpcs_attachment_remove(attachments, at);
		rpcs_cleanup_fd(&at->in.fd);
		rpcs_cleanup_fd(&at->out.fd);
		free(at);
	}
	rpcs_incoming_close(&attachments->incoming);
	free(attachments);
	*attachments_owner = NULL;
}

/** Our filters on one interface of this network namespace; the number taken off. */
static uint32_t rpcs_detach_filters(uint32_t ifindex)
{
	return (uint32_t)rpcs_clsact_detach(ifindex, true) +
	       (uint32_t)rpcs_clsact_detach(ifindex, false);
}

/** What comes in on an interface is about to be seen no more: the way out has to look again. */
static void rpcs_detach_unwatch(const char *name, uint32_t ifindex)
{
	RPCS_CLEANUP(rpcs_incoming_close) struct rpcs_incoming *incoming = NULL;

	if (!rpcs_links_is_ingress_kept(name))
		return;
	incoming = rpcs_incoming_open_pinned();
	if (incoming)
		rpcs_incoming_remove(incoming, ifindex);
}

static uint32_t rpcs_detach_all_filters(void)
{
	struct if_nameindex *list = if_nameindex(), *entry;
	uint32_t count = 0;

	if (!list)
		return 0;
	for (entry = list; entry->if_index; entry++)
		count += rpcs_detach_filters(entry->if_index);
	if_freenameindex(list);
	return count;
}

/** Does a sensor still run, once the kernel has let go of the programs just taken off? */
static bool rpcs_detach_is_running(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int i;

	for (i = 0; i < RPCS_DETACH_TRIES; i++) {
		if (!rpcs_kernel_is_running())
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int rpcs_attachments_detach(const char *name, uint32_t *ret_count)
{
	RPCS_OWNED_BLOCK struct rpcs_pin *pins = NULL;
	uint32_t count = 0, ifindex = name ? if_nametoindex(name) : 0;
	bool found = !name || ifindex;
	int pin_count, left, i;

	rpcs_kernel_quiet();
	pin_count = rpcs_detach_list(&pins);
	if (pin_count < 0)
		return pin_count;
	left = pin_count;
	/* Filters first: a pin that goes with one is not counted a second time. */
	if (!name) {
		count = rpcs_detach_all_filters();
	} else if (ifindex) {
		rpcs_detach_unwatch(name, ifindex);
		count = rpcs_detach_filters(ifindex);
	}
	for (i = 0; i < pin_count; i++) {
		if (name && strcmp(name, pins[i].iface))
			continue;
		found = true;
		if (rpcs_links_remove_pin(pins[i].iface, pins[i].hook) &&
		    !rpcs_links_is_clsact(pins[i].hook))
			count++;
		left--;
	}
	if (left == 0 && !rpcs_detach_is_running())
		rpcs_kernel_unpin_all();
	rpcs_pins_tidy();
	/* Its pins may outlive an interface; without either, there never was one. */
	if (!found)
		return -ENODEV;
	*ret_count = count;
	return 0;
}

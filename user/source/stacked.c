// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which interfaces are stacked. Ports name their master, and devices made on
 * another one name that; both may go on over several steps (a bridge over a VLAN
 * device over a bond), so the way is followed through all interfaces.
 */
#include "stacked.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "netlink.h"

/** One step: packets of `low` pass `high` as well. */
struct rpcs_stacked_step {
	uint32_t low;
	uint32_t high;
	bool low_marked;
	bool high_marked;
};

struct rpcs_stacked {
	struct rpcs_stacked_step *steps;
	uint32_t count;
};

/** Do both show the same packet? A tunnel's lower device carries it in another form. */
static bool rpcs_stacked_shares(const struct rpcs_netlink_link *link)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap" };
	size_t i;

	if (!link->lower || link->lower_away)
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(link->kind, kinds[i]))
			return true;
	return false;
}

static void rpcs_stacked_take(struct rpcs_stacked *stacked, uint32_t ifindex)
{
	struct rpcs_netlink_link link;

	/* It may have gone meanwhile. */
	if (rpcs_netlink_link_get(ifindex, &link))
		return;
	if (link.master)
		stacked->steps[stacked->count++] =
			(struct rpcs_stacked_step){ .low = ifindex, .high = link.master };
	if (rpcs_stacked_shares(&link))
		stacked->steps[stacked->count++] =
			(struct rpcs_stacked_step){ .low = link.lower, .high = ifindex };
}

static int rpcs_stacked_read(struct rpcs_stacked *ret_stacked)
{
	struct if_nameindex *list = if_nameindex();
	struct rpcs_stacked stacked = {};
	uint32_t count = 0, i;

	if (!list)
		return errno ? -errno : -ENOMEM;
	while (list[count].if_index)
		count++;
	stacked.steps = calloc(2 * (size_t)count + 1, sizeof(*stacked.steps));
	for (i = 0; stacked.steps && i < count; i++)
		rpcs_stacked_take(&stacked, list[i].if_index);
	if_freenameindex(list);
	if (!stacked.steps)
		return -ENOMEM;
	*ret_stacked = stacked;
	return 0;
}

/** Is `ifindex` marked as above (or below) where the walk began? */
static bool rpcs_stacked_is_marked(const struct rpcs_stacked *stacked, uint32_t ifindex, bool up)
{
	uint32_t i;

	for (i = 0; i < stacked->count; i++) {
		const struct rpcs_stacked_step *step = &stacked->steps[i];

		if (up ? step->high_marked && step->high == ifindex
		       : step->low_marked && step->low == ifindex)
			return true;
	}
	return false;
}

/** Marks all that lies above (or below) an interface. Each pass marks one or is the last. */
static void rpcs_stacked_walk(struct rpcs_stacked *stacked, uint32_t ifindex, bool up)
{
	bool more = true;
	uint32_t i;

	while (more) {
		more = false;
		for (i = 0; i < stacked->count; i++) {
			struct rpcs_stacked_step *step = &stacked->steps[i];
			uint32_t from = up ? step->low : step->high;
			bool *mark = up ? &step->high_marked : &step->low_marked;

			if (*mark ||
			    (from != ifindex && !rpcs_stacked_is_marked(stacked, from, up)))
				continue;
			*mark = true;
			more = true;
		}
	}
}

int rpcs_stacked_find(uint32_t ifindex, const uint32_t *others, uint32_t count)
{
	struct rpcs_stacked stacked = {};
	RPCS_OWNED_BLOCK struct rpcs_stacked_step *steps = NULL;
	uint32_t i;
	int ret;

	if (!count)
		return -ENOENT;
	ret = rpcs_stacked_read(&stacked);
	if (ret)
		return ret;
	steps = stacked.steps;
	rpcs_stacked_walk(&stacked, ifindex, true);
	rpcs_stacked_walk(&stacked, ifindex, false);
	for (i = 0; i < count; i++)
		if (rpcs_stacked_is_marked(&stacked, others[i], true) ||
		    rpcs_stacked_is_marked(&stacked, others[i], false))
			return (int)i;
	return -ENOENT;
}

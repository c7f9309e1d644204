// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See incoming.h. The programs read on meanwhile: nobody moves, each step is one store. */
#include "incoming.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "../base/cleanup.h"
#include "map_memory.h"
#include "pins.h"

static void rpcs_incoming_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/** Where this one stands in a set, or for 0 where there is room; NULL: nowhere. */
static uint32_t *rpcs_incoming_place(struct rpcs_incoming_set *set, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < RPCS_INCOMING_OF_SET; i++)
		if (set->ifindex[i] == ifindex)
			return &set->ifindex[i];
	return NULL;
}

int rpcs_incoming_add(struct rpcs_incoming *incoming, uint32_t ifindex)
{
	struct rpcs_incoming_set *first = RPCS_INCOMING_AT(incoming, ifindex, 0);
	uint32_t on = 0, *room;

	if (rpcs_incoming_find(incoming, ifindex))
		return 0;
	while (!(room = rpcs_incoming_place(RPCS_INCOMING_AT(incoming, ifindex, on), 0)))
		if (++on > RPCS_INCOMING_REACH)
			return -ENOSPC;
	if (first->reach < on)
		rpcs_incoming_store(&first->reach, on);
	rpcs_incoming_store(room, ifindex);
	return 0;
}

/** Does one stand in this set whose number leads to that one? */
static bool rpcs_incoming_holds(const struct rpcs_incoming *incoming,
				const struct rpcs_incoming_set *set,
				const struct rpcs_incoming_set *first)
{
	uint32_t i;

	for (i = 0; i < RPCS_INCOMING_OF_SET; i++)
		if (set->ifindex[i] && RPCS_INCOMING_AT(incoming, set->ifindex[i], 0) == first)
			return true;
	return false;
}

void rpcs_incoming_remove(struct rpcs_incoming *incoming, uint32_t ifindex)
{
	const struct rpcs_incoming_set *set = rpcs_incoming_find(incoming, ifindex);
	struct rpcs_incoming_set *first = RPCS_INCOMING_AT(incoming, ifindex, 0);
	uint32_t reach = first->reach;

	if (!set)
		return;
	rpcs_incoming_store(rpcs_incoming_place(&incoming->sets[set - incoming->sets], ifindex), 0);
	while (reach > 0 &&
	       !rpcs_incoming_holds(incoming, RPCS_INCOMING_AT(incoming, ifindex, reach), first))
		reach--;
	rpcs_incoming_store(&first->reach, reach);
}

/* Not libbpf's own mapping of the section: it may make none of a map that is taken over. */
struct rpcs_incoming *rpcs_incoming_open(int fd)
{
	return rpcs_map_memory(fd, sizeof(struct rpcs_incoming));
}

/* Another version may have kept a map of another form, which is not ours to change. */
struct rpcs_incoming *rpcs_incoming_open_pinned(void)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	char path[RPCS_PIN_PATH];
	RPCS_OWNED_FD fd = -1;

	if (rpcs_pins_path("interfaces", path))
		return NULL;
	fd = rpcs_pins_open(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ||
	    info.value_size != sizeof(struct rpcs_incoming))
		return NULL;
	return rpcs_incoming_open(fd);
}

void rpcs_incoming_close(struct rpcs_incoming **incoming)
{
	if (*incoming)
		munmap(*incoming, sizeof(**incoming));
	*incoming = NULL;
}

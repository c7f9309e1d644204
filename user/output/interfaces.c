// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A small cache of interface names: events are many, interfaces few. */
#include "interfaces.h"

#include <stdio.h>

static struct rpcs_interface_name *interfaces_keep(struct rpcs_interfaces *interfaces,
						   uint32_t ifindex, const char *name)
{
	struct rpcs_interface_name *entry;

	if (interfaces->count < RPCS_INTERFACES_KEPT) {
		entry = &interfaces->kept[interfaces->count++];
	} else {
		entry = &interfaces->kept[interfaces->oldest];
		interfaces->oldest = (interfaces->oldest + 1) % RPCS_INTERFACES_KEPT;
	}
	entry->ifindex = ifindex;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	return entry;
}

void rpcs_interfaces_init(struct rpcs_interfaces *interfaces)
{
	struct if_nameindex *list = if_nameindex();
	struct if_nameindex *item;

	*interfaces = (struct rpcs_interfaces){ 0 };
	if (!list)
		return;
	for (item = list; item->if_index && interfaces->count < RPCS_INTERFACES_KEPT; item++)
		interfaces_keep(interfaces, item->if_index, item->if_name);
	if_freenameindex(list);
}

const char *rpcs_interfaces_name(struct rpcs_interfaces *interfaces, uint32_t ifindex)
{
	const struct rpcs_interface_name *entry = NULL;
	char name[IF_NAMESIZE] = "";
	uint32_t i;

	for (i = 0; i < interfaces->count; i++) {
		if (interfaces->kept[i].ifindex == ifindex) {
			entry = &interfaces->kept[i];
			break;
		}
	}
	if (!entry) {
		/* A failure is kept as well: not one lookup for each line. */
		if (!if_indextoname(ifindex, name))
			name[0] = '\0';
		entry = interfaces_keep(interfaces, ifindex, name);
	}
	return entry->name[0] ? entry->name : NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pinned map `rules`, for others than the sensor that writes it. */
#include <bpf/bpf.h>
#include <errno.h>

#include "kernel.h"

int rpcs_kernel_rules_read(int rules_fd, struct rpcs_rule_hits *list)
{
	uint32_t i;

	for (i = 0; i < RPCS_RULES_SHOWN_MAX; i++) {
		if (bpf_map_lookup_elem(rules_fd, &i, &list[i]))
			return -errno;
		if (!list[i].name[0])
			break;
		/* It may be changing its name at this moment. */
		list[i].name[RPCS_RULE_NAME_BYTES - 1] = '\0';
	}
	return (int)i;
}

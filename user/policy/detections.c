// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of detections, by id and by name. */
#include "detections.h"

#include <string.h>

static const struct rpcs_detection_info infos[] = {
#define X(id, sid, name, severity, category, signature) \
	[RPCS_D_##id] = { sid, name, severity, category, signature },
	RPCS_DETECTIONS(X)
#undef X
};

_Static_assert(sizeof(infos) / sizeof(infos[0]) == RPCS_D__MAX, "a row for each detection");

const struct rpcs_detection_info *rpcs_detection_info(enum rpcs_detection_id id)
{
	return &infos[id];
}

enum rpcs_detection_id rpcs_detection_find(const char *name)
{
	for (unsigned int i = 0; i < RPCS_D__MAX; i++) {
		if (strcmp(infos[i].name, name) == 0)
			return (enum rpcs_detection_id)i;
	}
	return RPCS_D__MAX;
}

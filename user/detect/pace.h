/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* At most 20 lines of one detection in any second; the rest is counted and said. */
#ifndef RPCSENTRY_DETECT_PACE_H
#define RPCSENTRY_DETECT_PACE_H

#include "internal.h"

int rpcs_pace_init(struct rpcs_detect *detect);
void rpcs_pace_free(struct rpcs_detect *detect);

/** May a line of `id` leave now? Says what was held back before, which is a line as well. */
bool rpcs_pace_take(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t now_ns);

/** Counts a line that could not leave. */
void rpcs_pace_hold(struct rpcs_detect *detect, enum rpcs_detection_id id, uint64_t now_ns);

/** Says what was held back, as soon as there is room and whether or not a line comes. */
void rpcs_pace_tick(struct rpcs_detect *detect, uint64_t now_ns);

/** The end: from now on every line leaves, since nobody could say later what did not. */
void rpcs_pace_finish(struct rpcs_detect *detect);

#endif

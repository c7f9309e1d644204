/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long the sensor may leave the rings alone: by what it found there. */
#ifndef RPCSENTRY_AGENT_REST_H
#define RPCSENTRY_AGENT_REST_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RPCS_REST_NONE = 0,	   /* look again at once */
	RPCS_REST_FOREVER = -1,	   /* until a program's wake-up, which has to be asked for */
	RPCS_REST_MAX_US = 1000,   /* between two looks while records come */
	RPCS_REST_MIN_US = 100,	   /* less costs more than it brings */
	RPCS_REST_EMPTY_LOOKS = 2, /* before it sleeps: under load no record wakes it */
};

/** Zeroed at the start. */
struct rpcs_rest {
	int pause_us;
	uint32_t empty;
};

/**
 * Microseconds, or one of the above. `more`: the last look left records; `found`: it found
 * any; `fill`: how much of the fullest ring they were, in 256ths.
 */
int rpcs_rest_next(struct rpcs_rest *rest, bool more, bool found, uint32_t fill);

#endif

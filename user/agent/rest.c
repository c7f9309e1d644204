// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A pause is as long as fills an eighth of a ring at most, by what the last one did. A ring that
 * was a quarter full is looked at again at once: that is what came during one pause.
 */
#include "rest.h"

enum {
	RPCS_REST_QUARTER = 256 / 4,
	RPCS_REST_HIGH = 256 / 8,
	RPCS_REST_LOW = 256 / 32,
};

int rpcs_rest_next(struct rpcs_rest *rest, bool more, bool found, uint32_t fill)
{
	if (rest->pause_us == 0)
		rest->pause_us = RPCS_REST_MAX_US;
	if (fill >= RPCS_REST_HIGH)
		rest->pause_us /= 2;
	else if (fill < RPCS_REST_LOW)
		rest->pause_us *= 2;
	if (rest->pause_us > RPCS_REST_MAX_US)
		rest->pause_us = RPCS_REST_MAX_US;
	if (rest->pause_us < RPCS_REST_MIN_US)
		rest->pause_us = RPCS_REST_MIN_US;
	if (found || more)
		rest->empty = 0;
	else if (rest->empty < RPCS_REST_EMPTY_LOOKS)
		rest->empty++;
	else
		return RPCS_REST_FOREVER;
	if (more || fill >= RPCS_REST_QUARTER)
		return RPCS_REST_NONE;
	return rest->pause_us;
}

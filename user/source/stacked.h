/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces made of one another: a bridge and its ports, a VLAN device and what carries it. */
#ifndef RPCSENTRY_SOURCE_STACKED_H
#define RPCSENTRY_SOURCE_STACKED_H

#include <stdint.h>

/**
 * Which of `others` lies above or below this interface, so that packets pass
 * both? Its place in `others`; -ENOENT for none, else -errno.
 */
int rpcs_stacked_find(uint32_t ifindex, const uint32_t *others, uint32_t count);

#endif

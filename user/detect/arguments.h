/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layouts of known services' arguments, as far as strings and opaques are concerned. */
#ifndef RPCSENTRY_DETECT_ARGUMENTS_H
#define RPCSENTRY_DETECT_ARGUMENTS_H

#include "../stream/message.h"

/**
 * Holds the lengths in a call's arguments against the `len` bytes that they have on the wire,
 * of which `available` are there; what lies behind those is not judged. True: one is larger
 * than what is left. False too for a program, version or procedure without a layout here.
 */
bool rpcs_arguments_exceed(uint32_t program, uint32_t version, uint32_t procedure,
			   const uint8_t *bytes, uint32_t available, uint32_t len,
			   struct rpcs_excess *ret_excess);

#endif

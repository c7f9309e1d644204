/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ports that a portmapper's reply tells: RPC will be spoken there. */
#ifndef RPCSENTRY_MATCH_TOLD_H
#define RPCSENTRY_MATCH_TOLD_H

#include "call.h"

/** The port of an universal address (RFC 5665 5.2.3.3), host order; 0 when it has none. */
uint16_t rpcs_uaddr_port(const struct rpcs_text *address);

/** Is it one, of IPv4 or IPv6 (RFC 5665 5.2.3.3, 5.2.3.4)? */
bool rpcs_uaddr_is_valid(const struct rpcs_text *address);

/** A port, and the program that listens there. */
struct rpcs_told_port {
	uint32_t program;
	uint16_t port;
	uint8_t protocol; /* 6 or 17 */
};

typedef void (*rpcs_told_fn)(void *arg, const struct rpcs_told_port *told);

/** Calls `tell` for each port of UDP or TCP that `reply` to `call` names. */
void rpcs_told_each(const struct rpcs_call *call, const struct rpcs_message *reply,
		    rpcs_told_fn tell, void *arg);

#endif

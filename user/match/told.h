/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ports that a portmapper's reply tells: RPC will be spoken there. */
#ifndef RPCSENTRY_MATCH_TOLD_H
#define RPCSENTRY_MATCH_TOLD_H

#include "call.h"

/** The port of an universal address (RFC 5665 5.2.3.3), host order; 0 when it has none. */
uint16_t rpcs_uaddr_port(const struct rpcs_text *address);

/** Called for each TCP port that `reply` to `call` tells. */
void rpcs_told_ports(const struct rpcs_call *call, const struct rpcs_message *reply,
		     void (*tell)(void *arg, uint16_t port), void *arg);

#endif

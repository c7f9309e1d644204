/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names that events give to the protocol's numbers. */
#ifndef RPCSENTRY_OUTPUT_NAMES_H
#define RPCSENTRY_OUTPUT_NAMES_H

#include "../match/call.h"
#include "../policy/programs.h"

enum { RPCS_SEVERITIES = 4 };

/** Copied whole, whatever its length: that takes no call. `text` has its end. */
struct rpcs_name {
	char text[15];
	uint8_t len;
};

/* A literal as an initialiser of one. */
#define RPCS_NAME(literal)                   \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

/** A number that has no name, as digits. */
struct rpcs_name rpcs_digits(uint32_t value);

/** Digits for a number that RFC 5531 does not have. */
struct rpcs_name rpcs_reply_stat_name(uint32_t reply_stat);
struct rpcs_name rpcs_accept_stat_name(uint32_t accept_stat);
struct rpcs_name rpcs_reject_stat_name(uint32_t reject_stat);
struct rpcs_name rpcs_flavor_name(uint32_t flavor);

/** rpc.status. `reply` may be NULL. */
struct rpcs_name rpcs_call_status_name(const struct rpcs_call *call,
				       const struct rpcs_message *reply);

/** "UDP" or "TCP". */
const char *rpcs_protocol_name(uint8_t protocol);

/** The tunnel that a packet came in, by its flags (enum rpcs_packet_flag); NULL for none. */
const char *rpcs_tunnel_name(uint16_t flags);

/** "high", "medium", "low" or "info". */
const char *rpcs_severity_name(uint8_t severity);

#endif

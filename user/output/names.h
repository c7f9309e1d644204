/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names that events give to the protocol's numbers. */
#ifndef RPCSENTRY_OUTPUT_NAMES_H
#define RPCSENTRY_OUTPUT_NAMES_H

#include "../match/call.h"
#include "../policy/programs.h"

enum { RPCS_DIGITS_TEXT = 11, RPCS_SEVERITIES = 4 };

/** A number that has no name, as digits. */
const char *rpcs_digits(uint32_t value, char text[RPCS_DIGITS_TEXT]);

/** NULL for a number that RFC 5531 does not have. */
const char *rpcs_reply_stat_name(uint32_t reply_stat);
const char *rpcs_accept_stat_name(uint32_t accept_stat);
const char *rpcs_reject_stat_name(uint32_t reject_stat);
const char *rpcs_flavor_name(uint32_t flavor);

/** rpc.status; `text` is room for a number that has no name. `reply` may be NULL. */
const char *rpcs_call_status_name(const struct rpcs_call *call, const struct rpcs_message *reply,
				  char text[RPCS_DIGITS_TEXT]);

/** "UDP" or "TCP". */
const char *rpcs_protocol_name(uint8_t protocol);

/** The tunnel that a packet came in, by its flags (enum rpcs_packet_flag); NULL for none. */
const char *rpcs_tunnel_name(uint16_t flags);

/** "high", "medium", "low" or "info". */
const char *rpcs_severity_name(uint8_t severity);

#endif

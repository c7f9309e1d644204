/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The names that events give to the protocol's numbers. */
#ifndef RPCSENTRY_OUTPUT_NAMES_H
#define RPCSENTRY_OUTPUT_NAMES_H

#include "../match/call.h"

enum { RPCS_DIGITS_TEXT = 11, RPCS_SEVERITIES = 4 };

/** A number that has no name, as digits. */
const char *rpcs_digits(uint32_t value, char text[RPCS_DIGITS_TEXT]);

/** NULL for a number that RFC 5531 does not have. */
const char *rpcs_reply_stat_name(uint32_t reply_stat);
const char *rpcs_accept_stat_name(uint32_t accept_stat);
const char *rpcs_reject_stat_name(uint32_t reject_stat);
const char *rpcs_flavor_name(uint32_t flavor);

/** The portmapper's procedures (RFC 1833), by version first; NULL for others. */
const char *rpcs_procedure_name(uint32_t program, uint32_t version, uint32_t procedure);

/** rpc.status; `text` is room for a number that has no name. `reply` may be NULL. */
const char *rpcs_call_status_name(const struct rpcs_call *call, const struct rpcs_message *reply,
				  char text[RPCS_DIGITS_TEXT]);

/** "UDP" or "TCP". */
const char *rpcs_protocol_name(uint8_t protocol);

/** "high", "medium", "low" or "info". */
const char *rpcs_severity_name(uint8_t severity);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From bytes or a compact record to a struct rpcs_message. */
#ifndef RPCSENTRY_STREAM_DECODE_H
#define RPCSENTRY_STREAM_DECODE_H

#include <rpcsentry/record.h>

#include "message.h"

/** Room for what a compact record carries as numbers and a message gives as bytes. */
struct rpcs_record_body {
	uint8_t bytes[RPCS_RECORD_WORDS * 4];
};

/**
 * Decodes the RPC header (RFC 5531 9) of a message of `len` bytes, of which
 * `available` are there; tuple and sighting are the caller's to set. False:
 * too short, or neither call nor reply; `message` is then not to be used.
 */
bool rpcs_message_decode(struct rpcs_message *message, const uint8_t *bytes, uint32_t available,
			 uint32_t len);

/** The same from a compact record of `record_len` bytes; `body` lives as long as the message. */
bool rpcs_message_from_record(struct rpcs_message *message, const struct rpcs_record_rpc *record,
			      uint32_t record_len, struct rpcs_record_body *body);

/** Tuple of a record's head. */
void rpcs_tuple_from_head(struct rpcs_tuple *tuple, const struct rpcs_record_head *head);

/** Does this reply to a call with AUTH_TLS agree to TLS (RFC 9289 4.1)? */
bool rpcs_message_agrees_to_tls(const struct rpcs_message *reply);

#endif

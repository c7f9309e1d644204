/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of old RPC services: the strings and sizes that broke them (1110034), the paths. */
#ifndef RPCSENTRY_STREAM_SERVICE_H
#define RPCSENTRY_STREAM_SERVICE_H

#include "message.h"

/** Bytes of a first string that are kept. */
enum { RPCS_SERVICE_TEXT_MAX = 128 };

/**
 * Reads the arguments of a call to one of the services that service.c lists into
 * message->service. A length that the message has no room for is not over the limit:
 * no server takes such a string. Does nothing for other programs, RPCSEC_GSS, or a
 * header that is malformed.
 */
void rpcs_service_decode_call(struct rpcs_message *message);

#endif

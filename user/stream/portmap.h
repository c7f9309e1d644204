/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Portmapper arguments and results (RFC 1833), version first, then procedure. */
#ifndef RPCSENTRY_STREAM_PORTMAP_H
#define RPCSENTRY_STREAM_PORTMAP_H

#include "message.h"

/** Room for the entries of one list; a decoded message points into it. */
struct rpcs_mapping_room {
	struct rpcs_mapping list[RPCS_MAPPINGS_MAX];
};

/**
 * Decodes a call's arguments into message->portmap. Does nothing for another
 * program, an RPCSEC_GSS credential, or a header that is already malformed.
 */
void rpcs_portmap_decode_call(struct rpcs_message *message);

/** Decodes a successful reply's results, once program, version and procedure are its call's. */
void rpcs_portmap_decode_reply(struct rpcs_message *message, struct rpcs_mapping_room *room);

#endif

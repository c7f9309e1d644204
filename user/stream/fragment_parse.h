/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One IP fragment taken apart: where its bytes belong, and to which packet. */
#ifndef RPCSENTRY_STREAM_FRAGMENT_PARSE_H
#define RPCSENTRY_STREAM_FRAGMENT_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include <rpcsentry/fragment.h>

/** Pointers are into the bytes that it was parsed from. */
struct rpcs_ip_fragment {
	struct rpcs_packet pkt;
	struct rpcs_fragment_key key;
	const uint8_t *header, *payload;
	uint32_t header_len;
	uint32_t offset, len; /* of the payload, by the IP header */
	uint32_t available;   /* bytes of it that are there */
	bool more;
	uint8_t protocol;
};

/** `bytes` from the IP header on; `f` must be zeroed. False: no fragment that can be valid. */
bool rpcs_ip_fragment_parse(struct rpcs_ip_fragment *f, const uint8_t *bytes, uint32_t len);

#endif

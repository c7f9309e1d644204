/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A call as the matcher keeps it, in a sixth of its size: hundreds of thousands are kept. */
#ifndef RPCSENTRY_MATCH_PACKED_H
#define RPCSENTRY_MATCH_PACKED_H

#include "call.h"

struct rpcs_beside;

/**
 * What most calls have, in the members' order; what else a call has goes beside it. All zero
 * it has nothing. The client's address and port, the protocol and the XID are not in it, since
 * the matcher's key has them.
 */
struct rpcs_packed_call {
	struct rpcs_beside *beside; /* owned */
	uint64_t time_ns, flow_id, flow_start_ns;
	struct rpcs_call_alert alert; /* the first */
	uint32_t dst;		      /* an IPv4 address */
	uint32_t frame, ifindex, program, rule;
	uint32_t asked_program; /* portmap.program */
	uint16_t dport, flags, vlan[2], length, version, procedure, body_len, body_available;
	uint16_t asked_version, asked_protocol, asked_port;
	uint8_t vlan_count, ttl;
	/* By bytes that are all used: what is put there needs no look at what was. */
	uint8_t shape : 4, read : 4; /* reassembled, truncated, portmapper, confirmed */
	uint8_t has : 4, came : 4;   /* tcp_handshake, tcp_midstream, reply_unseen, conflict */
	uint8_t decided : 4, status : 2, log : 1, judged : 1; /* tls, allowed, names_change, held */
	uint8_t alert_count;
};

/** Puts the call in the place of what was packed. -ENOMEM: that is still there. */
int rpcs_call_pack(const struct rpcs_call *call, struct rpcs_packed_call *packed);

/**
 * The same of a call that rpcs_call_unpack() gave, of what is packed there, when it changed in
 * nothing but its status and the members behind that.
 */
int rpcs_call_repack(const struct rpcs_call *call, struct rpcs_packed_call *packed);

/** Was it sent to that address and port? */
bool rpcs_packed_call_is_to(const struct rpcs_packed_call *packed,
			    const struct rpcs_address *address, uint16_t port);

/** All of the call but what the matcher's key has, which is left zero. */
void rpcs_call_unpack(const struct rpcs_packed_call *packed, struct rpcs_call *ret_call);

/**
 * Moves the texts of a copy of `message` here, so that they outlive its packet. -ENOMEM: they are
 * where they were.
 */
int rpcs_packed_call_keep(struct rpcs_packed_call *packed, const struct rpcs_message *message,
			  struct rpcs_message *copy);

/** What lies beside it; the rest is its owner's. */
void rpcs_packed_call_free(struct rpcs_packed_call *packed);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who was told which port by a portmapper, and who is whose NFS client: what makes a call
 * to a service's port an expected one.
 */
#ifndef RPCSENTRY_DETECT_GIVEN_H
#define RPCSENTRY_DETECT_GIVEN_H

#include "../match/call.h"
#include "detect.h"

/** The answer to a lookup: `client` was told that `program` is at this port of `server`. */
struct rpcs_lookup {
	uint32_t program;   /* the one asked for */
	uint32_t xid;	    /* of the lookup */
	uint64_t time_ns;   /* of the answer; 0: told otherwise than by a lookup */
	uint16_t from_port; /* where the portmapper answered */
};

/**
 * Remembers what a reply to `call` tells its client, or that both work together. `again`:
 * it is not the first reply to that call.
 */
void rpcs_given_reply(struct rpcs_detect *detect, const struct rpcs_call *call,
		      const struct rpcs_message *reply, bool again);

/**
 * What was told waits for the memory that it needs: until it is asked for, or until this is
 * called, once a message.
 */
void rpcs_given_settle(const struct rpcs_detect *detect);

/**
 * A call came to a port that a portmapper may have told: who goes on to use a port is
 * remembered longer. True when the last lookup of it is no older than `window_ns` and was
 * followed by no call yet; *ret_lookup tells of it then.
 */
bool rpcs_given_use(struct rpcs_detect *detect, const struct rpcs_tuple *tuple, uint64_t now_ns,
		    uint64_t window_ns, struct rpcs_lookup *ret_lookup);

/** The last lookup of this port by this client before `now_ns`; false when there was none. */
bool rpcs_given_lookup(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		       uint64_t now_ns, struct rpcs_lookup *ret_lookup);

/** Has a portmapper told tuple->src this port of tuple->dst in the last 24 h? */
bool rpcs_given_knows(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		      uint64_t now_ns);

/**
 * Was the one who is called here, in the last hour or on this very connection, the client
 * of the caller for NFS, locks or status? Then this may be a callback.
 */
bool rpcs_given_is_callback(const struct rpcs_detect *detect, const struct rpcs_call *call);

/** A call whose reply no sensor will see stands for the exchange. */
void rpcs_given_call(struct rpcs_detect *detect, const struct rpcs_call *call);

#endif

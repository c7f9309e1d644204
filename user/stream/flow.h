/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows: what joins the two directions of a conversation, and a TCP stream's state. */
#ifndef RPCSENTRY_STREAM_FLOW_H
#define RPCSENTRY_STREAM_FLOW_H

#include "../base/table.h"
#include "message.h"

struct rpcs_segment;

/** One direction of a TCP flow. Sequence numbers wrap. */
struct rpcs_half {
	bool in_step;		   /* `next` is known, and a record begins there */
	uint32_t next;		   /* first byte not yet handed on */
	struct rpcs_segment *held; /* bytes from `next` on, by sequence number, no overlap */
	struct rpcs_segment *last; /* of that list */
	uint32_t held_bytes;
	uint32_t held_segments;
	uint32_t scanned; /* bytes from `next` on: whole fragments of a record that goes on */
	uint32_t wanted;  /* bytes from `next` that must be there before a look is worth it */
};

/** Endpoints in an order of their own, so that both directions find the same flow. */
struct rpcs_flow_ends {
	struct rpcs_address address[2];
	uint16_t port[2];
	uint8_t protocol;
	uint8_t pad[3];
};

struct rpcs_flow {
	struct rpcs_flow_ends ends; /* the table's key */
	uint64_t id;		    /* 1 to 2^51 - 1 */
	uint64_t start_ns, last_ns;
	struct rpcs_half half[2]; /* TCP: sent by ends.address[0], by [1] */
	uint32_t syn_seq[2];
	bool syn_seen[2];
	bool fin_seen[2];
	bool again; /* a SYN of another connection came; forged, unless it is answered */
	uint8_t again_side;
	uint32_t again_seq;
	bool waiting; /* holds segments, since `waiting_ns`: queued in the second lane */
	uint64_t waiting_ns;
	bool closed;	/* RST or both FIN: the next SYN is another flow */
	bool midstream; /* TCP whose beginning was not seen */
};

/** Both sides' SYN were seen. */
static inline bool rpcs_flow_handshake(const struct rpcs_flow *flow)
{
	return flow->syn_seen[0] && flow->syn_seen[1];
}

struct rpcs_flow_table {
	struct rpcs_table *table;
	struct rpcs_hash_seed seed;
	uint64_t started; /* flows so far: two of one 5-tuple get different ids */
	uint64_t evicted;
	uint64_t idle_ns;
	uint64_t held_bytes, held_limit; /* memory of the segments of all flows */
	uint64_t held_evicted;		 /* flows that had to give theirs up for the limit */
	/* Told of a flow before a full table pushes it out; may be NULL. */
	void (*leave)(void *arg, struct rpcs_flow *flow);
	void *leave_arg;
};

/** `capacity` flows; a UDP flow silent for `idle_ns` is another one. -ENOMEM. */
int rpcs_flow_table_init(struct rpcs_flow_table *flows, uint32_t capacity, uint64_t idle_ns,
			 uint64_t held_limit, const struct rpcs_hash_seed *seed);
void rpcs_flow_table_free(struct rpcs_flow_table *flows);

/**
 * The flow of a packet, made if it is new; the oldest goes when the table is
 * full. *ret_side is the sender's index. `syn`: a SYN without ACK, `seq` its
 * number, which may begin another flow of the same 5-tuple.
 */
struct rpcs_flow *rpcs_flow_get(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
				uint64_t time_ns, bool syn, uint32_t seq, int *ret_side);

/** The sender's index in the flow's ends. */
int rpcs_flow_side(const struct rpcs_flow *flow, const struct rpcs_tuple *tuple);

/** Another connection of the same 5-tuple: a new id, nothing seen yet. */
void rpcs_flow_restart(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns);

/** Queues the flow by whether it holds segments. */
void rpcs_flow_settle(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns);

/** The tuple of what `side` sends. */
void rpcs_flow_tuple(const struct rpcs_flow *flow, int side, struct rpcs_tuple *ret_tuple);

#endif

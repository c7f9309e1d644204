/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows: what joins the two directions of a conversation, and a TCP stream's state. */
#ifndef RPCSENTRY_STREAM_FLOW_H
#define RPCSENTRY_STREAM_FLOW_H

#include "../base/foresight.h"
#include "../base/table.h"
#include "message.h"

struct rpcs_segment;
struct rpcs_open;
struct rpcs_history;
struct rpcs_gap;

enum {
	/* Of a list of segments, the shortcuts over 16, 256, 4,096 of them. */
	RPCS_SEGMENT_SKIPS = 3,
	/* Parts of a stream that are remembered as unseen; the one furthest back is forgotten. */
	RPCS_UNSEEN_MAX = 3,
};

/** A part of a stream that was passed over: [from, to). */
struct rpcs_unseen {
	uint32_t from, to;
	bool begins; /* a record begins at `from` */
};

/** One direction of a TCP flow. Sequence numbers wrap. */
struct rpcs_half {
	bool in_step;	 /* `next` is known, and a record begins there */
	bool portmapper; /* one of the flow's ports is one: nothing of it is left out */
	bool broken;	 /* the fragments from `next` to the last one are of a record with a hole */
	bool final;	 /* the fragment that `wanted` ends is its record's last */
	bool tls;	 /* AUTH_TLS was asked for: TLS may begin where a record should */
	bool tls_sure;	 /* and agreed to, as far as anybody can tell */
	bool hello;	 /* what looks like it stands there, and the server's word is waited for */
	bool stopped;	 /* it has begun */
	/* Stage 3 was led by a record's looks, or by a SYN that may be forged: no proof. */
	bool guess;
	bool rpc;      /* RPC was read on the flow, in either direction */
	bool caller;   /* the flow's first call came this way */
	uint8_t odd;   /* what was told of its marks since a record with bytes: 1 << kind */
	bool syn_data; /* the SYN brought bytes that may still be refused */
	bool fallback; /* the last bytes took the fallback: stage 3 waits for word */
	uint32_t turn; /* the last that stage 3 sent of this direction */
	uint32_t next; /* first byte not yet handed on */
	struct rpcs_segment *held; /* bytes from `next` on, by sequence number, no overlap */
	struct rpcs_segment *last; /* of that list */
	struct rpcs_segment *skip[RPCS_SEGMENT_SKIPS];
	uint32_t held_bytes;
	uint32_t held_segments;
	uint32_t adrift;	/* bytes since the step was lost */
	uint32_t scanned;	/* bytes from `next` on: whole fragments of a record that goes on */
	uint32_t gathered;	/* bytes of the message in them */
	uint32_t fragments;	/* how many they are */
	uint32_t reached;	/* bytes from `next` on that were found there, no hole in them */
	uint32_t wanted;	/* bytes from `next` that must be there before a look is worth it */
	struct rpcs_open *open; /* a message that goes on behind its segment, or NULL */
	struct rpcs_history *history; /* what was handed on last, or NULL */
	/* Before `next`: what never came, nearest first, and what of it has come since. */
	struct rpcs_unseen unseen[RPCS_UNSEEN_MAX];
	uint8_t unseen_count;
	uint32_t start;	      /* where what was handed on begins, as far as it has no gap */
	uint32_t begin;	      /* before it stage 3 has seen nothing either */
	uint32_t wanted_told; /* what stage 3 was told to be waiting for */
	struct rpcs_gap *gaps;
	struct rpcs_gap *gap; /* whose half this is; NULL for a direction's own */
	/* Out of step: what may be a reply at `seek`, whose (fragment's) end will tell. */
	bool seeking;
	bool seek_last; /* that fragment is its record's last */
	uint32_t seek, seek_end, seek_reached;
	uint32_t seek_looked,
		seek_from; /* up to the one all but what begins at the other is none */
	uint8_t astray;	   /* segments in a row that lay elsewhere */
	bool floored;	   /* before `floor` all was handed on */
	uint32_t floor;
};

/** Endpoints in an order of their own, so that both directions find the same flow. */
struct rpcs_flow_ends {
	struct rpcs_address address[2];
	union {
		struct {
			uint16_t port[2];
			uint32_t protocol;
		};
		uint64_t last; /* these as one word, see join.h */
	};
};

struct rpcs_flow {
	struct rpcs_flow_ends ends; /* the table's key */
	uint64_t id;		    /* 1 to 2^51 - 1 */
	uint64_t start_ns, last_ns;
	struct rpcs_half half[2]; /* TCP: sent by ends.address[0], by [1] */
	uint32_t syn_seq[2];
	bool syn_seen[2];
	bool fin_seen[2];
	bool established; /* the handshake's third step came */
	bool tls;	  /* RFC 9289: no RPC can be read any more */
	bool tls_news;	  /* what the halves know of it has changed */
	uint32_t tls_xid; /* of the call that asked for it */
	bool again;	  /* a SYN of another connection came; forged, unless it is answered */
	uint8_t again_side;
	uint32_t again_seq;
	bool waiting; /* holds segments, since `waiting_ns`: queued in the second lane */
	uint64_t waiting_ns;
	bool closed;	/* RST or both FIN: the next SYN is another flow */
	bool midstream; /* TCP whose beginning was not seen */
};

/** What is kept of a UDP flow; the rest of struct rpcs_flow is all TCP. */
struct rpcs_udp_flow {
	struct rpcs_flow_ends ends; /* the table's key */
	/* The id, and above it RPCS_UDP_RPC and on: stored as the word that it is read as. */
	uint64_t word;
	uint64_t start_ns, last_ns;
};

/* flow_id has 51 bits, so that it survives JSON readers that keep numbers as doubles. */
#define RPCS_FLOW_ID_MASK ((1ULL << 51) - 1)
#define RPCS_UDP_RPC (1ULL << 51)    /* of both halves */
#define RPCS_UDP_CALLER (1ULL << 52) /* of the first half, and twice that of the other */
/* From one id to the next: odd, so that none comes twice. Times its inverse it is 1. */
#define RPCS_FLOW_ID_STEP 0x3c6ef372fe94fULL
#define RPCS_FLOW_ID_STEP_INVERSE 0x0ebaa33918dafULL

/** Which flow has this id: the one that starts next has the next number, but for an id of 0. */
static inline uint64_t rpcs_flow_number(uint64_t id)
{
	return id * RPCS_FLOW_ID_STEP_INVERSE & RPCS_FLOW_ID_MASK;
}

/** Both sides' SYN were seen. */
static inline bool rpcs_flow_handshake(const struct rpcs_flow *flow)
{
	return flow->syn_seen[0] && flow->syn_seen[1];
}

/** Past the handshake's third step, and neither FIN nor RST ended a side; can be read. */
static inline bool rpcs_flow_is_open(const struct rpcs_flow *flow)
{
	return flow->established && !flow->closed && !flow->fin_seen[0] && !flow->fin_seen[1] &&
	       !flow->tls;
}

/** Where a packet's flow is, which takes a while to say: it may be said ahead. */
struct rpcs_flow_place {
	struct rpcs_flow_ends ends; /* of the flow, */
	int side;		    /* the sender's index in them, */
	uint32_t hash;		    /* and theirs in the table of its protocol */
	uint32_t lookup;	    /* the index of what was noted of that */
	struct rpcs_tuple tuple;    /* the packet's */
};

struct rpcs_flow_table {
	struct rpcs_table *table; /* of struct rpcs_flow: TCP */
	struct rpcs_table *udp;	  /* of struct rpcs_udp_flow; the limit is for both */
	uint32_t capacity;
	struct rpcs_flow in_hand;		/* the UDP flow got last, */
	struct rpcs_udp_flow *kept;		/* and where it goes back; NULL: none */
	const struct rpcs_flow_place *foreseen; /* of the packet in hand; NULL: none is */
	struct rpcs_hash_seed seed;
	uint64_t started; /* flows so far */
	uint64_t last_id; /* of the one that started last */
	uint64_t evicted;
	uint64_t idle_ns;
	uint64_t held_bytes, held_limit; /* memory of the segments of all flows */
	uint64_t held_evicted;		 /* flows that had to give theirs up for the limit */
	/* What counts towards the limit as well; the one longest untouched goes first. */
	uint64_t open_bytes, history_bytes;
	struct rpcs_open *open_oldest, *open_newest;
	struct rpcs_history *history_oldest, *history_newest;
	uint64_t open_lost; /* open messages that never became whole */
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
 * number, which may begin another flow of the same 5-tuple. A UDP flow is good
 * until the next one is asked for.
 */
struct rpcs_flow *rpcs_flow_get(struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
				uint64_t time_ns, bool syn, uint32_t seq, int *ret_side);

/** The flow of a TCP packet, or NULL; changes nothing. */
struct rpcs_flow *rpcs_flow_find(const struct rpcs_flow_table *flows,
				 const struct rpcs_tuple *tuple, int *ret_side);

/** Finds the place of the packet's flow, and notes the look-up. */
void rpcs_flow_foresee(const struct rpcs_flow_table *flows, const struct rpcs_tuple *tuple,
		       struct rpcs_foresight *foresight, struct rpcs_flow_place *ret_place);

/** The id of the flow that stands where one was foreseen, probably the packet's. */
uint64_t rpcs_flow_id_at(const void *entry, uint8_t protocol);

/** The sender's index in the flow's ends. */
int rpcs_flow_side(const struct rpcs_flow *flow, const struct rpcs_tuple *tuple);

/** Another connection of the same 5-tuple: a new id, nothing seen yet. */
void rpcs_flow_restart(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns);

/** Queues the flow by whether it holds segments. */
void rpcs_flow_settle(struct rpcs_flow_table *flows, struct rpcs_flow *flow, uint64_t time_ns);

/** The tuple of what `side` sends. */
void rpcs_flow_tuple(const struct rpcs_flow *flow, int side, struct rpcs_tuple *ret_tuple);

#endif

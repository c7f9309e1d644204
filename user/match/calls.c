// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A bounded table of calls by flow and XID; of UDP the server is compared entry by entry.
 * Callers get the call in hand, which goes back packed when the next one is asked for.
 */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/table.h"
#include "packed.h"

/* The server only of TCP: it may answer UDP from another of its addresses and ports. */
struct key {
	struct rpcs_address client;
	uint64_t server; /* a hash of its address and port, which are compared all the same */
	uint32_t xid;
	uint16_t port;
	uint8_t protocol;
	uint8_t pad;
};

enum {
	/* Calls with one key: more are made to cost time. */
	SAME_KEY_MAX = 32,
};

struct slot {
	struct key key;
	uint64_t content; /* of program, version, procedure and arguments */
	uint64_t done_ns; /* when it may leave */
	struct rpcs_packed_call packed;
};

struct rpcs_calls {
	struct rpcs_table *table;
	struct rpcs_hash_seed seed;
	uint64_t timeout_ns;
	uint64_t evicted;
	rpcs_calls_fn leave;
	void *arg;
	struct slot *kept;	  /* where the call in hand goes back; NULL: there is none */
	struct rpcs_call in_hand; /* what callers see and change */
	struct rpcs_call peeked;  /* only looked at */
};

struct rpcs_calls *rpcs_calls_new(uint32_t capacity, uint64_t timeout_ns,
				  const struct rpcs_hash_seed *seed, rpcs_calls_fn leave, void *arg)
{
	struct rpcs_calls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->seed = *seed;
	calls->timeout_ns = timeout_ns;
	calls->leave = leave;
	calls->arg = arg;
	calls->table = rpcs_table_new(capacity, sizeof(struct key), sizeof(struct slot), seed);
	if (!calls->table)
		rpcs_calls_free(&calls);
	return calls;
}

static void slot_remove(struct rpcs_calls *calls, struct slot *slot)
{
	if (calls->kept == slot)
		calls->kept = NULL;
	rpcs_packed_call_free(&slot->packed);
	rpcs_table_remove(calls->table, slot);
}

/* The lanes tell: answered calls are in the second one. */
static bool is_pending(const struct slot *slot)
{
	return rpcs_table_lane_of(slot) == RPCS_LANE_FIRST;
}

static void put_back(struct rpcs_calls *calls)
{
	struct slot *slot = calls->kept;

	calls->kept = NULL;
	if (!slot || rpcs_call_pack(&calls->in_hand, &slot->packed) == 0)
		return;
	calls->evicted += is_pending(slot);
	slot_remove(calls, slot);
}

static void unpack(const struct slot *slot, struct rpcs_call *call)
{
	rpcs_call_unpack(&slot->packed, call);
	call->message.tuple.src = slot->key.client;
	call->message.tuple.sport = slot->key.port;
	call->message.tuple.protocol = slot->key.protocol;
	call->message.xid = slot->key.xid;
}

/* The slot's call, for the caller. */
static struct rpcs_call *take_in_hand(struct rpcs_calls *calls, struct slot *slot)
{
	unpack(slot, &calls->in_hand);
	calls->kept = slot;
	return &calls->in_hand;
}

static const struct rpcs_call *peek(struct rpcs_calls *calls, const struct slot *slot)
{
	unpack(slot, &calls->peeked);
	return &calls->peeked;
}

void rpcs_calls_free(struct rpcs_calls **calls)
{
	struct slot *slot;
	int lane;

	if (!*calls)
		return;
	for (lane = 0; (*calls)->table && lane < RPCS_LANE__MAX; lane++)
		while ((slot = rpcs_table_oldest((*calls)->table, lane)))
			slot_remove(*calls, slot);
	rpcs_table_free(&(*calls)->table);
	free(*calls);
	*calls = NULL;
}

/* What makes two messages the same call: not credential and verifier (detections.md, 1110048). */
static uint64_t content_of(const struct rpcs_calls *calls, const struct rpcs_message *message)
{
	struct {
		uint32_t program, version, procedure, body_len;
		uint64_t body;
	} content = { message->program, message->version, message->procedure, message->body_len,
		      0 };
	uint32_t len = message->body_available;

	/* A compact record has only this much of other arguments; see rpcs_inspect_may_cut(). */
	if (len > RPCS_RECORD_WORDS * 4 && !message->portmapper &&
	    message->program != RPCS_PORTMAP_PROGRAM)
		len = RPCS_RECORD_WORDS * 4;
	if (len)
		content.body = rpcs_hash(&calls->seed, message->body, len);
	return rpcs_hash(&calls->seed, &content, sizeof(content));
}

static void key_fill(const struct rpcs_calls *calls, const struct rpcs_tuple *tuple, uint32_t xid,
		     bool is_call, struct key *ret_key)
{
	struct {
		struct rpcs_address address;
		uint64_t port;
	} server;

	*ret_key = (struct key){ .client = is_call ? tuple->src : tuple->dst,
				 .xid = xid,
				 .port = is_call ? tuple->sport : tuple->dport,
				 .protocol = tuple->protocol };
	if (tuple->protocol != RPCS_IP_TCP)
		return;
	server.address = is_call ? tuple->dst : tuple->src;
	server.port = is_call ? tuple->dport : tuple->sport;
	ret_key->server = rpcs_hash(&calls->seed, &server, sizeof(server));
}

void rpcs_calls_foresee(const struct rpcs_calls *calls, const struct rpcs_tuple *tuple,
			uint32_t xid, bool is_call, struct rpcs_foresight *foresight)
{
	struct key key;

	key_fill(calls, tuple, xid, is_call, &key);
	rpcs_foresee(foresight, calls->table, &key);
}

static bool same_server(const struct rpcs_call *call, const struct rpcs_address *address,
			uint16_t port)
{
	return call->message.tuple.dport == port &&
	       rpcs_address_equal(&call->message.tuple.dst, address);
}

static void leave(struct rpcs_calls *calls, struct slot *slot, enum rpcs_status status)
{
	struct rpcs_call *call;

	if (is_pending(slot)) {
		call = take_in_hand(calls, slot);
		call->status = status;
		calls->leave(calls->arg, call);
	}
	slot_remove(calls, slot);
}

/* Room for one more: answered calls go first, then the oldest pending one. */
static void make_room(struct rpcs_calls *calls)
{
	struct slot *slot;

	if (!rpcs_table_is_full(calls->table))
		return;
	slot = rpcs_table_oldest(calls->table, RPCS_LANE_SECOND);
	if (!slot) {
		slot = rpcs_table_oldest(calls->table, RPCS_LANE_FIRST);
		calls->evicted++;
	}
	leave(calls, slot, RPCS_STATUS_PENDING);
}

/*
 * Who repeats a call still waits, with growing gaps, past the first timeout: another
 * wait from now on, but four of them in all at the most.
 */
static void extend(const struct rpcs_calls *calls, struct slot *slot, uint64_t now_ns)
{
	uint64_t last_ns = calls->in_hand.message.seen.time_ns + 4 * calls->timeout_ns;

	slot->done_ns = now_ns + calls->timeout_ns;
	if (slot->done_ns > last_ns)
		slot->done_ns = last_ns;
}

/* The client goes on after its SYN, so it was answered, yet nothing of the server was seen. */
static bool is_one_way(const struct rpcs_flow *flow, const struct rpcs_tuple *tuple)
{
	int side = rpcs_flow_side(flow, tuple);

	return tuple->protocol == RPCS_IP_TCP && flow->syn_seen[side] && !flow->syn_seen[!side] &&
	       !flow->half[!side].in_step;
}

static bool conflicts(const struct rpcs_call *call, const struct slot *slot,
		      const struct rpcs_message *message, const struct rpcs_flow *flow)
{
	return is_pending(slot) && call->flow_id == flow->id &&
	       slot->done_ns > message->seen.time_ns &&
	       call->message.auth.flavor != RPCS_AUTH_GSS && message->auth.flavor != RPCS_AUTH_GSS;
}

static void fill(struct rpcs_call *call, const struct rpcs_message *message,
		 const struct rpcs_flow *flow)
{
	*call = (struct rpcs_call){ .message = *message,
				    .flow_id = flow->id,
				    .flow_start_ns = flow->start_ns,
				    .tcp_handshake = rpcs_flow_handshake(flow),
				    .tcp_midstream = flow->midstream,
				    .reply_unseen = is_one_way(flow, &message->tuple),
				    .log = true };
	call->message.body = NULL;
}

struct rpcs_call *rpcs_calls_add(struct rpcs_calls *calls, const struct rpcs_message *message,
				 const struct rpcs_flow *flow, bool *ret_new)
{
	uint64_t content = content_of(calls, message);
	struct rpcs_question earlier = { 0 };
	struct rpcs_call *call = &calls->in_hand;
	const struct rpcs_call *known;
	struct slot *slot, *last = NULL;
	bool conflict = false;
	uint32_t same = 0;
	struct key key;

	put_back(calls);
	key_fill(calls, &message->tuple, message->xid, true, &key);
	for (slot = rpcs_table_find(calls->table, &key); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		last = slot;
		same++;
		known = peek(calls, slot);
		if (is_pending(slot) && slot->content == content &&
		    same_server(known, &message->tuple.dst, message->tuple.dport)) {
			take_in_hand(calls, slot)->retransmissions++;
			extend(calls, slot, message->seen.time_ns);
			rpcs_table_move(calls->table, slot, RPCS_LANE_FIRST);
			*ret_new = false;
			return call;
		}
		if (!conflict && conflicts(known, slot, message, flow)) {
			conflict = true; /* with the newest */
			rpcs_question_fill(&known->message, &earlier);
		}
	}
	if (same >= SAME_KEY_MAX) {
		calls->evicted += is_pending(last);
		leave(calls, last, RPCS_STATUS_PENDING);
	}
	make_room(calls);
	slot = rpcs_table_add(calls->table, &key);
	slot->content = content;
	slot->done_ns = message->seen.time_ns + calls->timeout_ns;
	fill(call, message, flow);
	call->conflict = conflict;
	call->earlier = earlier;
	if (rpcs_packed_call_keep(&slot->packed, &call->message)) {
		calls->evicted++;
		slot_remove(calls, slot);
		return NULL;
	}
	calls->kept = slot;
	*ret_new = true;
	return call;
}

/* How well a reply fits a call: 0 not at all; the better, the higher. */
static int fit(const struct rpcs_call *call, bool pending, const struct rpcs_message *reply)
{
	const struct rpcs_message *message = &call->message;
	bool forwarded;

	if (same_server(call, &reply->tuple.src, reply->tuple.sport))
		return 4 + pending;
	if (reply->tuple.protocol != RPCS_IP_UDP)
		return 0;
	if (message->tuple.dport == reply->tuple.sport)
		return 2 + pending;
	forwarded = (message->seen.flags & RPCS_F_GROUP) ||
		    rpcs_address_is_multicast(&message->tuple.dst) ||
		    (message->program == RPCS_PORTMAP_PROGRAM &&
		     (message->procedure == RPCS_PORTMAP_CALLIT ||
		      (message->version == 4 && message->procedure == RPCS_PORTMAP_INDIRECT)));
	return forwarded ? 1 : 0;
}

struct rpcs_call *rpcs_calls_answer(struct rpcs_calls *calls, const struct rpcs_message *reply,
				    bool *ret_first)
{
	struct slot *slot, *best = NULL;
	int score, best_score = 0;
	struct rpcs_call *call;
	struct key key;

	put_back(calls);
	key_fill(calls, &reply->tuple, reply->xid, false, &key);
	for (slot = rpcs_table_find(calls->table, &key); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		/* A lane is in the order of its moves, so that one may stay behind another. */
		if (slot->done_ns <= reply->seen.time_ns)
			continue;
		score = fit(peek(calls, slot), is_pending(slot), reply);
		if (score > best_score) {
			best_score = score;
			best = slot;
		}
	}
	if (!best)
		return NULL;
	*ret_first = is_pending(best);
	call = take_in_hand(calls, best);
	if (*ret_first) {
		call->status = RPCS_STATUS_ANSWERED;
		rpcs_table_move(calls->table, best, RPCS_LANE_SECOND);
	}
	return call;
}

/* Its time is up, or it came with a time stamp so far ahead that it would block the rest. */
static bool is_over(const struct rpcs_calls *calls, const struct slot *slot, uint64_t now_ns)
{
	return slot->done_ns <= now_ns || slot->done_ns - now_ns > 8 * calls->timeout_ns;
}

void rpcs_calls_expire(struct rpcs_calls *calls, uint64_t now_ns)
{
	struct slot *slot;
	int lane;

	put_back(calls);
	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		while ((slot = rpcs_table_oldest(calls->table, lane)) &&
		       is_over(calls, slot, now_ns))
			leave(calls, slot, RPCS_STATUS_TIMEOUT);
}

void rpcs_calls_finish(struct rpcs_calls *calls)
{
	struct slot *slot;

	put_back(calls);
	while ((slot = rpcs_table_oldest(calls->table, RPCS_LANE_FIRST)))
		leave(calls, slot, RPCS_STATUS_PENDING);
}

uint64_t rpcs_calls_evicted(const struct rpcs_calls *calls)
{
	return calls->evicted;
}

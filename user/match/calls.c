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

#include "../base/clock.h"
#include "../base/prefetch.h"
#include "../base/table.h"
#include "identity.h"
#include "packed.h"

enum {
	/* Calls with one key: more are made to cost time. */
	SAME_KEY_MAX = 32,
	/* Answered ones are a part of those that there is room for, or so many. */
	ANSWERED_PART = 4,
	ANSWERED_MIN = 4096,
	/* So often in timeout_ns they are looked at: the oldest is another one each time. */
	ANSWERED_LOOKS = 32,
};

struct slot {
	struct rpcs_call_key key;
	uint64_t content; /* rpcs_identity_content() */
	uint64_t done_ns; /* when it may leave */
	struct rpcs_packed_call packed;
};

struct rpcs_calls {
	struct rpcs_table *table;
	struct rpcs_identity identity;
	uint64_t timeout_ns;
	uint64_t evicted;
	uint32_t answered_max;
	uint64_t looked_ns; /* at the answered ones */
	rpcs_calls_fn leave;
	void *arg;
	struct slot *kept;	  /* where the call in hand goes back; NULL: there is none */
	bool kept_is_new;	  /* nothing of it is there yet */
	struct rpcs_call in_hand; /* what callers see and change */
	struct rpcs_call peeked;  /* only looked at */
};

struct rpcs_calls *rpcs_calls_new(uint32_t capacity, uint64_t timeout_ns,
				  const struct rpcs_hash_seed *seed, rpcs_calls_fn leave, void *arg)
{
	struct rpcs_calls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return NULL;
	rpcs_identity_init(&calls->identity, seed);
	calls->timeout_ns = timeout_ns;
	calls->answered_max = capacity / ANSWERED_PART > ANSWERED_MIN ? capacity / ANSWERED_PART
								      : ANSWERED_MIN;
	calls->leave = leave;
	calls->arg = arg;
	calls->table =
		rpcs_table_new(capacity, sizeof(struct rpcs_call_key), sizeof(struct slot), seed);
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
	if (!slot || (calls->kept_is_new ? rpcs_call_pack(&calls->in_hand, &slot->packed)
					 : rpcs_call_repack(&calls->in_hand, &slot->packed)) == 0)
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
	calls->kept_is_new = false;
	return &calls->in_hand;
}

static const struct rpcs_call *peek(struct rpcs_calls *calls, const struct slot *slot)
{
	unpack(slot, &calls->peeked);
	return &calls->peeked;
}

/* All at once, as they lie in memory; those that have gone have nothing beside them. */
static void slots_free(struct rpcs_calls *calls)
{
	struct slot *slot;
	uint32_t i;

	for (i = 0; calls->table && (slot = rpcs_table_entry(calls->table, i)); i++)
		rpcs_packed_call_free(&slot->packed);
	rpcs_table_free(&calls->table);
}

void rpcs_calls_free(struct rpcs_calls **calls)
{
	if (!*calls)
		return;
	slots_free(*calls);
	free(*calls);
	*calls = NULL;
}

void rpcs_calls_foresee(const struct rpcs_calls *calls, const struct rpcs_tuple *tuple,
			uint32_t xid)
{
	struct rpcs_call_key key;

	rpcs_identity_key(&calls->identity, tuple, xid, true, &key);
	rpcs_table_fetch_bucket(calls->table, rpcs_table_hash(calls->table, &key));
}

static void tell_unanswered(struct rpcs_calls *calls, struct slot *slot, enum rpcs_status status)
{
	struct rpcs_call *call = take_in_hand(calls, slot);

	call->status = status;
	calls->leave(calls->arg, call);
}

static void leave(struct rpcs_calls *calls, struct slot *slot, enum rpcs_status status)
{
	if (is_pending(slot))
		tell_unanswered(calls, slot, status);
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
 * What is answered once is hardly ever answered again, and soon then. Its place is of more use for
 * the next call. Which goes after it is known, and fetched.
 */
static void forget_answered(struct rpcs_calls *calls)
{
	if (rpcs_table_lane_count(calls->table, RPCS_LANE_SECOND) <= calls->answered_max)
		return;
	slot_remove(calls, rpcs_table_oldest(calls->table, RPCS_LANE_SECOND));
	rpcs_prefetch_all(rpcs_table_oldest(calls->table, RPCS_LANE_SECOND), sizeof(struct slot));
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

/* Does the slot's call have the XID of this one as well, without being the same? */
static bool conflicts(struct rpcs_calls *calls, const struct slot *slot,
		      const struct rpcs_message *message, const struct rpcs_flow *flow)
{
	return is_pending(slot) && slot->packed.flow_id == flow->id &&
	       slot->done_ns > message->seen.time_ns && message->auth.flavor != RPCS_AUTH_GSS &&
	       peek(calls, slot)->message.auth.flavor != RPCS_AUTH_GSS;
}

static void fill(struct rpcs_call *call, const struct rpcs_message *message,
		 const struct rpcs_flow *flow)
{
	memset(&call->message + 1, 0, sizeof(*call) - sizeof(call->message));
	call->message = *message;
	call->message.body = NULL;
	call->flow_id = flow->id;
	call->flow_start_ns = flow->start_ns;
	call->tcp_handshake = rpcs_flow_handshake(flow);
	call->tcp_midstream = flow->midstream;
	call->reply_unseen = is_one_way(flow, &message->tuple);
	call->log = true;
}

struct rpcs_call *rpcs_calls_add(struct rpcs_calls *calls, const struct rpcs_message *message,
				 const struct rpcs_flow *flow, bool *ret_new)
{
	uint64_t content = rpcs_identity_content(&calls->identity, message);
	struct rpcs_question earlier = { 0 };
	struct rpcs_call *call = &calls->in_hand;
	struct slot *slot, *last = NULL;
	bool conflict = false;
	uint32_t same = 0, hash;
	struct rpcs_call_key key;

	put_back(calls);
	rpcs_identity_key(&calls->identity, &message->tuple, message->xid, true, &key);
	hash = rpcs_table_hash(calls->table, &key);
	for (slot = rpcs_table_find_by(calls->table, &key, hash); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		last = slot;
		same++;
		if (is_pending(slot) && slot->content == content &&
		    rpcs_packed_call_is_to(&slot->packed, &message->tuple.dst,
					   message->tuple.dport)) {
			take_in_hand(calls, slot)->retransmissions++;
			extend(calls, slot, message->seen.time_ns);
			rpcs_table_move(calls->table, slot, RPCS_LANE_FIRST);
			*ret_new = false;
			return call;
		}
		if (!conflict && conflicts(calls, slot, message, flow)) {
			conflict = true; /* with the newest */
			rpcs_question_fill(&calls->peeked.message, &earlier);
		}
	}
	if (same >= SAME_KEY_MAX) {
		calls->evicted += is_pending(last);
		leave(calls, last, RPCS_STATUS_PENDING);
	}
	make_room(calls);
	slot = rpcs_table_add_by(calls->table, &key, hash);
	slot->content = content;
	slot->done_ns = message->seen.time_ns + calls->timeout_ns;
	fill(call, message, flow);
	call->conflict = conflict;
	call->earlier = earlier;
	if (rpcs_packed_call_keep(&slot->packed, message, &call->message)) {
		calls->evicted++;
		slot_remove(calls, slot);
		return NULL;
	}
	calls->kept = slot;
	calls->kept_is_new = true;
	*ret_new = true;
	return call;
}

/* May a call be answered by a host that it was not sent to? */
static bool is_forwarded(const struct rpcs_message *call)
{
	return (call->seen.flags & RPCS_F_GROUP) || rpcs_address_is_multicast(&call->tuple.dst) ||
	       (call->program == RPCS_PORTMAP_PROGRAM &&
		(call->procedure == RPCS_PORTMAP_CALLIT ||
		 (call->version == 4 && call->procedure == RPCS_PORTMAP_INDIRECT)));
}

/* How well a reply fits a call: 0 not at all; the better, the higher. */
static int fit(struct rpcs_calls *calls, const struct slot *slot, const struct rpcs_message *reply)
{
	const struct rpcs_packed_call *call = &slot->packed;
	int pending = is_pending(slot);

	if (rpcs_packed_call_is_to(call, &reply->tuple.src, reply->tuple.sport))
		return 4 + pending;
	if (reply->tuple.protocol != RPCS_IP_UDP)
		return 0;
	if (call->dport == reply->tuple.sport)
		return 2 + pending;
	return is_forwarded(&peek(calls, slot)->message);
}

struct rpcs_call *rpcs_calls_answer(struct rpcs_calls *calls, const struct rpcs_message *reply,
				    bool *ret_first)
{
	struct slot *slot, *best = NULL;
	int score, best_score = 0;
	struct rpcs_call *call;
	struct rpcs_call_key key;

	put_back(calls);
	rpcs_identity_key(&calls->identity, &reply->tuple, reply->xid, false, &key);
	for (slot = rpcs_table_find(calls->table, &key); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		/* A lane is in the order of its moves, so that one may stay behind another. */
		if (slot->done_ns <= reply->seen.time_ns)
			continue;
		score = fit(calls, slot, reply);
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
		forget_answered(calls);
	}
	return call;
}

/* Its time is up, or it came with a time stamp so far ahead that it would block the rest. */
static bool is_over(const struct rpcs_calls *calls, const struct slot *slot, uint64_t now_ns)
{
	return slot->done_ns <= now_ns || slot->done_ns - now_ns > 8 * calls->timeout_ns;
}

static void lane_expire(struct rpcs_calls *calls, enum rpcs_table_lane lane, uint64_t now_ns)
{
	struct slot *slot;

	while ((slot = rpcs_table_oldest(calls->table, lane)) && is_over(calls, slot, now_ns))
		leave(calls, slot, RPCS_STATUS_TIMEOUT);
}

void rpcs_calls_expire(struct rpcs_calls *calls, uint64_t now_ns)
{
	put_back(calls);
	lane_expire(calls, RPCS_LANE_FIRST, now_ns);
	/* One that stays longer is not found by a reply all the same. */
	if (!rpcs_time_is_up(calls->looked_ns, calls->timeout_ns / ANSWERED_LOOKS, now_ns))
		return;
	calls->looked_ns = now_ns;
	lane_expire(calls, RPCS_LANE_SECOND, now_ns);
}

void rpcs_calls_finish(struct rpcs_calls *calls)
{
	struct slot *slot;

	put_back(calls);
	for (slot = calls->table ? rpcs_table_oldest(calls->table, RPCS_LANE_FIRST) : NULL; slot;
	     slot = rpcs_table_newer(calls->table, slot))
		tell_unanswered(calls, slot, RPCS_STATUS_PENDING);
	calls->kept = NULL;
	slots_free(calls);
}

uint64_t rpcs_calls_evicted(const struct rpcs_calls *calls)
{
	return calls->evicted;
}

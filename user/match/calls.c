// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A bounded table of calls by flow and XID; of UDP the server is compared entry by entry. */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/table.h"

/* The server only of TCP: it may answer UDP from another of its addresses and ports. */
struct key {
	struct rpcs_address client, server;
	uint16_t port, server_port;
	uint8_t protocol;
	uint8_t pad[3];
	uint32_t xid;
};

enum {
	TEXTS = 5,
	TEXTS_INLINE = 64,
	/* Names and addresses longer than any that is valid are kept up to this, all together. */
	TEXTS_MAX = 4096,
	/* Calls with one key: more are made to cost time. */
	SAME_KEY_MAX = 32,
};

struct slot {
	struct key key;
	uint64_t content; /* of program, version, procedure and arguments */
	uint64_t done_ns; /* when it may leave */
	struct rpcs_call call;
	char *texts; /* owned, where they do not fit inline */
	uint8_t inline_texts[TEXTS_INLINE];
};

struct rpcs_calls {
	struct rpcs_table *table;
	struct rpcs_hash_seed seed;
	uint64_t timeout_ns;
	uint64_t evicted;
	rpcs_calls_fn leave;
	void *arg;
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
	free(slot->texts);
	rpcs_table_remove(calls->table, slot);
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

static void key_fill(struct key *key, const struct rpcs_message *message)
{
	const struct rpcs_tuple *tuple = &message->tuple;

	memset(key, 0, sizeof(*key));
	key->client = message->is_call ? tuple->src : tuple->dst;
	key->port = message->is_call ? tuple->sport : tuple->dport;
	key->protocol = tuple->protocol;
	key->xid = message->xid;
	if (tuple->protocol != RPCS_IP_TCP)
		return;
	key->server = message->is_call ? tuple->dst : tuple->src;
	key->server_port = message->is_call ? tuple->dport : tuple->sport;
}

static bool same_server(const struct rpcs_call *call, const struct rpcs_address *address,
			uint16_t port)
{
	return call->message.tuple.dport == port &&
	       rpcs_address_equal(&call->message.tuple.dst, address);
}

/* Texts of the message that must outlive its packet. */
static bool keep_texts(struct slot *slot)
{
	struct rpcs_message *message = &slot->call.message;
	struct rpcs_text *texts[TEXTS] = { &message->auth.machine, &message->portmap.netid,
					   &message->portmap.address, &message->portmap.owner,
					   &message->service.text };
	uint32_t room = TEXTS_MAX, total = 0, i;
	uint8_t *to = slot->inline_texts;

	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len > room)
			texts[i]->len = room;
		room -= texts[i]->len;
		total += texts[i]->len;
	}
	if (total > sizeof(slot->inline_texts)) {
		slot->texts = malloc(total);
		if (!slot->texts)
			return false;
		to = (uint8_t *)slot->texts;
	}
	for (i = 0; i < TEXTS; i++) {
		if (texts[i]->len)
			memcpy(to, texts[i]->bytes, texts[i]->len);
		texts[i]->bytes = to;
		to += texts[i]->len;
	}
	return true;
}

static void leave(struct rpcs_calls *calls, struct slot *slot, enum rpcs_status status)
{
	if (slot->call.status == RPCS_STATUS_PENDING) {
		slot->call.status = status;
		calls->leave(calls->arg, &slot->call);
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
	uint64_t last_ns = slot->call.message.seen.time_ns + 4 * calls->timeout_ns;

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

void rpcs_question_fill(const struct rpcs_message *message, struct rpcs_question *ret_question)
{
	const struct rpcs_portmap *pm = &message->portmap;
	bool callit = pm->shape == RPCS_PORTMAP_CALLIT_ARGS, rpcb = pm->shape == RPCS_PORTMAP_RPCB;
	struct rpcs_question question = { .program = message->program,
					  .version = message->version,
					  .procedure = message->procedure };

	if (callit || rpcb || pm->shape == RPCS_PORTMAP_MAPPING) {
		question.shape = pm->shape;
		question.has = rpcb && pm->has > 2 ? 2 : pm->has;
		question.asked[0] = pm->program;
		question.asked[1] = pm->version;
		question.asked[2] = callit ? pm->procedure : pm->protocol;
		question.asked[3] = callit ? pm->length : pm->port;
	}
	*ret_question = question;
}

static bool conflicts(const struct slot *slot, const struct rpcs_message *message,
		      const struct rpcs_flow *flow)
{
	return slot->call.status == RPCS_STATUS_PENDING && slot->call.flow_id == flow->id &&
	       slot->done_ns > message->seen.time_ns &&
	       slot->call.message.auth.flavor != RPCS_AUTH_GSS &&
	       message->auth.flavor != RPCS_AUTH_GSS;
}

struct rpcs_call *rpcs_calls_add(struct rpcs_calls *calls, const struct rpcs_message *message,
				 const struct rpcs_flow *flow, bool *ret_new)
{
	uint64_t content = content_of(calls, message);
	struct rpcs_question earlier = { 0 };
	struct slot *slot, *last = NULL;
	bool conflict = false;
	uint32_t same = 0;
	struct key key;

	key_fill(&key, message);
	for (slot = rpcs_table_find(calls->table, &key); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		last = slot;
		same++;
		if (slot->call.status == RPCS_STATUS_PENDING && slot->content == content &&
		    same_server(&slot->call, &message->tuple.dst, message->tuple.dport)) {
			slot->call.retransmissions++;
			extend(calls, slot, message->seen.time_ns);
			rpcs_table_move(calls->table, slot, RPCS_LANE_FIRST);
			*ret_new = false;
			return &slot->call;
		}
		if (!conflict && conflicts(slot, message, flow)) {
			conflict = true; /* with the newest */
			rpcs_question_fill(&slot->call.message, &earlier);
		}
	}
	if (same >= SAME_KEY_MAX) {
		calls->evicted += last->call.status == RPCS_STATUS_PENDING;
		leave(calls, last, RPCS_STATUS_PENDING);
	}
	make_room(calls);
	slot = rpcs_table_add(calls->table, &key);
	slot->content = content;
	slot->done_ns = message->seen.time_ns + calls->timeout_ns;
	slot->call.message = *message;
	slot->call.flow_id = flow->id;
	slot->call.flow_start_ns = flow->start_ns;
	slot->call.tcp_handshake = rpcs_flow_handshake(flow);
	slot->call.tcp_midstream = flow->midstream;
	slot->call.reply_unseen = is_one_way(flow, &message->tuple);
	slot->call.conflict = conflict;
	slot->call.earlier = earlier;
	slot->call.log = true;
	if (!keep_texts(slot)) {
		calls->evicted++;
		slot_remove(calls, slot);
		return NULL;
	}
	slot->call.message.body = NULL;
	*ret_new = true;
	return &slot->call;
}

/* How well a reply fits a call: 0 not at all; the better, the higher. */
static int fit(const struct rpcs_call *call, const struct rpcs_message *reply)
{
	const struct rpcs_message *message = &call->message;
	int pending = call->status == RPCS_STATUS_PENDING;
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
	struct key key;

	key_fill(&key, reply);
	for (slot = rpcs_table_find(calls->table, &key); slot;
	     slot = rpcs_table_find_next(calls->table, slot)) {
		/* A lane is in the order of its moves, so that one may stay behind another. */
		if (slot->done_ns <= reply->seen.time_ns)
			continue;
		score = fit(&slot->call, reply);
		if (score > best_score) {
			best_score = score;
			best = slot;
		}
	}
	if (!best)
		return NULL;
	*ret_first = best->call.status == RPCS_STATUS_PENDING;
	if (*ret_first) {
		best->call.status = RPCS_STATUS_ANSWERED;
		rpcs_table_move(calls->table, best, RPCS_LANE_SECOND);
	}
	return &best->call;
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

	for (lane = 0; lane < RPCS_LANE__MAX; lane++)
		while ((slot = rpcs_table_oldest(calls->table, lane)) &&
		       is_over(calls, slot, now_ns))
			leave(calls, slot, RPCS_STATUS_TIMEOUT);
}

void rpcs_calls_finish(struct rpcs_calls *calls)
{
	struct slot *slot;

	while ((slot = rpcs_table_oldest(calls->table, RPCS_LANE_FIRST)))
		leave(calls, slot, RPCS_STATUS_PENDING);
}

uint64_t rpcs_calls_evicted(const struct rpcs_calls *calls)
{
	return calls->evicted;
}

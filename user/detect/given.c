// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A lookup tells one port and is kept by client, server, protocol and port. A DUMP tells
 * all ports of a server: kept are the client that has the list, and the list once for all
 * clients, so that one reply takes little room and a flood of DUMPs pushes out no lookups.
 */
#include "given.h"

#include <errno.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>
#include <rpcsentry/portmap.h>
#include <rpcsentry/rpc.h>

#include "../base/clock.h"
#include "../base/prefetch.h"
#include "../match/told.h"
#include "families.h"

#define HOUR_NS (3600 * RPCS_NSEC_PER_SEC)
#define TOLD_NS (24 * HOUR_NS)

struct told_key {
	struct rpcs_address client, server;
	uint16_t port;
	uint8_t protocol;
	uint8_t pad;
};

/* Key first, as struct rpcs_table wants it. */
struct told {
	struct told_key key;
	bool used; /* a call followed the lookup */
	uint64_t last_ns;
	struct rpcs_lookup lookup;
};

struct pair_key {
	struct rpcs_address client, server;
};

/* A port told, on its way into the table: what is looked up for it comes meanwhile. */
struct arrival {
	struct told_key key;
	uint32_t hash;
	bool is_lookup, again;	   /* `again`: a further reply to the same call */
	struct rpcs_lookup lookup; /* its time is that of the reply in any case */
};

enum { ARRIVALS_MAX = 4 };

struct rpcs_given {
	struct rpcs_table *told;
	struct rpcs_recent *lists; /* by client and server: who has the server's list */
	struct rpcs_recent *known; /* by server and version: the list that `ports` has of it */
	struct rpcs_recent *ports; /* by told_key without client: what stands in the list */
	struct rpcs_recent *peers; /* by client and server of NFS; the flow it was last seen on */
	uint64_t *evictions;	   /* the caller's */
	struct arrival arrivals[ARRIVALS_MAX];
	uint32_t arrival_count;
};

int rpcs_given_init(struct rpcs_detect *detect)
{
	uint64_t capacity = detect->settings->limit_sources;
	struct rpcs_given *given = calloc(1, sizeof(*given));

	if (!given)
		return -ENOMEM;
	detect->given = given;
	given->evictions = &detect->evictions;
	given->told = rpcs_table_new(capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX,
				     sizeof(struct told_key), sizeof(struct told), &detect->seed);
	given->lists = rpcs_recent_new(capacity, sizeof(struct pair_key), &detect->seed,
				       &detect->evictions);
	given->known = rpcs_recent_new(capacity, sizeof(struct pair_key), &detect->seed,
				       &detect->evictions);
	given->ports = rpcs_recent_new(capacity, sizeof(struct told_key), &detect->seed,
				       &detect->evictions);
	given->peers = rpcs_recent_new(capacity, sizeof(struct pair_key), &detect->seed,
				       &detect->evictions);
	return given->told && given->lists && given->known && given->ports && given->peers
		       ? 0
		       : -ENOMEM;
}

void rpcs_given_free(struct rpcs_detect *detect)
{
	struct rpcs_given *given = detect->given;

	if (!given)
		return;
	rpcs_table_free(&given->told);
	rpcs_recent_free(&given->lists);
	rpcs_recent_free(&given->known);
	rpcs_recent_free(&given->ports);
	rpcs_recent_free(&given->peers);
	free(given);
	detect->given = NULL;
}

/* Packets may come a little out of order, and captures may be merged: age is never negative. */
static bool is_within(uint64_t now_ns, uint64_t then_ns, uint64_t within_ns)
{
	return now_ns < then_ns || now_ns - then_ns < within_ns;
}

static struct told *told_get(struct rpcs_given *given, const struct arrival *arrival)
{
	struct rpcs_table *table = given->told;
	struct told *told = rpcs_table_find_by(table, &arrival->key, arrival->hash), *oldest;

	if (told) {
		rpcs_table_move(table, told, RPCS_LANE_FIRST);
		return told;
	}
	if (rpcs_table_is_full(table)) {
		oldest = rpcs_table_oldest(table, RPCS_LANE_FIRST);
		*given->evictions += is_within(arrival->lookup.time_ns, oldest->last_ns, TOLD_NS);
		rpcs_table_remove(table, oldest);
		/* The next one to go, and to be written. */
		rpcs_prefetch_all(rpcs_table_oldest(table, RPCS_LANE_FIRST), sizeof(*oldest));
	}
	return rpcs_table_add_by(table, &arrival->key, arrival->hash);
}

static void arrive(struct rpcs_given *given, const struct arrival *arrival)
{
	struct told *told = told_get(given, arrival);

	told->last_ns = arrival->lookup.time_ns;
	if (!arrival->is_lookup || (arrival->again && told->lookup.time_ns))
		return;
	told->used = false;
	told->lookup = arrival->lookup;
}

static __attribute__((noinline)) void settle_all(struct rpcs_given *given)
{
	uint32_t i;

	for (i = 0; i < given->arrival_count; i++)
		arrive(given, &given->arrivals[i]);
	given->arrival_count = 0;
}

/* Most often nothing waits. */
static inline void settle(struct rpcs_given *given)
{
	if (given->arrival_count)
		settle_all(given);
}

void rpcs_given_settle(const struct rpcs_detect *detect)
{
	settle(detect->given);
}

/* One reply on its way into the tables. */
struct telling {
	struct rpcs_detect *detect;
	const struct rpcs_message *reply;
	struct rpcs_address client, server;
	bool lookup, again;
	uint32_t room; /* for ports of this reply */
};

static void tell_port(void *arg, const struct rpcs_told_port *port)
{
	struct telling *telling = arg;
	struct rpcs_given *given = telling->detect->given;
	struct arrival *arrival;

	if (telling->room == 0)
		return;
	telling->room--;
	if (given->arrival_count == ARRIVALS_MAX)
		settle(given);
	arrival = &given->arrivals[given->arrival_count++];
	*arrival = (struct arrival){
		.key = { .client = telling->client,
			 .server = telling->server,
			 .port = port->port,
			 .protocol = port->protocol },
		.is_lookup = telling->lookup,
		.again = telling->again,
		.lookup = { .program = port->program,
			    .xid = telling->reply->xid,
			    .time_ns = telling->reply->seen.time_ns,
			    .from_port = telling->reply->tuple.sport },
	};
	arrival->hash = rpcs_table_hash(given->told, &arrival->key);
	rpcs_table_fetch_bucket(given->told, arrival->hash);
}

static void tell_listed(void *arg, const struct rpcs_told_port *port)
{
	struct telling *telling = arg;
	const struct told_key key = { .server = telling->server,
				      .port = port->port,
				      .protocol = port->protocol };

	if (telling->room == 0)
		return;
	telling->room--;
	rpcs_recent_note(telling->detect->given->ports, &key, telling->reply->seen.time_ns, 0);
}

/* Most servers give the same list again and again: it is walked once an hour. */
static void tell_list(struct telling *telling, const struct rpcs_call *call)
{
	const struct rpcs_message *reply = telling->reply;
	struct rpcs_detect *detect = telling->detect;
	uint64_t now_ns = reply->seen.time_ns, content;
	struct pair_key key = { .server = telling->server };
	const struct rpcs_recent_note *note;

	key.client.bytes[0] = (uint8_t)call->message.version;
	content = rpcs_hash(&detect->seed, reply->body, reply->body_available);
	note = rpcs_recent_find(detect->given->known, &key, now_ns, HOUR_NS);
	if (note && note->value == content)
		return;
	rpcs_recent_note(detect->given->known, &key, now_ns, content);
	rpcs_told_each(call, reply, tell_listed, telling);
}

static void tell(struct rpcs_detect *detect, const struct rpcs_call *call,
		 const struct rpcs_message *reply, bool again, const struct rpcs_address *server)
{
	const struct pair_key pair = { .client = call->message.tuple.src, .server = *server };
	enum rpcs_policy_call kind = rpcs_call_kind(call);
	struct telling telling = { .detect = detect,
				   .reply = reply,
				   .client = pair.client,
				   .server = *server,
				   .lookup = rpcs_call_is_lookup(call),
				   .again = again,
				   .room = RPCS_MAPPINGS_MAX };
	uint64_t share = detect->settings->limit_sources / 16 + 1;

	/* Nobody asks what home was told, but for the link from a lookup. */
	if (!telling.lookup && rpcs_policy_is_home(detect->policy, &pair.client))
		return;
	/* No reply may push out what many others told. */
	if (telling.room > share)
		telling.room = (uint32_t)share;
	if (kind == RPCS_CALL_DUMP) {
		tell_list(&telling, call);
		rpcs_recent_note(detect->given->lists, &pair, reply->seen.time_ns, 0);
	} else {
		rpcs_told_each(call, reply, tell_port, &telling);
	}
}

static bool is_group(const struct rpcs_message *call)
{
	return (call->seen.flags & RPCS_F_GROUP) || rpcs_address_is_multicast(&call->tuple.dst);
}

static void note_peer(struct rpcs_detect *detect, const struct rpcs_call *call, uint64_t now_ns)
{
	const struct pair_key pair = { .client = call->message.tuple.src,
				       .server = call->message.tuple.dst };

	rpcs_recent_note(detect->given->peers, &pair, now_ns, call->flow_id);
}

static bool has_callbacks(const struct rpcs_call *call)
{
	uint32_t program = call->message.program;

	return program == RPCS_NFS_PROGRAM || program == RPCS_NLM_PROGRAM ||
	       program == RPCS_STATUS_PROGRAM;
}

void rpcs_given_reply(struct rpcs_detect *detect, const struct rpcs_call *call,
		      const struct rpcs_message *reply, bool again)
{
	const struct rpcs_tuple *asked = &call->message.tuple;

	if (reply->reply_has < 2 || reply->reply_stat != RPCS_REPLY_ACCEPTED ||
	    reply->stat != RPCS_ACCEPT_SUCCESS)
		return;
	if (has_callbacks(call))
		note_peer(detect, call, reply->seen.time_ns);
	if (call->message.program != RPCS_PORTMAP_PROGRAM)
		return;
	/* Many answer a broadcast, and a server may answer from another of its addresses. */
	tell(detect, call, reply, again, &reply->tuple.src);
	if (!is_group(&call->message) && !rpcs_address_equal(&reply->tuple.src, &asked->dst))
		tell(detect, call, reply, again, &asked->dst);
}

void rpcs_given_call(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	if (call->reply_unseen && has_callbacks(call))
		note_peer(detect, call, call->message.seen.time_ns);
}

static struct told *told_find(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple)
{
	const struct told_key key = { .client = tuple->src,
				      .server = tuple->dst,
				      .port = tuple->dport,
				      .protocol = tuple->protocol };

	settle(detect->given);
	return rpcs_table_find(detect->given->told, &key);
}

static struct pair_key pair_of(const struct rpcs_tuple *tuple)
{
	return (struct pair_key){ .client = tuple->src, .server = tuple->dst };
}

static struct told_key port_of(const struct rpcs_tuple *tuple)
{
	return (struct told_key){ .server = tuple->dst,
				  .port = tuple->dport,
				  .protocol = tuple->protocol };
}

/* Does the client have a list of the server's ports, and is this one of them? */
static bool is_listed(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		      uint64_t now_ns)
{
	const struct pair_key pair = pair_of(tuple);
	const struct told_key port = port_of(tuple);

	return rpcs_recent_find(detect->given->lists, &pair, now_ns, TOLD_NS) &&
	       rpcs_recent_find(detect->given->ports, &port, now_ns, TOLD_NS);
}

static void list_renew(struct rpcs_detect *detect, const struct rpcs_tuple *tuple, uint64_t now_ns)
{
	const struct pair_key pair = pair_of(tuple);
	const struct told_key port = port_of(tuple);

	rpcs_recent_note(detect->given->lists, &pair, now_ns, 0);
	rpcs_recent_note(detect->given->ports, &port, now_ns, 0);
}

bool rpcs_given_use(struct rpcs_detect *detect, const struct rpcs_tuple *tuple, uint64_t now_ns,
		    uint64_t window_ns, struct rpcs_lookup *ret_lookup)
{
	struct told *told = told_find(detect, tuple);

	if (!told) {
		if (is_listed(detect, tuple, now_ns))
			list_renew(detect, tuple, now_ns);
		return false;
	}
	if (!is_within(now_ns, told->last_ns, TOLD_NS))
		return false;
	told->last_ns = now_ns;
	rpcs_table_move(detect->given->told, told, RPCS_LANE_FIRST);
	if (told->used || !told->lookup.time_ns)
		return false;
	told->used = true;
	/* A link holds to the end of the window. */
	if (!is_within(now_ns, told->lookup.time_ns, window_ns + 1))
		return false;
	*ret_lookup = told->lookup;
	return true;
}

bool rpcs_given_lookup(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		       uint64_t now_ns, struct rpcs_lookup *ret_lookup)
{
	const struct told *told = told_find(detect, tuple);

	if (!told || !told->lookup.time_ns || told->lookup.time_ns > now_ns)
		return false;
	*ret_lookup = told->lookup;
	return true;
}

bool rpcs_given_knows(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		      uint64_t now_ns)
{
	const struct told *told = told_find(detect, tuple);

	return (told && is_within(now_ns, told->last_ns, TOLD_NS)) ||
	       is_listed(detect, tuple, now_ns);
}

bool rpcs_given_is_callback(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_message *message = &call->message;
	const struct pair_key pair = { .client = message->tuple.dst, .server = message->tuple.src };
	const struct rpcs_recent_note *note;

	/* Of a connection that lasts only the first calls may have been seen (any_port: first). */
	note = rpcs_recent_find(detect->given->peers, &pair, message->seen.time_ns, TOLD_NS);
	return note && (note->value == call->flow_id ||
			is_within(message->seen.time_ns, note->time_ns, HOUR_NS + 1));
}

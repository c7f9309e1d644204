// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110020 and 1110027: one source that goes from host to host. A SYN of a client that
 * then makes an allowed call, or asks the portmapper, does not count: it is taken back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "families.h"

/* A client that asked a server's portmapper knows its ports for so long. */
#define LOOKUP_NS (3600 * RPCS_NSEC_PER_SEC)

struct rpcs_sweep {
	struct rpcs_distinct_rule portmap_rule, rpc_rule;
	struct rpcs_distinct *portmap, *rpc; /* by source: the hosts that it touched */
	struct rpcs_recent *lookups;	     /* by client and server */
};

/* What one touch tells; `call` or `tuple` and `seen` are behind it. */
struct touch {
	const struct rpcs_tuple *tuple;
	const struct rpcs_sighting *seen;
	const struct rpcs_call *call; /* NULL: a SYN, or no memory was left */
	uint64_t flow_id;
};

int rpcs_sweep_init(struct rpcs_detect *detect)
{
	struct rpcs_sweep *sweep = calloc(1, sizeof(*sweep));
	const uint64_t *threshold = detect->settings->thresholds;
	uint64_t keys = detect->settings->limit_sources;
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;

	if (!sweep)
		return -ENOMEM;
	detect->sweep = sweep;
	sweep->portmap_rule = (struct rpcs_distinct_rule){
		{ { threshold[RPCS_T_SWEEP_WINDOW], threshold[RPCS_T_SWEEP_HOSTS] },
		  { threshold[RPCS_T_SWEEP_SLOW_WINDOW], threshold[RPCS_T_SWEEP_SLOW_HOSTS] } }
	};
	sweep->rpc_rule = (struct rpcs_distinct_rule){ { { threshold[RPCS_T_RPC_SWEEP_WINDOW],
							   threshold[RPCS_T_RPC_SWEEP_HOSTS] } } };
	sweep->portmap = rpcs_distinct_new(&sweep->portmap_rule, 1, keys, repeat_ns, &detect->seed,
					   &detect->evictions);
	sweep->rpc = rpcs_distinct_new(&sweep->rpc_rule, 1, keys, repeat_ns, &detect->seed,
				       &detect->evictions);
	sweep->lookups = rpcs_recent_new(keys, sizeof(uint64_t), &detect->seed, &detect->evictions);
	return sweep->portmap && sweep->rpc && sweep->lookups ? 0 : -ENOMEM;
}

void rpcs_sweep_free(struct rpcs_detect *detect)
{
	struct rpcs_sweep *sweep = detect->sweep;

	if (!sweep)
		return;
	rpcs_distinct_free(&sweep->portmap);
	rpcs_distinct_free(&sweep->rpc);
	rpcs_recent_free(&sweep->lookups);
	free(sweep);
	detect->sweep = NULL;
}

/* False: the detection is off. */
static bool begin(struct rpcs_detect *detect, enum rpcs_detection_id id, const struct touch *touch,
		  struct rpcs_alert *alert)
{
	if (!rpcs_alert_init(detect, id, touch->seen->time_ns, alert))
		return false;
	if (touch->call)
		rpcs_alert_set_call(alert, touch->call);
	else
		rpcs_alert_set_packet(alert, touch->tuple, touch->seen, touch->flow_id);
	return true;
}

static void describe_means(struct rpcs_alert *alert, const struct rpcs_distinct *distinct)
{
	const struct rpcs_distinct_item *found;
	uint32_t count, i, calls = 0;

	found = rpcs_distinct_found(distinct, &count);
	for (i = 0; i < count; i++)
		calls += found[i].mark;
	rpcs_alert_evidence(alert, "%" PRIu32 " by RPC call, %" PRIu32 " by SYN alone", calls,
			    count - calls);
}

/* 1110020. */

static void count_touch(struct rpcs_detect *detect, const struct touch *touch)
{
	struct rpcs_sweep *sweep = detect->sweep;
	struct rpcs_alert alert;
	uint32_t window;

	if (!detect->settings->detections[RPCS_D_SWEEP].enabled ||
	    !rpcs_distinct_note(sweep->portmap, &sweep->portmap_rule,
				rpcs_id_of_address(detect, &touch->tuple->src), &touch->tuple->dst,
				touch->call, touch->seen->time_ns, &window) ||
	    !begin(detect, RPCS_D_SWEEP, touch, &alert))
		return;
	rpcs_words_found(&alert, sweep->portmap, "hosts", &sweep->portmap_rule.windows[window]);
	rpcs_words_hosts(&alert, sweep->portmap);
	describe_means(&alert, sweep->portmap);
	if (touch->call)
		rpcs_words_asked(&alert, "the last touch: ", touch->call);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

void rpcs_sweep_call_fetch(const struct rpcs_detect *detect)
{
	if (detect->settings->detections[RPCS_D_SWEEP].enabled)
		rpcs_distinct_fetch(detect->sweep->portmap, detect->parties->client);
}

const void *rpcs_sweep_call_fetch_entry(const struct rpcs_detect *detect)
{
	if (!detect->settings->detections[RPCS_D_SWEEP].enabled)
		return NULL;
	return rpcs_distinct_fetch_entry(detect->sweep->portmap, detect->parties->client);
}

void rpcs_sweep_call_fetch_items(const struct rpcs_detect *detect, const void *place)
{
	rpcs_distinct_fetch_items(detect->sweep->portmap, place);
}

void rpcs_sweep_call(struct rpcs_detect *detect, const struct rpcs_call *call)
{
	const struct rpcs_tuple *tuple = &call->message.tuple;
	bool silent = rpcs_call_is_silent(call);

	if ((silent && tuple->protocol != RPCS_IP_TCP) ||
	    !rpcs_settings_watch(detect->settings, tuple->dport))
		return;
	if (silent)
		rpcs_distinct_forget(detect->sweep->portmap,
				     rpcs_id_of_address(detect, &tuple->src), &tuple->dst);
	else
		count_touch(detect, &(struct touch){ .tuple = tuple,
						     .seen = &call->message.seen,
						     .call = call });
}

void rpcs_sweep_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			   uint64_t flow_id)
{
	const struct touch touch = {
		.tuple = &connection->tuple,
		.seen = &connection->seen,
		.flow_id = flow_id,
	};

	if (rpcs_connection_is_syn(connection) &&
	    rpcs_settings_watch(detect->settings, touch.tuple->dport))
		count_touch(detect, &touch);
}

/* 1110027. */

enum { NFS = 2049, LOCKD = 4045, SERVICES_FIRST = 32771, SERVICES_LAST = 32776 };

static bool is_service(uint16_t port)
{
	return port == NFS || port == LOCKD || (port >= SERVICES_FIRST && port <= SERVICES_LAST);
}

static bool has_looked_up(struct rpcs_detect *detect, const struct touch *touch)
{
	uint64_t client = rpcs_id_of_address(detect, &touch->tuple->src);
	uint64_t server = rpcs_id_of_server(detect, &touch->tuple->dst);

	return rpcs_recent_find_by(detect->sweep->lookups, rpcs_id_of_pair(client, server),
				   touch->seen->time_ns, LOOKUP_NS);
}

static void count_service(struct rpcs_detect *detect, const struct touch *touch)
{
	struct rpcs_sweep *sweep = detect->sweep;
	struct rpcs_alert alert;
	uint32_t window;

	if (!detect->settings->detections[RPCS_D_RPC_SWEEP].enabled ||
	    has_looked_up(detect, touch) ||
	    !rpcs_distinct_note(sweep->rpc, &sweep->rpc_rule,
				rpcs_id_of_address(detect, &touch->tuple->src), &touch->tuple->dst,
				touch->call, touch->seen->time_ns, &window) ||
	    !begin(detect, RPCS_D_RPC_SWEEP, touch, &alert))
		return;
	rpcs_words_found(&alert, sweep->rpc, "hosts", &sweep->rpc_rule.windows[window]);
	rpcs_alert_evidence(&alert,
			    "the last touch was of port %u; no lookup of any of them in 1 h",
			    touch->tuple->dport);
	rpcs_words_hosts(&alert, sweep->rpc);
	describe_means(&alert, sweep->rpc);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

void rpcs_rpc_sweep_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			       uint64_t flow_id)
{
	const struct touch touch = {
		.tuple = &connection->tuple,
		.seen = &connection->seen,
		.flow_id = flow_id,
	};

	if (is_service(touch.tuple->dport) && rpcs_connection_is_syn(connection))
		count_service(detect, &touch);
}

void rpcs_sweep_foresee(const struct rpcs_detect *detect, uint64_t pair)
{
	rpcs_recent_fetch(detect->sweep->lookups, pair);
}

void rpcs_sweep_fetch(const struct rpcs_detect *detect)
{
	rpcs_recent_fetch(detect->sweep->lookups, detect->parties->pair);
}

/* Who asks a server's portmapper goes to its ports by right. */
static void note_lookup(struct rpcs_detect *detect, const struct rpcs_message *message)
{
	rpcs_recent_note_by(detect->sweep->lookups, detect->parties->pair, message->seen.time_ns,
			    0);
	rpcs_distinct_forget(detect->sweep->rpc, detect->parties->client, &message->tuple.dst);
}

void rpcs_rpc_sweep_message(struct rpcs_detect *detect, const struct rpcs_message *message,
			    struct rpcs_call *call, enum rpcs_message_place place, uint64_t flow_id)
{
	const struct touch touch = {
		.tuple = &message->tuple,
		.seen = &message->seen,
		.call = call,
		.flow_id = flow_id,
	};

	if (place != RPCS_PLACE_CALL || !detect->settings->detections[RPCS_D_RPC_SWEEP].enabled)
		return;
	/* A connection's SYN was the touch: what an old one brings is none. */
	if (is_service(message->tuple.dport) && message->tuple.protocol == RPCS_IP_UDP)
		count_service(detect, &touch);
	else if (rpcs_settings_watch(detect->settings, message->tuple.dport) &&
		 rpcs_message_looks_up(message))
		note_lookup(detect, message);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 1110063: TCP connections to a portmapper that are held open and not used. A connection is
 * kept from its handshake's third step to the first FIN or RST that fits. When it has been
 * silent for long enough it counts, for its source and for its server, until it speaks.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rpcsentry/packet.h>

#include "../base/clock.h"
#include "families.h"

enum { SERVER_CONNECTIONS = 256 };

/* An end that was missed must not count for ever. */
#define FORGET_NS (3600 * RPCS_NSEC_PER_SEC)

/* Client to server: the table's key. */
struct ends {
	struct rpcs_address client, server;
	uint16_t client_port, server_port;
	uint32_t pad;
};

struct connection {
	struct ends ends;
	uint64_t last_ns; /* of its last data, or of its beginning */
	struct rpcs_sighting seen;
	bool counted; /* silent: queued in the second lane */
};

/* Who has silent ones: a source or a server. */
struct holder_key {
	struct rpcs_address address;
	uint64_t server; /* or source: 0 */
};

struct holder {
	struct holder_key key;
	uint32_t count;
};

struct rpcs_idle {
	struct rpcs_table *connections; /* first lane: by their last data */
	struct rpcs_table *holders;	/* only who has some */
	struct rpcs_recent *told;	/* by holder */
};

int rpcs_idle_init(struct rpcs_detect *detect)
{
	struct rpcs_idle *idle = calloc(1, sizeof(*idle));
	uint64_t limit = detect->settings->limit_flows;
	uint32_t flows = limit < 1U << 28 ? (uint32_t)limit : 1U << 28;

	if (!idle)
		return -ENOMEM;
	detect->idle = idle;
	idle->connections = rpcs_table_new(flows, sizeof(struct ends), sizeof(struct connection),
					   &detect->seed);
	idle->holders = rpcs_table_new(2 * flows, sizeof(struct holder_key), sizeof(struct holder),
				       &detect->seed);
	idle->told = rpcs_recent_new(detect->settings->limit_sources, sizeof(struct holder_key),
				     &detect->seed, &detect->evictions);
	return idle->connections && idle->holders && idle->told ? 0 : -ENOMEM;
}

void rpcs_idle_free(struct rpcs_detect *detect)
{
	struct rpcs_idle *idle = detect->idle;

	if (!idle)
		return;
	rpcs_table_free(&idle->connections);
	rpcs_table_free(&idle->holders);
	rpcs_recent_free(&idle->told);
	free(idle);
	detect->idle = NULL;
}

static struct holder_key holder_key(const struct connection *connection, bool server)
{
	return (struct holder_key){ server ? connection->ends.server : connection->ends.client,
				    server };
}

static void tell(struct rpcs_detect *detect, const struct connection *connection,
		 const struct holder *holder, uint64_t now_ns)
{
	const struct ends *ends = &connection->ends;
	const struct rpcs_tuple tuple = { .src = ends->client,
					  .dst = ends->server,
					  .sport = ends->client_port,
					  .dport = ends->server_port,
					  .protocol = RPCS_IP_TCP };
	uint64_t idle_ns = detect->settings->thresholds[RPCS_T_IDLE_CONNECTIONS_IDLE];
	uint64_t repeat_ns = detect->settings->alert_repeat_ns;
	char length[RPCS_WORDS_TEXT];
	struct rpcs_alert alert;

	if (rpcs_recent_find(detect->idle->told, &holder->key, now_ns, repeat_ns) ||
	    !rpcs_alert_init(detect, RPCS_D_IDLE_CONNECTIONS, now_ns, &alert))
		return;
	rpcs_recent_note(detect->idle->told, &holder->key, now_ns, 0);
	rpcs_alert_set_packet(&alert, &tuple, &connection->seen, 0);
	rpcs_alert_evidence(&alert, "%" PRIu32 " established connections %s, silent for %s or more",
			    holder->count,
			    holder->key.server ? "of this server, over all its clients"
					       : "of this source, to portmapper ports",
			    rpcs_words_duration(idle_ns, length));
	rpcs_alert_evidence(&alert, "shown is the last one to fall silent");
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

static void count_up(struct rpcs_detect *detect, const struct connection *connection, bool server,
		     uint64_t now_ns)
{
	const struct holder_key key = holder_key(connection, server);
	struct holder *holder = rpcs_table_find(detect->idle->holders, &key);
	uint64_t threshold =
		server ? SERVER_CONNECTIONS
		       : detect->settings->thresholds[RPCS_T_IDLE_CONNECTIONS_CONNECTIONS];

	/* Two of them for each connection at the most, so there is room. */
	if (!holder)
		holder = rpcs_table_add(detect->idle->holders, &key);
	holder->count++;
	if (holder->count >= threshold)
		tell(detect, connection, holder, now_ns);
}

static void count_down(struct rpcs_detect *detect, const struct connection *connection, bool server)
{
	const struct holder_key key = holder_key(connection, server);
	struct holder *holder = rpcs_table_find(detect->idle->holders, &key);

	if (holder && --holder->count == 0)
		rpcs_table_remove(detect->idle->holders, holder);
}

static void falls_silent(struct rpcs_detect *detect, struct connection *connection, uint64_t now_ns)
{
	connection->counted = true;
	rpcs_table_move(detect->idle->connections, connection, RPCS_LANE_SECOND);
	count_up(detect, connection, false, now_ns);
	count_up(detect, connection, true, now_ns);
}

static void speaks(struct rpcs_detect *detect, struct connection *connection,
		   const struct rpcs_sighting *seen)
{
	if (connection->counted) {
		count_down(detect, connection, false);
		count_down(detect, connection, true);
		connection->counted = false;
	}
	connection->seen = *seen;
	connection->last_ns = seen->time_ns;
	rpcs_table_move(detect->idle->connections, connection, RPCS_LANE_FIRST);
}

static void forget(struct rpcs_detect *detect, struct connection *connection)
{
	if (connection->counted) {
		count_down(detect, connection, false);
		count_down(detect, connection, true);
	}
	rpcs_table_remove(detect->idle->connections, connection);
}

/* False: no portmapper's. */
static bool ends_of(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		    struct ends *ret_ends)
{
	bool to = rpcs_settings_watch(detect->settings, tuple->dport);
	bool from = rpcs_settings_watch(detect->settings, tuple->sport);

	if (tuple->protocol != RPCS_IP_TCP || (!to && !from))
		return false;
	/* Between two such ports either end may be the client: the same one each time. */
	if (to && from)
		to = memcmp(&tuple->src, &tuple->dst, sizeof(tuple->src)) < 0;
	*ret_ends = (struct ends){ .client = to ? tuple->src : tuple->dst,
				   .server = to ? tuple->dst : tuple->src,
				   .client_port = to ? tuple->sport : tuple->dport,
				   .server_port = to ? tuple->dport : tuple->sport };
	return true;
}

static struct connection *connection_add(struct rpcs_detect *detect, const struct ends *ends)
{
	struct rpcs_table *table = detect->idle->connections;
	struct connection *oldest;

	if (rpcs_table_is_full(table)) {
		oldest = rpcs_table_oldest(table, RPCS_LANE_FIRST);
		if (!oldest)
			oldest = rpcs_table_oldest(table, RPCS_LANE_SECOND);
		forget(detect, oldest);
		detect->evictions++;
	}
	return rpcs_table_add(table, ends);
}

/* A packet of a connection: `open` says whether it is one still, `data` that it brought bytes. */
static void take(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		 const struct rpcs_sighting *seen, bool open, bool data)
{
	struct connection *connection;
	struct ends ends;

	if (!detect->settings->detections[RPCS_D_IDLE_CONNECTIONS].enabled ||
	    !ends_of(detect, tuple, &ends))
		return;
	connection = rpcs_table_find(detect->idle->connections, &ends);
	if (!open) {
		if (connection)
			forget(detect, connection);
		return;
	}
	if (!connection) {
		connection = connection_add(detect, &ends);
		data = true;
	}
	if (data)
		speaks(detect, connection, seen);
}

void rpcs_idle_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			  uint64_t flow_id)
{
	(void)flow_id;
	if (!connection->probe)
		take(detect, &connection->tuple, &connection->seen, connection->open, false);
}

void rpcs_idle_data(struct rpcs_detect *detect, const struct rpcs_tuple *tuple,
		    const struct rpcs_sighting *seen, bool open)
{
	take(detect, tuple, seen, open, true);
}

void rpcs_idle_tick(struct rpcs_detect *detect, uint64_t now_ns)
{
	uint64_t idle_ns = detect->settings->thresholds[RPCS_T_IDLE_CONNECTIONS_IDLE];
	struct rpcs_table *table = detect->idle->connections;
	struct connection *connection;

	while ((connection = rpcs_table_oldest(table, RPCS_LANE_FIRST))) {
		/* One time stamp far ahead must not hold up the rest. */
		if (connection->last_ns > now_ns + idle_ns) {
			connection->last_ns = now_ns;
			rpcs_table_move(table, connection, RPCS_LANE_FIRST);
			continue;
		}
		if (rpcs_age(now_ns, connection->last_ns) < idle_ns)
			break;
		falls_silent(detect, connection, now_ns);
	}
	while ((connection = rpcs_table_oldest(table, RPCS_LANE_SECOND)) &&
	       rpcs_age(now_ns, connection->last_ns) >= idle_ns + FORGET_NS)
		forget(detect, connection);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110022, 1110026 and 1110028: who tries ports, with SYNs or with datagrams without bytes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rpcsentry/packet.h>

#include "families.h"

enum {
	PORTMAPPER = 111,
	NFS = 2049,
	LOCKD = 4045,
	/* Where RPC services came to lie on Solaris, and on Linux of old. */
	HIGH_FIRST = 32768,
	HIGH_LAST = 32810,
};

enum { KIND_SYN, KIND_EMPTY };

struct rpcs_scan {
	struct rpcs_distinct_rule rule;
	struct rpcs_distinct *ports; /* by source and host; KIND_EMPTY: and source port */
};

int rpcs_scan_init(struct rpcs_detect *detect)
{
	struct rpcs_scan *scan = calloc(1, sizeof(*scan));
	const uint64_t *threshold = detect->settings->thresholds;

	if (!scan)
		return -ENOMEM;
	detect->scan = scan;
	scan->rule = (struct rpcs_distinct_rule){ { { threshold[RPCS_T_PORT_SCAN_WINDOW],
						      threshold[RPCS_T_PORT_SCAN_PORTS] } } };
	scan->ports = rpcs_distinct_new(&scan->rule, 1, detect->settings->limit_sources,
					detect->settings->alert_repeat_ns, &detect->seed,
					&detect->evictions);
	return scan->ports ? 0 : -ENOMEM;
}

void rpcs_scan_free(struct rpcs_detect *detect)
{
	struct rpcs_scan *scan = detect->scan;

	if (!scan)
		return;
	rpcs_distinct_free(&scan->ports);
	free(scan);
	detect->scan = NULL;
}

static bool is_rpc_port(uint16_t port)
{
	return port == PORTMAPPER || port == NFS || port == LOCKD ||
	       (port >= HIGH_FIRST && port <= HIGH_LAST);
}

static bool is_empty_datagram(const struct rpcs_connection *connection)
{
	return connection->probe && connection->tuple.protocol == RPCS_IP_UDP;
}

/* 1110022. */

static void count_port(struct rpcs_detect *detect, const struct rpcs_connection *connection,
		       uint64_t flow_id, bool empty)
{
	const struct rpcs_tuple *tuple = &connection->tuple;
	const struct rpcs_count_key key = { .client = tuple->src,
					    .server = tuple->dst,
					    .port = empty ? tuple->sport : 0,
					    .kind = empty ? KIND_EMPTY : KIND_SYN };
	const struct rpcs_address port = rpcs_distinct_number(tuple->dport);
	struct rpcs_scan *scan = detect->scan;
	struct rpcs_alert alert;
	uint32_t window;

	if (!rpcs_distinct_note(scan->ports, &scan->rule, rpcs_id_of_key(detect, &key), &port,
				false, connection->seen.time_ns, &window) ||
	    !rpcs_alert_init(detect, RPCS_D_PORT_SCAN, connection->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, tuple, &connection->seen, flow_id);
	rpcs_words_found(&alert, scan->ports,
			 empty ? "UDP ports of one host" : "RPC ports of one host",
			 &scan->rule.windows[window]);
	rpcs_words_ports(&alert, scan->ports);
	if (empty)
		rpcs_alert_evidence(&alert, "by datagrams without bytes, all from source port %u",
				    tuple->sport);
	else
		rpcs_alert_evidence(&alert, "by TCP SYN");
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

void rpcs_scan_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			  uint64_t flow_id)
{
	if (!detect->settings->detections[RPCS_D_PORT_SCAN].enabled)
		return;
	if (is_empty_datagram(connection))
		count_port(detect, connection, flow_id, true);
	else if (is_rpc_port(connection->tuple.dport) && rpcs_connection_is_syn(connection))
		count_port(detect, connection, flow_id, false);
}

/* 1110026. */

void rpcs_empty_connection(struct rpcs_detect *detect, const struct rpcs_connection *connection,
			   uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!is_empty_datagram(connection) ||
	    !rpcs_settings_watch(detect->settings, connection->tuple.dport) ||
	    !rpcs_alert_init(detect, RPCS_D_EMPTY_DATAGRAM, connection->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, &connection->tuple, &connection->seen, flow_id);
	rpcs_alert_evidence(&alert, "a UDP datagram without bytes to port %u, from source port %u",
			    connection->tuple.dport, connection->tuple.sport);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

/* 1110028. */

static bool is_locator_touch(const struct rpcs_detect *detect, const struct rpcs_tuple *tuple)
{
	return rpcs_port_is_locator(tuple->dport) &&
	       !rpcs_policy_is_home(detect->policy, &tuple->src);
}

void rpcs_port_touch_connection(struct rpcs_detect *detect,
				const struct rpcs_connection *connection, uint64_t flow_id)
{
	struct rpcs_alert alert;

	if (!rpcs_connection_is_syn(connection) || !is_locator_touch(detect, &connection->tuple) ||
	    !rpcs_alert_init(detect, RPCS_D_PORT_TOUCH, connection->seen.time_ns, &alert))
		return;
	rpcs_alert_set_packet(&alert, &connection->tuple, &connection->seen, flow_id);
	rpcs_alert_evidence(&alert, "TCP SYN to port %u, from source port %u",
			    connection->tuple.dport, connection->tuple.sport);
	rpcs_words_source(detect, &alert);
	rpcs_alert_send(detect, &alert);
}

bool rpcs_port_touch_matches(const struct rpcs_detect *detect, const struct rpcs_call *call)
{
	return is_locator_touch(detect, &call->message.tuple);
}

void rpcs_port_touch_describe(const struct rpcs_detect *detect, const struct rpcs_call *call,
			      struct rpcs_alert *alert)
{
	char before[RPCS_WORDS_TEXT];

	snprintf(before, sizeof(before), "RPC call to port %u: ", call->message.tuple.dport);
	rpcs_words_asked(alert, before, call);
	rpcs_words_client(detect, call, alert);
}

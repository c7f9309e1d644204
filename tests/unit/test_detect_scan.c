// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110022, 1110026, 1110027 and 1110028: ports that are tried, on one host and on many. */
#include "detect_case.h"

static struct detect_case c;

static const char *const outside = "192.0.2.66";

static void packet(const char *src, uint32_t host, uint16_t sport, uint16_t dport, uint8_t flags,
		   uint64_t time_ns)
{
	const struct rpcs_connection connection = {
		.tuple = { .src = case_address(src),
			   .dst = case_address_at("10.1.86.0", host),
			   .sport = sport,
			   .dport = dport,
			   .protocol = flags ? RPCS_IP_TCP : RPCS_IP_UDP },
		.seen = { .time_ns = time_ns, .frame = 3 },
		.tcp_flags = flags,
		.probe = !flags,
	};

	rpcs_detect_connection(c.detect, &connection, flags ? 5 : 0);
}

static void syn(uint32_t host, uint16_t port, uint64_t time_ns)
{
	packet(outside, host, 1763, port, RPCS_TCP_SYN, time_ns);
}

static void empty(uint16_t sport, uint16_t dport, uint64_t time_ns)
{
	packet(outside, 0, sport, dport, 0, time_ns);
}

static void eight_rpc_ports_of_one_host(void **state)
{
	static const uint16_t ports[] = { 111, 2049, 4045, 32768, 32771, 32809, 32810 };
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PORT_SCAN, "", ""));
	for (i = 0; i < 7; i++) {
		syn(0, ports[i], CASE_WHEN + i * CASE_SEC);
		syn(0, ports[i], CASE_WHEN + i * CASE_SEC);
	}
	/* Another host's, and ports that are none of these. */
	syn(1, 32800, CASE_WHEN);
	syn(0, 110, CASE_WHEN);
	syn(0, 2050, CASE_WHEN);
	syn(0, 32767, CASE_WHEN);
	syn(0, 32811, CASE_WHEN);
	packet(outside, 0, 1763, 32801, RPCS_TCP_SYN | RPCS_TCP_ACK, CASE_WHEN);
	packet(outside, 0, 1763, 32801, RPCS_TCP_FIN, CASE_WHEN);
	packet("192.0.2.67", 0, 1763, 32801, RPCS_TCP_SYN, CASE_WHEN);
	assert_int_equal(c.count, 0);
	syn(0, 32802, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_PORT_SCAN);
	assert_int_equal(alert->severity, 2);
	assert_int_equal(alert->tuple.dport, 32802);
	assert_true(case_says(alert, "8 RPC ports of one host in 60.0 s (threshold: 8 in 60 s)"));
	assert_true(case_says(alert, "ports, in this order: 111, 2049, 4045, 32768, 32771"));
	assert_true(case_says(alert, "by TCP SYN"));
	syn(0, 32803, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void ports_outside_of_the_window(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PORT_SCAN, "ports: 3, window: 2s", ""));
	syn(0, 32770, CASE_WHEN);
	syn(0, 32771, CASE_WHEN + CASE_SEC);
	syn(0, 32772, CASE_WHEN + 2 * CASE_SEC + 1);
	assert_int_equal(c.count, 0);
	syn(0, 32773, CASE_WHEN + 3 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
	case_start(&c, case_only(RPCS_D_PORT_SCAN, "enabled: false", ""));
	for (i = 0; i < 20; i++)
		syn(0, (uint16_t)(32768 + i), CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* nmap of 1999: each host gets empty datagrams, all from source port 47862. */
static void empty_datagrams_to_eight_ports(void **state)
{
	uint16_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PORT_SCAN, "", ""));
	for (i = 0; i < 7; i++)
		empty(47862, (uint16_t)(7 + 100 * i), CASE_WHEN);
	/* From another port each: those are many sources, or none that scans. */
	for (i = 0; i < 20; i++)
		empty((uint16_t)(1000 + i), (uint16_t)(2000 + i), CASE_WHEN);
	empty(47862, 7, CASE_WHEN);
	assert_int_equal(c.count, 0);
	empty(47862, 65535, CASE_WHEN + CASE_SEC);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "8 UDP ports of one host in 1.0 s"));
	assert_true(case_says(case_last(&c), "all from source port 47862"));
	assert_int_equal(case_last(&c)->flow_id, 0);
	case_end(&c);
}

static void an_empty_datagram_to_a_portmapper(void **state)
{
	(void)state;
	case_start(&c, case_only(RPCS_D_EMPTY_DATAGRAM, "",
				 "sensor: {ports: [111, 32771]}\n"
				 "alerts: {repeat: 0s}\n"));
	empty(47862, 110, CASE_WHEN);
	empty(111, 47862, CASE_WHEN); /* from one */
	packet(outside, 0, 1763, 111, RPCS_TCP_SYN, CASE_WHEN);
	assert_int_equal(c.count, 0);
	empty(47862, 111, CASE_WHEN);
	assert_int_equal(c.count, 1);
	assert_int_equal(case_last(&c)->detection, RPCS_D_EMPTY_DATAGRAM);
	assert_int_equal(case_last(&c)->severity, 3);
	assert_true(case_says(case_last(&c), "without bytes to port 111, from source port 47862"));
	empty(47862, 32771, CASE_WHEN);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

/* TCP scans without SYN are probes too, and no datagrams. */
static void a_tcp_probe_is_no_empty_datagram(void **state)
{
	struct rpcs_connection probe = {
		.tuple = { .src = case_address(outside),
			   .dst = case_address("10.0.0.2"),
			   .sport = 1763,
			   .dport = 111,
			   .protocol = RPCS_IP_TCP },
		.seen = { .time_ns = CASE_WHEN },
		.probe = true,
	};
	uint16_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	for (i = 0; i < 32; i++) {
		probe.tuple.dport = i ? (uint16_t)(32768 + i) : 111;
		probe.tcp_flags = i % 2 ? RPCS_TCP_FIN : 0;
		rpcs_detect_connection(c.detect, &probe, 0);
	}
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void udp_call(uint32_t host, uint16_t port, uint8_t protocol, uint64_t time_ns)
{
	struct rpcs_call call = case_call(3, 0);

	call.message.tuple.src = case_address(outside);
	call.message.tuple.dst = case_address_at("10.1.86.0", host);
	call.message.tuple.dport = port;
	call.message.tuple.protocol = protocol;
	call.message.program = port == 111 ? RPCS_PORTMAP_PROGRAM : 100003;
	call.message.procedure = port == 111 ? RPCS_PORTMAP_DUMP : 0;
	call.message.seen.time_ns = time_ns;
	case_take_call(&c, &call);
}

static void services_of_sixteen_hosts(void **state)
{
	static const uint16_t ports[] = { 2049, 4045, 32771, 32776 };
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_RPC_SWEEP, "", ""));
	for (i = 0; i < 15; i++)
		syn(i, ports[i % 4], CASE_WHEN + i * 4 * CASE_SEC);
	syn(20, 111, CASE_WHEN);
	syn(21, 32770, CASE_WHEN);
	syn(22, 32777, CASE_WHEN);
	syn(0, 32775, CASE_WHEN); /* the first host again */
	udp_call(23, 2049, RPCS_IP_TCP, CASE_WHEN);
	assert_int_equal(c.count, 0);
	udp_call(15, 2049, RPCS_IP_UDP, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_RPC_SWEEP);
	assert_int_equal(alert->severity, 2);
	assert_non_null(alert->call);
	assert_true(case_says(alert, "16 hosts in 60.0 s (threshold: 16 in 60 s)"));
	assert_true(case_says(alert, "the last touch was of port 2049"));
	assert_true(case_says(alert, "addresses consecutive, from 10.1.86.0 to 10.1.86.15"));
	assert_true(case_says(alert, "1 by RPC call, 15 by SYN alone"));
	case_end(&c);
	case_start(&c, case_only(RPCS_D_RPC_SWEEP, "", ""));
	for (i = 0; i < 15; i++)
		syn(i, 2049, CASE_WHEN + i);
	syn(15, 2049, CASE_WHEN + 60 * CASE_SEC + 1);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* Who asks the portmapper first is a client; also who does so just after. */
static void lookups_excuse_services(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_RPC_SWEEP, "", ""));
	for (i = 0; i < 40; i++) {
		if (i % 2)
			udp_call(i, 111, RPCS_IP_UDP, CASE_WHEN);
		syn(i, 2049, CASE_WHEN + CASE_SEC);
		if (i % 2 == 0)
			udp_call(i, 111, RPCS_IP_UDP, CASE_WHEN + 2 * CASE_SEC);
	}
	assert_int_equal(c.count, 0);
	/* An hour later it is forgotten. */
	for (i = 0; i < 16; i++)
		syn(i, 2049, CASE_WHEN + 3603 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

/* What is switched off takes no room: its lookups would push nobody out, and say so. */
static void a_sweep_that_is_off_notes_no_lookups(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_RPC_SWEEP, "enabled: false", "limits: {sources: 2}\n"));
	for (i = 0; i < 10; i++) {
		syn(i, 2049, CASE_WHEN);
		call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
		call.message.tuple.dst = case_address_at("10.1.86.0", i);
		call.message.seen.time_ns -= i; /* out of order: none of them is old */
		rpcs_detect_message(c.detect, &call.message, &call, RPCS_PLACE_CALL, 1);
	}
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	case_end(&c);
}

static void the_locator_from_outside(void **state)
{
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, case_only(RPCS_D_PORT_TOUCH, "", "alerts: {repeat: 0s}\n"));
	syn(0, 32770, CASE_WHEN);
	syn(0, 32775, CASE_WHEN);
	packet(outside, 0, 80, 32771, RPCS_TCP_SYN | RPCS_TCP_ACK, CASE_WHEN);
	packet("10.3.4.5", 0, 1763, 32771, RPCS_TCP_SYN, CASE_WHEN);
	udp_call(0, 32770, RPCS_IP_UDP, CASE_WHEN);
	assert_int_equal(c.count, 0);
	syn(0, 32771, CASE_WHEN);
	syn(0, 32774, CASE_WHEN);
	assert_int_equal(c.count, 2);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_PORT_TOUCH);
	assert_int_equal(alert->severity, 4);
	assert_true(case_says(alert, "TCP SYN to port 32774"));
	udp_call(0, 32772, RPCS_IP_UDP, CASE_WHEN);
	assert_int_equal(c.count, 3);
	assert_true(case_says(case_last(&c), "RPC call to port 32772: NULL of nfs (100003)"));
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_rpc_ports_of_one_host),
		cmocka_unit_test(ports_outside_of_the_window),
		cmocka_unit_test(empty_datagrams_to_eight_ports),
		cmocka_unit_test(an_empty_datagram_to_a_portmapper),
		cmocka_unit_test(a_tcp_probe_is_no_empty_datagram),
		cmocka_unit_test(services_of_sixteen_hosts),
		cmocka_unit_test(lookups_excuse_services),
		cmocka_unit_test(a_sweep_that_is_off_notes_no_lookups),
		cmocka_unit_test(the_locator_from_outside),
	};

	return cmocka_run_group_tests_name("detect scan", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110020: thresholds at their edges, windows, allowed calls, and bounded state. */
#include <sys/resource.h>

#include "detect_case.h"

static struct detect_case c;

#define ONLY_SWEEP(settings, rest) case_only(RPCS_D_SWEEP, settings, rest)

static void connect_flags(struct rpcs_address src, struct rpcs_address dst, uint64_t time_ns,
			  uint8_t flags, uint16_t port)
{
	const struct rpcs_connection connection = {
		.tuple = { .src = src, .dst = dst, .sport = 1763, .dport = port, .protocol = 6 },
		.seen = { .time_ns = time_ns, .frame = 3 },
		.tcp_flags = flags,
	};

	rpcs_detect_connection(c.detect, &connection, 5);
}

static void syn(const char *src, uint32_t host, uint64_t time_ns)
{
	connect_flags(case_address(src), case_address_at("10.1.86.0", host), time_ns, RPCS_TCP_SYN,
		      111);
}

static void lookup(const char *src, uint32_t host, uint64_t time_ns, bool allowed)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_NULL);

	call.message.tuple.src = case_address(src);
	call.message.tuple.dst = case_address_at("10.1.86.0", host);
	call.message.tuple.protocol = RPCS_IP_TCP;
	call.message.seen.time_ns = time_ns;
	call.allowed = allowed;
	rpcs_detect_call(c.detect, &call);
}

static void fifteen_hosts_are_none_and_sixteen_one(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 15; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * CASE_SEC / 4);
	/* The same hosts again are no more hosts, another source's are its own. */
	for (i = 0; i < 15; i++)
		syn("192.168.42.6", i, CASE_WHEN + 4 * CASE_SEC);
	for (i = 0; i < 15; i++)
		syn("192.168.42.7", 100 + i, CASE_WHEN + 4 * CASE_SEC);
	assert_int_equal(c.count, 0);
	syn("192.168.42.6", 15, CASE_WHEN + 5 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_SWEEP);
	assert_int_equal(alert->severity, 2);
	assert_null(alert->call);
	assert_int_equal(alert->tuple.dport, 111);
	assert_int_equal(alert->flow_id, 5);
	assert_int_equal(alert->frame, 3);
	assert_true(case_says(alert, "16 hosts in 1.0 s (threshold: 16 in 60 s)"));
	assert_true(case_says(alert, "first target 10.1.86.0, last target 10.1.86.15"));
	assert_true(case_says(alert, "addresses consecutive, from 10.1.86.0 to 10.1.86.15"));
	assert_true(case_says(alert, "0 by RPC call, 16 by SYN alone"));
	case_end(&c);
}

static void order_does_not_hide_consecutive_targets(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	/* 250 and on, so that it crosses a byte; in steps of 7 modulo 16. */
	for (i = 0; i < 16; i++)
		syn("192.168.42.6", 250 + i * 7 % 16, CASE_WHEN + i);
	assert_true(case_says(case_last(&c), "addresses consecutive, from 10.1.86.250 to "
					     "10.1.87.9"));
	assert_true(case_says(case_last(&c), "16 hosts in under 0.1 s (threshold: 16 in 60 s)"));
	case_end(&c);
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 16; i++)
		syn("192.168.42.6", 2 * i, CASE_WHEN + i);
	assert_true(case_says(case_last(&c), "addresses not consecutive"));
	case_end(&c);
}

static void the_window_slides(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 15; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * CASE_SEC);
	/* The first has left by then; one second earlier it counts. */
	syn("192.168.42.6", 15, CASE_WHEN + 60 * CASE_SEC + 1);
	assert_int_equal(c.count, 0);
	case_end(&c);
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 15; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * CASE_SEC);
	syn("192.168.42.6", 15, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void a_slow_sweep_is_seen(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 63; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * 57 * CASE_SEC);
	assert_int_equal(c.count, 0);
	syn("192.168.42.6", 63, CASE_WHEN + 63 * 57 * CASE_SEC);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "64 hosts in 3591.0 s (threshold: 64 in 3600 s)"));
	case_end(&c);
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 200; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * 60 * CASE_SEC);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void a_source_fires_once_in_repeat(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", "alerts: {repeat: 10m}\n"));
	for (i = 0; i < 599; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * CASE_SEC);
	assert_int_equal(c.count, 1);
	for (; i < 640; i++)
		syn("192.168.42.6", i, CASE_WHEN + i * CASE_SEC);
	assert_int_equal(c.count, 2);
	assert_int_not_equal(c.alerts[0].id_low, c.alerts[1].id_low);
	case_end(&c);
}

static void thresholds_come_from_the_policy(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("hosts: 3, window: 2s", ""));
	syn("192.168.42.6", 0, CASE_WHEN);
	syn("192.168.42.6", 1, CASE_WHEN);
	assert_int_equal(c.count, 0);
	syn("192.168.42.6", 2, CASE_WHEN);
	assert_int_equal(c.count, 1);
	case_end(&c);
	case_start(&c, ONLY_SWEEP("hosts: 200, slow_hosts: 100", ""));
	for (i = 0; i < 99; i++)
		syn("192.168.42.6", i, CASE_WHEN);
	assert_int_equal(c.count, 0);
	syn("192.168.42.6", 99, CASE_WHEN);
	assert_int_equal(c.count, 1);
	case_end(&c);
	case_start(&c, ONLY_SWEEP("enabled: false", ""));
	for (i = 0; i < 99; i++)
		syn("192.168.42.6", i, CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void only_syn_to_a_portmapper_port_counts(void **state)
{
	static const uint8_t others[] = { RPCS_TCP_SYN | RPCS_TCP_ACK, RPCS_TCP_FIN, RPCS_TCP_RST,
					  RPCS_TCP_RST | RPCS_TCP_ACK };
	struct rpcs_address src = case_address("192.168.42.6");
	uint32_t i, j;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 64; i++) {
		for (j = 0; j < sizeof(others); j++)
			connect_flags(src, case_address_at("10.1.86.0", i), CASE_WHEN, others[j],
				      111);
		connect_flags(src, case_address_at("10.1.86.0", i), CASE_WHEN, RPCS_TCP_SYN, 2049);
	}
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void calls_count_and_allowed_ones_do_not(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 64; i++)
		lookup("10.9.9.9", i, CASE_WHEN + i, true);
	assert_int_equal(c.count, 0);
	for (i = 0; i < 15; i++)
		lookup("10.9.9.9", i, CASE_WHEN + i, false);
	assert_int_equal(c.count, 0);
	lookup("10.9.9.9", 15, CASE_WHEN + 15, false);
	assert_int_equal(c.count, 1);
	assert_non_null(case_last(&c)->call);
	assert_true(case_says(case_last(&c), "16 by RPC call, 0 by SYN alone"));
	case_end(&c);
}

/* An NFS client that mounts from many servers: each SYN is followed by an allowed call. */
static void the_syn_of_an_allowed_call_is_taken_back(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 64; i++) {
		syn("10.9.9.9", i, CASE_WHEN + 2 * i);
		lookup("10.9.9.9", i, CASE_WHEN + 2 * i + 1, true);
	}
	assert_int_equal(c.count, 0);
	/* What was not allowed stays counted. */
	for (i = 0; i < 16; i++) {
		syn("10.9.9.8", i, CASE_WHEN + 3 * i);
		lookup("10.9.9.8", i, CASE_WHEN + 3 * i + 1, false);
		lookup("10.9.9.8", i, CASE_WHEN + 3 * i + 2, true);
	}
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void time_that_steps_back_does_no_harm(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", ""));
	for (i = 0; i < 16; i++)
		syn("192.168.42.6", i, CASE_WHEN - i * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
	/* An old packet that comes late does not make a target older. */
	case_start(&c, ONLY_SWEEP("", ""));
	syn("192.168.42.6", 0, CASE_WHEN + 30 * CASE_SEC);
	syn("192.168.42.6", 0, CASE_WHEN - 30 * CASE_SEC);
	for (i = 1; i < 16; i++)
		syn("192.168.42.6", i, CASE_WHEN + 40 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

/* A flood of forged sources costs detail, never memory, and is counted. */
static void a_million_sources_are_bounded(void **state)
{
	struct rusage before, after;
	struct rpcs_address dst = case_address("10.0.0.2");
	uint32_t i;

	(void)state;
	case_start(&c, ONLY_SWEEP("", "limits: {sources: 10000}\n"));
	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < 1000000; i++)
		connect_flags(case_address_at("11.0.0.0", i), dst, CASE_WHEN + i, RPCS_TCP_SYN,
			      111);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(c.count, 0);
	assert_int_equal(rpcs_detect_evictions(c.detect), 1000000 - 10000);
	/* 10,000 sources seen once: no chunks, but what is known of those that went. */
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 4 << 10);
	/* It still works. */
	for (i = 0; i < 16; i++)
		syn("192.168.42.6", i, CASE_WHEN + CASE_SEC + i);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void sources_out_of_use_are_evicted_uncounted(void **state)
{
	(void)state;
	case_start(&c, ONLY_SWEEP("", "limits: {sources: 1}\n"));
	syn("192.168.42.6", 0, CASE_WHEN);
	syn("192.168.42.7", 0, CASE_WHEN + 3601 * CASE_SEC);
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	syn("192.168.42.8", 0, CASE_WHEN + 3602 * CASE_SEC);
	assert_int_equal(rpcs_detect_evictions(c.detect), 1);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifteen_hosts_are_none_and_sixteen_one),
		cmocka_unit_test(order_does_not_hide_consecutive_targets),
		cmocka_unit_test(the_window_slides),
		cmocka_unit_test(a_slow_sweep_is_seen),
		cmocka_unit_test(a_source_fires_once_in_repeat),
		cmocka_unit_test(thresholds_come_from_the_policy),
		cmocka_unit_test(only_syn_to_a_portmapper_port_counts),
		cmocka_unit_test(calls_count_and_allowed_ones_do_not),
		cmocka_unit_test(the_syn_of_an_allowed_call_is_taken_back),
		cmocka_unit_test(time_that_steps_back_does_no_harm),
		cmocka_unit_test(a_million_sources_are_bounded),
		cmocka_unit_test(sources_out_of_use_are_evicted_uncounted),
	};

	return cmocka_run_group_tests_name("detect sweep", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110063: connections that are open and silent, by source and by server. */
#include "detect_case.h"

static struct detect_case c;

static struct rpcs_tuple tuple_of(uint32_t client, uint16_t sport)
{
	return (struct rpcs_tuple){ .src = case_address_at("192.0.2.0", client),
				    .dst = case_address("10.0.0.2"),
				    .sport = sport,
				    .dport = 111,
				    .protocol = RPCS_IP_TCP };
}

static struct rpcs_tuple back(struct rpcs_tuple tuple)
{
	return (struct rpcs_tuple){ .src = tuple.dst,
				    .dst = tuple.src,
				    .sport = tuple.dport,
				    .dport = tuple.sport,
				    .protocol = RPCS_IP_TCP };
}

static void control(struct rpcs_tuple tuple, uint8_t flags, bool open, uint64_t time_ns)
{
	const struct rpcs_connection connection = { .tuple = tuple,
						    .seen = { .time_ns = time_ns, .frame = 3 },
						    .tcp_flags = flags,
						    .open = open };

	rpcs_detect_connection(c.detect, &connection, 5);
}

/* As stage 6 tells of them. */
static void handshake(struct rpcs_tuple tuple, uint64_t time_ns)
{
	control(tuple, RPCS_TCP_SYN, false, time_ns);
	control(back(tuple), RPCS_TCP_SYN | RPCS_TCP_ACK, false, time_ns);
	control(tuple, RPCS_TCP_ACK, true, time_ns);
}

static void data(struct rpcs_tuple tuple, uint64_t time_ns)
{
	const struct rpcs_sighting seen = { .time_ns = time_ns, .frame = 4 };

	rpcs_detect_data(c.detect, &tuple, &seen, true);
}

static void start(const char *settings, const char *rest)
{
	case_start(&c, case_only(RPCS_D_IDLE_CONNECTIONS, settings, rest));
}

static void sixty_four_of_a_source(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	start("", "");
	for (i = 0; i < 64; i++)
		handshake(tuple_of(1, (uint16_t)(1000 + i)), CASE_WHEN + i);
	rpcs_detect_tick(c.detect, CASE_WHEN + 62 + 30 * CASE_SEC);
	assert_int_equal(c.count, 0);
	rpcs_detect_tick(c.detect, CASE_WHEN + 63 + 30 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_IDLE_CONNECTIONS);
	assert_int_equal(alert->severity, 2);
	assert_int_equal(alert->tuple.dport, 111);
	assert_int_equal(alert->tuple.src.bytes[15], 1);
	assert_int_equal(alert->time_ns, CASE_WHEN + 63 + 30 * CASE_SEC);
	assert_true(case_says(alert, "64 established connections of this source, to portmapper "
				     "ports, silent for 30 s or more"));
	/* One more, and one less and more again: told already. */
	handshake(tuple_of(1, 2000), CASE_WHEN + 40 * CASE_SEC);
	data(tuple_of(1, 1000), CASE_WHEN + 41 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 600 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void one_below(void **state)
{
	uint32_t i;

	(void)state;
	start("", "");
	for (i = 0; i < 63; i++)
		handshake(tuple_of(1, (uint16_t)(1000 + i)), CASE_WHEN);
	/* Half-open, closed, reset by the server, of another source, none of a portmapper's. */
	control(tuple_of(1, 3000), RPCS_TCP_SYN, false, CASE_WHEN);
	handshake(tuple_of(1, 3001), CASE_WHEN);
	control(tuple_of(1, 3001), RPCS_TCP_FIN | RPCS_TCP_ACK, false, CASE_WHEN + 1);
	handshake(tuple_of(1, 3002), CASE_WHEN);
	control(back(tuple_of(1, 3002)), RPCS_TCP_RST, false, CASE_WHEN + 1);
	handshake(tuple_of(2, 3003), CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN + 31 * CASE_SEC);
	assert_int_equal(c.count, 0);
	/* A forged RST has not ended this one, and it was not there twice. */
	control(tuple_of(1, 1000), RPCS_TCP_RST, true, CASE_WHEN + 32 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 33 * CASE_SEC);
	assert_int_equal(c.count, 0);
	handshake(tuple_of(1, 4000), CASE_WHEN + 33 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 63 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void data_of_either_side_keeps_alive(void **state)
{
	uint32_t i, second;

	(void)state;
	start("connections: 2", "");
	for (i = 0; i < 4; i++)
		handshake(tuple_of(1, (uint16_t)(1000 + i)), CASE_WHEN);
	for (second = 20; second < 200; second += 20) {
		for (i = 0; i < 3; i++) {
			struct rpcs_tuple tuple = tuple_of(1, (uint16_t)(1000 + i));

			data(i == 1 ? back(tuple) : tuple, CASE_WHEN + second * CASE_SEC);
		}
		rpcs_detect_tick(c.detect, CASE_WHEN + second * CASE_SEC);
	}
	assert_int_equal(c.count, 0);
	/* One that spoke after it had counted, while another fell silent. */
	data(tuple_of(1, 1003), CASE_WHEN + 200 * CASE_SEC);
	data(tuple_of(1, 1001), CASE_WHEN + 200 * CASE_SEC);
	data(tuple_of(1, 1002), CASE_WHEN + 200 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 229 * CASE_SEC);
	assert_int_equal(c.count, 0);
	rpcs_detect_tick(c.detect, CASE_WHEN + 230 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void two_hundred_fifty_six_of_a_server(void **state)
{
	uint32_t i;

	(void)state;
	start("", "");
	for (i = 0; i < 255; i++)
		handshake(tuple_of(i % 8, (uint16_t)(1000 + i)), CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN + 30 * CASE_SEC);
	assert_int_equal(c.count, 0);
	handshake(tuple_of(9, 1), CASE_WHEN + CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 31 * CASE_SEC);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "256 established connections of this server, over all "
					     "its clients, silent for 30 s or more"));
	case_end(&c);
}

/* An end that was missed counts for an hour, and a time stamp far ahead holds nothing up. */
static void what_was_missed_does_not_stay(void **state)
{
	(void)state;
	start("connections: 3", "");
	handshake(tuple_of(1, 1000), CASE_WHEN);
	handshake(tuple_of(1, 1001), CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN + 31 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 3631 * CASE_SEC);
	handshake(tuple_of(1, 1002), CASE_WHEN + 3631 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 3700 * CASE_SEC);
	assert_int_equal(c.count, 0);
	case_end(&c);
	start("connections: 3", "");
	handshake(tuple_of(1, 1000), CASE_WHEN + 1000000 * CASE_SEC);
	handshake(tuple_of(1, 1001), CASE_WHEN);
	handshake(tuple_of(1, 1002), CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN + 30 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void a_million_connections_are_bounded(void **state)
{
	uint32_t i;

	(void)state;
	start("", "limits: {flows: 100}\n");
	for (i = 0; i < 1000000; i++) {
		handshake(tuple_of(i >> 14, (uint16_t)(i & 0x3fff)), CASE_WHEN + i * 1000000ULL);
		rpcs_detect_tick(c.detect, CASE_WHEN + i * 1000000ULL);
	}
	assert_int_equal(rpcs_detect_evictions(c.detect), 1000000 - 100);
	assert_int_equal(c.count, 0);
	rpcs_detect_tick(c.detect, CASE_WHEN + i * 1000000ULL + 30 * CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_four_of_a_source),
		cmocka_unit_test(one_below),
		cmocka_unit_test(data_of_either_side_keeps_alive),
		cmocka_unit_test(two_hundred_fifty_six_of_a_server),
		cmocka_unit_test(what_was_missed_does_not_stay),
		cmocka_unit_test(a_million_connections_are_bounded),
	};

	return cmocka_run_group_tests_name("detect idle", tests, NULL, NULL);
}

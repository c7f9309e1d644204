// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110060 and 1110061: bytes out against bytes in, and replies that nobody asked for. */
#include "detect_case.h"

static struct detect_case c;

struct exchange {
	const char *client;
	uint32_t version, procedure;
	uint32_t in, out; /* bytes; no reply if out is 0 */
	uint8_t protocol;
	uint16_t port;
};

static const struct exchange dump = {
	"192.0.2.66", 3, RPCS_PORTMAP_DUMP, 40, 1000, RPCS_IP_UDP, 111
};

static void ask(struct exchange e, uint64_t time_ns)
{
	struct rpcs_call call = case_call(e.version, e.procedure);
	struct rpcs_message reply;

	call.message.tuple.src = case_address(e.client);
	call.message.tuple.protocol = e.protocol;
	call.message.tuple.dport = e.port;
	call.message.length = e.in;
	call.message.seen.time_ns = time_ns;
	case_take_call(&c, &call);
	if (!e.out)
		return;
	reply = case_reply(&call);
	reply.length = e.out;
	reply.seen.time_ns = time_ns;
	case_take_reply(&c, &call, &reply);
}

static void start(const char *settings)
{
	case_start(&c, case_only(RPCS_D_AMPLIFICATION, settings, ""));
}

static void bytes_and_ratio(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	start("");
	for (i = 0; i < 99; i++)
		ask(dump, CASE_WHEN + i * CASE_SEC / 20);
	assert_int_equal(c.count, 0);
	ask(dump, CASE_WHEN + 5 * CASE_SEC);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_AMPLIFICATION);
	assert_int_equal(alert->severity, 1);
	/* Client to server, though a reply showed it. */
	assert_int_equal(alert->tuple.dport, 111);
	assert_true(case_says(alert, "100000 bytes out for 4000 bytes in, in 10 s: ratio 25.0 "
				     "(threshold: 7)"));
	assert_true(case_says(alert, "most bytes by DUMP of version 3"));
	assert_true(case_says(alert, "of this server with this client"));
	assert_true(case_says(alert, "may be forged"));
	for (i = 0; i < 200; i++)
		ask(dump, CASE_WHEN + 5 * CASE_SEC + i);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void below_the_ratio_or_the_window(void **state)
{
	struct exchange e = dump;
	uint32_t i;

	(void)state;
	/* 6.99 times as much, then 7. */
	for (e.out = 279; e.out <= 280; e.out++) {
		start("");
		for (i = 0; i < 400; i++)
			ask(e, CASE_WHEN + i);
		assert_int_equal(c.count, e.out == 280);
		case_end(&c);
	}
	/* Never 100,000 bytes in 10 s. */
	start("");
	for (i = 0; i < 600; i++)
		ask(dump, CASE_WHEN + i * CASE_SEC / 9);
	assert_int_equal(c.count, 0);
	case_end(&c);
	start("");
	for (i = 0; i < 600; i++)
		ask(dump, CASE_WHEN + i * CASE_SEC / 13);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void other_ways_do_not_amplify(void **state)
{
	struct exchange tcp = dump, nfs = dump;
	uint32_t i;

	(void)state;
	tcp.protocol = RPCS_IP_TCP;
	nfs.port = 2049;
	start("");
	for (i = 0; i < 500; i++) {
		ask(tcp, CASE_WHEN);
		ask(nfs, CASE_WHEN);
	}
	assert_int_equal(c.count, 0);
	case_end(&c);
	start("enabled: false");
	for (i = 0; i < 500; i++)
		ask(dump, CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* Each client gets little; all of them together get much. */
static void a_server_over_all_its_clients(void **state)
{
	struct exchange e = dump;
	char client[24];
	uint32_t i;

	(void)state;
	start("");
	for (i = 0; i < 100; i++) {
		assert_int_equal(c.count, 0);
		snprintf(client, sizeof(client), "192.0.2.%u", i);
		e.client = client;
		ask(e, CASE_WHEN + i);
	}
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "of this server with all its clients together"));
	case_end(&c);
}

/* DUMP and GETSTAT: over 1 MB at a ratio of 3. Other calls pay in to the first rule only. */
static void a_million_bytes_of_dump(void **state)
{
	struct exchange e = { "192.0.2.66", 2, RPCS_PORTMAP_DUMP, 40, 148, RPCS_IP_UDP, 111 };
	const struct exchange lookup = { "192.0.2.66", 2, 3, 56, 28, RPCS_IP_UDP, 111 };
	uint32_t i, last;

	(void)state;
	start("");
	last = 1000000 / 148;
	for (i = 0; i < last; i++) {
		ask(e, CASE_WHEN + i);
		ask(lookup, CASE_WHEN + i);
	}
	assert_int_equal(c.count, 0);
	ask(e, CASE_WHEN + i);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "1000036 bytes out for 270280 bytes in, in 10 s: "
					     "ratio 3.7 (threshold: 3), of DUMP and GETSTAT"));
	assert_true(case_says(case_last(&c), "most bytes by DUMP of version 2"));
	case_end(&c);
	start("");
	e.out = 119;
	for (i = 0; i < 10000; i++)
		ask(e, CASE_WHEN + i);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void only_calls_are_seen(void **state)
{
	struct exchange e = dump;
	uint32_t i;

	(void)state;
	e.out = 0;
	start("");
	for (i = 0; i < 146; i++)
		ask(e, CASE_WHEN + i);
	assert_int_equal(c.count, 0);
	ask(e, CASE_WHEN + i);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "100548 bytes out (estimated) for 5880 bytes in"));
	assert_true(case_says(case_last(&c), "no reply of this server was seen: bytes out are "
					     "estimated from the procedures asked for"));
	assert_true(case_says(case_last(&c), "most bytes by DUMP of version 3"));
	case_end(&c);
	/* A server that answers others does not answer this one. */
	start("");
	e.client = "192.0.2.1";
	e.out = 100;
	ask(e, CASE_WHEN);
	e = dump;
	e.out = 0;
	for (i = 0; i < 1000; i++)
		ask(e, CASE_WHEN + i);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* 1110061. */

static void unpaired(const char *victim, enum rpcs_message_place place, uint8_t protocol,
		     uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);

	reply.tuple.dst = case_address(victim);
	reply.tuple.protocol = protocol;
	reply.length = 628;
	reply.seen.time_ns = time_ns;
	rpcs_detect_message(c.detect, &reply, place == RPCS_PLACE_REPLY_UNPAIRED ? NULL : &call,
			    place, 7);
}

static void fifty_replies_that_nobody_asked_for(void **state)
{
	const struct rpcs_alert *alert;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_REFLECTION_VICTIM, "", ""));
	for (i = 0; i < 49; i++) {
		unpaired("10.0.0.9", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_UDP,
			 CASE_WHEN + i * CASE_SEC / 50);
		unpaired("10.0.0.8", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_UDP, CASE_WHEN);
	}
	for (i = 0; i < 60; i++) {
		/* To a broadcast, and to a call; and TCP, which cannot be reflected. */
		unpaired("10.0.0.9", RPCS_PLACE_REPLY_AGAIN, RPCS_IP_UDP, CASE_WHEN);
		unpaired("10.0.0.9", RPCS_PLACE_REPLY, RPCS_IP_UDP, CASE_WHEN);
		unpaired("10.0.0.9", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_TCP, CASE_WHEN);
	}
	assert_int_equal(c.count, 0);
	unpaired("10.0.0.9", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_UDP,
		 CASE_WHEN + 49 * CASE_SEC / 50);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_REFLECTION_VICTIM);
	assert_int_equal(alert->severity, 1);
	assert_int_equal(alert->tuple.src.bytes[15], 9);
	assert_int_equal(alert->tuple.dport, 111);
	assert_true(case_says(alert,
			      "50 replies that nobody was seen to ask for, 31400 bytes, in 1 s "
			      "(threshold: 50)"));
	assert_true(case_says(alert, "one of your own hosts"));
	unpaired("10.0.0.9", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_UDP, CASE_WHEN + CASE_SEC);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void fewer_replies_a_second(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_REFLECTION_VICTIM, "", ""));
	for (i = 0; i < 1000; i++)
		unpaired("10.0.0.9", RPCS_PLACE_REPLY_UNPAIRED, RPCS_IP_UDP,
			 CASE_WHEN + i * CASE_SEC / 49);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_and_ratio),
		cmocka_unit_test(below_the_ratio_or_the_window),
		cmocka_unit_test(other_ways_do_not_amplify),
		cmocka_unit_test(a_server_over_all_its_clients),
		cmocka_unit_test(a_million_bytes_of_dump),
		cmocka_unit_test(only_calls_are_seen),
		cmocka_unit_test(fifty_replies_that_nobody_asked_for),
		cmocka_unit_test(fewer_replies_a_second),
	};

	return cmocka_run_group_tests_name("detect amplify", tests, NULL, NULL);
}

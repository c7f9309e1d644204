// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Services called past the portmapper, or after it was asked. */
#include "direct_case.h"

static void calls_without_a_lookup_fire(void **state)
{
	struct rpcs_call call = service_call(390109, 7938);

	(void)state;
	start();
	expect_call(call, RPCS_D_DIRECT);
	assert_int_equal(case_last(&c)->severity, 2);
	assert_true(case_says(case_last(&c), "nsrstat (390109) version 3 procedure 5"));
	assert_true(case_says(case_last(&c), "udp port 7938"));
	assert_true(case_says(case_last(&c), "no portmapper was seen to tell"));
	assert_true(case_says(case_last(&c), "external"));
	/* Sensitive ones are told instead, as severe ones. */
	expect_call(service_call(100005, 635), RPCS_D_DIRECT_SENSITIVE);
	assert_int_equal(case_last(&c)->severity, 1);
	/* A NULL call as well: scanners find services by it. */
	call.message.procedure = 0;
	expect_call(call, RPCS_D_DIRECT);
	/* Calls to a portmapper port are others' business, whatever their program. */
	expect_call(service_call(390109, 111), RPCS_D_WRONG_PROGRAM);
	case_end(&c);
}

static void clients_from_home_are_silent(void **state)
{
	struct rpcs_call call = service_call(100005, 635);

	(void)state;
	start();
	call.message.tuple.src = case_address("10.0.0.1");
	expect_call(call, RPCS_D__MAX);
	call.message.tuple.src = case_address("127.0.0.1");
	/* `home` was set, and does not say so. */
	expect_call(call, RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

static void allowed_calls_are_silent(void **state)
{
	struct rpcs_call call = service_call(100005, 635);

	(void)state;
	start();
	call.allowed = true;
	expect_call(call, RPCS_D__MAX);
	case_end(&c);
}

static void nfs_is_at_home_at_its_port(void **state)
{
	(void)state;
	start();
	expect_call(service_call(100003, 2049), RPCS_D__MAX);
	expect_call(service_call(100227, 2049), RPCS_D__MAX);
	expect_call(service_call(100003, 2050), RPCS_D_DIRECT_SENSITIVE);
	expect_call(service_call(100227, 2050), RPCS_D_DIRECT);
	expect_call(service_call(100005, 2049), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
	case_start(&c, CASE_EACH "detections:\n"
				 "  rpc-direct: {ok: [{program: 390109, port: 7938}]}\n");
	expect_call(service_call(390109, 7938), RPCS_D__MAX);
	expect_call(service_call(100003, 2049), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

static void a_live_sensor_learns_first(void **state)
{
	struct rpcs_call call = service_call(100005, 635);

	(void)state;
	start();
	rpcs_detect_set_live(c.detect, CASE_WHEN);
	expect_call(call, RPCS_D__MAX);
	expect_call(later(call, HOUR - 1), RPCS_D__MAX);
	expect_call(later(call, HOUR), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
	case_start(&c, CASE_EACH "detections:\n  rpc-direct: {learn: 0s}\n");
	rpcs_detect_set_live(c.detect, CASE_WHEN);
	expect_call(call, RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

static void one_switched_off_gives_no_other(void **state)
{
	(void)state;
	case_start(&c, CASE_EACH "detections:\n  rpc-direct-sensitive: {enabled: false}\n");
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	expect_call(service_call(390109, 635), RPCS_D_DIRECT);
	case_end(&c);
}

static void the_portmapper_elsewhere_fires(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_NULL);

	(void)state;
	call.allowed = true; /* nothing silences it */
	call.message.tuple.src = case_address("10.0.0.1");
	call.message.tuple.dport = 32776;
	case_expect(CASE_EACH, call, RPCS_D_ALT_PORT);
	case_expect("sensor: {ports: [111, 32776]}\n", call, RPCS_D__MAX);
	call.message.tuple.dport = 111;
	case_expect(CASE_EACH, call, RPCS_D__MAX);
	call.message.tuple.dport = 32776;
	call.message.program = 100001;
	case_expect(CASE_EACH, call, RPCS_D__MAX);
	/* From outside it is a direct call as well. */
	call = case_call(2, RPCS_PORTMAP_GETTIME);
	call.message.tuple.dport = 32776;
	case_start(&c, CASE_EACH);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 2);
	assert_int_equal(case_count(&c, RPCS_D_ALT_PORT), 1);
	assert_int_equal(case_count(&c, RPCS_D_DIRECT), 1);
	assert_true(case_says(&c.alerts[1], "at udp port 32776"));
	case_end(&c);
}

static void lookups_are_linked_to_their_calls(void **state)
{
	struct rpcs_call call = later(service_call(100005, 635), 12 * CASE_SEC);
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_EACH);
	look_up(100005, 635);
	call.allowed = true; /* nothing silences it */
	expect_call(call, RPCS_D_LOOKUP_THEN_CALL);
	alert = case_last(&c);
	assert_int_equal(alert->severity, 4);
	assert_true(
		case_says(alert, "called mountd (100005) version 3 procedure 5 at udp port 635"));
	assert_true(case_says(alert,
			      "11.998 s before, the portmapper at port 111 told it this port "
			      "for mountd (100005) (XID 0x00001234)"));
	assert_false(case_says(alert, "another program"));
	/* Once for each lookup. */
	expect_call(later(call, CASE_SEC), RPCS_D__MAX);
	look_up(100003, 635);
	expect_call(later(call, CASE_SEC), RPCS_D_LOOKUP_THEN_CALL);
	assert_true(case_says(case_last(&c), "another program"));
	case_end(&c);
}

static void links_end_with_the_window(void **state)
{
	struct rpcs_call call = service_call(100005, 635);

	(void)state;
	call.message.tuple.src = case_address("192.0.2.66");
	call.allowed = true;
	case_start(&c, CASE_EACH);
	look_up(100005, 635); /* answered 2 ms later */
	expect_call(later(call, 120 * CASE_SEC + 2000000), RPCS_D_LOOKUP_THEN_CALL);
	look_up(100005, 635);
	expect_call(later(call, 120 * CASE_SEC + 2000001), RPCS_D__MAX);
	case_end(&c);
	case_start(&c, CASE_EACH "detections:\n  lookup-then-call: {window: 1s}\n");
	look_up(100005, 635);
	expect_call(later(call, 2 * CASE_SEC), RPCS_D__MAX);
	case_end(&c);
}

/* A list is no lookup, a second answer no second lookup, the portmapper's port no service. */
static void other_answers_are_not_linked(void **state)
{
	static const struct rpcs_mapping mappings[] = { { .protocol = 17, .port = 635 } };
	struct rpcs_call dump = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_call lookup = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	struct rpcs_call call = later(service_call(100005, 636), CASE_SEC), null;
	struct rpcs_message reply = case_reply(&dump);

	(void)state;
	case_start(&c, CASE_EACH);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_MAPPINGS, .has = 1, .mappings = mappings, .mappings_kept = 1
	};
	take_reply(&dump, &reply);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	look_up(100005, 636);
	expect_call(call, RPCS_D_LOOKUP_THEN_CALL);
	reply = case_reply_port(&lookup, 636);
	rpcs_detect_message(c.detect, &reply, &lookup, RPCS_PLACE_REPLY_AGAIN, 99);
	expect_call(call, RPCS_D__MAX);
	look_up(RPCS_PORTMAP_PROGRAM, 111);
	null = case_call(2, RPCS_PORTMAP_NULL);
	expect_call(null, RPCS_D__MAX);
	case_end(&c);
}

/* The outcome follows, with the link in it. */
static void links_are_updated(void **state)
{
	struct rpcs_call call = later(service_call(100005, 635), CASE_SEC);
	struct rpcs_message reply;

	(void)state;
	case_start(&c, CASE_EACH);
	look_up(100005, 635);
	take_call(&call);
	assert_int_equal(c.count, 1);
	reply = case_reply(&call);
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, 2);
	assert_true(case_last(&c)->update);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(case_says(case_last(&c), "told it this port"));
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_without_a_lookup_fire),
		cmocka_unit_test(clients_from_home_are_silent),
		cmocka_unit_test(allowed_calls_are_silent),
		cmocka_unit_test(nfs_is_at_home_at_its_port),
		cmocka_unit_test(a_live_sensor_learns_first),
		cmocka_unit_test(one_switched_off_gives_no_other),
		cmocka_unit_test(the_portmapper_elsewhere_fires),
		cmocka_unit_test(lookups_are_linked_to_their_calls),
		cmocka_unit_test(links_end_with_the_window),
		cmocka_unit_test(other_answers_are_not_linked),
		cmocka_unit_test(links_are_updated),
	};

	return cmocka_run_group_tests_name("detect direct", tests, NULL, NULL);
}

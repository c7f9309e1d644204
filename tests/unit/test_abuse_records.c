// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What stage 6 tells of marks and bytes, and messages that break the form. */
#include "abuse_case.h"

static struct rpcs_oddity odd(enum rpcs_oddity_kind kind, uint32_t length)
{
	struct rpcs_call call = case_call(2, 0);

	return (struct rpcs_oddity){
		.kind = kind,
		.tuple = call.message.tuple,
		.seen = call.message.seen,
		.length = length,
		.fragments = 1,
		.what = "no RPC",
		.portmapper = true,
	};
}

/* The one alert of an oddity. */
static const struct rpcs_alert *alert_of(const struct rpcs_oddity *oddity,
					 enum rpcs_detection_id id)
{
	case_start(&c, CASE_HOME);
	rpcs_detect_oddity(c.detect, oddity, 99);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.alerts[0].detection, id);
	assert_int_equal(c.alerts[0].flow_id, 99);
	assert_int_equal(c.alerts[0].frame, 7);
	assert_int_equal(c.alerts[0].tuple.dport, 111);
	return &c.alerts[0];
}

static void each_kind_has_its_alert(void **state)
{
	static const struct {
		enum rpcs_oddity_kind kind;
		enum rpcs_detection_id id;
		uint8_t severity;
		const char *says;
	} kinds[] = {
		{ RPCS_ODDITY_TINY_FRAGMENT, RPCS_D_TINY_FRAGMENT, 1, "fragment of 23 bytes" },
		{ RPCS_ODDITY_FRAGMENTED_RECORD, RPCS_D_FRAGMENTED_RECORD, 2, "call of 23 bytes" },
		{ RPCS_ODDITY_ZERO_FRAGMENT, RPCS_D_ZERO_FRAGMENT, 1, "without bytes" },
		{ RPCS_ODDITY_HUGE_RECORD, RPCS_D_HUGE_RECORD, 1, "over 65536" },
		{ RPCS_ODDITY_JUNK, RPCS_D_JUNK, 3, "23 bytes: no RPC" },
	};
	const struct rpcs_alert *alert;
	struct rpcs_oddity oddity;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		oddity = odd(kinds[i].kind, 23);
		alert = alert_of(&oddity, kinds[i].id);
		assert_int_equal(alert->severity, kinds[i].severity);
		assert_true(case_says(alert, kinds[i].says));
		assert_true(case_says(alert, "sent by the client"));
		assert_true(case_says(alert, "the client is external"));
		case_end(&c);
	}
}

/* Client to server, whoever sent it. */
static void from_the_server(void **state)
{
	struct rpcs_oddity oddity = odd(RPCS_ODDITY_ZERO_FRAGMENT, 0);

	(void)state;
	oddity.tuple.sport = 111;
	oddity.tuple.dport = 40000;
	oddity.from_server = true;
	assert_true(case_says(alert_of(&oddity, RPCS_D_ZERO_FRAGMENT), "sent by the server"));
	case_end(&c);
}

static void zero_elsewhere_is_a_note(void **state)
{
	struct rpcs_oddity oddity = odd(RPCS_ODDITY_ZERO_FRAGMENT, 0);

	(void)state;
	oddity.portmapper = false;
	assert_int_equal(alert_of(&oddity, RPCS_D_ZERO_FRAGMENT)->severity, 4);
	case_end(&c);
	case_start(&c, "detections:\n  rpc-zero-fragment: {severity: 2}\n");
	rpcs_detect_oddity(c.detect, &oddity, 99);
	assert_int_equal(case_last(&c)->severity, 2);
	case_end(&c);
}

static void huge_elsewhere_names_its_limit(void **state)
{
	struct rpcs_oddity oddity = odd(RPCS_ODDITY_HUGE_RECORD, 5000000);

	(void)state;
	oddity.portmapper = false;
	assert_true(case_says(alert_of(&oddity, RPCS_D_HUGE_RECORD), "over 4259840 none"));
	case_end(&c);
}

static void junk_is_a_portmappers(void **state)
{
	struct rpcs_oddity oddity = odd(RPCS_ODDITY_JUNK, 9);

	(void)state;
	oddity.portmapper = false;
	case_start(&c, CASE_HOME);
	rpcs_detect_oddity(c.detect, &oddity, 99);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void switched_off(void **state)
{
	struct rpcs_oddity oddity = odd(RPCS_ODDITY_TINY_FRAGMENT, 3);

	(void)state;
	case_start(&c, "detections:\n  rpc-tiny-fragment: {enabled: false}\n");
	rpcs_detect_oddity(c.detect, &oddity, 99);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* Messages that can be read, and yet are none. */
static void another_rpc_version(void **state)
{
	struct rpcs_call call = case_call(2, 4);

	(void)state;
	call.message.length = 40;
	EXPECT_CALL(call, RPCS_D_JUNK, 0);
	call.message.rpc_version = 3;
	assert_int_equal(abuse_of_call(&call, RPCS_D_JUNK), 1);
	assert_true(case_says(abuse_last(RPCS_D_JUNK), "RPC version 3"));
	assert_int_equal(call.alert_count, 1);
	case_end(&c);
}

static void an_odd_length(void **state)
{
	struct rpcs_call call = case_call(2, 4);
	struct rpcs_message reply;
	uint32_t len;

	(void)state;
	for (len = 41; len < 44; len++) {
		call.message.length = len;
		EXPECT_CALL(call, RPCS_D_JUNK, 1);
	}
	call.message.length = 44;
	EXPECT_CALL(call, RPCS_D_JUNK, 0);
	reply = case_reply(&call);
	EXPECT_REPLY(&call, &reply, RPCS_D_JUNK, 0);
	reply.length = 30;
	EXPECT_REPLY(&call, &reply, RPCS_D_JUNK, 1);
	EXPECT_REPLY(NULL, &reply, RPCS_D_JUNK, 1);
	/* On another port nobody judges it. */
	call.message.length = 41;
	call.message.program = 100005;
	call.message.tuple.dport = 635;
	EXPECT_CALL(call, RPCS_D_JUNK, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_alert),
		cmocka_unit_test(from_the_server),
		cmocka_unit_test(zero_elsewhere_is_a_note),
		cmocka_unit_test(huge_elsewhere_names_its_limit),
		cmocka_unit_test(junk_is_a_portmappers),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(another_rpc_version),
		cmocka_unit_test(an_odd_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

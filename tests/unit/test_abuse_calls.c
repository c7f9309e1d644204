// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that no client makes: role, program, procedure, verifier, SET and DUMP in a row. */
#include "abuse_case.h"

static struct rpcs_call null_call(uint32_t version, uint32_t procedure)
{
	return case_call(version, procedure);
}

static void a_call_from_the_server(void **state)
{
	struct rpcs_call call = null_call(2, 0), turned;
	const struct rpcs_alert *alert;

	(void)state;
	EXPECT_CALL(call, RPCS_D_ROLE, 0);
	turned = call;
	turned.message.tuple.sport = 111;
	EXPECT_CALL(turned, RPCS_D_ROLE, 0); /* between two portmapper ports nobody can tell */
	turned.message.tuple.dport = 40000;
	assert_int_equal(abuse_of_call(&turned, RPCS_D_ROLE), 1);
	alert = abuse_last(RPCS_D_ROLE);
	assert_int_equal(alert->severity, 3);
	/* Client to server: the port says who is the server. */
	assert_int_equal(alert->tuple.dport, 111);
	assert_true(rpcs_address_equal(&alert->tuple.dst, &turned.message.tuple.src));
	assert_true(case_says(alert, "sent by the server"));
	case_end(&c);
	turned.message.tuple.sport = 2049; /* 1110032 has a word on that */
	assert_int_equal(abuse_of_call(&turned, RPCS_D_ROLE), 0);
	case_end(&c);
}

static void a_reply_from_the_client(void **state)
{
	struct rpcs_call call = null_call(2, 0);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	EXPECT_REPLY(&call, &reply, RPCS_D_ROLE, 0);
	EXPECT_REPLY(NULL, &reply, RPCS_D_ROLE, 0);
	reply.tuple = call.message.tuple;
	assert_int_equal(abuse_of_reply(NULL, &reply, RPCS_D_ROLE), 1);
	assert_int_equal(abuse_last(RPCS_D_ROLE)->tuple.dport, 111);
	assert_true(case_says(abuse_last(RPCS_D_ROLE), "sent by the client"));
	case_end(&c);
}

static void another_program(void **state)
{
	struct rpcs_call call = null_call(3, 0);

	(void)state;
	EXPECT_CALL(call, RPCS_D_WRONG_PROGRAM, 0);
	call.message.program = 100003;
	assert_int_equal(abuse_of_call(&call, RPCS_D_WRONG_PROGRAM), 1);
	assert_int_equal(abuse_last(RPCS_D_WRONG_PROGRAM)->severity, 2);
	assert_true(case_says(abuse_last(RPCS_D_WRONG_PROGRAM), "nfs (100003)"));
	assert_true(case_says(abuse_last(RPCS_D_WRONG_PROGRAM), "RFC 1833"));
	case_end(&c);
	/* What the client asks for does not count, nor does another port. */
	call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	EXPECT_CALL(call, RPCS_D_WRONG_PROGRAM, 0);
	call.message.program = 100003;
	call.message.tuple.dport = 2049;
	EXPECT_CALL(call, RPCS_D_WRONG_PROGRAM, 0);
}

static void a_procedure_of_no_version(void **state)
{
	static const uint32_t last[] = { [2] = 5, [3] = 8, [4] = 12 };
	uint32_t version;

	(void)state;
	for (version = 2; version <= 4; version++) {
		EXPECT_CALL(null_call(version, 0), RPCS_D_UNKNOWN_PROCEDURE, 0);
		EXPECT_CALL(null_call(version, last[version]), RPCS_D_UNKNOWN_PROCEDURE, 0);
		EXPECT_CALL(null_call(version, last[version] + 1), RPCS_D_UNKNOWN_PROCEDURE, 1);
		EXPECT_CALL(null_call(version, UINT32_MAX), RPCS_D_UNKNOWN_PROCEDURE, 1);
	}
	EXPECT_CALL(null_call(1, 0), RPCS_D_UNKNOWN_PROCEDURE, 1);
	EXPECT_CALL(null_call(5, 0), RPCS_D_UNKNOWN_PROCEDURE, 1);
	EXPECT_CALL(null_call(UINT32_MAX, 3), RPCS_D_UNKNOWN_PROCEDURE, 1);
}

/* The outcome follows the alert, as with every call's. */
static void an_outcome_follows(void **state)
{
	struct rpcs_call call = null_call(2, 77);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	assert_int_equal(abuse_of_call(&call, RPCS_D_UNKNOWN_PROCEDURE), 1);
	assert_int_equal(call.alert_count, 1);
	reply.stat = RPCS_ACCEPT_PROC_UNAVAIL;
	call.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, 2);
	assert_true(case_last(&c)->update);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_PROC_UNAVAIL);
	assert_int_equal(case_last(&c)->id_low, c.alerts[0].id_low);
	assert_true(case_says(case_last(&c), "procedure 77"));
	case_end(&c);
}

/* A rule that waits for the outcome holds the policy's alerts, not these. */
static void held_calls_too(void **state)
{
	struct rpcs_call call = null_call(2, 77);

	(void)state;
	call.held = true;
	assert_int_equal(abuse_of_call(&call, RPCS_D_UNKNOWN_PROCEDURE), 1);
	case_end(&c);
}

/* Switched off is off, and a severity of the site's own holds. */
static void settings_hold(void **state)
{
	struct rpcs_call call = null_call(2, 77);

	(void)state;
	case_start(&c, "detections:\n  portmap-unknown-procedure: {enabled: false}\n");
	abuse_see(&call);
	assert_int_equal(c.count, 0);
	case_end(&c);
	case_start(&c, "detections:\n  portmap-unknown-procedure: {severity: 1}\n");
	abuse_see(&call);
	assert_int_equal(case_last(&c)->severity, 1);
	case_end(&c);
}

static void a_verifier(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	const struct rpcs_alert *alert;

	(void)state;
	EXPECT_CALL(call, RPCS_D_GSS_VERIFIER, 0);
	call.message.auth.flavor = RPCS_AUTH_SYS;
	call.message.auth.len = 84;
	EXPECT_CALL(call, RPCS_D_GSS_VERIFIER, 0);
	call.message.verf_len = 4;
	assert_int_equal(abuse_of_call(&call, RPCS_D_GSS_VERIFIER), 1);
	alert = abuse_last(RPCS_D_GSS_VERIFIER);
	assert_int_equal(alert->severity, 1);
	assert_true(case_says(alert, "a verifier of flavor 0, 4 bytes"));
	assert_true(case_says(alert, "CVE-2022-24497"));
	case_end(&c);
	call.message.verf_len = 0;
	call.message.verf_flavor = RPCS_AUTH_GSS;
	EXPECT_CALL(call, RPCS_D_GSS_VERIFIER, 1);
	call.message.verf_flavor = RPCS_AUTH_NONE;
	call.message.auth.flavor = RPCS_AUTH_GSS;
	EXPECT_CALL(call, RPCS_D_GSS_VERIFIER, 1);
	/* Other programs do use it. */
	call.message.program = 100003;
	call.message.tuple.dport = 2049;
	call.message.portmap = (struct rpcs_portmap){ 0 };
	EXPECT_CALL(call, RPCS_D_GSS_VERIFIER, 0);
}

/* A repetition is the same call by its arguments; what it adds is told once more. */
static void a_verifier_in_a_repetition(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	struct rpcs_message again = call.message;

	(void)state;
	case_start(&c, CASE_HOME);
	abuse_see(&call);
	rpcs_detect_message(c.detect, &again, &call, RPCS_PLACE_CALL_AGAIN, 99);
	assert_int_equal(c.count, 0);
	again.verf_len = 400;
	again.seen.frame = 8;
	rpcs_detect_message(c.detect, &again, &call, RPCS_PLACE_CALL_AGAIN, 99);
	assert_int_equal(c.count, 1);
	assert_int_equal(case_last(&c)->detection, RPCS_D_GSS_VERIFIER);
	assert_int_equal(case_last(&c)->frame, 8);
	assert_int_equal(call.alert_count, 0);
	case_end(&c);
	/* Nor is one told again that the first had. */
	call.message.verf_len = 400;
	case_start(&c, CASE_HOME);
	abuse_see(&call);
	rpcs_detect_message(c.detect, &call.message, &call, RPCS_PLACE_CALL_AGAIN, 99);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void see_at(uint32_t procedure, const char *client, uint16_t flags, uint64_t after_ns)
{
	struct rpcs_call call = procedure == RPCS_PORTMAP_SET ? case_mapping(procedure, 390109, 9)
							      : case_call(2, procedure);

	call.message.tuple.src = case_address(client);
	call.message.seen.flags = flags;
	call.message.seen.time_ns += after_ns;
	abuse_see(&call);
}

static uint32_t pairs(uint32_t first, uint32_t second, const char *client, uint16_t flags,
		      uint64_t after_ns)
{
	uint32_t count;

	case_start(&c, CASE_HOME);
	see_at(first, "192.0.2.66", 0, 0);
	see_at(second, client, flags, after_ns);
	count = case_count(&c, RPCS_D_SET_DUMP_PAIR);
	case_end(&c);
	return count;
}

static void set_and_dump(void **state)
{
	const uint32_t set = RPCS_PORTMAP_SET, dump = RPCS_PORTMAP_DUMP;
	const char *client = "192.0.2.66";

	(void)state;
	assert_int_equal(pairs(set, dump, client, 0, CASE_SEC), 1);
	assert_int_equal(pairs(dump, set, client, 0, CASE_SEC), 1);
	assert_int_equal(pairs(set, dump, client, 0, 180 * CASE_SEC), 1);
	assert_int_equal(pairs(set, dump, client, 0, 180 * CASE_SEC + 1), 0);
	assert_int_equal(pairs(set, set, client, 0, CASE_SEC), 0);
	assert_int_equal(pairs(dump, dump, client, 0, CASE_SEC), 0);
	assert_int_equal(pairs(set, RPCS_PORTMAP_UNSET, client, 0, CASE_SEC), 0);
	assert_int_equal(pairs(set, dump, "192.0.2.67", 0, CASE_SEC), 0);
	assert_int_equal(pairs(set, dump, client, RPCS_F_LOCAL, CASE_SEC), 0);
	assert_int_equal(pairs(dump, set, client, RPCS_F_LOCAL, CASE_SEC), 0);
}

static void set_and_dump_say_so(void **state)
{
	(void)state;
	case_start(&c, CASE_HOME);
	see_at(RPCS_PORTMAP_SET, "192.0.2.66", 0, 0);
	see_at(RPCS_PORTMAP_DUMP, "192.0.2.66", 0, 2500000000ULL);
	assert_true(case_says(abuse_last(RPCS_D_SET_DUMP_PAIR), "DUMP, and SET 2.500 s before"));
	assert_int_equal(abuse_last(RPCS_D_SET_DUMP_PAIR)->severity, 1);
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_from_the_server),
		cmocka_unit_test(a_reply_from_the_client),
		cmocka_unit_test(another_program),
		cmocka_unit_test(a_procedure_of_no_version),
		cmocka_unit_test(an_outcome_follows),
		cmocka_unit_test(held_calls_too),
		cmocka_unit_test(settings_hold),
		cmocka_unit_test(a_verifier),
		cmocka_unit_test(a_verifier_in_a_repetition),
		cmocka_unit_test(set_and_dump),
		cmocka_unit_test(set_and_dump_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What calls to services carry: oversized strings, mounts from outside, forged root. */
#include "detect_case.h"

static struct detect_case c;

/* From home, so that no other detection of services fires. */
static struct rpcs_call home_call(uint32_t program, uint32_t procedure)
{
	struct rpcs_call call = case_call(1, procedure);

	call.message.program = program;
	call.message.tuple.src = case_address("10.0.0.1");
	call.message.tuple.dport = 2049;
	return call;
}

/* NFS at its own port from outside needs no lookup. */
static struct rpcs_call external_call(void)
{
	struct rpcs_call call = home_call(RPCS_NFS_PROGRAM, 1);

	call.message.tuple.src = case_address("192.0.2.66");
	return call;
}

static void long_strings_fire(void **state)
{
	struct rpcs_call call = home_call(RPCS_STATUS_PROGRAM, 2);

	(void)state;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.service = (struct rpcs_service_args){
		.text = case_text("^X\xf7\xff\xbf%8x%8x%n"),
		.over = "monitored host's name",
		.length = 1020,
		.limit = 100,
	};
	case_expect(CASE_HOME, call, RPCS_D_OVERSIZED_ARGS);
	call.allowed = true; /* nothing silences it */
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->severity, 1);
	assert_true(case_says(case_last(&c), "monitored host's name of 1020 bytes; old servers had "
					     "room for 100"));
	assert_true(case_says(case_last(&c), "status (100024) version 1 procedure 2"));
	assert_true(case_says(case_last(&c), "its first string: \"^X\\xf7\\xff\\xbf%8x%8x%n\""));
	case_end(&c);
}

/* MNT of /export. */
static struct rpcs_call mount_call(void)
{
	struct rpcs_call call = home_call(RPCS_MOUNT_PROGRAM, 1);

	call.message.tuple.src = case_address("192.0.2.66");
	call.message.service.text = case_text("/export");
	return call;
}

#define NO_DIRECT CASE_HOME "detections:\n  rpc-direct-sensitive: {enabled: false}\n"

static void mounts_from_outside_fire(void **state)
{
	struct rpcs_call call = mount_call();

	(void)state;
	case_expect(NO_DIRECT, call, RPCS_D_MOUNT_EXTERNAL);
	call.message.procedure = 3; /* UMNT */
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
	call.message.procedure = 5; /* EXPORT: showmount -e */
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
	call = mount_call();
	call.message.program = RPCS_NLM_PROGRAM;
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
	call = mount_call();
	call.allowed = true;
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
	call = mount_call();
	call.message.tuple.src = case_address("10.0.0.1");
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
	call.message.tuple.src = case_address("::ffff:10.0.0.1");
	case_expect(NO_DIRECT, call, RPCS_D__MAX);
}

/* The outcome of a mount whose results begin with these bytes. */
static const struct rpcs_alert *mount_outcome(struct rpcs_call call, const uint8_t *body,
					      uint32_t available)
{
	struct rpcs_message reply = case_reply(&call);

	reply.body = body;
	reply.body_len = 52;
	reply.body_available = available;
	case_start(&c, NO_DIRECT);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 1);
	assert_int_equal(case_last(&c)->severity, 2);
	assert_true(case_says(case_last(&c), "asked to mount \"/export\""));
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, 2);
	assert_true(case_last(&c)->update);
	assert_true(case_says(case_last(&c), "asked to mount \"/export\""));
	return case_last(&c);
}

static void a_mount_that_works_is_severe(void **state)
{
	static const uint8_t done[4] = { 0 };
	const struct rpcs_alert *alert = mount_outcome(mount_call(), done, 4);

	(void)state;
	assert_int_equal(alert->outcome, RPCS_OUTCOME_SUCCESS);
	assert_int_equal(alert->severity, 1);
	assert_true(alert->raised);
	case_end(&c);
}

static void a_mount_that_is_refused_is_none(void **state)
{
	static const uint8_t access[4] = { 0, 0, 0, 13 }, none[4] = { 0, 0, 0, 2 };
	const struct rpcs_alert *alert = mount_outcome(mount_call(), access, 4);

	(void)state;
	assert_int_equal(alert->outcome, RPCS_OUTCOME_DENIED);
	assert_int_equal(alert->severity, 2);
	assert_false(alert->raised);
	assert_true(case_says(alert, "status 13 (not exported to this client): nothing mounted"));
	case_end(&c);
	alert = mount_outcome(mount_call(), none, 4);
	assert_true(case_says(alert, "status 2 (no such directory)"));
	case_end(&c);
}

/* Cut by the capture, or wrapped by RPCSEC_GSS: nobody knows. */
static void a_status_that_cannot_be_read_raises_nothing(void **state)
{
	static const uint8_t bytes[4] = { 0, 0, 0, 13 };
	struct rpcs_call call = mount_call();
	const struct rpcs_alert *alert = mount_outcome(call, bytes, 3);
	struct rpcs_message reply;

	(void)state;
	assert_int_equal(alert->outcome, RPCS_OUTCOME_SUCCESS);
	assert_int_equal(alert->severity, 2);
	case_end(&c);
	call.message.auth.flavor = RPCS_AUTH_GSS;
	reply = case_reply(&call);
	reply.verf_flavor = RPCS_AUTH_GSS;
	reply.body = bytes;
	reply.body_len = reply.body_available = 4;
	case_start(&c, NO_DIRECT);
	rpcs_detect_call(c.detect, &call);
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_SUCCESS);
	assert_int_equal(case_last(&c)->severity, 2);
	case_end(&c);
}

static void forged_root_fires(void **state)
{
	struct rpcs_call call = external_call();

	(void)state;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
						.sys = true,
						.machine = case_text("localhost") };
	case_expect(CASE_HOME, call, RPCS_D_FORGED_ROOT);
	call.message.auth.machine = case_text("client7");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.auth.stamp_zero = true;
	case_expect(CASE_HOME, call, RPCS_D_FORGED_ROOT);
	call.message.auth.uid = 1000;
	call.message.auth.machine = case_text("localhost");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.auth.uid = 0;
	case_expect(CASE_HOME, call, RPCS_D_FORGED_ROOT);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.allowed = false;
	call.message.tuple.src = case_address("10.0.0.1");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
}

static void only_the_whole_name_is_localhost(void **state)
{
	struct rpcs_call call = external_call();

	(void)state;
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
						.sys = true,
						.machine = case_text("localhost7") };
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.message.auth.machine = case_text("localhos");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	/* A body that does not parse has no fields. */
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS, .malformed = true };
	case_expect(CASE_HOME, call, RPCS_D__MAX);
}

static void evidence_says_what_is_forged(void **state)
{
	struct rpcs_call call = external_call();
	const struct rpcs_alert *alert;

	(void)state;
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
						.sys = true,
						.stamp_zero = true,
						.machine = case_text("localhost") };
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	alert = case_last(&c);
	assert_int_equal(alert->severity, 2);
	assert_true(case_says(alert, "root on \"localhost\""));
	assert_true(case_says(alert, "stamp 0"));
	assert_true(case_says(alert, "called nfs (100003) version 1 procedure 1 at udp port 2049"));
	assert_true(case_says(alert, "claims uid 0, gid 0 on machine \"localhost\""));
	case_end(&c);
	/* At the portmapper as well. */
	call = case_call(2, RPCS_PORTMAP_NULL);
	call.message.auth = (struct rpcs_auth){ .flavor = RPCS_AUTH_SYS,
						.sys = true,
						.machine = case_text("localhost") };
	case_expect(CASE_HOME, call, RPCS_D_FORGED_ROOT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_strings_fire),
		cmocka_unit_test(mounts_from_outside_fire),
		cmocka_unit_test(a_mount_that_works_is_severe),
		cmocka_unit_test(a_mount_that_is_refused_is_none),
		cmocka_unit_test(a_status_that_cannot_be_read_raises_nothing),
		cmocka_unit_test(forged_root_fires),
		cmocka_unit_test(only_the_whole_name_is_localhost),
		cmocka_unit_test(evidence_says_what_is_forged),
	};

	return cmocka_run_group_tests_name("detect service", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What becomes of a call: updates, raised severities, and who refuses how. */
#include "detect_case.h"

/* One call with its reply (NULL: it timed out): the call's alert, then the rest. */
static struct detect_case *run(const char *yaml, struct rpcs_call *call,
			       const struct rpcs_message *reply)
{
	static struct detect_case c;

	if (c.detect)
		case_end(&c);
	if (!yaml)
		return NULL;
	case_start(&c, yaml);
	rpcs_detect_call(c.detect, call);
	call->status = reply ? RPCS_STATUS_ANSWERED : RPCS_STATUS_TIMEOUT;
	rpcs_detect_outcome(c.detect, call, reply);
	return &c;
}

static void expect_update(const struct detect_case *c, enum rpcs_outcome outcome,
			  const char *evidence)
{
	const struct rpcs_alert *first = &c->alerts[0], *update = &c->alerts[1];

	assert_int_equal(c->count, 2);
	assert_true(update->update);
	assert_false(update->raised);
	assert_int_equal(update->outcome, outcome);
	assert_int_equal(update->detection, first->detection);
	assert_int_equal(update->id_high, first->id_high);
	assert_int_equal(update->id_low, first->id_low);
	assert_int_equal(update->severity, first->severity);
	if (!case_says(update, evidence))
		fail_msg("no \"%s\" in \"%s\"", evidence, update->evidence[0]);
}

static void failures_are_told(void **state)
{
	static const struct {
		uint32_t reply_stat, stat;
		enum rpcs_outcome outcome;
	} cases[] = {
		{ RPCS_REPLY_ACCEPTED, 1, RPCS_OUTCOME_PROG_UNAVAIL },
		{ RPCS_REPLY_ACCEPTED, 2, RPCS_OUTCOME_PROG_MISMATCH },
		{ RPCS_REPLY_ACCEPTED, 3, RPCS_OUTCOME_PROC_UNAVAIL },
		{ RPCS_REPLY_ACCEPTED, 4, RPCS_OUTCOME_GARBAGE_ARGS },
		{ RPCS_REPLY_ACCEPTED, 5, RPCS_OUTCOME_SYSTEM_ERR },
		{ RPCS_REPLY_DENIED, 0, RPCS_OUTCOME_RPC_MISMATCH },
		{ RPCS_REPLY_DENIED, 1, RPCS_OUTCOME_DENIED },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_call call = case_call(4, RPCS_PORTMAP_DUMP);
		struct rpcs_message reply = case_reply(&call);

		reply.reply_stat = cases[i].reply_stat;
		reply.stat = cases[i].stat;
		expect_update(run(CASE_HOME, &call, &reply), cases[i].outcome, "");
	}
}

static void an_unknown_status_tells_nothing(void **state)
{
	struct rpcs_call call = case_call(4, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	reply.stat = 77;
	assert_int_equal(run(CASE_HOME, &call, &reply)->count, 1);
	call = case_call(4, RPCS_PORTMAP_DUMP);
	reply.stat = 0;
	reply.reply_has = 1; /* cut before the status */
	assert_int_equal(run(CASE_HOME, &call, &reply)->count, 1);
}

static void a_run_that_ends_is_no_timeout(void **state)
{
	static struct detect_case c;
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	call.status = RPCS_STATUS_PENDING;
	rpcs_detect_outcome(c.detect, &call, NULL);
	call.status = RPCS_STATUS_UNKNOWN;
	rpcs_detect_outcome(c.detect, &call, NULL);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void refusals_name_the_software(void **state)
{
	static const struct {
		uint32_t procedure, auth_stat;
		const char *evidence;
	} cases[] = {
		{ RPCS_PORTMAP_DUMP, 5, "Linux and BSD rpcbind" },
		{ RPCS_PORTMAP_SET, 5, "rpcbind refuse SET and UNSET that are not local" },
		{ RPCS_PORTMAP_CALLIT, 5, "relay to this target" },
		{ RPCS_PORTMAP_DUMP, 7, "Solaris and illumos rpcbind and IRIX" },
		{ RPCS_PORTMAP_UNSET, 7, "Solaris and illumos rpcbind refuse" },
		{ RPCS_PORTMAP_SET, 2, "Windows" },
		{ RPCS_PORTMAP_DUMP, 2, "AUTH_ERROR 2 (rejected credential)" },
		{ RPCS_PORTMAP_DUMP, 99, "AUTH_ERROR 99" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_call call = case_mapping(cases[i].procedure, 100003, 2049);
		struct rpcs_message reply = case_reply(&call);

		reply.reply_stat = RPCS_REPLY_DENIED;
		reply.stat = RPCS_REJECT_AUTH_ERROR;
		reply.has_auth_stat = true;
		reply.auth_stat = cases[i].auth_stat;
		expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_DENIED,
			      cases[i].evidence);
	}
}

static void a_change_is_true_or_denied(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_SET, 100003, 2049);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_RESULT, .has = 1 };
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_DENIED, "answered FALSE");
	call = case_mapping(RPCS_PORTMAP_UNSET, 100003, 2049);
	reply.portmap.result = true;
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_SUCCESS, "answered TRUE");
}

static void silence_is_a_timeout(void **state)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);
	const struct detect_case *c;

	(void)state;
	c = run("timeouts: {call: 7s}\n", &call, NULL);
	expect_update(c, RPCS_OUTCOME_TIMEOUT, "silent about forwarded calls");
	assert_true(case_says(&c->alerts[1], "no reply in 7 s"));
	assert_int_equal(c->alerts[1].time_ns, CASE_WHEN + 7 * CASE_SEC);
	assert_null(c->alerts[1].reply);
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	expect_update(run(CASE_HOME, &call, NULL), RPCS_OUTCOME_TIMEOUT, "no reply in 24 s");
}

static void an_empty_list_is_told(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS, .mappings_complete = true };
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_EMPTY, "Wietse");
	/* A list that the capture cut is not known to be empty. */
	call = case_call(2, RPCS_PORTMAP_DUMP);
	reply.portmap.mappings_complete = false;
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_SUCCESS, "at least 0 mappings");
}

static void lookups_tell_the_answer(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	struct rpcs_message reply = case_reply_port(&call, 0);

	(void)state;
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_NOT_REGISTERED, "port 0");
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	reply.portmap.port = 7938;
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_SUCCESS, "port 7938");
	call = case_rpcb(4, 3, 390109);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text("10.0.0.2.31.2") };
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_SUCCESS, "\"10.0.0.2.31.2\"");
	call = case_rpcb(4, 3, 390109);
	reply.portmap.address.len = 0;
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_NOT_REGISTERED, "no address");
}

static void an_answer_raises_a_sensitive_lookup(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	struct rpcs_message reply = case_reply_port(&call, 20048);
	const struct detect_case *c = run(CASE_HOME, &call, &reply);

	(void)state;
	assert_int_equal(c->count, 2);
	assert_int_equal(c->alerts[0].severity, 2);
	assert_int_equal(c->alerts[1].severity, 1);
	assert_true(c->alerts[1].update);
	assert_true(c->alerts[1].raised);
	assert_int_equal(c->alerts[1].outcome, RPCS_OUTCOME_SUCCESS);
	assert_int_equal(c->alerts[1].id_low, c->alerts[0].id_low);
	assert_ptr_equal(c->alerts[1].reply, &reply);
	assert_int_equal(c->alerts[1].time_ns, CASE_WHEN + 2000000);
	assert_int_equal(c->alerts[1].frame, 8);
	/* A raised line is an alert again, for readers who see only this one. */
	assert_true(case_says(&c->alerts[1], "asked for mountd (100005)"));
	assert_true(case_says(&c->alerts[1], "port 20048"));

	call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	reply = case_reply_port(&call, 0);
	expect_update(run(CASE_HOME, &call, &reply), RPCS_OUTCOME_NOT_REGISTERED, "port 0");
	/* What the site has set stands. */
	call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	reply = case_reply_port(&call, 20048);
	c = run("detections:\n  portmap-getport-sensitive: {severity: 3}\n", &call, &reply);
	expect_update(c, RPCS_OUTCOME_SUCCESS, "port 20048");
	assert_int_equal(c->alerts[1].severity, 3);
}

static void an_outcome_is_told_once(void **state)
{
	static struct detect_case c;
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	call.status = RPCS_STATUS_TIMEOUT;
	rpcs_detect_outcome(c.detect, &call, NULL);
	rpcs_detect_outcome(c.detect, &call, NULL);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

/* Held by a rule with an outcome: judged with its reply, before the update. */
static void held_calls_are_judged_with_the_outcome(void **state)
{
	static struct detect_case c;
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	struct rpcs_message reply = case_reply_port(&call, 7938);

	(void)state;
	case_start(&c, CASE_HOME);
	call.held = true;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 0);
	assert_false(call.judged);
	call.held = false;
	call.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.alerts[0].outcome, RPCS_OUTCOME_ATTEMPT);
	assert_int_equal(c.alerts[1].outcome, RPCS_OUTCOME_SUCCESS);

	call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	call.held = true;
	rpcs_detect_call(c.detect, &call);
	call.held = false;
	call.allowed = true;
	rpcs_detect_outcome(c.detect, &call, NULL);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

static int done(void **state)
{
	(void)state;
	run(NULL, NULL, NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(an_unknown_status_tells_nothing),
		cmocka_unit_test(a_run_that_ends_is_no_timeout),
		cmocka_unit_test(refusals_name_the_software),
		cmocka_unit_test(a_change_is_true_or_denied),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(an_empty_list_is_told),
		cmocka_unit_test(lookups_tell_the_answer),
		cmocka_unit_test(an_answer_raises_a_sensitive_lookup),
		cmocka_unit_test(an_outcome_is_told_once),
		cmocka_unit_test(held_calls_are_judged_with_the_outcome),
	};

	return cmocka_run_group_tests_name("detect outcome", tests, NULL, done);
}

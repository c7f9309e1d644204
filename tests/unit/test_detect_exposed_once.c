// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110002: who has got the list of services, told once. */
#include "detect_case.h"

/* One call with its reply: the call's alert, then the rest. */
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
	call->status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, call, reply);
	return &c;
}

static struct rpcs_message list_reply(const struct rpcs_call *call)
{
	static const struct rpcs_mapping mappings[] = {
		{ .program = 100000, .version = 2, .protocol = 17, .port = 111 },
		{ .program = 100000, .version = 2, .protocol = 6, .port = 111 },
		{ .program = 100005, .version = 3, .protocol = 17, .port = 20048 },
	};
	struct rpcs_message reply = case_reply(call);

	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .mappings = mappings,
					       .mappings_kept = 3,
					       .mappings_count = 3,
					       .mappings_complete = true };
	return reply;
}

static uint32_t exposed(struct detect_case *c, const char *client, uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply;

	call.message.tuple.src = case_address(client);
	call.message.seen.time_ns = time_ns;
	reply = list_reply(&call);
	c->count = 0;
	rpcs_detect_call(c->detect, &call);
	rpcs_detect_outcome(c->detect, &call, &reply);
	return case_new(c, RPCS_D_DUMP_EXPOSED);
}

static void a_list_that_left_is_told_once(void **state)
{
	static struct detect_case c;
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_HOME "alerts: {repeat: 10m}\n");
	assert_int_equal(exposed(&c, "192.0.2.66", CASE_WHEN), 1);
	assert_int_equal(c.count, 3); /* the DUMP, its update, and this */
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_DUMP_EXPOSED);
	assert_int_equal(alert->severity, 1);
	assert_int_equal(alert->outcome, RPCS_OUTCOME_SUCCESS);
	assert_false(alert->update);
	assert_true(case_says(alert, "3 mappings: portmapper (100000), mountd (100005)"));
	assert_int_equal(exposed(&c, "192.0.2.66", CASE_WHEN + 599 * CASE_SEC), 0);
	assert_int_equal(exposed(&c, "192.0.2.67", CASE_WHEN + 599 * CASE_SEC), 1);
	assert_int_equal(exposed(&c, "192.0.2.66", CASE_WHEN + 601 * CASE_SEC), 1);
	/* The lists that it got before were two: told before the new one. */
	alert = case_last(&c) - 1;
	assert_true(alert->update);
	assert_int_equal(alert->detection, RPCS_D_DUMP_EXPOSED);
	assert_int_equal(alert->count, 2);
	/* From home it is nobody's loss. */
	assert_int_equal(exposed(&c, "10.7.7.7", CASE_WHEN + 601 * CASE_SEC), 0);
	case_end(&c);
}

/* To a broadcast each server answers from its own address. */
static void each_server_that_answers_has_its_own(void **state)
{
	static struct detect_case c;
	struct rpcs_message reply;
	struct rpcs_call call;
	uint8_t server;

	(void)state;
	case_start(&c, CASE_HOME);
	for (server = 1; server <= 3; server++) {
		call = case_call(2, RPCS_PORTMAP_DUMP);
		call.message.tuple.dst = case_address("10.255.255.255");
		reply = list_reply(&call);
		reply.tuple.src = case_address("10.0.0.0");
		reply.tuple.src.bytes[15] = server - server / 3;
		rpcs_detect_call(c.detect, &call);
		rpcs_detect_outcome(c.detect, &call, &reply);
	}
	/* The third answer is the second server's again. */
	assert_int_equal(case_count(&c, RPCS_D_DUMP_EXPOSED), 2);
	assert_int_equal(case_new(&c, RPCS_D_DUMP), 1);
	case_end(&c);
}

static void a_list_stays_silent_when_it_may_leave(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = list_reply(&call);
	const struct detect_case *c;

	(void)state;
	call.allowed = true;
	assert_int_equal(run(CASE_HOME, &call, &reply)->count, 0);
	call = case_call(2, RPCS_PORTMAP_DUMP);
	c = run("detections:\n  portmap-dump-exposed: {enabled: false}\n", &call, &reply);
	assert_int_equal(c->count, 2);
	call = case_call(2, RPCS_PORTMAP_DUMP);
	reply.portmap.mappings_count = reply.portmap.mappings_kept = 0;
	assert_int_equal(case_count(run(CASE_HOME, &call, &reply), RPCS_D_DUMP_EXPOSED), 0);
}

/* Pairs are remembered up to a limit, and what is forgotten too early is counted: two a client. */
static void exposures_are_bounded(void **state)
{
	static struct detect_case c;

	(void)state;
	case_start(&c, CASE_HOME "limits: {sources: 4}\n"
				 "detections: {portmap-sweep: {enabled: false}}\n");
	assert_int_equal(exposed(&c, "192.0.2.1", CASE_WHEN), 1);
	assert_int_equal(exposed(&c, "192.0.2.2", CASE_WHEN + 1), 1);
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	assert_int_equal(exposed(&c, "192.0.2.3", CASE_WHEN + 2), 1);
	assert_int_equal(rpcs_detect_evictions(c.detect), 2);
	assert_int_equal(exposed(&c, "192.0.2.3", CASE_WHEN + 3), 0);
	assert_int_equal(exposed(&c, "192.0.2.1", CASE_WHEN + 4), 1);
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
		cmocka_unit_test(a_list_that_left_is_told_once),
		cmocka_unit_test(each_server_that_answers_has_its_own),
		cmocka_unit_test(a_list_stays_silent_when_it_may_leave),
		cmocka_unit_test(exposures_are_bounded),
	};

	return cmocka_run_group_tests_name("detect exposed once", tests, NULL, done);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stages 6 to 10 together: what is told, in which order, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>

#include "pipeline_rig.h"

/* One alert for each DUMP, none for a lookup. */
#define QUIET                                              \
	"detections: {portmap-getport: {enabled: false}, " \
	"portmap-getport-sensitive: {enabled: false}}\n"

static int teardown(void **state)
{
	(void)state;
	rig_free();
	return 0;
}

static void test_order(void **state)
{
	(void)state;
	rig_new("allow: []\n", true);
	call_at(1, PROC_DUMP, 100);
	expect("call-seen:1 alert:1");
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 101);
	expect("reply-seen:1 update:1 answered:1");
	/* Again the same reply: a message, but no second outcome. */
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 102);
	expect("reply-seen:1");
	assert_true(rig.sink.last_reply.call_known);
	assert_int_equal(rig.sink.last_reply.procedure, PROC_DUMP);
	reply_at(9, RPCS_ACCEPT_SUCCESS, 0, 103);
	expect("reply-seen:9");
	assert_false(rig.sink.last_reply.call_known);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->replies, 2);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->replies_unpaired, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->alerts, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->alerts_updated, 1);
}

static void test_without_messages(void **state)
{
	(void)state;
	rig_new("allow: []\n", false);
	call_at(1, PROC_DUMP, 100);
	expect("alert:1");
	call_at(1, PROC_DUMP, 101); /* a retransmission */
	expect("");
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 102);
	expect("update:1 answered:1");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_retransmitted, 1);
}

static void test_timeout(void **state)
{
	(void)state;
	rig_new(QUIET "timeouts: {call: 10s}\n", false);
	call_at(1, PROC_GETPORT, 100);
	call_at(2, PROC_GETPORT, 105);
	expect("");
	/* Packet time: the next packet, or a tick, lets it pass. */
	call_at(3, PROC_GETPORT, 110);
	expect("timeout:1");
	rpcs_pipeline_tick(rig.pipeline, 115 * RPCS_NSEC_PER_SEC - 1);
	expect("");
	rpcs_pipeline_tick(rig.pipeline, 115 * RPCS_NSEC_PER_SEC);
	expect("timeout:2");
	/* Time that runs backwards brings nothing back. */
	call_at(4, PROC_GETPORT, 114);
	reply_at(2, RPCS_ACCEPT_SUCCESS, 635, 115);
	expect("");
	rpcs_pipeline_finish(rig.pipeline);
	expect("pending:3 pending:4");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_timeout, 2);
}

/* Where no hook sees replies, silence is no timeout. */
static void test_unseen(void **state)
{
	struct rpcs_address server;

	(void)state;
	assert_int_equal(rpcs_address_parse("10.0.0.2", &server), 0);
	rig_unseen = &server;
	rig_new("timeouts: {call: 10s}\nalerts: {repeat: 0s}\n", false);
	rig_unseen = NULL;
	call_at(1, PROC_DUMP, 100);
	expect("alert:1");
	rpcs_pipeline_tick(rig.pipeline, 110 * RPCS_NSEC_PER_SEC);
	expect("unknown:1");
	/* A reply that is seen all the same counts. */
	call_at(2, PROC_DUMP, 120);
	reply_at(2, RPCS_ACCEPT_SUCCESS, 0, 121);
	expect("alert:2 update:2 answered:2");
	call_at(3, PROC_GETPORT, 122);
	rpcs_pipeline_finish(rig.pipeline);
	expect("alert:3 unknown:3");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_timeout, 0);
}

/* A rule with `log: false` permits without a line, whatever the outcome; it is counted. */
static void test_log_false(void **state)
{
	(void)state;
	rig_new("allow:\n  - {name: quiet, calls: [DUMP, GETPORT], log: false}\n", false);
	call_at(1, PROC_DUMP, 100);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 100);
	call_at(2, PROC_GETPORT, 100);
	call_at(3, RPCS_PORTMAP_NULL, 100);
	rpcs_pipeline_tick(rig.pipeline, 200 * RPCS_NSEC_PER_SEC);
	expect("timeout:3");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls, 3);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->policy_allowed, 2);
	assert_int_equal(rpcs_policy_rule_hits(rig.policy, 0), 2);
}

/* A rule with an outcome holds its calls: only what does not end so is reported, then. */
static void test_held(void **state)
{
	(void)state;
	rig_new("allow:\n  - {name: unanswered, calls: DUMP, outcome: unanswered}\n", true);
	call_at(1, PROC_DUMP, 100);
	call_at(2, PROC_DUMP, 100);
	call_at(3, PROC_DUMP, 110);
	expect("call-seen:1 call-seen:2 call-seen:3");
	assert_int_equal(rpcs_policy_rule_hits(rig.policy, 0), 0);
	reply_at(1, RPCS_ACCEPT_PROC_UNAVAIL, 0, 101);
	expect("reply-seen:1 alert:1 update:1 answered:1");
	rpcs_pipeline_tick(rig.pipeline, 124 * RPCS_NSEC_PER_SEC);
	expect("timeout:2");
	assert_int_equal(rpcs_policy_rule_hits(rig.policy, 0), 1);
	rpcs_pipeline_finish(rig.pipeline);
	expect("pending:3");
}

static void test_held_answered(void **state)
{
	(void)state;
	rig_new("allow:\n  - {name: answered, calls: DUMP, outcome: answered, log: false}\n",
		false);
	call_at(1, PROC_DUMP, 100);
	call_at(2, PROC_DUMP, 100);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 101);
	expect("");
	rpcs_pipeline_tick(rig.pipeline, 124 * RPCS_NSEC_PER_SEC);
	expect("alert:2 update:2 timeout:2");
}

/* A failing reply has no results that could be malformed. */
static void test_failed_reply(void **state)
{
	uint32_t stat;

	(void)state;
	rig_new(QUIET, true);
	for (stat = RPCS_ACCEPT_PROG_UNAVAIL; stat <= RPCS_ACCEPT_SYSTEM_ERR; stat++) {
		if (stat == RPCS_ACCEPT_PROG_MISMATCH)
			continue;
		call_at(stat, PROC_GETPORT, 100);
		reply_at(stat, stat, 0, 100);
		assert_true(rig.sink.last_reply.call_known);
		assert_int_equal(rig.sink.last_reply.stat, stat);
		assert_null(rig.sink.last_reply.malformed);
		assert_int_equal(rig.sink.last_reply.portmap.shape, RPCS_PORTMAP_NOTHING);
	}
}

/* RPCSEC_GSS wraps results as well as arguments: neither is decoded. */
static void test_gss(void **state)
{
	struct test_frame f;

	(void)state;
	rig_new(QUIET, true);
	frame_udp4(&f);
	frame_call_open(&f, 1, PROC_DUMP);
	put32(&f, RPCS_AUTH_GSS);
	put32(&f, 4);
	put_zeros(&f, 12);
	feed_at(&f, RPCS_NSEC_PER_SEC);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 77, 1);
	assert_true(rig.sink.last_reply.call_known);
	assert_null(rig.sink.last_reply.malformed);
	assert_int_equal(rig.sink.last_reply.portmap.shape, RPCS_PORTMAP_NOTHING);
	/* The reply of a plain call whose results are wrong is. */
	call_at(2, PROC_DUMP, 1);
	reply_at(2, RPCS_ACCEPT_SUCCESS, 77, 1);
	assert_non_null(rig.sink.last_reply.malformed);
}

/* What a full table pushes out is told, and counted. */
static void test_evicted(void **state)
{
	uint32_t xid;

	(void)state;
	rig_new(QUIET "limits: {pending_calls: 2}\n", false);
	for (xid = 1; xid <= 3; xid++)
		call_at(xid, PROC_GETPORT, 100);
	expect("pending:1");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls_evicted, 1);
}

/* A sink that fails is counted and does not keep the others from being told. */
static void test_sink_errors(void **state)
{
	struct rpcs_stats stats = { .uptime_ns = 5 };

	(void)state;
	rig_new("allow: []\n", true);
	rig.sink.answer = -EIO;
	call_at(1, PROC_DUMP, 100);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 0, 101);
	expect("call-seen:1 alert:1 reply-seen:1 update:1 answered:1");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->eve_errors, 5);
	rpcs_pipeline_flush(rig.pipeline);
	assert_int_equal(rig.second.flushes, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->eve_errors, 6);
	rpcs_pipeline_stats(rig.pipeline, &stats);
	assert_int_equal(rig.second.stats.uptime_ns, 5);
	assert_int_equal(rig.second.stats.agent.messages, 2);
	assert_int_equal(rig.second.stats.agent.records, 2);
	assert_int_equal(rig.second.stats.agent.flows, 1);
	assert_int_equal(rig.second.stats.agent.eve_errors, 6);
}

/* A reply to a call that was seen teaches the map, and what changes is told. */
static void test_services(void **state)
{
	struct rpcs_services_counts counts;

	(void)state;
	rig_new(QUIET, false);
	rig.sink.sink.service = rig.second.sink.service = note_service;
	reply_at(1, RPCS_ACCEPT_SUCCESS, 635, 99);
	call_at(1, PROC_GETPORT, 100);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 635, 101);
	expect("answered:1 new_server:1 new_mapping:1");
	reply_at(1, RPCS_ACCEPT_SUCCESS, 636, 102); /* a second reply, which anybody may forge */
	call_at(2, PROC_GETPORT, 100);
	reply_at(2, RPCS_ACCEPT_PROC_UNAVAIL, 0, 103);
	expect("answered:2");
	call_at(3, PROC_GETPORT, 104);
	reply_at(3, RPCS_ACCEPT_SUCCESS, 637, 105);
	expect("answered:3 changed:3 alert:3");
	rpcs_services_counts(rpcs_pipeline_services(rig.pipeline), &counts);
	assert_int_equal(counts.servers, 1);
	assert_int_equal(counts.services, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->services, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->servers, 1);
}

/* Live records carry the kernel's time; one that is too short for it changes nothing. */
static void test_live_time(void **state)
{
	struct rpcs_record_rpc record = {
		.head = { .kind = RPCS_RECORD_CALL,
			  .abi = RPCS_RECORD_ABI,
			  .protocol = RPCS_IP_UDP,
			  .dport = 111,
			  .time_ns = 100 * RPCS_NSEC_PER_SEC },
		.message_len = 40,
		.call = { 2, RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_NULL },
	};

	(void)state;
	rig_new(QUIET "allow: [{name: null, calls: NULL}]\ntimeouts: {call: 10s}\n", false);
	record.head.src[15] = 1;
	rpcs_pipeline_record(rig.pipeline, &record, sizeof(record), NULL);
	rpcs_pipeline_record(rig.pipeline, &record, 3, NULL);
	rig.sink.log[0] = rig.second.log[0] = '\0'; /* its source is odd: alerts of their own */
	record.xid = 1;
	record.head.time_ns = 110 * RPCS_NSEC_PER_SEC;
	rpcs_pipeline_record(rig.pipeline, &record, sizeof(record), NULL);
	assert_non_null(strstr(rig.sink.log, "timeout:0"));
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->records, 3);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->records_bad, 1);
}

/** What stages 1 to 4 cannot hold against a rule that suppresses has no line either. */
static void test_suppressed_by_the_agent(void **state)
{
	(void)state;
	rig_new("response: {trust: [10.0.0.0/8]}\n"
		"allow: [{calls: all, clients: 10.0.0.1, servers: 10.0.0.2, suppress: kernel}]\n",
		true);
	call_at(1, PROC_GETPORT, 100);
	reply_at(1, RPCS_ACCEPT_SUCCESS, 2049, 101);
	expect("");
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->calls, 1);
	assert_int_equal(rpcs_pipeline_counters(rig.pipeline)->replies, 1);
	assert_int_equal(rpcs_native_counters(rig.native)->records_suppressed, 0);
	/* Never: SET; its alert and its lines are told. */
	call_at(2, RPCS_PORTMAP_SET, 102);
	assert_non_null(strstr(rig.sink.log, "call-seen:2"));
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_order, teardown),
		cmocka_unit_test_teardown(test_without_messages, teardown),
		cmocka_unit_test_teardown(test_timeout, teardown),
		cmocka_unit_test_teardown(test_unseen, teardown),
		cmocka_unit_test_teardown(test_log_false, teardown),
		cmocka_unit_test_teardown(test_held, teardown),
		cmocka_unit_test_teardown(test_held_answered, teardown),
		cmocka_unit_test_teardown(test_failed_reply, teardown),
		cmocka_unit_test_teardown(test_gss, teardown),
		cmocka_unit_test_teardown(test_evicted, teardown),
		cmocka_unit_test_teardown(test_sink_errors, teardown),
		cmocka_unit_test_teardown(test_services, teardown),
		cmocka_unit_test_teardown(test_live_time, teardown),
		cmocka_unit_test(test_suppressed_by_the_agent),
	};

	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}

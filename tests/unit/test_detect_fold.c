// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Repeats of an alert: what folds, what never does, and when the count comes. */
#include "detect_case.h"

static struct detect_case c;

static struct rpcs_call dump_at(uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	call.message.seen.time_ns = time_ns;
	call.message.seen.frame = 1 + (time_ns - CASE_WHEN) / CASE_SEC;
	return call;
}

static void dump(const char *src, const char *dst, uint64_t time_ns)
{
	struct rpcs_call call = dump_at(time_ns);

	call.message.tuple.src = case_address(src);
	call.message.tuple.dst = case_address(dst);
	rpcs_detect_call(c.detect, &call);
}

static struct rpcs_message denial(const struct rpcs_call *call)
{
	struct rpcs_message reply = case_reply(call);

	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = RPCS_REJECT_AUTH_ERROR;
	return reply;
}

static void answer(struct rpcs_call *call, const struct rpcs_message *reply)
{
	call->status = reply ? RPCS_STATUS_ANSWERED : RPCS_STATUS_TIMEOUT;
	rpcs_detect_outcome(c.detect, call, reply);
}

static bool same_id(const struct rpcs_alert *a, const struct rpcs_alert *b)
{
	return a->id_high == b->id_high && a->id_low == b->id_low;
}

static void repeats_fold_and_the_end_tells_how_many(void **state)
{
	const struct rpcs_alert *last;
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	for (i = 0; i < 100; i++)
		dump("192.0.2.66", "10.0.0.2", CASE_WHEN + i * CASE_SEC);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.alerts[0].count, 1);
	assert_int_equal(rpcs_detect_folded(c.detect), 99);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 2);
	last = case_last(&c);
	assert_true(last->update);
	assert_false(last->raised);
	assert_true(same_id(last, &c.alerts[0]));
	assert_int_equal(last->count, 100);
	assert_int_equal(last->severity, 2);
	assert_int_equal(last->outcome, RPCS_OUTCOME_ATTEMPT);
	assert_null(last->call);
	assert_int_equal(last->time_ns, CASE_WHEN + 99 * CASE_SEC);
	assert_int_equal(last->frame, 100);
	assert_int_equal(last->tuple.dport, 111);
	assert_int_equal(last->flow_id, 99);
	assert_true(case_says(last, "100 times in all, first at 2026-"));
	assert_true(case_says(last, "each about portmapper (100000)"));
	case_end(&c);
}

static void one_alert_has_no_count_to_tell(void **state)
{
	(void)state;
	case_start(&c, CASE_HOME);
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN);
	rpcs_detect_tick(c.detect, CASE_WHEN + 7200 * CASE_SEC);
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN + 7201 * CASE_SEC);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 2);
	assert_false(c.alerts[1].update);
	case_end(&c);
}

static void each_part_of_the_key_counts(void **state)
{
	struct rpcs_call call;

	(void)state;
	case_start(&c, CASE_HOME);
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.67", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.66", "10.0.0.3", CASE_WHEN);
	assert_int_equal(c.count, 3);
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 4);
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390110, 0);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 5);
	/* Neither port, version, XID nor flow are part of it. */
	call = case_rpcb(4, 3, 390110);
	call.message.tuple.sport++;
	call.message.xid++;
	call.flow_id++;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 5);
	case_end(&c);
}

static void ipv6_sources_fold_by_their_64(void **state)
{
	(void)state;
	case_start(&c, CASE_HOME);
	dump("2001:db8:1:2::1", "2001:db8::2", CASE_WHEN);
	dump("2001:db8:1:2:ffff::9", "2001:db8::2", CASE_WHEN);
	assert_int_equal(c.count, 1);
	dump("2001:db8:1:3::1", "2001:db8::2", CASE_WHEN);
	assert_int_equal(c.count, 2);
	/* Servers are hosts, whatever their prefix. */
	dump("2001:db8:1:2::1", "2001:db8::3", CASE_WHEN);
	assert_int_equal(c.count, 3);
	/* IPv4, mapped or not, is no prefix of 96 bits. */
	dump("::ffff:192.0.2.1", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.2", "10.0.0.2", CASE_WHEN);
	assert_int_equal(c.count, 5);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN);
	assert_int_equal(c.count, 5);
	case_end(&c);
}

/* The fold lasts from the first alert on, not from the last. */
static void a_fold_ends_on_packet_time(void **state)
{
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME "alerts: {repeat: 10m}\n");
	for (i = 0; i < 10; i++)
		dump("192.0.2.66", "10.0.0.2", CASE_WHEN + i * 60 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 600 * CASE_SEC - 1);
	assert_int_equal(c.count, 1);
	rpcs_detect_tick(c.detect, CASE_WHEN + 600 * CASE_SEC);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.alerts[1].count, 10);
	assert_int_equal(c.alerts[1].time_ns, CASE_WHEN + 600 * CASE_SEC);
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN + 600 * CASE_SEC);
	assert_int_equal(c.count, 3);
	assert_false(c.alerts[2].update);
	assert_false(same_id(&c.alerts[2], &c.alerts[0]));
	/* Without a tick in between, and dated when it ended. */
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN + 700 * CASE_SEC);
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN + 5000 * CASE_SEC);
	assert_int_equal(c.count, 5);
	assert_int_equal(c.alerts[3].count, 2);
	assert_int_equal(c.alerts[3].time_ns, CASE_WHEN + 1200 * CASE_SEC);
	assert_int_equal(c.alerts[4].count, 1);
	case_end(&c);
}

static void a_repeat_of_zero_folds_nothing(void **state)
{
	struct rpcs_call call = dump_at(CASE_WHEN);
	struct rpcs_message reply = denial(&call);

	(void)state;
	case_start(&c, CASE_HOME "alerts: {repeat: 0s}\n");
	dump("192.0.2.66", "10.0.0.2", CASE_WHEN);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 2);
	assert_false(same_id(&c.alerts[0], &c.alerts[1]));
	answer(&call, &reply);
	answer(&call, &reply);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 3);
	assert_true(same_id(&c.alerts[2], &c.alerts[1]));
	case_end(&c);
}

/* Denied, denied again, and then it worked. */
static void a_worse_outcome_is_never_folded(void **state)
{
	struct rpcs_call calls[4];
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	for (i = 0; i < 4; i++) {
		calls[i] = dump_at(CASE_WHEN + i * CASE_SEC);
		rpcs_detect_call(c.detect, &calls[i]);
	}
	assert_int_equal(c.count, 1);
	reply = denial(&calls[0]);
	answer(&calls[0], &reply);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.alerts[1].outcome, RPCS_OUTCOME_DENIED);
	reply = denial(&calls[1]);
	answer(&calls[1], &reply);
	answer(&calls[2], NULL);
	assert_int_equal(c.count, 2);
	reply = case_reply(&calls[3]);
	answer(&calls[3], &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), 3);
	assert_int_equal(c.alerts[2].outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(same_id(&c.alerts[2], &c.alerts[0]));
	assert_true(c.alerts[2].update);
	assert_int_equal(c.alerts[2].count, 4);
	assert_ptr_equal(c.alerts[2].call, &calls[3]);
	/* Everything has been said. */
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 3);
	case_end(&c);
}

static void a_repeat_that_raises_the_severity_is_an_alert(void **state)
{
	struct rpcs_call calls[3];
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	for (i = 0; i < 3; i++) {
		calls[i] = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
		rpcs_detect_call(c.detect, &calls[i]);
	}
	reply = case_reply_port(&calls[0], 0);
	answer(&calls[0], &reply);
	assert_int_equal(c.count, 2);
	assert_false(c.alerts[1].raised);
	reply = case_reply_port(&calls[1], 20048);
	answer(&calls[1], &reply);
	assert_int_equal(c.count, 3);
	assert_true(c.alerts[2].raised);
	assert_int_equal(c.alerts[2].severity, 1);
	/* Once. */
	answer(&calls[2], &reply);
	assert_int_equal(c.count, 3);
	case_end(&c);
}

/* The reply comes after the fold has ended: the outcome still follows, with the first id. */
static void an_outcome_may_come_after_the_end(void **state)
{
	struct rpcs_call first = dump_at(CASE_WHEN), repeat = dump_at(CASE_WHEN + CASE_SEC);
	struct rpcs_message reply;

	(void)state;
	case_start(&c, CASE_HOME "alerts: {repeat: 10s}\n");
	rpcs_detect_call(c.detect, &first);
	rpcs_detect_call(c.detect, &repeat);
	rpcs_detect_tick(c.detect, CASE_WHEN + 11 * CASE_SEC);
	assert_int_equal(c.count, 2); /* the count of two */
	answer(&first, NULL);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.alerts[2].outcome, RPCS_OUTCOME_TIMEOUT);
	assert_true(same_id(&c.alerts[2], &c.alerts[0]));
	reply = case_reply(&repeat);
	reply.seen.time_ns = CASE_WHEN + 20 * CASE_SEC;
	answer(&repeat, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), 4);
	assert_int_equal(c.alerts[3].outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(same_id(&c.alerts[3], &c.alerts[0]));
	case_end(&c);
}

/* The severity that the policy gives a row does not matter to others. */
static void detections_do_not_fold_into_each_other(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_UNSET, 100003, 0);
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	call.message.tuple.src = case_address("127.0.0.1");
	for (i = 0; i < 5; i++) {
		struct rpcs_call again = call;

		rpcs_detect_call(c.detect, &again);
		assert_int_equal(again.alert_count, 2);
	}
	assert_int_equal(c.count, 2);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 4);
	assert_int_equal(case_count(&c, RPCS_D_SPOOFED_LOCAL), 2);
	case_end(&c);
}

static void a_full_table_lets_the_oldest_go_with_its_count(void **state)
{
	(void)state;
	case_start(&c, case_only(RPCS_D_DUMP, "", "limits: {sources: 2}\n"));
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.2", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN + 1);
	assert_int_equal(c.count, 2);
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	dump("192.0.2.3", "10.0.0.2", CASE_WHEN + 2);
	assert_int_equal(rpcs_detect_evictions(c.detect), 1);
	assert_int_equal(c.count, 4);
	assert_int_equal(c.alerts[2].count, 2);
	assert_true(same_id(&c.alerts[2], &c.alerts[0]));
	assert_false(c.alerts[3].update);
	/* One whose time is up is nobody's loss. */
	dump("192.0.2.4", "10.0.0.2", CASE_WHEN + 3601 * CASE_SEC);
	assert_int_equal(rpcs_detect_evictions(c.detect), 1);
	case_end(&c);
}

/* A wild stamp in a capture ends folds early, and holds none up. */
static void time_that_jumps_loses_no_count(void **state)
{
	(void)state;
	case_start(&c, CASE_HOME);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN - CASE_SEC);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN + CASE_SEC);
	assert_int_equal(c.count, 1);
	dump("192.0.2.9", "10.0.0.2", CASE_WHEN + 1000000 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 1000000 * CASE_SEC);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.alerts[2].count, 3);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN + 2 * CASE_SEC);
	dump("192.0.2.1", "10.0.0.2", CASE_WHEN + 3 * CASE_SEC);
	rpcs_detect_tick(c.detect, CASE_WHEN + 4000 * CASE_SEC);
	assert_int_equal(c.count, 5);
	assert_int_equal(c.alerts[4].count, 2);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_fold_and_the_end_tells_how_many),
		cmocka_unit_test(one_alert_has_no_count_to_tell),
		cmocka_unit_test(each_part_of_the_key_counts),
		cmocka_unit_test(ipv6_sources_fold_by_their_64),
		cmocka_unit_test(a_fold_ends_on_packet_time),
		cmocka_unit_test(a_repeat_of_zero_folds_nothing),
		cmocka_unit_test(a_worse_outcome_is_never_folded),
		cmocka_unit_test(a_repeat_that_raises_the_severity_is_an_alert),
		cmocka_unit_test(an_outcome_may_come_after_the_end),
		cmocka_unit_test(detections_do_not_fold_into_each_other),
		cmocka_unit_test(a_full_table_lets_the_oldest_go_with_its_count),
		cmocka_unit_test(time_that_jumps_loses_no_count),
	};

	return cmocka_run_group_tests_name("detect fold", tests, NULL, NULL);
}

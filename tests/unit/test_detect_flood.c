// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110062 and 1110064: calls a second, and calls that wait for replies. */
#include "detect_case.h"
#include "stream/flow.h"

static struct detect_case c;

static struct rpcs_call call_of(const char *source, uint32_t procedure, uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, procedure);

	call.message.tuple.src = case_address(source);
	call.message.seen.time_ns = time_ns;
	return call;
}

static void calls(const char *source, uint32_t procedure, uint32_t count, uint64_t from_ns,
		  uint64_t apart_ns)
{
	struct rpcs_call call;
	uint32_t i;

	for (i = 0; i < count; i++) {
		call = call_of(source, procedure, from_ns + i * apart_ns);
		case_take_call(&c, &call);
	}
}

static void over_a_thousand_calls_in_a_second(void **state)
{
	struct rpcs_call call = call_of("192.0.2.66", RPCS_PORTMAP_NULL, CASE_WHEN + CASE_SEC / 2);
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	/* Permitted or not: it never is silent. */
	call.allowed = true;
	calls("192.0.2.66", RPCS_PORTMAP_NULL, 1000, CASE_WHEN, 1000);
	calls("192.0.2.67", RPCS_PORTMAP_NULL, 1000, CASE_WHEN, 1000);
	assert_int_equal(c.count, 0);
	case_take_call(&c, &call);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_FLOOD);
	assert_int_equal(alert->severity, 2);
	assert_true(case_says(alert, "1001 calls in 1 s (threshold: over 1000)"));
	assert_true(case_says(alert, "spoofable: UDP, and no reply to this source was seen"));
	assert_true(case_says(alert, "the last call: NULL, version 2"));
	calls("192.0.2.66", RPCS_PORTMAP_NULL, 3000, CASE_WHEN + CASE_SEC, 1000);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void a_thousand_calls_take_more_than_a_second(void **state)
{
	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	/* 1000 each second, for a minute. */
	calls("192.0.2.66", RPCS_PORTMAP_NULL, 60000, CASE_WHEN, CASE_SEC / 1000);
	assert_int_equal(c.count, 0);
	/* An eighth more is seen soon. */
	calls("192.0.2.66", RPCS_PORTMAP_NULL, 4000, CASE_WHEN + 60 * CASE_SEC, CASE_SEC / 1150);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void over_ten_dumps_in_a_second(void **state)
{
	struct rpcs_call again;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	calls("192.0.2.66", RPCS_PORTMAP_DUMP, 10, CASE_WHEN, CASE_SEC / 20);
	calls("192.0.2.66", RPCS_PORTMAP_NULL, 100, CASE_WHEN, 1000);
	/* Over ten, but not in a second. */
	calls("192.0.2.67", RPCS_PORTMAP_DUMP, 40, CASE_WHEN, CASE_SEC / 10);
	assert_int_equal(c.count, 0);
	/* A repeated call counts: the server has to answer it as well. */
	again = call_of("192.0.2.66", RPCS_PORTMAP_DUMP, CASE_WHEN + CASE_SEC - 1);
	rpcs_detect_message(c.detect, &again.message, &again, RPCS_PLACE_CALL_AGAIN, 99);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "11 DUMP calls in 1 s (threshold: over 10)"));
	case_end(&c);
}

static void who_is_answered_is_not_spoofable(void **state)
{
	struct rpcs_call call;
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "dumps: 3", ""));
	call = call_of("192.0.2.66", RPCS_PORTMAP_DUMP, CASE_WHEN);
	case_take_call(&c, &call);
	reply = case_reply(&call);
	case_take_reply(&c, &call, &reply);
	calls("192.0.2.66", RPCS_PORTMAP_DUMP, 3, CASE_WHEN, 1000);
	assert_int_equal(c.count, 1);
	assert_false(case_says(case_last(&c), "spoofable"));
	for (i = 0; i < 4; i++) {
		call = call_of("192.0.2.67", RPCS_PORTMAP_DUMP, CASE_WHEN);
		call.message.tuple.protocol = RPCS_IP_TCP;
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 2);
	assert_false(case_says(case_last(&c), "spoofable"));
	case_end(&c);
}

static void other_ports_do_not_count(void **state)
{
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "calls: 3", ""));
	for (i = 0; i < 100; i++) {
		call = call_of("192.0.2.66", RPCS_PORTMAP_DUMP, CASE_WHEN);
		call.message.tuple.dport = 2049;
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 0);
	case_end(&c);
	case_start(&c, case_only(RPCS_D_FLOOD, "enabled: false", ""));
	calls("192.0.2.66", RPCS_PORTMAP_DUMP, 2000, CASE_WHEN, 1);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* 1110064. */

static struct rpcs_call pending_call(uint64_t flow_id, uint32_t xid, uint64_t time_ns)
{
	struct rpcs_call call = call_of("192.0.2.66", RPCS_PORTMAP_NULL, time_ns);

	call.message.tuple.protocol = RPCS_IP_TCP;
	call.message.xid = xid;
	call.flow_id = flow_id;
	return call;
}

static void sixty_four_unanswered_calls(void **state)
{
	static struct rpcs_call pending[80];
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PIPELINE_FLOOD, "", ""));
	for (i = 0; i < 63; i++) {
		pending[i] = pending_call(1, i, CASE_WHEN + i);
		case_take_call(&c, &pending[i]);
		/* Repeated ones wait as one, other flows for themselves. */
		rpcs_detect_message(c.detect, &pending[i].message, &pending[i],
				    RPCS_PLACE_CALL_AGAIN, 1);
		pending[79] = pending_call(2, i, CASE_WHEN + i);
		case_take_call(&c, &pending[79]);
	}
	/* One is answered, and asks again. */
	reply = case_reply(&pending[5]);
	case_take_reply(&c, &pending[5], &reply);
	pending[63] = pending_call(1, 63, CASE_WHEN + CASE_SEC);
	case_take_call(&c, &pending[63]);
	assert_int_equal(c.count, 0);
	pending[64] = pending_call(1, 64, CASE_WHEN + CASE_SEC);
	case_take_call(&c, &pending[64]);
	assert_int_equal(c.count, 1);
	assert_int_equal(case_last(&c)->detection, RPCS_D_PIPELINE_FLOOD);
	assert_int_equal(case_last(&c)->severity, 2);
	assert_true(case_says(case_last(&c), "64 calls of one flow without a reply, all of the "
					     "last 24 s (threshold: 64)"));
	assert_true(case_says(case_last(&c), "the server answers others of this flow"));
	pending[65] = pending_call(1, 65, CASE_WHEN + CASE_SEC);
	case_take_call(&c, &pending[65]);
	assert_int_equal(c.count, 1);
	case_end(&c);
}

static void answered_calls_are_not_pending(void **state)
{
	struct rpcs_call call;
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PIPELINE_FLOOD, "", ""));
	for (i = 0; i < 5000; i++) {
		call = pending_call(1, i, CASE_WHEN + i * CASE_SEC / 100);
		case_take_call(&c, &call);
		reply = case_reply(&call);
		case_take_reply(&c, &call, &reply);
	}
	assert_int_equal(c.count, 0);
	/* What has timed out is out of the count; what nobody could see answered never was in. */
	for (i = 0; i < 200; i++) {
		call = pending_call(3, i, CASE_WHEN + i * CASE_SEC / 2);
		case_take_call(&c, &call);
		call = pending_call(4, i, CASE_WHEN);
		call.reply_unseen = true;
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/*
 * A flow's first call waits among those of others that have one: it counts, also when it had to
 * go elsewhere for them, and whether it was answered is not forgotten.
 */
static void the_first_call_counts_among_many(void **state)
{
	enum { FLOWS = 30, OTHERS = 1500 };
	static struct rpcs_call first[FLOWS];
	struct rpcs_message reply;
	struct rpcs_call call;
	uint32_t i, j;

	(void)state;
	case_start(&c, case_only(RPCS_D_PIPELINE_FLOOD, "pending: 3", "limits: {sources: 2048}\n"));
	for (i = 0; i < FLOWS; i++) {
		first[i] = pending_call(i + 1, 0, CASE_WHEN + i);
		case_take_call(&c, &first[i]);
	}
	for (i = 0; i < FLOWS; i += 2) {
		reply = case_reply(&first[i]);
		case_take_reply(&c, &first[i], &reply);
	}
	for (i = 0; i < OTHERS; i++) {
		call = pending_call(10000 + i, 0, CASE_WHEN + FLOWS + i);
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 0);
	for (i = 0; i < FLOWS; i++) {
		/* Three that wait: the first of those that were answered counts no more. */
		for (j = 1; j < (i % 2 ? 3U : 4U); j++) {
			/* No more than 20 lines a second, and 32 sources, are told apart. */
			call = pending_call(i + 1, j, CASE_WHEN + CASE_SEC + i * CASE_SEC / 18);
			call.message.tuple.src.bytes[14] = (uint8_t)(i >> 8);
			call.message.tuple.src.bytes[15] = (uint8_t)i;
			assert_int_equal(c.count, i);
			case_take_call(&c, &call);
		}
		assert_int_equal(c.count, i + 1);
		assert_true(case_says(case_last(&c), i % 2 ? "no reply on this flow was seen"
							   : "the server answers others"));
	}
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	case_end(&c);
}

/* A flood of flows with one call each: what had to go is counted, and one that goes on is seen. */
static void a_flood_of_flows_takes_its_room_only(void **state)
{
	enum { FLOWS = 100000 };
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PIPELINE_FLOOD, "", "limits: {sources: 1024}\n"));
	for (i = 0; i < FLOWS; i++) {
		call = pending_call(1000 + i, 0, CASE_WHEN + i * 10000ULL);
		case_take_call(&c, &call);
		if (i % 500)
			continue;
		call = pending_call(1, i, CASE_WHEN + i * 10000ULL);
		case_take_call(&c, &call);
	}
	assert_int_equal(c.count, 1);
	assert_in_range(rpcs_detect_evictions(c.detect), FLOWS - 2 * 1024, FLOWS - 1024);
	case_end(&c);
}

/* Ids as flows have them: none of them goes before there are as many as there is room for. */
static void flows_that_follow_each_other_fill_all_the_room(void **state)
{
	enum { SOURCES = 1024, ROOM = SOURCES + SOURCES / 4 };
	struct rpcs_call call;
	uint32_t i;

	(void)state;
	case_start(&c, case_only(RPCS_D_PIPELINE_FLOOD, "", "limits: {sources: 1024}\n"));
	for (i = 1; i <= ROOM + 100; i++) {
		if (i == ROOM + 1)
			assert_int_equal(rpcs_detect_evictions(c.detect), 0);
		call = pending_call(i * RPCS_FLOW_ID_STEP & RPCS_FLOW_ID_MASK, 0, CASE_WHEN + i);
		case_take_call(&c, &call);
	}
	assert_in_range(rpcs_detect_evictions(c.detect), 90, 100);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_a_thousand_calls_in_a_second),
		cmocka_unit_test(a_thousand_calls_take_more_than_a_second),
		cmocka_unit_test(over_ten_dumps_in_a_second),
		cmocka_unit_test(who_is_answered_is_not_spoofable),
		cmocka_unit_test(other_ports_do_not_count),
		cmocka_unit_test(sixty_four_unanswered_calls),
		cmocka_unit_test(answered_calls_are_not_pending),
		cmocka_unit_test(the_first_call_counts_among_many),
		cmocka_unit_test(a_flood_of_flows_takes_its_room_only),
		cmocka_unit_test(flows_that_follow_each_other_fill_all_the_room),
	};

	return cmocka_run_group_tests_name("detect flood", tests, NULL, NULL);
}

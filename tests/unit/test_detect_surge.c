// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110062 of sources whose calls the kernel counted: exact figures, under the flood's own id. */
#include "detect_case.h"

static struct detect_case c;

static struct rpcs_aggregate aggregate_of(const char *source, uint32_t procedure, uint64_t count,
					  uint64_t time_ns)
{
	return (struct rpcs_aggregate){
		.tuple = { .src = case_address(source),
			   .dst = case_address("10.0.0.2"),
			   .sport = 40000,
			   .dport = 111,
			   .protocol = RPCS_IP_UDP },
		.seen = { .time_ns = time_ns, .ifindex = 3 },
		.first_ns = time_ns - CASE_SEC / 2,
		.count = count,
		.kind = RPCS_OVER_CALL,
		.program = RPCS_PORTMAP_PROGRAM,
		.version = 2,
		.procedure = procedure,
	};
}

static void take(const char *source, uint32_t procedure, uint64_t count, uint64_t time_ns)
{
	struct rpcs_aggregate aggregate = aggregate_of(source, procedure, count, time_ns);

	rpcs_detect_aggregate(c.detect, &aggregate);
}

/* What comes one by one before the budget is used up. */
static void calls(const char *source, uint32_t count, uint64_t from_ns)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 100003, 0);
	uint32_t i;

	call.message.tuple.src = case_address(source);
	for (i = 0; i < count; i++) {
		call.message.seen.time_ns = from_ns + i;
		case_take_call(&c, &call);
	}
}

static bool same_id(const struct rpcs_alert *a, const struct rpcs_alert *b)
{
	return a->id_high == b->id_high && a->id_low == b->id_low;
}

static void a_flood_is_told_with_its_figures(void **state)
{
	uint64_t now = CASE_WHEN + CASE_SEC;
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	calls("192.0.2.66", 2000, CASE_WHEN);
	assert_int_equal(c.count, 1);
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 70000, now);
	take("192.0.2.66", RPCS_PORTMAP_SET, 12, now);
	assert_int_equal(c.count, 1);
	rpcs_detect_aggregates_end(c.detect, now);
	assert_int_equal(c.count, 2);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_FLOOD);
	assert_true(alert->update);
	assert_false(alert->raised);
	assert_true(same_id(alert, &c.alerts[0]));
	assert_int_equal(alert->severity, 2);
	assert_true(case_says(alert, "70012 calls over limits.per_source_records (20000) were "
				     "counted in the kernel"));
	assert_true(case_says(alert, "of these 70000 GETPORT version 2, 12 SET version 2"));
	assert_true(case_says(alert, "beside 2000 that were recorded one by one"));
	assert_true(case_says(alert, "spoofable: UDP, and no reply to this source was seen"));

	/* Within the minute only counted; at its end all of it. */
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 80000, now + CASE_SEC);
	rpcs_detect_aggregates_end(c.detect, now + CASE_SEC);
	rpcs_detect_tick(c.detect, now + 3 * CASE_SEC);
	assert_int_equal(c.count, 2);
	rpcs_detect_tick(c.detect, now + 4 * CASE_SEC);
	assert_int_equal(c.count, 3);
	alert = case_last(&c);
	assert_true(same_id(alert, &c.alerts[0]));
	assert_true(case_says(alert, "150012 calls over limits.per_source_records"));
	assert_true(case_says(alert, "of these 150000 GETPORT version 2, 12 SET version 2"));

	/* The next flood has figures of its own. */
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 5, now + 60 * CASE_SEC);
	rpcs_detect_aggregates_end(c.detect, now + 60 * CASE_SEC);
	assert_int_equal(c.count, 4);
	assert_true(case_says(case_last(&c), "5 calls over limits.per_source_records"));
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 4);
	case_end(&c);
}

/** Replies that were counted likewise show that the source gets them. */
static void who_is_answered_is_not_spoofable(void **state)
{
	struct rpcs_aggregate replies = aggregate_of("192.0.2.66", 0, 7, CASE_WHEN);

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	/* In whichever order they are read. */
	replies.kind = RPCS_OVER_REPLY;
	rpcs_detect_aggregate(c.detect, &replies);
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 5000, CASE_WHEN);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	assert_int_equal(c.count, 1);
	assert_int_equal(case_last(&c)->tuple.protocol, RPCS_IP_UDP);
	assert_true(case_says(case_last(&c), "7 replies to it were counted likewise"));
	assert_false(case_says(case_last(&c), "spoofable"));
	case_end(&c);
}

static void a_long_one_is_told_each_minute(void **state)
{
	uint64_t now = CASE_WHEN, second;

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", ""));
	for (second = 0; second <= 130; second++, now += CASE_SEC) {
		take("192.0.2.66", RPCS_PORTMAP_GETPORT, 50000, now);
		rpcs_detect_aggregates_end(c.detect, now);
		rpcs_detect_tick(c.detect, now);
	}
	assert_int_equal(c.count, 3);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 4);
	assert_true(case_says(case_last(&c), "6550000 calls over limits.per_source_records"));
	case_end(&c);
}

/** A budget below the threshold: only the sum of both makes a flood. */
static void over_the_budget_is_no_flood_yet(void **state)
{
	struct rpcs_aggregate other = aggregate_of("192.0.2.68", 0, 5000, CASE_WHEN);

	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "", "limits: {per_source_records: 100}\n"));
	calls("192.0.2.66", 100, CASE_WHEN);
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 900, CASE_WHEN + CASE_SEC / 2);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN + CASE_SEC / 2);
	assert_int_equal(c.count, 0);
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 1, CASE_WHEN + CASE_SEC / 2);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN + CASE_SEC / 2);
	assert_int_equal(c.count, 1);
	/* All of them are told, also those from before it was one. */
	assert_true(case_says(case_last(&c), "901 calls over limits.per_source_records (100)"));
	assert_false(case_last(&c)->update);
	assert_int_equal(case_last(&c)->about, RPCS_PORTMAP_PROGRAM);
	/* Records do not tell it once more. */
	calls("192.0.2.66", 1500, CASE_WHEN + CASE_SEC / 2);
	assert_int_equal(c.count, 1);
	/* DUMP has a threshold of its own. */
	take("192.0.2.67", RPCS_PORTMAP_DUMP, 11, CASE_WHEN);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	assert_int_equal(c.count, 2);
	/* Other ports have no portmapper, and replies and junk are no calls. */
	other.tuple.dport = 2049;
	rpcs_detect_aggregate(c.detect, &other);
	other.tuple.dport = 111;
	other.kind = RPCS_OVER_REPLY;
	rpcs_detect_aggregate(c.detect, &other);
	other.kind = RPCS_OVER_JUNK;
	rpcs_detect_aggregate(c.detect, &other);
	other.kind = RPCS_OVER_REST;
	other.tuple.protocol = 0; /* of nobody in particular */
	rpcs_detect_aggregate(c.detect, &other);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

static void many_procedures_and_sources(void **state)
{
	char source[32];
	uint32_t i;

	(void)state;
	case_start(&c,
		   case_only(RPCS_D_FLOOD, "", "limits: {sources: 65536}\nalerts: {repeat: 0s}\n"));
	for (i = 0; i < 100; i++)
		take("192.0.2.66", i, 100 + i, CASE_WHEN);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	assert_int_equal(c.count, 1);
	assert_true(case_says(case_last(&c), "14950 calls over limits.per_source_records"));
	assert_true(case_says(case_last(&c), "others"));
	/* More sources than are kept: those that had to go were told, or held back and counted. */
	for (i = 0; i < 5000; i++) {
		snprintf(source, sizeof(source), "198.18.%u.%u", i / 250, i % 250);
		take(source, RPCS_PORTMAP_GETPORT, 2000, CASE_WHEN + i);
	}
	assert_true(c.count + rpcs_detect_held(c.detect) >= 5000 - 4096);
	rpcs_detect_finish(c.detect);
	assert_true(c.count + rpcs_detect_held(c.detect) >= 5001);
	case_end(&c);
}

/** Replies to what was counted would look as if nobody had asked. */
static void no_victim_of_its_own_flood(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_GETPORT);
	struct rpcs_message reply = case_reply(&call);
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME "detections:\n  portmap-flood: {calls: 1000}\n");
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 5000, CASE_WHEN);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	assert_int_equal(c.count, 1);
	for (i = 0; i < 200; i++)
		rpcs_detect_message(c.detect, &reply, NULL, RPCS_PLACE_REPLY_UNPAIRED, 99);
	for (i = 0; i < c.count; i++)
		assert_int_not_equal(c.alerts[i].detection, RPCS_D_REFLECTION_VICTIM);
	/* Later they are nobody's. */
	rpcs_detect_tick(c.detect, CASE_WHEN + 10 * CASE_SEC);
	reply.seen.time_ns = CASE_WHEN + 10 * CASE_SEC;
	for (i = 0; i < 200; i++)
		rpcs_detect_message(c.detect, &reply, NULL, RPCS_PLACE_REPLY_UNPAIRED, 99);
	for (i = 0; i < c.count; i++)
		if (c.alerts[i].detection == RPCS_D_REFLECTION_VICTIM)
			break;
	assert_true(i < c.count);
	case_end(&c);
}

static void switched_off(void **state)
{
	(void)state;
	case_start(&c, case_only(RPCS_D_FLOOD, "enabled: false", ""));
	take("192.0.2.66", RPCS_PORTMAP_GETPORT, 50000, CASE_WHEN);
	rpcs_detect_aggregates_end(c.detect, CASE_WHEN);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_told_with_its_figures),
		cmocka_unit_test(who_is_answered_is_not_spoofable),
		cmocka_unit_test(a_long_one_is_told_each_minute),
		cmocka_unit_test(over_the_budget_is_no_flood_yet),
		cmocka_unit_test(many_procedures_and_sources),
		cmocka_unit_test(no_victim_of_its_own_flood),
		cmocka_unit_test(switched_off),
	};

	return cmocka_run_group_tests_name("detect surge", tests, NULL, NULL);
}

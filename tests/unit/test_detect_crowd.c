// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Many sources at one server: 32 alerts, then one for the rest; whatever is worse still leaves. */
#include <stdio.h>
#include <sys/resource.h>

#include "detect_case.h"

static struct detect_case c;

/* Slow enough for the pace: ten lines a second. */
#define STEP_NS (CASE_SEC / 10)

enum { OWN = 32 };

static struct rpcs_address source_at(uint32_t number)
{
	struct rpcs_address address = case_address("198.51.0.0");

	address.bytes[12] += (uint8_t)(number >> 24);
	address.bytes[13] += (uint8_t)(number >> 16);
	address.bytes[14] = (uint8_t)(number >> 8);
	address.bytes[15] = (uint8_t)number;
	return address;
}

static struct rpcs_call dump_of(uint32_t source, uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	call.message.tuple.src = source_at(source);
	call.message.seen.time_ns = time_ns;
	return call;
}

static void dump(uint32_t source, uint64_t time_ns)
{
	struct rpcs_call call = dump_of(source, time_ns);

	rpcs_detect_call(c.detect, &call);
}

/* So many sources, one after the other. */
static uint64_t dumps(uint32_t from, uint32_t count, uint64_t time_ns)
{
	uint32_t i;

	for (i = 0; i < count; i++, time_ns += STEP_NS)
		dump(from + i, time_ns);
	return time_ns;
}

static void start(const char *policy)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), CASE_HOME "detections: {portmap-sweep: {enabled: false}}\n%s",
		 policy);
	case_start(&c, yaml);
}

static void expect_crowd(const struct rpcs_alert *alert, uint32_t sources, uint32_t count,
			 bool update)
{
	assert_int_equal(alert->sources, sources);
	assert_int_equal(alert->count, count);
	assert_int_equal(alert->update, update);
	assert_false(alert->sources_estimated);
}

static void forty_sources_are_32_alerts_and_one(void **state)
{
	static const uint32_t grown[] = { 1, 2, 4, 8 };
	const struct rpcs_alert *first = &c.alerts[OWN];
	uint32_t i;

	(void)state;
	start("");
	dumps(0, OWN, CASE_WHEN);
	assert_int_equal(c.count, OWN);
	for (i = 0; i < OWN; i++)
		assert_int_equal(c.alerts[i].sources, 0);
	dumps(OWN, 8, CASE_WHEN + 4 * CASE_SEC);
	assert_int_equal(c.count, OWN + 4);
	for (i = 0; i < 4; i++)
		expect_crowd(&first[i], grown[i], grown[i], i > 0);
	assert_int_equal(first[3].id_low, first[0].id_low);
	assert_int_equal(first[0].prefix_count, 1);
	assert_true(case_says(&first[0], "1 source after 32 others in 60 s"));
	assert_true(case_says(&first[0], "asked for the whole list"));
	assert_true(case_says(&first[3], "most alerts came from 198.51.0.0/24 (8)"));
	/* The first 32 and the crowd have said all. */
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, OWN + 4);
	case_end(&c);
}

static void sources_that_come_again_are_no_more(void **state)
{
	uint64_t now_ns;
	uint32_t i;

	(void)state;
	start("");
	now_ns = dumps(0, OWN + 3, CASE_WHEN);
	assert_int_equal(c.count, OWN + 2);
	for (i = 0; i < 20; i++)
		now_ns = dumps(OWN, 3, now_ns);
	assert_int_equal(c.count, OWN + 2);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, OWN + 3);
	expect_crowd(case_last(&c), 3, 63, true);
	assert_null(case_last(&c)->call);
	assert_true(case_says(case_last(&c), "63 times in all"));
	assert_true(case_says(case_last(&c), "3 sources after 32 others"));
	case_end(&c);
}

/* 32 within 60 s: a source that was new before that no longer counts. */
static void the_window_slides(void **state)
{
	(void)state;
	start("");
	dump(0, CASE_WHEN);
	dumps(1, OWN - 1, CASE_WHEN + 50 * CASE_SEC);
	dump(100, CASE_WHEN + 61 * CASE_SEC);
	assert_int_equal(c.count, OWN + 1);
	assert_int_equal(case_last(&c)->sources, 0);
	dump(101, CASE_WHEN + 61 * CASE_SEC);
	expect_crowd(case_last(&c), 1, 1, false);
	/* Once it is quiet, a source has its own again. */
	dump(102, CASE_WHEN + 122 * CASE_SEC);
	assert_int_equal(case_last(&c)->sources, 0);
	dump(101, CASE_WHEN + 123 * CASE_SEC);
	assert_int_equal(case_last(&c)->sources, 0);
	case_end(&c);
}

static void servers_and_detections_have_their_own(void **state)
{
	struct rpcs_call call;

	(void)state;
	start("");
	dumps(0, OWN + 1, CASE_WHEN);
	call = dump_of(200, CASE_WHEN + 5 * CASE_SEC);
	call.message.tuple.dst.bytes[15]++;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->sources, 0);
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	call.message.tuple.src = source_at(201);
	call.message.seen.time_ns = CASE_WHEN + 5 * CASE_SEC;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(case_last(&c)->sources, 0);
	assert_int_equal(c.count, OWN + 3);
	case_end(&c);
}

/* One that had alerts before goes on to have them, for another program too. */
static void who_had_alerts_keeps_them(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	uint32_t i;

	(void)state;
	start("");
	for (i = 0; i < OWN; i++) {
		call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
		call.message.tuple.src = source_at(i);
		call.message.seen.time_ns = CASE_WHEN + i * STEP_NS;
		rpcs_detect_call(c.detect, &call);
	}
	call = case_mapping(RPCS_PORTMAP_GETPORT, 390110, 0);
	call.message.tuple.src = source_at(5);
	call.message.seen.time_ns = CASE_WHEN + 5 * CASE_SEC;
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, OWN + 1);
	assert_int_equal(case_last(&c)->sources, 0);
	case_end(&c);
}

/* Forged sources get no answer; the one that does is not hidden among them. */
static void a_worse_outcome_leaves_the_crowd(void **state)
{
	struct rpcs_call real = dump_of(1000, CASE_WHEN + 20 * CASE_SEC);
	struct rpcs_call late = dump_of(1001, CASE_WHEN + 21 * CASE_SEC);
	struct rpcs_message reply;
	uint32_t before;

	(void)state;
	start("alerts: {repeat: 10m}\n");
	dumps(0, OWN + 5, CASE_WHEN);
	before = c.count;
	rpcs_detect_call(c.detect, &real);
	assert_int_equal(c.count, before);
	reply = case_reply(&real);
	real.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &real, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), before + 1);
	assert_int_equal(c.alerts[before].outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(rpcs_address_equal(&c.alerts[before].tuple.src, &real.message.tuple.src));
	expect_crowd(&c.alerts[before], 6, 6, true);
	assert_int_equal(c.alerts[before].id_low, c.alerts[OWN].id_low);
	/* The next one with the same has nothing to add. */
	before = c.count;
	rpcs_detect_call(c.detect, &late);
	rpcs_detect_outcome(c.detect, &late, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP), OWN + 4);
	case_end(&c);
}

static void a_more_severe_alert_leaves_the_crowd(void **state)
{
	struct rpcs_call call;
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	start("");
	for (i = 0; i < OWN + 4; i++) {
		call = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
		call.message.tuple.src = source_at(i);
		call.message.seen.time_ns = CASE_WHEN + i * STEP_NS;
		rpcs_detect_call(c.detect, &call);
	}
	assert_int_equal(c.count, OWN + 3);
	reply = case_reply_port(&call, 20048);
	call.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(c.count, OWN + 4);
	assert_true(case_last(&c)->raised);
	assert_int_equal(case_last(&c)->severity, 1);
	case_end(&c);
}

static void a_crowd_ends_with_its_count(void **state)
{
	(void)state;
	start("alerts: {repeat: 10m}\n");
	dumps(0, OWN + 3, CASE_WHEN);
	assert_int_equal(c.count, OWN + 2);
	rpcs_detect_tick(c.detect, CASE_WHEN + 599 * CASE_SEC);
	assert_int_equal(c.count, OWN + 2);
	rpcs_detect_tick(c.detect, CASE_WHEN + 604 * CASE_SEC);
	assert_int_equal(c.count, OWN + 3);
	expect_crowd(case_last(&c), 3, 3, true);
	case_end(&c);
	start("alerts: {repeat: 0s}\n");
	dumps(0, OWN + 3, CASE_WHEN);
	assert_int_equal(c.count, OWN + 3);
	case_end(&c);
}

/* A flood of forged sources costs detail, never memory, and is told as what it is. */
static void a_million_sources_are_bounded(void **state)
{
	static const uint32_t count = 1000000;
	struct rusage before, after;
	const struct rpcs_alert *last;
	uint32_t i;

	(void)state;
	/* The other detections have tables of their own. */
	case_start(&c, case_only(RPCS_D_DUMP, "", ""));
	dump(0, CASE_WHEN);
	getrusage(RUSAGE_SELF, &before);
	for (i = 1; i < count; i++)
		dump(i, CASE_WHEN + i * 10000ULL);
	getrusage(RUSAGE_SELF, &after);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 1 << 10);
	/* 20 in the first second; then what was held back, the crowd, and its doublings. */
	assert_in_range(c.count, 20 + 2, 20 + 2 + 4);
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	rpcs_detect_finish(c.detect);
	last = case_last(&c);
	assert_int_equal(last->count, count - OWN);
	assert_true(last->sources_estimated);
	assert_in_range(last->sources, count / 8 * 7, count / 8 * 9);
	assert_true(case_says(last, "(an estimate, within some 3 %)"));
	case_end(&c);
}

/* Crowds at more servers than are kept: the oldest goes, with its count, and that is counted. */
static void crowds_are_bounded(void **state)
{
	struct rpcs_call call;
	uint64_t now_ns = CASE_WHEN;
	uint32_t server, i, ends = 0;

	(void)state;
	start("limits: {sources: 128}\n");
	for (server = 0; server < 130; server++) {
		for (i = 0; i < OWN + 3; i++, now_ns += STEP_NS) {
			call = dump_of(i, now_ns);
			call.message.tuple.dst.bytes[15] = (uint8_t)server;
			c.count = 0;
			rpcs_detect_call(c.detect, &call);
			ends += c.count == 2 && c.alerts[0].sources == 3;
		}
	}
	assert_int_equal(ends, 2);
	assert_true(rpcs_detect_evictions(c.detect) > 2);
	case_end(&c);
}

/* A crowd that takes the place of a large one tells of its own members alone. */
static void a_crowd_begins_with_nobody(void **state)
{
	struct rpcs_call call;
	uint64_t now_ns;
	uint32_t i;

	(void)state;
	start("limits: {sources: 1}\nalerts: {repeat: 10m}\n");
	now_ns = dumps(0, OWN + 600, CASE_WHEN);
	c.count = 0;
	for (i = 0; i < OWN + 2; i++, now_ns += STEP_NS) {
		call = dump_of(0x10000 + i, now_ns);
		call.message.tuple.dst.bytes[15]++;
		rpcs_detect_call(c.detect, &call);
	}
	expect_crowd(case_last(&c), 2, 2, true);
	assert_int_equal(case_last(&c)->prefix_count, 1);
	assert_true(case_says(case_last(&c), "most alerts came from 198.52.0.0/24 (2)"));
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forty_sources_are_32_alerts_and_one),
		cmocka_unit_test(sources_that_come_again_are_no_more),
		cmocka_unit_test(the_window_slides),
		cmocka_unit_test(servers_and_detections_have_their_own),
		cmocka_unit_test(who_had_alerts_keeps_them),
		cmocka_unit_test(a_worse_outcome_leaves_the_crowd),
		cmocka_unit_test(a_more_severe_alert_leaves_the_crowd),
		cmocka_unit_test(a_crowd_ends_with_its_count),
		cmocka_unit_test(a_million_sources_are_bounded),
		cmocka_unit_test(crowds_are_bounded),
		cmocka_unit_test(a_crowd_begins_with_nobody),
	};

	return cmocka_run_group_tests_name("detect crowd", tests, NULL, NULL);
}

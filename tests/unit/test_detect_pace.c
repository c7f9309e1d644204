// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* At most 20 lines of a detection in any second, and no line less without a number that says so. */
#include "detect_case.h"

static struct detect_case c;

enum { LINES = 20, SEEN = 4096 };

/* What left of one detection, more than a case keeps. */
static struct {
	uint64_t times_ns[SEEN];
	uint32_t lines;
	uint64_t held; /* as said */
} seen;

static void take(void *arg, const struct rpcs_alert *alert)
{
	case_take(arg, alert);
	if (alert->detection != RPCS_D_DUMP)
		return;
	assert_in_range(seen.lines, 0, SEEN - 1);
	seen.times_ns[seen.lines++] = alert->time_ns;
	if (case_says(alert, "held back"))
		seen.held += alert->count;
}

static void start(const char *policy)
{
	memset(&seen, 0, sizeof(seen));
	case_start(&c, policy);
	rpcs_detect_free(&c.detect);
	c.detect = rpcs_detect_new(c.policy, &case_seed, take, &c);
	assert_non_null(c.detect);
}

/* Each at another server, so that nothing folds. */
static struct rpcs_call dump_at(uint32_t server, uint64_t time_ns)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

	call.message.tuple.dst.bytes[13] = (uint8_t)(server >> 16);
	call.message.tuple.dst.bytes[14] = (uint8_t)(server >> 8);
	call.message.tuple.dst.bytes[15] = (uint8_t)server;
	call.message.seen.time_ns = time_ns;
	return call;
}

static void dump(uint32_t server, uint64_t time_ns)
{
	struct rpcs_call call = dump_at(server, time_ns);

	rpcs_detect_tick(c.detect, time_ns);
	rpcs_detect_call(c.detect, &call);
}

static void no_second_has_more_than_twenty(void)
{
	uint32_t i;

	for (i = LINES; i < seen.lines; i++)
		assert_true(seen.times_ns[i] >= seen.times_ns[i - LINES] + CASE_SEC);
}

#define QUIET CASE_HOME "detections: {portmap-sweep: {enabled: false}}\n"

static void twenty_leave_and_one_is_said(void **state)
{
	const struct rpcs_alert *last;
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < LINES; i++)
		dump(i, CASE_WHEN + i);
	assert_int_equal(c.count, LINES);
	assert_int_equal(rpcs_detect_held(c.detect), 0);
	dump(LINES, CASE_WHEN + LINES);
	assert_int_equal(c.count, LINES);
	assert_int_equal(rpcs_detect_held(c.detect), 1);
	rpcs_detect_tick(c.detect, CASE_WHEN + CASE_SEC - 1);
	assert_int_equal(c.count, LINES);
	rpcs_detect_tick(c.detect, CASE_WHEN + CASE_SEC);
	assert_int_equal(c.count, LINES + 1);
	last = case_last(&c);
	assert_int_equal(last->detection, RPCS_D_DUMP);
	assert_int_equal(last->severity, 2);
	assert_int_equal(last->count, 1);
	assert_false(last->update);
	assert_null(last->call);
	assert_int_equal(last->tuple.protocol, 0);
	assert_int_not_equal(last->id_low, c.alerts[LINES - 1].id_low);
	assert_true(case_says(last, "1 further line of this detection was held back"));
	rpcs_detect_tick(c.detect, CASE_WHEN + 5 * CASE_SEC);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, LINES + 1);
	case_end(&c);
}

/* A thousand a second for ten seconds: what leaves and what is said are all. */
static void a_flood_is_counted_to_the_last_line(void **state)
{
	static const uint32_t calls = 10000;
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < calls; i++)
		dump(i, CASE_WHEN + i * (CASE_SEC / 1000));
	no_second_has_more_than_twenty();
	rpcs_detect_finish(c.detect);
	/* Of each second's 20, one says what was held back before; the last at the end. */
	assert_int_equal(seen.lines, 10 * LINES + 1);
	assert_int_equal(seen.held, calls - (seen.lines - 10));
	assert_int_equal(seen.held, rpcs_detect_held(c.detect));
	case_end(&c);
}

static void updates_count_as_lines(void **state)
{
	struct rpcs_call calls[LINES];
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < LINES; i++) {
		calls[i] = dump_at(i, CASE_WHEN + i);
		rpcs_detect_call(c.detect, &calls[i]);
		reply = case_reply(&calls[i]);
		calls[i].status = RPCS_STATUS_ANSWERED;
		rpcs_detect_outcome(c.detect, &calls[i], &reply);
	}
	assert_int_equal(seen.lines, LINES);
	/* An alert and its update, neither of which could leave, are one. */
	assert_int_equal(rpcs_detect_held(c.detect), LINES / 2);
	case_end(&c);
}

/* What an update would have said comes with the fold's count. */
static void an_outcome_that_was_held_back_is_told_at_the_end(void **state)
{
	struct rpcs_call first = dump_at(0, CASE_WHEN);
	struct rpcs_message reply = case_reply(&first);
	uint32_t i;

	(void)state;
	start(QUIET);
	rpcs_detect_call(c.detect, &first);
	for (i = 1; i < LINES; i++)
		dump(i, CASE_WHEN + i);
	first.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &first, &reply);
	assert_int_equal(seen.lines, LINES);
	rpcs_detect_finish(c.detect);
	assert_int_equal(seen.lines, LINES + 2);
	assert_true(case_says(&c.alerts[LINES], "held back"));
	assert_int_equal(case_last(&c)->id_low, c.alerts[0].id_low);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(case_last(&c)->update);
	case_end(&c);
}

/* An alert that was held back leaves with its next occurrence, or with its outcome. */
static void what_was_held_back_leaves_with_what_comes_next(void **state)
{
	struct rpcs_call late = dump_at(LINES + 1, CASE_WHEN + 40);
	struct rpcs_message reply;
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i <= LINES; i++)
		dump(i, CASE_WHEN + i);
	rpcs_detect_call(c.detect, &late);
	/* Again and again, and still one line that could not leave. */
	for (i = 0; i < 10; i++)
		dump(LINES, CASE_WHEN + 50 + i);
	assert_int_equal(rpcs_detect_held(c.detect), 2);
	dump(LINES, CASE_WHEN + 2 * CASE_SEC);
	assert_int_equal(seen.lines, LINES + 2);
	assert_false(case_last(&c)->update);
	assert_int_equal(case_last(&c)->count, 12);
	reply = case_reply(&late);
	reply.seen.time_ns = CASE_WHEN + 3 * CASE_SEC;
	late.status = RPCS_STATUS_ANSWERED;
	rpcs_detect_outcome(c.detect, &late, &reply);
	assert_int_equal(seen.lines, LINES + 3);
	assert_false(case_last(&c)->update);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_SUCCESS);
	case_end(&c);
}

static void each_detection_has_its_own_pace(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 390109, 0);
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < 2 * LINES; i++)
		dump(i, CASE_WHEN + i);
	assert_int_equal(c.count, LINES);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, LINES + 1);
	assert_int_equal(case_last(&c)->detection, RPCS_D_GETPORT);
	case_end(&c);
}

/* The counts at the end leave at once: later nobody could say what did not. */
static void the_end_has_no_pace(void **state)
{
	uint64_t time_ns = CASE_WHEN;
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < 50; i++, time_ns += CASE_SEC / 10)
		dump(i, time_ns);
	for (i = 0; i < 50; i++)
		dump(i, time_ns);
	assert_int_equal(seen.lines, 50);
	rpcs_detect_finish(c.detect);
	assert_int_equal(seen.lines, 100);
	assert_int_equal(rpcs_detect_held(c.detect), 0);
	case_end(&c);
}

/* A wild stamp in a capture holds nothing up for longer than its own second. */
static void time_that_jumps_opens_the_pace(void **state)
{
	uint32_t i;

	(void)state;
	start(QUIET);
	for (i = 0; i < 2 * LINES; i++)
		dump(i, CASE_WHEN + 1000000 * CASE_SEC + i);
	assert_int_equal(seen.lines, LINES);
	dump(100, CASE_WHEN);
	assert_int_equal(seen.lines, LINES + 2); /* what was held back, and this */
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_leave_and_one_is_said),
		cmocka_unit_test(a_flood_is_counted_to_the_last_line),
		cmocka_unit_test(updates_count_as_lines),
		cmocka_unit_test(an_outcome_that_was_held_back_is_told_at_the_end),
		cmocka_unit_test(what_was_held_back_leaves_with_what_comes_next),
		cmocka_unit_test(each_detection_has_its_own_pace),
		cmocka_unit_test(the_end_has_no_pace),
		cmocka_unit_test(time_that_jumps_opens_the_pace),
	};

	return cmocka_run_group_tests_name("detect pace", tests, NULL, NULL);
}

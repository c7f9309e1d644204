// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110080: said when something was lost, once a minute, with every figure. */
#include "detect_case.h"

static struct detect_case c;

static void nothing_lost_is_nothing_said(void **state)
{
	const struct rpcs_loss none = { 0 };

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_loss(c.detect, &none, CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

static void every_kind_has_its_figures(void **state)
{
	const struct rpcs_loss loss = { .records_lost = 11,
					.packets_capped = 16,
					.packets_unread = 17,
					.calls_evicted = 12,
					.sources_evicted = 13,
					.flows_evicted = 14,
					.reassembly_evicted = 15,
					.journal_dropped = 1 };
	const struct rpcs_alert *alert;

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN);
	assert_int_equal(c.count, 1);
	alert = case_last(&c);
	assert_int_equal(alert->detection, RPCS_D_SENSOR_LOSS);
	assert_int_equal(alert->severity, 2);
	assert_int_equal(alert->time_ns, CASE_WHEN);
	assert_int_equal(alert->tuple.protocol, 0);
	assert_null(alert->call);
	assert_int_equal(alert->evidence_count, 8);
	assert_true(case_says(alert, "11 records were lost"));
	assert_true(case_says(alert, "16 packets were left out"));
	assert_true(case_says(alert, "17 packets could not be read"));
	assert_true(case_says(alert, "12 unanswered calls"));
	assert_true(case_says(alert, "13 sources"));
	assert_true(case_says(alert, "14 flows"));
	assert_true(case_says(alert, "15 unfinished reassemblies"));
	assert_true(case_says(alert, "1 alert did not"));
	case_end(&c);
}

static void once_a_minute_with_what_came_since(void **state)
{
	struct rpcs_loss loss = { .records_lost = 10 };

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN);
	loss.records_lost = 15;
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + 59 * CASE_SEC);
	loss.flows_evicted = 3;
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + 60 * CASE_SEC - 1);
	assert_int_equal(c.count, 1);
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + 60 * CASE_SEC);
	assert_int_equal(c.count, 2);
	assert_true(case_says(case_last(&c), "5 records were lost"));
	assert_true(case_says(case_last(&c), "(15 since the start)"));
	assert_true(case_says(case_last(&c), "3 flows"));
	assert_int_equal(case_last(&c)->evidence_count, 2);
	/* Nothing new: nothing said, however long it lasts. */
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + 600 * CASE_SEC);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

/* What the minute held back is told when the run ends, with what came last. */
static void the_end_tells_the_rest(void **state)
{
	struct rpcs_loss loss = { .journal_dropped = 1 };

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN);
	loss.records_lost = 500;
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + CASE_SEC);
	loss.records_lost = 700;
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN + 2 * CASE_SEC);
	assert_int_equal(c.count, 1);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 2);
	assert_true(case_says(case_last(&c), "700 records were lost"));
	assert_int_equal(case_last(&c)->evidence_count, 1);
	assert_int_equal(case_last(&c)->time_ns, CASE_WHEN + 2 * CASE_SEC);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

static void an_end_without_losses_is_silent(void **state)
{
	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_finish(c.detect);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

/* A clock that was set back by a day must not silence losses for a day. */
static void a_clock_set_back_silences_nothing(void **state)
{
	struct rpcs_loss loss = { .records_lost = 1 };

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN);
	loss.records_lost = 2;
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN - 86400 * CASE_SEC);
	assert_int_equal(c.count, 2);
	case_end(&c);
}

static void the_policy_may_switch_it_off(void **state)
{
	const struct rpcs_loss loss = { .records_lost = 1 };

	(void)state;
	case_start(&c, "detections:\n  sensor-loss: {enabled: false}\n");
	rpcs_detect_loss(c.detect, &loss, CASE_WHEN);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_lost_is_nothing_said),
		cmocka_unit_test(every_kind_has_its_figures),
		cmocka_unit_test(once_a_minute_with_what_came_since),
		cmocka_unit_test(the_end_tells_the_rest),
		cmocka_unit_test(an_end_without_losses_is_silent),
		cmocka_unit_test(a_clock_set_back_silences_nothing),
		cmocka_unit_test(the_policy_may_switch_it_off),
	};

	return cmocka_run_group_tests_name("detect loss", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An alert's id and its evidence. */
#include "detect_case.h"

static void id_is_a_version_7_uuid(void **state)
{
	struct rpcs_alert alert = { .id_high = 0x018f00000000789aULL,
				    .id_low = 0x8abcdef012345678ULL };
	char text[RPCS_ALERT_ID_TEXT];

	(void)state;
	rpcs_alert_id_format(&alert, text);
	assert_string_equal(text, "018f0000-0000-789a-8abc-def012345678");
}

static void ids_carry_time_and_differ(void **state)
{
	static struct detect_case c;
	char text[2][RPCS_ALERT_ID_TEXT];
	int i;

	(void)state;
	case_start(&c, CASE_HOME);
	for (i = 0; i < 2; i++) {
		struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

		call.message.tuple.src.bytes[15] += (uint8_t)i;
		rpcs_detect_call(c.detect, &call);
		rpcs_alert_id_format(&c.alerts[i], text[i]);
		assert_int_equal(c.alerts[i].id_high >> 16, CASE_WHEN / 1000000);
		assert_int_equal(text[i][14], '7');
		assert_non_null(strchr("89ab", text[i][19]));
	}
	assert_string_not_equal(text[0], text[1]);
	case_end(&c);
}

/* Reading a capture twice gives the same ids; another sensor's differ. */
static void ids_repeat_for_a_seed(void **state)
{
	static const struct rpcs_hash_seed seeds[] = { { 1, 2 }, { 1, 2 }, { 1, 3 } };
	static struct detect_case c;
	struct rpcs_alert alerts[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);

		case_start(&c, CASE_HOME);
		rpcs_detect_free(&c.detect);
		c.detect = rpcs_detect_new(c.policy, &seeds[i], case_take, &c);
		rpcs_detect_call(c.detect, &call);
		alerts[i] = *case_last(&c);
		case_end(&c);
	}
	assert_int_equal(alerts[0].id_high, alerts[1].id_high);
	assert_int_equal(alerts[0].id_low, alerts[1].id_low);
	assert_int_not_equal(alerts[0].id_low, alerts[2].id_low);
}

static void evidence_is_bounded_and_printable(void **state)
{
	struct rpcs_alert alert = { 0 };
	char text[2 * RPCS_EVIDENCE_TEXT];
	int i;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	rpcs_alert_evidence(&alert, "%s", text);
	assert_int_equal(strlen(alert.evidence[0]), RPCS_EVIDENCE_TEXT - 1);
	rpcs_alert_evidence(&alert, "%s", "a\n\033[31m\x80\x7f~");
	assert_string_equal(alert.evidence[1], "a??[31m??~");
	for (i = 0; i < 2 * RPCS_EVIDENCE_MAX; i++)
		rpcs_alert_evidence(&alert, "%d", i);
	assert_int_equal(alert.evidence_count, RPCS_EVIDENCE_MAX);
	assert_string_equal(alert.evidence[RPCS_EVIDENCE_MAX - 1], "5");
}

static void every_outcome_has_a_name(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < RPCS_OUTCOME__MAX; i++) {
		assert_non_null(rpcs_outcome_name(i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(rpcs_outcome_name(i), rpcs_outcome_name(j));
	}
	assert_string_equal(rpcs_outcome_name(RPCS_OUTCOME_ATTEMPT), "attempt");
	assert_string_equal(rpcs_outcome_name(RPCS_OUTCOME_NOT_REGISTERED), "not_registered");
	assert_string_equal(rpcs_outcome_name(RPCS_OUTCOME_SUCCESS), "success");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_is_a_version_7_uuid),
		cmocka_unit_test(ids_carry_time_and_differ),
		cmocka_unit_test(ids_repeat_for_a_seed),
		cmocka_unit_test(evidence_is_bounded_and_printable),
		cmocka_unit_test(every_outcome_has_a_name),
	};

	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How often each rule decided: in the list that others see, and in a `stats` event. */
#include "output_fixture.h"
#include "output_schema.h"

#include "policy/rule_hits.h"
#include "policy_case.h"

static struct rpcs_rule_hits list[RPCS_RULES_SHOWN_MAX];

static void names_and_hits(void **state)
{
	OWNED_POLICY *policy = policy_of("allow:\n"
					 "- {name: lookups, calls: GETPORT}\n"
					 "- {calls: DUMP, clients: 10.0.0.5}\n");

	(void)state;
	memset(list, 0xff, sizeof(list));
	decide(policy, IN, RPCS_CALL_GETPORT, 1);
	rpcs_rule_hits_begin(policy, list);
	assert_string_equal(list[0].name, "lookups");
	assert_string_equal(list[1].name, "rule-2");
	assert_string_equal(list[2].name, "");
	assert_int_equal(list[0].hits, 1);
	assert_int_equal(list[1].hits, 0);
	assert_int_equal(list[1].suppressed, 0);

	/* What others count stays. */
	list[1].suppressed = 7;
	decide(policy, IN, RPCS_CALL_DUMP, 0);
	decide(policy, IN, RPCS_CALL_DUMP, 0);
	decide(policy, OUT, RPCS_CALL_DUMP, 0);
	rpcs_rule_hits_update(policy, list);
	assert_int_equal(list[0].hits, 1);
	assert_int_equal(list[1].hits, 2);
	assert_int_equal(list[1].suppressed, 7);
}

static void more_rules_than_are_shown(void **state)
{
	enum { RULES = RPCS_RULES_SHOWN_MAX + 1, LINE = 40 };
	RPCS_OWNED_BLOCK char *text = malloc((RULES + 1) * LINE);
	OWNED_POLICY *policy = NULL;
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)snprintf(text, LINE, "allow:\n");
	for (int i = 0; i < RULES; i++)
		len += (size_t)snprintf(text + len, LINE, "- {calls: GETPORT, programs: %d}\n",
					i + 1);
	policy = policy_of(text);
	decide(policy, IN, RPCS_CALL_GETPORT, RULES);
	decide(policy, IN, RPCS_CALL_GETPORT, RULES - 1);
	rpcs_rule_hits_begin(policy, list);
	assert_int_equal(rpcs_policy_rule_hits(policy, RULES - 1), 1);
	assert_string_equal(list[RPCS_RULES_SHOWN_MAX - 1].name, "rule-4096");
	assert_int_equal(list[RPCS_RULES_SHOWN_MAX - 1].hits, 1);
}

/** The `stats` line of `count` rules. */
static json_t *stats_line(uint32_t count)
{
	struct fixture fixture = fixture_open(&(struct rpcs_output_context){ 0 });
	struct rpcs_stats stats = { .time_ns = WHEN, .rules = list, .rule_count = count };

	assert_int_equal(fixture.sink->stats(fixture.sink, &stats), 0);
	return fixture_line(&fixture);
}

static void the_stats_event_has_rules(void **state)
{
	json_t *line;

	(void)state;
	memset(list, 0, sizeof(list));
	strcpy(list[0].name, "silent");
	strcpy(list[1].name, "caf\xc3\xa9 \"x\"");
	list[1].hits = 3;
	list[1].suppressed = 4;
	line = stats_line(2);
	assert_int_equal(json_array_size(at(line, "stats.rules")), 1);
	assert_number(line, "stats.rules.0.rule", 2);
	assert_number(line, "stats.rules.0.hits", 7);
	assert_number(line, "stats.rules.0.suppressed", 4);
	assert_non_null(strstr(json_string_value(at(line, "stats.rules.0.name")), "\"x\""));
	assert_absent(line, "stats.rules_left_off");
	json_decref(line);
}

static void the_stats_event_is_bounded(void **state)
{
	json_t *line;

	(void)state;
	for (uint32_t i = 0; i < RPCS_RULES_SHOWN_MAX; i++) {
		snprintf(list[i].name, sizeof(list[i].name), "a-rule-with-quite-a-long-name-%u", i);
		list[i].hits = UINT64_C(1) << 62;
	}
	line = stats_line(RPCS_RULES_SHOWN_MAX);
	assert_int_equal(json_array_size(at(line, "stats.rules")), 1024);
	assert_number(line, "stats.rules_left_off", RPCS_RULES_SHOWN_MAX - 1024);
	json_decref(line);
}

static void without_a_state_there_are_none(void **state)
{
	struct fixture fixture = fixture_open(&(struct rpcs_output_context){ 0 });
	struct rpcs_stats stats = { .time_ns = WHEN };
	json_t *line;

	(void)state;
	assert_int_equal(fixture.sink->stats(fixture.sink, &stats), 0);
	line = fixture_line(&fixture);
	assert_absent(line, "stats.rules");
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_hits),
		cmocka_unit_test(more_rules_than_are_shown),
		cmocka_unit_test(the_stats_event_has_rules),
		cmocka_unit_test(the_stats_event_is_bounded),
		cmocka_unit_test(without_a_state_there_are_none),
		cmocka_unit_test(test_schema), /* last: of the lines of all before */
	};

	return cmocka_run_group_tests_name("rule hits", tests, schema_begin, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files as they come from editors, other tools and haste: what is said must help to mend them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "policy/policy.h"

/** A text, and the first mistake that is told of it. */
struct sloppy {
	const char *text;
	uint32_t line, column;
	const char *wrong, *expected;
};

static const struct sloppy cases[] = {
	/* Encodings: the byte itself is named. */
	{ "sensor:\n  name: caf\xe9\n", 2, 12, "byte 0xe9", "UTF-8" },
	{ "sensor:\n  name: \xff\xfe\n", 2, 9, "byte 0xff", "UTF-8" },
	{ "\xff\xfes\1", 1, 1, "byte 0xff", "UTF-8" },
	{ "sensor: {name: \xc3", 1, 16, "byte 0xc3", "UTF-8" },
	/* YAML that other tools would take, or that looks as if it were. */
	{ "sensor:\n\tname: x\n", 2, 1, "a tab", "expected spaces" },
	{ "allow:\n-\t{calls: NULL}\n", 2, 2, "a tab", "expected spaces" },
	{ "networks: {a: fd00::/8, b: ::1}\n", 1, 28, "node content", "an IPv6 address" },
	{ "allow:\n- {clients: *}\n", 2, 14, "alias", "quotes around a value that begins with" },
	{ "allow:\n- {clients: @x}\n", 2, 13, "start any token", "quotes" },
	{ "allow:\n- {calls: [NULL, DUMP}\n", 2, 22, "line 2 column 11", "a comma or the closing" },
	{ "allow: {a: b, c\n", 2, 1, "line 1 column 8", "a comma or the closing" },
	{ "sensor:\n  name: \"abc\n", 3, 1, "line 2 column 9", "closing quote" },
	{ "sensor\n  name: a\n", 2, 7, "mapping values", "':' behind the key above" },
	{ "sensor:\n  name:a\n  mode: auto\n", 3, 7, "mapping values", "':' behind the key above" },
	{ "a: &x 1\nb: *x\n", 1, 1, "unknown key \"a\"", "one of sensor" },
	{ "allow:\n- <<: 1\n", 2, 3, "unknown key \"<<\"", "one of name" },
	{ "sensor: {name: a}\n---\nallow: []\n", 2, 1, "second YAML document", "one" },
	{ "sensor: {name: \"\\e[2J\"}\n", 1, 16, "control character", "printable" },
	{ "hello world\n", 1, 1, "a single value", "a map of sensor" },
	{ "- a\n", 1, 1, "a list here", "a map of sensor" },
	/* Addresses. */
	{ "networks: {a: 10.0.0.0/255.0.0.0}\n", 1, 15, "is no address or prefix", "10.0.0.0/8" },
	{ "networks: {a: 10.0.0.1-10.0.0.9}\n", 1, 15, "is no address or prefix", "10.0.0.0/8" },
	{ "networks: {a: 10.0.0.0/33}\n", 1, 15, "is no address or prefix", "10.0.0.0/8" },
	{ "networks: {a: fe80::1%eth0}\n", 1, 15, "is no address or prefix", "fd00::/8" },
	{ "networks: {a: example.com}\n", 1, 15, "is no address or prefix", "10.0.0.0/8" },
	{ "networks: {a: 10.1.2.3/8}\n", 1, 15, "bits set behind", "expected 10.0.0.0/8" },
	{ "allow: [{clients: 10.0.0.0.0}]\n", 1, 19, "is no address", "a name in networks" },
	{ "allow: [{clients: hoem}]\n", 1, 19, "did you mean \"home\"", "a name in networks" },
	/* Values and units. */
	{ "timeouts: {call: 24}\n", 1, 18, "\"24\" is no duration", "such as 500ms, 30s" },
	{ "alerts: {repeat: 1d}\n", 1, 18, "\"1d\" is no duration", "such as 500ms, 30s" },
	{ "limits: {reassembly: 64MB}\n", 1, 22, "\"64MB\" is no size", "64K or 8M" },
	{ "limits: {flows: 65_536}\n", 1, 17, "\"65_536\" is no number", "from 1 to" },
	{ "sensor: {ports: [0111]}\n", 1, 18, "\"0111\" is no number", "from 1 to 65535" },
	{ "alerts: {journal: yes}\n", 1, 19, "neither true nor false", "did you mean true" },
	{ "allow: [{log: off}]\n", 1, 15, "neither true nor false", "did you mean false" },
	{ "allow: [{calls: getport}]\n", 1, 17, "did you mean \"GETPORT\"", "GETPORT, DUMP" },
	{ "allow: [{client: 10.0.0.1}]\n", 1, 10, "did you mean \"clients\"", "one of name" },
	{ "allow:\n- NULL\n", 2, 3, "a single value", "a rule: a map" },
	{ "sensor:\nallow: []\n", 1, 8, "empty value", "a map of sensor settings" },
	{ "sensor: {name: a}\nsensor: {name: b}\n", 2, 1, "first at line 1", "once" },
};

static void what_is_said_helps(void **state)
{
	static struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sloppy *c = &cases[i];
		const struct rpcs_policy_error *told = &errors.list[0];

		if (rpcs_policy_parse(c->text, strlen(c->text), &policy, &errors) != -EINVAL)
			fail_msg("accepted: %s", c->text);
		if (told->line != c->line || told->column != c->column ||
		    !strstr(told->text, c->wrong) || !strstr(told->text, "expected") ||
		    !strstr(told->text, c->expected))
			fail_msg("%s: told %u:%u: %s; wanted %u:%u: %s ... %s", c->text, told->line,
				 told->column, told->text, c->line, c->column, c->wrong,
				 c->expected);
	}
}

/** Nothing behind a NUL is left unread in silence. */
static void a_nul_is_told(void **state)
{
	static const char text[] = "sensor:\n  name: a\0b\nallow: nonsense\n";
	static struct rpcs_policy_errors errors;
	struct rpcs_policy *policy = NULL;

	(void)state;
	assert_int_equal(rpcs_policy_parse(text, sizeof(text) - 1, &policy, &errors), -EINVAL);
	assert_int_equal(errors.list[0].line, 2);
	assert_int_equal(errors.list[0].column, 10);
	assert_non_null(strstr(errors.list[0].text, "byte 0x00"));
}

/** Other ends of lines, a mark in front, quotes and JSON are no mistakes. */
static void what_is_right_all_the_same(void **state)
{
	static const char *const right[] = {
		"sensor:\r\n  name: a\r\n  mode: auto\r\n",
		"\xef\xbb\xbfsensor: {name: a}\n",
		"{\"sensor\": {\"name\": \"a\"}, \"allow\": [{\"calls\": \"NULL\"}]}",
		"networks: {a: [fd00::/8]}\n",
		"sensor: {name: ~}\n",
		"---\nsensor: {name: caf\xc3\xa9}\n...\n",
		"",
		"# nothing\n",
	};
	static struct rpcs_policy_errors errors;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct rpcs_policy *policy = NULL;

		if (rpcs_policy_parse(right[i], strlen(right[i]), &policy, &errors))
			fail_msg("%s: %u:%u: %s", right[i], errors.list[0].line,
				 errors.list[0].column, errors.list[0].text);
		rpcs_policy_free(&policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_helps),
		cmocka_unit_test(a_nul_is_told),
		cmocka_unit_test(what_is_right_all_the_same),
	};

	return cmocka_run_group_tests_name("policy sloppy", tests, NULL, NULL);
}

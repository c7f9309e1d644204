// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policy texts with mistakes: each is told with its place, several at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/policy.h"

enum { MISTAKES_MAX = 8 };

/** A text and all of its mistakes: where, and part of what is said. */
struct mistake_case {
	const char *text;
	struct {
		uint32_t line, column;
		const char *part;
	} mistakes[MISTAKES_MAX];
};

static void case_check(const struct mistake_case *c)
{
	struct rpcs_policy *policy = NULL;
	struct rpcs_policy_errors errors;
	uint32_t i;

	if (rpcs_policy_parse(c->text, strlen(c->text), &policy, &errors) != -EINVAL)
		fail_msg("accepted: %s", c->text);
	assert_null(policy);
	for (i = 0; i < MISTAKES_MAX && c->mistakes[i].line; i++) {
		const struct rpcs_policy_error *told = &errors.list[i];

		if (i >= errors.kept)
			fail_msg("%s: not told: %s", c->text, c->mistakes[i].part);
		if (told->line != c->mistakes[i].line || told->column != c->mistakes[i].column ||
		    !strstr(told->text, c->mistakes[i].part))
			fail_msg("%s: told %u:%u: %s; wanted %u:%u: %s", c->text, told->line,
				 told->column, told->text, c->mistakes[i].line,
				 c->mistakes[i].column, c->mistakes[i].part);
		if (!strstr(told->text, "expected"))
			fail_msg("%s: nothing said of what was expected: %s", c->text, told->text);
	}
	if (errors.total != i)
		fail_msg("%s: %u mistakes told, wanted %u; the next: %s", c->text, errors.total, i,
			 errors.list[i].text);
}

#define CASES_CHECK(cases)                                                    \
	do {                                                                  \
		for (size_t i = 0; i < sizeof(cases) / sizeof(*(cases)); i++) \
			case_check(&(cases)[i]);                              \
	} while (0)

static void syntax(void **state)
{
	static const struct mistake_case cases[] = {
		{ "sensor: {name: gw1\nstats: 1\n",
		  { { 2, 6,
		      "expected ',' or '}', while parsing a flow mapping begun at line 1 column "
		      "9" } } },
		{ "sensor:\n  name: gw1\n   mode: tc\n", { { 3, 8, "YAML: " } } },
		{ "sensor:\n\tname: gw1\n", { { 2, 1, "a tab" } } },
		{ "sensor: \"gw1\n", { { 2, 1, "YAML: " } } },
		{ "a: b: c\n", { { 1, 5, "YAML: " } } },
		{ "sensor:\n  name: gw\x01\n", { { 2, 11, "control" } } },
		{ "sensor:\n  name: \xff\n", { { 2, 9, "UTF-8" } } },
		{ "sensor:\n  name: ok\n  \xc3\xa9: \xc3\n", { { 3, 7, "UTF-8" } } },
		{ "\xef\xbb\xbfstats: 2\r\nlimits: 3\r\n",
		  { { 1, 8, "expected {interval" }, { 2, 9, "expected a map" } } },
		{ "allow: []\n---\nallow: []\n", { { 2, 1, "second YAML document" } } },
		{ "sensor: {name: \"a\\nb\"}\n", { { 1, 16, "control character" } } },
		{ "sensor: {name: \"a\\u009bb\"}\n", { { 1, 16, "control character" } } },
		{ "stats: &x {interval: 1s}\nlimits: *x\n",
		  { { 1, 8, "anchor \"x\"" }, { 2, 9, "alias \"x\"" } } },
		{ "sensor: {name: !!str gw1}\n", { { 1, 16, "tag" } } },
		{ "sensor: {[a]: b}\n", { { 1, 10, "as a key" } } },
		{ "[[[[[[[[[[[[[[[[[[[[[[", { { 1, 17, "nested too deep" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void keys(void **state)
{
	static const struct mistake_case cases[] = {
		{ "senser: {}\n",
		  { { 1, 1, "unknown key \"senser\" (did you mean \"sensor\"?)" } } },
		{ "sensor:\n  inerfaces: [eth0]\n", { { 2, 3, "did you mean \"interfaces\"?" } } },
		{ "sensor: {xyzzy: 1}\n", { { 1, 10, "expected one of name, interfaces, mode" } } },
		{ "stats: {interval: 1s}\nstats: {interval: 2s}\n",
		  { { 2, 1, "duplicate key \"stats\", first at line 1 column 1" } } },
		{ "sensor: {mode: tc, name: a, mode: tc}\n",
		  { { 1, 29, "duplicate key \"mode\"" } } },
		{ "networks: {a: 10.0.0.1, a: 10.0.0.2}\n", { { 1, 25, "duplicate key \"a\"" } } },
		{ "detections:\n  portmap-dump: {}\n  portmap-dump: {}\n",
		  { { 3, 3, "duplicate key" } } },
		{ "sensor:\n", { { 1, 8, "empty value; expected a map" } } },
		{ "sensor:\n  name:\n  mode: tc\n", { { 2, 8, "empty value" } } },
		{ "sensor: {name: ''}\n", { { 1, 16, "empty value" } } },
		{ "allow:\n  -\n", { { 2, 4, "empty value; expected a rule" } } },
		{ "sensor: [a]\n", { { 1, 9, "a list here; expected a map" } } },
		{ "allow: {a: b}\n", { { 1, 8, "a map here; expected a list of rules" } } },
		{ "- sensor\n", { { 1, 1, "a list here; expected a map" } } },
		{ "just text\n", { { 1, 1, "a single value here; expected a map" } } },
		{ "<<: {sensor: {}}\n", { { 1, 1, "unknown key \"<<\"" } } },
		{ "\"\\u00e9\": 1\n", { { 1, 1, "unknown key \"\\xc3\\xa9\"" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void values(void **state)
{
	static const struct mistake_case cases[] = {
		{ "sensor: {mode: xdp}\n",
		  { { 1, 16, "unknown value \"xdp\"; expected auto, native, generic or tc" } } },
		{ "sensor: {mode: genric}\n", { { 1, 16, "did you mean \"generic\"?" } } },
		{ "sensor: {ports: []}\n", { { 1, 17, "expected 1 to 8" } } },
		{ "sensor: {ports: [1,2,3,4,5,6,7,8,9]}\n",
		  { { 1, 17, "9 ports; expected 1 to 8" } } },
		{ "sensor: {ports: [111, 0, 65536, x, '7', 111]}\n",
		  { { 1, 23, "out of range" },
		    { 1, 26, "\"65536\" is out of range; expected a number from 1 to 65535" },
		    { 1, 33, "\"x\" is no number" },
		    { 1, 36, "\"7\" is no number" },
		    { 1, 41, "twice" } } },
		{ "sensor: {ring_size: 8Q}\n",
		  { { 1, 21, "is no size; expected a size from 4K to 1G" } } },
		{ "sensor: {ring_size: 2G}\n", { { 1, 21, "out of range" } } },
		{ "sensor: {ring_size: 99999999999999999999G}\n", { { 1, 21, "out of range" } } },
		{ "sensor: {interfaces: [eth0, a/b, sixteen-bytes-xx, eth0]}\n",
		  { { 1, 29, "can't name an interface" },
		    { 1, 34, "can't name an interface" },
		    { 1, 52, "twice" } } },
		{ "sensor: {interfaces: {a: b}}\n", { { 1, 22, "a map here; expected a list" } } },
		{ "alerts: {journal: yes}\n", { { 1, 19, "neither true nor false" } } },
		{ "alerts: {journal: 'true'}\n", { { 1, 19, "neither true nor false" } } },
		{ "alerts: {repeat: 1d}\n", { { 1, 18, "\"1d\" is no duration" } } },
		{ "alerts: {repeat: 60}\n", { { 1, 18, "\"60\" is no duration" } } },
		{ "alerts: {repeat: -1s}\n", { { 1, 18, "is no duration" } } },
		{ "alerts: {repeat: 1.5h}\n", { { 1, 18, "is no duration" } } },
		{ "alerts: {repeat: 9999999h}\n",
		  { { 1, 18, "out of range; expected a duration" } } },
		{ "timeouts: {call: 0s}\n",
		  { { 1, 18, "out of range; expected a duration from 1ms" } } },
		{ "limits: {flows: 0, sources: 010}\n",
		  { { 1, 17, "out of range" }, { 1, 29, "is no number" } } },
		{ "limits: {flows: 16777217}\n", { { 1, 17, "out of range" } } },
		{ "stats: {interval: [1s]}\n", { { 1, 19, "a list here; expected a duration" } } },
		{ "condition: {depth: x, breadth: 0, width: 1}\n",
		  { { 1, 20, "is no number" },
		    { 1, 32, "out of range" },
		    { 1, 35, "unknown key" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void sets(void **state)
{
	static const struct mistake_case cases[] = {
		{ "networks: {home: [10.0.0.0/8, 10.0.0.1/8, nowhere, 300.1.1.1]}\n",
		  { { 1, 31, "bits set behind its length; expected 10.0.0.0/8" },
		    { 1, 43, "\"nowhere\" is no address or prefix" },
		    { 1, 52, "\"300.1.1.1\" is no address" } } },
		{ "networks: {1st: 10.0.0.1}\n", { { 1, 12, "can't name a set" } } },
		{ "networks: {a b: 10.0.0.1}\n", { { 1, 12, "can't name a set" } } },
		{ "networks: {a: {b: c}}\n", { { 1, 15, "a map here" } } },
		{ "networks: {a: [[10.0.0.1]]}\n", { { 1, 16, "a list here" } } },
		{ "programs: {a: [mountd, nsf, 4294967296]}\n",
		  { { 1, 24, "unknown program \"nsf\" (did you mean \"nfs\"?)" },
		    { 1, 29, "out of range" } } },
		{ "sensitive: {add: [nfss], remove: {}, drop: []}\n",
		  { { 1, 19, "did you mean \"nfs\"?" },
		    { 1, 34, "a map here" },
		    { 1, 38, "unknown key \"drop\"" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void rules(void **state)
{
	static const struct mistake_case cases[] = {
		{ "networks: {backup: 10.0.0.1}\n"
		  "allow: [{clients: backpu, servers: [hme, 10.0.0/8, 10.0.0.1/8]}]\n",
		  { { 2, 19, "unknown network \"backpu\" (did you mean \"backup\"?)" },
		    { 2, 37, "did you mean \"home\"?" },
		    { 2, 42, "is no address or prefix" },
		    { 2, 52, "expected 10.0.0.0/8" } } },
		{ "programs: {ours: 1}\nallow: [{programs: [our, mountdd]}]\n",
		  { { 2, 21, "did you mean \"ours\"?" }, { 2, 26, "did you mean \"mountd\"?" } } },
		{ "allow: [{servers: servers}]\n", { { 1, 19, "unknown network \"servers\"" } } },
		{ "allow: [{clients: []}]\n", { { 1, 19, "empty list" } } },
		{ "allow: [{calls: []}]\n", { { 1, 17, "empty list" } } },
		{ "allow: [{calls: {}}]\n", { { 1, 17, "a map here" } } },
		{ "allow: [{calls: [GETPRT, getport, =all, NUL, '=']}]\n",
		  { { 1, 18, "unknown call \"GETPRT\" (did you mean \"GETPORT\"?)" },
		    { 1, 26, "did you mean \"GETPORT\"?" },
		    { 1, 35, "unknown call \"=all\"" },
		    { 1, 41, "did you mean \"NULL\"?" },
		    { 1, 46, "unknown call" } } },
		{ "allow: [{calls: }]\n", { { 1, 17, "empty value" } } },
		{ "allow: [{outcome: answerd}]\n", { { 1, 19, "did you mean \"answered\"?" } } },
		{ "allow: [{log: no}]\n", { { 1, 15, "neither true nor false" } } },
		{ "allow: [{suppress: user, client: home}]\n",
		  { { 1, 20, "expected kernel" }, { 1, 26, "did you mean \"clients\"?" } } },
		{ "allow:\n  - {clients: 10.9.9.9, suppress: kernel}\n",
		  { { 2, 35, "outside response.trust" } } },
		{ "allow: [{suppress: kernel}]\nresponse: {trust: [10.0.0.0/8]}\n",
		  { { 1, 20, "outside response.trust" } } },
		{ "allow: [{clients: 10.0.0.0/8, suppress: kernel}]\nresponse: {trust: "
		  "[10.0.0.0/9]}\n",
		  { { 1, 41, "outside response.trust" } } },
		{ "allow: [{clients: home, suppress: kernel}]\nresponse: {trust: [10.0.0.0/9]}\n",
		  { { 1, 35, "outside response.trust" } } },
		{ "allow: [{clients: 10.9.9.9, suppress: kernel, outcome: answered}]\n"
		  "response: {trust: [10.9.9.9]}\n",
		  { { 1, 39, "can't wait for" } } },
		{ "allow: [{name: "
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]\n",
		  { { 1, 16, "too long; expected at most 63 bytes" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void detections(void **state)
{
	static const struct mistake_case cases[] = {
		{ "detections: {portmap-dmup: {}}\n",
		  { { 1, 14,
		      "unknown detection \"portmap-dmup\" (did you mean \"portmap-dump\"?)" } } },
		{ "detections: {portmap-sweep: {host: 1, window: 5, hosts: 0}}\n",
		  { { 1, 30, "did you mean \"hosts\"?" },
		    { 1, 47, "is no duration" },
		    { 1, 57, "out of range" } } },
		{ "detections: {portmap-dump: {hosts: 3}}\n",
		  { { 1, 29, "unknown key \"hosts\"; expected one of enabled, severity" } } },
		{ "detections: {portmap-dump: {severity: 5, enabled: maybe}}\n",
		  { { 1, 39, "expected a number from 1 to 4" },
		    { 1, 51, "neither true nor false" } } },
		{ "detections: {portmap-dump: off}\n", { { 1, 28, "expected a map of enabled" } } },
		{ "detections: {rpc-direct: {ok: [{program: nfs}, {program: nfz, port: 1}, 3]}}\n",
		  { { 1, 32, "port is missing" },
		    { 1, 58, "did you mean \"nfs\"?" },
		    { 1, 73, "expected {program" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

static void later_sections(void **state)
{
	static const struct mistake_case cases[] = {
		{ "host_logs: {journal: 1, files: /a, patterns: [{name: x}, 3], join_window: 5}\n",
		  { { 1, 22, "neither true nor false" },
		    { 1, 32, "expected a list of files" },
		    { 1, 47, "regex is missing" },
		    { 1, 58, "expected a map of name" },
		    { 1, 75, "is no duration" } } },
		{ "response: {enforce: on, for: 10, trust: [nets], never: [1.2.3]}\n",
		  { { 1, 21, "neither true nor false" },
		    { 1, 30, "is no duration" },
		    { 1, 42, "unknown network \"nets\"" },
		    { 1, 57, "is no address" } } },
		{ "response: {on: [portmap-callit-forbidden-target, portmap-spoofed-local]}\n",
		  { { 1, 17, "can't drop a source" }, { 1, 50, "can't drop a source" } } },
		{ "response: {on: [portmap-amplification, portmap-reflection-victim, "
		  "portmap-flood]}\n",
		  { { 1, 17, "can't drop" }, { 1, 40, "can't drop" }, { 1, 67, "can't drop" } } },
		{ "response: {on: [host-refused, portmap-dump-exposed, rpc-gridn]}\n",
		  { { 1, 17, "host log" },
		    { 1, 31, "on a reply" },
		    { 1, 53, "did you mean \"rpc-grind\"?" } } },
	};

	(void)state;
	CASES_CHECK(cases);
}

/** Sections are read in another order than they stand; mistakes are told as they stand. */
static void several_come_in_order(void **state)
{
	static const struct mistake_case c = {
		"sensor:\n"
		"  mode: fast\n"
		"allow:\n"
		"  - calls: GETPRT\n"
		"    clients: nowhere\n"
		"networks:\n"
		"  servers: [10.2.0.300]\n"
		"programs: 7\n"
		"sensor: {}\n"
		"stats: {interval: 0ms}\n",
		{ { 2, 9, "unknown value \"fast\"" },
		  { 4, 12, "unknown call" },
		  { 5, 14, "unknown network" },
		  { 7, 13, "is no address" },
		  { 8, 11, "expected a map" },
		  { 9, 1, "duplicate key \"sensor\"" },
		  { 10, 19, "out of range" } },
	};

	(void)state;
	case_check(&c);
}

/** More mistakes than are kept: the first ones in the file's order are, all are counted. */
static void the_first_are_kept(void **state)
{
	enum { MISTAKES = 500, LINE = 32 };
	RPCS_OWNED_BLOCK char *text = malloc(MISTAKES * LINE);
	struct rpcs_policy *policy = NULL;
	struct rpcs_policy_errors errors;
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned int i = 0; i < MISTAKES; i++)
		len += (size_t)snprintf(text + len, LINE, "key-%u: 1\n", i);
	assert_int_equal(rpcs_policy_parse(text, len, &policy, &errors), -EINVAL);
	assert_int_equal(errors.total, MISTAKES);
	assert_int_equal(errors.kept, RPCS_POLICY_ERRORS_MAX);
	for (unsigned int i = 0; i < errors.kept; i++)
		assert_int_equal(errors.list[i].line, i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax),
		cmocka_unit_test(keys),
		cmocka_unit_test(values),
		cmocka_unit_test(sets),
		cmocka_unit_test(rules),
		cmocka_unit_test(detections),
		cmocka_unit_test(later_sections),
		cmocka_unit_test(several_come_in_order),
		cmocka_unit_test(the_first_are_kept),
	};

	return cmocka_run_group_tests_name("policy mistakes", tests, NULL, NULL);
}

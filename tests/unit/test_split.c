// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One large object taken apart: whatever its layout, however its bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "services/split.h"

static struct rpcs_split split;
static char seen[4096];

static bool note(void *arg, const char *text, size_t len)
{
	size_t used = strlen(seen);

	(void)arg;
	snprintf(seen + used, sizeof(seen) - used, "%.*s|", (int)len, text);
	return true;
}

/* In portions of `step`; NULL when nothing is wrong. */
static const char *take(const char *text, size_t len, size_t step)
{
	const char *wrong = NULL;
	size_t at;

	memset(&split, 0, sizeof(split));
	split.element = note;
	seen[0] = '\0';
	for (at = 0; at < len && !wrong; at += step)
		wrong = rpcs_split_take(&split, text + at, len - at < step ? len - at : step);
	return wrong ? wrong : rpcs_split_end(&split);
}

static void test_good(void **state)
{
	static const struct {
		const char *text, *frame, *elements;
	} cases[] = {
		{ "{\"a\":1,\"l\":[{\"x\":1},{\"y\":[2,{}]}],\"b\":2}",
		  "{\"a\":1,\"l\":[],\"b\":2}", "{\"x\":1}|{\"y\":[2,{}]}|" },
		{ "\n { \"l\" : [\n{} ,\t{}\n] }\n\n", "{ \"l\" : [] }", "{}|{}|" },
		{ "{\"l\":[]}", "{\"l\":[]}", "" },
		{ "{}", "{}", "" },
		/* Brackets and quotes in strings are no brackets and quotes. */
		{ "{\"a]}\\\"[\":1,\"l\":[{\"}\":\"\\\\\"}]}", "{\"a]}\\\"[\":1,\"l\":[]}",
		  "{\"}\":\"\\\\\"}|" },
	};
	size_t i, step;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (step = 1; step < 64; step++) {
			assert_null(take(cases[i].text, strlen(cases[i].text), step));
			assert_string_equal(seen, cases[i].elements);
			assert_int_equal(split.frame_len, strlen(cases[i].frame));
			assert_memory_equal(split.frame, cases[i].frame, split.frame_len);
		}
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"[]",
		"{",
		"{}x",
		"{} {}",
		"{\"l\":[",
		"{\"l\":[{}",
		"{\"l\":[{},]}",
		"{\"l\":[,{}]}",
		"{\"l\":[{}{}]}",
		"{\"l\":[1]}",
		"{\"l\":[[]]}",
		"{\"l\":[],\"m\":[]}",
		"{\"o\":{}}",
		"{\"l\":[\"{}\"]}",
		"{\"l\":[{},,{}]}",
		"{\"a",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!take(bad[i], strlen(bad[i]), 3))
			fail_msg("taken: %s", bad[i]);
}

static void test_bounds(void **state)
{
	size_t size = RPCS_SPLIT_ELEMENT_MAX + 64, len;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size);
	/* An element as long as can be, and one byte more. */
	len = (size_t)sprintf(text, "{\"l\":[{");
	text[len] = ' ';
	memcpy(text + len - 1 + RPCS_SPLIT_ELEMENT_MAX - 1, "}]}", 3);
	assert_null(take(text, len + RPCS_SPLIT_ELEMENT_MAX + 1, 4096));
	memcpy(text + len - 1 + RPCS_SPLIT_ELEMENT_MAX - 1, " }]}", 4);
	assert_string_equal(take(text, len + RPCS_SPLIT_ELEMENT_MAX + 2, 4096),
			    "an element of its list is too long");
	memset(text, ' ', size);
	text[0] = '{';
	text[RPCS_SPLIT_FRAME_MAX - 1] = '}';
	assert_null(take(text, RPCS_SPLIT_FRAME_MAX, 100));
	memcpy(text + RPCS_SPLIT_FRAME_MAX - 1, " }", 2);
	assert_string_equal(take(text, RPCS_SPLIT_FRAME_MAX + 1, 100),
			    "what stands around its list is too long");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}

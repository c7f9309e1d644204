// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Mutated policy texts: whatever they hold, the parser answers with a policy
 * or with mistakes in order. ROUNDS in the environment sets how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "policy_case.h"
#include "policy_whole_file.h"

enum { TEXT_MAX = 16384, ROUNDS = 20000 };

static const char *const words[] = {
	"home",
	"[",
	"]",
	"{",
	"}",
	": ",
	"- ",
	"\n",
	"\n  ",
	"\t",
	"&a ",
	"*a",
	"!!map ",
	"\"",
	"'",
	"#",
	"null",
	"~",
	"0",
	"-1",
	"4294967296",
	"99999999999999999999",
	"1h",
	"10.0.0.0/8",
	"::/0",
	"10.1.1.1/8",
	"suppress: kernel",
	"calls: all",
	"outcome: answered",
	"\xc2\x9b",
	"\xff",
	"\"\\0\"",
	"? ",
	"|\n",
	">\n",
	"--- ",
	"...",
	"%YAML 9.9\n",
	"allow:\n",
	"networks:\n",
	"portmap-sweep",
	"ok: [{program: nfs, port: 1}]",
	"=GETADDR",
};

/** xorshift64: the same texts on every run. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/** Makes `cut` bytes at `at` into `word`; what does not fit is left. */
static size_t splice(char *text, size_t len, size_t at, size_t cut, const char *word)
{
	size_t word_len = strlen(word);

	if (cut > len - at)
		cut = len - at;
	if (len - cut + word_len >= TEXT_MAX)
		return len;
	memmove(text + at + word_len, text + at + cut, len - at - cut);
	memcpy(text + at, word, word_len);
	return len - cut + word_len;
}

static size_t mutate(char *text, size_t len, uint64_t *state)
{
	unsigned int changes = 1 + (unsigned int)(random_next(state) % 6);
	char one[2] = "";

	while (changes--) {
		uint64_t random = random_next(state);
		size_t at = random_next(state) % (len + 1);

		one[0] = (char)(random >> 32);
		switch (random % 4) {
		case 0:
			len = splice(text, len, at, 1, one);
			break;
		case 1:
			len = splice(text, len, at, (random >> 8) % 64, "");
			break;
		default:
			len = splice(text, len, at, random % 3 ? 0 : (random >> 8) % 8,
				     words[(random >> 16) % (sizeof(words) / sizeof(words[0]))]);
			break;
		}
	}
	return len;
}

static void mistakes_check(const struct rpcs_policy_errors *errors)
{
	assert_true(errors->total > 0);
	assert_int_equal(errors->kept, errors->total < RPCS_POLICY_ERRORS_MAX
					       ? errors->total
					       : (uint32_t)RPCS_POLICY_ERRORS_MAX);
	for (uint32_t i = 0; i < errors->kept; i++) {
		const struct rpcs_policy_error *told = &errors->list[i];

		assert_true(told->line >= 1 && told->column >= 1);
		if (i > 0)
			assert_true(
				told[-1].line < told->line ||
				(told[-1].line == told->line && told[-1].column <= told->column));
		assert_true(memchr(told->text, '\0', sizeof(told->text)) != NULL);
		for (const char *c = told->text; *c; c++)
			assert_true(isprint((unsigned char)*c));
	}
}

static void mutations_are_answered(void **state)
{
	static struct rpcs_policy_errors errors;
	const char *rounds = getenv("ROUNDS");
	const char *const seeds[] = { rpcs_policy_default_text(), whole_file };
	unsigned long count = rounds ? strtoul(rounds, NULL, 10) : ROUNDS;
	RPCS_OWNED_BLOCK char *text = malloc(TEXT_MAX);
	uint64_t random = 0x9e3779b97f4a7c15ULL;
	unsigned long right = 0;

	(void)state;
	assert_non_null(text);
	assert_true(strlen(seeds[0]) < TEXT_MAX && strlen(seeds[1]) < TEXT_MAX);
	for (unsigned long i = 0; i < count; i++) {
		OWNED_POLICY *policy = NULL;
		const char *seed = seeds[i % 2];
		size_t len = strlen(seed);
		int err;

		memcpy(text, seed, len);
		len = mutate(text, len, &random);
		err = rpcs_policy_parse(text, len, &policy, &errors);
		if (err == 0) {
			right++;
			assert_int_equal(errors.total, 0);
			decide(policy, IN, RPCS_CALL_GETPORT, 100003);
		} else {
			assert_int_equal(err, -EINVAL);
			assert_null(policy);
			mistakes_check(&errors);
		}
	}
	/* Comments make up much of the text: some mutations must be harmless, not all. */
	assert_true(right > 0 && right < count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutations_are_answered),
	};

	return cmocka_run_group_tests_name("policy fuzz", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The digits of numbers: tables of those below a thousand, and larger ones made of these. */
#include "digits.h"

#define TEN(t, end)                                                                             \
	t "0" end, t "1" end, t "2" end, t "3" end, t "4" end, t "5" end, t "6" end, t "7" end, \
		t "8" end, t "9" end
#define HUNDRED(h, end)                                                                      \
	TEN(h "0", end), TEN(h "1", end), TEN(h "2", end), TEN(h "3", end), TEN(h "4", end), \
		TEN(h "5", end), TEN(h "6", end), TEN(h "7", end), TEN(h "8", end),          \
		TEN(h "9", end)
#define FROM_100(end)                                                                       \
	HUNDRED("1", end), HUNDRED("2", end), HUNDRED("3", end), HUNDRED("4", end),         \
		HUNDRED("5", end), HUNDRED("6", end), HUNDRED("7", end), HUNDRED("8", end), \
		HUNDRED("9", end)

const char rpcs_digits_short[RPCS_DIGITS_THREE][4] = {
	TEN("", "\0\0\1"), TEN("1", "\0\2"), TEN("2", "\0\2"), TEN("3", "\0\2"),
	TEN("4", "\0\2"),  TEN("5", "\0\2"), TEN("6", "\0\2"), TEN("7", "\0\2"),
	TEN("8", "\0\2"),  TEN("9", "\0\2"), FROM_100("\3"),
};

const char rpcs_digits_three[RPCS_DIGITS_THREE][4] = { HUNDRED("0", ""), FROM_100("") };

enum { THOUSAND = 1000, MILLION = 1000 * THOUSAND, BILLION = 1000 * MILLION };

static char *six(char *p, uint32_t value)
{
	return rpcs_digits_put_three(rpcs_digits_put_three(p, value / THOUSAND), value % THOUSAND);
}

/* All nine digits of a number below a billion. */
static char *nine(char *p, uint32_t value)
{
	return six(rpcs_digits_put_three(p, value / MILLION), value % MILLION);
}

static char *up_to_nine(char *p, uint32_t value)
{
	if (value < THOUSAND)
		return rpcs_digits_put_short(p, value);
	if (value < MILLION)
		return rpcs_digits_put_three(rpcs_digits_put_short(p, value / THOUSAND),
					     value % THOUSAND);
	return six(rpcs_digits_put_short(p, value / MILLION), value % MILLION);
}

char *rpcs_digits_put_long(char *p, uint64_t value)
{
	uint64_t upper = value / BILLION;

	if (upper == 0)
		return up_to_nine(p, (uint32_t)value);
	if (upper < BILLION) {
		p = up_to_nine(p, (uint32_t)upper);
	} else {
		p = rpcs_digits_put_short(p, (uint32_t)(upper / BILLION));
		p = nine(p, (uint32_t)(upper % BILLION));
	}
	return nine(p, (uint32_t)(value % BILLION));
}

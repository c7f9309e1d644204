/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers as decimal digits, three at a time from tables. */
#ifndef RPCSENTRY_BASE_DIGITS_H
#define RPCSENTRY_BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

enum {
	RPCS_DIGITS_THREE = 1000,
	/* What a number may take: 20 digits of UINT64_MAX, and a byte written behind them. */
	RPCS_DIGITS_ROOM = 21,
};

/* Each number below a thousand: its digits without zeros in front, and last how many they are. */
extern const char rpcs_digits_short[RPCS_DIGITS_THREE][4];
/* All three of them. */
extern const char rpcs_digits_three[RPCS_DIGITS_THREE][4];

/** A number below a thousand at `p`, where four bytes are written; returns its end. */
static inline char *rpcs_digits_put_short(char *p, uint32_t value)
{
	const char *text = rpcs_digits_short[value];

	memcpy(p, text, 4);
	return p + text[3];
}

/** The same with zeros in front: three digits always. */
static inline char *rpcs_digits_put_three(char *p, uint32_t value)
{
	memcpy(p, rpcs_digits_three[value], 4);
	return p + 3;
}

/** Without zeros in front, of a number that may be a port. */
static inline char *rpcs_digits_put_16(char *p, uint16_t value)
{
	if (value < RPCS_DIGITS_THREE)
		return rpcs_digits_put_short(p, value);
	p = rpcs_digits_put_short(p, value / RPCS_DIGITS_THREE);
	return rpcs_digits_put_three(p, value % RPCS_DIGITS_THREE);
}

/** The same of a number of any size, where RPCS_DIGITS_ROOM is written at most. */
char *rpcs_digits_put_long(char *p, uint64_t value);

/** In line for most: how many digits there are cannot be guessed, so no branch asks for it. */
static inline char *rpcs_digits_put(char *p, uint64_t value)
{
	return value < RPCS_DIGITS_THREE ? rpcs_digits_put_short(p, (uint32_t)value)
					 : rpcs_digits_put_long(p, value);
}

#endif

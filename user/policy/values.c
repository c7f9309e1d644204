// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers, durations and sizes: decimal digits, then at most one unit. */
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first: the formatters take the first that divides. */
static const struct unit durations[] = {
	{ "h", 3600000000000ULL },
	{ "m", 60000000000ULL },
	{ "s", 1000000000ULL },
	{ "ms", 1000000ULL },
};
static const struct unit sizes[] = { { "G", 1ULL << 30 },
				     { "M", 1ULL << 20 },
				     { "K", 1ULL << 10 } };

#define ITEMS(array) (sizeof(array) / sizeof((array)[0]))

static int digit_of(char c, uint64_t base)
{
	int digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	else
		return -1;
	return (uint64_t)digit < base ? digit : -1;
}

/** Digits up to something else, which *ret_end points to. */
static int digits_parse(const char *text, uint64_t base, uint64_t *ret_value, const char **ret_end)
{
	uint64_t value = 0;
	const char *c = text;
	int err = 0;

	/* A leading zero means octal to some readers and not to others. */
	if (c[0] == '0' && digit_of(c[1], base) >= 0)
		return -EINVAL;
	for (int digit; (digit = digit_of(*c, base)) >= 0; c++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			err = -ERANGE;
	}
	if (c == text)
		return -EINVAL;
	*ret_value = value;
	*ret_end = c;
	return err;
}

int rpcs_value_uint_parse(const char *text, uint64_t *ret_value)
{
	const char *end = "";
	uint64_t value = 0;
	int err = digits_parse(text, 10, &value, &end);

	if (*end)
		return -EINVAL;
	if (err == 0)
		*ret_value = value;
	return err;
}

int rpcs_value_number_parse(const char *text, uint32_t *ret_number)
{
	const char *end = "";
	uint64_t value = 0;
	int err;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		/* Behind 0x zeros are usual. */
		for (text += 2; text[0] == '0' && text[1]; text++)
			;
		err = digits_parse(text, 16, &value, &end);
	} else {
		err = digits_parse(text, 10, &value, &end);
	}
	if (*end)
		return -EINVAL;
	if (err < 0)
		return err;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_number = (uint32_t)value;
	return 0;
}

static int unit_parse(const char *text, const struct unit *units, size_t count, bool bare,
		      uint64_t *ret_value)
{
	const char *end = "";
	uint64_t value = 0, factor = bare ? 1 : 0;
	int err = digits_parse(text, 10, &value, &end);

	if (err == -EINVAL)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) == 0)
			factor = units[i].factor;
	}
	if (factor == 0 || (*end && factor == 1))
		return -EINVAL;
	if (err < 0 || __builtin_mul_overflow(value, factor, &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int rpcs_value_duration_parse(const char *text, uint64_t *ret_ns)
{
	return unit_parse(text, durations, ITEMS(durations), false, ret_ns);
}

int rpcs_value_size_parse(const char *text, uint64_t *ret_bytes)
{
	return unit_parse(text, sizes, ITEMS(sizes), true, ret_bytes);
}

static const char *unit_format(uint64_t value, const struct unit *units, size_t count,
			       const char *last, char text[RPCS_VALUE_TEXT])
{
	for (size_t i = 0; i < count; i++) {
		if (value == 0 || value % units[i].factor != 0)
			continue;
		snprintf(text, RPCS_VALUE_TEXT, "%" PRIu64 "%s", value / units[i].factor,
			 units[i].name);
		return text;
	}
	snprintf(text, RPCS_VALUE_TEXT, "%" PRIu64 "%s", value, last);
	return text;
}

const char *rpcs_value_duration_format(uint64_t ns, char text[RPCS_VALUE_TEXT])
{
	return unit_format(ns, durations, ITEMS(durations), ns ? "ns" : "s", text);
}

const char *rpcs_value_size_format(uint64_t bytes, char text[RPCS_VALUE_TEXT])
{
	return unit_format(bytes, sizes, ITEMS(sizes), "", text);
}

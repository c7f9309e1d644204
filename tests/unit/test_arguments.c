// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lengths in services' arguments against the message: every layout at its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/argument_rows.h"
#include "detect/arguments.h"

enum { ROOM = 512 };

/* Arguments under construction. */
static struct {
	uint8_t bytes[ROOM];
	uint32_t len;
	uint32_t counted; /* offset of the last length */
} args;

static void put32(uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(args.bytes + args.len, &v, 4);
	args.len += 4;
}

static void put_counted(uint32_t len)
{
	args.counted = args.len;
	put32(len);
	memset(args.bytes + args.len, 'x', len);
	args.len += (len + 3) & ~3U;
}

static void put_item(char item)
{
	switch (item) {
	case 'u':
		put32(9);
		break;
	case 'h':
		args.len += 8;
		break;
	case 'f':
		args.len += 32;
		break;
	case 'a': /* a mode, no uid, a gid, no size, the server's time, the client's */
		put32(1);
		put32(0644);
		put32(0);
		put32(1);
		put32(7);
		put32(0);
		put32(1);
		put32(2);
		args.len += 8;
		break;
	default:
		put_counted(5);
	}
}

static void put_layout(const char *layout)
{
	memset(&args, 0, sizeof(args));
	while (*layout)
		put_item(*layout++);
}

static bool exceed(uint32_t program, uint32_t version, uint32_t procedure, uint32_t available,
		   struct rpcs_excess *excess)
{
	/* Of just these bytes, so that a sanitizer sees the first one behind them. */
	uint8_t *copy = malloc(available ? available : 1);
	bool found;

	assert_non_null(copy);
	memcpy(copy, args.bytes, available);
	found = rpcs_arguments_exceed(program, version, procedure, copy, available, args.len,
				      excess);
	free(copy);
	return found;
}

/* As it should be; the last length one more than is left; and cut before it. */
static void check_row(uint32_t program, uint32_t version, uint32_t procedure, const char *layout)
{
	struct rpcs_excess excess = { 0 };
	uint32_t left;

	put_layout(layout);
	assert_false(exceed(program, version, procedure, args.len, &excess));
	assert_null(excess.what);
	left = args.len - args.counted - 4;
	args.bytes[args.counted + 3] = (uint8_t)left;
	assert_false(exceed(program, version, procedure, args.len, &excess));
	args.bytes[args.counted + 3] = (uint8_t)(left + 1);
	assert_true(exceed(program, version, procedure, args.len, &excess));
	assert_int_equal(excess.length, left + 1);
	assert_int_equal(excess.room, left);
	assert_int_equal(excess.at, args.counted);
	assert_false(excess.over_limit);
	/* The length is there, what it counts is not: the message's own length decides. */
	assert_true(exceed(program, version, procedure, args.counted + 4, &excess));
	assert_false(exceed(program, version, procedure, args.counted + 3, &excess));
}

static void test_rows(void **state)
{
	uint32_t rows = 0;

	(void)state;
#define X(program, version_first, version_last, procedure_first, procedure_last, layout) \
	check_row(program, version_first, procedure_first, layout);                      \
	check_row(program, version_last, procedure_last, layout);                        \
	rows++;
	RPCS_ARGUMENT_ROWS(X)
#undef X
	assert_in_range(rows, 50, 200);
}

/* Layouts that are easy to get wrong, with the offset of the name written out. */
static void test_layouts(void **state)
{
	struct rpcs_excess excess = { 0 };

	(void)state;
	put_layout("fs"); /* NFS 2 LOOKUP */
	assert_int_equal(args.counted, 32);
	args.bytes[32] = 0x80;
	assert_true(exceed(100003, 2, 4, args.len, &excess));
	assert_int_equal(excess.at, 32);
	assert_int_equal(excess.length, 0x80000005);

	put_layout("osas"); /* NFS 3 SYMLINK: handle, name, attributes, path */
	assert_int_equal(args.counted, 12 + 12 + 40);
	args.bytes[args.counted] = 1;
	assert_true(exceed(100003, 3, 10, args.len, &excess));
	assert_int_equal(excess.at, 64);
	assert_string_equal(excess.what, "a string");

	put_layout("o");
	args.bytes[0] = 1;
	assert_true(exceed(100003, 3, 7, args.len, &excess)); /* WRITE: its handle */
	assert_string_equal(excess.what, "an opaque");
}

static void test_no_layout(void **state)
{
	struct rpcs_excess excess = { 0 };

	(void)state;
	put_layout("s");
	memset(args.bytes, 0xff, 4);
	assert_true(exceed(100005, 3, 1, args.len, &excess));
	assert_false(exceed(100005, 3, 2, args.len, &excess));
	assert_false(exceed(100005, 4, 1, args.len, &excess));
	assert_false(exceed(100005, 0, 1, args.len, &excess));
	assert_false(exceed(100006, 1, 1, args.len, &excess));
	assert_false(rpcs_arguments_exceed(100005, 3, 1, NULL, 0, 0, &excess));
}

/* A message that ends within a number, or lacks the padding, is malformed but no bomb. */
static void test_short(void **state)
{
	struct rpcs_excess excess = { 0 };

	(void)state;
	put_layout("s");
	args.len = 4 + 5; /* the string without its padding */
	assert_false(exceed(100005, 3, 1, args.len, &excess));
	args.len = 3;
	assert_false(exceed(100005, 3, 1, args.len, &excess));
	args.len = 0;
	assert_false(exceed(100005, 3, 1, args.len, &excess));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_no_layout),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Record marks and bytes that no client sends: told once, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream_rig.h"

#include "stream_made.h"

enum { ISN = 100, FIRST = ISN + 1, MESSAGE = CALL_BYTES - 4 };

/* A stream under construction, sent in one segment or in many. */
static struct test_frame s;

static void begin(uint16_t port)
{
	server_port = port;
	s.len = 0;
	made_handshake(ISN);
}

static void put_mark(uint32_t len, bool last)
{
	put32(&s, len | (last ? RPCS_MARK_LAST : 0));
}

/* A DUMP call in fragments of these lengths; the last one has the rest. */
static void put_fragments(const uint32_t *lens, uint32_t count)
{
	uint8_t bytes[CALL_BYTES];
	uint32_t at = 4, i;

	call_bytes(bytes, 7);
	for (i = 0; i < count; i++) {
		put_mark(lens[i], false);
		put_bytes(&s, bytes + at, lens[i]);
		at += lens[i];
	}
	put_mark(CALL_BYTES - at, true);
	put_bytes(&s, bytes + at, CALL_BYTES - at);
}

static void send_all(void)
{
	made_piece(CLIENT, FIRST, s.bytes, s.len, 0, 0, 0);
}

/* Byte by byte: what was told of a mark is not told again with each byte that follows. */
static void send_bytes(void)
{
	uint32_t i;

	for (i = 0; i < s.len; i++)
		made_piece(CLIENT, FIRST + i, s.bytes + i, 1, 0, 0, 0);
}

static uint32_t count_of(enum rpcs_oddity_kind kind)
{
	uint32_t i, count = 0;

	assert_in_range(rig.odd_count, 0, RIG_ODD_MAX);
	for (i = 0; i < rig.odd_count; i++)
		count += rig.odd[i].kind == kind;
	return count;
}

static const struct rpcs_oddity *the_odd(enum rpcs_oddity_kind kind)
{
	uint32_t i;

	assert_int_equal(count_of(kind), 1);
	for (i = 0; rig.odd[i].kind != kind; i++)
		;
	return &rig.odd[i];
}

static void test_whole_calls_are_silent(void **state)
{
	(void)state;
	begin(111);
	put_fragments(NULL, 0);
	put_fragments(NULL, 0);
	send_all();
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.odd_count, 0);
}

/* 23 bytes are too few for a call's header, 24 are not; and many are told once. */
static void test_tiny(void **state)
{
	const uint32_t edge[] = { 24 }, tiny[] = { 23 }, many[] = { 1, 2, 3, 1 };

	(void)state;
	begin(111);
	put_fragments(edge, 1);
	send_all();
	assert_int_equal(count_of(RPCS_ODDITY_TINY_FRAGMENT), 0);
	teardown(NULL);
	made_setup_portmapper(NULL);
	begin(111);
	put_fragments(tiny, 1);
	send_all();
	assert_int_equal(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->length, 23);
	assert_false(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->from_server);
	assert_true(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->portmapper);
	assert_int_equal(rig.count, 1);
	teardown(NULL);
	made_setup_portmapper(NULL);
	begin(111);
	put_fragments(many, 4);
	send_bytes();
	/* The frame that brought the first mark: two of the handshake, and four bytes. */
	assert_int_equal(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->seen.frame, 6);
	assert_int_equal(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->length, 1);
	assert_int_equal(rig.count, 1);
}

/* A last fragment may have any length, and the next record is told of again. */
static void test_tiny_last(void **state)
{
	const uint32_t cut[] = { MESSAGE - 3 }, tiny[] = { 4 };

	(void)state;
	begin(111);
	put_fragments(cut, 1);
	put_fragments(tiny, 1);
	put_fragments(tiny, 1);
	send_all();
	assert_int_equal(count_of(RPCS_ODDITY_TINY_FRAGMENT), 2);
	assert_int_equal(count_of(RPCS_ODDITY_FRAGMENTED_RECORD), 3);
	assert_int_equal(rig.count, 3);
}

static void test_fragmented(void **state)
{
	const uint32_t lens[] = { 24 };

	(void)state;
	begin(111);
	put_fragments(lens, 1);
	send_bytes();
	assert_int_equal(rig.odd_count, 1);
	assert_int_equal(the_odd(RPCS_ODDITY_FRAGMENTED_RECORD)->fragments, 2);
	assert_int_equal(the_odd(RPCS_ODDITY_FRAGMENTED_RECORD)->length, MESSAGE);
	assert_int_equal(the_odd(RPCS_ODDITY_FRAGMENTED_RECORD)->seen.frame,
			 rig.told[0].message.seen.frame);
}

/* A large write of NFS in several fragments costs nothing. */
static void test_fragmented_elsewhere(void **state)
{
	const uint32_t lens[] = { 24 };

	(void)state;
	begin(2049);
	put_fragments(NULL, 0);
	put_fragments(lens, 1);
	send_all();
	assert_int_equal(rig.count, 2);
	assert_int_equal(rig.odd_count, 0);
}

/* Elsewhere marks count once RPC was read: also those of the record that shows it. */
static void test_tiny_elsewhere(void **state)
{
	const uint32_t tiny[] = { 3 };

	(void)state;
	begin(2049);
	put_fragments(tiny, 1);
	send_all();
	assert_int_equal(rig.count, 1);
	assert_int_equal(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->length, 3);
	assert_false(the_odd(RPCS_ODDITY_TINY_FRAGMENT)->portmapper);
	put_fragments(tiny, 1);
	made_piece(CLIENT, FIRST + s.len / 2, s.bytes + s.len / 2, s.len / 2, 0, 0, 0);
	assert_int_equal(count_of(RPCS_ODDITY_TINY_FRAGMENT), 2);
}

static void test_strange_elsewhere(void **state)
{
	(void)state;
	begin(2049);
	put_mark(3, false);
	put_zeros(&s, 3);
	put_mark(0, true);
	put_mark(40, true);
	put_zeros(&s, 4);
	put32(&s, 9); /* neither call nor reply */
	put_zeros(&s, 32);
	send_all();
	assert_int_equal(rig.count, 0);
	assert_int_equal(rig.odd_count, 0);
}

/* A run of records without bytes is told once; behind one with bytes it is another. */
static void test_zero(void **state)
{
	int i;

	(void)state;
	begin(111);
	for (i = 0; i < 50; i++)
		put_mark(0, i % 2);
	put_fragments(NULL, 0);
	put_mark(0, true);
	send_all();
	assert_int_equal(count_of(RPCS_ODDITY_ZERO_FRAGMENT), 2);
	assert_int_equal(rig.odd[0].length, 0);
	assert_int_equal(rig.count, 1);
}

static void test_zero_elsewhere(void **state)
{
	(void)state;
	begin(2049);
	put_fragments(NULL, 0);
	put_mark(0, true);
	send_all();
	assert_false(the_odd(RPCS_ODDITY_ZERO_FRAGMENT)->portmapper);
}

/* The mark and the call's header: 65,536 bytes are not too many, one more is. */
static void huge(uint16_t port, uint32_t len, uint32_t expected)
{
	uint8_t bytes[CALL_BYTES];

	teardown(NULL);
	made_setup(NULL);
	begin(port);
	call_bytes(bytes, 7);
	if (port != 111)
		put_fragments(NULL, 0);
	put_mark(len, true);
	put_bytes(&s, bytes + 4, MESSAGE);
	send_all();
	assert_int_equal(count_of(RPCS_ODDITY_HUGE_RECORD), expected);
	if (expected)
		assert_int_equal(the_odd(RPCS_ODDITY_HUGE_RECORD)->length, len);
	assert_int_equal(count_of(RPCS_ODDITY_JUNK), 0);
}

static void test_huge(void **state)
{
	(void)state;
	huge(111, 65536, 0);
	huge(111, 65537, 1);
	huge(111, RPCS_RECORD_HUGE + 1, 1);
	huge(111, 0x7fffffff, 1);
	huge(2049, 65537, 0);
	huge(2049, RPCS_RECORD_HUGE, 0);
	huge(2049, RPCS_RECORD_HUGE + 1, 1);
	huge(2049, 0x7fffffff, 1);
}

/* In all, over its fragments. */
static void test_huge_sum(void **state)
{
	uint8_t bytes[CALL_BYTES];

	(void)state;
	begin(111);
	call_bytes(bytes, 7);
	put_mark(MESSAGE, false);
	put_bytes(&s, bytes + 4, MESSAGE);
	put_mark(65536 - MESSAGE + 1, true);
	send_all();
	assert_int_equal(the_odd(RPCS_ODDITY_HUGE_RECORD)->length, 65537);
	assert_int_equal(the_odd(RPCS_ODDITY_HUGE_RECORD)->fragments, 2);
}

/* Of a record that stage 3 stepped over the compact record tells the length. */
static void test_huge_reported(void **state)
{
	(void)state;
	begin(2049);
	made_call(FIRST, RPCS_RECORD_HUGE, 1, RPCS_F_IN_STEP | RPCS_F_OPEN);
	assert_int_equal(rig.odd_count, 0);
	made_call(FIRST + 4 + RPCS_RECORD_HUGE, RPCS_RECORD_HUGE + 1, 2,
		  RPCS_F_IN_STEP | RPCS_F_OPEN);
	assert_int_equal(the_odd(RPCS_ODDITY_HUGE_RECORD)->length, RPCS_RECORD_HUGE + 1);
}

/* Text where a mark should be: once, for all that follows it. */
static void test_junk_stream(void **state)
{
	static const char text[] = "GET / HTTP/1.0\r\nHost: example\r\n\r\n";

	(void)state;
	begin(111);
	put_bytes(&s, text, sizeof(text) - 1);
	send_all();
	made_piece(CLIENT, FIRST + s.len, text, sizeof(text) - 1, 0, 0, 0);
	assert_int_equal(rig.odd_count, 1);
	assert_non_null(the_odd(RPCS_ODDITY_JUNK)->what);
	assert_int_equal(rig.count, 0);
}

/* A stream whose beginning nobody saw has no place where a mark is due. */
static void test_junk_midstream(void **state)
{
	static const char text[] = "GET / HTTP/1.0\r\nHost: example\r\n\r\n";

	(void)state;
	server_port = 111;
	made_piece(CLIENT, 100, text, sizeof(text) - 1, 0, 0, 0);
	assert_int_equal(rig.odd_count, 0);
}

static void test_junk_record(void **state)
{
	(void)state;
	begin(111);
	put_mark(40, true);
	put32(&s, 1);
	put32(&s, 2); /* neither call nor reply */
	put_zeros(&s, 32);
	put_mark(8, true);
	put32(&s, 1);
	put32(&s, 0);
	put_fragments(NULL, 0);
	send_all();
	assert_int_equal(rig.odd_count, 2);
	assert_int_equal(rig.odd[0].kind, RPCS_ODDITY_JUNK);
	assert_int_equal(rig.odd[0].length, 40);
	assert_non_null(strstr(rig.odd[0].what, "neither call nor reply"));
	assert_non_null(strstr(rig.odd[1].what, "too short"));
	assert_int_equal(rig.count, 1);
	assert_int_equal(counts().messages_junk, 2);
}

/* A reply's side is the server's, by the port and else by the first call. */
static void test_sides(void **state)
{
	(void)state;
	begin(111);
	put_mark(0, true);
	made_piece(SERVER, 501, s.bytes, s.len, 0, 0, 0);
	assert_true(the_odd(RPCS_ODDITY_ZERO_FRAGMENT)->from_server);
	assert_int_equal(rig.odd[0].tuple.sport, 111);
	teardown(NULL);
	made_setup(NULL);
	begin(2049);
	put_fragments(NULL, 0);
	send_all();
	s.len = 0;
	put_mark(0, true);
	made_piece(SERVER, 501, s.bytes, s.len, 0, 0, 0);
	assert_true(the_odd(RPCS_ODDITY_ZERO_FRAGMENT)->from_server);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, made_setup_portmapper, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_whole_calls_are_silent),
		CASE(test_tiny),
		CASE(test_tiny_last),
		CASE(test_fragmented),
		CASE(test_fragmented_elsewhere),
		CASE(test_tiny_elsewhere),
		CASE(test_strange_elsewhere),
		CASE(test_zero),
		CASE(test_zero_elsewhere),
		CASE(test_huge),
		CASE(test_huge_sum),
		CASE(test_huge_reported),
		CASE(test_junk_stream),
		CASE(test_junk_midstream),
		CASE(test_junk_record),
		CASE(test_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

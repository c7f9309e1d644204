// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Portmapper arguments and results of every version and procedure, good, bad and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "portmap_case.h"

static void test_mapping_calls(void **state)
{
	static const uint32_t procedures[] = { RPCS_PORTMAP_SET, RPCS_PORTMAP_UNSET,
					       RPCS_PORTMAP_GETPORT };
	struct rpcs_message m;
	struct test_frame f;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		open_call(&f, 2, procedures[i]);
		frame_mapping(&f, 100005, 3, 17, 635);
		m = call_of(&f);
		assert_null(m.malformed);
		check_whole(&m, RPCS_PORTMAP_MAPPING, 4);
		assert_int_equal(m.portmap.program, 100005);
		assert_int_equal(m.portmap.version, 3);
		assert_int_equal(m.portmap.protocol, 17);
		assert_int_equal(m.portmap.port, 635);
		check_every_prefix(&f, call_in, 4);
	}
}

static void test_rpcb_calls(void **state)
{
	static const uint32_t procedures[] = { 1, 2, 3, 9, 11 };
	struct rpcs_message m;
	struct test_frame f;
	uint32_t version, i;

	(void)state;
	for (version = 3; version <= 4; version++) {
		for (i = 0; i < 5; i++) {
			open_call(&f, version, procedures[i]);
			frame_rpcb(&f, 100003, 4, "tcp6", "fd00::1.8.1", "superuser");
			m = call_of(&f);
			assert_null(m.malformed);
			if (version == 3 && procedures[i] > 8) {
				assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
				continue;
			}
			check_whole(&m, RPCS_PORTMAP_RPCB, 5);
			assert_int_equal(m.portmap.program, 100003);
			assert_int_equal(m.portmap.version, 4);
			assert_text(&m.portmap.netid, "tcp6");
			assert_text(&m.portmap.address, "fd00::1.8.1");
			assert_text(&m.portmap.owner, "superuser");
			check_every_prefix(&f, call_in, 5);
		}
	}
}

/* CALLIT in 2 and 3, BCAST in 4; INDIRECT in 4 alone. */
static void test_callit_calls(void **state)
{
	struct rpcs_message m;
	struct test_frame f;
	uint32_t version, procedure;

	(void)state;
	for (version = 2; version <= 4; version++) {
		for (procedure = 5; procedure <= 10; procedure += 5) {
			open_call(&f, version, procedure);
			put32(&f, 100008);
			put32(&f, 1);
			put32(&f, 2);
			put32(&f, 6);
			put_zeros(&f, 8);
			m = call_of(&f);
			assert_null(m.malformed);
			if (procedure == 10 && version < 4) {
				assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
				continue;
			}
			check_whole(&m, RPCS_PORTMAP_CALLIT_ARGS, 4);
			assert_int_equal(m.portmap.program, 100008);
			assert_int_equal(m.portmap.version, 1);
			assert_int_equal(m.portmap.procedure, 2);
			assert_int_equal(m.portmap.length, 6);
			set16(&f, 40 + 14, 9);
			m = call_of(&f);
			assert_non_null(m.malformed);
			assert_int_equal(m.portmap.has, 4);
			/* The arguments' bytes were cut: their length is right all the same. */
			set16(&f, 40 + 14, 6);
			m = call_in(&f, 56, f.len);
			assert_null(m.malformed);
			assert_true(m.truncated);
			check_whole(&m, RPCS_PORTMAP_CALLIT_ARGS, 4);
		}
	}
}

static void test_other_calls(void **state)
{
	struct rpcs_message m;
	struct test_frame f;

	(void)state;
	open_call(&f, 3, RPCS_PORTMAP_UADDR2TADDR);
	frame_text(&f, "10.0.0.1.0.111");
	m = call_of(&f);
	check_whole(&m, RPCS_PORTMAP_ADDRESS, 1);
	assert_text(&m.portmap.address, "10.0.0.1.0.111");
	check_every_prefix(&f, call_in, 1);
	open_call(&f, 4, RPCS_PORTMAP_TADDR2UADDR);
	put32(&f, 16);
	frame_text(&f, "0123456789abcdef");
	m = call_of(&f);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	assert_null(m.malformed);
	check_every_prefix(&f, call_in, 0);
	/* Without arguments, or of no version or program that we know. */
	check_call_is_nothing(2, RPCS_PORTMAP_NULL);
	check_call_is_nothing(2, RPCS_PORTMAP_DUMP);
	check_call_is_nothing(2, RPCS_PORTMAP_UADDR2TADDR);
	check_call_is_nothing(3, RPCS_PORTMAP_GETTIME);
	check_call_is_nothing(4, RPCS_PORTMAP_GETSTAT);
	check_call_is_nothing(4, 13);
	check_call_is_nothing(4, 0xffffffff);
	check_call_is_nothing(1, RPCS_PORTMAP_SET);
	check_call_is_nothing(5, RPCS_PORTMAP_SET);
	check_call_is_nothing(0xffffffff, RPCS_PORTMAP_GETPORT);
}

static void test_not_decoded(void **state)
{
	struct rpcs_message m;
	struct test_frame f;

	(void)state;
	open_call(&f, 2, RPCS_PORTMAP_GETPORT);
	frame_mapping(&f, 100005, 3, 17, 635);
	f.bytes[27] = RPCS_AUTH_GSS;
	m = call_of(&f);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	assert_null(m.malformed);
	f.bytes[27] = RPCS_AUTH_DH; /* any other flavor */
	m = call_of(&f);
	check_whole(&m, RPCS_PORTMAP_MAPPING, 4);
	f.bytes[30] = 2; /* a credential of over 400 bytes */
	m = call_of(&f);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	f.bytes[30] = 0;
	f.bytes[15]++; /* another program */
	m = call_of(&f);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	assert_null(m.malformed);
}

/* A length of 4 GiB, or a little too much, at each string: malformed, what stood before is kept. */
static void test_length_bombs(void **state)
{
	static const uint32_t bombs[] = { 0xffffffff, 0xfffffffd, 0x80000000, 0x10000, 13 };
	struct rpcs_message m;
	struct test_frame f;
	uint32_t i, text;

	(void)state;
	for (i = 0; i < 5; i++) {
		for (text = 0; text < 3; text++) {
			open_call(&f, 3, RPCS_PORTMAP_GETPORT);
			put32(&f, 100005);
			put32(&f, 3);
			put_zeros(&f, text * 4);
			put32(&f, bombs[i]);
			put_zeros(&f, 12);
			m = call_of(&f);
			assert_non_null(m.malformed);
			assert_int_equal(m.portmap.shape, RPCS_PORTMAP_RPCB);
			assert_int_equal(m.portmap.has, 2 + text);
			assert_false(m.truncated);
		}
		open_reply(&f);
		put32(&f, bombs[i]);
		put_zeros(&f, 12);
		assert_non_null(reply_of(&f, 3, RPCS_PORTMAP_GETPORT).malformed);
		assert_non_null(reply_of(&f, 4, RPCS_PORTMAP_GETVERSADDR).malformed);
		open_reply(&f);
		put32(&f, 0);
		put32(&f, bombs[i]);
		put_zeros(&f, 12);
		assert_non_null(reply_of(&f, 2, RPCS_PORTMAP_CALLIT).malformed);
		assert_non_null(reply_of(&f, 3, RPCS_PORTMAP_CALLIT).malformed);
		assert_non_null(reply_of(&f, 4, RPCS_PORTMAP_INDIRECT).malformed);
		assert_non_null(reply_of(&f, 4, RPCS_PORTMAP_UADDR2TADDR).malformed);
	}
}

static void test_number_replies(void **state)
{
	struct rpcs_message m;
	struct test_frame f;
	uint32_t version;

	(void)state;
	open_reply(&f);
	put32(&f, 635);
	m = reply_of(&f, 2, RPCS_PORTMAP_GETPORT);
	check_whole(&m, RPCS_PORTMAP_PORT, 1);
	assert_int_equal(m.portmap.port, 635);
	m = reply_of(&f, 3, RPCS_PORTMAP_GETTIME);
	check_whole(&m, RPCS_PORTMAP_TIME, 1);
	assert_int_equal(m.portmap.time, 635);
	assert_int_equal(reply_of(&f, 2, RPCS_PORTMAP_GETTIME).portmap.shape, RPCS_PORTMAP_NOTHING);
	for (version = 2; version <= 4; version++) {
		open_reply(&f);
		put32(&f, 1);
		m = reply_of(&f, version, RPCS_PORTMAP_SET);
		check_whole(&m, RPCS_PORTMAP_RESULT, 1);
		assert_true(m.portmap.result);
		f.bytes[27] = 0;
		m = reply_of(&f, version, RPCS_PORTMAP_UNSET);
		assert_false(m.portmap.result);
		assert_null(m.malformed);
		f.bytes[27] = 2; /* RFC 4506 4.4: 0 or 1 */
		m = reply_of(&f, version, RPCS_PORTMAP_SET);
		assert_true(m.portmap.result);
		assert_non_null(m.malformed);
		f.len -= 4;
		m = reply_of(&f, version, RPCS_PORTMAP_SET);
		assert_int_equal(m.portmap.has, 0);
		assert_non_null(m.malformed);
	}
}

static void test_text_replies(void **state)
{
	struct rpcs_message m;
	struct test_frame f;
	uint32_t version;

	(void)state;
	open_reply(&f);
	frame_text(&f, "10.0.0.1.2.123");
	for (version = 3; version <= 4; version++) {
		m = reply_of(&f, version, RPCS_PORTMAP_GETPORT);
		check_whole(&m, RPCS_PORTMAP_ADDRESS, 1);
		assert_text(&m.portmap.address, "10.0.0.1.2.123");
		m = reply_of(&f, version, RPCS_PORTMAP_TADDR2UADDR);
		check_whole(&m, RPCS_PORTMAP_ADDRESS, 1);
		m = reply_of(&f, version, RPCS_PORTMAP_GETVERSADDR);
		assert_int_equal(m.portmap.has, version == 4);
		assert_null(m.malformed);
	}
	put32(&f, 5); /* CALLIT: five bytes of results behind the address */
	put_zeros(&f, 8);
	for (version = 3; version <= 4; version++) {
		m = reply_of(&f, version, RPCS_PORTMAP_CALLIT);
		check_whole(&m, RPCS_PORTMAP_CALLIT_ADDRESS, 2);
		assert_text(&m.portmap.address, "10.0.0.1.2.123");
		assert_int_equal(m.portmap.length, 5);
	}
	m = reply_of(&f, 4, RPCS_PORTMAP_INDIRECT);
	check_whole(&m, RPCS_PORTMAP_CALLIT_ADDRESS, 2);
	m = reply_of(&f, 3, RPCS_PORTMAP_INDIRECT);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	open_reply(&f);
	put32(&f, 2049);
	put32(&f, 8);
	put_zeros(&f, 8);
	m = reply_of(&f, 2, RPCS_PORTMAP_CALLIT);
	check_whole(&m, RPCS_PORTMAP_CALLIT_PORT, 2);
	assert_int_equal(m.portmap.port, 2049);
	assert_int_equal(m.portmap.length, 8);
}

static void test_lists(void **state)
{
	static const uint32_t counts[] = { 0, 1, 256, 257, 300 };
	static const struct list_kind *kind;
	struct rpcs_message m;
	uint32_t i, k;

	(void)state;
	for (k = 0; k < LIST_KINDS; k++) {
		for (i = 0; i < 5; i++) {
			kind = &list_kinds[k];
			m = list_of(kind, counts[i], true);
			assert_null(m.malformed);
			assert_false(m.truncated);
			assert_int_equal(m.portmap.shape, kind->shape);
			assert_true(m.portmap.mappings_complete);
			assert_int_equal(m.portmap.mappings_count, counts[i]);
			check_entries(kind, &m, counts[i] < 256 ? counts[i] : 256);
			/* No end: every entry is there, but nobody knows how many there are. */
			m = list_of(kind, counts[i], false);
			assert_non_null(m.malformed);
			assert_false(m.portmap.mappings_complete);
			check_entries(kind, &m, counts[i] < 256 ? counts[i] : 256);
			if (!counts[i])
				continue;
			/* Cut inside the last entry. */
			m = list_cut(kind, counts[i], 6);
			assert_null(m.malformed);
			assert_true(m.truncated);
			assert_false(m.portmap.mappings_complete);
			check_entries(kind, &m, counts[i] - 1 < 256 ? counts[i] - 1 : 256);
		}
	}
}

/* Version 2's list cut at every place, by the capture and by its own length. */
static void test_cut_list(void **state)
{
	enum { ENTRIES = 3, ROW = 20 };
	const struct list_kind *kind = &list_kinds[0];
	uint32_t missing, whole;
	struct rpcs_message m;

	(void)state;
	assert_int_equal(kind->shape, RPCS_PORTMAP_MAPPINGS);
	for (missing = 1; missing <= ENTRIES * ROW + 4; missing++) {
		whole = (ENTRIES * ROW + 4 - missing) / ROW;
		m = list_cut(kind, ENTRIES, missing);
		assert_true(m.truncated);
		assert_null(m.malformed);
		check_entries(kind, &m, whole);
		list_build(kind, ENTRIES, true);
		list_len -= missing;
		m = list_part(kind, list_len);
		assert_false(m.truncated);
		assert_non_null(m.malformed);
		assert_false(m.portmap.mappings_complete);
		check_entries(kind, &m, whole);
	}
}

/* A failed reply has no results, whichever way it came. */
static void test_failed_reply(void **state)
{
	struct rpcs_message m;
	struct test_frame f;

	(void)state;
	f.len = 0;
	frame_accepted(&f, 1, RPCS_ACCEPT_PROC_UNAVAIL);
	m = reply_of(&f, 2, RPCS_PORTMAP_GETPORT);
	assert_null(m.malformed);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
	m = record_reply(2, RPCS_PORTMAP_GETPORT, RPCS_ACCEPT_PROC_UNAVAIL);
	assert_null(m.malformed);
	assert_int_equal(m.portmap.shape, RPCS_PORTMAP_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping_calls),  cmocka_unit_test(test_rpcb_calls),
		cmocka_unit_test(test_callit_calls),   cmocka_unit_test(test_other_calls),
		cmocka_unit_test(test_not_decoded),    cmocka_unit_test(test_length_bombs),
		cmocka_unit_test(test_number_replies), cmocka_unit_test(test_text_replies),
		cmocka_unit_test(test_lists),	       cmocka_unit_test(test_failed_reply),
		cmocka_unit_test(test_cut_list),
	};

	return cmocka_run_group_tests_name("portmap", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The RPC header from bytes and from compact records, and that both say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "message_case.h"
#include "packet_table.h"
#include "packet_check.h"
#include "source/engine.h"

static const uint8_t *at(const struct test_frame *f)
{
	return f->bytes;
}

static struct rpcs_message good(const struct test_frame *f)
{
	struct rpcs_message m = decoded(f);

	assert_null(m.malformed);
	assert_false(m.truncated);
	return m;
}

static void test_call(void **state)
{
	struct test_frame f = { 0 };
	struct rpcs_message m;

	(void)state;
	frame_call(&f, 0x12345678, 100000, 2, 3);
	frame_mapping(&f, 100005, 3, 17, 0);
	m = good(&f);
	assert_true(m.is_call);
	assert_int_equal(m.length, 56);
	assert_int_equal(m.xid, 0x12345678);
	assert_int_equal(m.rpc_version, 2);
	assert_int_equal(m.program, 100000);
	assert_int_equal(m.version, 2);
	assert_int_equal(m.procedure, 3);
	assert_true(m.has_auth);
	assert_int_equal(m.auth.flavor, RPCS_AUTH_NONE);
	assert_false(m.auth.sys);
	assert_true(m.has_verf);
	assert_ptr_equal(m.body, f.bytes + 40);
	assert_int_equal(m.body_len, 16);
	assert_int_equal(m.body_available, 16);
	/* Whatever the RPC version (1110049). */
	f.bytes[11] = 3;
	assert_int_equal(good(&f).rpc_version, 3);
}

/* What is a message: 24 bytes of a call, 12 of a reply. */
static void test_minimum(void **state)
{
	struct test_frame f = { 0 };
	struct rpcs_message m;
	uint32_t len;

	(void)state;
	frame_call(&f, 1, 100000, 2, 4);
	for (len = 0; len < RPCS_CALL_BYTES; len++)
		assert_false(decodes(at(&f), len, len));
	assert_false(decodes(at(&f), 23, 40));
	for (len = RPCS_CALL_BYTES; len < 40; len++) {
		m = decoded_part(&f, len, len);
		assert_int_equal(m.procedure, 4);
		assert_non_null(m.malformed);
		assert_false(m.truncated);
		m = decoded_part(&f, len, 40);
		assert_null(m.malformed);
		assert_true(m.truncated);
		assert_int_equal(m.has_auth, len >= 28);
		assert_int_equal(m.length, 40);
	}
	f.len = 0;
	frame_accepted(&f, 1, RPCS_ACCEPT_SUCCESS);
	for (len = 0; len < RPCS_REPLY_BYTES; len++)
		assert_false(decodes(at(&f), len, len));
	for (len = RPCS_REPLY_BYTES; len < 24; len++) {
		assert_non_null(decoded_part(&f, len, len).malformed);
		m = decoded_part(&f, len, 24);
		assert_null(m.malformed);
		assert_true(m.truncated);
		assert_int_equal(m.reply_has, 1);
	}
	f.bytes[7] = 2; /* neither call nor reply */
	assert_false(decodes(at(&f), 24, 24));
}

static void test_accepted(void **state)
{
	struct test_frame f;
	struct rpcs_message m;
	uint32_t stat;

	(void)state;
	for (stat = 0; stat <= 7; stat++) {
		f.len = 0;
		frame_accepted(&f, 9, stat);
		put32(&f, 2);
		put32(&f, 4);
		m = decoded(&f);
		assert_false(m.is_call);
		assert_int_equal(m.reply_stat, RPCS_REPLY_ACCEPTED);
		assert_int_equal(m.reply_has, 2);
		assert_int_equal(m.stat, stat);
		assert_true(m.has_verf);
		assert_int_equal(m.malformed != NULL, stat > RPCS_ACCEPT_SYSTEM_ERR);
		assert_int_equal(m.has_mismatch, stat == RPCS_ACCEPT_PROG_MISMATCH);
		assert_int_equal(m.body_len, stat == RPCS_ACCEPT_SUCCESS ? 8 : 0);
		assert_int_equal(m.body != NULL, stat == RPCS_ACCEPT_SUCCESS);
		if (m.has_mismatch) {
			assert_int_equal(m.mismatch_low, 2);
			assert_int_equal(m.mismatch_high, 4);
			f.len -= 4;
			assert_non_null(decoded(&f).malformed);
			assert_false(decoded(&f).has_mismatch);
			m = decoded_part(&f, f.len, f.len + 4);
			assert_null(m.malformed);
			assert_true(m.truncated);
		}
	}
}

static void test_denied(void **state)
{
	struct test_frame f;
	struct rpcs_message m;
	uint32_t stat;

	(void)state;
	for (stat = 0; stat < 4; stat++) {
		f.len = 0;
		put32(&f, 9);
		put32(&f, RPCS_MSG_REPLY);
		put32(&f, RPCS_REPLY_DENIED);
		put32(&f, stat);
		put32(&f, 3);
		put32(&f, 5);
		m = decoded(&f);
		assert_int_equal(m.reply_stat, RPCS_REPLY_DENIED);
		assert_int_equal(m.stat, stat);
		assert_false(m.has_verf);
		assert_null(m.body);
		assert_int_equal(m.malformed != NULL, stat > RPCS_REJECT_AUTH_ERROR);
		assert_int_equal(m.has_mismatch, stat == RPCS_REJECT_RPC_MISMATCH);
		assert_int_equal(m.has_auth_stat, stat == RPCS_REJECT_AUTH_ERROR);
		if (m.has_auth_stat)
			assert_int_equal(m.auth_stat, 3);
		if (m.has_mismatch)
			assert_int_equal(m.mismatch_high, 5);
	}
	f.bytes[11] = 2;
	m = decoded(&f);
	assert_non_null(m.malformed);
	assert_int_equal(m.reply_has, 1);
	assert_int_equal(m.reply_stat, 2);
}

/* A credential of `len` by its own word, `there` bytes, a verifier and a body behind it. */
static struct rpcs_message with_credential(struct test_frame *f, uint32_t len, uint32_t there)
{
	f->len = 0;
	frame_call_open(f, 1, PROC_GETPORT);
	put32(f, RPCS_AUTH_SHORT);
	put32(f, len);
	put_zeros(f, there);
	put_zeros(f, 8);
	frame_mapping(f, 100005, 3, 17, 0);
	return decoded(f);
}

static void test_credential_lengths(void **state)
{
	static const uint32_t bad[] = { 401, 404, 0x7fffffff, 0xfffffffd, 0xffffffff };
	struct test_frame f;
	struct rpcs_message m;
	uint32_t i, len;

	(void)state;
	for (len = 0; len <= RPCS_AUTH_BODY_MAX; len++) {
		m = with_credential(&f, len, rpcs_xdr_padded(len));
		assert_null(m.malformed);
		assert_int_equal(m.auth.len, len);
		assert_int_equal(m.auth.flavor, RPCS_AUTH_SHORT);
		assert_int_equal(m.body_len, 16);
	}
	for (i = 0; i < 5; i++) {
		m = with_credential(&f, bad[i], 404);
		assert_string_equal(m.malformed, "credential over 400 bytes");
		assert_int_equal(m.auth.len, bad[i]);
		assert_int_equal(m.procedure, PROC_GETPORT);
		assert_null(m.body);
		/* Its own length is wrong, however much of it was captured. */
		m = decoded_part(&f, 60, f.len);
		assert_string_equal(m.malformed, "credential over 400 bytes");
	}
	assert_string_equal(with_credential(&f, 396, 8).malformed, "credential beyond the message");
	m = with_credential(&f, 396, 396);
	m = decoded_part(&f, 100, f.len);
	assert_null(m.malformed);
	assert_true(m.truncated);
	assert_null(m.body);
}

static void test_verifier_lengths(void **state)
{
	struct test_frame f;
	struct rpcs_message m;
	uint32_t len;

	(void)state;
	for (len = 396; len <= 402; len++) {
		f.len = 0;
		frame_call_open(&f, 1, PROC_DUMP);
		put_zeros(&f, 8);
		put32(&f, RPCS_AUTH_GSS);
		put32(&f, len);
		put_zeros(&f, rpcs_xdr_padded(len));
		m = decoded(&f);
		assert_int_equal(m.malformed != NULL, len > RPCS_AUTH_BODY_MAX);
		assert_int_equal(m.verf_len, len);
		assert_int_equal(m.verf_flavor, RPCS_AUTH_GSS);
		f.len -= 4;
		assert_non_null(decoded(&f).malformed);
		/* In a reply it stands before the status. */
		f.len = 0;
		frame_accepted(&f, 1, 0);
		f.len -= 8;
		put32(&f, len);
		put_zeros(&f, rpcs_xdr_padded(len));
		put32(&f, RPCS_ACCEPT_SUCCESS);
		m = decoded(&f);
		assert_int_equal(m.malformed != NULL, len > RPCS_AUTH_BODY_MAX);
		assert_int_equal(m.reply_has, len > RPCS_AUTH_BODY_MAX ? 1 : 2);
	}
}

static struct rpcs_message with_machine(struct test_frame *f, uint32_t len, uint32_t gids)
{
	char machine[300] = "";

	memset(machine, 'm', len);
	f->len = 0;
	frame_call_open(f, 1, PROC_DUMP);
	frame_auth_sys(f, machine, gids);
	return decoded(f);
}

static void test_auth_sys(void **state)
{
	struct test_frame f;
	struct rpcs_message m;
	uint32_t len;

	(void)state;
	for (len = 0; len <= 258; len++) {
		m = with_machine(&f, len, 3);
		assert_null(m.malformed); /* a bad body costs only its fields */
		assert_non_null(m.body);
		assert_int_equal(m.auth.sys, len <= RPCS_MACHINE_MAX);
		assert_int_equal(m.auth.malformed, len > RPCS_MACHINE_MAX);
		if (!m.auth.sys)
			continue;
		assert_int_equal(m.auth.uid, 1000);
		assert_int_equal(m.auth.gid, 100);
		assert_int_equal(m.auth.machine.len, len);
		assert_ptr_equal(m.auth.machine.bytes, f.bytes + 40);
	}
	assert_false(with_machine(&f, 4, 0).auth.stamp_zero);
	memset(f.bytes + 32, 0, 4);
	assert_true(decoded(&f).auth.stamp_zero);
	for (len = 0; len < 20; len++)
		assert_int_equal(with_machine(&f, 4, len).auth.malformed, len > RPCS_GIDS_MAX);
	with_machine(&f, 4, 2);
	f.bytes[55] = 3; /* a third group, which is not there */
	assert_true(decoded(&f).auth.malformed);
	f.bytes[55] = 2;
	f.bytes[36] = 0xff; /* a machine name of 4 GiB */
	assert_true(decoded(&f).auth.malformed);
	assert_null(decoded(&f).malformed);
}

/* For each case with a compact record: the record and the packet's own bytes say the same. */
static void test_both_ways(void **state)
{
	struct rpcs_settings settings = { .ports = { 111 }, .port_count = 1, .limit_flows = 16 };
	static struct collected got;
	int i, compared = 0;

	(void)state;
	for (i = 0; i < packet_case_count; i++) {
		struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
			.settings = &settings, .emit = collect, .arg = &got });
		struct test_frame f;

		got.count = 0;
		packet_cases[i].build(&f);
		rpcs_native_frame(native, &(struct rpcs_frame){ .bytes = f.bytes, .len = f.len });
		compared += check_both_ways(&f, got.bytes[0], got.count ? got.len[0] : 0);
		rpcs_native_free(&native);
	}
	assert_true(compared >= 19);
}

/* The same for replies of every status and with bodies of every length. */
static void test_both_ways_replies(void **state)
{
	struct rpcs_settings settings = { .ports = { 111 }, .port_count = 1, .limit_flows = 16 };
	static struct collected got;
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = collect, .arg = &got });
	uint32_t denied, stat, len;
	int compared = 0;

	(void)state;
	for (denied = 0; denied < 2; denied++) {
		for (stat = 0; stat < 8; stat++) {
			for (len = 0; len <= 16; len++) {
				struct test_frame f;

				reply_frame(&f);
				put32(&f, 1);
				put32(&f, RPCS_MSG_REPLY);
				put32(&f, denied);
				put_zeros(&f, denied ? 0 : 8);
				put32(&f, stat);
				put_bytes(&f, "abcdefghijklmnop", len);
				frame_end(&f);
				got.count = 0;
				rpcs_native_frame(native, &(struct rpcs_frame){ .bytes = f.bytes,
										.len = f.len });
				compared += check_both_ways(&f, got.bytes[0], got.len[0]);
			}
		}
	}
	assert_int_equal(compared, 2 * 8 * 17);
	rpcs_native_free(&native);
}

/* A record that is not what it says. */
static void test_bad_records(void **state)
{
	struct rpcs_record_rpc record = { .head.kind = RPCS_RECORD_CALL, .message_len = 40 };
	struct rpcs_record_body body;
	struct rpcs_message m = { 0 };

	(void)state;
	assert_true(rpcs_message_from_record(&m, &record, sizeof(record), &body));
	record.head.text_len = 1;
	assert_false(rpcs_message_from_record(&m, &record, sizeof(record), &body));
	record.head.text_len = 0;
	record.cred_len = 1;
	assert_false(rpcs_message_from_record(&m, &record, sizeof(record), &body));
	record.cred_len = 0;
	record.verf_len = 0xffff;
	assert_false(rpcs_message_from_record(&m, &record, sizeof(record), &body));
	record.head.kind = RPCS_RECORD_REPLY;
	record.verf_len = 0;
	record.message_len = 23;
	assert_false(rpcs_message_from_record(&m, &record, sizeof(record), &body));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_minimum),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_credential_lengths),
		cmocka_unit_test(test_verifier_lengths),
		cmocka_unit_test(test_auth_sys),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_both_ways_replies),
		cmocka_unit_test(test_bad_records),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages from built bytes, and two of them held against each other. After cmocka.h. */
#ifndef TESTS_UNIT_MESSAGE_CASE_H
#define TESTS_UNIT_MESSAGE_CASE_H

#include <stdlib.h>

#include "packets.h"
#include "stream/decode.h"

/** Are these bytes a message? Read from a block of their exact size. */
static inline bool decodes(const uint8_t *bytes, uint32_t available, uint32_t len)
{
	uint8_t *exact = malloc(available ? available : 1);
	struct rpcs_message m = { 0 };
	bool is_message;

	assert_non_null(exact);
	memcpy(exact, bytes, available);
	is_message = rpcs_message_decode(&m, exact, available, len);
	free(exact);
	return is_message;
}

/** The message in the frame's first bytes; its texts point into the frame. */
static inline struct rpcs_message decoded_part(const struct test_frame *f, uint32_t available,
					       uint32_t len)
{
	struct rpcs_message m = { 0 };

	assert_true(decodes(f->bytes, available, len));
	assert_true(rpcs_message_decode(&m, f->bytes, available, len));
	return m;
}

/** The whole frame is the message. */
static inline struct rpcs_message decoded(const struct test_frame *f)
{
	return decoded_part(f, f->len, f->len);
}

static inline void assert_text_equal(const struct rpcs_text *a, const struct rpcs_text *b)
{
	assert_int_equal(a->len, b->len);
	if (a->len)
		assert_memory_equal(a->bytes, b->bytes, a->len);
}

/** Every field, but where the texts lie. Of a body a record has the whole units only. */
static inline void assert_message_equal(const struct rpcs_message *a, const struct rpcs_message *b)
{
	uint32_t units = b->body_available & ~3U;

	if (units > RPCS_RECORD_WORDS * 4)
		units = RPCS_RECORD_WORDS * 4;
	assert_int_equal(a->is_call, b->is_call);
	assert_int_equal(a->truncated, b->truncated);
	assert_int_equal(a->malformed == NULL, b->malformed == NULL);
	if (a->malformed)
		assert_string_equal(a->malformed, b->malformed);
	assert_int_equal(a->xid, b->xid);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->rpc_version, b->rpc_version);
	assert_int_equal(a->program, b->program);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->procedure, b->procedure);
	assert_int_equal(a->has_auth, b->has_auth);
	assert_int_equal(a->auth.flavor, b->auth.flavor);
	assert_int_equal(a->auth.len, b->auth.len);
	assert_int_equal(a->auth.malformed, b->auth.malformed);
	assert_int_equal(a->auth.sys, b->auth.sys);
	assert_int_equal(a->auth.stamp_zero, b->auth.stamp_zero);
	assert_int_equal(a->auth.uid, b->auth.uid);
	assert_int_equal(a->auth.gid, b->auth.gid);
	assert_text_equal(&a->auth.machine, &b->auth.machine);
	assert_int_equal(a->has_verf, b->has_verf);
	assert_int_equal(a->verf_flavor, b->verf_flavor);
	assert_int_equal(a->verf_len, b->verf_len);
	assert_int_equal(a->reply_stat, b->reply_stat);
	assert_int_equal(a->stat, b->stat);
	assert_int_equal(a->reply_has, b->reply_has);
	assert_int_equal(a->has_mismatch, b->has_mismatch);
	assert_int_equal(a->mismatch_low, b->mismatch_low);
	assert_int_equal(a->mismatch_high, b->mismatch_high);
	assert_int_equal(a->has_auth_stat, b->has_auth_stat);
	assert_int_equal(a->auth_stat, b->auth_stat);
	assert_int_equal(a->body == NULL, b->body == NULL);
	assert_int_equal(a->body_len, b->body_len);
	assert_int_equal(a->body_available, units);
	if (units)
		assert_memory_equal(a->body, b->body, units);
}

/** Compares a frame's compact record with its bytes; 0 when it has none. */
static inline int check_both_ways(const struct test_frame *f, const void *record, uint32_t len)
{
	const struct rpcs_record_head *head = record;
	struct rpcs_message from_record = { 0 }, from_bytes = { 0 };
	struct rpcs_packet pkt = { 0 };
	struct rpcs_record_body body;
	uint32_t mark;

	if (len == 0 || (head->kind != RPCS_RECORD_CALL && head->kind != RPCS_RECORD_REPLY))
		return 0;
	assert_int_equal(rpcs_packet_parse(&pkt, f->bytes, f->bytes + f->len, f->len, 0),
			 RPCS_PACKET_OK);
	mark = pkt.protocol == RPCS_IP_TCP ? RPCS_MARK_BYTES : 0;
	assert_true(rpcs_message_from_record(&from_record, record, len, &body));
	assert_true(rpcs_message_decode(&from_bytes, f->bytes + pkt.payload_offset + mark,
					pkt.payload_len - mark, pkt.payload_len - mark));
	assert_message_equal(&from_record, &from_bytes);
	return 1;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is remembered of a stream against the stream itself; it grows, and stays in its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rpcsentry/rpc.h>

#include "base/clock.h"
#include "stream/history.h"

enum { STREAM = 1 << 16, HALVES = 4 };

static struct rpcs_flow_table flows;
static struct rpcs_half half[HALVES];
static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void begin(uint64_t limit)
{
	const struct rpcs_hash_seed seed = { 5, 6 };
	int i;

	assert_int_equal(rpcs_flow_table_init(&flows, 4, RPCS_NSEC_PER_SEC, limit, &seed), 0);
	memset(half, 0, sizeof(half));
	for (i = 0; i < HALVES; i++)
		half[i].portmapper = true;
}

static void end(void)
{
	int i;

	for (i = 0; i < HALVES; i++)
		rpcs_history_drop(&flows, &half[i]);
	assert_int_equal(flows.history_bytes, 0);
	rpcs_flow_table_free(&flows);
}

/* How many of `len` bytes at `seq`, each another than was sent, are known to be. */
static uint32_t known(uint32_t seq, uint32_t len)
{
	struct rpcs_overlap overlap = { 0 };
	static uint8_t bytes[STREAM];
	uint32_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t) ~(seq + i);
	rpcs_history_compare(&half[0], seq, bytes, len, &overlap);
	return overlap.bytes;
}

static void add(struct rpcs_half *to, uint32_t seq, uint32_t len)
{
	static uint8_t bytes[STREAM];
	uint32_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seq + i);
	rpcs_history_add(&flows, to, seq, bytes, len);
}

/* Pieces of all sizes, some not where the last one ended, over the end of all numbers. */
static void the_last_bytes_are_known(void **unused)
{
	uint32_t seq = 0U - 30000, start = seq, i, len;

	(void)unused;
	begin(1 << 20);
	for (i = 0; i < 2000; i++) {
		len = draw(i % 7 ? 120 : 1500);
		if (i % 50 == 49) {
			seq += 1 + draw(100);
			start = seq;
		}
		add(&half[0], seq, len);
		seq += len;
		if (seq - start > RPCS_HISTORY_BYTES)
			start = seq - RPCS_HISTORY_BYTES;
		assert_int_equal(known(start, seq - start), seq - start);
		assert_int_equal(known(start - 200, 200), 0);
		assert_int_equal(known(seq, 200), 0);
		len = draw(seq - start + 1);
		assert_int_equal(known(start + len, 100),
				 seq - start - len < 100 ? seq - start - len : 100);
	}
	end();
}

/* The same bytes again are no difference. */
static void what_is_the_same_is_not_told(void **unused)
{
	struct rpcs_overlap overlap = { 0 };
	uint8_t bytes[900];
	uint32_t i;

	(void)unused;
	begin(1 << 20);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(1000 + i);
	for (i = 0; i < sizeof(bytes); i += 9)
		add(&half[0], 1000 + i, 9);
	rpcs_history_compare(&half[0], 1000, bytes, sizeof(bytes), &overlap);
	assert_int_equal(overlap.bytes, 0);
	bytes[333]++;
	rpcs_history_compare(&half[0], 1000, bytes, sizeof(bytes), &overlap);
	assert_int_equal(overlap.bytes, 1);
	assert_int_equal(overlap.seq, 1333);
	end();
}

/* A stream that was short costs little, a long one no more than the most. */
static void it_grows(void **unused)
{
	uint64_t bytes;
	uint32_t i;

	(void)unused;
	begin(1 << 20);
	add(&half[0], 7, 40);
	assert_in_range(flows.history_bytes, 40, 128);
	for (i = 0; i < 100; i++)
		add(&half[0], 47 + i * 40, 40);
	bytes = flows.history_bytes;
	assert_in_range(bytes, RPCS_HISTORY_BYTES, RPCS_HISTORY_BYTES * 5 / 4);
	add(&half[0], 1, 1);
	assert_int_equal(flows.history_bytes, bytes);
	/* None where no RPC was found. */
	half[1].portmapper = false;
	add(&half[1], 7, 40);
	assert_null(half[1].history);
	end();
}

/* Others give theirs up, the longest untouched first; the one that grows is not lost by it. */
static void the_limit_holds(void **unused)
{
	uint32_t i;

	(void)unused;
	begin(1500);
	for (i = 0; i < HALVES; i++)
		add(&half[i], 0, 250);
	add(&half[0], 250, 10);
	assert_non_null(half[0].history);
	assert_null(half[1].history);
	assert_in_range(flows.history_bytes, 1, 1500);
	assert_int_equal(known(0, 260), 260);
	for (i = 0; i < 30; i++)
		add(&half[0], 260 + i * 40, 40);
	assert_int_equal(known(260 + 1200 - RPCS_HISTORY_BYTES, RPCS_HISTORY_BYTES),
			 RPCS_HISTORY_BYTES);
	for (i = 1; i < HALVES; i++)
		assert_null(half[i].history);
	assert_in_range(flows.history_bytes, 1, 1500);
	end();
}

static void fill_call(struct rpcs_record_rpc *call, uint32_t name)
{
	*call = (struct rpcs_record_rpc){
		.head = { .kind = RPCS_RECORD_CALL, .text_len = (uint8_t)name },
		.seq = 5000,
		.xid = 0x01020304,
		.call = { 2, 100000, 2, 3 },
		.cred_flavor = RPCS_AUTH_SYS,
		.cred_len = 20 + rpcs_xdr_padded(name) + 8,
		.uid = 77,
	};
	call->message_len = 40 + call->cred_len + 16;
	memcpy(call + 1, "machine name", name);
}

/* Of a compact record header, name, ids and first words; not its stamp, padding and groups. */
static void a_record_says_what_it_has(void **unused)
{
	struct {
		struct rpcs_record_rpc rpc;
		char name[16];
	} call;
	struct rpcs_overlap overlap = { 0 };
	uint8_t bytes[200];
	uint32_t name, i, len, unsaid;

	(void)unused;
	memset(bytes, 0xee, sizeof(bytes)); /* no byte of the record */
	for (name = 0; name <= 12; name++) {
		begin(1 << 20);
		fill_call(&call.rpc, name);
		len = RPCS_MARK_BYTES + call.rpc.message_len;
		rpcs_history_add_record(&flows, &half[0], &call.rpc);
		/* Behind it the stream goes on. */
		add(&half[0], 5000 + len, 10);
		memset(&overlap, 0, sizeof(overlap));
		rpcs_history_compare_record(&half[0], &call.rpc, &overlap);
		assert_int_equal(overlap.bytes, 0);
		rpcs_history_compare(&half[0], 5000, bytes, len, &overlap);
		unsaid = 4 + rpcs_xdr_padded(name) - name + 4 + 8;
		assert_int_equal(overlap.bytes, len - unsaid);
		assert_int_equal(known(5000 + len, 10), 10);
		/* Another one in its place differs in its xid's last byte, and nowhere else. */
		memset(&overlap, 0, sizeof(overlap));
		call.rpc.xid++;
		rpcs_history_compare_record(&half[0], &call.rpc, &overlap);
		assert_int_equal(overlap.bytes, 1);
		assert_int_equal(overlap.seq, 5007);
		assert_int_equal(overlap.was[0], 4);
		assert_int_equal(overlap.is[0], 5);
		end();
	}
	begin(1 << 20);
	fill_call(&call.rpc, 4);
	for (i = 0; i < 3; i++) {
		call.rpc.message_len = 300 + i * 500;
		call.rpc.seq = 5000;
		rpcs_history_add_record(&flows, &half[0], &call.rpc);
		/* Too long a rest, of which nothing is known, is not kept. */
		assert_int_equal(half[0].history == NULL, i == 2);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_bytes_are_known),
		cmocka_unit_test(what_is_the_same_is_not_told),
		cmocka_unit_test(it_grows),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(a_record_says_what_it_has),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}

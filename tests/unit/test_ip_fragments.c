// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* IP fragments in any order, with overlaps and false ends, and what they may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"
#include "base/clock.h"
#include "source/engine.h"
#include "stream/ip_fragments.h"

enum { PAYLOAD = 64, LIMIT = 1 << 20 };

static struct rpcs_ip_fragments *fragments;
static struct rpcs_ip_packet whole;
static uint8_t payload[PAYLOAD];
static uint64_t now_ns;

static int setup(void **state)
{
	const struct rpcs_hash_seed seed = { 3, 4 };
	uint32_t i;

	(void)state;
	for (i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)(i + 1);
	now_ns = 1000 * RPCS_NSEC_PER_SEC;
	fragments = rpcs_ip_fragments_new(LIMIT, 30 * RPCS_NSEC_PER_SEC, &seed);
	return fragments ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rpcs_ip_fragments_free(&fragments);
	return 0;
}

/* An IPv4 fragment of UDP without its frame. */
static bool add4(uint16_t id, uint32_t from, uint32_t len, bool more, const uint8_t *bytes)
{
	struct rpcs_sighting seen = { .time_ns = now_ns, .frame = from + 1 };
	struct test_frame f = { 0 };

	frame_ip4(&f, RPCS_IP_UDP, 0);
	set16(&f, 4, id);
	set16(&f, 6, (more ? 0x2000 : 0) | from / 8);
	put_bytes(&f, bytes + from, len);
	set16(&f, 2, f.len);
	return rpcs_ip_fragments_add(fragments, f.bytes, f.len, &seen, &whole);
}

static bool add6(uint32_t id, uint32_t from, uint32_t len, bool more)
{
	struct rpcs_sighting seen = { .time_ns = now_ns };
	struct test_frame f = { 0 };

	frame_ip6(&f, RPCS_IP_DESTINATION);
	frame_ip6_ext(&f, RPCS_IP_FRAGMENT, 0);
	put8(&f, RPCS_IP_UDP);
	put8(&f, 0);
	put16(&f, (uint16_t)(from | more));
	put32(&f, id);
	put_bytes(&f, payload + from, len);
	set16(&f, 4, f.len - 40);
	return rpcs_ip_fragments_add(fragments, f.bytes, f.len, &seen, &whole);
}

static void check_whole(uint32_t header)
{
	assert_int_equal(whole.len, header + PAYLOAD);
	assert_memory_equal(whole.bytes + header, payload, PAYLOAD);
}

static void test_any_order(void **state)
{
	static const uint32_t orders[][4] = {
		{ 0, 16, 32, 48 }, { 48, 32, 16, 0 }, { 16, 48, 0, 32 }, { 48, 0, 32, 16 }
	};
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			uint32_t from = orders[i][j];

			assert_int_equal(add4((uint16_t)i, from, 16, from != 48, payload), j == 3);
			/* A duplicate brings nothing. */
			if (j < 3)
				assert_false(add4((uint16_t)i, from, 16, from != 48, payload));
		}
		check_whole(20);
		assert_int_equal(whole.seen.frame, orders[i][3] + 1);
		assert_int_equal(rpcs_load_be16(whole.bytes + 6), 0);
		assert_int_equal(rpcs_load_be16(whole.bytes + 2), 20 + PAYLOAD);
	}
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->reassembled, 4);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->overlaps, 0);
}

static void test_ip6(void **state)
{
	(void)state;
	assert_false(add6(7, 32, 32, false));
	assert_false(add6(8, 0, 32, true));
	assert_true(add6(7, 0, 32, true));
	check_whole(40);
	assert_int_equal(whole.bytes[6], RPCS_IP_UDP);
	assert_int_equal(whole.type, RPCS_ETH_IP6);
}

/* The bytes that came first win, and the difference is counted. */
static void test_overlap(void **state)
{
	uint8_t other[PAYLOAD];

	(void)state;
	memset(other, 0xee, sizeof(other));
	assert_false(add4(1, 16, 16, true, payload));
	assert_false(add4(1, 8, 32, true, other));
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->overlaps, 1);
	assert_false(add4(1, 40, 24, false, payload));
	assert_true(add4(1, 0, 8, true, payload));
	assert_memory_equal(whole.bytes + 20 + 16, payload + 16, 16);
	assert_memory_equal(whole.bytes + 20 + 8, other + 8, 8);
}

/* The largest packet in the smallest pieces, in any order: Linux puts that together too. */
static void test_smallest(void **state)
{
	enum { SIZE = 65504, PIECES = SIZE / 8 };
	/* Each has no factor in common with the number of pieces. */
	static const uint32_t steps[] = { 1, PIECES - 1, 4999, 7 };
	static uint8_t large[SIZE];
	uint32_t i, j, from;

	(void)state;
	for (i = 0; i < SIZE; i++)
		large[i] = (uint8_t)(i * 7 >> 3);
	for (i = 0; i < 4; i++) {
		for (j = 0, from = 0; j < PIECES; j++) {
			assert_int_equal(add4((uint16_t)i, from * 8, 8, from != PIECES - 1, large),
					 j == PIECES - 1);
			/* One that reaches over others brings nothing. */
			if (i == 0 && j == 600)
				assert_false(add4(0, 4000, 512, true, large));
			from = (from + steps[i]) % PIECES;
		}
		assert_int_equal(whole.len, 20 + SIZE);
		assert_memory_equal(whole.bytes + 20, large, SIZE);
	}
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->overlaps, 0);
}

/* Bytes behind the end, or a second end: no host makes a packet of that. */
static void test_false_end(void **state)
{
	(void)state;
	assert_false(add4(1, 32, 8, true, payload));
	assert_false(add4(1, 0, 8, true, payload));
	assert_false(add4(1, 16, 8, false, payload));
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->bad, 1);
	/* The honest packet with the same id is told all the same. */
	assert_false(add4(1, 0, 32, true, payload));
	assert_true(add4(1, 32, 32, false, payload));
	check_whole(20);
	/* Not the last one, and no multiple of 8; or behind the largest packet. */
	assert_false(add4(2, 0, 12, true, payload));
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->bad, 2);
}

static void test_timeout(void **state)
{
	(void)state;
	assert_false(add4(1, 0, 32, true, payload));
	now_ns += 30 * RPCS_NSEC_PER_SEC - 1;
	rpcs_ip_fragments_expire(fragments, now_ns);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->expired, 0);
	rpcs_ip_fragments_expire(fragments, ++now_ns);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->expired, 1);
	assert_false(add4(1, 32, 32, false, payload));
}

/* What is incomplete at the end is counted, once. */
static void test_finish(void **state)
{
	(void)state;
	assert_false(add4(1, 0, 32, true, payload));
	assert_false(add4(2, 0, 32, true, payload));
	rpcs_ip_fragments_finish(fragments);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->expired, 2);
	rpcs_ip_fragments_finish(fragments);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->expired, 2);
	assert_false(add4(1, 32, 32, false, payload));
}

/* Many packets of many bytes: the oldest go, and one that is honest still comes through. */
static void test_limit(void **state)
{
	static uint8_t large[4096];
	uint32_t id, part;

	(void)state;
	for (id = 0; id < 3000; id++)
		for (part = 0; part < 2; part++)
			add4((uint16_t)(id + 10), part * 1024, 1024, true, large);
	assert_true(rpcs_ip_fragments_counts(fragments)->evicted > 2000);
	assert_false(add4(1, 0, 32, true, payload));
	assert_true(add4(1, 32, 32, false, payload));
	check_whole(20);
}

/* The fragment that completes a packet may reach over the limit: nothing of it stays. */
static void test_limit_at_the_end(void **state)
{
	const struct rpcs_hash_seed seed = { 3, 4 };
	uint16_t id;

	(void)state;
	rpcs_ip_fragments_free(&fragments);
	fragments = rpcs_ip_fragments_new(200, 30 * RPCS_NSEC_PER_SEC, &seed);
	assert_non_null(fragments);
	for (id = 1; id <= 3; id++)
		assert_false(add4(id, 0, 32, true, payload));
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->evicted, 0);
	assert_true(add4(3, 32, 32, false, payload));
	check_whole(20);
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->evicted, 0);
}

static void count_record(void *arg, const void *record, uint32_t len,
			 const struct rpcs_frame *frame)
{
	(void)record;
	(void)len;
	(void)frame;
	++*(int *)arg;
}

/* What a fragment's first one was holds for 30 s: then the same id is another packet. */
static void test_verdict_ages(void **state)
{
	struct rpcs_settings settings = { .ports = { 111 }, .port_count = 1, .limit_flows = 4 };
	int records = 0;
	struct rpcs_native *native = rpcs_native_new(&(struct rpcs_native_options){
		.settings = &settings, .emit = count_record, .arg = &records });
	struct rpcs_frame frame = { .number = 1, .time_ns = now_ns };
	struct test_frame f;

	(void)state;
	assert_non_null(native);
	frame_eth(&f, RPCS_ETH_IP4);
	frame_ip4(&f, RPCS_IP_UDP, 0);
	set16(&f, f.ip + 6, 0x2000);
	frame_udp(&f, 5000, 6000);
	frame_end(&f);
	frame.bytes = f.bytes;
	frame.len = f.len;
	rpcs_native_frame(native, &frame);
	set16(&f, f.ip + 6, 0x0010);
	rpcs_native_frame(native, &frame);
	assert_int_equal(records, 0);
	frame.time_ns += 31 * RPCS_NSEC_PER_SEC;
	rpcs_native_frame(native, &frame);
	assert_int_equal(records, 1);
	rpcs_native_free(&native);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_any_order),	     CASE(test_ip6),	      CASE(test_overlap),
		CASE(test_false_end),	     CASE(test_timeout),      CASE(test_limit),
		CASE(test_limit_at_the_end), CASE(test_verdict_ages), CASE(test_finish),
		CASE(test_smallest),
	};

	return cmocka_run_group_tests_name("ip fragments", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fragments that contradict each other, or are smaller than any needs to be: what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"
#include "base/clock.h"
#include "stream/ip_fragments.h"

enum { PAYLOAD = 2048, ID = 7 };

static struct rpcs_ip_fragments *fragments;
static struct rpcs_overlap told[8];
static uint32_t count;
static uint8_t payload[PAYLOAD], other[PAYLOAD];
static uint64_t frame;

static void take(void *arg, const struct rpcs_overlap *overlap)
{
	assert_ptr_equal(arg, &frame);
	assert_true(count < 8);
	told[count++] = *overlap;
}

static int setup(void **state)
{
	const struct rpcs_hash_seed seed = { 3, 4 };
	uint32_t i;

	(void)state;
	for (i = 0; i < PAYLOAD; i++)
		payload[i] = other[i] = (uint8_t)i;
	/* Ports 800 and 111, in both readings. */
	payload[0] = other[0] = 3;
	payload[1] = other[1] = 0x20;
	payload[2] = other[2] = 0;
	payload[3] = other[3] = 111;
	count = 0;
	frame = 0;
	fragments = rpcs_ip_fragments_new(1 << 20, 30 * RPCS_NSEC_PER_SEC, &seed);
	if (!fragments)
		return -1;
	rpcs_ip_fragments_watch(fragments, take, &frame);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rpcs_ip_fragments_free(&fragments);
	return 0;
}

static bool give(struct test_frame *f)
{
	struct rpcs_sighting seen = { .time_ns = RPCS_NSEC_PER_SEC, .frame = ++frame };
	struct rpcs_ip_packet whole;

	return rpcs_ip_fragments_add(fragments, f->bytes, f->len, &seen, &whole);
}

/* Of an IPv4 packet from 10.0.0.1 to 10.0.0.2: bytes [from, to) of its payload. */
static bool add4(uint8_t protocol, uint32_t from, uint32_t to, bool more, const uint8_t *bytes)
{
	struct test_frame f = { 0 };

	frame_ip4(&f, protocol, 0);
	set16(&f, 4, ID);
	set16(&f, 6, (more ? 0x2000 : 0) | from / 8);
	put_bytes(&f, bytes + from, to - from);
	set16(&f, 2, f.len);
	return give(&f);
}

static bool add(uint32_t from, uint32_t to, bool more, const uint8_t *bytes)
{
	return add4(RPCS_IP_UDP, from, to, more, bytes);
}

/* The same over IPv6; `next` is what follows the fragment header. */
static bool add6(uint8_t next, uint32_t from, uint32_t to, bool more, const uint8_t *bytes)
{
	struct test_frame f = { 0 };

	frame_ip6(&f, RPCS_IP_FRAGMENT);
	put8(&f, next);
	put8(&f, 0);
	put16(&f, (uint16_t)(from | more));
	put32(&f, ID);
	put_bytes(&f, bytes + from, to - from);
	set16(&f, 4, f.len - 40);
	return give(&f);
}

static void test_difference(void **state)
{
	static const uint8_t was[] = { 0x96, 0x97, 0x98, 0x99 }, is[] = { 0xff, 0x97, 0x98, 0xfe };
	struct rpcs_address client, server;

	(void)state;
	other[0x196] = 0xff;
	other[0x199] = 0xfe;
	assert_false(add(0, 416, true, payload));
	assert_false(add(400, 1200, true, other));
	assert_int_equal(count, 1);
	assert_true(told[0].fragments);
	assert_false(told[0].needless);
	assert_int_equal(told[0].bytes, 2);
	assert_int_equal(told[0].seq, 0x196);
	assert_int_equal(told[0].seen.frame, 2);
	/* No further than both readings go. */
	assert_int_equal(told[0].shown, 8);
	assert_memory_equal(told[0].was, was, sizeof(was));
	assert_memory_equal(told[0].is, is, sizeof(is));
	assert_int_equal(rpcs_address_parse("10.0.0.1", &client), 0);
	assert_int_equal(rpcs_address_parse("10.0.0.2", &server), 0);
	assert_true(rpcs_address_equal(&told[0].tuple.src, &client));
	assert_true(rpcs_address_equal(&told[0].tuple.dst, &server));
	assert_int_equal(told[0].tuple.sport, 800);
	assert_int_equal(told[0].tuple.dport, 111);
	assert_int_equal(told[0].tuple.protocol, RPCS_IP_UDP);
	/* Once a packet; the packet itself still comes. */
	assert_false(add(400, 1200, true, other));
	assert_true(add(1200, PAYLOAD, false, payload));
	assert_int_equal(count, 1);
}

static void test_shown_ends_with_the_overlap(void **state)
{
	(void)state;
	other[414] = 1;
	assert_false(add(0, 416, true, payload));
	assert_false(add(400, 1200, true, other));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].seq, 414);
	assert_int_equal(told[0].shown, 2);
}

/* Over several earlier fragments, and by one that brings nothing new. */
static void test_counts_over_pieces(void **state)
{
	(void)state;
	other[300] = other[700] = 0;
	assert_false(add(0, 512, true, payload));
	assert_false(add(512, 1024, true, payload));
	assert_false(add(256, 1024, true, other));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].bytes, 2);
	assert_int_equal(told[0].seq, 300);
}

static void test_duplicates_are_none(void **state)
{
	(void)state;
	assert_false(add(0, 512, true, payload));
	assert_false(add(0, 512, true, payload));
	assert_false(add(256, 1024, true, payload));
	assert_true(add(1024, PAYLOAD, false, payload));
	assert_int_equal(count, 0);
}

/* Who it was is known with the first fragment only: told then, of the frame that differed. */
static void test_waits_for_the_first(void **state)
{
	(void)state;
	other[600] = 0;
	assert_false(add(512, 1024, true, payload));
	assert_false(add(512, 1024, true, other));
	assert_int_equal(count, 0);
	assert_false(add(0, 512, true, payload));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].seen.frame, 2);
	assert_int_equal(told[0].tuple.dport, 111);
}

/* Also of a packet that no host puts together. */
static void test_false_end(void **state)
{
	(void)state;
	other[600] = 0;
	assert_false(add(0, 1024, true, payload));
	assert_false(add(1024, 1032, true, payload));
	assert_false(add(512, 768, false, other));
	assert_int_equal(rpcs_ip_fragments_counts(fragments)->bad, 1);
	/* Nobody knows how long it was to be. */
	assert_int_equal(count, 1);
	assert_false(told[0].needless);
}

static void test_needless(void **state)
{
	(void)state;
	/* 1280 bytes with the header, the smallest but the last with 248. */
	assert_false(add(0, 1000, true, payload));
	assert_false(add(1000, 1248, true, payload));
	assert_int_equal(count, 0);
	assert_true(add(1248, 1260, false, payload));
	assert_int_equal(count, 1);
	assert_true(told[0].needless && told[0].fragments);
	assert_int_equal(told[0].smallest, 248);
	assert_int_equal(told[0].whole, 1280);
	assert_int_equal(told[0].bytes, 0);
	assert_int_equal(told[0].seen.frame, 3);
	assert_int_equal(told[0].tuple.dport, 111);
}

/* The end that says how long the packet is may come before its beginning. */
static void test_needless_backwards(void **state)
{
	(void)state;
	assert_false(add(16, 64, false, payload));
	assert_int_equal(count, 0);
	assert_false(add(0, 8, true, payload));
	assert_int_equal(count, 1);
	/* Once a packet. */
	assert_true(add(8, 16, true, payload));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].smallest, 8);
	assert_int_equal(told[0].whole, 84);
}

static void test_not_needless(void **state)
{
	(void)state;
	/* A byte more than every link carries. */
	assert_false(add(0, 8, true, payload));
	assert_true(add(8, 1261, false, payload));
	/* 256 bytes; the last may be short. */
	assert_false(add(0, 256, true, payload));
	assert_true(add(256, 264, false, payload));
	assert_int_equal(count, 0);
}

static void test_both(void **state)
{
	(void)state;
	other[20] = 0;
	assert_false(add(0, 32, true, payload));
	assert_false(add(16, 32, true, other));
	assert_true(add(32, 64, false, payload));
	assert_int_equal(count, 2);
	assert_false(told[0].needless);
	assert_true(told[1].needless);
}

static void test_tcp(void **state)
{
	(void)state;
	assert_false(add4(RPCS_IP_TCP, 0, 8, true, payload));
	assert_true(add4(RPCS_IP_TCP, 8, 64, false, payload));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].tuple.protocol, RPCS_IP_TCP);
	assert_int_equal(told[0].tuple.dport, 111);
}

static void test_ip6(void **state)
{
	(void)state;
	other[600] = 0;
	assert_false(add6(RPCS_IP_UDP, 0, 1024, true, payload));
	assert_false(add6(RPCS_IP_UDP, 512, 1024, true, other));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].bytes, 1);
	assert_int_equal(told[0].tuple.dport, 111);
	assert_int_equal(told[0].tuple.dst.bytes[15], 2);
}

/* Extension headers behind the fragment header, and ports that only the whole packet has. */
static void test_ip6_extensions(void **state)
{
	static const uint8_t options[8] = { RPCS_IP_UDP, 0, 1, 4 };
	uint8_t bytes[64] = { 0 };

	(void)state;
	memcpy(bytes, options, sizeof(options));
	memcpy(bytes + 8, payload, 4);
	bytes[13] = 56; /* the length of the datagram */
	assert_false(add6(RPCS_IP_DESTINATION, 0, 8, true, bytes));
	assert_true(add6(RPCS_IP_DESTINATION, 8, 64, false, bytes));
	assert_int_equal(count, 1);
	assert_int_equal(told[0].tuple.protocol, RPCS_IP_UDP);
	assert_int_equal(told[0].tuple.dport, 111);
	/* In the first fragment whole. */
	assert_false(add6(RPCS_IP_DESTINATION, 0, 16, true, bytes));
	assert_true(add6(RPCS_IP_DESTINATION, 16, 64, false, bytes));
	assert_int_equal(count, 2);
}

/* Nobody asked: nothing is told, and all else is as ever. */
static void test_nobody_asked(void **state)
{
	(void)state;
	rpcs_ip_fragments_watch(fragments, NULL, NULL);
	assert_false(add(0, 8, true, payload));
	assert_true(add(8, 64, false, payload));
	assert_int_equal(count, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_difference),
		CASE(test_shown_ends_with_the_overlap),
		CASE(test_counts_over_pieces),
		CASE(test_duplicates_are_none),
		CASE(test_waits_for_the_first),
		CASE(test_false_end),
		CASE(test_needless),
		CASE(test_needless_backwards),
		CASE(test_not_needless),
		CASE(test_both),
		CASE(test_tcp),
		CASE(test_ip6),
		CASE(test_ip6_extensions),
		CASE(test_nobody_asked),
	};

	return cmocka_run_group_tests_name("ip overlap", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Community ID against the specification's published values and those of tshark. */
#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "output/community.h"
#include "unit/output_fixture.h"

FILE *fixture_lines;

static const struct {
	const char *src;
	uint16_t sport;
	const char *dst;
	uint16_t dport;
	uint8_t protocol;
	const char *id;
} vectors[] = {
	/* published with the specification */
	{ "128.232.110.120", 34855, "66.35.250.204", 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ "192.168.1.52", 54585, "8.8.8.8", 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	/* tshark 4.0 of the captures rpcinfo6_p and load_small */
	{ "fd66::2", 628, "fd66::10", 111, 6, "1:0tZbXoHihamp4VkyEHBA8MKDp0s=" },
	{ "fd66::2", 629, "fd66::10", 111, 6, "1:2l4tXTmWsSPwp9wuo1ZBOZDH9RE=" },
	{ "10.66.0.2", 676, "10.66.0.10", 111, 6, "1:sDmC981GcLBCTRBQXmj+LRMhyM8=" },
	{ "10.66.0.2", 682, "10.66.0.10", 111, 6, "1:xqAuIFLatckWrXuu01hhdNcr7fc=" },
};

static void check(const struct rpcs_tuple *tuple, const char *expected)
{
	char text[40];

	memset(text, 'x', sizeof(text));
	rpcs_community_id(tuple, text);
	assert_string_equal(text, expected);
}

static void test_vectors(void **state)
{
	struct rpcs_tuple tuple;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		tuple = tuple_of(vectors[i].src, vectors[i].sport, vectors[i].dst, vectors[i].dport,
				 vectors[i].protocol);
		check(&tuple, vectors[i].id);
		/* the other direction */
		tuple = tuple_of(vectors[i].dst, vectors[i].dport, vectors[i].src, vectors[i].sport,
				 vectors[i].protocol);
		check(&tuple, vectors[i].id);
	}
}

/* Between equal addresses the ports decide which end is first. */
static void test_same_address(void **state)
{
	struct rpcs_tuple there = tuple_of("127.0.0.1", 700, "127.0.0.1", 111, 17);
	struct rpcs_tuple back = tuple_of("127.0.0.1", 111, "127.0.0.1", 700, 17);
	char a[40], b[40];

	(void)state;
	rpcs_community_id(&there, a);
	rpcs_community_id(&back, b);
	assert_string_equal(a, b);
	back.sport = 112;
	rpcs_community_id(&back, b);
	assert_string_not_equal(a, b);
	there.protocol = 6;
	rpcs_community_id(&there, b);
	assert_string_not_equal(a, b);
}

/* The id by the library's own functions, of input whose lesser end is the source. */
static void expect(const struct rpcs_tuple *tuple, size_t address_len, char text[40])
{
	uint8_t input[64] = { 0 }, digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha1;
	size_t len = 2;

	memcpy(input + len, tuple->src.bytes + 16 - address_len, address_len);
	len += address_len;
	memcpy(input + len, tuple->dst.bytes + 16 - address_len, address_len);
	len += address_len;
	input[len] = tuple->protocol;
	input[len + 2] = tuple->sport >> 8;
	input[len + 3] = tuple->sport & 0xff;
	input[len + 4] = tuple->dport >> 8;
	input[len + 5] = tuple->dport & 0xff;
	sha1_init(&sha1);
	sha1_update(&sha1, len + 6, input);
	sha1_digest(&sha1, sizeof(digest), digest);
	memcpy(text, "1:", 2);
	base64_encode_raw(text + 2, sizeof(digest), digest);
	text[2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE)] = '\0';
}

/* With many addresses and ports, so that every character comes out. */
static void test_as_the_library(void **state)
{
	static const struct {
		const char *src, *dst;
		size_t address_len;
	} ends[] = {
		{ "10.20.0.0", "10.30.255.255", 4 },
		{ "2001:db8::", "2001:db8:ffff::ffff", 16 },
		/* of one end IPv4, of the other one not */
		{ "::ffff:9.8.7.6", "fe80::1", 16 },
	};
	char expected[40];
	uint32_t i, n;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		for (n = 0; n < 1024; n++) {
			struct rpcs_tuple tuple = tuple_of(ends[i].src, 7 * n, ends[i].dst,
							   65535 - 11 * n, n % 2 ? 6 : 17);

			tuple.src.bytes[14] = n >> 2;
			tuple.src.bytes[15] = n & 0xff;
			tuple.dst.bytes[15] = 255 - n % 251;
			expect(&tuple, ends[i].address_len, expected);
			check(&tuple, expected);
		}
	}
}

/* Those that are made together are the same, in their places and nowhere else. */
static void test_together(void **state)
{
	enum { GAP = 3, PLACE = RPCS_COMMUNITY_ID_LEN + GAP };
	struct rpcs_tuple tuple = tuple_of("10.0.0.1", 1, "10.0.0.2", 111, 17);
	char text[RPCS_COMMUNITY_IDS * PLACE], expected[RPCS_COMMUNITY_ID_LEN + 1];
	struct rpcs_community_ids ids = { .count = 0 };
	uint32_t count, i;

	(void)state;
	for (count = 0; count <= RPCS_COMMUNITY_IDS; count++) {
		memset(text, 'x', sizeof(text));
		for (i = 0; i < count; i++) {
			tuple.sport = (uint16_t)(count * 100 + i);
			rpcs_community_ids_add(&ids, &tuple, text + i * PLACE);
		}
		assert_int_equal(ids.count, count);
		rpcs_community_ids_make(&ids);
		assert_int_equal(ids.count, 0);
		for (i = 0; i < RPCS_COMMUNITY_IDS; i++) {
			tuple.sport = (uint16_t)(count * 100 + i);
			rpcs_community_id(&tuple, expected);
			if (i < count)
				assert_memory_equal(text + i * PLACE, expected,
						    RPCS_COMMUNITY_ID_LEN);
			else
				assert_memory_equal(text + i * PLACE, "xxxxxx", 6);
			assert_memory_equal(text + (i + 1) * PLACE - GAP, "xxx", GAP);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_as_the_library),
		cmocka_unit_test(test_together),
	};

	return cmocka_run_group_tests_name("community_id", tests, NULL, NULL);
}

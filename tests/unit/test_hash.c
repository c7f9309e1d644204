// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SipHash-1-3 against values of another implementation, and what a hash table needs of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/join.h"

/*
 * hash() of CPython 3.11, which is SipHash-1-3, of the bytes 0, 1, 2 … 255, 0 …:
 * with PYTHONHASHSEED=0 the key is zero, with 12345 the one below.
 */
static const struct {
	size_t len;
	uint64_t zero_key, key;
} vectors[] = {
	{ 1, 7541581120933061747ULL, 15975952644430493242ULL },
	{ 7, 3389392686435873370ULL, 9448235226534670333ULL },
	{ 8, 16921169381604339434ULL, 3841248364853774658ULL },
	{ 9, 8471974163824919394ULL, 695212938483121868ULL },
	{ 15, 17514137373579004394ULL, 13730848975212755358ULL },
	{ 16, 9904005486622393783ULL, 3356067954167317909ULL },
	{ 31, 1627832755361535131ULL, 14776881412193917418ULL },
	{ 38, 14303624326612012511ULL, 15350923493899037974ULL },
	{ 63, 4061470857350050649ULL, 1664918005189561616ULL },
	{ 64, 8493894268803903686ULL, 198014204539689756ULL },
	{ 255, 6755954963420408643ULL, 17581020706732630870ULL },
	{ 256, 3579909164457460488ULL, 9170667573035945465ULL },
	{ 300, 5349969786580900532ULL, 8410330348818252015ULL },
};

static void test_vectors(void **state)
{
	struct rpcs_hash_seed zero = { 0, 0 };
	struct rpcs_hash_seed seed = { 0x25556dc46dc3dca0ULL, 0xfc3ee4dbd06f6c90ULL };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len = vectors[i].len;
		/* Its own block and an odd address: no byte beyond, no alignment asked for. */
		uint8_t *block = malloc(len + 1);

		assert_non_null(block);
		for (j = 0; j < len; j++)
			block[1 + j] = j;
		assert_true(rpcs_hash(&zero, block + 1, len) == vectors[i].zero_key);
		assert_true(rpcs_hash(&seed, block + 1, len) == vectors[i].key);
		free(block);
	}
}

static void test_seed_and_length(void **state)
{
	struct rpcs_hash_seed a = { 1, 2 }, b = { 1, 3 }, c = { 0, 2 };
	uint8_t zeros[32] = { 0 };
	size_t i, j;

	(void)state;
	assert_true(rpcs_hash(&a, "", 0) == rpcs_hash(&a, NULL, 0));
	for (i = 0; i <= sizeof(zeros); i++) {
		assert_true(rpcs_hash(&a, zeros, i) != rpcs_hash(&b, zeros, i));
		assert_true(rpcs_hash(&a, zeros, i) != rpcs_hash(&c, zeros, i));
		for (j = 0; j < i; j++)
			assert_true(rpcs_hash(&a, zeros, i) != rpcs_hash(&a, zeros, j));
	}
}

/* One bit of the input turns about half of the output's. */
static void test_avalanche(void **state)
{
	struct rpcs_hash_seed seed = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL };
	uint8_t key[38];
	uint64_t plain, turned = 0;
	size_t bit, bits = sizeof(key) * 8;

	(void)state;
	memset(key, 0x5a, sizeof(key));
	plain = rpcs_hash(&seed, key, sizeof(key));
	for (bit = 0; bit < bits; bit++) {
		uint64_t changed;

		key[bit / 8] ^= 1 << bit % 8;
		changed = __builtin_popcountll(plain ^ rpcs_hash(&seed, key, sizeof(key)));
		key[bit / 8] ^= 1 << bit % 8;
		assert_in_range(changed, 10, 54);
		turned += changed;
	}
	assert_in_range(turned, bits * 30, bits * 34);
}

/* What a process of its own makes of a key. */
static uint64_t key_hash_elsewhere(void)
{
	const struct rpcs_hash_seed seed = { 1, 2 };
	struct rpcs_key_hash hash;
	uint64_t value = 0;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		rpcs_key_hash_init(&hash, &seed, 16);
		value = rpcs_key_hash(&hash, "sixteen bytes...");
		_exit(write(pipes[1], &value, sizeof(value)) != sizeof(value));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipes[0], &value, sizeof(value)), sizeof(value));
	close(pipes[0]);
	close(pipes[1]);
	return value;
}

/* Who knows the seed does not know it. The first test, since a process draws its secret once. */
static void test_own_secret(void **state)
{
	(void)state;
	assert_true(key_hash_elsewhere() != key_hash_elsewhere());
}

/* Every bit of a key counts, whatever its length, and so does each half of the seed. */
static void test_key(void **state)
{
	const struct rpcs_hash_seed seeds[] = { { 1, 2 }, { 1, 3 }, { 0, 2 } };
	struct rpcs_key_hash hash[3];
	uint8_t block[81] = { 0 }, *key = block + 1;
	uint64_t plain, changed;
	uint32_t len, bit, i, turned = 0, bits = 0;

	(void)state;
	for (len = 1; len <= 80; len++) {
		for (i = 0; i < 3; i++)
			rpcs_key_hash_init(&hash[i], &seeds[i], len);
		plain = rpcs_key_hash(&hash[0], key);
		assert_true(plain != rpcs_key_hash(&hash[1], key));
		assert_true(plain != rpcs_key_hash(&hash[2], key));
		for (bit = 0; bit < len * 8; bit++, bits++) {
			key[bit / 8] ^= 1 << bit % 8;
			changed = plain ^ rpcs_key_hash(&hash[0], key);
			key[bit / 8] ^= 1 << bit % 8;
			assert_true(changed != 0);
			turned += (uint32_t)__builtin_popcountll(changed >> 32);
		}
	}
	assert_in_range(turned, bits * 12, bits * 20);
}

/* Keys that follow each other, in any part of them, spread like drawn ones: 8 to a place. */
static void test_key_spread(void **state)
{
	enum { PLACES = 8192, KEYS = PLACES * 8, LEN = 40 };
	static uint8_t load[PLACES];
	struct rpcs_key_hash hash;
	uint8_t key[LEN];
	uint32_t at, step, i, place;

	(void)state;
	for (at = 0; at + 4 <= LEN; at++) {
		for (step = 1; step <= 1 << 16; step *= 256) {
			const struct rpcs_hash_seed seed = { at, step };

			rpcs_key_hash_init(&hash, &seed, LEN);
			memset(load, 0, sizeof(load));
			memset(key, 0x5a, sizeof(key));
			for (i = 0; i < KEYS; i++) {
				uint32_t number = i * step;

				memcpy(key + at, &number, sizeof(number));
				place = rpcs_key_hash(&hash, key) >> 34 & (PLACES - 1);
				assert_in_range(++load[place], 1, 48);
			}
		}
	}
}

/* What is stored as a word lies as its members would. */
static void test_join(void **state)
{
	const struct {
		uint8_t a, b;
		uint16_t c;
		uint32_t d;
	} members = { 0x01, 0xf2, 0xf304, 0x85060708 };
	const uint64_t word =
		rpcs_join_32(rpcs_join_16(rpcs_join_8(members.a, members.b), members.c), members.d);

	(void)state;
	assert_memory_equal(&word, &members, sizeof(word));
}

static void test_random_seed(void **state)
{
	struct rpcs_hash_seed a = { 0, 0 }, b = { 0, 0 };

	(void)state;
	assert_int_equal(rpcs_hash_seed_random(&a), 0);
	assert_int_equal(rpcs_hash_seed_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_true(a.k0 != a.k1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_secret),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_seed_and_length),
		cmocka_unit_test(test_avalanche),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_spread),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_random_seed),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was seen, dated, in sets: what is found, how old it is, and what makes room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

static void come_between(void);
#define RPCS_DATED_BETWEEN() come_between()

#include "source/dated_map.h"

#include "word_set_case.h"

enum {
	MOST = 50, /* ticks */
	ROUNDS = 100000,
	KEYS = 8,
	THREADS = 2,
};

static struct rpcs_first_key key_of(uint32_t procedure)
{
	return (struct rpcs_first_key){
		.src = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.dst = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.sport = 700,
		.dport = 2049,
		.program = 100003,
		.procedure = procedure,
		.protocol = RPCS_IP_UDP,
	};
}

static uint64_t hash_of(uint32_t procedure)
{
	const struct rpcs_first_key key = key_of(procedure);

	return rpcs_first_key_hash(rpcs_word_map_seed(&map), &key);
}

static enum rpcs_dated_seen see(uint64_t hash, uint32_t tick)
{
	return rpcs_dated_see(rpcs_word_map_set(&map, hash), hash, tick & RPCS_WORD_PAYLOAD, MOST);
}

static bool renew(uint64_t hash, uint32_t tick)
{
	return rpcs_dated_renew(rpcs_word_map_set(&map, hash), hash, tick & RPCS_WORD_PAYLOAD,
				MOST);
}

static bool find(uint64_t hash, uint32_t tick)
{
	return rpcs_dated_find(rpcs_word_map_set(&map, hash), hash, tick & RPCS_WORD_PAYLOAD, MOST);
}

/** The hash of the next key from *procedure on that belongs into the first set. */
static uint64_t next_of_first_set(uint32_t *procedure)
{
	uint64_t hash;

	do
		hash = hash_of((*procedure)++);
	while (rpcs_word_map_set(&map, hash) != &map.rooms[0].set);
	return hash;
}

/** Each bit of the key counts, and each byte of it has its place. */
static void test_keys(void **state)
{
	struct rpcs_first_key key = key_of(1);
	uint64_t hash = hash_of(1);
	size_t i;

	(void)state;
	assert_int_equal(see(hash, TICK), RPCS_DATED_NEW);
	for (i = 0; i < 8 * sizeof(key); i++) {
		key = key_of(1);
		((uint8_t *)&key)[i / 8] ^= (uint8_t)(1 << i % 8);
		/* The protocol is one byte of IP's. */
		if (key.protocol < 256)
			assert_false(
				find(rpcs_first_key_hash(rpcs_word_map_seed(&map), &key), TICK));
	}
	assert_true(find(hash, TICK));
}

/** Ages: from the last time on, over ticks that come round, and by a clock that is behind. */
static void test_ages(void **state)
{
	static const uint32_t starts[] = { TICK, 0, RPCS_WORD_PAYLOAD - 3, RPCS_WORD_PAYLOAD };
	uint64_t hash;
	uint32_t i, at;

	(void)state;
	for (i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		at = starts[i];
		hash = hash_of(i);
		assert_int_equal(see(hash, at), RPCS_DATED_NEW);
		assert_int_equal(see(hash, at), RPCS_DATED_AGAIN);
		assert_true(find(hash, at + MOST));
		assert_false(find(hash, at + MOST + 1));
		assert_false(renew(hash, at + MOST + 1));
		/* A look does not make it younger, but this does. */
		assert_true(renew(hash, at + MOST));
		assert_true(find(hash, at + 2 * MOST));
		assert_int_equal(see(hash, at + 2 * MOST), RPCS_DATED_AGAIN);
		assert_true(find(hash, at + 3 * MOST));
		/* Too old: as if it had not been there. */
		assert_int_equal(see(hash, at + 3 * MOST + 1), RPCS_DATED_NEW);
		assert_int_equal(see(hash, at + 3 * MOST + 2), RPCS_DATED_AGAIN);
		/* Another CPU's clock may be behind. */
		assert_true(find(hash, at + 3 * MOST + 2 - RPCS_DATED_TICKS_AHEAD));
		assert_false(find(hash, at + 3 * MOST + 1 - RPCS_DATED_TICKS_AHEAD));
		assert_true(renew(hash, at + 3 * MOST));
	}
}

/** What is old stays so for weeks: it is not found, and makes room before what is in use. */
static void test_weeks(void **state)
{
	const uint32_t day = (uint32_t)(86400ULL * 1000000000 >> RPCS_DATED_TICK_SHIFT);
	uint64_t old, hashes[RPCS_SET_WAYS + 1];
	uint32_t procedure = 0, at, i;

	(void)state;
	for (at = 1; at <= 52; at++) {
		old = hash_of(1000 + at);
		assert_int_equal(see(old, TICK), RPCS_DATED_NEW);
		assert_false(find(old, TICK + at * day));
		assert_false(renew(old, TICK + at * day));
		assert_int_equal(see(old, TICK + at * day), RPCS_DATED_NEW);
	}
	for (at = 1; at <= 51; at++) {
		memset(&map.rooms[0], 0, sizeof(map.rooms[0]));
		for (i = 0; i < RPCS_SET_WAYS; i++) {
			hashes[i] = next_of_first_set(&procedure);
			assert_int_equal(see(hashes[i], i ? TICK : TICK + at * day),
					 RPCS_DATED_NEW);
		}
		hashes[RPCS_SET_WAYS] = next_of_first_set(&procedure);
		assert_int_equal(see(hashes[RPCS_SET_WAYS], TICK + at * day + 1), RPCS_DATED_NEW);
		assert_true(find(hashes[0], TICK + at * day + 1));
	}
}

/** What is for ever is never too old. */
static void test_ever(void **state)
{
	uint64_t hash = hash_of(1);
	struct rpcs_word_set *set = rpcs_word_map_set(&map, hash);

	(void)state;
	assert_int_equal(rpcs_first_most(RPCS_IP_TCP, 1), RPCS_DATED_EVER);
	assert_int_equal(rpcs_first_most(RPCS_IP_UDP, 120000000000ULL),
			 120000000000ULL >> RPCS_DATED_TICK_SHIFT);
	assert_int_equal(rpcs_dated_ticks(UINT64_MAX), RPCS_DATED_EVER);
	assert_int_equal(rpcs_dated_see(set, hash, 0, RPCS_DATED_EVER), RPCS_DATED_NEW);
	assert_true(rpcs_dated_find(set, hash, RPCS_DATED_EVER - 1, RPCS_DATED_EVER));
	assert_true(rpcs_dated_find(set, hash, RPCS_WORD_PAYLOAD, RPCS_DATED_EVER));
	assert_int_equal(rpcs_dated_see(set, hash, RPCS_WORD_PAYLOAD, RPCS_DATED_EVER),
			 RPCS_DATED_AGAIN);
}

static void test_dropped(void **state)
{
	uint64_t hash = hash_of(1), other = hash_of(2);
	struct rpcs_word_set *set = rpcs_word_map_set(&map, hash);
	uint32_t tick, way;

	(void)state;
	assert_int_equal(see(hash, TICK), RPCS_DATED_NEW);
	assert_true(rpcs_dated_map_get(&map, hash, &tick));
	assert_int_equal(tick, TICK);
	rpcs_dated_map_put(&map, other, 0);
	assert_true(find(hash, TICK));
	rpcs_dated_map_put(&map, hash, 0);
	assert_false(find(hash, TICK));
	assert_false(rpcs_dated_map_get(&map, hash, &tick));
	rpcs_dated_map_put(&map, hash, (uint64_t)TICK << RPCS_DATED_TICK_SHIFT);
	assert_int_equal(see(hash, TICK), RPCS_DATED_AGAIN);
	/* Two CPUs may have put it in at once. */
	for (way = 0; way < RPCS_SET_WAYS; way++) {
		memset(set, 0, sizeof(*set));
		set->words[way] = rpcs_dated_word(hash, TICK);
		set->words[(way + 3) % RPCS_SET_WAYS] = rpcs_dated_word(hash, TICK + 1);
		set->words[(way + 4) % RPCS_SET_WAYS] = rpcs_dated_word(hash_of(100), TICK);
		rpcs_dated_map_put(&map, hash, 0);
		assert_false(find(hash, TICK));
		assert_int_equal(set->words[(way + 4) % RPCS_SET_WAYS],
				 rpcs_dated_word(hash_of(100), TICK));
	}
}

/** Of a full set the one longest unseen makes room; one that was seen again is none of those. */
static void test_oldest_goes(void **state)
{
	uint64_t hashes[RPCS_SET_WAYS], hash;
	uint32_t procedure = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		hashes[i] = next_of_first_set(&procedure);
		assert_int_equal(see(hashes[i], RPCS_WORD_PAYLOAD - 3 + i), RPCS_DATED_NEW);
	}
	assert_true(renew(hashes[0], RPCS_WORD_PAYLOAD + 6));
	assert_int_equal(see(hashes[1], RPCS_WORD_PAYLOAD + 6), RPCS_DATED_AGAIN);
	hash = next_of_first_set(&procedure);
	assert_int_equal(see(hash, RPCS_WORD_PAYLOAD + 7), RPCS_DATED_NEW);
	assert_true(find(hash, RPCS_WORD_PAYLOAD + 7));
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_int_equal(find(hashes[i], RPCS_WORD_PAYLOAD + 7), i != 2);
}

/** As many as the map is made for are there at once, and nearly none makes room. */
static void test_room(void **state)
{
	const uint32_t entries = SETS * RPCS_SET_WAYS / 2;
	uint32_t i, missing = 0;

	(void)state;
	assert_int_equal(rpcs_dated_map_sets(entries), SETS);
	for (i = 0; i < entries; i++)
		assert_int_equal(see(hash_of(i), TICK + i / 16), RPCS_DATED_NEW);
	for (i = 0; i < entries; i++)
		missing += !find(hash_of(i), TICK + entries / 16);
	assert_true(missing <= entries / 16);
}

/** So many times another CPU comes while a way is being chosen, and sees what it sees. */
static uint32_t comes;
static void (*sees)(void);

static void come_between(void)
{
	if (!comes)
		return;
	comes--;
	sees();
}

static void see_the_same(void)
{
	comes = 0;
	assert_int_equal(see(hash_of(1), TICK), RPCS_DATED_NEW);
}

/** Two CPUs that see the same call at once: the second one finds the first one's. */
static void test_both_at_once(void **state)
{
	(void)state;
	sees = see_the_same;
	comes = 1;
	assert_int_equal(see(hash_of(1), TICK), RPCS_DATED_AGAIN);
	rpcs_dated_map_put(&map, hash_of(1), 0);
	assert_false(find(hash_of(1), TICK));
	assert_int_equal(see(hash_of(1), TICK), RPCS_DATED_NEW);
}

/** All ways are others', each time as of another tick. */
static void see_others(void)
{
	struct rpcs_word_set *set = rpcs_word_map_set(&map, hash_of(1));
	uint32_t way;

	for (way = 0; way < RPCS_SET_WAYS; way++)
		set->words[way] = rpcs_dated_word(hash_of(100 + way), TICK + comes);
}

/** Where others are faster each time it says so, and has pushed nobody out. */
static void test_lost(void **state)
{
	struct rpcs_word_set *set = rpcs_word_map_set(&map, hash_of(1)), after;

	(void)state;
	sees = see_others;
	comes = 0;
	see_others();
	after = *set;
	comes = RPCS_DATED_TRIES;
	assert_int_equal(see(hash_of(1), TICK + 10), RPCS_DATED_LOST);
	assert_memory_equal(set, &after, sizeof(after));
	comes = RPCS_DATED_TRIES - 1;
	assert_int_equal(see(hash_of(1), TICK + 10), RPCS_DATED_NEW);
	assert_true(find(hash_of(1), TICK + 10));
}

static pthread_barrier_t meeting;

static void *run_thread(void *arg)
{
	uint32_t *seen = arg, i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % KEYS == 0)
			pthread_barrier_wait(&meeting);
		*seen += see(hash_of(i % KEYS), TICK + (MOST + 1) * (i / KEYS)) == RPCS_DATED_NEW;
	}
	return NULL;
}

/** Of two CPUs that see a call at the same time one is told that it is new. */
static void test_threads(void **state)
{
	uint32_t seen[THREADS] = { 0 }, i, sum = 0;
	pthread_t ids[THREADS];

	(void)state;
	assert_int_equal(pthread_barrier_init(&meeting, NULL, THREADS), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, run_thread, &seen[i]), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(ids[i], NULL);
		sum += seen[i];
	}
	assert_int_equal(sum, ROUNDS);
	pthread_barrier_destroy(&meeting);
}

#define DATED_TEST(function) cmocka_unit_test_setup_teardown(function, new_map, free_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DATED_TEST(test_keys),	  DATED_TEST(test_ages),
		DATED_TEST(test_weeks),	  DATED_TEST(test_ever),
		DATED_TEST(test_dropped), DATED_TEST(test_oldest_goes),
		DATED_TEST(test_room),	  DATED_TEST(test_both_at_once),
		DATED_TEST(test_lost),	  DATED_TEST(test_threads),
	};

	return cmocka_run_group_tests_name("dated_set", tests, NULL, NULL);
}

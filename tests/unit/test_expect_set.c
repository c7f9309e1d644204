// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Replies that are awaited, in sets: who is found, and who makes room for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

static void come_between(void);
#define RPCS_EXPECT_BETWEEN() come_between()

#include "source/expect_map.h"

#include "word_set_case.h"

enum {
	ROUNDS = 100000, /* of each thread */
	MINE = 3,	 /* entries that one thread puts in and another does not */
	THREADS = 2,
};

static struct rpcs_expect_key key_of(uint32_t xid)
{
	return (struct rpcs_expect_key){
		.client = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.port = 700,
		.protocol = RPCS_IP_UDP,
		.xid = xid,
	};
}

static struct rpcs_word_set *set_of(const struct rpcs_expect_key *key, uint64_t *hash)
{
	*hash = rpcs_expect_key_hash(&map.rooms[SETS].seed, key);
	return &map.rooms[rpcs_set_of(*hash, SETS)].set;
}

/* As the kernel does, first in the key's own way. */
static bool put(const struct rpcs_expect_key *key, enum rpcs_expect_kind kind, uint32_t tick)
{
	uint64_t hash;
	struct rpcs_word_set *set = set_of(key, &hash);

	return rpcs_expect_put_home(set, hash, kind, tick) ||
	       rpcs_expect_put(set, hash, kind, tick);
}

static enum rpcs_expect_kind take(const struct rpcs_expect_key *key, bool answer)
{
	uint64_t hash;
	struct rpcs_word_set *set = set_of(key, &hash);

	return rpcs_expect_take(set, rpcs_word_way_of(set, hash), hash, answer);
}

/** The next key from *xid on that belongs into the first set. */
static struct rpcs_expect_key next_of_first_set(uint32_t *xid)
{
	struct rpcs_expect_key key;
	uint64_t hash;

	do
		key = key_of((*xid)++);
	while (set_of(&key, &hash) != &map.rooms[0].set);
	return key;
}

static uint32_t used(const struct rpcs_word_set *set)
{
	uint32_t way, count = 0;

	for (way = 0; way < RPCS_SET_WAYS; way++)
		count += set->words[way] != 0;
	return count;
}

static void test_found(void **state)
{
	const struct rpcs_expect_key key = key_of(1);
	struct rpcs_expect_key other;
	size_t i;

	(void)state;
	assert_int_equal(take(&key, false), RPCS_EXPECT_NOTHING);
	assert_true(put(&key, RPCS_EXPECT_PORT, TICK));
	assert_int_equal(take(&key, false), RPCS_EXPECT_PORT);
	/* Each bit of the key counts, and each byte of it has its place. */
	for (i = 0; i < 8 * sizeof(key); i++) {
		other = key;
		((uint8_t *)&other)[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(take(&other, false), RPCS_EXPECT_NOTHING);
	}
	/* An answer may come twice, and a call with the same key may follow another. */
	assert_int_equal(take(&key, true), RPCS_EXPECT_PORT);
	assert_int_equal(take(&key, true), RPCS_EXPECT_PORT);
	assert_true(put(&key, RPCS_EXPECT_PORTMAPPER, TICK + 1));
	assert_int_equal(take(&key, false), RPCS_EXPECT_PORTMAPPER);
}

/** What is put in again takes no other way, wherever it is. */
static void test_again(void **state)
{
	struct rpcs_expect_key keys[RPCS_SET_WAYS];
	uint32_t xid = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		keys[i] = next_of_first_set(&xid);
		assert_true(put(&keys[i], RPCS_EXPECT_REPLY, TICK));
	}
	assert_int_equal(used(&map.rooms[0].set), RPCS_SET_WAYS);
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_true(put(&keys[i], RPCS_EXPECT_PORT, TICK + 1));
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_int_equal(take(&keys[i], false), RPCS_EXPECT_PORT);
}

/** Fills the first set with replies that are awaited, each put in a tick after the other. */
static void fill(struct rpcs_expect_key keys[RPCS_SET_WAYS], uint32_t *xid)
{
	uint32_t i;

	for (i = 0; i < RPCS_SET_WAYS; i++) {
		keys[i] = next_of_first_set(xid);
		assert_true(put(&keys[i], RPCS_EXPECT_REPLY, TICK + i));
	}
}

/** Of a full set goes what was answered, and before it nothing that is awaited. */
static void test_answered_first(void **state)
{
	struct rpcs_expect_key keys[RPCS_SET_WAYS], key;
	uint32_t xid = 0, i;

	(void)state;
	fill(keys, &xid);
	assert_int_equal(take(&keys[5], true), RPCS_EXPECT_REPLY);
	key = next_of_first_set(&xid);
	assert_true(put(&key, RPCS_EXPECT_REPLY, TICK + 10));
	assert_int_equal(take(&key, false), RPCS_EXPECT_REPLY);
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_int_equal(take(&keys[i], false),
				 i == 5 ? RPCS_EXPECT_NOTHING : RPCS_EXPECT_REPLY);
}

/** While there is room a reply that has come may come again, for some seconds at the least. */
static void test_answered_stays(void **state)
{
	const struct rpcs_expect_key key = key_of(1);
	struct rpcs_expect_key other;
	uint64_t hash, other_hash;
	uint32_t xid = 1;

	(void)state;
	assert_true(put(&key, RPCS_EXPECT_REPLY, TICK));
	assert_int_equal(take(&key, true), RPCS_EXPECT_REPLY);
	/* One that would have the same way for its own. */
	set_of(&key, &hash);
	do {
		other = key_of(++xid);
		set_of(&other, &other_hash);
	} while (rpcs_set_of(hash, SETS) != rpcs_set_of(other_hash, SETS) ||
		 rpcs_word_home(hash) != rpcs_word_home(other_hash));
	assert_true(put(&other, RPCS_EXPECT_REPLY, TICK + RPCS_EXPECT_SETTLED / 2));
	assert_int_equal(take(&key, true), RPCS_EXPECT_REPLY);
	assert_int_equal(take(&other, true), RPCS_EXPECT_REPLY);
	/* Later it is as good as free. */
	do {
		other = key_of(++xid);
		set_of(&other, &other_hash);
	} while (rpcs_set_of(hash, SETS) != rpcs_set_of(other_hash, SETS) ||
		 rpcs_word_home(hash) != rpcs_word_home(other_hash));
	assert_true(put(&other, RPCS_EXPECT_REPLY, TICK + 2 * RPCS_EXPECT_SETTLED));
	assert_int_equal(take(&key, true), RPCS_EXPECT_NOTHING);
	assert_int_equal(take(&other, true), RPCS_EXPECT_REPLY);
}

/** Two copies that two CPUs have put in at once, neither in the key's own way: one is found. */
static void test_two_copies(void **state)
{
	const struct rpcs_expect_key key = key_of(1);
	uint64_t hash, word;
	struct rpcs_word_set *set = set_of(&key, &hash);
	uint32_t one, two;

	(void)state;
	word = rpcs_expect_word(hash, RPCS_EXPECT_PORT, TICK);
	for (one = 0; one < RPCS_SET_WAYS; one++)
		for (two = 0; two < one; two++) {
			memset(set, 0, sizeof(*set));
			set->words[one] = set->words[two] = word;
			assert_int_equal(take(&key, false), RPCS_EXPECT_PORT);
		}
}

/** Put in by another CPU while a way is being chosen; NULL: nobody comes. */
static const struct rpcs_expect_key *comes_between;

static void come_between(void)
{
	const struct rpcs_expect_key *key = comes_between;

	comes_between = NULL;
	if (key)
		assert_true(put(key, RPCS_EXPECT_PORT, TICK + RPCS_SET_WAYS));
}

/** The one free way is taken meanwhile: what is there now is awaited and stays. */
static void test_taken_meanwhile(void **state)
{
	struct rpcs_expect_key keys[RPCS_SET_WAYS], mine, other;
	uint32_t xid = 0, count = 0, i;
	uint64_t hash;
	struct rpcs_word_set *set;

	(void)state;
	fill(keys, &xid);
	set = set_of(&keys[3], &hash);
	set->words[rpcs_word_way_of(set, hash)] = 0;
	other = next_of_first_set(&xid);
	do
		mine = next_of_first_set(&xid);
	while ((set_of(&mine, &hash), !set->words[rpcs_word_home(hash)]));
	comes_between = &other;
	assert_true(put(&mine, RPCS_EXPECT_REPLY, TICK + RPCS_SET_WAYS));
	assert_null(comes_between);
	assert_int_equal(take(&other, false), RPCS_EXPECT_PORT);
	assert_int_equal(take(&mine, false), RPCS_EXPECT_REPLY);
	for (i = 0; i < RPCS_SET_WAYS; i++)
		count += take(&keys[i], false) == RPCS_EXPECT_REPLY;
	assert_int_equal(count, RPCS_SET_WAYS - 2);
}

/** Where all are awaited the longest awaited goes, by ticks that come round and clocks ahead. */
static void test_oldest_goes(void **state)
{
	static const uint32_t starts[] = { TICK, RPCS_EXPECT_TICKS - 3 };
	struct rpcs_expect_key keys[RPCS_SET_WAYS], key;
	uint32_t xid = 0, start, i;

	(void)state;
	for (start = 0; start < 2; start++) {
		memset(&map.rooms[0].set, 0, sizeof(map.rooms[0].set));
		for (i = 0; i < RPCS_SET_WAYS; i++) {
			keys[i] = next_of_first_set(&xid);
			assert_true(put(&keys[i], RPCS_EXPECT_REPLY,
					starts[start] + (i + 3) % RPCS_SET_WAYS));
		}
		/* The youngest is ahead of this CPU's clock. */
		key = next_of_first_set(&xid);
		assert_true(put(&key, RPCS_EXPECT_REPLY, starts[start] + RPCS_SET_WAYS - 2));
		assert_int_equal(take(&key, false), RPCS_EXPECT_REPLY);
		for (i = 0; i < RPCS_SET_WAYS; i++)
			assert_int_equal(take(&keys[i], false), (i + 3) % RPCS_SET_WAYS
									? RPCS_EXPECT_REPLY
									: RPCS_EXPECT_NOTHING);
	}
}

/** As many as the map is made for are awaited at once, and nearly none makes room. */
static void test_room(void **state)
{
	const uint32_t replies = SETS * RPCS_SET_WAYS / 4;
	struct rpcs_expect_key key;
	uint32_t i, missing = 0;

	(void)state;
	assert_int_equal(rpcs_expect_map_sets(replies), SETS);
	for (i = 0; i < replies; i++) {
		key = key_of(i);
		assert_true(put(&key, RPCS_EXPECT_REPLY, TICK + i / 16));
	}
	for (i = 0; i < replies; i++) {
		key = key_of(i);
		missing += take(&key, false) == RPCS_EXPECT_NOTHING;
	}
	assert_true(missing <= replies / 32);
}

/** The agent's entries, which it dates by what is there, are no older than the kernel's. */
static void test_agent(void **state)
{
	struct rpcs_expect_key keys[RPCS_SET_WAYS], mine, key;
	uint32_t xid = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS - 1; i++) {
		keys[i] = next_of_first_set(&xid);
		assert_true(put(&keys[i], RPCS_EXPECT_REPLY, RPCS_EXPECT_TICKS - 3 + i));
	}
	mine = next_of_first_set(&xid);
	rpcs_expect_map_put(&map, &mine, RPCS_EXPECT_PORTMAPPER);
	assert_int_equal(rpcs_expect_map_get(&map, &mine), RPCS_EXPECT_PORTMAPPER);
	/* All that are older make room first. */
	for (i = 0; i < RPCS_SET_WAYS - 2; i++) {
		key = next_of_first_set(&xid);
		assert_true(put(&key, RPCS_EXPECT_REPLY, RPCS_SET_WAYS));
		assert_int_equal(take(&keys[i], false), RPCS_EXPECT_NOTHING);
		assert_int_equal(take(&mine, false), RPCS_EXPECT_PORTMAPPER);
	}
}

/** A thread's own replies, of one set, and how many of them were lost without its being told. */
struct thread {
	struct rpcs_expect_key keys[MINE];
	uint32_t lost;
};

static void *run_thread(void *arg)
{
	struct thread *thread = arg;
	bool is_in[MINE];
	uint32_t i, k;

	for (i = 0; i < ROUNDS; i++) {
		for (k = 0; k < MINE; k++)
			is_in[k] = put(&thread->keys[k], RPCS_EXPECT_PORT, TICK + i / 64);
		for (k = 0; k < MINE; k++)
			thread->lost += is_in[k] &&
					take(&thread->keys[k], true) != RPCS_EXPECT_PORT;
	}
	return NULL;
}

/** Two CPUs at one set that has room for both: what is put in is there, or told to be refused. */
static void test_threads(void **state)
{
	struct thread threads[THREADS] = { 0 };
	pthread_t ids[THREADS];
	uint32_t xid = 0, i, k;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		for (k = 0; k < MINE; k++)
			threads[i].keys[k] = next_of_first_set(&xid);
		assert_int_equal(pthread_create(&ids[i], NULL, run_thread, &threads[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(ids[i], NULL);
		/* An old copy may be looked at just when it makes room: seldom. */
		assert_true(threads[i].lost <= ROUNDS / 1000);
	}
}

#define EXPECT_TEST(function) cmocka_unit_test_setup_teardown(function, new_map, free_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXPECT_TEST(test_found),	  EXPECT_TEST(test_again),
		EXPECT_TEST(test_answered_first), EXPECT_TEST(test_answered_stays),
		EXPECT_TEST(test_two_copies),	  EXPECT_TEST(test_taken_meanwhile),
		EXPECT_TEST(test_oldest_goes),	  EXPECT_TEST(test_room),
		EXPECT_TEST(test_agent),	  EXPECT_TEST(test_threads),
	};

	return cmocka_run_group_tests_name("expect_set", tests, NULL, NULL);
}

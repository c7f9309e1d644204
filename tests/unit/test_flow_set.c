// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sets of flows: who is found, and who makes room for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void come_between(void);
#define RPCS_FLOW_BETWEEN() come_between()

#include "flow_set_case.h"

/** Put in by another CPU as soon as a slot's tag is taken; NULL: nobody comes. */
static const struct rpcs_flow_key *comes_between;

/** Puts a flow in as the kernel does. */
static enum rpcs_flow_inserted insert(const struct rpcs_flow_key *key, uint64_t state,
				      uint32_t born, uint32_t tick)
{
	const struct rpcs_flow_value value = { .state = state, .born = born, .turn = 7 };
	struct rpcs_flow_words words;
	struct rpcs_flow_set *set;
	uint64_t hash;

	set = set_of(key, &words, &hash);
	return rpcs_flow_slot_insert(set, &words, hash, &value, tick);
}

/** The next number from *from on whose flow is in the first set. */
static struct rpcs_flow_key next_of_first_set(uint32_t *from)
{
	struct rpcs_flow_words words;
	struct rpcs_flow_key key;
	uint64_t hash;

	do
		key = key_of((*from)++);
	while (set_of(&key, &words, &hash) != &map.rooms[0].set);
	return key;
}

static uint64_t syn(uint32_t born)
{
	return rpcs_flow_in_step(born + 1, 0, RPCS_FLOW_NEW);
}

static void test_found(void **state)
{
	struct rpcs_flow_key key = key_of(1), other;
	struct rpcs_flow_value value = { .state = 1, .ports = 1 };

	(void)state;
	assert_false(is_there(&key));
	assert_int_equal(insert(&key, spoken(5), 5, TICK), RPCS_FLOW_INSERTED);
	assert_true(rpcs_flow_map_get(&map, &key, &value));
	assert_true(value.state == spoken(5));
	assert_int_equal(value.born, 5);
	assert_int_equal(value.turn, 7);
	assert_int_equal(value.ports, 0);
	/* Each part of the key counts. */
	other = key;
	other.sport++;
	assert_false(is_there(&other));
	other = key;
	other.dport++;
	assert_false(is_there(&other));
	for (size_t i = 0; i < 16; i++) {
		other = key;
		other.src[i] ^= 1;
		assert_false(is_there(&other));
		other = key;
		other.dst[i] ^= 1;
		assert_false(is_there(&other));
	}
}

/** One that is there already is one that another CPU has put in meanwhile. */
static void test_twice(void **state)
{
	const struct rpcs_flow_key key = key_of(1);
	uint32_t i, way, count = 0;

	(void)state;
	assert_int_equal(insert(&key, spoken(5), 5, TICK), RPCS_FLOW_INSERTED);
	assert_int_equal(insert(&key, spoken(6), 6, TICK), RPCS_FLOW_RACED);
	assert_true(is_there(&key));
	for (i = 0; i < SETS; i++)
		for (way = 0; way < RPCS_SET_WAYS; way++)
			count += map.rooms[i].set.tags[way] != 0;
	assert_int_equal(count, 1);
}

static void come_between(void)
{
	const struct rpcs_flow_key *key = comes_between;

	comes_between = NULL;
	if (key)
		assert_int_equal(insert(key, spoken(7), 7, TICK), RPCS_FLOW_INSERTED);
}

/** A slot that another one takes while it changes hands: neither is left under the other's key. */
static void test_taken_meanwhile(void **state)
{
	const struct rpcs_flow_set *set = &map.rooms[0].set;
	struct rpcs_flow_key ended, mine, other, key;
	struct rpcs_flow_words words;
	uint32_t number = 0, way;
	uint64_t hash;

	(void)state;
	for (way = 1; way < RPCS_SET_WAYS; way++) {
		key = next_of_first_set(&number);
		insert(&key, spoken(9), 9, TICK);
	}
	ended = next_of_first_set(&number);
	insert(&ended, 0, 0, TICK);
	mine = next_of_first_set(&number);
	other = next_of_first_set(&number);
	comes_between = &other;
	assert_int_equal(insert(&mine, spoken(8), 8, TICK), RPCS_FLOW_RACED);
	assert_null(comes_between);
	for (way = 0; way < RPCS_SET_WAYS; way++) {
		memcpy(words.src, set->slots[way].src, sizeof(words.src));
		memcpy(words.dst, set->slots[way].dst, sizeof(words.dst));
		words.ports = set->slots[way].value.ports;
		hash = rpcs_flow_hash(&map.rooms[SETS].seed, &words);
		if (set->tags[way])
			assert_int_equal(set->tags[way], rpcs_flow_tag(hash));
	}
	assert_false(is_there(&mine));
	assert_int_equal(insert(&mine, spoken(8), 8, TICK), RPCS_FLOW_INSERTED);
	assert_true(is_there(&mine));
}

/** SYNs push each other out, and what has ended; what speaks stays for a while. */
static void test_room(void **state)
{
	struct rpcs_flow_key talks[RPCS_SET_WAYS - 2], ended, half, key;
	uint32_t number = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS - 2; i++) {
		talks[i] = next_of_first_set(&number);
		assert_int_equal(insert(&talks[i], spoken(i + 1), i + 1, TICK), RPCS_FLOW_INSERTED);
	}
	half = next_of_first_set(&number);
	ended = next_of_first_set(&number);
	assert_int_equal(insert(&half, syn(9), 9, TICK), RPCS_FLOW_INSERTED);
	assert_int_equal(insert(&ended, 0, 0, TICK), RPCS_FLOW_INSERTED);
	key = next_of_first_set(&number);
	assert_int_equal(insert(&key, syn(9), 9, TICK), RPCS_FLOW_INSERTED);
	assert_false(is_there(&ended));
	assert_true(is_there(&half));
	for (i = 1; i <= 1000; i++) {
		key = next_of_first_set(&number);
		assert_int_equal(insert(&key, syn(9), 9, TICK + i / 8), RPCS_FLOW_INSERTED);
	}
	assert_false(is_there(&half));
	for (i = 0; i < RPCS_SET_WAYS - 2; i++)
		assert_true(is_there(&talks[i]));
	/* Silent for longer than that, each is as any other: the oldest goes. */
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		key = next_of_first_set(&number);
		assert_int_equal(insert(&key, syn(9), 9, TICK + 2 * RPCS_FLOW_GRACE),
				 RPCS_FLOW_INSERTED);
	}
	for (i = 0; i < RPCS_SET_WAYS - 2; i++)
		assert_false(is_there(&talks[i]));
}

/** Where all of them speak the oldest makes room, and that is told. */
static void test_replaced(void **state)
{
	struct rpcs_flow_key keys[RPCS_SET_WAYS], key;
	uint32_t number = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		keys[i] = next_of_first_set(&number);
		insert(&keys[i], i % 2 ? spoken(9) : RPCS_STEP_FALLBACK, 9,
		       TICK + (i + 3) % RPCS_SET_WAYS);
	}
	key = next_of_first_set(&number);
	assert_int_equal(insert(&key, syn(9), 9, TICK + 9), RPCS_FLOW_REPLACED);
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_int_equal(is_there(&keys[i]), (i + 3) % RPCS_SET_WAYS != 0);
}

/** A CPU whose clock is a little behind does not take for old what another has just touched. */
static void test_clock_behind(void **state)
{
	struct rpcs_flow_key keys[RPCS_SET_WAYS], key;
	uint32_t number = 0, i;

	(void)state;
	for (i = 0; i < RPCS_SET_WAYS; i++) {
		keys[i] = next_of_first_set(&number);
		insert(&keys[i], syn(9), 9, i == 4 ? TICK - 5 : TICK + 1);
	}
	key = next_of_first_set(&number);
	assert_int_equal(insert(&key, syn(9), 9, TICK), RPCS_FLOW_INSERTED);
	for (i = 0; i < RPCS_SET_WAYS; i++)
		assert_int_equal(is_there(&keys[i]), i != 4);
}

/** What the agent says of a flow, and of one that nobody knows. */
static void test_agent(void **state)
{
	const struct rpcs_flow_key key = key_of(1), unknown = key_of(2);
	struct rpcs_flow_value old, value;

	(void)state;
	insert(&key, RPCS_STEP_FALLBACK, 5, TICK);
	assert_true(rpcs_flow_map_get(&map, &key, &old));
	value = old;
	value.state = spoken(50);
	value.wanted = 3;
	value.turn = 1;
	assert_true(rpcs_flow_map_change(&map, &key, &old, &value));
	assert_true(rpcs_flow_map_get(&map, &key, &value));
	assert_true(value.state == spoken(50));
	assert_int_equal(value.wanted, 3);
	assert_int_equal(value.turn, 7); /* the kernel's */
	/* The kernel has moved on since `old`. */
	value.state = RPCS_FLOW_STRANGE;
	assert_false(rpcs_flow_map_change(&map, &key, &old, &value));
	assert_true(rpcs_flow_map_get(&map, &key, &value));
	assert_true(value.state == spoken(50));
	assert_false(rpcs_flow_map_change(&map, &unknown, &old, &value));
	/* A flow that begins anew: all that is known of it is the agent's. */
	old.born = 60;
	old.turn = 0;
	rpcs_flow_map_put(&map, &key, &old);
	rpcs_flow_map_put(&map, &unknown, &old);
	assert_true(rpcs_flow_map_get(&map, &key, &value));
	assert_true(value.state == RPCS_STEP_FALLBACK);
	assert_int_equal(value.born, 60);
	assert_int_equal(value.turn, 0);
	assert_true(rpcs_flow_map_get(&map, &unknown, &value));
	assert_true(value.state == RPCS_STEP_FALLBACK);
}

/**
 * Flows that differ in the bits a product loses first, as who may choose addresses would have
 * them: they lie in all sets, and no set has many.
 */
static void test_spread(void **state)
{
	static const uint8_t bits[] = { 0, 7, 8, 15, 16, 23, 24, 31 };
	uint32_t counts[SETS] = { 0 }, i, bit;

	(void)state;
	for (i = 0; i < 256 * SETS / 16; i++) {
		struct rpcs_flow_key key = { .dport = 111 };
		struct rpcs_flow_words words;
		uint64_t hash;

		/* The highest bits of the first and the last byte of each half address. */
		for (bit = 0; bit < 8; bit++)
			if (i >> bit & 1)
				(bit < 4 ? key.src : key.dst)[bits[bit] % 16] |= 0x80;
		key.sport = (uint16_t)(i >> 8 << 12);
		counts[rpcs_set_of((set_of(&key, &words, &hash), hash), SETS)]++;
	}
	/* 16 on average. */
	for (i = 0; i < SETS; i++)
		assert_in_range(counts[i], 1, 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_found), FLOW_TEST(test_twice),	 FLOW_TEST(test_taken_meanwhile),
		FLOW_TEST(test_room),  FLOW_TEST(test_replaced), FLOW_TEST(test_clock_behind),
		FLOW_TEST(test_agent), FLOW_TEST(test_spread),
	};

	return cmocka_run_group_tests_name("flow_set", tests, NULL, NULL);
}

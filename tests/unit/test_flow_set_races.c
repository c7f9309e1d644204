// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sets of flows that two threads are at at once, as CPUs are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>

#include "flow_set_case.h"

enum {
	ROUNDS = 200000, /* of each thread */
	SHARED = 300,	 /* flows that both threads step */
	ROOMY = 4,	 /* of a set, where there is to be room */
	THREADS = 2,
};

/** The flows that both threads share, and what these have done to them. */
static struct {
	uint32_t numbers[SHARED];
	uint64_t steps[THREADS];
	uint32_t raced[THREADS];
	bool wrong;
} race;

static void step(uint32_t me, uint32_t number, uint64_t tick)
{
	const struct rpcs_flow_key key = key_of(number);
	struct rpcs_flow_value value = { .state = spoken(0), .born = number | 1 };
	struct rpcs_flow_words words;
	struct rpcs_flow_slot *slot;
	struct rpcs_flow_set *set;
	uint64_t hash, old;
	uint32_t way;

	set = set_of(&key, &words, &hash);
	way = rpcs_flow_way_of(set, &words, hash);
	if (way == RPCS_SET_WAYS) {
		race.raced[me] += rpcs_flow_slot_insert(set, &words, hash, &value,
							(uint32_t)tick) == RPCS_FLOW_RACED;
		return;
	}
	rpcs_flow_touch(set, way, (uint32_t)tick);
	slot = &set->slots[way];
	old = slot->value.state;
	if (old && __sync_bool_compare_and_swap(&slot->value.state, old, old + (1ULL << 32)))
		race.steps[me]++;
}

static void *run_thread(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg, i;
	uint64_t seed = me + 1;

	for (i = 0; i < ROUNDS; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		step(me, race.numbers[(uint32_t)(seed >> 33) % SHARED], TICK + i / 64);
	}
	return NULL;
}

/** Takes flows of which no set gets more than `each`. */
static void share(uint32_t each)
{
	uint32_t counts[SETS] = { 0 }, number, count = 0;
	struct rpcs_flow_words words;
	struct rpcs_flow_key key;
	uint64_t hash;

	memset(&race, 0, sizeof(race));
	for (number = 0; count < (each < RPCS_SET_WAYS ? SETS * each : SHARED); number++) {
		key = key_of(number);
		set_of(&key, &words, &hash);
		if (counts[rpcs_set_of(hash, SETS)]++ < each)
			race.numbers[count++] = number;
	}
	/* What is left takes turns with them. */
	for (; count < SHARED; count++)
		race.numbers[count] = race.numbers[0];
}

static void run_threads(void)
{
	pthread_t threads[THREADS];
	uint32_t i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, run_thread, (void *)(uintptr_t)i), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/** How many flows there are, each once; *ret_steps: and the steps that they have taken. */
static uint32_t count_flows(uint64_t *ret_steps)
{
	uint32_t i, way, other, count = 0;

	*ret_steps = 0;
	for (i = 0; i < SETS; i++)
		for (way = 0; way < RPCS_SET_WAYS; way++) {
			const struct rpcs_flow_set *set = &map.rooms[i].set;

			if (!set->tags[way])
				continue;
			count++;
			*ret_steps += rpcs_flow_next(set->slots[way].value.state) - 100;
			for (other = 0; other < way; other++)
				assert_int_not_equal(set->tags[other], set->tags[way]);
		}
	return count;
}

/** Two CPUs at the same flows: no flow is there twice, and all that are there are found. */
static void test_threads(void **state)
{
	uint32_t i, count;
	uint64_t steps;

	(void)state;
	share(UINT32_MAX);
	run_threads();
	count = count_flows(&steps);
	assert_true(count > SHARED / 2 && count <= SHARED);
	/* Who was pushed out took its steps along. */
	assert_true(steps <= race.steps[0] + race.steps[1]);
	for (i = 0; i < SHARED; i++) {
		const struct rpcs_flow_key key = key_of(race.numbers[i]);

		count -= is_there(&key);
	}
	assert_int_equal(count, 0);
}

/** The same where all have room: no step is lost. */
static void test_threads_with_room(void **state)
{
	uint64_t steps;

	(void)state;
	share(ROOMY);
	run_threads();
	assert_int_equal(count_flows(&steps), SETS * ROOMY);
	assert_true(steps == race.steps[0] + race.steps[1]);
	assert_true(steps > ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_threads),
		FLOW_TEST(test_threads_with_room),
	};

	return cmocka_run_group_tests_name("flow_set_races", tests, NULL, NULL);
}

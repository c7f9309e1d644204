// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ids of flows are counted, and tell the number back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "stream/flow.h"

static struct rpcs_tuple tuple_of(uint16_t port, uint8_t protocol)
{
	struct rpcs_tuple tuple = { .sport = port, .dport = 111, .protocol = protocol };

	assert_int_equal(rpcs_address_parse("10.0.0.1", &tuple.src), 0);
	assert_int_equal(rpcs_address_parse("10.0.0.2", &tuple.dst), 0);
	return tuple;
}

static uint64_t number_of(struct rpcs_flow_table *flows, uint16_t port, uint8_t protocol)
{
	const struct rpcs_tuple tuple = tuple_of(port, protocol);
	int side;

	return rpcs_flow_number(
		rpcs_flow_get(flows, &tuple, RPCS_NSEC_PER_SEC, false, 0, &side)->id);
}

/* The same by where a packet's flow was foreseen to be. */
static uint64_t number_ahead(const struct rpcs_flow_table *flows, uint16_t port, uint8_t protocol)
{
	const struct rpcs_tuple tuple = tuple_of(port, protocol);
	struct rpcs_foresight lookups = { 0 };
	struct rpcs_flow_place place;
	const void *entry;

	rpcs_flow_foresee(flows, &tuple, &lookups, &place);
	rpcs_foresight_entries(&lookups);
	entry = rpcs_foresight_place(&lookups, place.lookup);
	assert_non_null(entry);
	return rpcs_flow_number(rpcs_flow_id_at(entry, protocol));
}

/* Of whatever kind: the number tells how many began between two of them. */
static void test_numbers(void **state)
{
	const struct rpcs_hash_seed seed = { 3, 4 };
	struct rpcs_flow_table flows;
	uint64_t first;

	(void)state;
	assert_true(RPCS_FLOW_ID_STEP * RPCS_FLOW_ID_STEP_INVERSE % (RPCS_FLOW_ID_MASK + 1) == 1);
	assert_int_equal(rpcs_flow_table_init(&flows, 4, RPCS_NSEC_PER_SEC, 1 << 20, &seed), 0);
	first = number_of(&flows, 900, 6);
	assert_int_equal(number_of(&flows, 900, 17), (first + 1) & RPCS_FLOW_ID_MASK);
	assert_int_equal(number_of(&flows, 901, 6), (first + 2) & RPCS_FLOW_ID_MASK);
	assert_int_equal(number_ahead(&flows, 900, 6), first);
	assert_int_equal(number_ahead(&flows, 900, 17), (first + 1) & RPCS_FLOW_ID_MASK);
	rpcs_flow_table_free(&flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers) };

	return cmocka_run_group_tests_name("flow numbers", tests, NULL, NULL);
}

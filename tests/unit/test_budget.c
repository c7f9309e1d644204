// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The arithmetic of a source's budget: seconds, slots, hashes, and how much a CPU lets pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rpcsentry/budget.h>

#include "source/budget.h"
#include "source/kernel_private.h"

static const __u64 seed[4] = { 0x0123456789abcdef, 0xfedcba9876543210, 0x55aa55aa55aa55aa, 7 };

static void seconds_last_a_second(void **state)
{
	uint64_t from, at, begun = 0, year = 365ULL * 86400 * 1000000000;
	uint32_t second;

	(void)state;
	assert_int_equal(rpcs_budget_second(0), 1);
	for (from = 0; from < 20 * year; from += year) {
		second = rpcs_budget_second(from);
		for (at = from; rpcs_budget_second(at) == second; at += 1000000)
			;
		begun = at;
		for (; rpcs_budget_second(at) == second + 1; at += 1000000)
			;
		assert_in_range(at - begun, 998000000, 1002000000);
	}
}

static void a_slot_begins_anew_each_second(void **state)
{
	uint64_t hash = rpcs_budget_hash(seed, 0, 1), slot = 0;
	uint32_t head = rpcs_budget_head(hash, 5), later = rpcs_budget_head(hash, 6), i;

	(void)state;
	for (i = 1; i < 100; i++) {
		slot = rpcs_budget_count(slot, head);
		assert_int_equal((uint32_t)slot, i);
		assert_false(slot & RPCS_BUDGET_SHARED);
	}
	slot = rpcs_budget_count(slot, later);
	assert_int_equal((uint32_t)slot, 1);
}

/** Where others were counted too, none of it is charged to the one that comes. */
static void a_shared_slot_charges_nobody(void **state)
{
	uint32_t one = rpcs_budget_head(rpcs_budget_hash(seed, 0, 1), 5);
	uint32_t two = rpcs_budget_head(rpcs_budget_hash(seed, 0, 2), 5), i;
	uint64_t slot = 0;

	(void)state;
	assert_int_not_equal(one, two);
	for (i = 0; i < 11; i++)
		slot = rpcs_budget_count(slot, one);
	assert_int_equal(rpcs_budget_amount(slot, 10), 11);
	slot = rpcs_budget_count(slot, one);
	assert_int_equal(rpcs_budget_amount(slot, 10), 1);

	for (i = 0, slot = 0; i < 11; i++)
		slot = rpcs_budget_count(slot, i == 5 ? two : one);
	assert_int_equal((uint32_t)slot, 11);
	assert_true(slot & RPCS_BUDGET_SHARED);
	assert_int_equal(rpcs_budget_amount(slot, 10), 1);
	/* In the next second it is one's own again. */
	slot = rpcs_budget_count(slot, rpcs_budget_head(rpcs_budget_hash(seed, 0, 2), 6));
	assert_false(slot & RPCS_BUDGET_SHARED);
}

/** Neighbours, as in a scanned network, spread over slots and heads. */
static void addresses_spread(void **state)
{
	enum { COUNT = 65536 };
	static uint32_t used[RPCS_BUDGET_SLOTS];
	uint32_t i, most = 0, alike = 0;
	uint64_t hash;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		hash = rpcs_budget_hash(seed, 0, rpcs_budget_low4(0x0a000000 + i));
		if (++used[rpcs_budget_slot(hash)] > most)
			most = used[rpcs_budget_slot(hash)];
		alike += rpcs_budget_head(hash, 1) ==
			 rpcs_budget_head(
				 rpcs_budget_hash(seed, 0, rpcs_budget_low4(0x0a000001 + i)), 1);
	}
	/* 16 each on average. */
	assert_in_range(most, 17, 64);
	assert_in_range(alike, 0, 32);
}

static void how_much_passes_unasked(void **state)
{
	uint32_t cpus = (uint32_t)rpcs_kernel_cpus();
	struct rpcs_ports ports;

	(void)state;
	rpcs_budget_fill(&ports, 20000);
	assert_int_equal(ports.budget, 20000);
	assert_in_range(ports.budget_free, 128, 2500);
	assert_true(ports.budget_free == 128 || ports.budget_free * cpus <= 2500);
	rpcs_budget_fill(&ports, 80);
	assert_int_equal(ports.budget, 80);
	assert_in_range(ports.budget_free, 1, 10);
	rpcs_budget_fill(&ports, 1);
	assert_int_equal(ports.budget_free, 0);
	rpcs_budget_fill(&ports, 1000000000);
	assert_int_equal(ports.budget, 1000000000);
}

static void a_muted_call_is_known_for_a_second(void **state)
{
	static struct rpcs_muted muted;
	uint64_t client = rpcs_budget_hash(seed, 0, 1);
	uint64_t hash = rpcs_muted_hash(seed, client, 800, 17, 1);

	(void)state;
	assert_false(rpcs_muted_is_in_use(&muted, 1));
	assert_false(rpcs_muted_find(&muted, hash, 1));
	rpcs_muted_add(&muted, hash, 10);
	assert_true(rpcs_muted_is_in_use(&muted, 11));
	assert_false(rpcs_muted_is_in_use(&muted, 12));
	assert_true(rpcs_muted_find(&muted, hash, 10));
	assert_true(rpcs_muted_find(&muted, hash, 11));
	assert_false(rpcs_muted_find(&muted, hash, 12));
	assert_false(rpcs_muted_find(&muted, rpcs_muted_hash(seed, client, 801, 17, 1), 10));
	assert_false(rpcs_muted_find(&muted, rpcs_muted_hash(seed, client, 800, 6, 1), 10));
	assert_false(rpcs_muted_find(&muted, rpcs_muted_hash(seed, client, 800, 17, 2), 10));
	assert_false(rpcs_muted_find(&muted, rpcs_muted_hash(seed, client + 1, 800, 17, 1), 10));
}

static struct rpcs_record_rpc call_of(uint32_t program, uint32_t version, uint32_t procedure)
{
	return (struct rpcs_record_rpc){
		.head = { .kind = RPCS_RECORD_CALL, .protocol = RPCS_IP_UDP },
		.call = { RPCS_RPC_VERSION, program, version, procedure },
		.body = { 100232 },
	};
}

static void kinds_of_messages(void **state)
{
	struct rpcs_record_rpc rec = call_of(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);

	(void)state;
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_NONE), RPCS_OVER_CALL);
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_body), RPCS_OVER_CALL);
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_credential), RPCS_OVER_ODD);
	rec.message_len = RPCS_RECORD_HUGE_PORTMAPPER + 1;
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_NONE), RPCS_OVER_ODD);
	rec.message_len = 56;
	rec.call.rpc_version = 3;
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_NONE), RPCS_OVER_ODD);
	rec.call.rpc_version = RPCS_RPC_VERSION;
	/* A stream goes on where the agent puts it together, or after AUTH_TLS. */
	rec.head.protocol = RPCS_IP_TCP;
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_NONE), RPCS_OVER_CALL);
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_body), RPCS_OVER__MAX);
	rec.cred_flavor = RPCS_AUTH_TLS;
	assert_int_equal(rpcs_over_kind_of(&rec, RPCS_FALLBACK_NONE), RPCS_OVER__MAX);
}

/** The program asked for tells calls apart, but has its share of keys only. */
static void keys_of_calls(void **state)
{
	struct rpcs_record_rpc rec = call_of(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_GETPORT);
	struct rpcs_over over;

	(void)state;
	rpcs_over_fill(&over, &rec, RPCS_OVER_CALL, 1);
	assert_int_equal(over.key.about, 100232);
	assert_false(rpcs_over_is_beside(&over.key));
	over.key.about = 0;
	assert_true(rpcs_over_is_beside(&over.key));
	over.key.version = 5;
	assert_false(rpcs_over_is_beside(&over.key));
	rec = call_of(RPCS_PORTMAP_PROGRAM, 2, RPCS_PORTMAP_DUMP);
	rpcs_over_fill(&over, &rec, RPCS_OVER_CALL, 1);
	assert_int_equal(over.key.about, 0);
	assert_true(rpcs_over_is_beside(&over.key));
	rec = call_of(RPCS_NFS_PROGRAM, 3, 1);
	rpcs_over_fill(&over, &rec, RPCS_OVER_CALL, 1);
	assert_int_equal(over.key.about, 0);
	assert_false(rpcs_over_is_beside(&over.key));
	rpcs_over_fill(&over, &rec, RPCS_OVER_JUNK, 1);
	assert_int_equal(over.key.program, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_last_a_second),
		cmocka_unit_test(a_slot_begins_anew_each_second),
		cmocka_unit_test(a_shared_slot_charges_nobody),
		cmocka_unit_test(addresses_spread),
		cmocka_unit_test(how_much_passes_unasked),
		cmocka_unit_test(a_muted_call_is_known_for_a_second),
		cmocka_unit_test(kinds_of_messages),
		cmocka_unit_test(keys_of_calls),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}

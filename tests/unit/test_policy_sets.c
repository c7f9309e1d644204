// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sets of networks and programs: what lies within, and what has which name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/netset.h"
#include "policy/programs.h"
#include "policy_case.h"

static void home_is_what_the_file_says(void **state)
{
	OWNED_POLICY *set = policy_of("networks: {home: [10.0.0.0/8, \"fd00::/8\"]}");
	OWNED_POLICY *unset = policy_of("allow: [{calls: DUMP, clients: home}]");
	static const struct {
		const char *address;
		bool set, unset;
	} cases[] = {
		{ "10.0.0.0", true, true },
		{ "10.255.255.255", true, true },
		{ "9.255.255.255", false, false },
		{ "11.0.0.0", false, false },
		{ "fd12::1", true, false },
		{ "127.0.0.1", false, true },
		{ "::1", false, true },
		{ "169.254.1.1", false, true },
		{ "fe80::1", false, true },
		{ "203.0.113.1", false, false },
		{ "::ffff:10.1.1.1", true, true },
	};

	(void)state;
	home_is_ten(set); /* what the file says stays */
	home_is_ten(unset);
	assert_true(rpcs_policy_home_is_set(set));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_address address;

		assert_int_equal(rpcs_address_parse(cases[i].address, &address), 0);
		assert_int_equal(rpcs_policy_is_home(set, &address), cases[i].set);
		assert_int_equal(rpcs_policy_is_home(unset, &address), cases[i].unset);
		assert_int_equal(allows(unset, cases[i].address, "10.2.0.1", RPCS_CALL_DUMP, 0),
				 cases[i].unset);
	}
}

/** Ranges that overlap, touch, or lie inside each other answer as one. */
static void sets_join_their_ranges(void **state)
{
	OWNED_POLICY *policy =
		policy_of("networks:\n"
			  "  home: [10.0.1.0/24, 10.0.0.0/24, 10.0.0.128/25, 10.0.3.7, 0.0.0.0/32, "
			  "255.255.255.255, \"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"]\n"
			  "  none: []\n"
			  "allow: [{calls: DUMP, clients: none}]\n");
	static const struct {
		const char *address;
		bool within;
	} cases[] = {
		{ "10.0.0.0", true },	     { "10.0.0.255", true },
		{ "10.0.1.0", true },	     { "10.0.1.255", true },
		{ "10.0.2.0", false },	     { "10.0.3.6", false },
		{ "10.0.3.7", true },	     { "10.0.3.8", false },
		{ "0.0.0.0", true },	     { "0.0.0.1", false },
		{ "255.255.255.255", true }, { "9.255.255.255", false },
		{ "::1:0:0:0", false },	     { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_address address;

		assert_int_equal(rpcs_address_parse(cases[i].address, &address), 0);
		assert_int_equal(rpcs_policy_is_home(policy, &address), cases[i].within);
	}
	assert_false(allows(policy, IN, RPCS_CALL_DUMP, 0));
}

static uint64_t dice = 5;

static uint32_t random_below(uint32_t limit)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % limit;
}

/** Addresses at both ends of all there are, about the middle, and where a byte ends. */
static struct rpcs_address random_address(void)
{
	static const uint8_t begins[] = { 0x00, 0x7f, 0x80, 0xff };
	struct rpcs_address address;

	memset(address.bytes, begins[random_below(4)], sizeof(address.bytes));
	address.bytes[6] ^= (uint8_t)random_below(2);
	address.bytes[14] ^= (uint8_t)random_below(2);
	address.bytes[15] ^= (uint8_t)random_below(256);
	return address;
}

static struct rpcs_prefix random_prefix(void)
{
	struct rpcs_prefix prefix = { random_address(),
				      (uint8_t)(random_below(16) ? 118 + random_below(11) : 56) };

	for (unsigned int i = prefix.len; i < 128; i++)
		prefix.base.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
	return prefix;
}

/** A set holds what one of its prefixes holds, and another when it holds all of that. */
static void sets_hold_their_prefixes(void **state)
{
	struct rpcs_prefix prefixes[12];
	uint32_t within = 0;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		struct rpcs_netset set = { 0 }, one = { 0 };
		uint32_t count = random_below(12);

		for (uint32_t i = 0; i < count; i++) {
			prefixes[i] = random_prefix();
			assert_int_equal(rpcs_netset_add(&set, &prefixes[i]), 0);
		}
		rpcs_netset_seal(&set);
		for (uint32_t asked = 0; asked < 50; asked++) {
			struct rpcs_address address = random_address();
			bool holds = false;

			for (uint32_t i = 0; i < count; i++)
				holds |= rpcs_prefix_contains(&prefixes[i], &address);
			assert_int_equal(rpcs_netset_contains(&set, &address), holds);
			within += holds;
		}
		assert_true(rpcs_netset_covers(&set, &one));
		prefixes[11] = random_prefix();
		assert_int_equal(rpcs_netset_add(&one, &prefixes[11]), 0);
		rpcs_netset_seal(&one);
		for (uint32_t i = 0; i < count; i++)
			if (rpcs_prefix_contains(&prefixes[i], &prefixes[11].base) &&
			    prefixes[i].len <= prefixes[11].len)
				assert_true(rpcs_netset_covers(&set, &one));
		if (!rpcs_netset_contains(&set, &prefixes[11].base))
			assert_false(rpcs_netset_covers(&set, &one));
		rpcs_netset_clear(&set);
		rpcs_netset_clear(&one);
	}
	assert_in_range(within, 5000, 95000);
}

static void sensitive_set_changes(void **state)
{
	static const uint32_t built_in[] = {
		100001, 100002, 100003, 100004, 100005, 100008, 100009, 100011, 100015, 100017,
		100021, 100024, 100026, 100028, 100068, 100083, 100087, 100099, 100221, 100232,
		100235, 100249, 100300, 150001, 200048, 300019, 391016, 391029,
	};
	OWNED_POLICY *plain = policy_of("");
	OWNED_POLICY *changed =
		policy_of("programs: {more: [100007, 100069]}\n"
			  "sensitive: {add: [390109, more, mountd], remove: [nfs]}\n");

	(void)state;
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
		assert_true(rpcs_policy_is_sensitive(plain, built_in[i]));
		assert_int_equal(rpcs_policy_is_sensitive(changed, built_in[i]),
				 built_in[i] != 100003);
	}
	assert_false(rpcs_policy_is_sensitive(plain, 100000));
	assert_false(rpcs_policy_is_sensitive(plain, 390109));
	assert_true(rpcs_policy_is_sensitive(changed, 390109));
	assert_true(rpcs_policy_is_sensitive(changed, 100069));
}

static void named_programs_are_known(void **state)
{
	OWNED_POLICY *policy =
		policy_of("programs: {ours: [395900, mountd]}\n"
			  "allow: [{calls: GETPORT, programs: 395901}]\n"
			  "sensitive: {remove: [395902]}\n"
			  "detections: {rpc-direct: {ok: [{program: 395903, port: 7938}]}}\n");

	(void)state;
	assert_true(rpcs_policy_knows_program(policy, 395900));
	assert_true(rpcs_policy_knows_program(policy, 100005));
	assert_true(rpcs_policy_knows_program(policy, 395901));
	assert_true(rpcs_policy_knows_program(policy, 395902));
	assert_false(rpcs_policy_knows_program(policy, 395904));
	assert_true(rpcs_policy_is_direct_ok(policy, 395903, 7938));
	assert_false(rpcs_policy_is_direct_ok(policy, 395903, 7939));
	assert_false(rpcs_policy_is_direct_ok(policy, 100003, 2049)); /* no default any more */
}

static void programs_have_names(void **state)
{
	static const struct {
		uint32_t number;
		const char *name, *alias;
	} cases[] = {
		{ 100000, "portmapper", "rpcbind" },
		{ 100001, "rstatd", "RSTATD" },
		{ 100002, "rusersd", "rusers" },
		{ 100005, "mountd", "mount" },
		{ 100008, "rwalld", "walld" },
		{ 100021, "nlockmgr", "lockd" },
		{ 100024, "status", "statd" },
		{ 100083, "ttdbserverd", "ttdbserver" },
		{ 100099, "autofs", "autofsd" },
		{ 100221, "kcms_server", "kcms" },
		{ 100227, "nfs_acl", "nfs_acl" },
		{ 390109, "nsrstat", "nsrstat" },
		{ 391016, "xfsmd", "sgi_xfsmd" },
		{ 600100069, "fypxfrd", "freebsd-ypxfrd" },
		{ 200, "aarp", "aarp" },
		{ 1342177279, "solaris_cde", "Solaris_CDE" },
	};
	const char *last = NULL;
	uint32_t found;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(rpcs_program_name(cases[i].number), cases[i].name);
		assert_true(rpcs_program_find(cases[i].alias, &found));
		assert_int_equal(found, cases[i].number);
	}
	assert_null(rpcs_program_name(0));
	assert_null(rpcs_program_name(199999));
	assert_null(rpcs_program_name(4294967295U));
	assert_false(rpcs_program_find("no-such-program", &found));
	/* Sorted, or binary search would miss rows: every name leads back to itself. */
	for (uint32_t number = 100000; number < 400000; number++) {
		last = rpcs_program_name(number);
		if (!last)
			continue;
		assert_true(rpcs_program_find(last, &found));
		assert_true(found == number || number == 120127);
	}
}

/** Numbers of the file are known; a set of one is a name, but for no program of the table. */
static void programs_of_the_file_are_known(void **state)
{
	OWNED_POLICY *policy = policy_of("programs:\n"
					 "  backup: 390999\n"
					 "  other_name: [390999]\n"
					 "  our_nfs: [nfs]\n"
					 "  two: [0x30000001, 0x30000002]\n"
					 "allow: [{programs: [424242, two]}]\n"
					 "sensitive: {add: [434343]}\n");
	OWNED_POLICY *later = policy_of("programs: {restore: 390998}");
	static const uint32_t known[] = { 390999, 100003, 0x30000001, 0x30000002, 424242, 434343 };

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(rpcs_policy_knows_program(policy, known[i]));
	assert_false(rpcs_policy_knows_program(policy, 390998));
	assert_false(rpcs_policy_knows_program(policy, 0x30000003));
	assert_null(rpcs_program_name(390999));

	rpcs_policy_use_names(policy);
	assert_string_equal(rpcs_program_name(390999), "backup");
	assert_string_equal(rpcs_program_name(100003), "nfs");
	assert_null(rpcs_program_name(0x30000001));
	assert_null(rpcs_program_name(390998));
	assert_null(rpcs_program_name(UINT32_MAX));

	/* Another one takes its place; what is freed is in use no more. */
	rpcs_policy_use_names(later);
	assert_null(rpcs_program_name(390999));
	assert_string_equal(rpcs_program_name(390998), "restore");
	rpcs_policy_free(&policy);
	assert_string_equal(rpcs_program_name(390998), "restore");
	rpcs_policy_free(&later);
	assert_null(rpcs_program_name(390998));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_is_what_the_file_says),
		cmocka_unit_test(sets_join_their_ranges),
		cmocka_unit_test(sets_hold_their_prefixes),
		cmocka_unit_test(sensitive_set_changes),
		cmocka_unit_test(named_programs_are_known),
		cmocka_unit_test(programs_have_names),
		cmocka_unit_test(programs_of_the_file_are_known),
	};

	return cmocka_run_group_tests_name("policy sets", tests, NULL, NULL);
}

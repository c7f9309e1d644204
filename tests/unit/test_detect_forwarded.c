// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Targets that rpcbind does not relay to, and what else concerns the program asked for. */
#include "detect_case.h"

static struct detect_case c;

/* CALLIT of version 2 for an inner procedure. */
static struct rpcs_call forward(uint32_t program, uint32_t procedure)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);

	call.message.portmap.program = program;
	call.message.portmap.version = 2;
	call.message.portmap.procedure = procedure;
	return call;
}

/* How many alerts of `id` a call raises in a fresh case; those of 1110007 come beside. */
static uint32_t raised(struct rpcs_call call, enum rpcs_detection_id id)
{
	uint32_t count;

	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	count = case_count(&c, id);
	case_end(&c);
	return count;
}

static bool is_forbidden(uint32_t program, uint32_t procedure)
{
	assert_int_equal(raised(forward(program, procedure), RPCS_D_CALLIT), 1);
	return raised(forward(program, procedure), RPCS_D_CALLIT_FORBIDDEN_TARGET) == 1;
}

static void targets_that_rpcbind_refuses_fire(void **state)
{
	static const uint32_t but_null[] = { 100003, 100007, 100009, 100011, 100069 };
	unsigned int i;

	(void)state;
	for (i = 0; i <= 12; i++)
		assert_true(is_forbidden(100000, i));
	for (i = 0; i < 5; i++) {
		assert_false(is_forbidden(but_null[i], 0));
		assert_true(is_forbidden(but_null[i], 1));
		assert_true(is_forbidden(but_null[i], 20));
	}
	for (i = 0; i <= 6; i++)
		assert_int_equal(is_forbidden(100005, i), i == 1 || i == 3);
	for (i = 0; i <= 12; i++)
		assert_int_equal(is_forbidden(100004, i), i > 2);
	assert_false(is_forbidden(100002, 2));
	assert_false(is_forbidden(390109, 1));
}

static void every_way_to_forward_counts(void **state)
{
	struct rpcs_call call = forward(100005, 1);
	static const struct {
		uint32_t version, procedure, count;
	} rows[] = { { 2, 5, 1 }, { 3, 5, 1 }, { 4, 5, 1 }, { 4, 10, 1 }, { 3, 10, 0 } };
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		call.message.version = rows[i].version;
		call.message.procedure = rows[i].procedure;
		assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), rows[i].count);
	}
	/* On any port where the portmapper's program is called. */
	call = forward(100005, 1);
	call.message.tuple.dport = 32771;
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 1);
	assert_int_equal(raised(call, RPCS_D_CALLIT), 1);
}

static void only_unicast_counts(void **state)
{
	struct rpcs_call call = forward(100000, 1);

	(void)state;
	call.message.tuple.dst = case_address("255.255.255.255");
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 0);
	assert_int_equal(raised(call, RPCS_D_SET_REMOTE), 0);
	call.message.tuple.dst = case_address("ff02::202");
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 0);
	call.message.tuple.dst = case_address("10.255.255.255");
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 1);
	call.message.seen.flags = RPCS_F_GROUP;
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 0);
}

static void inner_changes_are_changes(void **state)
{
	struct rpcs_call set = forward(100000, 1), unset = forward(100000, 2);

	(void)state;
	assert_int_equal(raised(set, RPCS_D_SET_REMOTE), 1);
	assert_int_equal(raised(set, RPCS_D_UNSET_REMOTE), 0);
	assert_int_equal(raised(unset, RPCS_D_UNSET_REMOTE), 1);
	assert_int_equal(raised(unset, RPCS_D_SET_REMOTE), 0);
	assert_int_equal(raised(forward(100000, 3), RPCS_D_SET_REMOTE), 0);
	assert_int_equal(raised(forward(100005, 1), RPCS_D_SET_REMOTE), 0);
	/* Who may forward may not change: no rule has named SET. */
	set.allowed = true;
	case_expect(CASE_HOME, set, RPCS_D_SET_REMOTE);
	set.message.seen.flags = RPCS_F_LOCAL;
	case_expect(CASE_HOME, set, RPCS_D__MAX);
}

static void evidence_names_the_target(void **state)
{
	struct rpcs_call call = forward(100000, 1);
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	assert_int_equal(c.count, 3); /* 1110005, 1110007, 1110008 */
	for (i = 0; i < 3; i++) {
		assert_int_equal(c.alerts[i].severity, 1);
		assert_true(case_says(&c.alerts[i], "portmapper (100000) version 2 procedure 1 "
						    "(SET) in its own name"));
	}
	case_end(&c);
}

static void allowed_and_cut_ones_are_silent(void **state)
{
	struct rpcs_call call = forward(100005, 1);

	(void)state;
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.allowed = false;
	call.message.portmap.has = 2; /* the procedure can't be read */
	case_expect(CASE_HOME, call, RPCS_D_CALLIT);
	call.message.portmap.program = 100000; /* which is not needed here */
	assert_int_equal(raised(call, RPCS_D_CALLIT_FORBIDDEN_TARGET), 1);
	assert_int_equal(raised(call, RPCS_D_SET_REMOTE), 0);
	call.message.portmap.has = 0;
	case_expect(CASE_HOME, call, RPCS_D_CALLIT);
}

static bool is_unknown(const char *yaml, uint32_t program)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, program, 0);
	bool unknown;

	case_start(&c, yaml);
	rpcs_detect_call(c.detect, &call);
	unknown = case_count(&c, RPCS_D_UNKNOWN_PROGRAM) == 1;
	if (unknown) {
		assert_int_equal(case_last(&c)->severity, 3);
		assert_true(case_says(case_last(&c), "is in no registry"));
	}
	case_end(&c);
	return unknown;
}

static void numbers_in_no_registry_fire(void **state)
{
	static const char *const own = "programs: {ours: [395900]}\n";
	static const char *const rule = "allow: [{clients: 10.0.0.1, programs: [395900]}]\n";

	(void)state;
	assert_true(is_unknown(CASE_HOME, 1000));
	assert_true(is_unknown(CASE_HOME, 395900));
	assert_true(is_unknown(CASE_HOME, 12345678));
	assert_false(is_unknown(CASE_HOME, 100003));
	assert_false(is_unknown(CASE_HOME, 390109));
	assert_false(is_unknown(CASE_HOME, 395183)); /* measuring instruments: VXI-11 */
	/* What the policy names, it knows. */
	assert_false(is_unknown(own, 395900));
	assert_true(is_unknown(own, 395901));
	assert_false(is_unknown(rule, 395900));
	assert_false(is_unknown("sensitive: {add: [395900]}\n", 395900));
	/* Defined by users, and transient. */
	assert_true(is_unknown(CASE_HOME, 0x1fffffff));
	assert_false(is_unknown(CASE_HOME, 0x20000000));
	assert_false(is_unknown(CASE_HOME, 0x5fffffff));
	assert_true(is_unknown(CASE_HOME, 0x60000000));
}

static void only_lookups_ask_for_a_program(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, 1000, 0);

	(void)state;
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	case_expect(CASE_HOME, case_mapping(RPCS_PORTMAP_SET, 1000, 1), RPCS_D_SET_REMOTE);
	case_expect(CASE_HOME, case_rpcb(4, RPCS_PORTMAP_GETADDRLIST, 1000), RPCS_D_DUMP);
	assert_int_equal(raised(case_rpcb(3, 3, 1000), RPCS_D_UNKNOWN_PROGRAM), 1);
	assert_int_equal(raised(case_rpcb(4, 9, 1000), RPCS_D_UNKNOWN_PROGRAM), 1);
	call = case_call(2, RPCS_PORTMAP_GETPORT); /* which can't be read */
	case_expect(CASE_HOME, call, RPCS_D_GETPORT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_that_rpcbind_refuses_fire),
		cmocka_unit_test(every_way_to_forward_counts),
		cmocka_unit_test(only_unicast_counts),
		cmocka_unit_test(inner_changes_are_changes),
		cmocka_unit_test(evidence_names_the_target),
		cmocka_unit_test(allowed_and_cut_ones_are_silent),
		cmocka_unit_test(numbers_in_no_registry_fire),
		cmocka_unit_test(only_lookups_ask_for_a_program),
	};

	return cmocka_run_group_tests_name("detect forwarded", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110009, 1110013 and 1110073: what fires each of them, and what comes close. */
#include "detect_case.h"

enum { MOUNTD = 100005, NFS = 100003 };

/* How many alerts of `id` a call raises among all it does. */
static uint32_t fired(const char *yaml, struct rpcs_call call, enum rpcs_detection_id id)
{
	static struct detect_case c;
	uint32_t count;

	case_start(&c, yaml);
	rpcs_detect_call(c.detect, &call);
	count = case_count(&c, id);
	case_end(&c);
	return count;
}

static struct rpcs_call from_to(const char *client, const char *server)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, MOUNTD, 0);

	call.message.tuple.src = case_address(client);
	call.message.tuple.dst = case_address(server);
	return call;
}

#define ALLOW_ALL CASE_HOME "allow: [{name: all, calls: all}]\n"

static void calls_that_leave(void **state)
{
	static const char *const quiet[][2] = {
		{ "10.0.0.1", "10.0.0.2" },	 { "192.0.2.1", "198.51.100.2" },
		{ "192.0.2.1", "10.0.0.2" },	 { "10.0.0.1", "255.255.255.255" },
		{ "10.0.0.1", "224.0.2.2" },	 { "10.0.0.1", "0.0.0.0" },
		{ "127.0.0.1", "198.51.100.2" },
	};
	struct rpcs_call call = from_to("10.0.0.1", "198.51.100.2");
	unsigned int i;

	(void)state;
	call.allowed = true;
	case_expect(ALLOW_ALL, call, RPCS_D_OUTBOUND);
	for (i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		call = from_to(quiet[i][0], quiet[i][1]);
		call.allowed = true;
		assert_int_equal(fired(ALLOW_ALL, call, RPCS_D_OUTBOUND), 0);
	}
	call = from_to("10.0.0.1", "198.51.100.2");
	call.allowed = true;
	call.message.seen.flags = RPCS_F_GROUP;
	case_expect(ALLOW_ALL, call, RPCS_D__MAX);
	call.message.seen.flags = RPCS_F_LOCAL;
	case_expect(ALLOW_ALL, call, RPCS_D__MAX);
	/* Any call to a portmapper port, and a portmapper on any other. */
	call.message.seen.flags = 0;
	call.message.tuple.dport = 32771;
	assert_int_equal(fired(ALLOW_ALL, call, RPCS_D_OUTBOUND), 1);
	call.message.program = NFS;
	assert_int_equal(fired(ALLOW_ALL, call, RPCS_D_OUTBOUND), 0);
	call.message.tuple.dport = 111;
	assert_int_equal(fired(ALLOW_ALL, call, RPCS_D_OUTBOUND), 1);
}

static void figures_asked_from_outside(void **state)
{
	struct rpcs_call call = case_call(4, RPCS_PORTMAP_GETSTAT);

	(void)state;
	case_expect(CASE_HOME, call, RPCS_D_GETSTAT);
	call.allowed = true;
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	call.allowed = false;
	call.message.tuple.src = case_address("10.0.0.1");
	case_expect(CASE_HOME, call, RPCS_D__MAX);
	/* Procedure 12 is GETSTAT in version 4 only. */
	call = case_call(3, RPCS_PORTMAP_GETSTAT);
	assert_int_equal(fired(CASE_HOME, call, RPCS_D_GETSTAT), 0);
}

static void local_changes(void **state)
{
	static const uint32_t procedures[] = { RPCS_PORTMAP_SET, RPCS_PORTMAP_UNSET };
	struct rpcs_call lookup = case_mapping(RPCS_PORTMAP_GETPORT, MOUNTD, 0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rpcs_call call = case_mapping(procedures[i], MOUNTD, 635);

		call.message.tuple.src = call.message.tuple.dst = case_address("127.0.0.1");
		call.message.seen.flags = RPCS_F_LOCAL;
		case_expect(CASE_HOME, call, RPCS_D_HOST_LOCAL_CHANGE);
		call.allowed = call.names_change = true;
		case_expect(CASE_HOME, call, RPCS_D_HOST_LOCAL_CHANGE);
		/* From a wire it is something else altogether. */
		call.message.seen.flags = 0;
		assert_int_equal(fired(CASE_HOME, call, RPCS_D_HOST_LOCAL_CHANGE), 0);
		assert_int_equal(fired(CASE_HOME, call, RPCS_D_SPOOFED_LOCAL), 1);
	}
	lookup.message.seen.flags = RPCS_F_LOCAL;
	lookup.allowed = true;
	case_expect(CASE_HOME, lookup, RPCS_D__MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_that_leave),
		cmocka_unit_test(figures_asked_from_outside),
		cmocka_unit_test(local_changes),
	};

	return cmocka_run_group_tests_name("detect_notices", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Service lists that leave in further replies: those to a broadcast, from each of its servers. */
#include "detect_case.h"

static struct detect_case c;

static const struct rpcs_mapping mapping = { .program = 100005, .protocol = 17, .port = 635 };

/* A list with one mapping, from `server`. */
static struct rpcs_message list_from(const struct rpcs_call *call, const char *server)
{
	struct rpcs_message reply = case_reply(call);

	reply.tuple.src = case_address(server);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .has = 1,
					       .mappings = &mapping,
					       .mappings_kept = 1,
					       .mappings_count = 1,
					       .mappings_complete = true };
	return reply;
}

static void take_further(struct rpcs_call *call, const struct rpcs_message *reply)
{
	rpcs_detect_message(c.detect, reply, call, RPCS_PLACE_REPLY_AGAIN, call->flow_id);
}

static void each_server_is_told(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply;

	(void)state;
	call.message.tuple.dst = case_address("10.255.255.255");
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	reply = list_from(&call, "10.0.0.2");
	rpcs_detect_message(c.detect, &reply, &call, RPCS_PLACE_REPLY, 99);
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP_EXPOSED), 1);
	assert_true(case_says(case_last(&c), "answered by 10.0.0.2"));
	reply = list_from(&call, "10.0.0.3");
	take_further(&call, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP_EXPOSED), 2);
	assert_int_equal(case_last(&c)->severity, 1);
	assert_int_equal(case_last(&c)->outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(case_says(case_last(&c), "answered by 10.0.0.3"));
	/* The same one again, an empty list, and a failure. */
	take_further(&call, &reply);
	reply = list_from(&call, "10.0.0.4");
	reply.portmap.mappings_kept = reply.portmap.mappings_count = 0;
	take_further(&call, &reply);
	reply = list_from(&call, "10.0.0.5");
	reply.stat = RPCS_ACCEPT_SYSTEM_ERR;
	take_further(&call, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP_EXPOSED), 2);
	case_end(&c);
}

static void the_server_asked_is_not_named_twice(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = list_from(&call, "10.0.0.2");

	(void)state;
	case_start(&c, CASE_HOME);
	rpcs_detect_call(c.detect, &call);
	rpcs_detect_outcome(c.detect, &call, &reply);
	assert_int_equal(case_count(&c, RPCS_D_DUMP_EXPOSED), 1);
	assert_false(case_says(case_last(&c), "answered by"));
	case_end(&c);
}

/* A held call is not judged yet, an allowed one may have the list. */
static void what_is_not_judged_is_silent(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = list_from(&call, "10.0.0.2");

	(void)state;
	case_start(&c, CASE_HOME);
	take_further(&call, &reply);
	call.judged = call.allowed = true;
	take_further(&call, &reply);
	rpcs_detect_message(c.detect, &reply, NULL, RPCS_PLACE_REPLY_UNPAIRED, 99);
	assert_int_equal(c.count, 0);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_server_is_told),
		cmocka_unit_test(the_server_asked_is_not_named_twice),
		cmocka_unit_test(what_is_not_judged_is_silent),
	};

	return cmocka_run_group_tests_name("detect exposed", tests, NULL, NULL);
}

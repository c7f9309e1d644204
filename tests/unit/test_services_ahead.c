// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is foreseen of a reply changes nothing of what it teaches. */
#include "services_case.h"

#define OTHER "10.0.1.31" /* in SERVER's place among those known: see rpcs_server_place() */

enum { NFS = 100003, FIRST = 200000, COUNT = 40 };

static struct rpcs_mapping list[COUNT];

static void list_fill(uint32_t first, uint32_t port)
{
	uint32_t i;

	for (i = 0; i < COUNT; i++)
		list[i] = (struct rpcs_mapping){ .program = first + i,
						 .version = 1,
						 .protocol = RPCS_IP_UDP,
						 .port = port + i };
}

static struct rpcs_message reply_of(const struct rpcs_call *call, const char *server,
				    uint32_t count)
{
	struct rpcs_message reply = case_reply(call);

	reply.tuple.src = case_address(server);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .has = 1,
					       .mappings = list,
					       .mappings_kept = count,
					       .mappings_count = count,
					       .mappings_complete = true };
	return reply;
}

static void a_list_teaches_the_same(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_of(&call, SERVER, COUNT);
	uint32_t i;

	(void)state;
	map_start(16);
	list_fill(FIRST, 1000);
	/* Of a server that is not known, nothing is foreseen. */
	rpcs_services_foresee(map.services, &call, &reply);
	assert_int_equal(map.services->ahead.count, 0);
	assert_int_equal(map_learn(&call, &reply, SERVER), 1 + COUNT);
	list_fill(FIRST, 2000);
	rpcs_services_foresee(map.services, &call, &reply);
	assert_int_equal(map.services->ahead.count, RPCS_HEADS_AHEAD);
	assert_int_equal(map_learn(&call, &reply, SERVER), COUNT);
	for (i = 0; i < COUNT; i++)
		assert_int_equal(map_port(SERVER, FIRST + i), 2000 + i);
}

static void it_is_of_one_reply_only(void **state)
{
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = reply_of(&call, SERVER, COUNT);
	struct rpcs_message other = reply_of(&call, SERVER, 3);

	(void)state;
	map_start(16);
	list_fill(FIRST, 1000);
	map_learn(&call, &reply, SERVER);
	rpcs_services_foresee(map.services, &call, &reply);
	list_fill(FIRST + COUNT, 3000);
	assert_int_equal(map_learn(&call, &other, SERVER), 3);
	assert_int_equal(map_port(SERVER, FIRST + COUNT + 2), 3002);
	assert_int_equal(map_port(SERVER, FIRST + 2), 1002);
	/* Nor does it stay for the same one once it is learned. */
	assert_int_equal(map_learn(&call, &reply, SERVER), COUNT - 3);
	assert_int_equal(map_port(SERVER, FIRST + 2), 1002);
}

static void a_lookup_is_foreseen(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, NFS, 0);
	struct rpcs_message reply = case_reply_port(&call, 2049);

	(void)state;
	map_start(16);
	map_learn(&call, &reply, SERVER);
	rpcs_services_foresee(map.services, &call, &reply);
	assert_int_equal(map.services->ahead.count, 1);
	assert_int_equal(map.services->ahead.targets[0].key.program, NFS);
	assert_int_equal(map_learn(&call, &reply, SERVER), 0);
	/* What failed teaches nothing. */
	reply.stat = RPCS_ACCEPT_SYSTEM_ERR;
	rpcs_services_foresee(map.services, &call, &reply);
	assert_int_equal(map.services->ahead.count, 0);
}

/* Two servers of one place among those known, and room for one of them. */
static void who_went_is_known_no_more(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, NFS, 0);
	struct rpcs_message reply = case_reply_port(&call, 2049);
	struct rpcs_address server = case_address(SERVER), other = case_address(OTHER);

	(void)state;
	map_start(2);
	assert_int_equal(rpcs_server_place(&server), rpcs_server_place(&other));
	assert_int_equal(map_getport(SERVER, NFS, 2049), 2);
	assert_int_equal(map_getport(OTHER, NFS, 2050), 2);
	assert_int_equal(map_getport(SERVER, NFS, 2049), 0);
	assert_int_equal(map_getport(OTHER, NFS, 2050), 0);
	assert_int_equal(map_port(SERVER, NFS), 2049);

	map_start(1);
	map_getport(SERVER, NFS, 2049);
	map_getport(SERVER, NFS, 2049);
	assert_int_equal(map_getport("10.0.0.77", NFS, 2051), 2);
	reply.tuple.src = server;
	rpcs_services_foresee(map.services, &call, &reply);
	assert_int_equal(map.services->ahead.count, 0);
	assert_int_equal(map_getport(SERVER, NFS, 2049), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_teaches_the_same),
		cmocka_unit_test(it_is_of_one_reply_only),
		cmocka_unit_test(a_lookup_is_foreseen),
		cmocka_unit_test(who_went_is_known_no_more),
	};

	return cmocka_run_group_tests_name("services_ahead", tests, NULL, map_teardown);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What becomes of mappings that move, in lists of any length. */
#include "services_case.h"

enum { NFS = 100003 };

/* Its mappings are looked for some entries ahead, each one in the place of one that is done. */
static void a_long_list_is_learned_whole(void **state)
{
	enum { FIRST = 200000, COUNT = 70 };
	struct rpcs_mapping list[COUNT];
	const struct rpcs_service *service;
	uint32_t i;

	(void)state;
	map_start(16);
	for (i = 0; i < COUNT; i++)
		list[i] = (struct rpcs_mapping){ .program = FIRST + i,
						 .version = 1,
						 .protocol = i % 2 ? RPCS_IP_UDP : RPCS_IP_TCP,
						 .port = 1000 + i };
	assert_int_equal(map_dump(SERVER, 2, list, COUNT), 1 + COUNT);
	for (i = 0; i < COUNT; i++)
		list[i].port = 2000 + i;
	assert_int_equal(map_dump(SERVER, 2, list, COUNT), COUNT);
	for (i = 0; i < COUNT; i++) {
		assert_int_equal(map.lesson.changes[i].kind, RPCS_CHANGE_CHANGED);
		assert_int_equal(map.lesson.changes[i].program, FIRST + i);
		assert_int_equal(map.lesson.changes[i].old_port, 1000 + i);
		service = map_find(SERVER, FIRST + i, 1,
				   i % 2 ? RPCS_TRANSPORT_UDP : RPCS_TRANSPORT_TCP);
		assert_non_null(service);
		assert_int_equal(service->port, 2000 + i);
		assert_int_equal(service->times, 2);
	}
}

/* Which of the former ports comes back, the others keep their order. */
static void former_ports_keep_their_order(void **state)
{
	static const struct {
		uint16_t port, before[RPCS_SERVICE_PORTS_BEFORE];
	} steps[] = {
		{ 1, { 0 } },	       { 2, { 1 } },	      { 3, { 2, 1 } },
		{ 4, { 3, 2, 1 } },    { 5, { 4, 3, 2, 1 } }, { 4, { 5, 3, 2, 1 } },
		{ 3, { 4, 5, 2, 1 } }, { 2, { 3, 4, 5, 1 } }, { 1, { 2, 3, 4, 5 } },
		{ 6, { 1, 2, 3, 4 } },
	};
	const struct rpcs_service *service;
	unsigned int i;

	(void)state;
	map_start(16);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		map_getport(SERVER, NFS, steps[i].port);
		service = map_find(SERVER, NFS, 1, RPCS_TRANSPORT_UDP);
		assert_non_null(service);
		assert_int_equal(service->port, steps[i].port);
		assert_memory_equal(service->before, steps[i].before, sizeof(service->before));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_list_is_learned_whole),
		cmocka_unit_test(former_ports_keep_their_order),
	};

	return cmocka_run_group_tests_name("services_change", tests, NULL, map_teardown);
}

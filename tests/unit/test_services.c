// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The map's bounds: who has to go, and who must not; and looking things up. */
#include <stdio.h>

#include "services_case.h"

static const char *address_of(uint32_t number, const char *before)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s.%u.%u", before, number >> 8 & 255, number & 255);
	return text;
}

static struct rpcs_services_counts counts(void)
{
	struct rpcs_services_counts counts;

	rpcs_services_counts(map.services, &counts);
	return counts;
}

/* A reply with thousands of lies costs its own server's mappings, and nobody else's. */
static void a_liar_has_a_share(void **state)
{
	static struct rpcs_mapping list[RPCS_MAPPINGS_MAX];
	uint32_t i, round;

	(void)state;
	map_start(16);
	map_getport("10.0.0.5", 100003, 2049);
	for (round = 0; round < 40; round++) {
		for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
			list[i] = (struct rpcs_mapping){ .program = 1 + round * 1000 + i,
							 .version = 1,
							 .protocol = RPCS_IP_UDP,
							 .port = 1 + i };
		map_dump("10.0.0.6", 2, list, RPCS_MAPPINGS_MAX);
		assert_true(map.lesson.count <= RPCS_SERVICE_CHANGES_MAX);
	}
	assert_int_equal(map_server("10.0.0.6")->service_count, RPCS_SERVICES_OF_ONE);
	assert_int_equal(counts().services, RPCS_SERVICES_OF_ONE + 1);
	assert_int_equal(counts().services_evicted, 40 * 256 - RPCS_SERVICES_OF_ONE);
	assert_int_equal(map_port("10.0.0.5", 100003), 2049);
	/* And few of its changes are told: 128, then one a second. */
	assert_int_equal(counts().changes_untold, 40 * 256 + 1 - 128);
	map.now_ns += 10 * CASE_SEC;
	map_dump("10.0.0.6", 2, list, 1);
	assert_int_equal(map.lesson.count, 0);
	list[0].port = 9;
	map_dump("10.0.0.6", 2, list, 1);
	assert_true(map.lesson.changes[0].told);
}

/* A list of services that there are no others of, in the order of their programs. */
static void dump_from(uint32_t first)
{
	static struct rpcs_mapping list[RPCS_MAPPINGS_MAX];
	uint32_t i;

	for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
		list[i] = (struct rpcs_mapping){
			.program = first + i, .version = 1, .protocol = RPCS_IP_UDP, .port = 1 + i
		};
	map_dump(SERVER, 2, list, RPCS_MAPPINGS_MAX);
}

/* Where a server's share is full, what its last lists have stays. */
static void what_is_seen_again_stays(void **state)
{
	uint32_t i;

	(void)state;
	map_start(16);
	dump_from(1000);
	dump_from(2000);
	map.now_ns += 10 * CASE_SEC;
	dump_from(1000);
	dump_from(3000);
	assert_int_equal(map_server(SERVER)->service_count, RPCS_SERVICES_OF_ONE);
	for (i = 0; i < RPCS_MAPPINGS_MAX; i++) {
		assert_int_equal(map_port(SERVER, 1000 + i), 1 + i);
		assert_int_equal(map_port(SERVER, 2000 + i), 0);
		assert_int_equal(map_port(SERVER, 3000 + i), 1 + i);
	}
}

/* Whoever knows the seed that `read` has does not know which mappings share a chain. */
static void chains_are_secret(void **state)
{
	uint64_t salt;

	(void)state;
	map_start(16);
	map_getport(SERVER, 100003, 2049);
	salt = map_server(SERVER)->salt[0];
	map_start(16);
	map_getport(SERVER, 100003, 2049);
	assert_int_not_equal(map_server(SERVER)->salt[0], salt);
	assert_int_equal(map_port(SERVER, 100003), 2049);
}

/* Odd questions, each asked once, do not push out what a list has shown. */
static void questions_do_not_push_out_what_is_used(void **state)
{
	static const struct rpcs_mapping nfs = {
		.program = 100003, .version = 1, .protocol = RPCS_IP_UDP, .port = 2049
	};
	uint32_t i;

	(void)state;
	map_start(16);
	map_dump(SERVER, 2, &nfs, 1);
	map_getport(SERVER, 100005, 20048);
	map_getport(SERVER, 100005, 20048);
	for (i = 0; i < 2000; i++)
		map_getport(SERVER, 0x20000000 + i, 700);
	assert_int_equal(map_port(SERVER, 100003), 2049);
	assert_int_equal(map_port(SERVER, 100005), 20048);
	assert_int_equal(map_port(SERVER, 0x20000000), 0);
	assert_int_equal(map_port(SERVER, 0x20000000 + 1999), 700);
	assert_int_equal(map_server(SERVER)->service_count, RPCS_SERVICES_OF_ONE);
}

/* Servers outside go first, the one seen longest ago before the others; their mappings too. */
static void servers_outside_go_first(void **state)
{
	uint32_t i;

	(void)state;
	map_start(8);
	for (i = 0; i < 4; i++)
		map_getport(address_of(i, "10.1"), 100003, 2049);
	for (i = 0; i < 100; i++)
		map_getport(address_of(i, "192.0"), 100003, 2049);
	for (i = 0; i < 4; i++)
		assert_int_equal(map_port(address_of(i, "10.1"), 100003), 2049);
	assert_null(map_server("192.0.0.95"));
	assert_null(map_find("192.0.0.95", 100003, 1, RPCS_TRANSPORT_UDP));
	assert_non_null(map_server("192.0.0.96"));
	assert_int_equal(counts().servers, 8);
	assert_int_equal(counts().servers_evicted, 96);
	assert_int_equal(counts().services, 8);
	/* Who was asked again is not the oldest. */
	map_getport("192.0.0.96", 100003, 2049);
	map_getport("192.0.1.1", 100003, 2049);
	assert_non_null(map_server("192.0.0.96"));
	assert_null(map_server("192.0.0.97"));
	/* Where all are of home, the oldest of them. */
	for (i = 0; i < 8; i++)
		map_getport(address_of(i, "10.2"), 100003, 2049);
	assert_null(map_server("10.1.0.0"));
	assert_non_null(map_server("10.2.0.0"));
}

/* All mappings there can be, and more: the outside's go. */
static void mappings_outside_go_first(void **state)
{
	static struct rpcs_mapping list[RPCS_MAPPINGS_MAX];
	uint32_t i, round;

	(void)state;
	map_start(1024);
	map_getport(SERVER, 100003, 2049);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
			list[i] = (struct rpcs_mapping){ .program = 1 + i,
							 .version = 1,
							 .protocol = RPCS_IP_UDP,
							 .port = 1 + i };
		map_dump(address_of(round, "192.0"), 2, list, RPCS_MAPPINGS_MAX);
	}
	assert_int_equal(counts().services, RPCS_SERVICES_MAX);
	assert_int_equal(map_port(SERVER, 100003), 2049);
	assert_int_equal(map_server("192.0.0.0")->service_count, 0);
	assert_int_equal(map_server("192.0.1.43")->service_count, RPCS_MAPPINGS_MAX);
	assert_int_equal(map_port("192.0.1.43", 256), 256);
}

static void looked_up_by_port(void **state)
{
	const struct rpcs_address server = case_address(SERVER), other = case_address("10.0.0.3");
	uint32_t programs[4];

	(void)state;
	map_start(16);
	map_getport(SERVER, 100003, 2049);
	map_getport(SERVER, 100227, 2049);
	map_getport(SERVER, 100005, 20048);
	assert_int_equal(rpcs_services_at(map.services, &server, RPCS_IP_UDP, 2049, programs, 4),
			 2);
	assert_int_equal(programs[0], 100227);
	assert_int_equal(programs[1], 100003);
	assert_int_equal(rpcs_services_at(map.services, &server, RPCS_IP_UDP, 2049, programs, 1),
			 1);
	assert_int_equal(rpcs_services_at(map.services, &server, RPCS_IP_TCP, 2049, programs, 4),
			 0);
	assert_int_equal(rpcs_services_at(map.services, &other, RPCS_IP_UDP, 2049, programs, 4), 0);
	/* What an UNSET took off is not there. */
	map_change(SERVER, RPCS_PORTMAP_UNSET, 100005, 0, true);
	assert_int_equal(rpcs_services_at(map.services, &server, RPCS_IP_UDP, 20048, programs, 4),
			 0);
}

static void all_can_be_walked(void **state)
{
	const struct rpcs_server *server = NULL;
	const struct rpcs_service *service = NULL;
	uint32_t servers = 0, services = 0;

	(void)state;
	map_start(16);
	assert_null(rpcs_services_next(map.services, NULL));
	map_getport("192.0.2.1", 100003, 2049);
	assert_non_null(rpcs_services_next(map.services, NULL));
	map_getport(SERVER, 100003, 2049);
	map_getport(SERVER, 100005, 600);
	map_getport(SERVER, 100005, 600);
	while ((server = rpcs_services_next(map.services, server)))
		servers++;
	assert_int_equal(servers, 2);
	while ((service = rpcs_server_next(map_server(SERVER), service)))
		services++;
	assert_int_equal(services, 2);
}

/* It has been learning from the first moment to the last, in whatever order they come. */
static void learning_takes_time(void **state)
{
	(void)state;
	map_start(16);
	assert_int_equal(rpcs_services_learning_ns(map.services), 0);
	rpcs_services_tick(map.services, CASE_WHEN);
	assert_int_equal(rpcs_services_learning_ns(map.services), 0);
	rpcs_services_tick(map.services, CASE_WHEN + 5);
	rpcs_services_tick(map.services, CASE_WHEN + 3);
	assert_int_equal(rpcs_services_learning_ns(map.services), 5);
	rpcs_services_tick(map.services, CASE_WHEN - 7);
	assert_int_equal(rpcs_services_learning_ns(map.services), 12);
}

static void names(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RPCS_TRANSPORT__MAX; i++) {
		const char *netid = rpcs_transport_netid(i);

		assert_int_equal(rpcs_transport_find(netid, strlen(netid)), i);
		assert_int_equal(rpcs_transport_protocol(i),
				 netid[0] == 'u' ? RPCS_IP_UDP : RPCS_IP_TCP);
	}
	assert_int_equal(rpcs_transport_find("tcp7", 4), RPCS_TRANSPORT__MAX);
	assert_int_equal(rpcs_transport_find("", 0), RPCS_TRANSPORT__MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_liar_has_a_share),
		cmocka_unit_test(what_is_seen_again_stays),
		cmocka_unit_test(chains_are_secret),
		cmocka_unit_test(questions_do_not_push_out_what_is_used),
		cmocka_unit_test(servers_outside_go_first),
		cmocka_unit_test(mappings_outside_go_first),
		cmocka_unit_test(looked_up_by_port),
		cmocka_unit_test(all_can_be_walked),
		cmocka_unit_test(learning_takes_time),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, map_teardown);
}

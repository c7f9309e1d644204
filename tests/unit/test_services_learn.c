// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What replies teach, and what they must not. */
#include "services_case.h"

enum { MOUNTD = 100005, NFS = 100003 };

static void a_lookup_teaches(void **state)
{
	const struct rpcs_service *service;
	const struct rpcs_server *server;

	(void)state;
	map_start(16);
	assert_int_equal(map_getport(SERVER, MOUNTD, 20048), 2);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_NEW_SERVER);
	assert_int_equal(map.lesson.changes[1].kind, RPCS_CHANGE_NEW_MAPPING);
	assert_int_equal(map.lesson.changes[1].port, 20048);
	assert_int_equal(map.lesson.changes[1].by, RPCS_LEARNED_LOOKUP);
	assert_true(map.lesson.changes[0].told && map.lesson.changes[1].told);
	map.now_ns += 5 * CASE_SEC;
	assert_int_equal(map_getport(SERVER, MOUNTD, 20048), 0);

	service = map_find(SERVER, MOUNTD, 1, RPCS_TRANSPORT_UDP);
	assert_non_null(service);
	assert_int_equal(service->port, 20048);
	assert_int_equal(service->first_seen_ns, CASE_WHEN);
	assert_int_equal(service->last_seen_ns, CASE_WHEN + 5 * CASE_SEC);
	assert_int_equal(service->times, 2);
	assert_int_equal(service->learned, RPCS_LEARNED_LOOKUP);
	assert_true(rpcs_address_is_unspecified(&service->at));
	server = map_server(SERVER);
	assert_int_equal(server->replies, 2);
	assert_int_equal(server->versions, 1 << 2);
	assert_int_equal(server->service_count, 1);
	assert_int_equal(server->last_seen_ns, CASE_WHEN + 5 * CASE_SEC);
}

/* A null address in text form never comes out of a reply that names no port. */
static void what_is_not_plausible_is_left(void **state)
{
	static const struct {
		uint32_t program, port;
	} cases[] = { { MOUNTD, 0 }, { MOUNTD, 65536 }, { MOUNTD, UINT32_MAX }, { 0, 2049 } };
	unsigned int i;

	(void)state;
	map_start(16);
	map_getport(SERVER, NFS, 65535);
	assert_int_equal(map_port(SERVER, NFS), 65535);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(map_getport(SERVER, cases[i].program, cases[i].port), 0);
	assert_int_equal(map_server(SERVER)->service_count, 1);
	assert_int_equal(map_server(SERVER)->replies, 5);
}

static void only_a_successful_reply_teaches(void **state)
{
	static const struct {
		uint32_t reply_stat, stat;
		uint8_t has;
	} cases[] = { { RPCS_REPLY_ACCEPTED, RPCS_ACCEPT_PROG_UNAVAIL, 2 },
		      { RPCS_REPLY_ACCEPTED, RPCS_ACCEPT_SYSTEM_ERR, 2 },
		      { RPCS_REPLY_DENIED, RPCS_REJECT_AUTH_ERROR, 2 },
		      { RPCS_REPLY_DENIED, 0, 2 },
		      { RPCS_REPLY_ACCEPTED, RPCS_ACCEPT_SUCCESS, 1 } };
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, MOUNTD, 0);
	struct rpcs_message reply = case_reply_port(&call, 635);
	unsigned int i;

	(void)state;
	map_start(16);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reply.reply_stat = cases[i].reply_stat;
		reply.stat = cases[i].stat;
		reply.reply_has = cases[i].has;
		assert_int_equal(map_learn(&call, &reply, SERVER), 0);
	}
	assert_null(map_server(SERVER));
	/* Another program's reply has no say, whatever it looks like. */
	reply = case_reply_port(&call, 635);
	call.message.program = NFS;
	assert_int_equal(map_learn(&call, &reply, SERVER), 0);
	call.message.program = RPCS_PORTMAP_PROGRAM;
	assert_int_equal(map_learn(&call, &reply, SERVER), 2);
	/* XDR that does not hold: the server is there, what it says is not learned. */
	reply.portmap.port = 636;
	reply.malformed = "bytes left over";
	assert_int_equal(map_learn(&call, &reply, SERVER), 0);
	assert_int_equal(map_port(SERVER, MOUNTD), 635);
}

/* Loopback is a server's own only where the packet never was on a wire. */
static void a_server_has_an_address_of_its_own(void **state)
{
	static const char *const none[] = { "0.0.0.0",	 "::",	      "255.255.255.255",
					    "224.0.2.2", "ff02::202", "127.0.0.1",
					    "::1" };
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, MOUNTD, 0);
	struct rpcs_message reply = case_reply_port(&call, 635);
	unsigned int i;

	(void)state;
	map_start(16);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(map_learn(&call, &reply, none[i]), 0);
	reply.seen.flags = RPCS_F_LOCAL;
	assert_int_equal(map_learn(&call, &reply, "127.0.0.1"), 2);
	assert_int_equal(map_learn(&call, &reply, "255.255.255.255"), 0);
}

/* One call, many answers: each is its server's. Without a broadcast, only the first counts. */
static void broadcasts_have_many_answers(void **state)
{
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	map_start(16);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_CALLIT_PORT, .has = 2, .port = 900, .length = 4
	};
	reply.tuple.src = case_address("10.0.0.7");
	assert_false(
		rpcs_services_learn(map.services, map.policy, &call, &reply, false, &map.lesson));
	call.message.tuple.dst = case_address("255.255.255.255");
	assert_true(
		rpcs_services_learn(map.services, map.policy, &call, &reply, false, &map.lesson));
	assert_int_equal(map.lesson.count, 2);
	reply.tuple.src = case_address("10.0.0.8");
	assert_true(
		rpcs_services_learn(map.services, map.policy, &call, &reply, false, &map.lesson));
	/* The inner program, by UDP. */
	assert_int_equal(map_find("10.0.0.8", 100005, 3, RPCS_TRANSPORT_UDP)->port, 900);
	assert_int_equal(map_find("10.0.0.8", 100005, 3, RPCS_TRANSPORT_UDP)->learned,
			 RPCS_LEARNED_CALLIT);
	assert_null(map_server("255.255.255.255"));
	reply.tuple.protocol = RPCS_IP_TCP;
	assert_int_equal(map_learn(&call, &reply, "10.0.0.9"), 1);
}

static uint32_t getaddr(uint32_t procedure, const char *netid, const char *uaddr,
			const char *server)
{
	struct rpcs_call call = case_rpcb(4, procedure, MOUNTD);
	struct rpcs_message reply = case_reply(&call);

	call.message.portmap.netid = case_text(netid);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text(uaddr) };
	return map_learn(&call, &reply, server);
}

static void universal_addresses(void **state)
{
	const struct rpcs_service *service;
	struct rpcs_address other = case_address("10.0.0.77");

	(void)state;
	map_start(16);
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "udp", "0.0.0.0.3.14", SERVER), 2);
	service = map_find(SERVER, MOUNTD, 1, RPCS_TRANSPORT_UDP);
	assert_int_equal(service->port, 782);
	assert_true(rpcs_address_is_unspecified(&service->at));
	assert_int_equal(getaddr(RPCS_PORTMAP_GETVERSADDR, "udp", SERVER ".3.14", SERVER), 0);
	assert_true(rpcs_address_is_unspecified(&service->at));
	/* Another host's address is kept, yet it is this server that said it. */
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "udp", "10.0.0.77.3.14", SERVER), 0);
	assert_true(rpcs_address_equal(&service->at, &other));
	assert_null(map_server("10.0.0.77"));
	/* Over IPv6, and with the name of an interface. */
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "udp6", "fe80::1%eth0.8.1", "fd00::2"), 2);
	assert_int_equal(map_find("fd00::2", MOUNTD, 1, RPCS_TRANSPORT_UDP6)->port, 2049);
}

static void bad_universal_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"10.0.0.2",
		"10.0.0.2.8",
		"10.0.0.2.8.256",
		"x.8.1",
		"224.0.2.2.8.1",
		"10.0.0.2..1",
		"8.1",
		".8.1",
		"10.0.0.2.0.0",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa.8.1"
	};
	unsigned int i;

	(void)state;
	map_start(16);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "udp", bad[i], SERVER), i == 0);
	assert_int_equal(map_server(SERVER)->service_count, 0);
	/* A netid that the call did not come by: it is not sure what the answer is for. */
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "tcp", "10.0.0.2.8.1", SERVER), 0);
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "", "10.0.0.2.8.1", SERVER), 1);
}

/* The netids of version 4 and the protocols of version 2 are the same mappings. */
static void lists_of_all_versions_agree(void **state)
{
	const struct rpcs_mapping old[] = {
		{ .program = NFS, .version = 3, .protocol = RPCS_IP_TCP, .port = 2049 },
		{ .program = NFS, .version = 3, .protocol = RPCS_IP_UDP, .port = 2050 },
		{ .program = NFS, .version = 3, .protocol = 132, .port = 9 },
		{ .program = NFS, .version = 4, .protocol = RPCS_IP_TCP, .port = 70000 },
	};
	const struct rpcs_mapping rpcbs[] = {
		{ .program = NFS,
		  .version = 3,
		  .netid = case_text("tcp"),
		  .address = case_text("0.0.0.0.8.1") },
		{ .program = NFS,
		  .version = 3,
		  .netid = case_text("tcp6"),
		  .address = case_text("::.8.3") },
		{ .program = NFS,
		  .version = 3,
		  .netid = case_text("local"),
		  .address = case_text("/run/rpcbind.sock") },
		{ .program = NFS,
		  .version = 3,
		  .netid = case_text("tcp66"),
		  .address = case_text("::.8.3") },
	};

	(void)state;
	map_start(16);
	assert_int_equal(map_dump(SERVER, 2, old, 4), 3);
	assert_int_equal(map_dump(SERVER, 4, rpcbs, 4), 1);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_NEW_MAPPING);
	assert_int_equal(map.lesson.changes[0].transport, RPCS_TRANSPORT_TCP6);
	assert_int_equal(map_find(SERVER, NFS, 3, RPCS_TRANSPORT_TCP)->times, 2);
	assert_int_equal(map_find(SERVER, NFS, 3, RPCS_TRANSPORT_UDP)->port, 2050);
	assert_int_equal(map_find(SERVER, NFS, 3, RPCS_TRANSPORT_TCP6)->port, 2051);
	assert_int_equal(map_server(SERVER)->service_count, 3);
	assert_int_equal(map_server(SERVER)->versions, 1 << 2 | 1 << 4);
}

static void an_address_list_is_of_the_program_asked_for(void **state)
{
	const struct rpcs_mapping entries[] = {
		{ .netid = case_text("udp"), .address = case_text("10.0.0.2.3.4") },
		{ .netid = case_text("tcp"), .address = case_text("10.0.0.2.3.5") },
	};
	struct rpcs_call call = case_rpcb(4, RPCS_PORTMAP_GETADDRLIST, MOUNTD);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	map_start(16);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_ENTRIES, .has = 1, .mappings = entries, .mappings_kept = 2
	};
	assert_int_equal(map_learn(&call, &reply, SERVER), 3);
	assert_int_equal(map_find(SERVER, MOUNTD, 1, RPCS_TRANSPORT_TCP)->port, 773);
}

static void changes_and_returns(void **state)
{
	uint32_t port;

	(void)state;
	map_start(16);
	map_getport(SERVER, MOUNTD, 600);
	assert_int_equal(map_getport(SERVER, MOUNTD, 700), 1);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_CHANGED);
	assert_int_equal(map.lesson.changes[0].old_port, 600);
	assert_int_equal(map.lesson.changes[0].port, 700);
	assert_false(map.lesson.changes[0].returned);
	/* Two hosts behind one address answer in turns. */
	map_getport(SERVER, MOUNTD, 600);
	assert_true(map.lesson.changes[0].returned);
	map_getport(SERVER, MOUNTD, 700);
	assert_true(map.lesson.changes[0].returned);
	/* Only a few ports are remembered. */
	for (port = 701; port < 701 + RPCS_SERVICE_PORTS_BEFORE; port++) {
		map_getport(SERVER, MOUNTD, port);
		assert_false(map.lesson.changes[0].returned);
	}
	map_getport(SERVER, MOUNTD, 600);
	assert_false(map.lesson.changes[0].returned);
	/* Other transports and versions are mappings of their own. */
	assert_int_equal(getaddr(RPCS_PORTMAP_GETPORT, "udp6", "::.8.1", "fd00::2"), 2);
	assert_int_equal(map_port(SERVER, MOUNTD), 600);
}

static void set_and_unset(void **state)
{
	(void)state;
	map_start(16);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_SET, NFS, 2049, false), 1);
	assert_int_equal(map_port(SERVER, NFS), 0);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_SET, NFS, 2049, true), 1);
	assert_int_equal(map.lesson.changes[0].by, RPCS_LEARNED_SET);
	assert_int_equal(map_port(SERVER, NFS), 2049);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_UNSET, NFS, 0, false), 0);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_UNSET, NFS, 0, true), 1);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_REMOVED);
	assert_int_equal(map.lesson.changes[0].port, 2049);
	assert_int_equal(map_port(SERVER, NFS), 0);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_UNSET, NFS, 0, true), 0);
	/* The same again is a new mapping; another port is a change all the same. */
	assert_int_equal(map_getport(SERVER, NFS, 2049), 1);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_NEW_MAPPING);
	map_change(SERVER, RPCS_PORTMAP_UNSET, NFS, 0, true);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_SET, NFS, 666, true), 1);
	assert_int_equal(map.lesson.changes[0].kind, RPCS_CHANGE_CHANGED);
	assert_int_equal(map.lesson.changes[0].old_port, 2049);
}

/* Version 2 takes a program off whatever the protocol; version 4 one netid, or all of them. */
static void unset_by_netid(void **state)
{
	const struct rpcs_mapping list[] = {
		{ .program = NFS, .version = 1, .protocol = RPCS_IP_TCP, .port = 2049 },
		{ .program = NFS, .version = 1, .protocol = RPCS_IP_UDP, .port = 2049 },
		{ .program = NFS, .version = 2, .protocol = RPCS_IP_UDP, .port = 2049 },
	};
	struct rpcs_call call = case_rpcb(4, RPCS_PORTMAP_UNSET, NFS);
	struct rpcs_message reply = case_reply(&call);

	(void)state;
	map_start(16);
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_RESULT, .has = 1, .result = true };
	map_dump(SERVER, 2, list, 3);
	assert_int_equal(map_learn(&call, &reply, SERVER), 1);
	assert_int_equal(map_find(SERVER, NFS, 1, RPCS_TRANSPORT_TCP)->removed_ns, CASE_WHEN);
	map_dump(SERVER, 2, list, 3);
	call.message.portmap.netid = case_text("");
	assert_int_equal(map_learn(&call, &reply, SERVER), 2);
	map_dump(SERVER, 2, list, 3);
	assert_int_equal(map_change(SERVER, RPCS_PORTMAP_UNSET, NFS, 0, true), 2);
	assert_int_equal(map_find(SERVER, NFS, 2, RPCS_TRANSPORT_UDP)->removed_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup_teaches),
		cmocka_unit_test(what_is_not_plausible_is_left),
		cmocka_unit_test(only_a_successful_reply_teaches),
		cmocka_unit_test(a_server_has_an_address_of_its_own),
		cmocka_unit_test(broadcasts_have_many_answers),
		cmocka_unit_test(universal_addresses),
		cmocka_unit_test(bad_universal_addresses),
		cmocka_unit_test(lists_of_all_versions_agree),
		cmocka_unit_test(an_address_list_is_of_the_program_asked_for),
		cmocka_unit_test(changes_and_returns),
		cmocka_unit_test(set_and_unset),
		cmocka_unit_test(unset_by_netid),
	};

	return cmocka_run_group_tests_name("services_learn", tests, NULL, map_teardown);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* 1110011 and 1110012: what fires each of them, and what comes close. */
#include <stdio.h>

#include "detect_case.h"
#include "services/map.h"

enum { MOUNTD = 100005, NFS = 100003, OWN = 0x20000099, UNPRIVILEGED = 30000 };

#define HOUR (3600 * CASE_SEC)

static struct detect_case c;
static struct rpcs_services *services;
static uint64_t now_ns;
static bool inventory;

static void stop(void)
{
	rpcs_services_free(&services);
	if (c.detect)
		case_end(&c);
}

static void start(const char *yaml)
{
	stop();
	case_start(&c, yaml);
	services = rpcs_services_new(64, &case_seed);
	assert_non_null(services);
	now_ns = CASE_WHEN;
	inventory = true;
	rpcs_services_tick(services, now_ns);
}

static int teardown(void **state)
{
	(void)state;
	stop();
	return 0;
}

static void pass(uint64_t ns)
{
	now_ns += ns;
	rpcs_services_tick(services, now_ns);
}

static void answer(struct rpcs_call *call, struct rpcs_message *reply)
{
	struct rpcs_lesson lesson;

	call->message.seen.time_ns = reply->seen.time_ns = now_ns;
	rpcs_detect_message(c.detect, &call->message, call, RPCS_PLACE_CALL, 1);
	rpcs_detect_message(c.detect, reply, call, RPCS_PLACE_REPLY, 1);
	if (rpcs_services_learn(services, c.policy, call, reply, true, &lesson))
		rpcs_detect_lesson(c.detect, &lesson, inventory);
}

static void getport_of(const char *server, uint32_t program, uint32_t version, uint32_t port)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, program, 0);
	struct rpcs_message reply;

	call.message.tuple.dst = case_address(server);
	call.message.portmap.version = version;
	reply = case_reply_port(&call, port);
	answer(&call, &reply);
}

static void getport(uint32_t program, uint32_t port)
{
	getport_of("10.0.0.2", program, 1, port);
}

/* A SET or UNSET of version 2, answered. */
static void change(uint32_t procedure, uint32_t program, uint32_t port, uint16_t flags, bool result)
{
	struct rpcs_call call = case_mapping(procedure, program, port);
	struct rpcs_message reply = case_reply(&call);

	call.message.seen.flags = reply.seen.flags = flags;
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_RESULT, .has = 1, .result = result };
	answer(&call, &reply);
}

/* One alert of `id` and this severity since the last look; 0: none at all. */
static void expect(enum rpcs_detection_id id, uint8_t severity)
{
	if (!severity) {
		assert_int_equal(case_count(&c, id), 0);
		c.count = 0;
		return;
	}
	assert_int_equal(c.count, 1);
	assert_int_equal(c.alerts[0].detection, id);
	assert_int_equal(c.alerts[0].severity, severity);
	assert_int_equal(c.alerts[0].outcome, RPCS_OUTCOME_SUCCESS);
	assert_true(c.alerts[0].evidence_count > 0);
	c.count = 0;
}

static void a_server_is_new_once_learned(void **state)
{
	(void)state;
	start(CASE_HOME);
	getport(MOUNTD, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	pass(24 * HOUR - 1);
	getport_of("10.0.0.3", MOUNTD, 1, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	pass(1);
	getport(MOUNTD, 20048);
	getport_of("10.0.0.3", MOUNTD, 1, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	getport_of("10.0.0.4", MOUNTD, 1, 20048);
	assert_true(case_says(&c.alerts[0], "10.0.0.4 answered as a portmapper"));
	assert_true(case_says(&c.alerts[0], "has 2 other servers"));
	assert_false(case_says(&c.alerts[0], "external"));
	expect(RPCS_D_NEW_SERVER, 2);
	getport_of("10.0.0.4", NFS, 3, 2049);
	expect(RPCS_D_NEW_SERVER, 0);
	getport_of("198.51.100.4", MOUNTD, 1, 20048);
	assert_true(case_says(&c.alerts[0], "external"));
	expect(RPCS_D_NEW_SERVER, 2);
}

static void what_is_known_is_not_new(void **state)
{
	(void)state;
	start("networks: {home: [10.0.0.0/8], servers: [10.0.0.4, 10.9.0.0/16]}\n"
	      "detections: {portmap-new-server: {learn: 10m}}\n");
	pass(HOUR);
	getport_of("10.0.0.4", MOUNTD, 1, 20048);
	getport_of("10.9.1.1", MOUNTD, 1, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	getport_of("10.0.0.5", MOUNTD, 1, 20048);
	expect(RPCS_D_NEW_SERVER, 2);
	/* A capture by itself has no inventory: everything in it would be new. */
	inventory = false;
	getport_of("10.0.0.6", MOUNTD, 1, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	start(CASE_HOME "detections: {portmap-new-server: {learn: 0s, enabled: false}}\n");
	getport(MOUNTD, 20048);
	expect(RPCS_D_NEW_SERVER, 0);
	start(CASE_HOME "detections: {portmap-new-server: {learn: 0s, severity: 1}}\n");
	getport(MOUNTD, 20048);
	expect(RPCS_D_NEW_SERVER, 1);
}

/* The server of the alert is who answered. */
static void a_broadcast_finds_a_server(void **state)
{
	struct rpcs_address server = case_address("10.0.0.9");
	struct rpcs_call call = case_callit(2, RPCS_PORTMAP_CALLIT);
	struct rpcs_message reply;

	(void)state;
	start(CASE_HOME "detections: {portmap-new-server: {learn: 0s}}\n");
	call.message.tuple.dst = case_address("10.255.255.255");
	reply = case_reply(&call);
	reply.tuple.src = server;
	answer(&call, &reply);
	assert_true(rpcs_address_equal(&c.alerts[0].tuple.dst, &server));
	expect(RPCS_D_NEW_SERVER, 2);
}

static void a_mapping_moves(void **state)
{
	static const struct {
		uint32_t program, before, after;
		uint8_t severity;
	} cases[] = {
		{ OWN, 30000, 30001, 4 },    /* restarted */
		{ OWN, 30000, 1023, 3 },     /* only root could take that port */
		{ OWN, 30000, 1024, 4 },     /* anybody could */
		{ OWN, 1023, 1022, 4 },	     /* as before */
		{ OWN, 700, 30000, 4 },	     /* the other way round */
		{ MOUNTD, 30000, 30001, 3 }, /* sensitive */
		{ MOUNTD, 30000, 30000, 0 }, /* the same */
		{ MOUNTD, 30000, 0, 0 },     /* not registered now */
		{ MOUNTD, 30000, 70000, 0 }, /* no port */
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(CASE_HOME);
		getport(cases[i].program, cases[i].before);
		expect(RPCS_D_MAPPING_CHANGED, 0);
		getport(cases[i].program, cases[i].after);
		expect(RPCS_D_MAPPING_CHANGED, cases[i].severity);
	}
	start(CASE_HOME "detections: {portmap-mapping-changed: {severity: 2}}\n");
	getport(OWN, 30000);
	getport(OWN, 30001);
	assert_true(case_says(&c.alerts[0], "program 536871065 version 1 over udp: "
					    "port 30000 -> 30001"));
	expect(RPCS_D_MAPPING_CHANGED, 2);
	start(CASE_HOME "detections: {portmap-mapping-changed: {enabled: false}}\n");
	getport(OWN, 30000);
	getport(OWN, 30001);
	expect(RPCS_D_MAPPING_CHANGED, 0);
}

/* Other versions, transports and servers are other mappings. */
static void no_move_between_mappings(void **state)
{
	struct rpcs_call call = case_mapping(RPCS_PORTMAP_GETPORT, OWN, 0);
	struct rpcs_message reply;

	(void)state;
	start(CASE_HOME);
	getport(OWN, 30000);
	getport_of("10.0.0.2", OWN, 2, 30001);
	getport_of("10.0.0.3", OWN, 1, 30002);
	call.message.portmap.protocol = RPCS_IP_TCP;
	reply = case_reply_port(&call, 30003);
	answer(&call, &reply);
	expect(RPCS_D_MAPPING_CHANGED, 0);
	/* All versions of it move: told once. */
	getport(OWN, 31000);
	expect(RPCS_D_MAPPING_CHANGED, 4);
	getport_of("10.0.0.2", OWN, 2, 31000);
	expect(RPCS_D_MAPPING_CHANGED, 0);
}

static void two_hosts_behind_one_address(void **state)
{
	unsigned int i;

	(void)state;
	start(CASE_HOME);
	getport(MOUNTD, 30000);
	getport(MOUNTD, 30001);
	expect(RPCS_D_MAPPING_CHANGED, 3);
	for (i = 0; i < 10; i++)
		getport(MOUNTD, 30000 + i % 2);
	expect(RPCS_D_MAPPING_CHANGED, 0);
	/* Not so once somebody has meddled with it. */
	change(RPCS_PORTMAP_UNSET, MOUNTD, 0, 0, false);
	getport(MOUNTD, 30000);
	expect(RPCS_D_MAPPING_CHANGED, 1);
}

static void a_mapping_is_hijacked(void **state)
{
	(void)state;
	/* The classic: UNSET and SET, from the network, and it worked. */
	start(CASE_EACH);
	getport(NFS, 2049);
	change(RPCS_PORTMAP_UNSET, NFS, 0, 0, true);
	expect(RPCS_D_MAPPING_CHANGED, 0);
	change(RPCS_PORTMAP_SET, NFS, 2050, 0, true);
	assert_true(case_says(&c.alerts[0], "came from the network"));
	assert_true(case_says(&c.alerts[0], "port 2049 -> 2050"));
	expect(RPCS_D_MAPPING_CHANGED, 1);
	/* Its reply was not seen, or the change was made otherwise. */
	start(CASE_EACH);
	getport(OWN, 30000);
	change(RPCS_PORTMAP_SET, OWN, 30001, 0, false);
	pass(600 * CASE_SEC);
	getport(OWN, 30001);
	expect(RPCS_D_MAPPING_CHANGED, 1);
	/* Ten minutes are over; another program's; a process of the host itself. */
	getport(OWN, 30000);
	change(RPCS_PORTMAP_SET, OWN, 30002, 0, false);
	pass(600 * CASE_SEC + 1);
	c.count = 0;
	getport(OWN, 30003);
	expect(RPCS_D_MAPPING_CHANGED, 4);
	change(RPCS_PORTMAP_SET, OWN + 1, 30002, 0, false);
	getport(OWN, 30004);
	expect(RPCS_D_MAPPING_CHANGED, 4);
	change(RPCS_PORTMAP_UNSET, OWN, 0, RPCS_F_LOCAL, true);
	change(RPCS_PORTMAP_SET, OWN, 30005, RPCS_F_LOCAL, true);
	expect(RPCS_D_MAPPING_CHANGED, 4);
}

/* A server that was restarted moves all it has: one alert, as severe as the worst of it. */
static void a_list_moves(void **state)
{
	static struct rpcs_mapping list[40];
	struct rpcs_call call = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&call);
	unsigned int i;

	(void)state;
	start(CASE_HOME);
	for (i = 0; i < 40; i++)
		list[i] = (struct rpcs_mapping){ .program = i == 30 ? NFS : OWN + i,
						 .version = 3,
						 .protocol = RPCS_IP_TCP,
						 .port = UNPRIVILEGED + i };
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_MAPPINGS, .has = 1, .mappings = list, .mappings_kept = 40
	};
	answer(&call, &reply);
	expect(RPCS_D_MAPPING_CHANGED, 0);
	for (i = 0; i < 40; i++)
		list[i].port += 100;
	answer(&call, &reply);
	assert_int_equal(c.alerts[0].evidence_count, 6);
	assert_int_equal(c.alerts[0].about, NFS);
	assert_true(case_says(&c.alerts[0], "and 35 more mappings"));
	expect(RPCS_D_MAPPING_CHANGED, 3);
	answer(&call, &reply);
	expect(RPCS_D_MAPPING_CHANGED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_new_once_learned),
		cmocka_unit_test(what_is_known_is_not_new),
		cmocka_unit_test(a_broadcast_finds_a_server),
		cmocka_unit_test(a_mapping_moves),
		cmocka_unit_test(no_move_between_mappings),
		cmocka_unit_test(two_hosts_behind_one_address),
		cmocka_unit_test(a_mapping_is_hijacked),
		cmocka_unit_test(a_list_moves),
	};

	return cmocka_run_group_tests_name("detect_inventory", tests, NULL, teardown);
}

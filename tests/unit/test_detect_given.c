// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who was told which port, and who may call back: what keeps rpc-direct silent. */
#include "direct_case.h"

static void lookups_tell_their_client(void **state)
{
	struct rpcs_call call = service_call(100005, 635), other;

	(void)state;
	start();
	look_up(100005, 635);
	expect_call(later(call, CASE_SEC), RPCS_D__MAX);
	/* Neither another client, nor another server, port or transport. */
	other = call;
	other.message.tuple.src = case_address("192.0.2.67");
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	other = call;
	other.message.tuple.dst = case_address("10.0.0.3");
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	other = call;
	other.message.tuple.dport = 636;
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	other = call;
	other.message.tuple.protocol = RPCS_IP_TCP;
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	/* The port was told, whatever is called there. */
	expect_call(service_call(390109, 635), RPCS_D__MAX);
	case_end(&c);
}

static void lookups_are_forgotten_after_a_day(void **state)
{
	struct rpcs_call call = service_call(100005, 635);

	(void)state;
	start();
	look_up(100005, 635);
	/* Who goes on to use the port is remembered on. */
	expect_call(later(call, 23 * HOUR), RPCS_D__MAX);
	expect_call(later(call, 46 * HOUR), RPCS_D__MAX);
	expect_call(later(call, 71 * HOUR), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* A lookup that was not answered with a port tells none. */
static void answers_without_a_port_tell_nothing(void **state)
{
	struct rpcs_call lookup = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0);
	struct rpcs_message reply = case_reply_port(&lookup, 635);

	(void)state;
	start();
	look_up(100005, 0);
	reply.stat = RPCS_ACCEPT_SYSTEM_ERR;
	take_reply(&lookup, &reply);
	reply.reply_stat = RPCS_REPLY_DENIED;
	reply.stat = 0;
	take_reply(&lookup, &reply);
	expect_call(service_call(100005, 635), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* A multi-homed server answers from another address than it was asked at. */
static void both_of_a_servers_addresses_count(void **state)
{
	struct rpcs_call lookup = case_mapping(RPCS_PORTMAP_GETPORT, 100005, 0), other;
	struct rpcs_message reply = case_reply_port(&lookup, 635);

	(void)state;
	start();
	reply.tuple.src = case_address("10.0.0.9");
	take_reply(&lookup, &reply);
	other = service_call(100005, 635);
	expect_call(other, RPCS_D__MAX);
	other.message.tuple.dst = case_address("10.0.0.9");
	expect_call(other, RPCS_D__MAX);
	case_end(&c);
}

static void lists_tell_all_their_ports(void **state)
{
	static const struct rpcs_mapping mappings[] = {
		{ .program = 100005, .version = 3, .protocol = 17, .port = 635 },
		{ .program = 100024, .version = 1, .protocol = 6, .port = 32770 },
	};
	struct rpcs_call dump = case_call(2, RPCS_PORTMAP_DUMP), other;
	struct rpcs_message reply = case_reply(&dump);

	(void)state;
	start();
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .has = 1,
					       .mappings = mappings,
					       .mappings_kept = 2,
					       .mappings_count = 2,
					       .mappings_complete = true };
	take_reply(&dump, &reply);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	expect_call(service_call(100024, 32770), RPCS_D_DIRECT_SENSITIVE); /* over TCP only */
	other = service_call(100024, 32770);
	other.message.tuple.protocol = RPCS_IP_TCP;
	expect_call(other, RPCS_D__MAX);
	/* The list is the server's, but only its client has it. */
	other.message.tuple.src = case_address("192.0.2.67");
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	/* Use renews it, as it does a lookup. */
	expect_call(later(service_call(100005, 635), 23 * HOUR), RPCS_D__MAX);
	expect_call(later(service_call(100005, 635), 46 * HOUR), RPCS_D__MAX);
	expect_call(later(service_call(100005, 635), 71 * HOUR), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* 192.0.2.66 gets a list of one port over UDP, whose bytes are `body`, so much later. */
static void list(const struct rpcs_mapping *mapping, const char *body, uint64_t after_ns)
{
	struct rpcs_call dump = later(case_call(2, RPCS_PORTMAP_DUMP), after_ns);
	struct rpcs_message reply = case_reply(&dump);

	reply.body = (const uint8_t *)body;
	reply.body_available = (uint32_t)strlen(body);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_MAPPINGS, .has = 1, .mappings = mapping, .mappings_kept = 1
	};
	take_reply(&dump, &reply);
}

/* The same list is walked once an hour, another one at once. */
static void a_list_that_changes_is_read_again(void **state)
{
	static const struct rpcs_mapping first = { .protocol = 17, .port = 635 };
	static const struct rpcs_mapping second = { .protocol = 17, .port = 636 };

	(void)state;
	start();
	list(&first, "one", 0);
	list(&second, "one", CASE_SEC);
	expect_call(service_call(100005, 636), RPCS_D_DIRECT_SENSITIVE);
	list(&second, "two", 2 * CASE_SEC);
	expect_call(service_call(100005, 636), RPCS_D__MAX);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	list(&second, "two", 23 * HOUR);
	list(&first, "two", 24 * HOUR);
	expect_call(later(service_call(100005, 635), 25 * HOUR), RPCS_D__MAX);
	expect_call(later(service_call(100005, 636), 25 * HOUR), RPCS_D__MAX);
	case_end(&c);
}

static void addresses_tell_ports(void **state)
{
	static const struct rpcs_mapping entries[] = {
		{ .netid = { (const uint8_t *)"udp", 3 },
		  .address = { (const uint8_t *)"10.0.0.2.2.125", 14 } }
	};
	struct rpcs_call lookup = case_rpcb(4, RPCS_PORTMAP_GETVERSADDR, 100005);
	struct rpcs_message reply = case_reply(&lookup);

	(void)state;
	start();
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_ADDRESS,
					       .has = 1,
					       .address = case_text("10.0.0.2.2.123") };
	take_reply(&lookup, &reply);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	lookup = case_callit(2, RPCS_PORTMAP_CALLIT);
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_CALLIT_PORT, .has = 2, .port = 636 };
	take_reply(&lookup, &reply);
	expect_call(service_call(100005, 636), RPCS_D__MAX);
	lookup = case_rpcb(4, RPCS_PORTMAP_GETADDRLIST, 100005);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_ENTRIES, .has = 1, .mappings = entries, .mappings_kept = 1
	};
	take_reply(&lookup, &reply);
	expect_call(service_call(100005, 637), RPCS_D__MAX);
	expect_call(service_call(100005, 638), RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* Many servers answer a broadcast; each tells of itself. */
static void broadcasts_are_answered_by_many(void **state)
{
	struct rpcs_call broadcast = case_callit(2, RPCS_PORTMAP_CALLIT), other;
	struct rpcs_message reply;

	(void)state;
	start();
	broadcast.message.tuple.dst = case_address("255.255.255.255");
	reply = case_reply(&broadcast);
	reply.tuple.src = case_address("10.0.0.2");
	reply.portmap =
		(struct rpcs_portmap){ .shape = RPCS_PORTMAP_CALLIT_PORT, .has = 2, .port = 635 };
	take_reply(&broadcast, &reply);
	reply.tuple.src = case_address("10.0.0.3");
	rpcs_detect_message(c.detect, &reply, &broadcast, RPCS_PLACE_REPLY_AGAIN, 99);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	other = service_call(100005, 635);
	other.message.tuple.dst = case_address("10.0.0.3");
	expect_call(other, RPCS_D__MAX);
	other.message.tuple.dst = case_address("10.0.0.4");
	expect_call(other, RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* One reply may not push out what others told. */
static void a_full_table_keeps_the_newest(void **state)
{
	static struct rpcs_mapping mappings[RPCS_MAPPINGS_MAX];
	struct rpcs_call dump = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&dump);
	uint32_t i;

	(void)state;
	case_start(&c, CASE_EACH "limits: {sources: 64}\n"
				 "detections:\n  lookup-then-call: {enabled: false}\n");
	for (i = 0; i < RPCS_MAPPINGS_MAX; i++)
		mappings[i] = (struct rpcs_mapping){ .protocol = 17, .port = 40000 + i };
	look_up(100005, 635);
	reply.portmap = (struct rpcs_portmap){ .shape = RPCS_PORTMAP_MAPPINGS,
					       .has = 1,
					       .mappings = mappings,
					       .mappings_kept = RPCS_MAPPINGS_MAX };
	take_reply(&dump, &reply);
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	expect_call(service_call(100005, 40000), RPCS_D__MAX);
	expect_call(service_call(100005, 40004), RPCS_D__MAX);
	/* A sixteenth of the table, and one: five. */
	expect_call(service_call(100005, 40005), RPCS_D_DIRECT_SENSITIVE);
	assert_int_equal(rpcs_detect_evictions(c.detect), 0);
	for (i = 0; i < 64; i++)
		look_up(100005, 50000 + i);
	assert_int_equal(rpcs_detect_evictions(c.detect), 1);
	expect_call(service_call(100005, 635), RPCS_D_DIRECT_SENSITIVE);
	expect_call(service_call(100005, 50000), RPCS_D__MAX);
	case_end(&c);
}

/* DUMPs with forged sources, as an amplifier is sent them. */
static void a_flood_of_lists_pushes_out_no_lookup(void **state)
{
	static const struct rpcs_mapping mapping = { .protocol = 17, .port = 700 };
	struct rpcs_call dump = case_call(2, RPCS_PORTMAP_DUMP);
	struct rpcs_message reply = case_reply(&dump);
	uint32_t i;

	(void)state;
	case_start(&c, CASE_HOME "limits: {sources: 64}\n"
				 "detections:\n  lookup-then-call: {enabled: false}\n");
	look_up(100005, 635);
	reply.portmap = (struct rpcs_portmap){
		.shape = RPCS_PORTMAP_MAPPINGS, .has = 1, .mappings = &mapping, .mappings_kept = 1
	};
	for (i = 0; i < 1000; i++) {
		dump.message.tuple.src.bytes[14] = (uint8_t)(i >> 8);
		dump.message.tuple.src.bytes[15] = (uint8_t)i;
		take_reply(&dump, &reply);
	}
	expect_call(service_call(100005, 635), RPCS_D__MAX);
	case_end(&c);
}

static void servers_may_call_back(void **state)
{
	static const uint32_t programs[] = { 100003, 100021, 100024 };
	struct rpcs_call back = service_call(100021, 4045);
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		start();
		exchange("10.0.0.2", "192.0.2.66", programs[i], 7);
		expect_call(later(back, HOUR), RPCS_D__MAX);
		expect_call(later(back, HOUR + CASE_SEC), RPCS_D_DIRECT_SENSITIVE);
		case_end(&c);
	}
	/* Other programs have no callbacks, others are called by whom they do not know. */
	start();
	exchange("10.0.0.2", "192.0.2.66", 100005, 7);
	exchange("10.0.0.3", "192.0.2.66", 100003, 7);
	exchange("10.0.0.2", "192.0.2.67", 100003, 7);
	expect_call(back, RPCS_D_DIRECT_SENSITIVE);
	/* The direction counts: a client of ours is not called back by itself. */
	exchange("192.0.2.66", "10.0.0.2", 100003, 7);
	expect_call(back, RPCS_D_DIRECT_SENSITIVE);
	case_end(&c);
}

/* NFSv4.1 calls back on the client's own connection, hours after the first calls were seen. */
static void a_connection_that_lasts_may_call_back(void **state)
{
	struct rpcs_call back = service_call(0x40000000, 760);

	(void)state;
	start();
	exchange("10.0.0.2", "192.0.2.66", 100003, 7);
	back.flow_id = 7;
	expect_call(later(back, 5 * HOUR), RPCS_D__MAX);
	back.flow_id = 8;
	expect_call(later(back, 5 * HOUR), RPCS_D_DIRECT);
	case_end(&c);
}

static void an_exchange_has_two_sides(void **state)
{
	struct rpcs_call call = service_call(100003, 2049), back = service_call(100021, 4045);

	(void)state;
	start();
	call.message.tuple.src = case_address("10.0.0.2");
	call.message.tuple.dst = case_address("192.0.2.66");
	take_call(&call);
	expect_call(back, RPCS_D_DIRECT_SENSITIVE);
	/* Where replies take another way, the call stands for both. */
	call.reply_unseen = true;
	take_call(&call);
	expect_call(back, RPCS_D__MAX);
	case_end(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_tell_their_client),
		cmocka_unit_test(lookups_are_forgotten_after_a_day),
		cmocka_unit_test(answers_without_a_port_tell_nothing),
		cmocka_unit_test(both_of_a_servers_addresses_count),
		cmocka_unit_test(lists_tell_all_their_ports),
		cmocka_unit_test(a_list_that_changes_is_read_again),
		cmocka_unit_test(addresses_tell_ports),
		cmocka_unit_test(broadcasts_are_answered_by_many),
		cmocka_unit_test(a_full_table_keeps_the_newest),
		cmocka_unit_test(a_flood_of_lists_pushes_out_no_lookup),
		cmocka_unit_test(servers_may_call_back),
		cmocka_unit_test(a_connection_that_lasts_may_call_back),
		cmocka_unit_test(an_exchange_has_two_sides),
	};

	return cmocka_run_group_tests_name("detect given", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `services` lines: every kind of change, with just the members that it has. */
#include "unit/output_fixture.h"
#include "unit/output_schema.h"

static json_t *service_line(const struct rpcs_service_change *change)
{
	struct rpcs_output_context context = { .transactions = true };
	struct rpcs_message message = call_of(RPCS_PORTMAP_GETPORT);
	struct rpcs_call call = transaction_of(&message, RPCS_STATUS_ANSWERED);
	struct rpcs_message reply = reply_to(&message);
	struct rpcs_lesson lesson = {
		.call = &call, .reply = &reply, .changes = change, .count = 1
	};
	struct fixture fixture = fixture_open(&context);

	assert_int_equal(fixture.sink->service(fixture.sink, &lesson, change), 0);
	return fixture_line(&fixture);
}

static struct rpcs_service_change change_of(enum rpcs_service_change_kind kind)
{
	return (struct rpcs_service_change){
		.kind = kind,
		.server = address_of("10.0.0.2"),
		.first_seen_ns = WHEN,
		.told = true,
		.program = 100005,
		.version = 3,
		.transport = RPCS_TRANSPORT_TCP6,
		.by = RPCS_LEARNED_SET,
		.port = 20048,
		.old_port = 635,
	};
}

static void check_text(const json_t *services, const char *key, const char *text)
{
	assert_string_equal(json_string_value(json_object_get(services, key)), text);
}

static void check_number(const json_t *services, const char *key, int number)
{
	assert_int_equal(json_integer_value(json_object_get(services, key)), number);
}

static void test_changed(void **state)
{
	struct rpcs_service_change change = change_of(RPCS_CHANGE_CHANGED);
	json_t *line = service_line(&change);
	const json_t *services = json_object_get(line, "services");

	(void)state;
	check_text(line, "event_type", "services");
	/* Client to server, at the reply that told it. */
	check_text(line, "src_ip", "10.0.0.1");
	check_text(line, "dest_ip", "10.0.0.2");
	check_number(line, "pcap_cnt", 5);
	check_number(line, "flow_id", 77);
	check_text(services, "change", "changed");
	check_text(services, "server", "10.0.0.2");
	check_number(services, "program", 100005);
	check_text(services, "program_name", "mountd");
	check_number(services, "version", 3);
	check_text(services, "netid", "tcp6");
	check_number(services, "protocol", 6);
	check_number(services, "port", 20048);
	check_number(services, "old_port", 635);
	check_text(services, "learned_from", "set");
	assert_memory_equal(json_string_value(json_object_get(services, "first_seen")), "2026-11-2",
			    9);
	json_decref(line);
}

static void test_others(void **state)
{
	static const struct {
		enum rpcs_service_change_kind kind;
		const char *name, *from;
		size_t members;
	} cases[] = {
		{ RPCS_CHANGE_NEW_SERVER, "new_server", NULL, 3 },
		{ RPCS_CHANGE_NEW_MAPPING, "new_mapping", "set", 10 },
		{ RPCS_CHANGE_REMOVED, "removed", "unset", 10 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rpcs_service_change change = change_of(cases[i].kind);
		json_t *line = service_line(&change);
		const json_t *services = json_object_get(line, "services");

		check_text(services, "change", cases[i].name);
		assert_int_equal(json_object_size(services), cases[i].members);
		if (cases[i].from)
			check_text(services, "learned_from", cases[i].from);
		json_decref(line);
	}
}

/* A program in no registry has no name. */
static void test_nameless(void **state)
{
	struct rpcs_service_change change = change_of(RPCS_CHANGE_NEW_MAPPING);
	json_t *line;

	(void)state;
	change.program = 0x20000001;
	change.by = RPCS_LEARNED_CALLIT;
	line = service_line(&change);
	assert_null(json_object_get(json_object_get(line, "services"), "program_name"));
	check_text(json_object_get(line, "services"), "learned_from", "callit");
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests_name("eve_services", tests, schema_begin, NULL);
}
